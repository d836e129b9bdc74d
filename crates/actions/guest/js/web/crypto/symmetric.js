// HMAC, AES, HKDF and PBKDF2.

import { OP, compute } from '../../native.js';
import { asNumber, bufferSource, coded } from '../shape.js';
import { checkUsages, makeKey, use } from './key.js';
import { HASHES, bytesMember, checkKeyOps, fault, fromBase64Url, hashOf, numberMember, toBase64Url, unrecognized } from './params.js';

const COUNTED = { encrypt: 1, decrypt: 0 };

function failed(error) {
  if (error.code === 'compute_failed') return fault('OperationError', 'The operation failed for an operation-specific reason');
  if (error.code === 'compute_input' || error.code === 'compute_limit') {
    return fault('OperationError', `The operation failed for a reason of its own (see length, iterations and data): ${error.message}`);
  }
  return error;
}
function attempt(...args) {
  try {
    return compute(...args);
  } catch (error) {
    throw failed(error);
  }
}

// The bytes of a secret key in one of the formats that secret keys have.
function secret(format, data, name, jwkAlg, extractable, usages) {
  if (format === 'raw' || format === 'raw-secret') return bufferSource(data, 'keyData').slice();
  if (format !== 'jwk') throw unrecognized(`Unable to import ${name} key with format ${format}`);
  if (data === null || typeof data !== 'object') throw fault('DataError', 'Invalid keyData');
  if (data.kty !== 'oct') throw fault('DataError', 'Invalid JWK "kty" Parameter');
  const bytes = fromBase64Url(data, 'k');
  if (data.ext !== undefined && data.ext === false && extractable) throw fault('DataError', 'JWK "ext" Parameter and extractable mismatch');
  checkKeyOps(data, usages);
  const wanted = jwkAlg(bytes.length);
  if (data.alg !== undefined && data.alg !== wanted) throw fault('DataError', 'JWK "alg" does not match the requested algorithm');
  return bytes;
}

const hmacAlg = (hash) => () => `HS${hash === 'SHA-1' ? '1' : hash.slice(4)}`;
const aesAlg = (name) => (length) => `A${length * 8}${name.slice(4)}`;

function exported(format, key, material, alg) {
  if (format === 'raw' || format === 'raw-secret') return material.slice().buffer;
  if (format !== 'jwk') throw unrecognized(`Unable to export ${key.algorithm.name} key using ${format} format`);
  return { key_ops: [...key.usages], ext: key.extractable, kty: 'oct', k: toBase64Url(material), alg };
}

// As many bytes as may be drawn at once.
const HMAC_BITS_MAX = 65_536 * 8;
function newUsages(given, allowed) {
  const usages = checkUsages(given, allowed);
  if (usages.length === 0) throw fault('SyntaxError', 'Usages cannot be empty when creating a key.');
  return usages;
}

const hmac = {
  importKey(format, data, params, extractable, given) {
    const usages = checkUsages(given, ['sign', 'verify'], { needed: true });
    const hash = hashOf(params);
    const bytes = secret(format, data, 'HMAC', hmacAlg(hash), extractable, usages);
    if (bytes.length === 0) throw fault('DataError', 'keyData: Zero-length key is not supported');
    const length = numberMember(params, 'length', bytes.length * 8);
    if (length > bytes.length * 8 || length <= bytes.length * 8 - 8) throw fault('DataError', 'algorithm.length: Invalid key length');
    return makeKey({ type: 'secret', extractable, usages, algorithm: { name: 'HMAC', hash: { name: hash }, length } }, bytes);
  },
  generateKey(params, extractable, given, draw) {
    const hash = hashOf(params);
    const length = numberMember(params, 'length', HASHES[hash].block * 8);
    if (length % 8 !== 0) throw coded(TypeError, 'ERR_INVALID_ARG_VALUE', `The property 'algorithm.length' must be a multiple of 8. Received ${length}`);
    const usages = newUsages(given, ['sign', 'verify']);
    if (length === 0) throw fault('OperationError', 'algorithm.length cannot be zero');
    if (length > HMAC_BITS_MAX) throw fault('OperationError', `algorithm.length must be at most ${HMAC_BITS_MAX}`);
    const algorithm = { name: 'HMAC', length, hash: { name: hash } };
    return makeKey({ type: 'secret', extractable, usages, algorithm }, draw(length / 8));
  },
  exportKey: (format, key) => exported(format, key, use(key, 'HMAC'), hmacAlg(key.algorithm.hash.name)()),
  sign(params, key, data) {
    return compute(OP.HMAC, HASHES[key.algorithm.hash.name].alg, use(key, 'HMAC', 'sign'), data);
  },
  verify(params, key, signature, data) {
    const tag = compute(OP.HMAC, HASHES[key.algorithm.hash.name].alg, use(key, 'HMAC', 'verify'), data);
    if (tag.length !== signature.length) return false;
    let different = 0;
    for (let i = 0; i < tag.length; i++) different |= tag[i] ^ signature[i];
    return different === 0;
  },
  lengthOf: (params) => numberMember(params, 'length', HASHES[hashOf(params)].block * 8),
};

