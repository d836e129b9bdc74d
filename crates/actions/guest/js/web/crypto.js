// `crypto`: everything of WebCrypto that needs no private key of the action's own.

import { apply, hostError, parse, stringify, toHex } from '../core.js';
import { OP, compute, random } from '../native.js';
import { together } from '../sdk/together.js';
import { ASYMMETRIC } from './crypto/asymmetric.js';
import { CryptoKey, isKey } from './crypto/key.js';
import { HASHES, algorithmOf, fault, noAlgorithm, unrecognized } from './crypto/params.js';
import { SYMMETRIC } from './crypto/symmetric.js';
import { decodeUtf8, encodeUtf8 } from './encoding.js';
import { asList, asText, bufferSource, coded, illegalConstructor, interfaceClass, needs, typedArrayName } from './shape.js';

const KEY = Symbol('key');
const Bytes = Uint8Array;
const ALGORITHMS = { ...SYMMETRIC, ...ASYMMETRIC };
const FORMATS = ['raw', 'raw-public', 'raw-secret', 'spki', 'pkcs8', 'jwk'];

// The operation of an algorithm, and its parameters.
function operation(given, method, what = 'algorithm') {
  const { params, name } = algorithmOf(given, what);
  const run = ALGORITHMS[name]?.[method];
  if (run === undefined) throw noAlgorithm(what);
  return { params, name, run: (...args) => apply(run, ALGORITHMS[name], args) };
}
const noKey = (what) => coded(TypeError, 'ERR_INVALID_ARG_TYPE', `The "${what}" argument must be an instance of CryptoKey`);
function forKey(given, key, method, keyName = 'key', what = 'algorithm') {
  if (!isKey(key)) throw noKey(keyName);
  const found = operation(given, method, what);
  if (key.algorithm.name !== found.name) throw fault('InvalidAccessError', 'Key algorithm mismatch');
  return found;
}
function formatName(format) {
  const name = asText(format, 'format');
  if (!FORMATS.includes(name)) throw coded(TypeError, 'ERR_INVALID_ARG_VALUE', `format: '${name}' is not a valid enum value of type KeyFormat.`);
  return name;
}
function imported(format, keyData, algorithm, extractable, keyUsages, what) {
  const { params, run } = operation(algorithm, 'importKey', what);
  return run(formatName(format), keyData, params, !!extractable, asList(keyUsages, 'keyUsages'));
}
// The caller's bytes as they are now: what it writes afterwards must not count.
const taken = (value, name) => bufferSource(value, name).slice();
const bufferOf = (array) => array.buffer;

