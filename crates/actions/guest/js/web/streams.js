// ReadableStream with its default reader and controller: what bodies need, and scripts that read them
// piece by piece. Byte streams, writable and transforming streams are not here.

import { PromiseNow, apply, then } from '../core.js';
import { coded, defineInspect, dictionary, illegalConstructor, interfaceClass } from './shape.js';

const KEY = Symbol('key');
const resolved = () => PromiseNow.resolve();
const rejected = (reason) => PromiseNow.reject(reason);
const when = (promise, done, failed) => apply(then, PromiseNow.resolve(promise), [done, failed]);
const quiet = (promise) => {
  apply(then, promise, [undefined, () => {}]);
  return promise;
};
function deferred() {
  const out = {};
  out.promise = new PromiseNow((resolve, reject) => {
    out.resolve = resolve;
    out.reject = reject;
  });
  return out;
}
let inner;

class ReadableStreamDefaultController {
  #own;
  constructor(key, own) {
    if (key !== KEY) throw illegalConstructor();
    this.#own = own;
  }
  get desiredSize() {
    return this.#own.desiredSize();
  }
  close() {
    const own = this.#own;
    if (own.closing || own.state !== 'readable') throw coded(TypeError, 'ERR_INVALID_STATE', 'Invalid state: Controller is already closed');
    own.closing = true;
    if (own.queue.length === 0) own.finish();
  }
  enqueue(chunk = undefined) {
    const own = this.#own;
    if (own.closing || own.state !== 'readable') throw coded(TypeError, 'ERR_INVALID_STATE', 'Invalid state: Controller is already closed');
    own.enqueue(chunk);
  }
  error(error = undefined) {
    this.#own.fail(error);
  }
}
interfaceClass(ReadableStreamDefaultController, 'ReadableStreamDefaultController', { length: 0 });

// The state of a stream and the algorithms of its controller.
class Inner {
  state = 'readable';
  failure = undefined;
  queue = [];
  queued = 0;
  waiting = [];
  reader = null;
  disturbed = false;
  closing = false;
  started = false;
  pulling = false;
  again = false;
  constructor(source, mark, size) {
    this.source = source;
    this.mark = mark;
    this.size = size;
    this.pull = source.pull;
    this.cancelSource = source.cancel;
    this.controller = new ReadableStreamDefaultController(KEY, this);
  }
  start() {
    const { start } = this.source;
    const result = start === undefined ? undefined : apply(start, this.source, [this.controller]);
    when(result, () => {
      this.started = true;
      this.pullIfNeeded();
    }, (error) => this.fail(error));
  }
  desiredSize() {
    if (this.state === 'errored') return null;
    return this.state === 'closed' ? 0 : this.mark - this.queued;
  }
  enqueue(chunk) {
    if (this.waiting.length > 0) {
      this.waiting.shift().resolve({ value: chunk, done: false });
    } else {
      let size;
      try {
        size = +this.size(chunk);
        if (!(size >= 0 && size < Infinity)) throw coded(RangeError, 'ERR_INVALID_ARG_VALUE', 'The size of a chunk must be a finite number from 0');
      } catch (error) {
        this.fail(error);
        throw error;
      }
      this.queue.push([chunk, size]);
      this.queued += size;
    }
    this.pullIfNeeded();
  }
  pullIfNeeded() {
    if (this.state !== 'readable' || this.closing || !this.started) return;
    if (this.waiting.length === 0 && this.desiredSize() <= 0) return;
    if (this.pulling) {
      this.again = true;
      return;
    }
    if (this.pull === undefined) return;
    this.pulling = true;
    let result;
    try {
      result = apply(this.pull, this.source, [this.controller]);
    } catch (error) {
      result = rejected(error);
    }
    when(result, () => {
      this.pulling = false;
      if (this.again) {
        this.again = false;
        this.pullIfNeeded();
      }
    }, (error) => this.fail(error));
  }
  finish() {
    this.state = 'closed';
    for (const read of this.waiting.splice(0)) read.resolve({ value: undefined, done: true });
    this.reader?.settled.resolve(undefined);
  }
  fail(error) {
    if (this.state !== 'readable') return;
    this.state = 'errored';
    this.failure = error;
    this.queue = [];
    for (const read of this.waiting.splice(0)) read.reject(error);
    this.reader?.settled.reject(error);
  }
  read() {
    this.disturbed = true;
    if (this.state === 'errored') return rejected(this.failure);
    if (this.queue.length > 0) {
      const [value, size] = this.queue.shift();
      this.queued -= size;
      if (this.closing && this.queue.length === 0) this.finish();
      else this.pullIfNeeded();
      return PromiseNow.resolve({ value, done: false });
    }
    if (this.state === 'closed') return PromiseNow.resolve({ value: undefined, done: true });
    const read = deferred();
    this.waiting.push(read);
    this.pullIfNeeded();
    return read.promise;
  }
  cancel(reason) {
    this.disturbed = true;
    if (this.state === 'closed') return resolved();
    if (this.state === 'errored') return rejected(this.failure);
    this.queue = [];
    this.finish();
    try {
      return when(this.cancelSource === undefined ? undefined : apply(this.cancelSource, this.source, [reason]), () => undefined);
    } catch (error) {
      return rejected(error);
    }
  }
}

