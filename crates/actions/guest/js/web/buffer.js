// Buffer, as in Node.js. Every Buffer has memory of its own: there is no pool behind small ones.

import { native } from '../core.js';
import { addNumbers } from './buffer/numbers.js';
import { compareBytes, bytesArgument, searching } from './buffer/search.js';
import { decodeText, encodeText, encodedLength, encodingName } from './buffer/encodings.js';
import { argumentType, outOfRange, received, unknownEncoding } from './buffer/errors.js';
import { coded, defineInspect, isArrayBuffer, setPrototypeOf } from './shape.js';

const LENGTH_MAX = 2 ** 32;

class FastBuffer extends Uint8Array {}

function Buffer(arg, encodingOrOffset, length) {
  if (typeof arg === 'number') {
    if (typeof encodingOrOffset === 'string') throw argumentType('"string" argument', 'of type string', arg);
    return Buffer.alloc(arg);
  }
  return Buffer.from(arg, encodingOrOffset, length);
}
Buffer.prototype = FastBuffer.prototype;
Object.defineProperty(FastBuffer.prototype, 'constructor', { value: Buffer, writable: true, enumerable: false, configurable: true });
setPrototypeOf(Buffer, Uint8Array);
// Whatever the bundler called it.
Object.defineProperty(Buffer, 'name', { value: 'Buffer', configurable: true });
Object.defineProperty(Buffer, Symbol.species, { get: () => FastBuffer, configurable: true });

const over = (array) => new FastBuffer(array.buffer, array.byteOffset, array.length);
function known(label) {
  const name = encodingName(label);
  if (name === undefined) throw unknownEncoding(label);
  return name;
}
function size(value, name = 'size') {
  if (typeof value !== 'number') throw argumentType(`"${name}" argument`, 'of type number', value);
  if (!(value >= 0 && value <= LENGTH_MAX)) throw outOfRange(name, `>= 0 && <= ${LENGTH_MAX}`, value);
  return value;
}

const statics = {
  from(value, encodingOrOffset, length) {
    if (typeof value === 'string') return over(encodeText(value, known(encodingOrOffset)));
    if (typeof value === 'object' && value !== null) {
      if (isArrayBuffer(value)) return fromArrayBuffer(value, encodingOrOffset, length);
      const primitive = value.valueOf && value.valueOf();
      if (primitive !== null && primitive !== undefined && primitive !== value && (typeof primitive === 'string' || typeof primitive === 'object')) {
        return Buffer.from(primitive, encodingOrOffset, length);
      }
      const made = fromObject(value);
      if (made !== undefined) return made;
      if (typeof value[Symbol.toPrimitive] === 'function') {
        const text = value[Symbol.toPrimitive]('string');
        if (typeof text === 'string') return over(encodeText(text, known(encodingOrOffset)));
      }
    }
    throw coded(TypeError, 'ERR_INVALID_ARG_TYPE', `The first argument must be of type string or an instance of Buffer, ArrayBuffer, or Array or an Array-like Object.${received(value)}`);
  },
  copyBytesFrom(view, offset = 0, length = undefined) {
    if (!ArrayBuffer.isView(view) || view instanceof DataView) throw argumentType('"view" argument', 'an instance of TypedArray', view);
    const part = view.subarray(offset, length === undefined ? undefined : offset + length).slice();
    return new FastBuffer(part.buffer, part.byteOffset, part.byteLength);
  },
  of(...items) {
    const out = new FastBuffer(items.length);
    for (let i = 0; i < items.length; i++) out[i] = items[i];
    return out;
  },
  alloc(length, fill, encoding) {
    const out = new FastBuffer(size(length));
    if (fill === undefined || fill === 0 || length === 0) return out;
    return out.fill(fill, typeof encoding === 'string' ? encoding : undefined);
  },
  allocUnsafe(length) {
    return new FastBuffer(size(length));
  },
  allocUnsafeSlow(length) {
    return new FastBuffer(size(length));
  },
  isBuffer(b) {
    return b instanceof Buffer;
  },
  compare(buf1, buf2) {
    return compareBytes(bytesArgument(buf1, 'buf1'), bytesArgument(buf2, 'buf2'));
  },
  isEncoding(encoding) {
    return typeof encoding === 'string' && encoding.length !== 0 && encodingName(encoding) !== undefined;
  },
  concat(list, length) {
    if (!Array.isArray(list)) throw argumentType('"list" argument', 'an instance of Array', list);
    if (list.length === 0) return new FastBuffer(0);
    let total = 0;
    for (let i = 0; i < list.length; i++) {
      if (!(list[i] instanceof Uint8Array)) throw argumentType(`"list[${i}]" argument`, 'an instance of Buffer or Uint8Array', list[i]);
      total += list[i].length;
    }
    const out = new FastBuffer(length === undefined ? total : size(length, 'length'));
    let at = 0;
    for (let i = 0; i < list.length && at < out.length; i++) {
      const part = list[i].length > out.length - at ? Uint8Array.prototype.subarray.call(list[i], 0, out.length - at) : list[i];
      out.set(part, at);
      at += part.length;
    }
    return out;
  },
  byteLength(string, encoding) {
    if (typeof string === 'string') return encodedLength(string, encodingName(encoding) ?? 'utf8');
    if (ArrayBuffer.isView(string) || isArrayBuffer(string)) return string.byteLength;
    throw argumentType('"string" argument', 'of type string or an instance of Buffer or ArrayBuffer', string);
  },
};
for (const name of Object.keys(statics)) Buffer[name] = statics[name];
Buffer.poolSize = 8192;

