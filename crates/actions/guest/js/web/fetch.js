// Requests over HTTP, made by the node.

import { KIND_FETCH, bytes, hostCall, native, options, text, wellFormed } from '../core.js';
import { Headers } from './headers.js';
import { Response } from './response.js';

export async function fetch(resource, init) {
  const chosen = init === undefined || init === null ? {} : options(init, 'fetch');
  const method = chosen.method === undefined ? 'GET' : text(chosen.method).toUpperCase();
  const headers = new Headers(chosen.headers);
  let body;
  if (chosen.body !== undefined && chosen.body !== null) {
    if (method === 'GET' || method === 'HEAD') throw new TypeError(`fetch: ${method} takes no body`);
    if (typeof chosen.body === 'string') {
      if (!headers.has('content-type')) headers.set('content-type', 'text/plain;charset=UTF-8');
      body = new Uint8Array(native.encode(wellFormed(chosen.body)));
    } else {
      body = bytes(chosen.body, 'fetch: body');
    }
  }
  const url = wellFormed(text(resource));
  return hostCall(KIND_FETCH, { method, url, headers: [...headers] }, body, (meta, answer) => new Response(native, meta, answer));
}
