// Comparing, finding, filling and copying bytes.

import { viewed } from '../shape.js';
import { encodeText, encodingName } from './encodings.js';
import { argumentType, outOfRange, unknownEncoding } from './errors.js';

const BYTES = 'an instance of Buffer or Uint8Array';

export function compareBytes(a, b) {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    if (a[i] !== b[i]) return a[i] < b[i] ? -1 : 1;
  }
  return a.length === b.length ? 0 : a.length < b.length ? -1 : 1;
}
export function bytesArgument(value, name) {
  if (!(value instanceof Uint8Array)) throw argumentType(`"${name}" argument`, BYTES, value);
  return value;
}
function bound(value, name, fallback, high) {
  if (value === undefined) return fallback;
  if (typeof value !== 'number') throw argumentType(`"${name}" argument`, 'of type number', value);
  if (!Number.isInteger(value)) throw outOfRange(name, 'an integer', value);
  if (value < 0 || value > high) throw outOfRange(name, `>= 0 && <= ${high}`, value);
  return value;
}

function find(buffer, value, byteOffset, encoding, forward) {
  if (typeof byteOffset === 'string') {
    encoding = byteOffset;
    byteOffset = undefined;
  }
  const { length } = buffer;
  let from = Math.trunc(+byteOffset);
  if (from !== from) from = forward ? 0 : length;
  if (from < 0) from += length;
  if (typeof value === 'number') {
    const byte = value & 0xff;
    if (forward) return Uint8Array.prototype.indexOf.call(buffer, byte, Math.max(from, 0));
    return from < 0 ? -1 : Uint8Array.prototype.lastIndexOf.call(buffer, byte, from);
  }
  let wanted;
  let step = 1;
  if (typeof value === 'string') {
    const name = encodingName(encoding);
    if (name === undefined) throw unknownEncoding(encoding);
    wanted = encodeText(value, name);
    if (name === 'utf16le') step = 2;
  } else {
    wanted = value instanceof Uint8Array ? value : undefined;
    if (wanted === undefined) throw argumentType('"value" argument', 'one of type number or string or an instance of Buffer or Uint8Array', value);
  }
  if (forward && from < 0) from = 0;
  if (from < 0) return -1;
  if (wanted.length === 0) return Math.min(from, length);
  let at = forward ? from : Math.min(from, length - wanted.length);
  for (; forward ? at <= length - wanted.length : at >= 0; at += forward ? 1 : -1) {
    if (step === 2 && at % 2 !== 0) continue;
    let same = 0;
    while (same < wanted.length && buffer[at + same] === wanted[same]) same++;
    if (same === wanted.length) return at;
  }
  return -1;
}

export const searching = {
  equals(otherBuffer) {
    bytesArgument(otherBuffer, 'otherBuffer');
    return compareBytes(this, otherBuffer) === 0;
  },
  compare(target, targetStart, targetEnd, sourceStart, sourceEnd) {
    bytesArgument(target, 'target');
    const ts = bound(targetStart, 'targetStart', 0, Number.MAX_SAFE_INTEGER);
    const te = bound(targetEnd, 'targetEnd', target.length, target.length);
    const ss = bound(sourceStart, 'sourceStart', 0, Number.MAX_SAFE_INTEGER);
    const se = bound(sourceEnd, 'sourceEnd', this.length, this.length);
    if (ss >= se) return ts >= te ? 0 : -1;
    if (ts >= te) return 1;
    return compareBytes(Uint8Array.prototype.slice.call(this, ss, se), Uint8Array.prototype.slice.call(target, ts, te));
  },
  indexOf(value, byteOffset, encoding) {
    return find(this, value, byteOffset, encoding, true);
  },
  lastIndexOf(value, byteOffset, encoding) {
    return find(this, value, byteOffset, encoding, false);
  },
  includes(value, byteOffset, encoding) {
    return find(this, value, byteOffset, encoding, true) !== -1;
  },
  copy(target, targetStart, sourceStart, sourceEnd) {
    bytesArgument(target, 'target');
    const whole = (value, fallback) => (value === undefined ? fallback : Math.trunc(+value) || 0);
    const to = whole(targetStart, 0);
    if (to < 0) throw outOfRange('targetStart', '>= 0', to);
    const from = whole(sourceStart, 0);
    if (from < 0 || from > this.length) throw outOfRange('sourceStart', `>= 0 && <= ${this.length}`, from);
    const end = whole(sourceEnd, this.length);
    if (end < 0) throw outOfRange('sourceEnd', '>= 0', end);
    const count = Math.max(0, Math.min(Math.min(end, this.length) - from, target.length - to));
    if (count > 0) Uint8Array.prototype.set.call(target, Uint8Array.prototype.subarray.call(this, from, from + count), to);
    return count;
  },
  fill(value, offset, end, encoding) {
    if (typeof offset === 'string') [encoding, offset] = [offset, undefined];
    else if (typeof end === 'string') [encoding, end] = [end, undefined];
    const from = bound(offset, 'offset', 0, Number.MAX_SAFE_INTEGER);
    const to = bound(end, 'end', this.length, this.length);
    let pattern;
    if (typeof value === 'string') {
      const name = encodingName(encoding);
      if (name === undefined) throw unknownEncoding(encoding);
      pattern = encodeText(value, name);
      if (pattern.length === 0 && value.length > 0) throw Object.assign(new TypeError(`The argument 'value' is invalid. Received '${value}'`), { code: 'ERR_INVALID_ARG_VALUE' });
    } else {
      pattern = typeof value === 'object' && value !== null ? viewed(value) : undefined;
    }
    if (pattern === undefined || pattern.length === 0) {
      const byte = typeof value === 'boolean' ? +value : pattern !== undefined ? 0 : value & 0xff;
      Uint8Array.prototype.fill.call(this, byte, Math.min(from, to), to);
      return this;
    }
    for (let at = from, i = 0; at < to; at++, i = i + 1 === pattern.length ? 0 : i + 1) this[at] = pattern[i];
    return this;
  },
};

