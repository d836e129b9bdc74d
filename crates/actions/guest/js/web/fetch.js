// `fetch`: made by the node, judged there by its guard against requests into private networks.

import { KIND_FETCH, PromiseNow, apply, cause, hostCall, hostError } from '../core.js';
import { onAbort } from './abort.js';
import { Request, requestParts } from './request.js';
import { received } from './response.js';
import { percentDecoded } from './search_params.js';
import { decodeUtf8, encodeUtf8 } from './encoding.js';
import { needs } from './shape.js';

const { race } = Promise;
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
// What a node sends (`egress/plan.rs`). Said here, so that it has its reason and is the same in a simulation.
const URL_BYTES_MAX = 8 << 10, HEADERS_MAX = 64, HEADERS_BYTES_MAX = 16 << 10, BODY_BYTES_MAX = 1 << 20;

export async function fetch(input, init = undefined) {
  needs(arguments, 1, 'fetch');
  const { method, url, headers, body, signal, redirect } = requestParts(new Request(input, init));
  signal.throwIfAborted();
  if (url.startsWith('data:')) return dataResponse(url);
  const content = body === null ? undefined : await body.take();
  const meta = { method: method.toUpperCase(), url, headers: combined(headers) };
  checkLimits(meta, content);
  if (redirect !== 'follow') meta.redirect = redirect;
  const answered = hostCall(KIND_FETCH, meta, content, (reply, bytes) => received(reply, method === 'HEAD' ? null : bytes, url));
  const aborted = new PromiseNow((_, reject) => onAbort(signal, reject));
  try {
    return await apply(race, PromiseNow, [[answered, aborted]]);
  } catch (error) {
    const code = cause(error);
    throw code === undefined ? error : hostError(code, error.message, TypeError);
  }
}
Object.defineProperty(fetch, 'length', { value: 1, configurable: true });

function checkLimits({ method, url, headers }, content) {
  if (!METHODS.includes(method)) {
    throw hostError('fetch_refused', `fetch: the method ${method} is not supported; supported: ${METHODS.join(', ')}`, TypeError);
  }
  const within = (what, size, most) => {
    if (size > most) throw hostError('fetch_refused', `fetch: ${size} ${what}, at most ${most} are allowed`, TypeError);
  };
  let size = 0;
  for (const [name, value] of headers) size += encodeUtf8(name).length + encodeUtf8(value).length;
  within('bytes of the address', encodeUtf8(url).length, URL_BYTES_MAX);
  within('headers', headers.length, HEADERS_MAX);
  within('bytes of headers', size, HEADERS_BYTES_MAX);
  within('bytes of the body', content === undefined ? 0 : content.length, BODY_BYTES_MAX);
}

// One entry for each name, sorted: the order in which a script sets headers says nothing.
function combined(pairs) {
  const byName = new Map();
  for (const [name, value] of pairs) {
    byName.set(name, byName.has(name) ? `${byName.get(name)}${name === 'cookie' ? '; ' : ', '}${value}` : value);
  }
  return [...byName].sort((a, b) => (a[0] < b[0] ? -1 : 1));
}

// An address that carries its answer asks nobody.
function dataResponse(url) {
  const found = /^data:([^,]*),([^#]*)/s.exec(url);
  if (found === null) throw new TypeError('fetch failed: invalid data: URL');
  const isBase64 = / *; *base64 *$/i.test(found[1]);
  const type = found[1].replace(/ *; *base64 *$/i, '').trim();
  let content = percentDecoded(encodeUtf8(found[2]));
  if (isBase64) {
    try {
      content = Uint8Array.fromBase64(decodeUtf8(content).replace(/=+$/, ''));
    } catch {
      throw new TypeError('fetch failed: invalid data: URL');
    }
  }
  const kind = type === '' ? 'text/plain;charset=US-ASCII' : type[0] === ';' ? `text/plain${type}` : type;
  return received({ status: 200, url, headers: [['content-type', kind]] }, content, url);
}
