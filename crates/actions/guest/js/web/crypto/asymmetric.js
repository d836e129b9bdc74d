// ECDSA, Ed25519 and RSA: public keys and what they verify. An action has no private key of this kind:
// what it signs with are keys of the network.

import { hostError } from '../../core.js';
import { OP, RSA, compute, computeTrue } from '../../native.js';
import { bufferSource, concatenated } from '../shape.js';
import { CURVES, uncompressed } from './curves.js';
import { NULL, OID, SEQUENCE, read, readSpki, readUnsigned, trimmed, write, writeSpki, writeUnsigned } from './der.js';
import { checkUsages, makeKey, use } from './key.js';
import { HASHES, checkKeyOps, fault, fromBase64Url, hashOf, numberMember, toBase64Url, unrecognized } from './params.js';

const EC_OID = '2a8648ce3d0201', RSA_OID = '2a864886f70d010101', ED_OID = '2b6570';
const invalid = () => fault('DataError', 'Invalid keyData');

function refusePrivate() {
  throw hostError('not_supported', 'crypto.subtle: private keys of this kind are not supported; sign with Lit.Actions');
}
function jwkOf(data, kty) {
  if (data === null || typeof data !== 'object' || data.kty !== kty) throw fault('DataError', 'Invalid JWK "kty" Parameter');
  if (data.d !== undefined) refusePrivate();
  return data;
}
function jwkUse(data, usages) {
  if (data.use !== undefined && data.use !== 'sig') throw fault('DataError', 'Invalid JWK "use" Parameter');
  checkKeyOps(data, usages);
}
const digestOf = (hash, data) => compute(OP.HASH, HASHES[hash].alg, data);
const noFormat = (name, format) => unrecognized(`Unable to import ${name} key with format ${format}`);

const ecdsa = {
  importKey(format, data, params, extractable, given) {
    const { namedCurve } = params;
    const curve = typeof namedCurve === 'string' && Object.hasOwn(CURVES, namedCurve) ? CURVES[namedCurve] : undefined;
    if (curve === undefined) throw unrecognized('Unrecognized namedCurve');
    if (format === 'pkcs8') refusePrivate();
    let point;
    if (format === 'raw' || format === 'raw-public') {
      point = bufferSource(data, 'keyData').slice();
    } else if (format === 'spki') {
      const spki = readSpki(bufferSource(data, 'keyData').slice());
      if (spki.oid !== EC_OID) throw fault('DataError', 'Invalid key type');
      if (spki.curve !== curve.oid) throw fault('DataError', 'Named curve mismatch');
      point = spki.key;
    } else if (format === 'jwk') {
      const jwk = jwkOf(data, 'EC');
      const crv = namedCurve === 'K-256' ? 'secp256k1' : namedCurve;
      if (jwk.crv !== crv) throw fault('DataError', 'JWK "crv" does not match the requested algorithm');
      if (jwk.alg !== undefined && jwk.alg !== curve.alg) throw fault('DataError', 'JWK "alg" does not match the requested algorithm');
      jwkUse(jwk, [...given]);
      point = concatenated([new Uint8Array([4]), fromBase64Url(jwk, 'x'), fromBase64Url(jwk, 'y')]);
    } else {
      throw noFormat('ECDSA', format);
    }
    const usages = checkUsages(given, ['verify']);
    return makeKey({ type: 'public', extractable, usages, algorithm: { name: 'ECDSA', namedCurve } }, uncompressed(point, curve));
  },
  exportKey(format, key) {
    const point = use(key, 'ECDSA');
    const { namedCurve } = key.algorithm;
    const { bytes, oid } = CURVES[namedCurve];
    if (format === 'raw' || format === 'raw-public') return point.slice().buffer;
    if (format === 'spki') return writeSpki(EC_OID, write(OID, Uint8Array.fromHex(oid)), point).buffer;
    if (format !== 'jwk') throw unrecognized(`Unable to export ECDSA public key using ${format} format`);
    const [x, y] = [point.subarray(1, 1 + bytes), point.subarray(1 + bytes)];
    return {
      key_ops: [...key.usages], ext: key.extractable, kty: 'EC', x: toBase64Url(x), y: toBase64Url(y),
      crv: namedCurve === 'K-256' ? 'secp256k1' : namedCurve,
    };
  },
  sign: refusePrivate,
  verify(params, key, signature, data) {
    const point = use(key, 'ECDSA', 'verify');
    const curve = CURVES[key.algorithm.namedCurve];
    const digest = digestOf(hashOf(params), data);
    return signature.length === 2 * curve.bytes && curve.verify(digest, signature, point);
  },
};

