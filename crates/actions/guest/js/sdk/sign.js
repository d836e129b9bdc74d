// Signatures by keys of the network, and by the action's own.

import { apply, hasOwn, hostCall, hostError, options, parse, stringMember, stringify, text, toHex, wellFormed } from '../core.js';
import { ALG, OP, compute, computeTrue } from '../native.js';
import { digits, fromHex, publicKey, scheme, utf8Length } from './arguments.js';
import { bytes } from './bytes.js';
import { multihash } from './cid.js';
import { together } from './together.js';

const KIND_SIGN_DIGEST = 0, KIND_SIGN_DIGEST_AND_COMBINE = 1, KIND_SIGN_PERSONAL = 3, KIND_SIGN_AS_ACTION = 4;
const KIND_ACTION_KEY = 5, KIND_CLAIM = 7;
const MESSAGE_BYTES_MAX = 256 * 1024;

// A name stands for one signature of the run, so a second use of it is refused.
const sigNames = new Set();
const nameKnown = Set.prototype.has, nameAdd = Set.prototype.add;
function takeName(object, name) {
  return checkName(wellFormed(stringMember(object, 'sigName', name)), name);
}
// A signature that the action sees itself needs no name: the first such call is `unnamed-1`, the next `unnamed-2`.
let unnamed = 0;
function takeNameOrNext(object, name) {
  return object.sigName === undefined ? checkName(`unnamed-${++unnamed}`, name) : takeName(object, name);
}
function checkName(sigName, name) {
  const length = utf8Length(sigName);
  if (length === 0 || length > 128) {
    throw hostError('signature_name_invalid', `${name}: sigName must have 1 to 128 bytes`, TypeError);
  }
  if (apply(nameKnown, sigNames, [sigName])) {
    throw hostError('signature_name_duplicate', `${name}: sigName "${sigName}" was used before in this run`);
  }
  return sigName;
}
const keepName = (sigName) => apply(nameAdd, sigNames, [sigName]);

function signMeta(params, name, nameOf = takeName) {
  together(name);
  const object = options(params, name);
  const sigName = nameOf(object, name);
  const toSign = bytes(object.toSign, `${name}: toSign`);
  if (toSign.length !== 32) {
    throw hostError('digest_length', `${name}: toSign must be 32 bytes, not ${toSign.length}`, TypeError);
  }
  const meta = { name: sigName, to_sign: toHex(toSign), public_key: publicKey(object.publicKey, name) };
  keepName(sigName);
  return meta;
}
const success = () => 'success';
// Scripts in use cut two characters off `r`, or look for `0x`; to `s` they add it, or look for it as well.
const combined = ({ r, s, recovery_id }) => stringify({ r: `0x${r}`, s, v: recovery_id });

export async function signEcdsa(params) {
  return hostCall(KIND_SIGN_DIGEST, signMeta(params, 'signEcdsa'), undefined, success);
}
export async function sign(params) {
  scheme(options(params, 'sign').signingScheme, 'sign');
  return hostCall(KIND_SIGN_DIGEST, signMeta(params, 'sign'), undefined, success);
}
export async function signAndCombineEcdsa(params) {
  return hostCall(KIND_SIGN_DIGEST_AND_COMBINE, signMeta(params, 'signAndCombineEcdsa', takeNameOrNext), undefined, combined);
}
export async function signAndCombine(params) {
  scheme(options(params, 'signAndCombine').signingScheme, 'signAndCombine');
  return hostCall(KIND_SIGN_DIGEST_AND_COMBINE, signMeta(params, 'signAndCombine', takeNameOrNext), undefined, combined);
}
export async function ethPersonalSignMessageEcdsa(params) {
  const name = 'ethPersonalSignMessageEcdsa';
  together(name);
  const object = options(params, name);
  const sigName = takeName(object, name);
  const message = wellFormed(stringMember(object, 'message', name));
  if (utf8Length(message) > MESSAGE_BYTES_MAX) throw new RangeError(`${name}: message must have at most ${MESSAGE_BYTES_MAX} bytes`);
  const meta = { name: sigName, message, public_key: publicKey(object.publicKey, name) };
  keepName(sigName);
  return hostCall(KIND_SIGN_PERSONAL, meta, undefined, success);
}

