// The answer to a `fetch`. Only the runtime makes one: the primitives are the key.

import { native, parse } from '../core.js';
import { Headers } from './headers.js';

export class Response {
  #body;
  #used = false;
  constructor(key, meta, body) {
    if (key !== native) throw new TypeError('Illegal constructor');
    this.#body = body;
    this.status = meta.status;
    this.statusText = '';
    this.ok = meta.status >= 200 && meta.status < 300;
    this.url = meta.url;
    this.headers = new Headers(meta.headers);
  }
  get bodyUsed() {
    return this.#used;
  }
  #take() {
    if (this.#used) throw new TypeError('Body already consumed');
    this.#used = true;
    return this.#body;
  }
  async arrayBuffer() {
    return this.#take();
  }
  async bytes() {
    return new Uint8Array(this.#take());
  }
  async text() {
    return native.decode(new Uint8Array(this.#take()), false).replace(/^\ufeff/, '');
  }
  async json() {
    return parse(await this.text());
  }
}
