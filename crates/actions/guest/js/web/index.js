// The web platform as an action sees it.

import { defineProperty } from '../core.js';
import { AbortController, AbortSignal } from './abort.js';
import { atob, btoa } from './base64.js';
import { Blob, File, FormData } from './blob.js';
import { Buffer } from './buffer.js';
import { structuredClone } from './clone.js';
import { console } from './console.js';
import { Crypto, CryptoKey, SubtleCrypto, crypto } from './crypto.js';
import { TextDecoder, TextEncoder } from './encoding.js';
import { CustomEvent, Event, EventTarget, startClock } from './event.js';
import { fetch } from './fetch.js';
import { Headers } from './headers.js';
import { Performance, PerformanceEntry, performance } from './performance.js';
import { process } from './process.js';
import { Request } from './request.js';
import { Response } from './response.js';
import { ReadableStream, ReadableStreamDefaultController, ReadableStreamDefaultReader } from './streams.js';
import { clearImmediate, clearInterval, clearTimeout, microtask, setImmediate, setInterval, setTimeout, tick, tickAlone } from './timers.js';
import { URL, URLSearchParams } from './url.js';

export { startClock, tick, tickAlone };

// The number of parameters that these declare in Node.js.
const LENGTHS = [[setTimeout, 5], [setInterval, 5], [setImmediate, 4], [structuredClone, 0]];

export function install() {
  for (const [fn, value] of LENGTHS) defineProperty(fn, 'length', { value, configurable: true });
  // Functions and the objects that are not classes can be enumerated, as in Node.js.
  globals(true, {
    global: globalThis, clearImmediate, setImmediate, clearInterval, clearTimeout, setInterval, setTimeout, queueMicrotask: microtask,
    structuredClone, atob, btoa, performance, fetch, crypto,
  });
  globals(false, {
    AbortController, AbortSignal, Blob, Buffer, Crypto, CryptoKey, CustomEvent, DOMException, Event, EventTarget, File, FormData, Headers, Performance,
    PerformanceEntry, ReadableStream, ReadableStreamDefaultController, ReadableStreamDefaultReader, Request, Response,
    SubtleCrypto, TextDecoder, TextEncoder, URL, URLSearchParams, console, process, self: globalThis,
  });
}

function globals(enumerable, named) {
  for (const name of Object.keys(named)) {
    defineProperty(globalThis, name, { value: named[name], writable: true, enumerable, configurable: true });
  }
}
