// URL and URLSearchParams. Parsing is a native operation; what is written here is their objects.

import { parse } from '../core.js';
import { OP, computeText } from '../native.js';
import { SearchParams, linked, refill } from './search_params.js';
import { coded, defineInspect, interfaceClass, needs, usv } from './shape.js';

function invalid(input, base) {
  const error = coded(TypeError, 'ERR_INVALID_URL', 'Invalid URL');
  error.input = input;
  if (base !== undefined) error.base = base;
  return error;
}

function record(input, base) {
  try {
    return parse(base === undefined ? computeText(OP.URL_PARSE, input) : computeText(OP.URL_PARSE, input, base));
  } catch (error) {
    if (error.code === 'invalid_url') return undefined;
    throw error;
  }
}

class URL {
  #at;
  #query;
  constructor(url, base = undefined) {
    needs(arguments, 1, 'URL');
    const input = usv(url, 'url');
    const relativeTo = base === undefined ? undefined : usv(base, 'base');
    const found = record(input, relativeTo);
    if (found === undefined) throw invalid(input, relativeTo);
    this.#at = found;
  }
  static canParse(url, base = undefined) {
    needs(arguments, 1, 'URL.canParse');
    return record(usv(url, 'url'), base === undefined ? undefined : usv(base, 'base')) !== undefined;
  }
  static parse(url, base = undefined) {
    needs(arguments, 1, 'URL.parse');
    try {
      return new URL(url, base);
    } catch (error) {
      if (error.code === 'ERR_INVALID_URL') return null;
      throw error;
    }
  }
  #change(member, value) {
    this.#at = parse(computeText(OP.URL_SET, this.#at.href, member, usv(value)));
  }
  get href() {
    return this.#at.href;
  }
  set href(value) {
    const input = usv(value);
    const found = record(input);
    if (found === undefined) throw invalid(input);
    this.#at = found;
    if (this.#query !== undefined) refill(this.#query, found.search);
  }
  get origin() {
    return this.#at.origin;
  }
  get protocol() {
    return this.#at.protocol;
  }
  set protocol(value) {
    this.#change('protocol', value);
  }
  get username() {
    return this.#at.username;
  }
  set username(value) {
    this.#change('username', value);
  }
  get password() {
    return this.#at.password;
  }
  set password(value) {
    this.#change('password', value);
  }
  get host() {
    return this.#at.host;
  }
  set host(value) {
    this.#change('host', value);
  }
  get hostname() {
    return this.#at.hostname;
  }
  set hostname(value) {
    this.#change('hostname', value);
  }
  get port() {
    return this.#at.port;
  }
  set port(value) {
    this.#change('port', value);
  }
  get pathname() {
    return this.#at.pathname;
  }
  set pathname(value) {
    this.#change('pathname', value);
  }
  get search() {
    return this.#at.search;
  }
  set search(value) {
    this.#change('search', value);
    if (this.#query !== undefined) refill(this.#query, this.#at.search);
  }
  get searchParams() {
    if (this.#query === undefined) {
      this.#query = linked(this.#at.search, (query) => this.#change('search', query));
    }
    return this.#query;
  }
  get hash() {
    return this.#at.hash;
  }
  set hash(value) {
    this.#change('hash', value);
  }
  toString() {
    return this.#at.href;
  }
  toJSON() {
    return this.#at.href;
  }
}
interfaceClass(URL, 'URL');
const MEMBERS = ['href', 'origin', 'protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname', 'search',
  'searchParams', 'hash'];
defineInspect(URL, (url, depth, options, inspect) => {
  if (depth < 0) return '[URL]';
  const shown = {};
  for (const member of MEMBERS) shown[member] = url[member];
  return `URL ${inspect(shown, options)}`;
});

// The address that a text or URL names, parsed; undefined if it is none.
function parsed(value) {
  return record(usv(value));
}

export { URL, SearchParams as URLSearchParams, parsed };
