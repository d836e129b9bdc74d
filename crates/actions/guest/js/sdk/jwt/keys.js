// The keys of tokens: a secret, a public key in PEM (also inside a certificate), or a JWK.

import { native, wellFormed } from '../../core.js';
import { bytes } from '../bytes.js';
import { uint8arrayFromString } from '../text.js';
import { read, readAll } from './der.js';

const RSA_OID = '2a864886f70d010101', RSA_PSS_OID = '2a864886f70d01010a', EC_OID = '2a8648ce3d0201';
const CURVES = { __proto__: null, '2a8648ce3d030107': 'P-256', '2b81040022': 'P-384' };
const POINT_BYTES = { __proto__: null, 'P-256': 32, 'P-384': 48 };

const unreadable = () => new TypeError('secretOrPublicKey is not a key that can be read');

// { kind: 'secret', secret } | { kind: 'RSA', n, e } | { kind: 'P-256' | 'P-384', point }
export function readKey(value) {
  if (typeof value === 'string') {
    // What looks like a key and cannot be read is never taken for a secret.
    return value.includes('-----BEGIN') ? fromPem(value) : { kind: 'secret', secret: new Uint8Array(native.encode(wellFormed(value))) };
  }
  if (value !== null && typeof value === 'object' && typeof value.kty === 'string') return fromJwk(value);
  const secret = bytes(value, 'secretOrPublicKey');
  const shown = secret.length < 100_000 ? native.decode(secret, false) : '';
  return shown.includes('-----BEGIN') ? fromPem(shown) : { kind: 'secret', secret };
}

function fromPem(text) {
  const found = /-----BEGIN (PUBLIC KEY|RSA PUBLIC KEY|CERTIFICATE)-----([A-Za-z0-9+/=\s]+)-----END \1-----/.exec(text);
  if (found === null) throw unreadable();
  let der;
  try {
    der = uint8arrayFromString(found[2].replace(/\s+/g, ''), 'base64');
  } catch {
    throw unreadable();
  }
  if (found[1] === 'RSA PUBLIC KEY') return fromRsa(der);
  if (found[1] === 'PUBLIC KEY') return fromSpki(der);
  const certificate = readAll(read(der, 0x30));
  const members = certificate && readAll(certificate[0].tag === 0x30 ? certificate[0].body : undefined);
  // The version stands first, in a tag of its own, unless it is the oldest.
  const spki = members && members[members[0].tag === 0xa0 ? 6 : 5];
  if (!spki) throw unreadable();
  return fromSpkiBody(spki.body);
}

function fromSpki(der) {
  return fromSpkiBody(read(der, 0x30));
}

function fromSpkiBody(body) {
  const members = readAll(body);
  const algorithm = members && members.length === 2 && readAll(members[0].body);
  if (!algorithm || algorithm.length === 0 || algorithm[0].tag !== 0x06 || members[1].tag !== 0x03 || members[1].body[0] !== 0) throw unreadable();
  const content = members[1].body.subarray(1);
  const oid = hexOf(algorithm[0].body);
  if (oid === RSA_OID || oid === RSA_PSS_OID) return fromRsa(content);
  const kind = oid === EC_OID && algorithm.length === 2 ? CURVES[hexOf(algorithm[1].body)] : undefined;
  if (kind === undefined) throw unreadable();
  return { kind, point: content };
}

function fromRsa(der) {
  const numbers = readAll(read(der, 0x30));
  if (!numbers || numbers.length !== 2 || numbers[0].tag !== 0x02 || numbers[1].tag !== 0x02) throw unreadable();
  return { kind: 'RSA', n: unsigned(numbers[0].body), e: unsigned(numbers[1].body) };
}

function fromJwk({ kty, n, e, crv, x, y, k }) {
  const part = (value) => {
    if (typeof value !== 'string') throw unreadable();
    try {
      return uint8arrayFromString(value, 'base64url');
    } catch {
      throw unreadable();
    }
  };
  if (kty === 'oct') return { kind: 'secret', secret: part(k) };
  if (kty === 'RSA') return { kind: 'RSA', n: unsigned(part(n)), e: unsigned(part(e)) };
  const length = kty === 'EC' ? POINT_BYTES[crv] : undefined;
  const [first, second] = length === undefined ? [] : [part(x), part(y)];
  if (length === undefined || first.length !== length || second.length !== length) throw unreadable();
  const point = new Uint8Array(1 + 2 * length);
  point[0] = 4;
  point.set(first, 1);
  point.set(second, 1 + length);
  return { kind: crv, point };
}

function unsigned(number) {
  let at = 0;
  while (at < number.length && number[at] === 0) at++;
  return number.subarray(at);
}

function hexOf(array) {
  let out = '';
  for (let i = 0; i < array.length; i++) out += (array[i] < 16 ? '0' : '') + array[i].toString(16);
  return out;
}
