// Bytes as text and back: hexadecimal, base64, base58, base36 and base32. Wrong text gives an error, never wrong bytes.

const utf8Encoder = new TextEncoder(), utf8Decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** @param {string} text */
export const utf8 = (text) => utf8Encoder.encode(text);
/** @param {Uint8Array} bytes */
export const fromUtf8 = (bytes) => utf8Decoder.decode(bytes);

/** @param {Uint8Array} bytes */
export const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** @param {string} text with or without `0x` */
export function fromHex(text) {
  const digits = text.startsWith("0x") ? text.slice(2) : text;
  if (digits.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(digits)) throw new Error("no hexadecimal digits");
  return Uint8Array.from({ length: digits.length / 2 }, (_, at) => parseInt(digits.slice(2 * at, 2 * at + 2), 16));
}

/** @param {Uint8Array} left @param {Uint8Array} right */
export const equal = (left, right) => left.length === right.length && left.every((byte, at) => byte === right[at]);

/** @param {...Uint8Array} parts */
export function joined(...parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** base64 and base64url, padded or not; a text that no encoder writes is refused. @param {string} text */
export function fromBase64(text) {
  const plain = text.replace(/-/g, "+").replace(/_/g, "/").replace(/=+$/, "");
  if (!/^[A-Za-z0-9+/]*$/.test(plain) || plain.length % 4 === 1) throw new Error("no base64");
  const bytes = Uint8Array.from(atob(plain), (letter) => letter.charCodeAt(0));
  if (toBase64url(bytes) !== plain.replace(/\+/g, "-").replace(/\//g, "_")) throw new Error("no canonical base64");
  return bytes;
}

/** @param {Uint8Array} bytes */
export function toBase64url(bytes) {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

const BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz";
const BASE32 = "abcdefghijklmnopqrstuvwxyz234567";
/** Ids are short; a longer text is none. */
const ID_MAX = 200;

/** Digits of a base to bytes; each leading zero digit is a zero byte. @param {string} text @param {string} alphabet */
function fromDigits(text, alphabet) {
  if (text.length > ID_MAX) throw new Error("too long for an id");
  const base = BigInt(alphabet.length);
  let number = 0n;
  for (const digit of text) {
    const value = alphabet.indexOf(digit);
    if (value < 0) throw new Error("a letter that is no digit of this base");
    number = number * base + BigInt(value);
  }
  let zeros = 0;
  while (text[zeros] === alphabet[0]) zeros += 1;
  const hex = number === 0n ? "" : number.toString(16);
  return joined(new Uint8Array(zeros), fromHex(hex.length % 2 ? `0${hex}` : hex));
}

/** @param {Uint8Array} bytes @param {string} alphabet */
function toDigits(bytes, alphabet) {
  const base = BigInt(alphabet.length);
  let number = bytes.length === 0 ? 0n : BigInt(`0x${toHex(bytes)}`), text = "";
  for (; number > 0n; number /= base) text = alphabet[Number(number % base)] + text;
  for (const byte of bytes) {
    if (byte !== 0) break;
    text = alphabet[0] + text;
  }
  return text;
}

/** @param {string} text */
export const fromBase58 = (text) => fromDigits(text, BASE58);
/** @param {Uint8Array} bytes */
export const toBase58 = (bytes) => toDigits(bytes, BASE58);
/** Behind a `k`, as stream ids are written. @param {string} text */
export const fromBase36 = (text) => fromDigits(text, BASE36);
/** @param {Uint8Array} bytes */
export const toBase36 = (bytes) => toDigits(bytes, BASE36);

/** Behind a `b`, as CIDs are written. @param {Uint8Array} bytes */
export function toBase32(bytes) {
  let bits = 0, held = 0, text = "";
  for (const byte of bytes) {
    held = (held << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) text += BASE32[(held >> (bits - 5)) & 31];
    held &= (1 << bits) - 1;
  }
  return bits > 0 ? text + BASE32[(held << (5 - bits)) & 31] : text;
}

/** @param {string} text */
export function fromBase32(text) {
  if (text.length > ID_MAX) throw new Error("too long for an id");
  const bytes = [];
  let bits = 0, held = 0;
  for (const letter of text) {
    const value = BASE32.indexOf(letter);
    if (value < 0) throw new Error("no base32");
    held = (held << 5) | value;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push(held >> bits);
      held &= (1 << bits) - 1;
    }
  }
  if (held !== 0 || bits >= 5) throw new Error("no canonical base32");
  return Uint8Array.from(bytes);
}

/** @param {Uint8Array} bytes */
export async function sha256(bytes) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", /** @type {BufferSource} */ (bytes)));
}
