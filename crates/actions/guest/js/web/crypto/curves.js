// Points of the curves whose signatures are verified. Only public points are computed with here.

import { CURVE, OP, computeTrue } from '../../native.js';
import { fault } from './params.js';

const P256 = (1n << 256n) - (1n << 224n) + (1n << 192n) + (1n << 96n) - 1n;
const P384 = (1n << 384n) - (1n << 128n) - (1n << 96n) + (1n << 32n) - 1n;
const K256 = (1n << 256n) - (1n << 32n) - 977n;

// y² = x³ + ax + b over the integers modulo p, from SEC 2 and FIPS 186-4.
export const CURVES = {
  'P-256': {
    p: P256, a: -3n, b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn, bytes: 32, oid: '2a8648ce3d030107',
    alg: 'ES256', verify: (digest, signature, point) => computeTrue(OP.ECDSA_VERIFY, CURVE.P256, digest, signature, point),
  },
  'P-384': {
    p: P384, a: -3n,
    b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
    bytes: 48, oid: '2b81040022', alg: 'ES384',
    verify: (digest, signature, point) => computeTrue(OP.ECDSA_VERIFY, CURVE.P384, digest, signature, point),
  },
  'K-256': {
    p: K256, a: 0n, b: 7n, bytes: 32, oid: '2b8104000a', alg: 'ES256K',
    verify: (digest, signature, point) => computeTrue(OP.SECP256K1_VERIFY, fitted(digest), signature, point),
  },
};

// secp256k1 signatures are over 32 bytes: a longer digest is cut, a shorter one padded in front.
function fitted(digest) {
  if (digest.length >= 32) return digest.subarray(0, 32);
  const out = new Uint8Array(32);
  out.set(digest, 32 - digest.length);
  return out;
}

const number = (array) => (array.length === 0 ? 0n : BigInt(`0x${array.toHex()}`));
function bytes(value, length) {
  return Uint8Array.fromHex(value.toString(16).padStart(2 * length, '0'));
}
function power(base, exponent, p) {
  let out = 1n;
  for (; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) out = (out * base) % p;
    base = (base * base) % p;
  }
  return out;
}

// The uncompressed form of a point; refuses what is not on the curve.
export function uncompressed(point, curve) {
  const { p, a, b, bytes: size } = curve;
  const x = number(point.subarray(1, 1 + size));
  const right = (((x * x + a) * x + b) % p + p) % p;
  if (x < p && point[0] === 4 && point.length === 1 + 2 * size) {
    const y = number(point.subarray(1 + size));
    if (y < p && (y * y) % p === right) return point;
  }
  if (x < p && (point[0] === 2 || point[0] === 3) && point.length === 1 + size) {
    // All three primes are 3 modulo 4.
    const root = power(right, (p + 1n) >> 2n, p);
    if ((root * root) % p === right) {
      const y = (root & 1n) === BigInt(point[0] & 1) ? root : p - root;
      const out = new Uint8Array(1 + 2 * size);
      out[0] = 4;
      out.set(point.subarray(1), 1);
      out.set(bytes(y, size), 1 + size);
      return out;
    }
  }
  throw fault('DataError', 'Invalid keyData');
}
