// AbortController and AbortSignal.

import { EventTarget, eventHandler, trusted } from './event.js';
import { coded, defineInspect, illegalConstructor, interfaceClass, needs } from './shape.js';
import { setQuietTimeout } from './timers.js';

const KEY = Symbol('key');
let abortSignal;
// Runs `step` when the signal aborts, before any listener of the script.
let onAbort;

class AbortSignal extends EventTarget {
  #reason;
  #aborted = false;
  #steps = [];
  #sources = [];
  #dependents = [];
  #composed = false;
  constructor(key) {
    if (key !== KEY) throw illegalConstructor();
    super();
  }
  static {
    abortSignal = (signal, reason) => {
      if (signal.#aborted) return;
      signal.#set(reason);
      const reached = [signal];
      for (const dependent of signal.#dependents) {
        if (dependent.#aborted) continue;
        dependent.#set(signal.#reason);
        reached.push(dependent);
      }
      for (const each of reached) {
        const steps = each.#steps;
        each.#steps = [];
        for (const step of steps) step(each.#reason);
        each.dispatchEvent(trusted('abort'));
      }
    };
    onAbort = (signal, step) => {
      if (signal.#aborted) step(signal.#reason);
      else signal.#steps.push(step);
    };
  }
  #set(reason) {
    this.#aborted = true;
    this.#reason = reason === undefined ? new DOMException('This operation was aborted', 'AbortError') : reason;
  }
  static abort(reason = undefined) {
    const signal = new AbortSignal(KEY);
    signal.#set(reason);
    return signal;
  }
  static timeout(delay) {
    needs(arguments, 1, 'AbortSignal.timeout');
    if (typeof delay !== 'number') throw coded(TypeError, 'ERR_INVALID_ARG_TYPE', 'The "delay" argument must be of type number.');
    const wait = delay;
    if (!(wait >= 0 && wait <= 0xffffffff)) {
      throw coded(RangeError, 'ERR_OUT_OF_RANGE', `The value of "delay" is out of range. It must be >= 0 && <= 4294967295. Received ${wait}`);
    }
    const signal = new AbortSignal(KEY);
    const fire = () => abortSignal(signal, new DOMException('The operation was aborted due to timeout', 'TimeoutError'));
    setQuietTimeout(fire, wait);
    return signal;
  }
  static any(signals) {
    needs(arguments, 1, 'AbortSignal.any');
    const result = new AbortSignal(KEY);
    const given = [...signals];
    for (const signal of given) {
      if (!isSignal(signal)) throw new TypeError('The "signals" argument must hold instances of AbortSignal');
    }
    for (const signal of given) {
      if (!signal.#aborted) continue;
      result.#set(signal.#reason);
      return result;
    }
    result.#composed = true;
    for (const signal of given) {
      for (const source of signal.#composed ? signal.#sources : [signal]) {
        if (result.#sources.includes(source)) continue;
        result.#sources.push(source);
        source.#dependents.push(result);
      }
    }
    return result;
  }
  get aborted() {
    return this.#aborted;
  }
  get reason() {
    return this.#reason;
  }
  throwIfAborted() {
    if (this.#aborted) throw this.#reason;
  }
  static isSignal(value) {
    return value !== null && typeof value === 'object' && #steps in value;
  }
}
const isSignal = AbortSignal.isSignal;
delete AbortSignal.isSignal;
interfaceClass(AbortSignal, 'AbortSignal', { length: 0 });
eventHandler(AbortSignal, 'abort');

defineInspect(AbortSignal, (signal, depth, options, inspect) => `AbortSignal ${inspect({ aborted: signal.aborted }, options)}`);

class AbortController {
  #signal = new AbortSignal(KEY);
  get signal() {
    return this.#signal;
  }
  abort(reason = undefined) {
    abortSignal(this.#signal, reason);
  }
}
interfaceClass(AbortController, 'AbortController');

defineInspect(AbortController, (own, depth, options, inspect) => `AbortController ${inspect({ signal: own.signal }, options)}`);

// A signal that follows another one, or never aborts.
function following(signal) {
  return signal === null ? new AbortSignal(KEY) : AbortSignal.any([signal]);
}

export { AbortController, AbortSignal, following, isSignal, onAbort };
