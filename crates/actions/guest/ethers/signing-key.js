// In place of @ethersproject/signing-key, computed natively: names, checks and results are the same, and
// elliptic is left out altogether.

import { arrayify, hexDataLength, hexlify, splitSignature, zeroPad } from '@ethersproject/bytes';
import { defineReadOnly } from '@ethersproject/properties';
import { Logger } from '@ethersproject/logger';
import { version } from '@ethersproject/signing-key/lib.esm/_version.js';
import { OP, compute } from './native.js';

const logger = new Logger(version);

function publicKey(bytes, compressed) {
  return hexlify(compute(OP.SECP256K1_PUBLIC, bytes, compressed ? 1 : 0));
}

export class SigningKey {
  constructor(privateKey) {
    defineReadOnly(this, 'curve', 'secp256k1');
    defineReadOnly(this, 'privateKey', hexlify(privateKey));
    if (hexDataLength(this.privateKey) !== 32) {
      logger.throwArgumentError('invalid private key', 'privateKey', '[[ REDACTED ]]');
    }
    const bytes = arrayify(this.privateKey);
    defineReadOnly(this, 'publicKey', publicKey(bytes, false));
    defineReadOnly(this, 'compressedPublicKey', publicKey(bytes, true));
    defineReadOnly(this, '_isSigningKey', true);
  }
  _addPoint(other) {
    return hexlify(compute(OP.SECP256K1_ADD, arrayify(this.publicKey), arrayify(other)));
  }
  signDigest(digest) {
    const bytes = arrayify(digest);
    if (bytes.length !== 32) {
      logger.throwArgumentError('bad digest length', 'digest', digest);
    }
    const signature = compute(OP.SECP256K1_SIGN, bytes, arrayify(this.privateKey));
    return splitSignature({
      recoveryParam: signature[64],
      r: hexlify(signature.subarray(0, 32)),
      s: hexlify(signature.subarray(32, 64)),
    });
  }
  computeSharedSecret(otherKey) {
    return hexlify(compute(OP.SECP256K1_ECDH, arrayify(this.privateKey), arrayify(computePublicKey(otherKey))));
  }
  static isSigningKey(value) {
    return !!(value && value._isSigningKey);
  }
}

export function recoverPublicKey(digest, signature) {
  const { r, s, recoveryParam } = splitSignature(signature);
  const compact = new Uint8Array(64);
  compact.set(arrayify(r), 0);
  compact.set(arrayify(s), 32);
  return hexlify(compute(OP.SECP256K1_RECOVER, zeroPad(arrayify(digest), 32), compact, recoveryParam));
}

export function computePublicKey(key, compressed) {
  const bytes = arrayify(key);
  switch (bytes.length) {
    case 32:
      return publicKey(bytes, compressed);
    case 33:
      return compressed ? hexlify(bytes) : publicKey(bytes, false);
    case 65:
      return compressed ? publicKey(bytes, true) : hexlify(bytes);
    default:
      return logger.throwArgumentError('invalid public or private key', 'key', '[REDACTED]');
  }
}