function aes(name, crypt) {
  return {
    importKey(format, data, params, extractable, given) {
      const usages = checkUsages(given, ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'], { needed: true });
      const bytes = secret(format, data, name, aesAlg(name), extractable, usages);
      if (bytes.length !== 16 && bytes.length !== 24 && bytes.length !== 32) throw fault('DataError', 'keyData: Invalid key length');
      return makeKey({ type: 'secret', extractable, usages, algorithm: { name, length: bytes.length * 8 } }, bytes);
    },
    generateKey(params, extractable, given, draw) {
      const length = numberMember(params, 'length', undefined, 0xffff);
      if (length !== 128 && length !== 192 && length !== 256) throw fault('OperationError', 'AES key length must be 128, 192, or 256 bits');
      const usages = newUsages(given, ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey']);
      return makeKey({ type: 'secret', extractable, usages, algorithm: { name, length } }, draw(length / 8));
    },
    exportKey(format, key) {
      const material = use(key, name);
      return exported(format, key, material, aesAlg(name)(material.length));
    },
    encrypt: (params, key, data, usage = 'encrypt') => crypt(params, use(key, name, usage), data, 'encrypt'),
    decrypt: (params, key, data, usage = 'decrypt') => crypt(params, use(key, name, usage), data, 'decrypt'),
    lengthOf(params) {
      const length = numberMember(params, 'length');
      if (length !== 128 && length !== 192 && length !== 256) throw fault('OperationError', 'derivedKeyType.length: Invalid key length');
      return length;
    },
  };
}

function cbc(params, key, data, way) {
  const iv = bytesMember(params, 'iv');
  if (iv.length !== 16) throw fault('OperationError', 'algorithm.iv must contain exactly 16 bytes');
  return attempt(OP.AES_CBC, COUNTED[way], key, iv, data);
}
function ctr(params, key, data) {
  const counter = bytesMember(params, 'counter');
  const length = numberMember(params, 'length', undefined, 255);
  if (counter.length !== 16) throw fault('OperationError', 'algorithm.counter must contain exactly 16 bytes');
  if (length === 0 || length > 128) throw fault('OperationError', 'AES-CTR algorithm.length must be between 1 and 128');
  return attempt(OP.AES_CTR, key, counter, length, data);
}
const TAG_BITS = [32, 64, 96, 104, 112, 120, 128];
function gcm(params, key, data, way) {
  const iv = bytesMember(params, 'iv');
  const aad = params.additionalData === undefined ? new Uint8Array(0) : bytesMember(params, 'additionalData');
  const tagBits = numberMember(params, 'tagLength', 128, 255);
  if (!TAG_BITS.includes(tagBits)) throw fault('OperationError', `${tagBits} is not a valid AES-GCM tag length`);
  if (way === 'decrypt' && data.length < tagBits / 8) throw fault('OperationError', 'The provided data is too small.');
  return attempt(OP.AES_GCM, COUNTED[way], key, iv, data, aad, tagBits / 8);
}

function derivation(name, derive) {
  return {
    importKey(format, data, params, extractable, given) {
      const usages = checkUsages(given, ['deriveKey', 'deriveBits'], { needed: true });
      if (format !== 'raw' && format !== 'raw-secret') throw unrecognized(`Unable to import ${name} key with format ${format}`);
      if (extractable) throw fault('SyntaxError', `${name} keys are not extractable`);
      return makeKey({ type: 'secret', extractable, usages, algorithm: { name } }, bufferSource(data, 'keyData').slice());
    },
    deriveBits(params, key, length, usage = 'deriveBits') {
      const material = use(key, name, usage);
      if (length === null || length === undefined) throw fault('OperationError', 'length cannot be null');
      const bits = asNumber(length, 'length');
      if (!(bits >= 0) || bits % 8 !== 0) throw fault('OperationError', 'length must be a multiple of 8');
      return derive(params, material, bits / 8);
    },
  };
}

export const SYMMETRIC = {
  HMAC: hmac,
  'AES-CBC': aes('AES-CBC', cbc),
  'AES-CTR': aes('AES-CTR', ctr),
  'AES-GCM': aes('AES-GCM', gcm),
  HKDF: derivation('HKDF', (params, material, length) => {
    const { alg } = HASHES[hashOf(params)];
    const [salt, info] = [bytesMember(params, 'salt'), bytesMember(params, 'info')];
    return length === 0 ? new Uint8Array(0) : attempt(OP.HKDF, alg, material, salt, info, length);
  }),
  PBKDF2: derivation('PBKDF2', (params, material, length) => {
    const { alg } = HASHES[hashOf(params)];
    const [salt, iterations] = [bytesMember(params, 'salt'), numberMember(params, 'iterations')];
    if (iterations === 0) throw fault('OperationError', 'iterations cannot be zero');
    return length === 0 ? new Uint8Array(0) : attempt(OP.PBKDF2, alg, material, salt, iterations, length);
  }),
};
