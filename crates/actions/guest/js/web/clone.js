// `structuredClone`.

import { apply, keys, native } from '../core.js';
import { copied, dictionary, getOwnPropertyDescriptor, needs, typedArrayName } from './shape.js';

const { defineProperty } = Object;
const { isView } = ArrayBuffer;
const transferBuffer = ArrayBuffer.prototype.transfer;
const detached = getOwnPropertyDescriptor(ArrayBuffer.prototype, 'detached').get;
const resizable = getOwnPropertyDescriptor(ArrayBuffer.prototype, 'resizable').get;
const mapForEach = Map.prototype.forEach, setForEach = Set.prototype.forEach;
const getTime = Date.prototype.getTime;
const regExpSource = getOwnPropertyDescriptor(RegExp.prototype, 'source').get;
const regExpFlags = getOwnPropertyDescriptor(RegExp.prototype, 'flags').get;
const unbox = {
  Number: Number.prototype.valueOf, String: String.prototype.valueOf, Boolean: Boolean.prototype.valueOf,
  BigInt: BigInt.prototype.valueOf,
};
const ERRORS = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };
const TYPED = {};
for (const Kind of [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, BigInt64Array,
  BigUint64Array, Float16Array, Float32Array, Float64Array]) TYPED[Kind.name] = Kind;
const View = DataView, Buffer = ArrayBuffer, List = Array, MapNow = Map, SetNow = Set, DateNow = Date, RegExpNow = RegExp;
const Failure = DOMException;

function refuse(what) {
  return new Failure(`${what} could not be cloned.`, 'DataCloneError');
}

export function structuredClone(value, options = undefined) {
  needs(arguments, 1, 'structuredClone');
  const { transfer } = dictionary(options, 'The "options" argument');
  const memory = new MapNow();
  const moved = new SetNow();
  for (const item of transfer === undefined ? [] : transfer) {
    if (native.kind(item) !== 'ArrayBuffer') throw new Failure('Value not transferable', 'DataCloneError');
    if (apply(detached, item, [])) throw new Failure('An ArrayBuffer is detached and could not be cloned.', 'DataCloneError');
    if (moved.has(item)) throw new Failure('ArrayBuffer occurs in the transfer list more than once', 'DataCloneError');
    moved.add(item);
  }
  const out = clone(value, memory);
  // A transferred buffer was copied like the others; it loses its bytes now that nothing can fail.
  for (const item of moved) apply(transferBuffer, item, [0]);
  return out;
}

function define(target, key, value) {
  defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
}

function clone(value, memory) {
  switch (typeof value) {
    case 'symbol':
      throw refuse(String(value));
    case 'function':
      throw refuse(Function.prototype.toString.call(value));
    case 'object':
      break;
    default:
      return value;
  }
  if (value === null) return null;
  const known = memory.get(value);
  if (known !== undefined) return known;
  const kind = native.kind(value);
  const out = shell(value, kind, memory);
  memory.set(value, out);
  fill(value, kind, out, memory);
  return out;
}

// The new object without what it holds.
function shell(value, kind, memory) {
  if (isView(value)) return viewOf(value, memory);
  switch (kind) {
    case 'Object':
    case 'Arguments':
      return {};
    case 'Array':
      return new List(value.length);
    case 'Map':
      return new MapNow();
    case 'Set':
      return new SetNow();
    case 'Date':
      return new DateNow(apply(getTime, value, []));
    case 'RegExp':
      return new RegExpNow(apply(regExpSource, value, []), apply(regExpFlags, value, []));
    case 'Number':
    case 'String':
    case 'Boolean':
    case 'BigInt':
      return Object(apply(unbox[kind], value, []));
    case 'ArrayBuffer': {
      if (apply(detached, value, [])) throw new Failure('An ArrayBuffer is detached and could not be cloned.', 'DataCloneError');
      const bytes = new Uint8Array(value);
      if (!apply(resizable, value, [])) return copied(bytes).buffer;
      const grown = new Buffer(bytes.length, { maxByteLength: value.maxByteLength });
      new Uint8Array(grown).set(bytes);
      return grown;
    }
    case 'Error':
      return errorOf(value);
    default:
      throw refuse(`#<${kind === 'Proxy' ? 'Object' : kind}>`);
  }
}

function viewOf(value, memory) {
  const name = typedArrayName(value);
  const Kind = name === undefined ? View : TYPED[name];
  const { buffer, byteOffset } = value;
  const length = name === undefined ? value.byteLength : value.length;
  return new Kind(clone(buffer, memory), byteOffset, length);
}

function errorOf(value) {
  const name = value.name === undefined ? 'Error' : String(value.name);
  const Kind = ERRORS[name] ?? Error;
  const own = getOwnPropertyDescriptor(value, 'message');
  const error = new Kind();
  for (const [key, item] of [['stack', value.stack], ['message', own === undefined || !('value' in own) ? undefined : String(own.value)]]) {
    if (item !== undefined) defineProperty(error, key, { value: item, writable: true, enumerable: false, configurable: true });
  }
  return error;
}

function fill(value, kind, out, memory) {
  switch (kind) {
    case 'Map': {
      const pairs = [];
      apply(mapForEach, value, [(item, key) => pairs.push([key, item])]);
      for (const [key, item] of pairs) out.set(clone(key, memory), clone(item, memory));
      return;
    }
    case 'Set': {
      const items = [];
      apply(setForEach, value, [(item) => items.push(item)]);
      for (const item of items) out.add(clone(item, memory));
      return;
    }
    case 'Error': {
      const cause = getOwnPropertyDescriptor(value, 'cause');
      if (cause !== undefined && 'value' in cause) {
        defineProperty(out, 'cause', { value: clone(cause.value, memory), writable: true, enumerable: false, configurable: true });
      }
      return;
    }
    case 'Object':
    case 'Arguments':
    case 'Array':
      for (const key of keys(value)) {
        if (Object.hasOwn(value, key)) define(out, key, clone(value[key], memory));
      }
      return;
    default:
  }
}
