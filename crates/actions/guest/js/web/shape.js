// What the web's interface language asks of every class and argument, in one place.

import { apply, defineProperty, getOwnPropertyNames, getPrototypeOf, wellFormed } from '../core.js';

const { getOwnPropertyDescriptor, setPrototypeOf, create } = Object;
const { isView } = ArrayBuffer;
const getter = (prototype, name) => getOwnPropertyDescriptor(prototype, name).get;
const typedArrayPrototype = getPrototypeOf(Uint8Array.prototype);
const bufferLength = getter(ArrayBuffer.prototype, 'byteLength');
const typedBuffer = getter(typedArrayPrototype, 'buffer');
const typedOffset = getter(typedArrayPrototype, 'byteOffset');
const typedLength = getter(typedArrayPrototype, 'byteLength');
const typedTag = getter(typedArrayPrototype, Symbol.toStringTag);
const viewBuffer = getter(DataView.prototype, 'buffer');
const viewOffset = getter(DataView.prototype, 'byteOffset');
const viewLength = getter(DataView.prototype, 'byteLength');
const Bytes = Uint8Array;
const iteratorPrototype = getPrototypeOf(getPrototypeOf([][Symbol.iterator]()));

// Gives a class the surface that the standard asks for: its name whatever the bundler called it, members
// that can be enumerated, and its tag.
export function interfaceClass(Class, name, { tag = name, length } = {}) {
  const named = (target, key, value) => defineProperty(target, key, { value, writable: false, enumerable: false, configurable: true });
  named(Class, 'name', name);
  if (length !== undefined) named(Class, 'length', length);
  for (const key of getOwnPropertyNames(Class.prototype)) {
    if (key !== 'constructor') defineProperty(Class.prototype, key, { enumerable: true });
  }
  for (const key of getOwnPropertyNames(Class)) {
    if (key !== 'name' && key !== 'length' && key !== 'prototype') defineProperty(Class, key, { enumerable: true });
  }
  if (tag !== null) named(Class.prototype, Symbol.toStringTag, tag);
  return Class;
}

// The prototype of the iterators of a class; `next(state)` gives the next result's value, or `DONE`.
export const DONE = Symbol('done');
export function iteratorKind(tag, step) {
  const states = new WeakMap();
  const { get, set } = WeakMap.prototype;
  const prototype = create(iteratorPrototype, {
    [Symbol.toStringTag]: { value: tag, configurable: true },
  });
  const methods = {
    next() {
      const state = apply(get, states, [this]);
      if (state === undefined) throw new TypeError(`next was called on something that is not a ${tag}`);
      const value = step(state);
      return value === DONE ? { value: undefined, done: true } : { value, done: false };
    },
  };
  defineProperty(prototype, 'next', { value: methods.next, writable: true, enumerable: true, configurable: true });
  return (state) => {
    const iterator = create(prototype);
    apply(set, states, [iterator, state]);
    return iterator;
  };
}

// An error with a code of the kind that Node.js gives its own.
export function coded(Kind, code, message) {
  const error = new Kind(message);
  defineProperty(error, 'code', { value: code, writable: true, enumerable: true, configurable: true });
  return error;
}

export function illegalConstructor() {
  return coded(TypeError, 'ERR_ILLEGAL_CONSTRUCTOR', 'Illegal constructor');
}

// Arguments.
export function needs(args, count, name) {
  if (args.length >= count) return;
  throw coded(TypeError, 'ERR_MISSING_ARGS', `${name}: ${count} argument${count === 1 ? '' : 's'} required, but only ${args.length} present`);
}
// Conversions that say what could not be converted.
export function asText(value, name) {
  if (typeof value === 'symbol') throw new TypeError(`${name} must be a string, not a symbol`);
  return `${value}`;
}
export function asNumber(value, name) {
  if (typeof value === 'symbol' || typeof value === 'bigint') throw new TypeError(`${name} must be a number, not a ${typeof value}`);
  return +value;
}
export function asList(value, name) {
  if (value === null || typeof value !== 'object' || typeof value[Symbol.iterator] !== 'function') {
    throw coded(TypeError, 'ERR_INVALID_ARG_TYPE', `${name} must be an array, or something else that gives its items one after another`);
  }
  return [...value];
}
export function usv(value, name = 'the argument') {
  return wellFormed(asText(value, name));
}
export function dictionary(value, name) {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' && typeof value !== 'function') {
    throw coded(TypeError, 'ERR_INVALID_ARG_TYPE', `${name} must be an object`);
  }
  return value;
}

// The bytes behind an ArrayBuffer or a view of one, not copied; undefined if it is neither. It reads
// internal slots only, so an object cannot lie about itself.
export function viewed(value) {
  if (value === null || typeof value !== 'object') return undefined;
  if (isView(value)) {
    return apply(typedTag, value, []) === undefined
      ? new Bytes(apply(viewBuffer, value, []), apply(viewOffset, value, []), apply(viewLength, value, []))
      : new Bytes(apply(typedBuffer, value, []), apply(typedOffset, value, []), apply(typedLength, value, []));
  }
  return isArrayBuffer(value) ? new Bytes(value) : undefined;
}
export function isArrayBuffer(value) {
  try {
    apply(bufferLength, value, []);
    return true;
  } catch {
    return false;
  }
}
export function typedArrayName(value) {
  return isView(value) ? apply(typedTag, value, []) : undefined;
}
export function bufferSource(value, name) {
  const found = viewed(value);
  if (found === undefined) {
    throw coded(TypeError, 'ERR_INVALID_ARG_TYPE', `${name} must be an instance of ArrayBuffer, Buffer, TypedArray, or DataView`);
  }
  return found;
}
export function copied(array) {
  return new Bytes(array);
}
export function concatenated(parts) {
  let length = 0;
  for (let i = 0; i < parts.length; i++) length += parts[i].length;
  const out = new Bytes(length);
  let at = 0;
  for (let i = 0; i < parts.length; i++) {
    out.set(parts[i], at);
    at += parts[i].length;
  }
  return out;
}
export { getOwnPropertyDescriptor, setPrototypeOf, create };

// How `console` shows the objects of a class, under the same symbol as in Node.js.
export const INSPECT = Symbol.for('nodejs.util.inspect.custom');
export function defineInspect(Class, show) {
  defineProperty(Class.prototype, INSPECT, {
    value: { inspect(depth, options, inspect) {
      return show(this, depth, options, inspect);
    } }.inspect,
    writable: true,
    enumerable: false,
    configurable: true,
  });
}
