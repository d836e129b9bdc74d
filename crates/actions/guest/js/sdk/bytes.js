// Bytes as callers give them.

import { viewed } from '../web/shape.js';

// A Uint8Array, another view or buffer, or an array of bytes. What only has the prototype of one of these is none.
export function bytes(value, what) {
  const found = viewed(value);
  if (found !== undefined) return found;
  if (!Array.isArray(value)) throw new TypeError(`${what} must be a Uint8Array, an ArrayBuffer or an array of bytes`);
  const out = new Uint8Array(value.length);
  for (let i = 0; i < value.length; i++) {
    const byte = value[i];
    if (typeof byte !== 'number' || byte !== (byte & 255)) throw new TypeError(`${what} must hold bytes`);
    out[i] = byte;
  }
  return out;
}
