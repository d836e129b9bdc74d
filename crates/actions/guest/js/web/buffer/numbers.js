// Numbers in a Buffer: every read and write method, made of one description each.

import { argumentType, outOfRange, tooShort } from './errors.js';

const viewOf = (buffer) => new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);

function checkOffset(buffer, offset, size) {
  if (typeof offset !== 'number') throw argumentType('"offset" argument', 'of type number', offset);
  const last = buffer.length - size;
  if (Number.isInteger(offset) && offset >= 0 && offset <= last) return;
  if (!Number.isInteger(offset)) throw outOfRange('offset', 'an integer', offset);
  if (last < 0) throw tooShort();
  throw outOfRange('offset', `>= 0 and <= ${last}`, offset);
}

const limits = (size, signed) => (signed ? [-(2 ** (8 * size - 1)), 2 ** (8 * size - 1) - 1] : [0, 2 ** (8 * size) - 1]);

function checkValue(value, size, signed, big) {
  const [low, high] = big
    ? signed ? [-(2n ** 63n), 2n ** 63n - 1n] : [0n, 2n ** 64n - 1n]
    : limits(size, signed);
  if (value >= low && value <= high) return;
  if (value !== value) return;
  const bits = 8 * size;
  const n = big ? 'n' : '';
  const range = size <= 4 && !big
    ? `>= ${low} and <= ${high}`
    : signed ? `>= -(2${n} ** ${bits - 1}${n}) and < 2${n} ** ${bits - 1}${n}` : `>= 0${n} and < 2${n} ** ${bits}${n}`;
  throw outOfRange('value', range, value);
}

// [name, bytes, the member of DataView behind it, signed, kind]
const FIXED = [['Int8', 1, 'Int8', true, 'int'], ['UInt8', 1, 'Uint8', false, 'int']];
for (const [bits, size] of [[16, 2], [32, 4]]) {
  FIXED.push([`Int${bits}`, size, `Int${bits}`, true, 'int'], [`UInt${bits}`, size, `Uint${bits}`, false, 'int']);
}
FIXED.push(['BigInt64', 8, 'BigInt64', true, 'big'], ['BigUInt64', 8, 'BigUint64', false, 'big'],
  ['Float', 4, 'Float32', true, 'float'], ['Double', 8, 'Float64', true, 'float']);

function fixed(prototype, [name, size, member, signed, kind], suffix) {
  const { [`get${member}`]: get, [`set${member}`]: set } = DataView.prototype;
  const little = suffix === 'LE';
  const full = `${name}${suffix}`;
  const methods = {
    [`read${full}`](offset = 0) {
      checkOffset(this, offset, size);
      return get.call(viewOf(this), offset, little);
    },
    [`write${full}`](value, offset = 0) {
      if (kind === 'big') {
        if (typeof value !== 'bigint') throw new TypeError(`Cannot mix BigInt and other types, use explicit conversions`);
        checkValue(value, size, signed, true);
      } else {
        value = +value;
        if (kind === 'int') checkValue(value, size, signed, false);
      }
      checkOffset(this, offset, size);
      set.call(viewOf(this), offset, value, little);
      return offset + size;
    },
  };
  add(prototype, methods);
  if (name.includes('UInt')) {
    for (const way of ['read', 'write']) prototype[`${way}${full.replace('UInt', 'Uint')}`] = methods[`${way}${full}`];
  }
}

function add(prototype, methods) {
  for (const name of Object.keys(methods)) prototype[name] = methods[name];
}

function checkLength(byteLength) {
  if (typeof byteLength !== 'number') throw argumentType('"byteLength" argument', 'of type number', byteLength);
  if (!Number.isInteger(byteLength)) throw outOfRange('byteLength', 'an integer', byteLength);
  if (byteLength < 1 || byteLength > 6) throw outOfRange('byteLength', '>= 1 and <= 6', byteLength);
}

// Integers of one to six bytes.
function variable(prototype, signed, little) {
  const name = `${signed ? 'Int' : 'UInt'}${little ? 'LE' : 'BE'}`;
  const methods = {
    [`read${name}`](offset, byteLength) {
      if (offset === undefined) throw argumentType('"offset" argument', 'of type number', offset);
      checkLength(byteLength);
      checkOffset(this, offset, byteLength);
      let value = 0;
      for (let i = 0; i < byteLength; i++) value = value * 256 + this[little ? offset + byteLength - 1 - i : offset + i];
      return signed && value >= 2 ** (8 * byteLength - 1) ? value - 2 ** (8 * byteLength) : value;
    },
    [`write${name}`](value, offset, byteLength) {
      checkLength(byteLength);
      value = +value;
      checkValue(value, byteLength, signed, false);
      checkOffset(this, offset, byteLength);
      let left = Math.trunc(value) || 0;
      if (left < 0) left += 2 ** (8 * byteLength);
      for (let i = 0; i < byteLength; i++) {
        this[little ? offset + i : offset + byteLength - 1 - i] = left % 256;
        left = Math.floor(left / 256);
      }
      return offset + byteLength;
    },
  };
  add(prototype, methods);
  if (!signed) for (const way of ['read', 'write']) prototype[`${way}${name.replace('UInt', 'Uint')}`] = methods[`${way}${name}`];
}

export function addNumbers(prototype) {
  for (const entry of FIXED) {
    for (const suffix of entry[1] === 1 ? [''] : ['LE', 'BE']) fixed(prototype, entry, suffix);
  }
  for (const signed of [false, true]) for (const little of [true, false]) variable(prototype, signed, little);
}
