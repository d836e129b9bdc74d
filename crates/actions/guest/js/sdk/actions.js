// `Lit.Actions`, and the response of the execution.

import { cause, freeze, hostError, native, options, stringify, wellFormed } from '../core.js';
import { OP, compute } from '../native.js';
import { bytes } from './bytes.js';
import { callContract, getLatestNonce, getRpcUrl } from './chain.js';
import { decryptAndCombine, decryptToSingleNode, encrypt } from './encryption.js';
import { broadcastAndCollect, call, runOnce } from './flow.js';
import {
  getPermittedActions, getPermittedAddresses, getPermittedAuthMethodScopes, getPermittedAuthMethods, isPermittedAction,
  isPermittedAddress, isPermittedAuthMethod, pubkeyToTokenId,
} from './registry.js';
import {
  claimKey, ethPersonalSignMessageEcdsa, getActionPublicKey, sign, signAndCombine, signAndCombineEcdsa, signAsAction,
  signEcdsa, verifyActionSignature,
} from './sign.js';
import { uint8arrayFromString, uint8arrayToString } from './text.js';

let hasResponded = false;
let returned;

function respond(value) {
  native.respond(wellFormed(value));
  hasResponded = true;
}
// What is no text is an empty response: scripts pass on what the nodes that did not run `runOnce`'s function got.
function setResponse(params) {
  const { response } = options(params, 'setResponse');
  if (typeof response === 'string') return respond(response);
  native.log(`setResponse: the response is ${response === null ? 'null' : `of type ${typeof response}`}, not a string, and taken as empty\n`);
  respond('');
}

// AES-CBC as the client libraries write it: the IV, then the body.
async function aesDecrypt(params) {
  const object = options(params, 'aesDecrypt');
  const key = bytes(object.symmetricKey, 'aesDecrypt: symmetricKey');
  const ciphertext = bytes(object.ciphertext, 'aesDecrypt: ciphertext');
  if (key.length !== 16 && key.length !== 24 && key.length !== 32) throw new TypeError('aesDecrypt: symmetricKey must be 16, 24 or 32 bytes');
  if (ciphertext.length < 32 || ciphertext.length % 16 !== 0) {
    throw new TypeError('aesDecrypt: ciphertext must be an IV of 16 bytes and a body of one or more times 16');
  }
  let plain;
  try {
    plain = compute(OP.AES_CBC, 0, key, ciphertext.subarray(0, 16), ciphertext.subarray(16));
  } catch (error) {
    throw hostError(cause(error), `aesDecrypt: this symmetricKey does not fit this ciphertext: ${error.message}`);
  }
  return native.decode(plain, false);
}

// What is not here yet says so when it is called, and not before.
function later(name, needs, instead) {
  return {
    async [name]() {
      throw hostError('not_supported', `${name} is not supported: this network has no ${needs} yet; supported: ${instead}`);
    },
  }[name];
}
const checkConditions = later('checkConditions', 'access-control conditions', 'callContract, isPermittedAction, isPermittedAddress, isPermittedAuthMethod');

// The members of `Lit.Actions`.
export function install() {
  return {
    setResponse, signEcdsa, sign, ethPersonalSignMessageEcdsa, signAndCombineEcdsa, signAndCombine, signAsAction,
    getActionPublicKey, verifyActionSignature, claimKey, pubkeyToTokenId, isPermittedAction, isPermittedAddress,
    isPermittedAuthMethod, getPermittedActions, getPermittedAddresses, getPermittedAuthMethods, getPermittedAuthMethodScopes,
    call, callContract, getRpcUrl, getLatestNonce, runOnce, broadcastAndCollect, aesDecrypt, uint8arrayToString,
    uint8arrayFromString, encrypt, decryptAndCombine, decryptToSingleNode, checkConditions,
  };
}

// `Lit.Headers`: a request carries no headers into an action.
export const headers = freeze({});

// Takes the value of `main`.
export function mainReturned(value) {
  returned = value;
}

// What `main` returned is the response unless the script set one. Whether there is one.
export function finish() {
  if (hasResponded || returned === undefined) return hasResponded;
  const response = typeof returned === 'string' ? returned : stringify(returned);
  if (response !== undefined) respond(response);
  return hasResponded;
}