function fromArrayBuffer(buffer, byteOffset, length) {
  const from = byteOffset === undefined ? 0 : +byteOffset || 0;
  const left = buffer.byteLength - from;
  if (left < 0) throw coded(RangeError, 'ERR_BUFFER_OUT_OF_BOUNDS', '"offset" is outside of buffer bounds');
  if (length === undefined) return new FastBuffer(buffer, from, left);
  const wanted = +length;
  if (wanted > left) throw coded(RangeError, 'ERR_BUFFER_OUT_OF_BOUNDS', '"length" is outside of buffer bounds');
  return new FastBuffer(buffer, from, wanted > 0 ? wanted : 0);
}

function fromObject(value) {
  if (value.length !== undefined || isArrayBuffer(value.buffer)) {
    if (typeof value.length !== 'number') return new FastBuffer(0);
    return fromList(value);
  }
  return value.type === 'Buffer' && Array.isArray(value.data) ? fromList(value.data) : undefined;
}
function fromList(list) {
  if (list instanceof Uint8Array) return new FastBuffer(list);
  const out = new FastBuffer(list.length > 0 ? list.length : 0);
  for (let i = 0; i < out.length; i++) out[i] = list[i];
  return out;
}

const clamp = (value, length, fallback) => {
  if (value === undefined) return fallback;
  const number = Math.trunc(+value) || 0;
  return number < 0 ? Math.max(0, number + length) : Math.min(number, length);
};

const methods = {
  toString(encoding, start, end) {
    if (arguments.length === 0) return native.decode(this, false);
    const { length } = this;
    const from = start <= 0 || start === undefined ? 0 : Math.trunc(+start) || 0;
    const to = end === undefined || end > length ? length : Math.trunc(+end) || 0;
    if (from >= length || to <= from) return '';
    return decodeText(Uint8Array.prototype.subarray.call(this, from, to), known(encoding));
  },
  write(string, offset, length, encoding) {
    if (typeof string !== 'string') throw coded(TypeError, 'ERR_INVALID_ARG_TYPE', 'argument must be a string');
    if (typeof offset === 'string') [encoding, offset, length] = [offset, undefined, undefined];
    else if (typeof length === 'string') [encoding, length] = [length, undefined];
    const from = offset === undefined ? 0 : within(offset, 'offset', this.length);
    const room = length === undefined ? this.length - from : Math.min(within(length, 'length', this.length), this.length - from);
    return writeText(this, string, from, room, known(encoding));
  },
  subarray(start, end) {
    const from = clamp(start, this.length, 0);
    const to = clamp(end, this.length, this.length);
    return new FastBuffer(this.buffer, this.byteOffset + from, to > from ? to - from : 0);
  },
  slice(start, end) {
    return this.subarray(start, end);
  },
  toJSON() {
    return { type: 'Buffer', data: Array.from(this) };
  },
  swap16() {
    return swap(this, 2);
  },
  swap32() {
    return swap(this, 4);
  },
  swap64() {
    return swap(this, 8);
  },
  ...searching,
};
for (const name of Object.keys(methods)) Buffer.prototype[name] = methods[name];
Buffer.prototype.toLocaleString = methods.toString;
addNumbers(Buffer.prototype);
for (const name of ['ascii', 'base64', 'base64url', 'latin1', 'hex', 'ucs2', 'utf8']) {
  const encoding = encodingName(name);
  Buffer.prototype[`${name}Slice`] = function (start, end) {
    return decodeText(Uint8Array.prototype.subarray.call(this, start, end), encoding);
  };
  Buffer.prototype[`${name}Write`] = function (string, offset = 0, length = this.length - offset) {
    return writeText(this, string, offset, Math.min(length, this.length - offset), encoding);
  };
}
for (const [name, get] of [['parent', (own) => own.buffer], ['offset', (own) => own.byteOffset]]) {
  Object.defineProperty(Buffer.prototype, name, {
    get() {
      return this instanceof Buffer ? get(this) : undefined;
    },
    enumerable: true,
    configurable: false,
  });
}

function within(value, name, high) {
  if (typeof value !== 'number') throw argumentType(`"${name}" argument`, 'of type number', value);
  if (!Number.isInteger(value)) throw outOfRange(name, 'an integer', value);
  if (value < 0 || value > high) throw outOfRange(name, `>= 0 && <= ${high}`, value);
  return value;
}

// Whole characters only: what does not fit is left out.
function writeText(target, string, from, room, encoding) {
  const array = encodeText(string, encoding);
  let count = Math.min(array.length, room);
  if (count < array.length) {
    if (encoding === 'utf8') while (count > 0 && (array[count] & 0xc0) === 0x80) count--;
    if (encoding === 'utf16le') count &= ~1;
  }
  target.set(array.subarray(0, count), from);
  return count;
}

function swap(buffer, width) {
  if (buffer.length % width !== 0) throw coded(RangeError, 'ERR_INVALID_BUFFER_SIZE', `Buffer size must be a multiple of ${8 * width}-bits`);
  for (let at = 0; at < buffer.length; at += width) Uint8Array.prototype.subarray.call(buffer, at, at + width).reverse();
  return buffer;
}

defineInspect(Buffer, (buffer, depth, options, inspect) => {
  const shown = Uint8Array.prototype.subarray.call(buffer, 0, 50).toHex().replace(/..(?=.)/g, '$& ');
  const left = buffer.length - 50;
  let out = shown + (left > 0 ? ` ... ${left} more byte${left > 1 ? 's' : ''}` : '');
  const extra = Object.fromEntries(Object.entries(buffer).slice(buffer.length));
  if (Object.keys(extra).length > 0) out += `${buffer.length > 0 ? ', ' : ''}${inspect(extra, { ...options, breakLength: Infinity }).slice(2, -2)}`;
  return `<Buffer ${out}>`;
});

export { Buffer };
