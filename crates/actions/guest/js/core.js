// What every other module stands on: the C shim's primitives, the built-ins kept from before any action
// runs, errors with codes, and calls to the host.
//
// The bundle is the body of a function whose parameter `quorateNative` is the shim's object, so the
// primitives never become reachable from an action. An action that replaces built-ins changes its own
// view only: what matters is taken from here.

export const native = quorateNative;

export const { parse, stringify } = JSON;
export const {
  defineProperty, freeze, keys, entries, getOwnPropertyNames, getPrototypeOf, prototype: objectPrototype,
} = Object;
export const { apply } = Reflect;
export const PromiseNow = Promise;
export const then = Promise.prototype.then;
export const hasOwn = objectPrototype.hasOwnProperty;
export const text = String;

// Kinds of host call are numbers, those of `execution/host/codec.rs`.
export const KIND_FETCH = 2;

const toWellFormed = String.prototype.toWellFormed;
// A string without lone surrogates, which is what UTF-8 and the host can carry.
export function wellFormed(value) {
  return apply(toWellFormed, value, []);
}

// Errors that come from the host carry a code. The map, not the property, is what the runtime reads,
// so that an action cannot pass its own error off as one of ours.
const hostCodes = new WeakMap();
const codeOf = WeakMap.prototype.get, setCode = WeakMap.prototype.set;
export function hostError(code, message, Kind = Error) {
  const error = new Kind(message);
  defineProperty(error, 'code', { value: code, enumerable: true, configurable: true, writable: true });
  apply(setCode, hostCodes, [error, code]);
  return error;
}
// The code of an error that `hostError` made, otherwise undefined.
export function cause(thrown) {
  return thrown !== null && typeof thrown === 'object' ? apply(codeOf, hostCodes, [thrown]) : undefined;
}
// Host calls: one number each, one promise each, answered in the order in which they were made.
// `convert(meta, body, call)` makes the promise's value of the answer; null stands for undefined. `once` is the runOnce whose
// value the call gives to all nodes.
const pending = new Map();
const pendingGet = Map.prototype.get, pendingSet = Map.prototype.set, pendingDelete = Map.prototype.delete;
const pendingEach = Map.prototype.forEach;
// Whether every open call holds for this test of it, its number and its kind.
export function everyOpen(test) {
  let every = true;
  apply(pendingEach, pending, [(waiting, call) => {
    if (every && !test(waiting, call)) every = false;
  }]);
  return every;
}
export function hostCall(kind, meta, body, convert, once) {
  return new PromiseNow((resolve, reject) => {
    const call = native.call(kind, stringify(meta), body);
    apply(pendingSet, pending, [call, { resolve, reject, convert, kind, meta, once, context: native.context() }]);
  });
}
// The answer to a host call. Getters of the script that settling it sets off belong to who made the call.
export function deliver(call, metaJson, body) {
  const waiting = apply(pendingGet, pending, [call]);
  apply(pendingDelete, pending, [call]);
  const meta = parse(metaJson);
  if (waiting.context === 0) settle(waiting, meta, body, call);
  else native.within(waiting.context, settle, [waiting, meta, body, call]);
}
function settle(waiting, meta, body, call) {
  if (apply(hasOwn, meta, ['error'])) {
    waiting.reject(hostError(meta.error.code, meta.error.message));
    return;
  }
  waiting.resolve(waiting.convert === null ? undefined : waiting.convert(meta, body, call));
}

// Arguments.
export function options(value, name, takes = 'one object') {
  if (value === null || typeof value !== 'object') throw new TypeError(`${name} takes ${takes}`);
  return value;
}
// A flag that is not there is false.
export function flagMember(object, member, name) {
  const value = object[member];
  if (value !== undefined && value !== null && typeof value !== 'boolean') throw new TypeError(`${name}: ${member} must be true or false`);
  return value === true;
}
export function stringMember(object, member, name) {
  const value = object[member];
  if (typeof value !== 'string') throw new TypeError(`${name}: ${member} must be a string`);
  return value;
}
// The text of a value in JSON; what cannot be written as such is the caller's.
export function jsonOf(value, what) {
  try {
    return stringify(value);
  } catch (error) {
    throw new TypeError(`${what} cannot be written as JSON`, { cause: error });
  }
}
const DIGITS = '0123456789abcdef';
export function toHex(array) {
  let out = '';
  for (let i = 0; i < array.length; i++) out += DIGITS[array[i] >> 4] + DIGITS[array[i] & 15];
  return out;
}

export function freezeDeep(value) {
  if (value === null || typeof value !== 'object') return value;
  for (const key of keys(value)) freezeDeep(value[key]);
  return freeze(value);
}

// A global of the action's world; one that it can not set, it can not delete, either.
export function define(name, value, writable) {
  defineProperty(globalThis, name, { value, writable, enumerable: false, configurable: writable });
}

// Names that a parameter must not take although nothing answers to them yet, and our own, which are set
// only when an execution begins. What is global at the end of the build is added to it.
export const reserved = new Set(['Lit', 'LitActions', 'LitAuth', 'LitHeaders', 'jsParams', 'ethers', 'jwt', 'Buffer',
  'URL', 'URLSearchParams', 'Request', 'AbortController', 'AbortSignal', 'Blob', 'structuredClone', 'process',
  'require', 'module', 'exports', 'window', 'self', 'Deno', 'WebAssembly', 'SharedArrayBuffer', 'Atomics',
  'FinalizationRegistry', 'XMLHttpRequest', 'Intl', 'performance', 'arguments', 'this', 'null', 'true', 'false']);
