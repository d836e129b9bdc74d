// `jwt`: decode, verify and sign as the npm package jsonwebtoken has them, for the algorithms below.

import { apply, freeze, getPrototypeOf, hostError, jsonOf, keys, native, objectPrototype, parse, text, wellFormed } from '../core.js';
import { ALG, CURVE, OP, RSA, compute, computeTrue } from '../native.js';
import { readKey } from './jwt/keys.js';
import { seconds } from './jwt/time.js';
import { uint8arrayFromString, uint8arrayToString } from './text.js';

const HASHES = { 256: ALG.SHA256, 384: ALG.SHA384, 512: ALG.SHA512 };
// By algorithm: what kind of key it takes, and its hash.
const ALGORITHMS = { __proto__: null };
for (const size of [256, 384, 512]) {
  ALGORITHMS[`HS${size}`] = { kind: 'secret', size };
  ALGORITHMS[`RS${size}`] = { kind: 'RSA', size, padding: RSA.PKCS1, salt: 0 };
  ALGORITHMS[`PS${size}`] = { kind: 'RSA', size, padding: RSA.PSS, salt: size / 8 };
}
ALGORITHMS.ES256 = { kind: 'P-256', size: 256, curve: CURVE.P256, length: 64 };
ALGORITHMS.ES384 = { kind: 'P-384', size: 384, curve: CURVE.P384, length: 96 };
const supported = (algorithm) => typeof algorithm === 'string' && ALGORITHMS[algorithm] !== undefined;

class JsonWebTokenError extends Error {
  constructor(message) {
    super(message);
    this.name = 'JsonWebTokenError';
  }
}
class TokenExpiredError extends JsonWebTokenError {
  constructor(message, expiredAt) {
    super(message);
    this.name = 'TokenExpiredError';
    this.expiredAt = expiredAt;
  }
}
class NotBeforeError extends JsonWebTokenError {
  constructor(message, date) {
    super(message);
    this.name = 'NotBeforeError';
    this.date = date;
  }
}

const TOKEN = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/;
const test = RegExp.prototype.test, split = String.prototype.split;
const fromPart = (part) => native.decode(uint8arrayFromString(part, 'base64url'), true);

// Undefined for a text that is no token.
function read(token) {
  if (typeof token !== 'string' || !apply(test, TOKEN, [token])) return undefined;
  const [head, body, signature] = apply(split, token, ['.']);
  try {
    const header = parse(fromPart(head));
    if (header === null || typeof header !== 'object' || Array.isArray(header)) return undefined;
    let payload = fromPart(body);
    try {
      const json = parse(payload);
      if (json !== null && typeof json === 'object') payload = json;
    } catch {
      // The payload is a text.
    }
    return { header, payload, signature, signed: `${head}.${body}` };
  } catch {
    return undefined;
  }
}

function decode(token, options) {
  const decoded = read(token);
  if (decoded === undefined) return null;
  const { header, payload, signature } = decoded;
  return options !== undefined && options !== null && options.complete === true ? { header, payload, signature } : payload;
}

// With a callback errors and values go to it, otherwise they are thrown and returned.
function verify(token, secretOrKey, options, callback) {
  if (typeof options === 'function') return verify(token, secretOrKey, undefined, options);
  if (typeof callback === 'function') {
    const done = (value) => callback(null, value);
    if (typeof secretOrKey === 'function') {
      const decoded = read(token);
      if (decoded === undefined) return callback(new JsonWebTokenError('jwt malformed'));
      return secretOrKey(decoded.header, (error, key) => {
        if (error) return callback(new JsonWebTokenError(`error in secret or public key callback: ${error.message}`));
        return settle(() => check(token, key, options), done, callback);
      });
    }
    return settle(() => check(token, secretOrKey, options), done, callback);
  }
  if (typeof secretOrKey === 'function') throw new JsonWebTokenError('verify must be called asynchronous if secret or public key is provided as a callback');
  return check(token, secretOrKey, options);
}
function settle(compute, done, failed) {
  let value;
  try {
    value = compute();
  } catch (error) {
    return failed(error);
  }
  return done(value);
}

// An object of nothing but its members: a promise that was not awaited, or a map, has none of them.
function isPlain(value) {
  if (value === null || typeof value !== 'object') return false;
  const prototype = getPrototypeOf(value);
  return prototype === null || prototype === objectPrototype;
}

