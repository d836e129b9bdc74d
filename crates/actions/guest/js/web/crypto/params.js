// Names, parameters and errors of WebCrypto.

import { ALG } from '../../native.js';
import { asNumber, asText, bufferSource, coded } from '../shape.js';

const Failure = DOMException;
export const fault = (name, message) => new Failure(message, name);
export const unrecognized = (what) => fault('NotSupportedError', what);
export const noAlgorithm = (what) => unrecognized(`${what}: Unrecognized algorithm name; there are ${SUPPORTED.join(', ')}, each for what it can do`);

const missing = (member, of = 'algorithm') => coded(TypeError, 'ERR_MISSING_OPTION', `${of}.${member} is required`);

export const HASHES = {
  'SHA-1': { alg: ALG.SHA1, bytes: 20, block: 64 },
  'SHA-256': { alg: ALG.SHA256, bytes: 32, block: 64 },
  'SHA-384': { alg: ALG.SHA384, bytes: 48, block: 128 },
  'SHA-512': { alg: ALG.SHA512, bytes: 64, block: 128 },
};
const SUPPORTED = [...Object.keys(HASHES), 'HMAC', 'AES-CBC', 'AES-CTR', 'AES-GCM', 'HKDF', 'PBKDF2', 'ECDSA', 'Ed25519',
  'RSASSA-PKCS1-v1_5', 'RSA-PSS'];
const NAMES = [...SUPPORTED, 'RSA-OAEP', 'ECDH', 'X25519', 'AES-KW'];
const canonical = new Map(NAMES.map((name) => [name.toUpperCase(), name]));

// The algorithm that a name or dictionary asks for, its name as the standard writes it.
export function algorithmOf(given, what = 'algorithm') {
  const params = typeof given === 'string' ? { name: given } : given;
  if (params === null || (typeof params !== 'object' && typeof params !== 'function')) throw noAlgorithm(what);
  if (params.name === undefined) throw missing('name', what);
  const name = canonical.get(asText(params.name, `${what}.name`).toUpperCase());
  if (name === undefined) throw noAlgorithm(what);
  return { params, name };
}

export function hashOf(params) {
  if (params.hash === undefined) throw missing('hash');
  const { name } = algorithmOf(params.hash, 'algorithm.hash');
  if (HASHES[name] === undefined) throw noAlgorithm('algorithm.hash');
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
  const value = Math.trunc(asNumber(params[member], `algorithm.${member}`));
  if (!(value >= 0 && value <= high)) throw new TypeError(`Failed to normalize algorithm: '${member}' is out of range`);
  return value;
}

// A JWK says what its key may be used for.
export function checkKeyOps(jwk, usages) {
  const { key_ops } = jwk;
  if (key_ops === undefined) return;
  if (!Array.isArray(key_ops)) throw coded(TypeError, 'ERR_INVALID_ARG_TYPE', 'keyData.key_ops must be an array');
  if (usages.some((usage) => !key_ops.includes(usage))) throw fault('DataError', 'keyData.key_ops: Key operations and usage mismatch');
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