// Random bytes for what has this name. A function that one node runs cannot have any: the others would draw none.
function drawn(length, name) {
  together(name);
  return length === 0 ? new Bytes(0) : random(new Bytes(length));
}
const RANDOM_BYTES_MAX = 65_536;
const has = Array.prototype.includes;
const includes = (list, item) => apply(has, list, [item]);
const INTEGERS = ['Int8Array', 'Uint8Array', 'Uint8ClampedArray', 'Int16Array', 'Uint16Array', 'Int32Array', 'Uint32Array', 'BigInt64Array', 'BigUint64Array'];
const notOwn = () => coded(TypeError, 'ERR_INVALID_THIS', 'Value of "this" must be of type Crypto');
function notGenerated(name) {
  if (ASYMMETRIC[name] === undefined) return noAlgorithm('algorithm');
  return hostError('not_supported', `crypto.subtle.generateKey makes no ${name} keys: every node would have the private key, as it has all that the script has; sign with Lit.Actions`);
}

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
    if (HASHES[name] === undefined) throw noAlgorithm('algorithm');
    return bufferOf(compute(OP.HASH, HASHES[name].alg, taken(data, 'data')));
  }
  async generateKey(algorithm, extractable, keyUsages) {
    needs(arguments, 3, 'generateKey');
    const { params, name } = algorithmOf(algorithm);
    const usages = asList(keyUsages, 'keyUsages');
    const run = ALGORITHMS[name]?.generateKey;
    if (run === undefined) throw notGenerated(name);
    return run(params, !!extractable, usages, (length) => drawn(length, 'crypto.subtle.generateKey'));
  }
  async deriveKey(algorithm, baseKey, derivedKeyType, extractable, keyUsages) {
    needs(arguments, 5, 'deriveKey');
    const { params, run } = forKey(algorithm, baseKey, 'deriveBits', 'baseKey');
    const target = operation(derivedKeyType, 'importKey', 'derivedKeyType');
    const length = ALGORITHMS[target.name].lengthOf?.(target.params);
    if (length === undefined) throw noAlgorithm('derivedKeyType');
    const bits = run(params, baseKey, length, 'deriveKey');
    return target.run('raw', bits, target.params, !!extractable, asList(keyUsages, 'keyUsages'));
  }
  async deriveBits(algorithm, baseKey, length = null) {
    needs(arguments, 2, 'deriveBits');
    const { params, run } = forKey(algorithm, baseKey, 'deriveBits', 'baseKey');
    return bufferOf(run(params, baseKey, length));
  }
  async importKey(format, keyData, algorithm, extractable, keyUsages) {
    needs(arguments, 5, 'importKey');
    return imported(format, keyData, algorithm, extractable, keyUsages, 'algorithm');
  }
  async exportKey(format, key) {
    needs(arguments, 2, 'exportKey');
    if (!isKey(key)) throw noKey('key');
    const run = ALGORITHMS[key.algorithm.name].exportKey;
    if (!key.extractable) throw fault('InvalidAccessError', 'key is not extractable');
    if (run === undefined) throw unrecognized('key: keys of this algorithm are not exported');
    return run(formatName(format), key);
  }
  async wrapKey(format, key, wrappingKey, wrapAlgorithm) {
    needs(arguments, 4, 'wrapKey');
    const { params, run } = forKey(wrapAlgorithm, wrappingKey, 'encrypt', 'wrappingKey', 'wrapAlgorithm');
    const out = await this.exportKey(format, key);
    const data = format === 'jwk' ? encodeUtf8(stringify(out)) : new Uint8Array(out);
    return bufferOf(run(params, wrappingKey, data, 'wrapKey'));
  }
  async unwrapKey(format, wrappedKey, unwrappingKey, unwrapAlgo, unwrappedKeyAlgo, extractable, keyUsages) {
    needs(arguments, 7, 'unwrapKey');
    const { params, run } = forKey(unwrapAlgo, unwrappingKey, 'decrypt', 'unwrappingKey', 'unwrapAlgorithm');
    const data = run(params, unwrappingKey, taken(wrappedKey, 'wrappedKey'), 'unwrapKey');
    return imported(format, format === 'jwk' ? parse(decodeUtf8(data)) : data, unwrappedKeyAlgo, extractable, keyUsages, 'unwrappedKeyAlgorithm');
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
    if (this !== crypto) throw notOwn();
    needs(arguments, 1, 'getRandomValues');
    if (!includes(INTEGERS, typedArrayName(array))) throw fault('TypeMismatchError', 'The data argument must be an integer-type TypedArray');
    const target = bufferSource(array, 'array');
    if (target.length > RANDOM_BYTES_MAX) throw fault('QuotaExceededError', 'The requested length exceeds 65,536 bytes');
    together('crypto.getRandomValues');
    if (target.length > 0) random(target);
    return array;
  }
  randomUUID() {
    if (this !== crypto) throw notOwn();
    const bytes = drawn(16, 'crypto.randomUUID');
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = toHex(bytes);
    let out = '';
    for (let i = 0; i < hex.length; i++) out += i === 8 || i === 12 || i === 16 || i === 20 ? `-${hex[i]}` : hex[i];
    return out;
  }
}
interfaceClass(Crypto, 'Crypto', { length: 0 });

const crypto = new Crypto(KEY);
export { Crypto, CryptoKey, SubtleCrypto, crypto };
