// How `console` shows a value: what `util.inspect` of Node.js shows, for everything that a script can
// make. The rules for lines, depth and abbreviation are Node's; the text is laid out in inspect/layout.js.

import { apply, native, text } from '../core.js';
import { constructorName, functionBase, prefixOf } from './inspect/names.js';
import { arrange, escapeText, groupNumbers } from './inspect/layout.js';
import { errorBase } from './inspect/errors.js';
import { INSPECT, getOwnPropertyDescriptor, typedArrayName } from './shape.js';

const { ownKeys } = Reflect;
const { is } = Object;
const propertyIsEnumerable = Object.prototype.propertyIsEnumerable;
const hasOwnProperty = Object.prototype.hasOwnProperty;
const regExpToString = RegExp.prototype.toString;
const { getTime, toISOString, toString: dateToString } = Date.prototype;
const mapForEach = Map.prototype.forEach, setForEach = Set.prototype.forEach;
const mapSize = getOwnPropertyDescriptor(Map.prototype, 'size').get, setSize = getOwnPropertyDescriptor(Set.prototype, 'size').get;
const symbolToString = Symbol.prototype.toString;

const DEFAULTS = {
  showHidden: false, depth: 2, colors: false, customInspect: true, showProxy: false, maxArrayLength: 100, maxStringLength: 10000,
  breakLength: 80, compact: 3, sorted: false, getters: false, numericSeparator: false,
};
// Frames of the engine's stack that one level takes are many: past this the text says so.
const LEVELS_MAX = 200;
const LIST_MAX = 10000;

// `options` as in Node.js; what is not given has its default.
export function inspect(value, options = undefined) {
  const ctx = { ...DEFAULTS, ...options, seen: [], circular: null, indentation: 0, level: 0 };
  if (ctx.depth === null) ctx.depth = Infinity;
  if (ctx.maxArrayLength === null) ctx.maxArrayLength = Infinity;
  if (ctx.maxStringLength === null) ctx.maxStringLength = Infinity;
  return show(ctx, value, 0, false);
}

export function showNumber(value) {
  return is(value, -0) ? '-0' : `${value}`;
}

export function showSymbol(value) {
  return apply(symbolToString, value, []);
}

function show(ctx, value, level, isTyped) {
  switch (typeof value) {
    case 'string':
      return showText(ctx, value);
    case 'number':
      return showNumber(value);
    case 'bigint':
      return `${value}n`;
    case 'symbol':
      return showSymbol(value);
    case 'object':
    case 'function':
      break;
    default:
      return text(value);
  }
  if (value === null) return 'null';
  let kind = native.kind(value);
  const given = value;
  for (let links = 0; kind === 'Proxy' && links < 100; links++) {
    value = native.inside(value);
    if (value === null || value === undefined) return '<Revoked Proxy>';
    kind = native.kind(value);
  }
  if (ctx.customInspect) {
    const custom = value[INSPECT];
    if (typeof custom === 'function' && custom !== inspect && !(value.constructor && value.constructor.prototype === value)) {
      const { seen, circular, indentation, level: _, ...options } = ctx;
      options.depth = ctx.depth - level;
      const out = apply(custom, given, [options.depth, options, inspect]);
      if (out !== given) {
        if (out === null || typeof out !== 'object') return text(out).replaceAll('\n', `\n${' '.repeat(ctx.indentation)}`);
        return show(ctx, out, level, false);
      }
    }
  }
  if (ctx.seen.includes(value)) {
    if (ctx.circular === null) ctx.circular = new Map();
    if (!ctx.circular.has(value)) ctx.circular.set(value, ctx.circular.size + 1);
    return `[Circular *${ctx.circular.get(value)}]`;
  }
  return showObject(ctx, value, kind, level, isTyped);
}

function showText(ctx, value) {
  let trailer = '';
  if (value.length > ctx.maxStringLength) {
    const more = value.length - ctx.maxStringLength;
    value = value.slice(0, ctx.maxStringLength);
    trailer = `... ${more} more character${more > 1 ? 's' : ''}`;
  }
  if (ctx.compact !== true && value.length > 16 && value.length > ctx.breakLength - ctx.indentation - 4) {
    const lines = value.split(/(?<=\n)/);
    return lines.map(escapeText).join(` +\n${' '.repeat(ctx.indentation + 2)}`) + trailer;
  }
  return escapeText(value) + trailer;
}

