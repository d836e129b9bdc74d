// The JavaScript half of the guest. It runs once, when the guest is built; what it leaves behind is the
// world in which every action starts. It is a function of the C shim's primitives, so that they never
// become reachable from an action, and it keeps the built-ins it needs, so that an action that replaces
// them changes nothing but its own view.
(function (native) {
  'use strict';

  const KIND_SIGN = 0, KIND_SIGN_AND_COMBINE = 1, KIND_FETCH = 2;
  const LIMIT_TIMERS = 0;
  const TIMERS_MAX = 1000;
  const DESCRIPTION_CHARS_MAX = 2000;

  const { parse, stringify } = JSON;
  const { defineProperty, freeze, keys, entries, getOwnPropertyNames, getPrototypeOf, prototype: objectPrototype } = Object;
  const { apply } = Reflect;
  const hasOwn = objectPrototype.hasOwnProperty;
  const PromiseNow = Promise;
  const then = Promise.prototype.then;
  const fromCharCode = String.fromCharCode;
  const wellFormed = String.prototype.toWellFormed;
  const text = String;

  // Errors that come from the host carry a code. The map, not the property, is what the runtime reads,
  // so that an action cannot pass its own error off as one of ours.
  const hostCodes = new WeakMap();
  const codeOf = WeakMap.prototype.get, setCode = WeakMap.prototype.set;
  function hostError(code, message, Kind = Error) {
    const error = new Kind(message);
    defineProperty(error, 'code', { value: code, enumerable: true, configurable: true, writable: true });
    apply(setCode, hostCodes, [error, code]);
    return error;
  }

  // Host calls: one number each, one promise each, answered in the order in which they were made.
  const pending = new Map();
  const pendingGet = Map.prototype.get, pendingSet = Map.prototype.set, pendingDelete = Map.prototype.delete;
  function hostCall(kind, meta, body, convert) {
    return new PromiseNow((resolve, reject) => {
      const call = native.call(kind, stringify(meta), body);
      apply(pendingSet, pending, [call, { resolve, reject, convert }]);
    });
  }

  // Arguments.
  function options(value, name) {
    if (value === null || typeof value !== 'object') throw new TypeError(`${name} takes one object`);
    return value;
  }
  function stringMember(object, member, name) {
    const value = object[member];
    if (typeof value !== 'string') throw new TypeError(`${name}: ${member} must be a string`);
    return value;
  }
  function bytes(value, what) {
    if (value instanceof Uint8Array) return value;
    if (value instanceof ArrayBuffer) return new Uint8Array(value);
    if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    if (Array.isArray(value)) {
      const out = new Uint8Array(value.length);
      for (let i = 0; i < value.length; i++) {
        const byte = value[i];
        if (typeof byte !== 'number' || byte !== (byte & 255)) throw new TypeError(`${what} must hold bytes`);
        out[i] = byte;
      }
      return out;
    }
    throw new TypeError(`${what} must be a Uint8Array or an array of bytes`);
  }
  const DIGITS = '0123456789abcdef';
  function toHex(array) {
    let out = '';
    for (let i = 0; i < array.length; i++) out += DIGITS[array[i] >> 4] + DIGITS[array[i] & 15];
    return out;
  }
  function publicKeyHex(value, name) {
    if (typeof value !== 'string') throw new TypeError(`${name}: publicKey must be a hex string`);
    const hex = (value.startsWith('0x') ? value.slice(2) : value).toLowerCase();
    if (!/^(04[0-9a-f]{128}|0[23][0-9a-f]{64})$/.test(hex)) {
      throw new TypeError(`${name}: publicKey must be an uncompressed or compressed secp256k1 key in hex`);
    }
    return hex;
  }

  // Signing. A name stands for one signature of the run, so a second use of it is refused.
  const sigNames = new Set();
  const nameKnown = Set.prototype.has, nameAdd = Set.prototype.add;
  function signMeta(params, name) {
    const object = options(params, name);
    const sigName = stringMember(object, 'sigName', name);
    if (sigName.length === 0 || sigName.length > 128) {
      throw hostError('signature_name_invalid', `${name}: sigName must have 1 to 128 characters`, TypeError);
    }
    const toSign = bytes(object.toSign, `${name}: toSign`);
    if (toSign.length !== 32) {
      throw hostError('digest_length', `${name}: toSign must be 32 bytes, not ${toSign.length}`, TypeError);
    }
    const meta = { name: apply(wellFormed, sigName, []), to_sign: toHex(toSign), public_key: publicKeyHex(object.publicKey, name) };
    if (apply(nameKnown, sigNames, [meta.name])) {
      throw hostError('signature_name_duplicate', `${name}: sigName "${meta.name}" was used before in this run`);
    }
    apply(nameAdd, sigNames, [meta.name]);
    return meta;
  }
  async function signEcdsa(params) {
    await hostCall(KIND_SIGN, signMeta(params, 'signEcdsa'), undefined, null);
    return 'success';
  }
  // `r` is the compressed point, not the bare number: scripts in use cut its first byte off.
  const combined = ({ r, s, recovery_id }) =>
    stringify({ r: (recovery_id & 1 ? '03' : '02') + r, s, v: recovery_id });
  async function signAndCombineEcdsa(params) {
    return hostCall(KIND_SIGN_AND_COMBINE, signMeta(params, 'signAndCombineEcdsa'), undefined, combined);
  }

  let hasResponded = false;
  function respond(value) {
    native.respond(apply(wellFormed, value, []));
    hasResponded = true;
  }
  function setResponse(params) {
    respond(stringMember(options(params, 'setResponse'), 'response', 'setResponse'));
  }

  // fetch
  class Headers {
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
  class Response {
    #body;
    #used = false;
    constructor(key, meta, body) {
      if (key !== native) throw new TypeError('Illegal constructor');
      this.#body = body;
      this.status = meta.status;
      this.statusText = '';
      this.ok = meta.status >= 200 && meta.status < 300;
      this.url = meta.url;
      this.headers = new Headers(meta.headers);
    }
    get bodyUsed() {
      return this.#used;
    }
    #take() {
      if (this.#used) throw new TypeError('Body already consumed');
      this.#used = true;
      return this.#body;
    }
    async arrayBuffer() {
      return this.#take();
    }
    async bytes() {
      return new Uint8Array(this.#take());
    }
    async text() {
      return native.decode(new Uint8Array(this.#take()), false).replace(/^\ufeff/, '');
    }
    async json() {
      return parse(await this.text());
    }
  }
  async function fetch(resource, init) {
    const chosen = init === undefined || init === null ? {} : options(init, 'fetch');
    const method = chosen.method === undefined ? 'GET' : text(chosen.method).toUpperCase();
    const headers = new Headers(chosen.headers);
    let body;
    if (chosen.body !== undefined && chosen.body !== null) {
      if (method === 'GET' || method === 'HEAD') throw new TypeError(`fetch: ${method} takes no body`);
      if (typeof chosen.body === 'string') {
        if (!headers.has('content-type')) headers.set('content-type', 'text/plain;charset=UTF-8');
        body = new Uint8Array(native.encode(apply(wellFormed, chosen.body, [])));
      } else {
        body = bytes(chosen.body, 'fetch: body');
      }
    }
    const url = apply(wellFormed, text(resource), []);
    return hostCall(KIND_FETCH, { method, url, headers: [...headers] }, body, (meta, answer) => new Response(native, meta, answer));
  }

  // Timers move the only clock there is, in the order in which they are due.
  const timers = [];
  let timerNumber = 0;
  function addTimer(callback, delay, repeat, args) {
    if (typeof callback !== 'function') throw new TypeError('a timer takes a function');
    if (timers.length >= TIMERS_MAX) native.exceeded(LIMIT_TIMERS);
    native.begun();
    let wait = Math.trunc(Number(delay));
    if (!(wait > 0)) wait = 0;
    if (wait > 0x7fffffff) wait = 0;
    const timer = { id: ++timerNumber, due: native.now() + wait, wait, repeat, callback, args };
    insertTimer(timer);
    return timer.id;
  }
  function insertTimer(timer) {
    let at = timers.length;
    while (at > 0 && timers[at - 1].due > timer.due) at--;
    timers.splice(at, 0, timer);
  }
  const setTimeout = (callback, delay, ...args) => addTimer(callback, delay, false, args);
  const setInterval = (callback, delay, ...args) => addTimer(callback, delay, true, args);
  const clearTimeout = (id) => {
    const at = timers.findIndex((timer) => timer.id === id);
    if (at >= 0) timers.splice(at, 1);
  };

  // console
  function inspect(value, depth) {
    switch (typeof value) {
      case 'string':
        return depth === 0 ? value : stringify(value);
      case 'bigint':
        return `${value}n`;
      case 'function':
        return `[Function: ${value.name || '(anonymous)'}]`;
      case 'object':
        break;
      default:
        return text(value);
    }
    if (value === null) return 'null';
    if (value instanceof Error) return describe(value);
    if (depth > 3) return '[…]';
    if (ArrayBuffer.isView(value) && !(value instanceof DataView)) value = [...value];
    if (Array.isArray(value)) {
      const shown = value.slice(0, 100).map((item) => inspect(item, depth + 1));
      if (value.length > 100) shown.push(`… ${value.length - 100} more`);
      return shown.length === 0 ? '[]' : `[ ${shown.join(', ')} ]`;
    }
    if (value instanceof Date) return value.toISOString();
    if (value instanceof Map) return `Map(${value.size}) ${inspect([...value], depth)}`;
    if (value instanceof Set) return `Set(${value.size}) ${inspect([...value], depth)}`;
    const members = entries(value).map(([name, member]) =>
      `${/^[A-Za-z_$][\w$]*$/.test(name) ? name : stringify(name)}: ${inspect(member, depth + 1)}`);
    return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
  }
  function log(...values) {
    native.log(apply(wellFormed, values.map((value) => inspect(value, 0)).join(' '), []) + '\n');
  }

  // What an uncaught value says about itself. Running the value's own code here is harmless: it is the
  // same instance, under the same limits.
  function describe(thrown) {
    let out;
    if (thrown instanceof Error) {
      out = `${thrown.name}: ${thrown.message}`;
      if (typeof thrown.stack === 'string') {
        // The runtime's own frames say nothing to the author of the action.
        const frames = thrown.stack.trimEnd().split('\n').filter((frame) => frame !== '' && !frame.includes('(quorate:sdk'));
        for (const frame of frames) out += '\n' + frame;
      }
    } else {
      out = typeof thrown === 'string' ? thrown : inspect(thrown, 0);
    }
    if (out.length > DESCRIPTION_CHARS_MAX) out = out.slice(0, DESCRIPTION_CHARS_MAX) + ' …';
    return apply(wellFormed, out, []);
  }
  function cause(thrown) {
    return thrown !== null && typeof thrown === 'object' ? apply(codeOf, hostCodes, [thrown]) : undefined;
  }

  // Text encoding.
  class TextEncoder {
    get encoding() {
      return 'utf-8';
    }
    encode(input = '') {
      return new Uint8Array(native.encode(apply(wellFormed, text(input), [])));
    }
  }
  class TextDecoder {
    #fatal;
    #keepMark;
    constructor(label = 'utf-8', { fatal = false, ignoreBOM = false } = {}) {
      if (!/^\s*(utf-?8|unicode-1-1-utf-8)\s*$/i.test(text(label))) throw new RangeError(`encoding "${label}" is not supported`);
      this.#fatal = !!fatal;
      this.#keepMark = !!ignoreBOM;
    }
    get encoding() {
      return 'utf-8';
    }
    get fatal() {
      return this.#fatal;
    }
    get ignoreBOM() {
      return this.#keepMark;
    }
    decode(input) {
      if (input === undefined) return '';
      const out = native.decode(bytes(input, 'decode: input'), this.#fatal);
      return this.#keepMark ? out : out.replace(/^\ufeff/, '');
    }
  }

  const unsupported = (what) => () => {
    throw hostError('not_supported', `${what} is not supported`);
  };

  function freezeDeep(value) {
    if (value === null || typeof value !== 'object') return value;
    for (const key of keys(value)) freezeDeep(value[key]);
    return freeze(value);
  }

  // The world of an action.
  const define = (name, value, writable) =>
    defineProperty(globalThis, name, { value, writable, enumerable: false, configurable: true });
  for (const name of ['SharedArrayBuffer', 'Atomics', 'WebAssembly', 'FinalizationRegistry', 'Deno', 'eval', 'navigator', 'gc']) {
    delete globalThis[name];
  }
  define('eval', function () {
    throw hostError('not_supported', 'eval is not supported', EvalError);
  }, true);
  const Actions = freeze({ setResponse, signEcdsa, signAndCombineEcdsa });
  const web = {
    global: globalThis,
    fetch,
    Headers,
    Response,
    setTimeout,
    setInterval,
    clearTimeout,
    clearInterval: clearTimeout,
    TextEncoder,
    TextDecoder,
    console: { log, info: log, debug: log, warn: log, error: log, trace: log },
    crypto: {
      getRandomValues: unsupported('crypto.getRandomValues'),
      randomUUID: unsupported('crypto.randomUUID'),
    },
  };
  for (const name of keys(web)) define(name, web[name], true);

  // Names that a parameter must not take although nothing answers to them yet, and our own, which are
  // set only when an execution begins.
  const reserved = new Set(['Lit', 'LitActions', 'LitAuth', 'LitHeaders', 'jsParams', 'ethers', 'jwt', 'Buffer',
    'URL', 'URLSearchParams', 'Request', 'AbortController', 'AbortSignal', 'Blob', 'structuredClone', 'process',
    'require', 'module', 'exports', 'window', 'self', 'Deno', 'WebAssembly', 'SharedArrayBuffer', 'Atomics',
    'FinalizationRegistry', 'performance', 'arguments', 'this', 'null', 'true', 'false']);
  for (const name of getOwnPropertyNames(globalThis)) reserved.add(name);
  for (const name of getOwnPropertyNames(objectPrototype)) reserved.add(name);

  let mainReturned;

  return {
    begin(paramsJson, authJson) {
      const params = parse(paramsJson);
      if (params === null || typeof params !== 'object' || Array.isArray(params)) {
        throw new TypeError('the parameters must be a JSON object');
      }
      for (const name of keys(params)) {
        if (reserved.has(name)) {
          throw hostError('param_reserved', `the parameter name "${name}" is reserved; choose another`);
        }
        defineProperty(globalThis, name, { value: params[name], writable: true, enumerable: true, configurable: true });
      }
      const Auth = freezeDeep({
        actionIpfsIdStack: [],
        authSigAddress: null,
        authMethodContexts: [],
        resources: [],
        customAuthResource: '',
        ...parse(authJson),
      });
      define('Lit', freeze({ Actions, Auth }), false);
      define('LitActions', Actions, false);
      define('LitAuth', Auth, false);
      define('jsParams', params, true);
      define('performance', freeze({ timeOrigin: native.now(), now: ((origin) => () => native.now() - origin)(native.now()) }), true);
      return params;
    },
    settle(result) {
      const promise = result instanceof PromiseNow ? result : PromiseNow.resolve(result);
      apply(then, promise, [(value) => {
        mainReturned = value;
      }]);
    },
    deliver(call, metaJson, body) {
      const waiting = apply(pendingGet, pending, [call]);
      apply(pendingDelete, pending, [call]);
      const meta = parse(metaJson);
      if (apply(hasOwn, meta, ['error'])) {
        waiting.reject(hostError(meta.error.code, meta.error.message));
        return;
      }
      waiting.resolve(waiting.convert === null ? undefined : waiting.convert(meta, body));
    },
    tick() {
      const timer = timers.shift();
      if (timer === undefined) return false;
      native.advance(timer.due);
      if (timer.repeat) {
        timer.due += timer.wait > 0 ? timer.wait : 1;
        insertTimer(timer);
      }
      apply(timer.callback, undefined, timer.args);
      return true;
    },
    finish() {
      if (hasResponded || mainReturned === undefined) return;
      const response = typeof mainReturned === 'string' ? mainReturned : stringify(mainReturned);
      if (response !== undefined) respond(response);
    },
    describe,
    cause,
  };
})
