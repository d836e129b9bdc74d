// Names, parameters and errors of WebCrypto.

import { ALG } from '../../native.js';
import { bufferSource, coded } from '../shape.js';

const Failure = DOMException;
export const fault = (name, message) => new Failure(message, name);
export const unrecognized = (what = 'Unrecognized algorithm name') => fault('NotSupportedError', what);

const missing = (member) => coded(TypeError, 'ERR_MISSING_OPTION', `algorithm.${member} is required`);

export const HASHES = {
  'SHA-1': { alg: ALG.SHA1, bytes: 20, block: 64 },
  'SHA-256': { alg: ALG.SHA256, bytes: 32, block: 64 },
  'SHA-384': { alg: ALG.SHA384, bytes: 48, block: 128 },
  'SHA-512': { alg: ALG.SHA512, bytes: 64, block: 128 },
};
const NAMES = [...Object.keys(HASHES), 'HMAC', 'AES-CBC', 'AES-CTR', 'AES-GCM', 'HKDF', 'PBKDF2', 'ECDSA', 'Ed25519',
  'RSASSA-PKCS1-v1_5', 'RSA-PSS', 'RSA-OAEP', 'ECDH', 'X25519', 'AES-KW'];
const canonical = new Map(NAMES.map((name) => [name.toUpperCase(), name]));

// The algorithm that a name or dictionary asks for, its name as the standard writes it.
export function algorithmOf(given) {
  const params = typeof given === 'string' ? { name: given } : given;
  if (params === null || (typeof params !== 'object' && typeof params !== 'function')) throw unrecognized();
  if (params.name === undefined) throw missing('name');
  const name = canonical.get(`${params.name}`.toUpperCase());
  if (name === undefined) throw unrecognized();
  return { params, name };
}

export function hashOf(params) {
  if (params.hash === undefined) throw missing('hash');
  const { name } = algorithmOf(params.hash);
  if (HASHES[name] === undefined) throw unrecognized();
  return name;
}

export function bytesMember(params, member) {
  if (params[member] === undefined) throw missing(member);
  return bufferSource(params[member], `algorithm.${member}`).slice();
}

export function numberMember(params, member, fallback, high = 0xffffffff) {
  if (params[member] === undefined) {
    if (fallback === undefined) throw missing(member);
    return fallback;
  }
  const value = Math.trunc(+params[member]);
  if (!(value >= 0 && value <= high)) throw new TypeError(`Failed to normalize algorithm: '${member}' is out of range`);
  return value;
}

export function fromBase64Url(jwk, member) {
  const given = jwk[member];
  try {
    if (typeof given === 'string') return Uint8Array.fromBase64(given, { alphabet: 'base64url' });
  } catch {
    // Falls through to the same refusal.
  }
  throw fault('DataError', 'Invalid keyData');
}
export function toBase64Url(array) {
  return array.toBase64({ alphabet: 'base64url', omitPadding: true });
}
