// `uint8arrayToString` and `uint8arrayFromString`, with the encodings of the npm package uint8arrays:
// multibase names, written without the multibase prefix.

import { apply, keys, native } from '../core.js';
import { bytes } from './bytes.js';

const { fromCharCode } = String;

const LOWER = 'abcdefghijklmnopqrstuvwxyz', UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', DIGITS = '0123456789';
const B32 = `${LOWER}234567`, B32HEX = `${DIGITS}abcdefghijklmnopqrstuv`, B58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

// Whole bits for each character; a padded one is filled up with `=`.
const BITS = {
  base2: ['01', 1], base8: ['01234567', 3],
  base16: [`${DIGITS}abcdef`, 4], base16upper: [`${DIGITS}ABCDEF`, 4],
  base32: [B32, 5], base32upper: [B32.toUpperCase(), 5], base32pad: [B32, 5, true], base32padupper: [B32.toUpperCase(), 5, true],
  base32hex: [B32HEX, 5], base32hexupper: [B32HEX.toUpperCase(), 5], base32hexpad: [B32HEX, 5, true],
  base32hexpadupper: [B32HEX.toUpperCase(), 5, true], base32z: ['ybndrfg8ejkmcpqxot1uwisza345h769', 5],
  base64: [`${UPPER}${LOWER}${DIGITS}+/`, 6], base64pad: [`${UPPER}${LOWER}${DIGITS}+/`, 6, true],
  base64url: [`${UPPER}${LOWER}${DIGITS}-_`, 6], base64urlpad: [`${UPPER}${LOWER}${DIGITS}-_`, 6, true],
};
// Numbers in another base; leading zero bytes are kept as leading first characters.
const NUMBERS = {
  base10: DIGITS, base36: DIGITS + LOWER, base36upper: DIGITS + UPPER, base58btc: B58,
  base58flickr: '123456789abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ',
};
const ALIASES = { hex: 'base16', 'utf-8': 'utf8', latin1: 'ascii', binary: 'ascii' };
const NAMES = new Set(['utf8', 'ascii', ...Object.keys(BITS), ...Object.keys(NUMBERS)]);
const nameKnown = Set.prototype.has;

for (const table of [BITS, NUMBERS, ALIASES]) Object.setPrototypeOf(table, null);

function encodingOf(encoding, name) {
  if (typeof encoding !== 'string') throw new TypeError(`${name}: encoding must be a string`);
  const known = ALIASES[encoding] ?? encoding;
  if (!apply(nameKnown, NAMES, [known])) {
    throw new Error(`${name}: Unsupported encoding "${encoding}"; supported: ${[...NAMES, ...keys(ALIASES)].join(', ')}`);
  }
  return known;
}

export function uint8arrayToString(array, encoding = 'utf8') {
  const name = encodingOf(encoding, 'uint8arrayToString');
  const data = bytes(array, 'uint8arrayToString: array');
  if (name === 'utf8') return native.decode(data, false);
  if (name === 'ascii') {
    let out = '';
    for (let i = 0; i < data.length; i++) out += fromCharCode(data[i]);
    return out;
  }
  return BITS[name] === undefined ? encodeNumber(NUMBERS[name], data) : encodeBits(BITS[name], data);
}

export function uint8arrayFromString(string, encoding = 'utf8') {
  const name = encodingOf(encoding, 'uint8arrayFromString');
  if (typeof string !== 'string') throw new TypeError('uint8arrayFromString: string must be a string');
  if (name === 'utf8') return new Uint8Array(native.encode(string.toWellFormed()));
  if (name === 'ascii') {
    const out = new Uint8Array(string.length);
    for (let i = 0; i < string.length; i++) out[i] = string.charCodeAt(i);
    return out;
  }
  return decodeBase(name, string);
}

export function decodeBase(name, string) {
  return BITS[name] === undefined ? decodeNumber(name, NUMBERS[name], string) : decodeBits(name, BITS[name], string);
}

function encodeBits([alphabet, width, padded], data) {
  const mask = (1 << width) - 1;
  let out = '', bits = 0, buffer = 0;
  for (let i = 0; i < data.length; i++) {
    buffer = (buffer << 8) | data[i];
    bits += 8;
    while (bits > width) {
      bits -= width;
      out += alphabet[mask & (buffer >> bits)];
    }
  }
  if (bits !== 0) out += alphabet[mask & (buffer << (width - bits))];
  if (padded) while ((out.length * width) & 7) out += '=';
  return out;
}

function decodeBits(name, [alphabet, width], string) {
  const codes = codesOf(alphabet);
  let end = string.length;
  while (end > 0 && string[end - 1] === '=') end--;
  const out = new Uint8Array(((end * width) / 8) | 0);
  let bits = 0, buffer = 0, written = 0;
  for (let i = 0; i < end; i++) {
    buffer = (buffer << width) | codeAt(name, codes, string, i);
    bits += width;
    if (bits >= 8) {
      bits -= 8;
      out[written++] = 0xff & (buffer >> bits);
    }
  }
  if (bits >= width || (0xff & (buffer << (8 - bits))) !== 0) throw new SyntaxError('Unexpected end of data in the string');
  return out;
}

function codesOf(alphabet) {
  const codes = new Int16Array(128).fill(-1);
  for (let i = 0; i < alphabet.length; i++) codes[alphabet.charCodeAt(i)] = i;
  return codes;
}
function codeAt(name, codes, string, at) {
  const unit = string.charCodeAt(at);
  const code = unit < 128 ? codes[unit] : -1;
  if (code < 0) throw new SyntaxError(`Non-${name} character in the string`);
  return code;
}

function encodeNumber(alphabet, data) {
  const base = alphabet.length;
  let zeros = 0;
  while (zeros < data.length && data[zeros] === 0) zeros++;
  const digits = [];
  for (let i = zeros; i < data.length; i++) {
    let carry = data[i];
    for (let j = 0; j < digits.length; j++) {
      carry += digits[j] * 256;
      digits[j] = carry % base;
      carry = (carry / base) | 0;
    }
    while (carry > 0) {
      digits[digits.length] = carry % base;
      carry = (carry / base) | 0;
    }
  }
  let out = '';
  for (let i = 0; i < zeros; i++) out += alphabet[0];
  for (let i = digits.length - 1; i >= 0; i--) out += alphabet[digits[i]];
  return out;
}

function decodeNumber(name, alphabet, string) {
  const base = alphabet.length, codes = codesOf(alphabet);
  let zeros = 0;
  while (zeros < string.length && string[zeros] === alphabet[0]) zeros++;
  const data = [];
  for (let i = zeros; i < string.length; i++) {
    let carry = codeAt(name, codes, string, i);
    for (let j = 0; j < data.length; j++) {
      carry += data[j] * base;
      data[j] = carry & 255;
      carry >>= 8;
    }
    while (carry > 0) {
      data[data.length] = carry & 255;
      carry >>= 8;
    }
  }
  const out = new Uint8Array(zeros + data.length);
  for (let i = 0; i < data.length; i++) out[zeros + i] = data[data.length - 1 - i];
  return out;
}
