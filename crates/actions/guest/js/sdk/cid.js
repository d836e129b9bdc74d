// CIDs of actions, as far as an action needs them: the multihash inside.

import { apply } from '../core.js';
import { decodeBase } from './text.js';

const CIDV1_BASES = { b: 'base32', B: 'base32upper', z: 'base58btc', k: 'base36', f: 'base16', F: 'base16upper' };

const slice = String.prototype.slice;
// What was given is said as far as a CID is long.
export function notACid(cid, what) {
  return new TypeError(`${what} "${cid.length > 128 ? `${apply(slice, cid, [0, 128])} …` : cid}" is not the CID of an action`);
}

// The 34-byte multihash of a CIDv0, or of the CIDv1 of the same block.
export function multihash(cid, what) {
  let bytes;
  try {
    if (cid.length === 46 && cid[0] === 'Q' && cid[1] === 'm') {
      bytes = decodeBase('base58btc', cid);
    } else if (cid.length < 128 && CIDV1_BASES[cid[0]] !== undefined) {
      const whole = decodeBase(CIDV1_BASES[cid[0]], cid.slice(1));
      if (whole[0] === 0x01 && whole[1] === 0x70) bytes = whole.subarray(2);
    }
  } catch {
    bytes = undefined;
  }
  if (bytes === undefined || bytes.length !== 34 || bytes[0] !== 0x12 || bytes[1] !== 0x20) {
    throw notACid(cid, what);
  }
  return bytes;
}
