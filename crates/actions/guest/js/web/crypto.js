// `crypto`: everything of WebCrypto that needs neither randomness nor a private key of the action's own.

import { apply, hostError, parse, stringify } from '../core.js';
import { OP, compute } from '../native.js';
import { ASYMMETRIC } from './crypto/asymmetric.js';
import { CryptoKey, isKey } from './crypto/key.js';
import { HASHES, algorithmOf, fault, unrecognized } from './crypto/params.js';
import { SYMMETRIC } from './crypto/symmetric.js';
import { decodeUtf8, encodeUtf8 } from './encoding.js';
import { bufferSource, coded, illegalConstructor, interfaceClass, needs } from './shape.js';

const KEY = Symbol('key');
const ALGORITHMS = { ...SYMMETRIC, ...ASYMMETRIC };
const FORMATS = ['raw', 'raw-public', 'raw-secret', 'spki', 'pkcs8', 'jwk'];

function notRandom(what) {
  return hostError('not_supported', `${what} is not supported: this network has no agreed randomness yet, and nodes that each drew their own would not agree`);
}

// The operation of an algorithm, and its parameters.
function operation(given, method) {
  const { params, name } = algorithmOf(given);
  const run = ALGORITHMS[name]?.[method];
  if (run === undefined) throw unrecognized(method === 'importKey' || method === 'exportKey' ? undefined : 'Unrecognized algorithm name');
  return { params, name, run: (...args) => apply(run, ALGORITHMS[name], args) };
}
function forKey(given, key, method) {
  if (!isKey(key)) throw new TypeError('The "key" argument must be an instance of CryptoKey');
  const found = operation(given, method);
  if (key.algorithm.name !== found.name) throw fault('InvalidAccessError', 'Key algorithm mismatch');
  return found;
}
function formatName(format) {
  const name = `${format}`;
  if (!FORMATS.includes(name)) throw coded(TypeError, 'ERR_INVALID_ARG_VALUE', `'${name}' is not a valid enum value of type KeyFormat.`);
  return name;
}
// The caller's bytes as they are now: what it writes afterwards must not count.
const taken = (value, name) => bufferSource(value, name).slice();
const bufferOf = (array) => array.buffer;

class SubtleCrypto {
  constructor(key) {
    if (key !== KEY) throw illegalConstructor();
  }
  async encrypt(algorithm, key, data) {
    needs(arguments, 3, 'encrypt');
    const { params, run } = forKey(algorithm, key, 'encrypt');
    return bufferOf(run(params, key, taken(data, 'data')));
  }
  async decrypt(algorithm, key, data) {
    needs(arguments, 3, 'decrypt');
    const { params, run } = forKey(algorithm, key, 'decrypt');
    return bufferOf(run(params, key, taken(data, 'data')));
  }
  async sign(algorithm, key, data) {
    needs(arguments, 3, 'sign');
    const { params, run } = forKey(algorithm, key, 'sign');
    return bufferOf(run(params, key, taken(data, 'data')));
  }
  async verify(algorithm, key, signature, data) {
    needs(arguments, 4, 'verify');
    const { params, run } = forKey(algorithm, key, 'verify');
    return run(params, key, taken(signature, 'signature'), taken(data, 'data'));
  }
  async digest(algorithm, data) {
    needs(arguments, 2, 'digest');
    const { name } = algorithmOf(algorithm);
    if (HASHES[name] === undefined) throw unrecognized();
    return bufferOf(compute(OP.HASH, HASHES[name].alg, taken(data, 'data')));
  }
  async generateKey(algorithm, extractable, keyUsages) {
    needs(arguments, 3, 'generateKey');
    throw notRandom('crypto.subtle.generateKey');
  }
  async deriveKey(algorithm, baseKey, derivedKeyType, extractable, keyUsages) {
    needs(arguments, 5, 'deriveKey');
    const { params, run } = forKey(algorithm, baseKey, 'deriveBits');
    const target = operation(derivedKeyType, 'importKey');
    const length = ALGORITHMS[target.name].lengthOf?.(target.params);
    if (length === undefined) throw unrecognized();
    const bits = run(params, baseKey, length, 'deriveKey');
    return target.run('raw', bits, target.params, !!extractable, keyUsages);
  }
  async deriveBits(algorithm, baseKey, length = null) {
    needs(arguments, 2, 'deriveBits');
    const { params, run } = forKey(algorithm, baseKey, 'deriveBits');
    return bufferOf(run(params, baseKey, length));
  }
  async importKey(format, keyData, algorithm, extractable, keyUsages) {
    needs(arguments, 5, 'importKey');
    const { params, run } = operation(algorithm, 'importKey');
    return run(formatName(format), keyData, params, !!extractable, [...keyUsages]);
  }
  async exportKey(format, key) {
    needs(arguments, 2, 'exportKey');
    if (!isKey(key)) throw new TypeError('The "key" argument must be an instance of CryptoKey');
    const run = ALGORITHMS[key.algorithm.name].exportKey;
    if (!key.extractable) throw fault('InvalidAccessError', 'key is not extractable');
    if (run === undefined) throw unrecognized();
    return run(formatName(format), key);
  }
  async wrapKey(format, key, wrappingKey, wrapAlgorithm) {
    needs(arguments, 4, 'wrapKey');
    const { params, run } = forKey(wrapAlgorithm, wrappingKey, 'encrypt');
    const out = await this.exportKey(format, key);
    const data = format === 'jwk' ? encodeUtf8(stringify(out)) : new Uint8Array(out);
    return bufferOf(run(params, wrappingKey, data, 'wrapKey'));
  }
  async unwrapKey(format, wrappedKey, unwrappingKey, unwrapAlgo, unwrappedKeyAlgo, extractable, keyUsages) {
    needs(arguments, 7, 'unwrapKey');
    const { params, run } = forKey(unwrapAlgo, unwrappingKey, 'decrypt');
    const data = run(params, unwrappingKey, taken(wrappedKey, 'wrappedKey'), 'unwrapKey');
    return this.importKey(format, format === 'jwk' ? parse(decodeUtf8(data)) : data, unwrappedKeyAlgo, extractable, keyUsages);
  }
}
interfaceClass(SubtleCrypto, 'SubtleCrypto', { length: 0 });

const subtle = new SubtleCrypto(KEY);
class Crypto {
  constructor(key) {
    if (key !== KEY) throw illegalConstructor();
  }
  get subtle() {
    return subtle;
  }
  getRandomValues(array) {
    throw notRandom('crypto.getRandomValues');
  }
  randomUUID() {
    throw notRandom('crypto.randomUUID');
  }
}
interfaceClass(Crypto, 'Crypto', { length: 0 });

const crypto = new Crypto(KEY);
export { Crypto, CryptoKey, SubtleCrypto, crypto };
