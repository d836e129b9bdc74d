// Text encoding: UTF-8, by the C shim.

import { bytes, native, text, wellFormed } from '../core.js';

export class TextEncoder {
  get encoding() {
    return 'utf-8';
  }
  encode(input = '') {
    return new Uint8Array(native.encode(wellFormed(text(input))));
  }
}

export class TextDecoder {
  #fatal;
  #keepMark;
  constructor(label = 'utf-8', { fatal = false, ignoreBOM = false } = {}) {
    if (!/^\s*(utf-?8|unicode-1-1-utf-8)\s*$/i.test(text(label))) throw new RangeError(`encoding "${label}" is not supported`);
    this.#fatal = !!fatal;
    this.#keepMark = !!ignoreBOM;
  }
  get encoding() {
    return 'utf-8';
  }
  get fatal() {
    return this.#fatal;
  }
  get ignoreBOM() {
    return this.#keepMark;
  }
  decode(input) {
    if (input === undefined) return '';
    const out = native.decode(bytes(input, 'decode: input'), this.#fatal);
    return this.#keepMark ? out : out.replace(/^\ufeff/, '');
  }
}