class ReadableStream {
  #inner;
  static {
    inner = (stream) => stream.#inner;
  }
  constructor(source = {}, strategy = {}) {
    if (source === null || typeof source !== 'object') throw coded(TypeError, 'ERR_INVALID_ARG_TYPE', 'The "source" argument must be of type object.');
    if (source.type !== undefined) throw coded(RangeError, 'ERR_INVALID_ARG_VALUE', 'Byte streams are not supported: leave "type" out');
    const { highWaterMark = 1, size = () => 1 } = dictionary(strategy, 'The "strategy" argument');
    const mark = +highWaterMark;
    if (!(mark >= 0)) throw coded(RangeError, 'ERR_INVALID_ARG_VALUE', `The property 'strategy.highWaterMark' is invalid. Received ${mark}`);
    this.#inner = new Inner(source, mark, size);
    this.#inner.start();
  }
  static from(iterable) {
    const method = iterable[Symbol.asyncIterator] ?? iterable[Symbol.iterator];
    if (typeof method !== 'function') throw coded(TypeError, 'ERR_ARG_NOT_ITERABLE', 'The argument must be iterable');
    const iterator = apply(method, iterable, []);
    return new ReadableStream({
      async pull(controller) {
        const { value, done } = await iterator.next();
        if (done) controller.close();
        else controller.enqueue(await value);
      },
      async cancel(reason) {
        await iterator.return?.(reason);
      },
    }, { highWaterMark: 0 });
  }
  get locked() {
    return this.#inner.reader !== null;
  }
  cancel(reason = undefined) {
    try {
      if (this.locked) throw coded(TypeError, 'ERR_INVALID_STATE', 'Invalid state: ReadableStream is locked');
      return this.#inner.cancel(reason);
    } catch (error) {
      return rejected(error);
    }
  }
  getReader(options = undefined) {
    const { mode } = dictionary(options, 'The "options" argument');
    if (mode !== undefined) throw coded(TypeError, 'ERR_INVALID_ARG_VALUE', 'Byte streams are not supported: leave "mode" out');
    return new ReadableStreamDefaultReader(this);
  }
  tee() {
    const reader = this.getReader();
    const branches = [];
    const cancelled = [];
    const all = deferred();
    const pull = async () => {
      try {
        const { value, done } = await reader.read();
        for (const branch of branches) {
          if (branch.gone) continue;
          if (done) branch.controller.close();
          else branch.controller.enqueue(value);
        }
        if (done) all.resolve(undefined);
      } catch (error) {
        for (const branch of branches) branch.controller.error(error);
        all.resolve(undefined);
      }
    };
    const streams = [0, 1].map((at) => new ReadableStream({
      start(controller) {
        branches[at] = { controller, gone: false };
      },
      pull,
      cancel(reason) {
        branches[at].gone = true;
        cancelled[at] = reason;
        if (branches.every((branch) => branch.gone)) all.resolve(reader.cancel(cancelled));
        return all.promise;
      },
    }, { highWaterMark: 0 }));
    return streams;
  }
  values(options = undefined) {
    const keep = !!dictionary(options, 'The "options" argument').preventCancel;
    const reader = this.getReader();
    let over = false;
    const iterator = {
      async next() {
        if (over) return { value: undefined, done: true };
        try {
          const { value, done } = await reader.read();
          if (!done) return { value, done };
        } catch (error) {
          over = true;
          reader.releaseLock();
          throw error;
        }
        over = true;
        reader.releaseLock();
        return { value: undefined, done: true };
      },
      async return(value) {
        if (!over) {
          over = true;
          const cancelling = keep ? undefined : reader.cancel(value);
          reader.releaseLock();
          await cancelling;
        }
        return { value, done: true };
      },
    };
    return Object.setPrototypeOf(iterator, asyncIteratorPrototype);
  }
}
const asyncIteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}.prototype));
interfaceClass(ReadableStream, 'ReadableStream', { length: 0 });
Object.defineProperty(ReadableStream.prototype, Symbol.asyncIterator, {
  value: ReadableStream.prototype.values, writable: true, enumerable: false, configurable: true,
});

defineInspect(ReadableStream, (stream, depth, options, inspect) =>
  `ReadableStream ${inspect({ locked: stream.locked, state: inner(stream).state, supportsBYOB: false }, options)}`);

class ReadableStreamDefaultReader {
  #inner;
  #settled = deferred();
  constructor(stream) {
    const own = inner(stream);
    if (own.reader !== null) throw coded(TypeError, 'ERR_INVALID_STATE', 'Invalid state: ReadableStream is locked');
    this.#inner = own;
    quiet(this.#settled.promise);
    own.reader = { settled: this.#settled };
    if (own.state === 'closed') this.#settled.resolve(undefined);
    if (own.state === 'errored') this.#settled.reject(own.failure);
  }
  get closed() {
    return this.#settled.promise;
  }
  read() {
    const own = this.#inner;
    return own === null ? rejected(released()) : own.read();
  }
  releaseLock() {
    const own = this.#inner;
    if (own === null) return;
    own.reader = null;
    this.#inner = null;
    const error = released();
    for (const read of own.waiting.splice(0)) read.reject(error);
    if (own.state !== 'readable') this.#settled = deferred();
    this.#settled.reject(error);
    quiet(this.#settled.promise);
  }
  cancel(reason = undefined) {
    return this.#inner === null ? rejected(released()) : this.#inner.cancel(reason);
  }
}
interfaceClass(ReadableStreamDefaultReader, 'ReadableStreamDefaultReader');

function released() {
  return coded(TypeError, 'ERR_INVALID_STATE', 'Invalid state: The reader is not attached to a stream');
}

export function isStream(value) {
  try {
    return inner(value) !== undefined;
  } catch {
    return false;
  }
}
export const isDisturbed = (stream) => inner(stream).disturbed;
export { ReadableStream, ReadableStreamDefaultController, ReadableStreamDefaultReader };
