// In place of @ethersproject/keccak256: the same function, computed natively.

import { arrayify, hexlify } from '@ethersproject/bytes';
import { ALG, OP, compute } from './native.js';

export function keccak256(data) {
  return hexlify(compute(OP.HASH, ALG.KECCAK256, arrayify(data)));
}
