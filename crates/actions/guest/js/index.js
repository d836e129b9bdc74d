// Builds the world in which every action starts. It runs once, when the guest is built; what it leaves
// behind is part of the guest's image. Its default export are the functions that the C shim calls.

import {
  PromiseNow, apply, cause, define, defineProperty, deliver, freeze, freezeDeep, getOwnPropertyNames, hostError, keys,
  objectPrototype, parse, reserved, then,
} from './core.js';
import { describe } from './describe.js';
import { ALG, OP, compute } from './native.js';
import * as actions from './sdk/actions.js';
import { allComesAfter, giveUp } from './sdk/flow.js';
import { jwt } from './sdk/jwt.js';
import * as web from './web/index.js';

for (const name of ['SharedArrayBuffer', 'Atomics', 'WebAssembly', 'FinalizationRegistry', 'Deno', 'eval', 'navigator', 'gc']) {
  delete globalThis[name];
}
define('eval', function () {
  throw hostError('not_supported', 'eval is not supported: no text becomes code at run time; bundle into the action whatever it needs', EvalError);
}, true);
web.install();
const Actions = freeze(actions.install());
// A library is a plain global, so that a bundle with `var ethers = …` of its own gets its own.
define('jwt', jwt, true);

// Takes the library that is bundled beside this script: a function of what it computes with.
function adopt(ethers) {
  define('ethers', ethers({ compute, OP, ALG }), true);
}

// Once, when everything is there: what the first use of anything makes is then part of the image.
function warm() {
  const { utils, BigNumber } = ethers;
  const key = new utils.SigningKey(utils.id('warm'));
  const digest = utils.hashMessage('warm');
  utils.recoverAddress(digest, key.signDigest(digest));
  const abi = new utils.Interface(['function balanceOf(address owner) view returns (uint256)']);
  abi.decodeFunctionData('balanceOf', abi.encodeFunctionData('balanceOf', [utils.computeAddress(key.publicKey)]));
  utils.formatEther(BigNumber.from('1000000000000000000').mul(2));
}

for (const name of getOwnPropertyNames(globalThis)) reserved.add(name);
for (const name of getOwnPropertyNames(objectPrototype)) reserved.add(name);

// Called once by each execution before its code is compiled; returns the parameters.
function begin(paramsJson, authJson) {
  const params = parse(paramsJson);
  if (params === null || typeof params !== 'object' || Array.isArray(params)) {
    throw new TypeError('the parameters must be a JSON object');
  }
  for (const name of keys(params)) {
    if (reserved.has(name)) {
      throw hostError('param_reserved', `the parameter name "${name}" is reserved; choose another`);
    }
    defineProperty(globalThis, name, { value: params[name], writable: true, enumerable: true, configurable: true });
  }
  const auth = {
    actionIpfsIdStack: [],
    authSigAddress: null,
    authMethodContexts: [],
    resources: [],
    customAuthResource: '',
    ...parse(authJson),
  };
  // The name that older scripts know it by.
  auth.actionIpfsIds = auth.actionIpfsIdStack;
  const Auth = freezeDeep(auth);
  define('Lit', freeze({ Actions, Auth, Headers: actions.headers }), false);
  define('LitActions', Actions, false);
  define('LitAuth', Auth, false);
  define('LitHeaders', actions.headers, false);
  define('jsParams', params, true);
  web.startClock();
  return params;
}

// Does what is due next, with calls open or without. Returns whether there was something.
function tick(open) {
  if (open && web.tickAlone()) return true;
  return (!open || allComesAfter()) && (web.tick() || giveUp());
}

// Takes what `main` returned; gives the promise that it has been taken.
function settle(result) {
  const promise = result instanceof PromiseNow ? result : PromiseNow.resolve(result);
  return apply(then, promise, [actions.mainReturned]);
}

export default { adopt, warm, begin, settle, deliver, tick, finish: actions.finish, describe, cause };
