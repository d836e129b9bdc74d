// What the functions of `Lit.Actions` take: every form that existing scripts use, and nothing else.

import { apply, hostError, native, text, toHex } from '../core.js';
import { bytes } from './bytes.js';

const { isSafeInteger } = Number;
const parseHex = BigInt;
const lower = String.prototype.toLowerCase, slice = String.prototype.slice, test = RegExp.prototype.test;
const toText = BigInt.prototype.toString, padStart = String.prototype.padStart;

const HEX = /^[0-9a-f]*$/;
const INTEGER = /^(0x[0-9a-fA-F]{1,64}|[0-9]{1,78})$/;
const WIDTH_MAX = 1n << 256n;

// Hexadecimal digits without `0x`, in small letters; undefined if it is something else.
export function digits(value) {
  if (typeof value !== 'string') return undefined;
  const small = apply(lower, value, []);
  const bare = small[0] === '0' && small[1] === 'x' ? apply(slice, small, [2]) : small;
  return bare.length % 2 === 0 && apply(test, HEX, [bare]) ? bare : undefined;
}

export function fromHex(bare) {
  const out = new Uint8Array(bare.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = +`0x${bare[2 * i]}${bare[2 * i + 1]}`;
  return out;
}

// Bytes: a Uint8Array, another view or buffer, an array of bytes, or hexadecimal digits.
export function bytesOrHex(value, what) {
  if (typeof value !== 'string') return bytes(value, what);
  const bare = digits(value);
  if (bare === undefined) throw new TypeError(`${what} must hold bytes or hexadecimal digits`);
  return fromHex(bare);
}

export function publicKey(value, name) {
  const hex = typeof value === 'string' ? digits(value) : toHex(bytes(value, `${name}: publicKey`));
  const full = hex !== undefined && hex.length === 130 && hex[0] === '0' && hex[1] === '4';
  const short = hex !== undefined && hex.length === 66 && hex[0] === '0' && (hex[1] === '2' || hex[1] === '3');
  if (!full && !short) {
    throw new TypeError(`${name}: publicKey must be an uncompressed or compressed secp256k1 key in hex`);
  }
  return hex;
}

export function address(value, name) {
  const hex = digits(value);
  if (hex === undefined || hex.length !== 40) throw new TypeError(`${name}: address must be 20 bytes in hex`);
  return hex;
}

// A number of 256 bits: decimal text, hexadecimal text with 0x, a bigint or a whole number.
export function word(value, what) {
  const given = typeof value === 'bigint' || (typeof value === 'number' && isSafeInteger(value)) ? text(value) : value;
  if (typeof given !== 'string' || !apply(test, INTEGER, [given])) {
    throw new TypeError(`${what} must be a decimal number, or a hexadecimal one with 0x`);
  }
  const number = parseHex(given);
  if (number >= WIDTH_MAX) throw new TypeError(`${what} must be below 2^256`);
  return apply(padStart, apply(toText, number, [16]), [64, '0']);
}

export function wholeNumber(value, what) {
  const number = typeof value === 'string' && apply(test, INTEGER, [value]) ? +value : value;
  if (typeof number !== 'number' || !isSafeInteger(number) || number < 0) {
    throw new TypeError(`${what} must be a whole number`);
  }
  return number;
}

const SCHEME = 'EcdsaK256Sha256';
const SCHEMES = new Set(['Bls12381', 'EcdsaK256Sha256', 'EcdsaP256Sha256', 'EcdsaP384Sha384', 'SchnorrEd25519Sha512',
  'SchnorrK256Sha256', 'SchnorrP256Sha256', 'SchnorrP384Sha384', 'SchnorrRistretto25519Sha512', 'SchnorrEd448Shake256',
  'SchnorrRedJubjubBlake2b512', 'SchnorrK256Taproot', 'SchnorrRedDecaf377Blake2b512', 'SchnorrkelSubstrate',
  'Bls12381G1ProofOfPossession']);
const known = Set.prototype.has;
export function scheme(value, name) {
  if (value === SCHEME) return value;
  if (typeof value !== 'string') throw new TypeError(`${name}: signingScheme must be a string; supported: ${SCHEME}`);
  const shown = apply(known, SCHEMES, [value]) ? `signingScheme ${value} is not supported` : 'there is no such signingScheme';
  throw hostError('not_supported', `${name}: ${shown}; supported: ${SCHEME}`);
}

// Length of a text in UTF-8.
export function utf8Length(value) {
  return native.encode(value).byteLength;
}
