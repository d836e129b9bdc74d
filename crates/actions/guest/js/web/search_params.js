// URLSearchParams: the list of name and value pairs of a query, and its form encoding.

import { apply, native } from '../core.js';
import { encodeUtf8 } from './encoding.js';
import { DONE, coded, defineInspect, interfaceClass, iteratorKind, needs, usv } from './shape.js';

let linkTo, fill, pairsOf;

class URLSearchParams {
  #list = [];
  #changed = null;
  static {
    linkTo = (params, changed) => {
      params.#changed = changed;
    };
    fill = (params, query) => {
      params.#list = parseForm(query);
    };
    pairsOf = (params) => params.#list;
  }
  constructor(init = undefined) {
    if (init === undefined || init === null) return;
    if (typeof init !== 'object' && typeof init !== 'function') {
      const query = usv(init);
      this.#list = parseForm(query[0] === '?' ? query.slice(1) : query);
      return;
    }
    const method = init[Symbol.iterator];
    if (method === undefined || method === null) {
      for (const name of Reflect.ownKeys(init)) {
        if (Object.getOwnPropertyDescriptor(init, name)?.enumerable) this.#set(usv(name), usv(init[name]));
      }
      return;
    }
    if (typeof method !== 'function') throw coded(TypeError, 'ERR_ARG_NOT_ITERABLE', 'Query pairs must be iterable');
    for (const pair of { [Symbol.iterator]: () => apply(method, init, []) }) {
      if (pair === null || (typeof pair !== 'object' && typeof pair !== 'function') || typeof pair[Symbol.iterator] !== 'function') {
        throw invalidTuple();
      }
      const both = [...pair];
      if (both.length !== 2) throw invalidTuple();
      this.#list.push([usv(both[0]), usv(both[1])]);
    }
  }
  // In a record two names may become one when their lone surrogates are replaced; the last counts.
  #set(name, value) {
    const found = this.#list.find((pair) => pair[0] === name);
    if (found === undefined) this.#list.push([name, value]);
    else found[1] = value;
  }
  #update() {
    if (this.#changed !== null) this.#changed(serializeForm(this.#list));
  }
  get size() {
    return this.#list.length;
  }
  append(name, value) {
    const list = this.#list;
    needs(arguments, 2, 'append');
    list.push([usv(name), usv(value)]);
    this.#update();
  }
  delete(name, value = undefined) {
    const list = this.#list;
    needs(arguments, 1, 'delete');
    const [wanted, only] = [usv(name), value === undefined ? undefined : usv(value)];
    let kept = 0;
    for (const pair of list) {
      if (pair[0] !== wanted || (only !== undefined && pair[1] !== only)) list[kept++] = pair;
    }
    list.length = kept;
    this.#update();
  }
  get(name) {
    const list = this.#list;
    needs(arguments, 1, 'get');
    const wanted = usv(name);
    return list.find((pair) => pair[0] === wanted)?.[1] ?? null;
  }
  getAll(name) {
    const list = this.#list;
    needs(arguments, 1, 'getAll');
    const wanted = usv(name);
    return list.filter((pair) => pair[0] === wanted).map((pair) => pair[1]);
  }
  has(name, value = undefined) {
    const list = this.#list;
    needs(arguments, 1, 'has');
    const [wanted, only] = [usv(name), value === undefined ? undefined : usv(value)];
    return list.some((pair) => pair[0] === wanted && (only === undefined || pair[1] === only));
  }
  set(name, value) {
    const list = this.#list;
    needs(arguments, 2, 'set');
    const [wanted, given] = [usv(name), usv(value)];
    const first = list.findIndex((pair) => pair[0] === wanted);
    if (first < 0) {
      list.push([wanted, given]);
    } else {
      list[first][1] = given;
      let kept = first + 1;
      for (let i = first + 1; i < list.length; i++) if (list[i][0] !== wanted) list[kept++] = list[i];
      list.length = kept;
    }
    this.#update();
  }
  sort() {
    this.#list.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
    this.#update();
  }
  entries() {
    return iterate({ list: () => this.#list, check: this.#list, at: 0, pick: (pair) => [pair[0], pair[1]] });
  }
  forEach(callback, thisArg = undefined) {
    const list = this.#list;
    if (typeof callback !== 'function') {
      throw coded(TypeError, 'ERR_INVALID_ARG_TYPE', 'The "callback" argument must be of type function.');
    }
    for (let i = 0; i < list.length; i++) apply(callback, thisArg, [list[i][1], list[i][0], this]);
  }
  keys() {
    return iterate({ list: () => this.#list, check: this.#list, at: 0, pick: (pair) => pair[0] });
  }
  values() {
    return iterate({ list: () => this.#list, check: this.#list, at: 0, pick: (pair) => pair[1] });
  }
  toString() {
    return serializeForm(this.#list);
  }
}
interfaceClass(URLSearchParams, 'URLSearchParams');
Object.defineProperty(URLSearchParams.prototype, Symbol.iterator, {
  value: URLSearchParams.prototype.entries, writable: true, enumerable: false, configurable: true,
});
Object.defineProperty(URLSearchParams, 'length', { value: 0, configurable: true });

const iterate = iteratorKind('URLSearchParams Iterator', (own) => {
  const list = own.list();
  return own.at < list.length ? own.pick(list[own.at++]) : DONE;
});
defineInspect(URLSearchParams, (params, depth, options, inspect) => {
  const shown = pairsOf(params).map(([name, value]) => `${inspect(name, options)} => ${inspect(value, options)}`);
  if (shown.length === 0) return 'URLSearchParams {}';
  const line = `URLSearchParams { ${shown.join(', ')} }`;
  return line.length <= options.breakLength ? line : `URLSearchParams {\n  ${shown.join(',\n  ')} }`;
});

function invalidTuple() {
  return coded(TypeError, 'ERR_INVALID_TUPLE', 'Each query pair must be an iterable [name, value] tuple');
}

const SAFE = new Uint8Array(128);
for (const char of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789*-._') SAFE[char.charCodeAt(0)] = 1;
const PERCENT = Array.from({ length: 256 }, (_, byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`);
PERCENT[0x20] = '+';

export function escapeForm(value) {
  let plain = true;
  for (let i = 0; plain && i < value.length; i++) {
    const unit = value.charCodeAt(i);
    plain = unit < 128 && SAFE[unit] === 1;
  }
  if (plain) return value;
  const array = encodeUtf8(value);
  let out = '';
  for (let i = 0; i < array.length; i++) {
    const byte = array[i];
    out += byte < 128 && SAFE[byte] === 1 ? String.fromCharCode(byte) : PERCENT[byte];
  }
  return out;
}

export function serializeForm(list) {
  let out = '';
  for (let i = 0; i < list.length; i++) {
    out += `${i === 0 ? '' : '&'}${escapeForm(list[i][0])}=${escapeForm(list[i][1])}`;
  }
  return out;
}

export function parseForm(query) {
  const list = [];
  for (const part of query.split('&')) {
    if (part === '') continue;
    const at = part.indexOf('=');
    list.push(at < 0 ? [unescapeForm(part), ''] : [unescapeForm(part.slice(0, at)), unescapeForm(part.slice(at + 1))]);
  }
  return list;
}

const hexDigit = (byte) => (byte >= 48 && byte <= 57 ? byte - 48 : byte >= 65 && byte <= 70 ? byte - 55 : byte >= 97 && byte <= 102 ? byte - 87 : -1);

// A mark at the start stays: the standard decodes here without taking it away.
function unescapeForm(value) {
  const spaced = value.includes('+') ? value.replaceAll('+', ' ') : value;
  return spaced.includes('%') ? native.decode(percentDecoded(encodeUtf8(spaced)), false) : spaced;
}

export function percentDecoded(array) {
  let length = 0;
  for (let i = 0; i < array.length; i++) {
    let byte = array[i];
    if (byte === 0x25 && i + 2 < array.length) {
      const [high, low] = [hexDigit(array[i + 1]), hexDigit(array[i + 2])];
      if (high >= 0 && low >= 0) {
        byte = (high << 4) | low;
        i += 2;
      }
    }
    array[length++] = byte;
  }
  return array.subarray(0, length);
}

// The object behind `url.searchParams`: tells its URL when it changes.
export function linked(search, changed) {
  const params = new URLSearchParams();
  refill(params, search);
  linkTo(params, changed);
  return params;
}
export function refill(params, search) {
  fill(params, search[0] === '?' ? search.slice(1) : search);
}
export function isSearchParams(value) {
  try {
    return pairsOf(value) !== undefined;
  } catch {
    return false;
  }
}

export { URLSearchParams as SearchParams };
