// Headers: the list of names and values of a request or an answer.

import { apply } from '../core.js';
import { DONE, asText, defineInspect, interfaceClass, iteratorKind, needs } from './shape.js';

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const NOT_A_VALUE = /[\0\r\n]/;
const NOT_BYTES = /[^\0-\xff]/;
const AROUND = /^[\t\n\r ]+|[\t\n\r ]+$/g;

let setGuard, listOf;

class Headers {
  // The lower-case name, the value, and the name as written, in order of arrival.
  #list = [];
  #guard = 'none';
  #sorted = null;
  static {
    setGuard = (headers, guard) => {
      headers.#guard = guard;
    };
    listOf = (headers) => headers.#list;
  }
  constructor(init = undefined) {
    if (init === undefined) return;
    if (init === null || (typeof init !== 'object' && typeof init !== 'function')) {
      throw new TypeError("Headers constructor: init given is not a record<ByteString, ByteString> or sequence<sequence<ByteString>>");
    }
    this.#fill(init);
  }
  #fill(init) {
    if (#list in init && init[Symbol.iterator] === Headers.prototype[Symbol.iterator]) {
      for (const [name, value, written] of init.#list) this.#add(name, value, written);
      return;
    }
    const method = init[Symbol.iterator];
    if (method !== undefined && method !== null) {
      for (const pair of { [Symbol.iterator]: () => apply(method, init, []) }) {
        if (pair === null || typeof pair !== 'object') throw new TypeError('Headers constructor: each pair must be iterable');
        const both = [...pair];
        if (both.length !== 2) throw new TypeError(`Headers constructor: expected name/value pair to be length 2, found ${both.length}`);
        this.append(both[0], both[1]);
      }
      return;
    }
    for (const name of Reflect.ownKeys(init)) {
      if (Object.getOwnPropertyDescriptor(init, name)?.enumerable) this.append(name, init[name]);
    }
  }
  #add(name, value, written = name) {
    this.#list.push([name, value, written]);
    this.#sorted = null;
  }
  #writable() {
    if (this.#guard === 'immutable') throw new TypeError('immutable');
  }
  append(name, value) {
    this.#list;
    needs(arguments, 2, 'Headers.append');
    const [key, item] = [headerName(name, 'Headers.append'), headerValue(value, 'Headers.append')];
    this.#writable();
    this.#add(key, item, `${name}`);
  }
  delete(name) {
    this.#list;
    needs(arguments, 1, 'Headers.delete');
    const key = headerName(name, 'Headers.delete');
    this.#writable();
    this.#list = this.#list.filter((pair) => pair[0] !== key);
    this.#sorted = null;
  }
  get(name) {
    this.#list;
    needs(arguments, 1, 'Headers.get');
    return this.#joined(headerName(name, 'Headers.get'));
  }
  #joined(key) {
    let out = null;
    for (const pair of this.#list) {
      if (pair[0] !== key) continue;
      out = out === null ? pair[1] : `${out}${key === 'cookie' ? '; ' : ', '}${pair[1]}`;
    }
    return out;
  }
  has(name) {
    this.#list;
    needs(arguments, 1, 'Headers.has');
    const key = headerName(name, 'Headers.has');
    return this.#list.some((pair) => pair[0] === key);
  }
  set(name, value) {
    this.#list;
    needs(arguments, 2, 'Headers.set');
    const [key, item] = [headerName(name, 'Headers.set'), headerValue(value, 'Headers.set')];
    this.#writable();
    const first = this.#list.findIndex((pair) => pair[0] === key);
    if (first < 0) {
      this.#add(key, item, `${name}`);
      return;
    }
    this.#list[first] = [key, item, this.#list[first][2]];
    this.#list = this.#list.filter((pair, at) => at <= first || pair[0] !== key);
    this.#sorted = null;
  }
  getSetCookie() {
    return this.#list.filter((pair) => pair[0] === 'set-cookie').map((pair) => pair[1]);
  }
  // Sorted by name, one entry for each, except that each cookie to be set has its own.
  #entries() {
    if (this.#sorted !== null) return this.#sorted;
    const names = [...new Set(this.#list.map((pair) => pair[0]))].sort();
    this.#sorted = names.flatMap((name) =>
      name === 'set-cookie' ? this.getSetCookie().map((value) => [name, value]) : [[name, this.#joined(name)]]);
    return this.#sorted;
  }
  keys() {
    return iterate({ list: () => this.#entries(), check: this.#list, at: 0, pick: (pair) => pair[0] });
  }
  values() {
    return iterate({ list: () => this.#entries(), check: this.#list, at: 0, pick: (pair) => pair[1] });
  }
  entries() {
    return iterate({ list: () => this.#entries(), check: this.#list, at: 0, pick: (pair) => [pair[0], pair[1]] });
  }
  forEach(callbackfn, self = undefined) {
    this.#list;
    needs(arguments, 1, 'Headers.forEach');
    if (typeof callbackfn !== 'function') {
      throw new TypeError("Failed to execute 'forEach' on 'Headers': parameter 1 is not of type 'Function'.");
    }
    for (let at = 0; at < this.#entries().length; at++) {
      const [name, value] = this.#entries()[at];
      apply(callbackfn, self, [value, name, this]);
    }
  }
}
interfaceClass(Headers, 'Headers', { length: 0 });
Object.defineProperty(Headers.prototype, Symbol.iterator, {
  value: Headers.prototype.entries, writable: true, enumerable: false, configurable: true,
});
const iterate = iteratorKind('Headers Iterator', (own) => {
  const list = own.list();
  return own.at < list.length ? own.pick(list[own.at++]) : DONE;
});
defineInspect(Headers, (headers, depth, options, inspect) => {
  const shown = {};
  for (const [name, , written] of listOf(headers)) if (shown[name] === undefined) shown[name] = [written, headers.get(name)];
  return `Headers ${inspect(Object.fromEntries(Object.values(shown)), options)}`;
});

// A text of bytes, as the interface language's ByteString.
function byteText(value, what) {
  const out = asText(value, what);
  if (NOT_BYTES.test(out)) {
    const at = out.search(NOT_BYTES);
    throw new TypeError(`Cannot convert ${what} to a ByteString because the character at index ${at} has a value of ${out.charCodeAt(at)} which is greater than 255.`);
  }
  return out;
}
function headerName(value, where) {
  const name = byteText(value, `${where}: name`);
  if (!TOKEN.test(name)) throw new TypeError(`${where}: ${name} is an invalid header name.`);
  return name.toLowerCase();
}
function headerValue(value, where) {
  const item = byteText(value, `${where}: value`).replace(AROUND, '');
  if (NOT_A_VALUE.test(item)) throw new TypeError(`${where}: ${item} is an invalid header value.`);
  return item;
}

// Headers of the runtime's own making: the pairs were checked, or come from the host.
export function headersFrom(pairs, guard) {
  const headers = new Headers();
  for (const [name, value] of pairs) {
    try {
      headers.append(name, value);
    } catch {
      // A name or value that the standard does not know is not shown to the script.
    }
  }
  setGuard(headers, guard);
  return headers;
}
export function guarded(headers, guard) {
  setGuard(headers, guard);
  return headers;
}
export function pairsOf(headers) {
  return listOf(headers).map(([name, value]) => [name, value]);
}
export { Headers, byteText };