// What an option may be. A text that is added to a time, or an option that is never equal to a claim, would decide
// something else than its author meant. An option that is undefined or null is not there.
const IS = {
  boolean: (value) => typeof value === 'boolean',
  number: (value) => typeof value === 'number' && isFinite(value),
  text: (value) => typeof value === 'string',
  span: (value) => seconds(value) !== undefined,
  object: (value) => isPlain(value),
  texts: (value) => Array.isArray(value) && every(value, IS.text),
  oneOrMore: (value) => every(Array.isArray(value) ? value : [value], IS.text),
  patterns: (value) => every(Array.isArray(value) ? value : [value], (one) => typeof one === 'string' || one instanceof RegExp),
};
const NAMES = {
  boolean: 'a boolean', number: 'a number', text: 'a string', object: 'a plain object', texts: 'an array of strings',
  span: 'a number of seconds or string representing a timespan eg: "1d", "20h", 60',
  oneOrMore: 'a string or an array of strings', patterns: 'a string, a regular expression or an array of these',
};
const VERIFY = {
  algorithms: 'texts', clockTimestamp: 'number', clockTolerance: 'number', maxAge: 'span', ignoreExpiration: 'boolean',
  ignoreNotBefore: 'boolean', complete: 'boolean', audience: 'patterns', issuer: 'oneOrMore', subject: 'text', jwtid: 'text', nonce: 'text',
};
const SIGN = {
  algorithm: 'text', expiresIn: 'span', notBefore: 'span', audience: 'oneOrMore', issuer: 'text', subject: 'text', jwtid: 'text',
  keyid: 'text', header: 'object', noTimestamp: 'boolean',
};
const { isFinite } = Number;
const includes = Array.prototype.includes;
function every(list, holds) {
  for (let i = 0; i < list.length; i++) if (!holds(list[i])) return false;
  return true;
}
// The options that are there, read once, each of its type.
function checked(given, types) {
  const options = { __proto__: null };
  if (given === undefined || given === null) return options;
  if (!isPlain(given)) throw new JsonWebTokenError('options must be a plain object');
  for (const name of keys(types)) {
    const value = given[name];
    if (value === undefined || value === null) continue;
    if (!IS[types[name]](value)) throw new JsonWebTokenError(`"${name}" should be ${NAMES[types[name]]}`);
    options[name] = value;
  }
  return options;
}

function check(token, secretOrKey, given) {
  const options = checked(given, VERIFY);
  if (!token) throw new JsonWebTokenError('jwt must be provided');
  if (typeof token !== 'string') throw new JsonWebTokenError('jwt must be a string');
  if (apply(split, token, ['.']).length !== 3) throw new JsonWebTokenError('jwt malformed');
  const decoded = read(token);
  if (decoded === undefined) throw new JsonWebTokenError('invalid token');
  const { header, payload, signature, signed } = decoded;
  if (signature === '') throw new JsonWebTokenError('jwt signature is required');
  // Without a list the key decides: each algorithm takes one kind of key, so a public key is never a secret.
  const { algorithms } = options;
  if (algorithms !== undefined && !apply(includes, algorithms, [header.alg])) throw new JsonWebTokenError('invalid algorithm');
  if (!supported(header.alg)) throw hostError('not_supported', `jwt: ${text(header.alg)} is not supported; supported: ${keys(ALGORITHMS).join(', ')}`);
  if (secretOrKey === undefined || secretOrKey === null || secretOrKey === '') throw new JsonWebTokenError('secret or public key must be provided');
  if (!signatureHolds(header.alg, secretOrKey, signed, signature)) throw new JsonWebTokenError('invalid signature');
  const now = options.clockTimestamp ?? Math.floor(native.now() / 1000);
  checkTimes(payload, options, now);
  checkClaims(payload, options);
  return options.complete === true ? { header, payload, signature } : payload;
}

function signatureHolds(algorithm, secretOrKey, signed, signature) {
  const { kind, size, padding, salt, curve, length } = ALGORITHMS[algorithm];
  let key, bytes;
  try {
    key = readKey(secretOrKey);
    bytes = uint8arrayFromString(signature, 'base64url');
  } catch (error) {
    throw new JsonWebTokenError(error instanceof SyntaxError ? 'invalid signature' : error.message);
  }
  if (key.kind !== kind) throw new JsonWebTokenError(`secretOrPublicKey must be ${kind === 'secret' ? 'a secret' : `a public key (${kind})`} when using ${algorithm}`);
  if (kind === 'secret') {
    if (key.secret.length === 0) throw new JsonWebTokenError('secret or public key must be provided');
    const tag = compute(OP.HMAC, HASHES[size], key.secret, signed);
    let odd = tag.length ^ bytes.length;
    for (let i = 0; i < tag.length; i++) odd |= tag[i] ^ bytes[i];
    return odd === 0;
  }
  const digest = compute(OP.HASH, HASHES[size], signed);
  if (kind === 'RSA') return computeTrue(OP.RSA_VERIFY, padding, HASHES[size], digest, bytes, key.n, key.e, salt);
  return bytes.length === length && computeTrue(OP.ECDSA_VERIFY, curve, digest, bytes, key.point);
}