// The keys shown: enumerable ones, or all; for lists without the indices.
function keysOf(ctx, value, isList) {
  // A long list is shown without what else hangs on it: its keys would be as many as its elements.
  if (isList && value.length > LIST_MAX) return [];
  const out = [];
  for (const key of ownKeys(value)) {
    if (isList && typeof key === 'string' && isIndex(key)) continue;
    if (ctx.showHidden || apply(propertyIsEnumerable, value, [key])) out.push(key);
  }
  return out;
}
const isIndex = (key) => /^(?:0|[1-9]\d{0,9})$/.test(key) && +key < 4294967295;

// What is shown of each kind of object: { start, end, base, items(), keys, listed } or a finished text.
function showObject(ctx, value, kind, level, isTyped) {
  const name = constructorName(value, ctx, level, inspect);
  let tag = value[Symbol.toStringTag];
  if (typeof tag !== 'string' || (tag !== '' && apply(ctx.showHidden ? hasOwnProperty : propertyIsEnumerable, value, [Symbol.toStringTag]))) tag = '';
  const about = { ctx, value, kind, name, tag, level: level + 1, isTyped };
  const shape = shapeOf(about);
  if (typeof shape === 'string') return shape;
  if (level > ctx.depth || level > LEVELS_MAX) {
    const short = prefixOf(name, tag, kind === 'Array' ? 'Array' : 'Object').slice(0, -1);
    return name === null ? `[${short}]` : `[${short}]`;
  }
  ctx.seen.push(value);
  ctx.level = level + 1;
  const output = shape.items === undefined ? [] : shape.items();
  for (const key of shape.keys) output.push(showProperty(ctx, value, level + 1, key, false));
  ctx.seen.pop();
  let { base = '' } = shape;
  if (ctx.circular !== null && ctx.circular.has(value)) {
    const reference = `<ref *${ctx.circular.get(value)}>`;
    base = base === '' ? reference : `${reference} ${base}`;
  }
  if (ctx.sorted) {
    const order = ctx.sorted === true ? undefined : ctx.sorted;
    if (shape.listed) output.splice(0, output.length, ...output.slice(0, output.length - shape.keys.length), ...output.slice(output.length - shape.keys.length).sort(order));
    else output.sort(order);
  }
  const grouped = shape.listed && output.length > 6 && typeof ctx.compact === 'number' && ctx.compact >= 1
    ? groupNumbers(ctx, output, value)
    : output;
  return arrange(ctx, grouped, { base, start: shape.start, end: shape.end, level: level + 1, grew: grouped.length !== output.length });
}

