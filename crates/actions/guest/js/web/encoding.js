// Text encoding: UTF-8 by the C shim, UTF-16 and windows-1252 here.

import { native, text } from '../core.js';
import { bufferSource, coded, concatenated, dictionary, interfaceClass, usv } from './shape.js';

const LABELS = {
  'utf-8': ['unicode-1-1-utf-8', 'unicode11utf8', 'unicode20utf8', 'utf-8', 'utf8', 'x-unicode20utf8'],
  'utf-16le': ['csunicode', 'iso-10646-ucs-2', 'ucs-2', 'unicode', 'unicodefeff', 'utf-16', 'utf-16le'],
  'utf-16be': ['unicodefffe', 'utf-16be'],
  'windows-1252': ['ansi_x3.4-1968', 'ascii', 'cp1252', 'cp819', 'csisolatin1', 'ibm819', 'iso-8859-1', 'iso-ir-100',
    'iso8859-1', 'iso88591', 'iso_8859-1', 'iso_8859-1:1987', 'l1', 'latin1', 'us-ascii', 'windows-1252', 'x-cp1252'],
};
const names = new Map();
for (const name of Object.keys(LABELS)) for (const label of LABELS[name]) names.set(label, name);
const nameOf = names.get.bind(names);

// What windows-1252 has in place of the control characters 0x80 to 0x9f.
const HIGH = '\u20ac\x81\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\x8d\u017d\x8f'
  + '\x90\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\x9d\u017e\u0178';
const { fromCharCode } = String;
const NONE = new Uint8Array(0);
const PIECE = 4096;

export function encodeUtf8(value) {
  return new Uint8Array(native.encode(value));
}
// UTF-8 with replacement and without a mark at the start: what bodies and form data are read with.
export function decodeUtf8(array) {
  const out = native.decode(array, false);
  return out.charCodeAt(0) === 0xfeff ? out.slice(1) : out;
}

class TextEncoder {
  get encoding() {
    // Reading a private name would do; there is none, so the receiver is checked by its prototype.
    if (!(this instanceof TextEncoder)) throw new TypeError('Illegal invocation');
    return 'utf-8';
  }
  encode(input = '') {
    return encodeUtf8(usv(input));
  }
  encodeInto(source, destination) {
    const from = usv(source);
    if (!(destination instanceof Uint8Array)) {
      throw coded(TypeError, 'ERR_INVALID_ARG_TYPE', 'The "dest" argument must be an instance of Uint8Array.');
    }
    const encoded = encodeUtf8(from);
    if (encoded.length <= destination.length) {
      destination.set(encoded);
      return { read: from.length, written: encoded.length };
    }
    // Whole characters only: step back to the start of the one that does not fit.
    let written = destination.length;
    while (written > 0 && (encoded[written] & 0xc0) === 0x80) written--;
    destination.set(encoded.subarray(0, written));
    return { read: native.decode(encoded.subarray(0, written), false).length, written };
  }
}
interfaceClass(TextEncoder, 'TextEncoder');

