// Synchronous native operations. They never leave the worker, are equal on all nodes, and charge their
// work up front like everything else that runs. The table of them is in `execution/host/native.rs`.

import { apply, hostError, native } from './core.js';

export const OP = {
  HASH: 0, HMAC: 1, PBKDF2: 2, HKDF: 3, SCRYPT: 4, SECP256K1_PUBLIC: 5, SECP256K1_SIGN: 6, SECP256K1_VERIFY: 7,
  SECP256K1_RECOVER: 8, SECP256K1_ECDH: 9, ECDSA_VERIFY: 10, RSA_VERIFY: 11, ED25519_VERIFY: 12, BLS_VERIFY: 13,
  AES_CBC: 14, AES_CTR: 15, AES_GCM: 16, URL_PARSE: 17, URL_SET: 18,
  SECP256K1_ADD: 19, POLICY: 20, ENCRYPT: 21, OPEN: 22, CONTAINER_HEADER: 23, OPEN_CONTAINER: 24, SHOWN_PLAINTEXT: 25,
};
export const ALG = { SHA1: 1, SHA256: 2, SHA384: 3, SHA512: 4, RIPEMD160: 5, KECCAK256: 6 };
export const CURVE = { P256: 1, P384: 2 };
export const RSA = { PKCS1: 1, PSS: 2 };
export const BLS = { PUBLIC_KEY_G1: 1, PUBLIC_KEY_G2: 2 };

const indexOf = String.prototype.indexOf, slice = String.prototype.slice;
const nativeCompute = native.compute, nativeRandom = native.random;
const decode = native.decode;

function refusal(text) {
  const end = apply(indexOf, text, [' ']);
  return hostError(apply(slice, text, [0, end]), apply(slice, text, [end + 1]));
}

// A part is a Uint8Array, a string (it goes as UTF-8) or an integer from 0 to 2^32-1.
export function compute(op, a, b, c, d, e, f, g) {
  const out = nativeCompute(op, a, b, c, d, e, f, g);
  if (typeof out !== 'string') return out;
  throw refusal(out);
}

// Fills a Uint8Array with random bytes that are equal on all nodes. The script waits until they are there.
export function random(bytes) {
  const refused = nativeRandom(bytes);
  if (refused !== undefined) throw refusal(refused);
  return bytes;
}

export function computeText(op, a, b, c) {
  return decode(compute(op, a, b, c), false);
}

export function computeTrue(op, a, b, c, d, e, f, g) {
  return compute(op, a, b, c, d, e, f, g)[0] === 1;
}
