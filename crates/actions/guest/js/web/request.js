// Request: what `fetch` is to send.

import { text } from '../core.js';
import { following, isSignal } from './abort.js';
import { bodyMembers, extractBody } from './body.js';
import { Headers, guarded, headersFrom, pairsOf } from './headers.js';
import { defineInspect, dictionary, interfaceClass, needs, usv } from './shape.js';
import { parsed } from './url.js';

const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const NORMALIZED = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT'];
const CHOICES = {
  redirect: ['follow', 'error', 'manual'],
  mode: ['navigate', 'same-origin', 'no-cors', 'cors'],
  credentials: ['omit', 'same-origin', 'include'],
  cache: ['default', 'no-store', 'reload', 'no-cache', 'force-cache', 'only-if-cached'],
  referrerPolicy: ['', 'no-referrer', 'no-referrer-when-downgrade', 'same-origin', 'origin', 'strict-origin',
    'origin-when-cross-origin', 'strict-origin-when-cross-origin', 'unsafe-url'],
};
const DEFAULTS = { redirect: 'follow', mode: 'cors', credentials: 'same-origin', cache: 'default', referrerPolicy: '' };

let parts, isRequest;

class Request {
  #own;
  #headers;
  #signal;
  #body;
  static {
    parts = (request) => ({ ...request.#own, headers: pairsOf(request.#headers), body: request.#body, signal: request.#signal });
  }
  constructor(input, init = undefined) {
    needs(arguments, 1, 'Request constructor');
    const chosen = dictionary(init, 'Request constructor: init');
    const from = isRequest(input) ? input : null;
    this.#own = from === null
      ? { ...DEFAULTS, url: address(input), method: 'GET', integrity: '', keepalive: false, referrer: 'about:client' }
      : { ...from.#own };
    this.#options(chosen);
    const signal = chosen.signal === undefined ? from?.signal ?? null : chosen.signal;
    if (signal !== null && !isSignal(signal)) {
      throw new TypeError("Failed to construct 'Request': member signal is not of type AbortSignal.");
    }
    this.#signal = following(signal);
    this.#headers = chosen.headers === undefined && from !== null
      ? headersFrom(pairsOf(from.#headers), 'request')
      : guarded(new Headers(chosen.headers), 'request');
    this.#body = this.#content(chosen, from);
  }
  #options(chosen) {
    for (const name of Object.keys(CHOICES)) {
      if (chosen[name] === undefined) continue;
      const value = text(chosen[name]);
      if (!CHOICES[name].includes(value)) {
        throw new TypeError(`Request constructor: ${name}: ${value} is not an accepted type. Expected one of ${CHOICES[name].join(', ')}.`);
      }
      this.#own[name] = value;
    }
    if (this.#own.mode === 'navigate') throw new TypeError('Request constructor: invalid request mode navigate.');
    if (chosen.method !== undefined) this.#own.method = methodName(chosen.method);
    if (chosen.integrity !== undefined) this.#own.integrity = text(chosen.integrity);
    if (chosen.keepalive !== undefined) this.#own.keepalive = !!chosen.keepalive;
    if (chosen.referrer !== undefined) {
      const referrer = usv(chosen.referrer);
      this.#own.referrer = referrer === '' ? 'no-referrer' : parsed(referrer)?.href ?? 'about:client';
    }
    if (chosen.window !== undefined && chosen.window !== null) throw new TypeError("'window' option must be null");
    if (chosen.duplex !== undefined && chosen.duplex !== 'half') throw new TypeError("RequestInit: duplex option must be 'half'.");
  }
  #content(chosen, from) {
    const given = chosen.body;
    const inherited = from === null ? null : from.#body;
    const none = given === undefined || given === null;
    const { method } = this.#own;
    if ((!none || (given === undefined && inherited !== null)) && (method === 'GET' || method === 'HEAD')) {
      throw new TypeError('Request with GET/HEAD method cannot have body.');
    }
    if (none) {
      if (given === null || inherited === null) return null;
      if (inherited.unusable) {
        throw new TypeError('Cannot construct a Request with a Request object that has already been used.');
      }
      // The body moves over: the old request counts as read.
      const moved = inherited.twin();
      inherited.spend();
      return moved;
    }
    const { body, type } = extractBody(given);
    if (body.given !== null && chosen.duplex === undefined) {
      throw new TypeError('RequestInit: duplex option is required when sending a body.');
    }
    if (type !== null && !this.#headers.has('content-type')) this.#headers.append('content-type', type);
    return body;
  }
  get method() {
    return this.#own.method;
  }
  get url() {
    return this.#own.url;
  }
  get headers() {
    return this.#headers;
  }
  get destination() {
    this.#own;
    return '';
  }
  get referrer() {
    const { referrer } = this.#own;
    return referrer === 'no-referrer' ? '' : referrer;
  }
  get referrerPolicy() {
    return this.#own.referrerPolicy;
  }
  get mode() {
    return this.#own.mode;
  }
  get credentials() {
    return this.#own.credentials;
  }
  get cache() {
    return this.#own.cache;
  }
  get redirect() {
    return this.#own.redirect;
  }
  get integrity() {
    return this.#own.integrity;
  }
  get keepalive() {
    return this.#own.keepalive;
  }
  get isReloadNavigation() {
    this.#own;
    return false;
  }
  get isHistoryNavigation() {
    this.#own;
    return false;
  }
  get signal() {
    return this.#signal;
  }
  get duplex() {
    this.#own;
    return 'half';
  }
  clone() {
    if (this.#body !== null && this.#body.unusable) throw new TypeError('unusable');
    const copy = new Request(this.#own.url, { signal: this.#signal });
    copy.#own = { ...this.#own };
    copy.#headers = headersFrom(pairsOf(this.#headers), 'request');
    copy.#body = this.#body === null ? null : this.#body.twin();
    return copy;
  }
  static {
    isRequest = (value) => value !== null && typeof value === 'object' && #own in value;
    bodyMembers(Request, (request) => request.#body, (request) => request.#headers.get('content-type'));
  }
}
interfaceClass(Request, 'Request');
defineInspect(Request, (request, depth, options, inspect) => {
  const shown = {};
  for (const member of ['method', 'url', 'headers', 'destination', 'referrer', 'referrerPolicy', 'mode', 'credentials', 'cache',
    'redirect', 'integrity', 'keepalive', 'isReloadNavigation', 'isHistoryNavigation', 'signal']) shown[member] = request[member];
  return `Request ${inspect(shown, options)}`;
});

function address(input) {
  const wanted = usv(input, 'Request constructor: input');
  const found = parsed(wanted);
  if (found === undefined) throw new TypeError(`Failed to parse URL from ${wanted.slice(0, 200)}`);
  if (found.username !== '' || found.password !== '') {
    throw new TypeError(`Request cannot be constructed from a URL that includes credentials: ${wanted.slice(0, 200)}`);
  }
  return found.href;
}

function methodName(value) {
  const method = text(value);
  const upper = method.toUpperCase();
  if (!METHOD.test(method)) throw new TypeError(`'${method}' is not a valid HTTP method.`);
  if (upper === 'CONNECT' || upper === 'TRACE' || upper === 'TRACK') throw new TypeError(`'${method}' HTTP method is unsupported.`);
  return NORMALIZED.includes(upper) ? upper : method;
}

export { Request, parts as requestParts };
