// As much of DER as a public key in the form SubjectPublicKeyInfo takes.

import { concatenated } from '../shape.js';
import { fault } from './params.js';

export const SEQUENCE = 0x30, INTEGER = 0x02, BITS = 0x03, OID = 0x06, NULL = 0x05;
const bad = () => fault('DataError', 'Invalid keyData');

// The content of the element with this tag at the start of `array`, and what follows it.
export function read(array, tag) {
  if (array.length < 2 || array[0] !== tag) throw bad();
  let length = array[1];
  let at = 2;
  if (length >= 0x80) {
    const count = length & 0x7f;
    if (count === 0 || count > 3 || array.length < 2 + count) throw bad();
    length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + array[at++];
    if (length < 0x80) throw bad();
  }
  if (at + length > array.length) throw bad();
  return [array.subarray(at, at + length), array.subarray(at + length)];
}

export function write(tag, ...parts) {
  const content = concatenated(parts);
  const { length } = content;
  const head = length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  return concatenated([new Uint8Array(head), content]);
}

// The identifiers in the algorithm of a SubjectPublicKeyInfo, in hex, and the key's bits.
export function readSpki(array) {
  const [whole, after] = read(array, SEQUENCE);
  const [algorithm, rest] = read(whole, SEQUENCE);
  const [bits, end] = read(rest, BITS);
  if (after.length !== 0 || end.length !== 0 || bits[0] !== 0) throw bad();
  const [oid, parameters] = read(algorithm, OID);
  const curve = parameters.length > 0 && parameters[0] === OID ? read(parameters, OID)[0].toHex() : '';
  return { oid: oid.toHex(), curve, key: bits.slice(1) };
}
export function writeSpki(oid, parameters, key) {
  const algorithm = write(SEQUENCE, write(OID, Uint8Array.fromHex(oid)), parameters);
  return write(SEQUENCE, algorithm, write(BITS, new Uint8Array([0]), key));
}

export function readUnsigned(array) {
  const [value, rest] = read(array, INTEGER);
  if (value.length === 0 || value[0] >= 0x80) throw bad();
  return [trimmed(value), rest];
}
export function writeUnsigned(value) {
  return write(INTEGER, value[0] >= 0x80 ? concatenated([new Uint8Array([0]), value]) : value);
}
export function trimmed(value) {
  let at = 0;
  while (at < value.length - 1 && value[at] === 0) at++;
  return value.slice(at);
}