// The action's own key. The nodes hash what it signs under a domain of its own, so that no such signature
// is one of a transaction or of a message.
export async function signAsAction(params) {
  together('signAsAction');
  const object = options(params, 'signAsAction');
  scheme(object.signingScheme, 'signAsAction');
  const sigName = takeName(object, 'signAsAction');
  const toSign = bytes(object.toSign, 'signAsAction: toSign');
  if (toSign.length > MESSAGE_BYTES_MAX) throw new RangeError(`signAsAction: toSign must have at most ${MESSAGE_BYTES_MAX} bytes`);
  keepName(sigName);
  return hostCall(KIND_SIGN_AS_ACTION, { name: sigName }, toSign, combined);
}

const uncompressed = (hex) => compute(OP.SECP256K1_PUBLIC, fromHex(digits(hex)), 0);
const shown = ({ value }) => `0x${toHex(uncompressed(value))}`;

export async function getActionPublicKey(params) {
  const object = options(params, 'getActionPublicKey');
  scheme(object.signingScheme, 'getActionPublicKey');
  const cid = stringMember(object, 'actionIpfsCid', 'getActionPublicKey');
  multihash(cid, 'getActionPublicKey: actionIpfsCid');
  return hostCall(KIND_ACTION_KEY, { cid }, undefined, shown);
}

export async function verifyActionSignature(params) {
  const name = 'verifyActionSignature';
  const object = options(params, name);
  const signed = scheme(object.signingScheme, name);
  const cid = stringMember(object, 'actionIpfsCid', name);
  const hash = multihash(cid, `${name}: actionIpfsCid`);
  const toSign = bytes(object.toSign, `${name}: toSign`);
  const signature = readSignature(object.signOutput);
  if (signature === undefined) return false;
  const digest = actionDigest(hash, signed, toSign);
  const key = await hostCall(KIND_ACTION_KEY, { cid }, undefined, ({ value }) => uncompressed(value));
  return computeTrue(OP.SECP256K1_VERIFY, digest, signature, key);
}

// `quorate_wire::action_signature_digest`: each field after its length, hashed.
function actionDigest(hash, signed, toSign) {
  const parts = [utf8('quorate/action-signature/v1'), hash, utf8(signed), toSign];
  let length = 0;
  for (let i = 0; i < parts.length; i++) length += 4 + parts[i].length;
  const all = new Uint8Array(length);
  let at = 0;
  for (let i = 0; i < parts.length; i++) {
    const { length } = parts[i];
    for (let j = 0; j < 4; j++) all[at++] = length >>> (24 - 8 * j);
    for (let j = 0; j < length; j++) all[at++] = parts[i][j];
  }
  return compute(OP.HASH, ALG.SHA256, all);
}
function utf8(ascii) {
  const out = new Uint8Array(ascii.length);
  for (let i = 0; i < out.length; i++) out[i] = ascii.charCodeAt(i);
  return out;
}

// r and s of what `signAsAction` gave; undefined if it is nothing of that form.
function readSignature(output) {
  let object = output;
  if (typeof output === 'string') {
    try {
      object = parse(output);
    } catch {
      return undefined;
    }
  }
  if (object === null || typeof object !== 'object' || !apply(hasOwn, object, ['r']) || !apply(hasOwn, object, ['s'])) return undefined;
  let r = digits(object.r);
  const s = digits(object.s);
  // Other networks give the compressed point.
  if (r !== undefined && r.length === 66 && r[0] === '0' && (r[1] === '2' || r[1] === '3')) r = r.slice(2);
  return r !== undefined && s !== undefined && r.length === 64 && s.length === 64 ? fromHex(r + s) : undefined;
}

export async function claimKey(params) {
  together('claimKey');
  const keyId = wellFormed(text(stringMember(options(params, 'claimKey'), 'keyId', 'claimKey')));
  const length = utf8Length(keyId);
  if (length === 0 || length > 256) throw new RangeError('claimKey: keyId must have 1 to 256 bytes');
  return hostCall(KIND_CLAIM, { key_id: keyId }, undefined, shown);
}
