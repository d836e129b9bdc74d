// In place of scrypt-js, computed natively: at once, so progress is told at the start and at the end only.

import { OP, compute } from './native.js';

function syncScrypt(password, salt, N, r, p, length) {
  return compute(OP.SCRYPT, Uint8Array.from(password), Uint8Array.from(salt), N, r, p, length);
}
async function scrypt(password, salt, N, r, p, length, progress) {
  if (progress && progress(0)) throw new Error('cancelled');
  const key = syncScrypt(password, salt, N, r, p, length);
  if (progress) progress(1);
  return key;
}

export default { scrypt, syncScrypt };
