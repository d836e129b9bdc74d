// `Lit.Actions`, and the response of the execution.

import { native, options, stringMember, stringify, wellFormed } from '../core.js';
import { signAndCombineEcdsa, signEcdsa } from './sign.js';

let hasResponded = false;
let returned;

function respond(value) {
  native.respond(wellFormed(value));
  hasResponded = true;
}
function setResponse(params) {
  respond(stringMember(options(params, 'setResponse'), 'response', 'setResponse'));
}

// The members of `Lit.Actions`.
export function install() {
  return { setResponse, signEcdsa, signAndCombineEcdsa };
}

// Takes the value of `main`.
export function mainReturned(value) {
  returned = value;
}

// What `main` returned is the response unless the script set one.
export function finish() {
  if (hasResponded || returned === undefined) return;
  const response = typeof returned === 'string' ? returned : stringify(returned);
  if (response !== undefined) respond(response);
}