function shapeOf(about) {
  const { ctx, value, kind, name, tag } = about;
  const typed = typedArrayName(value);
  if (kind === 'Array') return listShape(about, name !== 'Array' || tag !== '' ? prefixOf(name, tag, 'Array', `(${value.length})`) : '', value.length, arrayItems);
  if (typed !== undefined) return listShape(about, prefixOf(name, tag, typed, `(${value.length})`), value.length, typedItems);
  switch (kind) {
    case 'Set': {
      const size = apply(setSize, value, []);
      return collection(about, prefixOf(name, tag, 'Set', `(${size})`), size, setItems);
    }
    case 'Map': {
      const size = apply(mapSize, value, []);
      return collection(about, prefixOf(name, tag, 'Map', `(${size})`), size, mapItems);
    }
    case 'Arguments':
      return argumentsShape(about);
    default:
      break;
  }
  const keys = keysOf(ctx, value, kind === 'String');
  const braces = (start, items) => ({ start: `${start}{`, end: '}', keys, items });
  const based = (base) => (keys.length === 0 || about.level - 1 > ctx.depth ? base : { start: '{', end: '}', keys, base });
  if (typeof value === 'function') return keys.length === 0 ? functionBase(value, kind, name, tag) : { start: '{', end: '}', keys, base: functionBase(value, kind, name, tag) };
  switch (kind) {
    case 'RegExp': {
      const prefix = prefixOf(name, tag, 'RegExp');
      return based(`${prefix === 'RegExp ' ? '' : prefix}${apply(regExpToString, value, [])}`);
    }
    case 'Date': {
      const prefix = prefixOf(name, tag, 'Date');
      const time = apply(getTime, value, []);
      return based(`${prefix === 'Date ' ? '' : prefix}${apply(time === time ? toISOString : dateToString, value, [])}`);
    }
    case 'Error':
      return errorShape(about, keys);
    case 'ArrayBuffer': {
      const prefix = prefixOf(name, tag, 'ArrayBuffer');
      if (about.isTyped && keys.length === 0) return `${prefix}{ byteLength: ${value.byteLength} }`;
      return { start: `${prefix}{`, end: '}', keys: ['byteLength', ...keys], items: about.isTyped ? undefined : () => [bufferContent(ctx, value)] };
    }
    case 'DataView':
      return { start: `${prefixOf(name, tag, 'DataView')}{`, end: '}', keys: ['byteLength', 'byteOffset', 'buffer', ...keys] };
    case 'Promise':
      return braces(prefixOf(name, tag, 'Promise'), () => promiseItems(ctx, value, about.level));
    case 'WeakSet':
    case 'WeakMap':
      return braces(prefixOf(name, tag, kind), () => ['<items unknown>']);
    case 'WeakRef':
      return braces(prefixOf(name, tag, kind), () => ['<ref>']);
    case 'Map Iterator':
    case 'Set Iterator':
      return braces(`[${kind}] `, () => []);
    case 'Number':
    case 'String':
    case 'Boolean':
    case 'Symbol':
    case 'BigInt':
      return boxedShape(about, keys);
    default:
      if (name === 'Object' && tag === '') return keys.length === 0 ? '{}' : braces('');
      return keys.length === 0 ? `${prefixOf(name, tag, 'Object')}{}` : braces(prefixOf(name, tag, 'Object'));
  }
}

function argumentsShape({ ctx, value }) {
  const keys = keysOf(ctx, value, false);
  return keys.length === 0 ? '[Arguments] {}' : { start: '[Arguments] {', end: '}', keys };
}
function listShape(about, prefix, length, items) {
  const keys = keysOf(about.ctx, about.value, true);
  if (length === 0 && keys.length === 0) return `${prefix}[]`;
  return { start: `${prefix}[`, end: ']', keys, listed: true, items: () => items(about.ctx, about.value, about.level) };
}
function collection(about, prefix, size, items) {
  const keys = keysOf(about.ctx, about.value, false);
  if (size === 0 && keys.length === 0) return `${prefix}{}`;
  return { start: `${prefix}{`, end: '}', keys, items: () => items(about.ctx, about.value, about.level) };
}

function more(output, count, what = 'item') {
  if (count > 0) output.push(`... ${count} more ${what}${count > 1 ? 's' : ''}`);
}

function arrayItems(ctx, value, level) {
  const output = [];
  const shown = Math.min(Math.max(0, ctx.maxArrayLength), value.length);
  let at = 0;
  while (at < value.length && output.length < shown) {
    if (apply(hasOwnProperty, value, [at])) {
      output.push(showProperty(ctx, value, level, at, true));
      at++;
      continue;
    }
    const next = nextIndex(value, at);
    output.push(`<${next - at} empty item${next - at > 1 ? 's' : ''}>`);
    at = next;
  }
  more(output, value.length - at);
  return output;
}
// A hole may be as long as four thousand million elements: its end is found among the keys.
function nextIndex(value, from) {
  for (let at = from; at < from + 64 && at < value.length; at++) if (apply(hasOwnProperty, value, [at])) return at;
  for (const key of ownKeys(value)) if (typeof key === 'string' && isIndex(key) && +key >= from) return +key;
  return value.length;
}

