// Text and bytes, in the encodings that Buffer knows.

import { native, text } from '../../core.js';
import { encodeUtf8 } from '../encoding.js';
import { usv } from '../shape.js';

const { fromCharCode } = String;
const { fromBase64 } = Uint8Array;
const { toHex, toBase64 } = Uint8Array.prototype;
const PIECE = 4096;

const NAMES = new Map([['utf8', 'utf8'], ['utf-8', 'utf8'], ['hex', 'hex'], ['base64', 'base64'], ['base64url', 'base64url'],
  ['latin1', 'latin1'], ['binary', 'latin1'], ['ascii', 'ascii'], ['utf16le', 'utf16le'], ['utf-16le', 'utf16le'],
  ['ucs2', 'utf16le'], ['ucs-2', 'utf16le']]);
const nameOf = NAMES.get.bind(NAMES);

// The encoding that a label names; undefined if it is none.
export function encodingName(label) {
  if (label === undefined || label === null || label === '' || label === 'utf8') return 'utf8';
  return typeof label === 'string' ? nameOf(label) ?? nameOf(label.toLowerCase()) : nameOf(text(label).toLowerCase());
}

export function encodeText(string, encoding) {
  switch (encoding) {
    case 'hex':
      return fromHexDigits(string);
    case 'base64':
    case 'base64url':
      return fromBase64Digits(string);
    case 'latin1':
    case 'ascii': {
      const out = new Uint8Array(string.length);
      for (let i = 0; i < string.length; i++) out[i] = string.charCodeAt(i);
      return out;
    }
    case 'utf16le': {
      const out = new Uint8Array(string.length * 2);
      for (let i = 0; i < string.length; i++) {
        const unit = string.charCodeAt(i);
        out[2 * i] = unit;
        out[2 * i + 1] = unit >> 8;
      }
      return out;
    }
    default:
      return encodeUtf8(usv(string));
  }
}

// How many bytes `encodeText` gives. For base64 it is an estimate from the length, as in Node.js.
export function encodedLength(string, encoding) {
  switch (encoding) {
    case 'hex':
      return string.length >>> 1;
    case 'base64':
    case 'base64url': {
      let length = string.length;
      if (length > 0 && string[length - 1] === '=') length--;
      if (length > 1 && string[length - 1] === '=') length--;
      return (length * 3) >>> 2;
    }
    case 'latin1':
    case 'ascii':
      return string.length;
    case 'utf16le':
      return string.length * 2;
    default:
      return encodeUtf8(usv(string)).length;
  }
}

export function decodeText(array, encoding) {
  switch (encoding) {
    case 'hex':
      return toHex.call(array);
    case 'base64':
      return toBase64.call(array);
    case 'base64url':
      return toBase64.call(array, { alphabet: 'base64url', omitPadding: true });
    case 'latin1':
      return pieces(array.length, (i) => array[i]);
    case 'ascii':
      return pieces(array.length, (i) => array[i] & 0x7f);
    case 'utf16le':
      return pieces(array.length >>> 1, (i) => array[2 * i] | (array[2 * i + 1] << 8));
    default:
      return native.decode(array, false);
  }
}

function pieces(length, unit) {
  let out = '';
  for (let at = 0; at < length; at += PIECE) {
    const end = at + PIECE < length ? at + PIECE : length;
    let piece = '';
    for (let i = at; i < end; i++) piece += fromCharCode(unit(i));
    out += piece;
  }
  return out;
}

const digit = (unit) =>
  unit >= 48 && unit <= 57 ? unit - 48 : unit >= 97 && unit <= 102 ? unit - 87 : unit >= 65 && unit <= 70 ? unit - 55 : -1;

// Ends at the first pair that is not two digits.
function fromHexDigits(string) {
  const out = new Uint8Array(string.length >>> 1);
  for (let i = 0; i < out.length; i++) {
    const [high, low] = [digit(string.charCodeAt(2 * i)), digit(string.charCodeAt(2 * i + 1))];
    if (high < 0 || low < 0) return out.slice(0, i);
    out[i] = (high << 4) | low;
  }
  return out;
}

// Both alphabets; whatever else stands between the digits is passed over, and "=" ends them.
function fromBase64Digits(string) {
  const end = string.indexOf('=');
  let digits = end < 0 ? string : string.slice(0, end);
  if (/[^A-Za-z0-9+/]/.test(digits)) digits = digits.replaceAll('-', '+').replaceAll('_', '/').replace(/[^A-Za-z0-9+/]/g, '');
  if (digits.length % 4 === 1) digits = digits.slice(0, -1);
  return fromBase64.call(Uint8Array, digits);
}
