// In place of @ethersproject/pbkdf2, computed natively.

import { arrayify, hexlify } from '@ethersproject/bytes';
import { Logger } from '@ethersproject/logger';
import { version } from '@ethersproject/pbkdf2/lib.esm/_version.js';
import { ALG, OP, compute } from './native.js';

const logger = new Logger(version);
const NUMBERS = { sha256: ALG.SHA256, sha512: ALG.SHA512 };

export function pbkdf2(password, salt, iterations, keylen, hashAlgorithm) {
  const number = NUMBERS[hashAlgorithm];
  if (!number) {
    logger.throwError('unsupported algorithm ' + hashAlgorithm, Logger.errors.UNSUPPORTED_OPERATION, {
      operation: 'pbkdf2',
      algorithm: hashAlgorithm,
    });
  }
  return hexlify(compute(OP.PBKDF2, number, arrayify(password), arrayify(salt), iterations, keylen));
}