function checkTimes(payload, options, now) {
  const tolerance = options.clockTolerance ?? 0;
  const date = (value) => new Date(value * 1000);
  if (payload.nbf !== undefined && !options.ignoreNotBefore) {
    if (typeof payload.nbf !== 'number') throw new JsonWebTokenError('invalid nbf value');
    if (payload.nbf > now + tolerance) throw new NotBeforeError('jwt not active', date(payload.nbf));
  }
  if (payload.exp !== undefined && !options.ignoreExpiration) {
    if (typeof payload.exp !== 'number') throw new JsonWebTokenError('invalid exp value');
    if (now >= payload.exp + tolerance) throw new TokenExpiredError('jwt expired', date(payload.exp));
  }
  if (options.maxAge !== undefined) {
    if (typeof payload.iat !== 'number') throw new JsonWebTokenError('iat required when maxAge is specified');
    const age = seconds(options.maxAge);
    if (now >= payload.iat + age + tolerance) throw new TokenExpiredError('maxAge exceeded', date(payload.iat + age));
  }
}

function checkClaims(payload, options) {
  const list = (value) => (Array.isArray(value) ? value : [value]);
  if (options.audience !== undefined) {
    const wanted = list(options.audience), got = list(payload.aud);
    const matches = got.some((one) => wanted.some((want) => (want instanceof RegExp ? typeof one === 'string' && want.test(one) : want === one)));
    if (!matches) throw new JsonWebTokenError(`jwt audience invalid. expected: ${wanted.join(' or ')}`);
  }
  if (options.issuer !== undefined && !list(options.issuer).includes(payload.iss)) {
    throw new JsonWebTokenError(`jwt issuer invalid. expected: ${text(options.issuer)}`);
  }
  for (const [option, claim, name] of [['subject', 'sub', 'subject'], ['jwtid', 'jti', 'jwtid'], ['nonce', 'nonce', 'nonce']]) {
    if (options[option] !== undefined && payload[claim] !== options[option]) {
      throw new JsonWebTokenError(`jwt ${name} invalid. expected: ${text(options[option])}`);
    }
  }
}

// Only with a secret: an action has no private key of its own that it could show to anybody.
function sign(payload, secret, options, callback) {
  if (typeof options === 'function') return sign(payload, secret, undefined, options);
  if (typeof callback === 'function') return settle(() => make(payload, secret, options), (token) => callback(null, token), callback);
  return make(payload, secret, options);
}
const CLAIMS = { audience: 'aud', issuer: 'iss', subject: 'sub', jwtid: 'jti' };
function make(payload, secret, given) {
  const options = checked(given, SIGN);
  const algorithm = options.algorithm ?? 'HS256';
  if (!supported(algorithm) || ALGORITHMS[algorithm].kind !== 'secret') {
    throw hostError('not_supported', `jwt.sign: ${text(algorithm)} is not supported; supported: HS256, HS384, HS512`);
  }
  if (secret === undefined || secret === null || secret === '') throw new Error('secretOrPrivateKey must have a value');
  const key = readKey(secret);
  if (key.kind !== 'secret') throw new Error(`secretOrPrivateKey must be a symmetric key when using ${algorithm}`);
  if (key.secret.length === 0) throw new Error('secretOrPrivateKey must have a value');
  const isText = typeof payload === 'string';
  if (!isText && !isPlain(payload)) throw new Error('Expected "payload" to be a string or a plain object');
  let claims = payload;
  if (!isText) {
    claims = { ...payload };
    for (const claim of ['iat', 'exp', 'nbf']) {
      if (claims[claim] !== undefined && !IS.number(claims[claim])) throw new Error(`"${claim}" should be a number of seconds`);
    }
    const iat = claims.iat ?? Math.floor(native.now() / 1000);
    if (options.noTimestamp) delete claims.iat;
    else claims.iat = iat;
    for (const [option, claim] of [['notBefore', 'nbf'], ['expiresIn', 'exp']]) {
      if (options[option] === undefined) continue;
      if (claims[claim] !== undefined) throw new Error(`Bad "options.${option}" option the payload already has an "${claim}" property.`);
      claims[claim] = iat + seconds(options[option]);
    }
    for (const option of keys(CLAIMS)) {
      if (options[option] === undefined) continue;
      if (claims[CLAIMS[option]] !== undefined) throw new Error(`Bad "options.${option}" option. The payload already has an "${CLAIMS[option]}" property.`);
      claims[CLAIMS[option]] = options[option];
    }
  }
  const header = { alg: algorithm, typ: isText ? undefined : 'JWT', kid: options.keyid, ...options.header };
  const part = (value) => uint8arrayToString(new Uint8Array(native.encode(wellFormed(value))), 'base64url');
  const signed = `${part(jsonOf(header, 'header'))}.${part(isText ? claims : jsonOf(claims, 'payload'))}`;
  const tag = compute(OP.HMAC, HASHES[ALGORITHMS[algorithm].size], key.secret, signed);
  return `${signed}.${uint8arrayToString(tag, 'base64url')}`;
}

export const jwt = freeze({ decode, verify, sign, JsonWebTokenError, TokenExpiredError, NotBeforeError });