function typedItems(ctx, value) {
  const output = [];
  const shown = Math.min(Math.max(0, ctx.maxArrayLength), value.length);
  for (let at = 0; at < shown; at++) output.push(typeof value[at] === 'bigint' ? `${value[at]}n` : showNumber(value[at]));
  more(output, value.length - shown);
  if (ctx.showHidden) {
    ctx.indentation += 2;
    for (const key of ['BYTES_PER_ELEMENT', 'length', 'byteLength', 'byteOffset', 'buffer']) {
      output.push(`[${key}]: ${show(ctx, value[key], ctx.level, true)}`);
    }
    ctx.indentation -= 2;
  }
  return output;
}

function setItems(ctx, value, level) {
  const output = [];
  let seen = 0;
  ctx.indentation += 2;
  apply(setForEach, value, [(item) => {
    if (seen++ < ctx.maxArrayLength) output.push(show(ctx, item, level, false));
  }]);
  ctx.indentation -= 2;
  more(output, seen - ctx.maxArrayLength);
  return output;
}

function mapItems(ctx, value, level) {
  const output = [];
  let seen = 0;
  ctx.indentation += 2;
  apply(mapForEach, value, [(item, key) => {
    if (seen++ < ctx.maxArrayLength) output.push(`${show(ctx, key, level, false)} => ${show(ctx, item, level, false)}`);
  }]);
  ctx.indentation -= 2;
  more(output, seen - ctx.maxArrayLength);
  return output;
}

function promiseItems(ctx, value, level) {
  const [state, result] = native.inside(value);
  if (state === 0) return ['<pending>'];
  ctx.indentation += 2;
  const shown = show(ctx, result, level, false);
  ctx.indentation -= 2;
  return [state === 2 ? `<rejected> ${shown}` : shown];
}

function bufferContent(ctx, value) {
  let array;
  try {
    array = new Uint8Array(value);
  } catch {
    return '(detached)';
  }
  const shown = array.subarray(0, Math.min(Math.max(0, ctx.maxArrayLength), array.length));
  const content = shown.toHex().replace(/..(?=.)/g, '$& ');
  const left = array.length - shown.length;
  return `[Uint8Contents]: <${content}${left > 0 ? ` ... ${left} more byte${left > 1 ? 's' : ''}` : ''}>`;
}

const unbox = {
  Number: Number.prototype.valueOf, String: String.prototype.valueOf, Boolean: Boolean.prototype.valueOf,
  Symbol: Symbol.prototype.valueOf, BigInt: BigInt.prototype.valueOf,
};
function boxedShape({ ctx, value, kind, name, tag }, keys) {
  let base = `[${kind}`;
  if (kind !== name) base += name === null ? ' (null prototype)' : ` (${name})`;
  const inside = apply(unbox[kind], value, []);
  base += `: ${show({ ...ctx, seen: [], compact: true }, inside, 0, false)}]`;
  if (tag !== '' && tag !== name) base += ` [${tag}]`;
  return keys.length === 0 ? base : { start: '{', end: '}', keys, base };
}

function errorShape({ ctx, value, name, tag }, keys) {
  const { base, keys: kept } = errorBase(ctx, value, name, tag, keys);
  return kept.length === 0 ? base : { start: '{', end: '}', keys: kept, base };
}

function showProperty(ctx, value, level, key, isItem) {
  const property = getOwnPropertyDescriptor(value, key) ?? { value: value[key], enumerable: true };
  let shown;
  if (property.get !== undefined) {
    shown = property.set !== undefined ? '[Getter/Setter]' : '[Getter]';
  } else if (property.set !== undefined) {
    shown = '[Setter]';
  } else {
    ctx.indentation += 2;
    shown = show(ctx, property.value, level, false);
    ctx.indentation -= 2;
  }
  if (isItem) return shown;
  if (typeof key === 'symbol') return `[${showSymbol(key)}]: ${shown}`;
  if (key === '__proto__') return `['__proto__']: ${shown}`;
  if (property.enumerable === false) return `[${key}]: ${shown}`;
  return `${/^[a-zA-Z_][a-zA-Z_0-9]*$/.test(key) ? key : escapeText(key)}: ${shown}`;
}
