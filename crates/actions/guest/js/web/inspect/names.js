// What an object is called.

import { apply, getPrototypeOf } from '../../core.js';
import { getOwnPropertyDescriptor } from '../shape.js';

const functionToString = Function.prototype.toString;
const isPrototypeOf = Object.prototype.isPrototypeOf;

// The name of the constructor that an object is an instance of; null if it has no prototype.
export function constructorName(value, ctx, level, inspect) {
  let first;
  for (let at = value, steps = 0; at !== null && steps < 1000; at = getPrototypeOf(at), steps++) {
    const property = getOwnPropertyDescriptor(at, 'constructor');
    if (property !== undefined && typeof property.value === 'function' && property.value.name !== '' && isInstance(value, property.value)) {
      return `${property.value.name}`;
    }
    if (first === undefined) first = getPrototypeOf(at);
  }
  if (first === null || first === undefined) return null;
  const own = typeof value === 'function' ? 'Function' : 'Object';
  if (level > ctx.depth) return `${own} <Complex prototype>`;
  const above = constructorName(first, ctx, level + 1, inspect);
  return `${own} <${above === null ? inspect(first, { depth: -1 }) : above}>`;
}

function isInstance(value, Class) {
  const { prototype } = Class;
  return prototype !== null && typeof prototype === 'object' || typeof prototype === 'function'
    ? apply(isPrototypeOf, prototype, [value])
    : false;
}

// The name and tag before the braces, with a space behind.
export function prefixOf(name, tag, fallback, size = '') {
  if (name === null) {
    return tag !== '' && fallback !== tag ? `[${fallback}${size}: null prototype] [${tag}] ` : `[${fallback}${size}: null prototype] `;
  }
  return tag !== '' && name !== tag ? `${name}${size} [${tag}] ` : `${name}${size} `;
}

const KINDS = { AsyncFunction: 'AsyncFunction', GeneratorFunction: 'GeneratorFunction', AsyncGeneratorFunction: 'AsyncGeneratorFunction' };

export function functionBase(value, kind, name, tag) {
  const source = apply(functionToString, value, []);
  if (source.startsWith('class') && source.endsWith('}')) return classBase(value, name, tag);
  const type = KINDS[kind] ?? KINDS[kindBySource(value)] ?? 'Function';
  let base = `[${type}`;
  if (name === null) base += ' (null prototype)';
  base += value.name === '' ? ' (anonymous)]' : `: ${String(value.name)}]`;
  if (name !== type && name !== null) base += ` ${name}`;
  if (tag !== '' && name !== tag) base += ` [${tag}]`;
  return base;
}

// An async arrow function and its like are of the class "Function" in some engines.
function kindBySource(value) {
  const tag = value[Symbol.toStringTag];
  return typeof tag === 'string' ? tag : '';
}

function classBase(value, name, tag) {
  const own = Object.hasOwn(value, 'name') && value.name !== '' ? ` ${String(value.name)}` : ' (anonymous)';
  let base = `[class${own}`;
  if (name !== 'Function' && name !== null) base += ` [${name}]`;
  if (tag !== '' && name !== tag) base += ` [${tag}]`;
  if (name === null) return `${base} extends null]`;
  const parent = getPrototypeOf(value)?.name;
  return parent ? `${base} extends ${parent}]` : `${base}]`;
}
