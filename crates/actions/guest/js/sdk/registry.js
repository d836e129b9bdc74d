// Reads of the registry, at the block that the request names: equal on every node.

import { hostCall, options, stringMember, toHex } from '../core.js';
import { ALG, OP, compute } from '../native.js';
import { address, bytesOrHex, fromHex, publicKey, wholeNumber, word } from './arguments.js';
import { multihash } from './cid.js';

const KIND_REGISTRY = 6;
const SCOPES_MAX = 256;

const answer = ({ value }) => value;
const ask = (query, body) => hostCall(KIND_REGISTRY, query, body, answer);
const tokenOf = (object, name) => word(object.tokenId, `${name}: tokenId`);
// Any number of 256 bits: types of people's own are hashes.
const methodOf = (object, name) => word(object.authMethodType, `${name}: authMethodType`);

export async function isPermittedAction(params) {
  const name = 'isPermittedAction', object = options(params, name);
  const cid = stringMember(object, 'ipfsId', name);
  multihash(cid, `${name}: ipfsId`);
  return ask({ is_permitted_action: { token: tokenOf(object, name), cid } });
}
export async function isPermittedAddress(params) {
  const name = 'isPermittedAddress', object = options(params, name);
  return ask({ is_permitted_address: { token: tokenOf(object, name), address: address(object.address, name) } });
}
export async function isPermittedAuthMethod(params) {
  const name = 'isPermittedAuthMethod', object = options(params, name);
  const method = methodOf(object, name);
  return ask({ is_permitted_auth_method: { token: tokenOf(object, name), method } }, bytesOrHex(object.userId, `${name}: userId`));
}
export async function getPermittedActions(params) {
  const name = 'getPermittedActions';
  return ask({ permitted_actions: { token: tokenOf(options(params, name), name) } });
}
export async function getPermittedAddresses(params) {
  const name = 'getPermittedAddresses';
  return ask({ permitted_addresses: { token: tokenOf(options(params, name), name) } });
}
export async function getPermittedAuthMethods(params) {
  const name = 'getPermittedAuthMethods';
  return ask({ permitted_auth_methods: { token: tokenOf(options(params, name), name) } });
}
export async function getPermittedAuthMethodScopes(params) {
  const name = 'getPermittedAuthMethodScopes', object = options(params, name);
  const method = methodOf(object, name);
  // As the contract has it: so many entries, from scope 0 on.
  const scopes = object.maxScopeId === undefined ? 100 : wholeNumber(object.maxScopeId, `${name}: maxScopeId`);
  if (scopes > SCOPES_MAX) throw new RangeError(`${name}: maxScopeId must be at most ${SCOPES_MAX}`);
  const query = { token: tokenOf(object, name), method, scopes };
  return ask({ permitted_auth_method_scopes: query }, bytesOrHex(object.userId, `${name}: userId`));
}

// A token's id is the hash of its key. Given at once, since many scripts do not wait for it.
export function pubkeyToTokenId(params) {
  const key = fromHex(publicKey(options(params, 'pubkeyToTokenId').publicKey, 'pubkeyToTokenId'));
  return `0x${toHex(compute(OP.HASH, ALG.KECCAK256, compute(OP.SECP256K1_PUBLIC, key, 0)))}`;
}
