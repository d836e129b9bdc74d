// Response: an answer, from the host or of the script's own making.

import { stringify } from '../core.js';
import { bodyMembers, bytesBody, extractBody } from './body.js';
import { Headers, byteText, guarded, headersFrom, pairsOf } from './headers.js';
import { defineInspect, dictionary, interfaceClass, needs, usv } from './shape.js';
import { encodeUtf8 } from './encoding.js';
import { parsed } from './url.js';

const NO_BODY = [101, 103, 204, 205, 304];
const REDIRECTS = [301, 302, 303, 307, 308];
const REASON = /^[\t\x20-\x7e\x80-\xff]*$/;

let make;

class Response {
  #own = { type: 'default', url: '', redirected: false, status: 200, statusText: '' };
  #headers;
  #body = null;
  static {
    make = (own, headers, body) => {
      const response = new Response();
      response.#own = { type: 'default', url: '', redirected: false, status: 200, statusText: '', ...own };
      response.#headers = headers;
      response.#body = body;
      return response;
    };
  }
  constructor(body = null, init = undefined) {
    const chosen = dictionary(init, 'Response constructor: init');
    const status = chosen.status === undefined ? 200 : toStatus(chosen.status);
    const statusText = chosen.statusText === undefined ? '' : byteText(chosen.statusText, 'Response constructor: statusText');
    if (status < 200 || status > 599) {
      throw new RangeError('init["status"] must be in the range of 200 to 599, inclusive.');
    }
    if (!REASON.test(statusText)) throw new TypeError('Invalid statusText');
    this.#own.status = status;
    this.#own.statusText = statusText;
    this.#headers = guarded(new Headers(chosen.headers), 'response');
    if (body === null || body === undefined) return;
    if (NO_BODY.includes(status)) throw new TypeError(`Invalid response status code ${status}`);
    const { body: content, type } = extractBody(body);
    this.#body = content;
    if (type !== null && !this.#headers.has('content-type')) this.#headers.append('content-type', type);
  }
  static error() {
    return make({ type: 'error', status: 0 }, guarded(new Headers(), 'immutable'), null);
  }
  static json(data, init = undefined) {
    needs(arguments, 1, 'Response.json');
    const content = stringify(data);
    if (content === undefined) throw new TypeError('Value is not JSON serializable');
    const response = new Response(encodeUtf8(content), init);
    if (!response.#headers.has('content-type')) response.#headers.append('content-type', 'application/json');
    return response;
  }
  static redirect(url, status = 302) {
    needs(arguments, 1, 'Response.redirect');
    const wanted = usv(url);
    const code = toStatus(status);
    const found = parsed(wanted);
    if (found === undefined) throw new TypeError(`Failed to parse URL from ${wanted}`);
    if (!REDIRECTS.includes(code)) throw new RangeError(`Invalid status code ${code}`);
    return make({ status: code }, headersFrom([['location', found.href]], 'immutable'), null);
  }
  get type() {
    return this.#own.type;
  }
  get url() {
    return this.#own.url;
  }
  get redirected() {
    return this.#own.redirected;
  }
  get status() {
    return this.#own.status;
  }
  get ok() {
    return this.#own.status >= 200 && this.#own.status <= 299;
  }
  get statusText() {
    return this.#own.statusText;
  }
  get headers() {
    return this.#headers;
  }
  clone() {
    if (this.#body !== null && this.#body.unusable) throw new TypeError('Response.clone: Body has already been consumed.');
    const guard = this.#own.type === 'default' ? 'response' : 'immutable';
    return make(this.#own, headersFrom(pairsOf(this.#headers), guard), this.#body === null ? null : this.#body.twin());
  }
  static {
    bodyMembers(Response, (response) => response.#body, (response) => response.#headers.get('content-type'));
  }
}
interfaceClass(Response, 'Response', { length: 0 });
defineInspect(Response, (response, depth, options, inspect) => {
  const shown = {};
  for (const member of ['status', 'statusText', 'headers', 'body', 'bodyUsed', 'ok', 'redirected', 'type', 'url']) {
    shown[member] = response[member];
  }
  return `Response ${inspect(shown, options)}`;
});

function toStatus(value) {
  const number = Math.trunc(+value);
  return number === number && Math.abs(number) !== Infinity ? number & 0xffff : 0;
}

// The answer to a request.
export function received(meta, body, sentTo) {
  const own = {
    type: 'basic', url: meta.url, status: meta.status, statusText: '',
    redirected: withoutFragment(meta.url) !== withoutFragment(sentTo),
  };
  const none = body === null || NO_BODY.includes(meta.status);
  return make(own, headersFrom(meta.headers, 'immutable'), none ? null : bytesBody(new Uint8Array(body)));
}
function withoutFragment(url) {
  const at = url.indexOf('#');
  return at < 0 ? url : url.slice(0, at);
}

export { Response };
