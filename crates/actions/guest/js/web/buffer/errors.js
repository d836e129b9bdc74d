// The errors of Buffer, under the codes of Node.js.

import { text } from '../../core.js';
import { coded } from '../shape.js';
import { inspect } from '../inspect.js';

export function argumentType(name, expected, value) {
  return coded(TypeError, 'ERR_INVALID_ARG_TYPE', `The ${name} must be ${expected}.${received(value)}`);
}
export function received(value) {
  if (value === null || value === undefined) return ` Received ${value}`;
  if (typeof value === 'function') return ` Received function ${value.name}`;
  if (typeof value === 'object') {
    return value.constructor?.name ? ` Received an instance of ${value.constructor.name}` : ` Received ${inspect(value, { depth: -1 })}`;
  }
  const shown = inspect(value);
  return ` Received type ${typeof value} (${shown.length > 28 ? `${shown.slice(0, 25)}...` : shown})`;
}
export function outOfRange(name, range, value) {
  let shown = typeof value === 'bigint' ? `${value}` : inspect(value);
  const wide = typeof value === 'bigint' ? value > 4294967296n || value < -4294967296n : Number.isInteger(value) && Math.abs(value) > 4294967296;
  if (wide) shown = shown.replace(/\B(?=(\d{3})+$)/g, '_');
  return coded(RangeError, 'ERR_OUT_OF_RANGE', `The value of "${name}" is out of range. It must be ${range}. Received ${shown}${typeof value === 'bigint' ? 'n' : ''}`);
}
export function tooShort() {
  return coded(RangeError, 'ERR_BUFFER_OUT_OF_BOUNDS', 'Attempt to access memory outside buffer bounds');
}
export function unknownEncoding(label) {
  return coded(TypeError, 'ERR_UNKNOWN_ENCODING', `Unknown encoding: ${text(label)}`);
}
