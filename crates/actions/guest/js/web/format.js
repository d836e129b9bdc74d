// The placeholders of `console.log`: %s %d %i %f %j %o %O %c %%.

import { getPrototypeOf, native, stringify, text } from '../core.js';
import { inspect, showNumber } from './inspect.js';

export function format(args, options = undefined) {
  const [first] = args;
  let out = '';
  let used = 0;
  if (typeof first === 'string') {
    if (args.length === 1) return first;
    used = 1;
    let from = 0;
    for (let at = first.indexOf('%'); at >= 0 && at < first.length - 1; at = first.indexOf('%', at)) {
      const kind = first[at + 1];
      let shown;
      if (kind === '%') {
        shown = '%';
      } else if (used < args.length && PLACEHOLDERS[kind] !== undefined) {
        shown = PLACEHOLDERS[kind](args[used++], options);
      } else {
        at++;
        continue;
      }
      out += first.slice(from, at) + shown;
      at += 2;
      from = at;
    }
    out += first.slice(from);
  }
  for (let at = used; at < args.length; at++) {
    if (at > 0) out += ' ';
    out += typeof args[at] === 'string' ? args[at] : inspect(args[at], options);
  }
  return out;
}

const PLACEHOLDERS = Object.assign(Object.create(null), {
  s(value, options) {
    switch (typeof value) {
      case 'number':
        return showNumber(value);
      case 'bigint':
        return `${value}n`;
      case 'object':
        if (value !== null && !hasOwnText(value)) return inspect(value, { ...options, depth: 0, compact: 3 });
        return text(value);
      default:
        return text(value);
    }
  },
  d(value) {
    if (typeof value === 'bigint') return `${value}n`;
    return typeof value === 'symbol' ? 'NaN' : showNumber(Number(value));
  },
  i(value) {
    if (typeof value === 'bigint') return `${value}n`;
    return typeof value === 'symbol' ? 'NaN' : showNumber(parseInt(value));
  },
  f(value) {
    return typeof value === 'symbol' ? 'NaN' : showNumber(parseFloat(value));
  },
  j(value) {
    try {
      return text(stringify(value));
    } catch (error) {
      if (error instanceof TypeError && /circular/i.test(error.message)) return '[Circular]';
      throw error;
    }
  },
  o: (value, options) => inspect(value, { ...options, showHidden: true, showProxy: true, depth: 4 }),
  O: (value, options) => inspect(value, options),
  c: () => '',
});

// Whether an object says itself how it reads as text, rather than the built-in that it derives from.
function hasOwnText(value) {
  if (native.kind(value) === 'Proxy') return false;
  const BUILT_IN = builtIns();
  for (let at = value; at !== null; at = getPrototypeOf(at)) {
    if (Object.hasOwn(at, 'toString') || Object.hasOwn(at, Symbol.toPrimitive)) return !BUILT_IN.has(at);
  }
  return typeof value.toString === 'function';
}
let known;
function builtIns() {
  if (known === undefined) {
    known = new Set();
    for (const Class of [Object, Array, Function, Error, Date, RegExp, Boolean, Number, String, Symbol, BigInt]) known.add(Class.prototype);
    known.add(getPrototypeOf(Uint8Array.prototype));
  }
  return known;
}
builtIns();
