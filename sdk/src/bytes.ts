/** Bytes and their texts: hexadecimal digits, base64url, UTF-8. */

const DIGITS = /^(?:[0-9a-f]{2})*$/;

/** The digits of bytes, without `0x`. */
export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

/** The digits of bytes, with `0x`. */
export const to0x = (bytes: Uint8Array): string => `0x${toHex(bytes)}`;

/**
 * The bytes of digits in small letters, with or without `0x`.
 *
 * @throws RangeError for anything else.
 */
export function fromHex(digits: string): Uint8Array<ArrayBuffer> {
  const plain = digits.startsWith("0x") ? digits.slice(2) : digits;
  if (!DIGITS.test(plain)) throw new RangeError("hexadecimal digits in small letters are expected");
  const bytes = new Uint8Array(plain.length / 2);
  for (let place = 0; place < bytes.length; place += 1) {
    bytes[place] = Number.parseInt(plain.slice(2 * place, 2 * place + 2), 16);
  }
  return bytes;
}

/** Bytes joined. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let place = 0;
  for (const part of parts) {
    all.set(part, place);
    place += part.length;
  }
  return all;
}

/** Whether two byte strings are equal. None of them is a secret. */
export const equal = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && one.every((byte, place) => byte === other[place]);

/** base64url of RFC 4648 without padding. */
export function toBase64url(bytes: Uint8Array): string {
  let text = "";
  // In pieces, since a call takes a bounded number of arguments.
  for (let place = 0; place < bytes.length; place += 0x2000) {
    text += String.fromCharCode(...bytes.subarray(place, place + 0x2000));
  }
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/**
 * The bytes of their one base64url text.
 *
 * @throws RangeError for anything else.
 */
export function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
  let bytes: Uint8Array<ArrayBuffer> | null = null;
  if (/^[A-Za-z0-9_-]*$/.test(text) && text.length % 4 !== 1) {
    bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
  }
  // Bits that stand for nothing would give one value two texts.
  if (bytes === null || toBase64url(bytes) !== text) throw new RangeError("base64url without padding is expected");
  return bytes;
}

/** Whether a text has a surrogate without its other half: such a text has no UTF-8. */
export const isWellFormed = (text: string): boolean => !/\p{Surrogate}/u.test(text);

/**
 * The UTF-8 of a text.
 *
 * @throws RangeError for a text with half a surrogate pair, which an encoder would replace in silence.
 */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  if (!isWellFormed(text)) throw new RangeError("the text has half a surrogate pair");
  return new TextEncoder().encode(text);
}

/**
 * The text that UTF-8 stands for.
 *
 * @throws TypeError for bytes that are no UTF-8.
 */
export const fromUtf8 = (bytes: Uint8Array): string =>
  new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
