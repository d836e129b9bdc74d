// In place of the functions of @ethersproject/sha2, computed natively.

import { arrayify, hexlify } from '@ethersproject/bytes';
import { Logger } from '@ethersproject/logger';
import { SupportedAlgorithm } from '@ethersproject/sha2/lib.esm/types.js';
import { version } from '@ethersproject/sha2/lib.esm/_version.js';
import { ALG, OP, compute } from './native.js';

const logger = new Logger(version);

export function ripemd160(data) {
  return hexlify(compute(OP.HASH, ALG.RIPEMD160, arrayify(data)));
}
export function sha256(data) {
  return hexlify(compute(OP.HASH, ALG.SHA256, arrayify(data)));
}
export function sha512(data) {
  return hexlify(compute(OP.HASH, ALG.SHA512, arrayify(data)));
}
export function computeHmac(algorithm, key, data) {
  if (!SupportedAlgorithm[algorithm]) {
    logger.throwError('unsupported algorithm ' + algorithm, Logger.errors.UNSUPPORTED_OPERATION, {
      operation: 'hmac',
      algorithm,
    });
  }
  const number = algorithm === SupportedAlgorithm.sha256 ? ALG.SHA256 : ALG.SHA512;
  return hexlify(compute(OP.HMAC, number, arrayify(key), arrayify(data)));
}