class TextDecoder {
  #encoding;
  #fatal;
  #keepMark;
  #held = NONE;
  #started = false;
  #streaming = false;
  constructor(label = 'utf-8', options = undefined) {
    const wanted = text(label);
    const chosen = dictionary(options, 'options');
    this.#encoding = nameOf(wanted.replace(/^[\t\n\f\r ]+|[\t\n\f\r ]+$/g, '').toLowerCase());
    if (this.#encoding === undefined) {
      throw coded(RangeError, 'ERR_ENCODING_NOT_SUPPORTED', `The "${wanted}" encoding is not supported`);
    }
    this.#fatal = !!chosen.fatal;
    this.#keepMark = !!chosen.ignoreBOM;
  }
  get encoding() {
    return this.#encoding;
  }
  get fatal() {
    return this.#fatal;
  }
  get ignoreBOM() {
    return this.#keepMark;
  }
  decode(input = undefined, options = undefined) {
    const stream = !!dictionary(options, 'options').stream;
    let array = input === undefined ? NONE : bufferSource(input, 'The "list" argument');
    if (!this.#streaming) {
      this.#held = NONE;
      this.#started = false;
    }
    this.#streaming = stream;
    if (this.#held.length > 0) array = concatenated([this.#held, array]);
    const [out, held] = this.#run(array, stream);
    // A copy: the caller may change its bytes before the next call.
    this.#held = held.length > 0 ? held.slice() : NONE;
    if (out.length === 0 || this.#started) return out;
    this.#started = true;
    return !this.#keepMark && this.#encoding !== 'windows-1252' && out.charCodeAt(0) === 0xfeff ? out.slice(1) : out;
  }
  #run(array, stream) {
    try {
      switch (this.#encoding) {
        case 'utf-8': {
          const end = stream ? array.length - unfinished(array) : array.length;
          return [native.decode(array.subarray(0, end), this.#fatal), array.subarray(end)];
        }
        case 'windows-1252':
          return [decodeSingle(array), NONE];
        default:
          return decodeUtf16(array, this.#encoding === 'utf-16be', this.#fatal, stream);
      }
    } catch {
      this.#streaming = false;
      throw coded(TypeError, 'ERR_ENCODING_INVALID_ENCODED_DATA', `The encoded data was not valid for encoding ${this.#encoding}`);
    }
  }
}
interfaceClass(TextDecoder, 'TextDecoder');

// How many bytes at the end begin a character that the next bytes may complete.
function unfinished(array) {
  const length = array.length;
  for (let back = 1; back <= 3 && back <= length; back++) {
    const lead = array[length - back];
    if ((lead & 0xc0) === 0x80) continue;
    const need = lead >= 0xf0 && lead <= 0xf4 ? 4 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xc2 && lead < 0xe0 ? 2 : 1;
    if (need <= back) return 0;
    if (back > 1) {
      const second = array[length - back + 1];
      if (lead === 0xe0 && second < 0xa0) return 0;
      if (lead === 0xed && second > 0x9f) return 0;
      if (lead === 0xf0 && second < 0x90) return 0;
      if (lead === 0xf4 && second > 0x8f) return 0;
    }
    return back;
  }
  return 0;
}

function decodeSingle(array) {
  let out = '';
  for (let at = 0; at < array.length; at += PIECE) {
    let piece = '';
    const end = at + PIECE < array.length ? at + PIECE : array.length;
    for (let i = at; i < end; i++) {
      const byte = array[i];
      piece += byte >= 0x80 && byte < 0xa0 ? HIGH[byte - 0x80] : fromCharCode(byte);
    }
    out += piece;
  }
  return out;
}

function decodeUtf16(array, big, fatal, stream) {
  const high = big ? 0 : 1;
  const unit = (at) => (array[at + high] << 8) | array[at + 1 - high];
  let end = array.length & ~1;
  let broken = (array.length & 1) === 1;
  if (stream) {
    broken = false;
    if (end >= 2 && (unit(end - 2) & 0xfc00) === 0xd800) end -= 2;
  }
  const held = stream ? array.subarray(end) : NONE;
  let out = '';
  for (let at = 0; at < end; at += 2 * PIECE) {
    let piece = '';
    const stop = at + 2 * PIECE < end ? at + 2 * PIECE : end;
    for (let i = at; i < stop; i += 2) piece += fromCharCode(unit(i));
    out += piece;
  }
  // A lone high surrogate and half a unit behind it are one fault.
  if (broken && !(out.length > 0 && (out.charCodeAt(out.length - 1) & 0xfc00) === 0xd800)) out += '\ufffd';
  if (fatal && (broken || !out.isWellFormed())) throw new TypeError('not valid');
  return [out.toWellFormed(), held];
}

export { TextDecoder, TextEncoder };
