// CryptoKey: what a key may be used for, and its material, which only this runtime reads.

import { asText, coded, defineInspect, illegalConstructor, interfaceClass } from '../shape.js';
import { fault } from './params.js';

const KEY = Symbol('key');
export const USAGES = ['encrypt', 'decrypt', 'sign', 'verify', 'deriveKey', 'deriveBits', 'wrapKey', 'unwrapKey'];
let materialOf;

class CryptoKey {
  #own;
  #material;
  static {
    materialOf = (key) => key.#material;
  }
  constructor(key, own, material) {
    if (key !== KEY) throw illegalConstructor();
    this.#own = own;
    this.#material = material;
  }
  get type() {
    return this.#own.type;
  }
  get extractable() {
    return this.#own.extractable;
  }
  get algorithm() {
    return this.#own.algorithm;
  }
  get usages() {
    return this.#own.usages;
  }
}
interfaceClass(CryptoKey, 'CryptoKey', { length: 0 });
defineInspect(CryptoKey, (key, depth, options, inspect) => {
  const { type, extractable, algorithm, usages } = key;
  return `CryptoKey ${inspect({ type, extractable, algorithm, usages }, { ...options, depth: options.depth - 1 })}`;
});

// `own`: type, extractable, algorithm, usages; the usages in the order given, as in Node.js.
export function makeKey(own, material) {
  return new CryptoKey(KEY, { ...own, usages: [...new Set(own.usages)] }, material);
}

export function checkUsages(given, allowed, { needed = false } = {}) {
  const usages = given.map((usage) => asText(usage, 'keyUsages'));
  for (const usage of usages) {
    if (!USAGES.includes(usage)) throw coded(TypeError, 'ERR_INVALID_ARG_VALUE', `keyUsages: '${usage}' is not a valid enum value of type KeyUsage.`);
    if (!allowed.includes(usage)) throw fault('SyntaxError', 'keyUsages: Unsupported key usage');
  }
  if (needed && usages.length === 0) throw fault('SyntaxError', 'keyUsages: Usages cannot be empty when importing a secret key.');
  return usages;
}

export function isKey(value) {
  try {
    return materialOf(value) !== undefined;
  } catch {
    return false;
  }
}

// The material of a key that is for this algorithm and this use.
export function use(key, name, usage) {
  if (!isKey(key)) throw new TypeError('The "key" argument must be an instance of CryptoKey');
  if (key.algorithm.name !== name) throw fault('InvalidAccessError', 'Key algorithm mismatch');
  if (usage !== undefined && !key.usages.includes(usage)) throw fault('InvalidAccessError', `Unable to use this key to ${usage}`);
  return materialOf(key);
}
export { CryptoKey, materialOf };
