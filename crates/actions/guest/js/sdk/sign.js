// Signatures by keys of the network.

import {
  KIND_SIGN, KIND_SIGN_AND_COMBINE, apply, bytes, hostCall, hostError, options, stringMember, stringify, toHex,
  wellFormed,
} from '../core.js';

// Signing. A name stands for one signature of the run, so a second use of it is refused.
const sigNames = new Set();
const nameKnown = Set.prototype.has, nameAdd = Set.prototype.add;
function signMeta(params, name) {
  const object = options(params, name);
  const sigName = stringMember(object, 'sigName', name);
  if (sigName.length === 0 || sigName.length > 128) {
    throw hostError('signature_name_invalid', `${name}: sigName must have 1 to 128 characters`, TypeError);
  }
  const toSign = bytes(object.toSign, `${name}: toSign`);
  if (toSign.length !== 32) {
    throw hostError('digest_length', `${name}: toSign must be 32 bytes, not ${toSign.length}`, TypeError);
  }
  const meta = { name: wellFormed(sigName), to_sign: toHex(toSign), public_key: publicKeyHex(object.publicKey, name) };
  if (apply(nameKnown, sigNames, [meta.name])) {
    throw hostError('signature_name_duplicate', `${name}: sigName "${meta.name}" was used before in this run`);
  }
  apply(nameAdd, sigNames, [meta.name]);
  return meta;
}
export async function signEcdsa(params) {
  await hostCall(KIND_SIGN, signMeta(params, 'signEcdsa'), undefined, null);
  return 'success';
}
// `r` is the compressed point, not the bare number: scripts in use cut its first byte off.
const combined = ({ r, s, recovery_id }) =>
  stringify({ r: (recovery_id & 1 ? '03' : '02') + r, s, v: recovery_id });
export async function signAndCombineEcdsa(params) {
  return hostCall(KIND_SIGN_AND_COMBINE, signMeta(params, 'signAndCombineEcdsa'), undefined, combined);
}

function publicKeyHex(value, name) {
  if (typeof value !== 'string') throw new TypeError(`${name}: publicKey must be a hex string`);
  const hex = (value.startsWith('0x') ? value.slice(2) : value).toLowerCase();
  if (!/^(04[0-9a-f]{128}|0[23][0-9a-f]{64})$/.test(hex)) {
    throw new TypeError(`${name}: publicKey must be an uncompressed or compressed secp256k1 key in hex`);
  }
  return hex;
}
