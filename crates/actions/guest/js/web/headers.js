// The header list of requests and answers.

import { apply, entries, text } from '../core.js';

export class Headers {
  #list = [];
  constructor(init) {
    if (init === undefined || init === null) return;
    if (init instanceof Headers) init.forEach((value, name) => this.append(name, value));
    else if (typeof init[Symbol.iterator] === 'function') for (const pair of init) this.append(pair[0], pair[1]);
    else for (const [name, value] of entries(init)) this.append(name, value);
  }
  append(name, value) {
    this.#list.push([text(name).toLowerCase(), text(value).trim()]);
  }
  set(name, value) {
    this.delete(name);
    this.append(name, value);
  }
  delete(name) {
    const wanted = text(name).toLowerCase();
    this.#list = this.#list.filter((pair) => pair[0] !== wanted);
  }
  get(name) {
    const wanted = text(name).toLowerCase();
    const found = this.#list.filter((pair) => pair[0] === wanted);
    return found.length === 0 ? null : found.map((pair) => pair[1]).join(', ');
  }
  has(name) {
    return this.get(name) !== null;
  }
  forEach(callback, self) {
    for (const [name, value] of this) apply(callback, self, [value, name, this]);
  }
  *entries() {
    const names = [...new Set(this.#list.map((pair) => pair[0]))].sort();
    for (const name of names) yield [name, this.get(name)];
  }
  *keys() {
    for (const [name] of this) yield name;
  }
  *values() {
    for (const [, value] of this) yield value;
  }
  [Symbol.iterator]() {
    return this.entries();
  }
}