const ed25519 = {
  importKey(format, data, params, extractable, given) {
    let point;
    if (format === 'pkcs8') refusePrivate();
    if (format === 'raw' || format === 'raw-public') {
      point = bufferSource(data, 'keyData').slice();
    } else if (format === 'spki') {
      const spki = readSpki(bufferSource(data, 'keyData').slice());
      if (spki.oid !== ED_OID) throw fault('DataError', 'Invalid key type');
      point = spki.key;
    } else if (format === 'jwk') {
      const jwk = jwkOf(data, 'OKP');
      if (jwk.crv !== 'Ed25519') throw fault('DataError', 'JWK "crv" Parameter and algorithm name mismatch');
      jwkUse(jwk, [...given]);
      point = fromBase64Url(jwk, 'x');
    } else {
      throw noFormat('Ed25519', format);
    }
    const usages = checkUsages(given, ['verify']);
    if (point.length !== 32) throw invalid();
    return makeKey({ type: 'public', extractable, usages, algorithm: { name: 'Ed25519' } }, point);
  },
  exportKey(format, key) {
    const point = use(key, 'Ed25519');
    if (format === 'raw' || format === 'raw-public') return point.slice().buffer;
    if (format === 'spki') return writeSpki(ED_OID, new Uint8Array(0), point).buffer;
    if (format !== 'jwk') throw unrecognized(`Unable to export Ed25519 public key using ${format} format`);
    return { key_ops: [...key.usages], ext: key.extractable, crv: 'Ed25519', x: toBase64Url(point), kty: 'OKP', alg: 'Ed25519' };
  },
  sign: refusePrivate,
  verify(params, key, signature, data) {
    const point = use(key, 'Ed25519', 'verify');
    return signature.length === 64 && computeTrue(OP.ED25519_VERIFY, data, signature, point);
  },
};

function rsa(name, jwkAlg, padding, saltOf) {
  return {
    importKey(format, data, params, extractable, given) {
      const hash = hashOf(params);
      if (format === 'pkcs8') refusePrivate();
      let n, e;
      if (format === 'spki') {
        const spki = readSpki(bufferSource(data, 'keyData').slice());
        if (spki.oid !== RSA_OID) throw fault('DataError', 'Invalid key type');
        const [pair, after] = read(spki.key, SEQUENCE);
        const [modulus, rest] = readUnsigned(pair);
        const [exponent, end] = readUnsigned(rest);
        if (after.length !== 0 || end.length !== 0) throw invalid();
        [n, e] = [modulus, exponent];
      } else if (format === 'jwk') {
        const jwk = jwkOf(data, 'RSA');
        if (jwk.alg !== undefined && jwk.alg !== jwkAlg(hash)) throw fault('DataError', 'JWK "alg" does not match the requested algorithm');
        jwkUse(jwk, [...given]);
        [n, e] = [trimmed(fromBase64Url(jwk, 'n')), trimmed(fromBase64Url(jwk, 'e'))];
      } else {
        throw noFormat(name, format);
      }
      const usages = checkUsages(given, ['verify']);
      if (n.length === 0 || n[0] === 0 || e.length === 0 || e[0] === 0) throw invalid();
      const algorithm = {
        name, modulusLength: n.length * 8 - Math.clz32(n[0]) + 24, publicExponent: e.slice(), hash: { name: hash },
      };
      return makeKey({ type: 'public', extractable, usages, algorithm }, { n, e });
    },
    exportKey(format, key) {
      const { n, e } = use(key, name);
      if (format === 'spki') return writeSpki(RSA_OID, write(NULL), write(SEQUENCE, writeUnsigned(n), writeUnsigned(e))).buffer;
      if (format !== 'jwk') throw unrecognized(`Unable to export ${name} public key using ${format} format`);
      return { key_ops: [...key.usages], ext: key.extractable, kty: 'RSA', n: toBase64Url(n), e: toBase64Url(e), alg: jwkAlg(key.algorithm.hash.name) };
    },
    sign: refusePrivate,
    verify(params, key, signature, data) {
      const { n, e } = use(key, name, 'verify');
      const hash = key.algorithm.hash.name;
      const salt = saltOf(params);
      if (signature.length !== n.length) return false;
      try {
        return computeTrue(OP.RSA_VERIFY, padding, HASHES[hash].alg, digestOf(hash, data), signature, n, e, salt);
      } catch (error) {
        if (error.code === 'compute_input') throw fault('OperationError', 'RSA keys of 1024 to 8192 bits are supported');
        throw error;
      }
    },
  };
}
const bitsOf = (hash) => (hash === 'SHA-1' ? '1' : hash.slice(4));

export const ASYMMETRIC = {
  ECDSA: ecdsa,
  Ed25519: ed25519,
  'RSASSA-PKCS1-v1_5': rsa('RSASSA-PKCS1-v1_5', (hash) => `RS${bitsOf(hash)}`, RSA.PKCS1, () => 0),
  'RSA-PSS': rsa('RSA-PSS', (hash) => `PS${bitsOf(hash)}`, RSA.PSS, (params) => numberMember(params, 'saltLength')),
};

