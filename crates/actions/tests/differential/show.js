// What snippets print with, the same text for both engines: values unambiguously, errors by name and not
// by message, bytes as hex, strings in ASCII.
const { show, thrown, rejected, describe, hex, unhex } = (() => {
  const { log } = console;
  const { ownKeys, getOwnPropertyDescriptor, getPrototypeOf } = Reflect;
  const escape = (text) => text.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  const quote = (text) => escape(JSON.stringify(text));
  const has = (value, read) => {
    try {
      read(value);
      return true;
    } catch {
      return false;
    }
  };
  const getter = (prototype, name) => getOwnPropertyDescriptor(prototype, name).get;
  const mapSize = getter(Map.prototype, 'size'), setSize = getter(Set.prototype, 'size');
  const bufferLength = getter(ArrayBuffer.prototype, 'byteLength');

  function hex(source) {
    const bytes = ArrayBuffer.isView(source)
      ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
      : new Uint8Array(source);
    let out = '';
    for (const byte of bytes) out += byte.toString(16).padStart(2, '0');
    return out;
  }
  function unhex(text) {
    const out = new Uint8Array(text.length / 2);
    for (let i = 0; i < out.length; i++) out[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
    return out;
  }
  const errorName = (error) => {
    const kind = error.constructor === undefined || error.constructor.name === error.name ? '' : `${error.constructor.name} `;
    return `${kind}${error.name}`;
  };
  function property(key, value, seen) {
    const found = getOwnPropertyDescriptor(value, key);
    const name = typeof key === 'symbol' ? `[${escape(String(key))}]` : /^[\w$]+$/.test(key) ? key : quote(key);
    if (found === undefined) return `${name}: <gone>`;
    if (found.get !== undefined || found.set !== undefined) {
      return `${name}: <${[found.get && 'get', found.set && 'set'].filter(Boolean).join('/')}>`;
    }
    return `${name}: ${text(found.value, seen)}`;
  }
  function members(value, seen, skip) {
    return ownKeys(value)
      .filter((key) => !skip(key) && getOwnPropertyDescriptor(value, key)?.enumerable)
      .map((key) => property(key, value, seen));
  }
  function array(value, seen) {
    const out = [];
    for (let i = 0; i < value.length; i++) out.push(Object.hasOwn(value, i) ? property(String(i), value, seen).replace(/^\d+: /, '') : '<hole>');
    const index = /^(0|[1-9]\d*)$/;
    out.push(...members(value, seen, (key) => typeof key === 'string' && index.test(key)));
    return `[${out.join(', ')}]`;
  }
  function text(value, seen) {
    switch (typeof value) {
      case 'string':
        return quote(value);
      case 'number':
        return Object.is(value, -0) ? '-0' : String(value);
      case 'bigint':
        return `${value}n`;
      case 'symbol':
        return escape(String(value));
      case 'function':
        return `<function ${escape(String(value.name))}>`;
      case 'object':
        break;
      default:
        return String(value);
    }
    if (value === null) return 'null';
    if (seen.includes(value)) return `<cycle ${seen.length - seen.indexOf(value)}>`;
    const inner = [...seen, value];
    const none = () => false;
    const list = (items) => (items.length === 0 ? '{}' : `{ ${items.join(', ')} }`);
    if (Array.isArray(value)) return (value.constructor === Array ? '' : `${value.constructor?.name} `) + array(value, inner);
    if (value instanceof Error) {
      // Node.js gives the errors of its own functions a code; the standards know none.
      const own = members(value, inner, (key) => key === 'code' && String(value.code).startsWith('ERR_'));
      for (const key of ['cause', 'errors']) if (Object.hasOwn(value, key)) own.push(`${key}: ${text(value[key], inner)}`);
      return `<${errorName(value)}${own.length === 0 ? '' : ` ${list(own)}`}>`;
    }
    if (has(value, (it) => Date.prototype.getTime.call(it))) return `<Date ${text(Date.prototype.getTime.call(value), inner)}>`;
    if (has(value, (it) => mapSize.call(it))) {
      return `<Map ${list([...value].map(([key, item]) => `${text(key, inner)} => ${text(item, inner)}`))}>`;
    }
    if (has(value, (it) => setSize.call(it))) return `<Set ${list([...value].map((item) => text(item, inner)))}>`;
    if (has(value, (it) => bufferLength.call(it))) return `<ArrayBuffer ${hex(value)}>`;
    if (ArrayBuffer.isView(value)) {
      if (value instanceof DataView) return `<DataView ${value.byteLength} at ${value.byteOffset}>`;
      return `<${value.constructor.name} ${Array.from(value, (item) => text(item, inner)).join(' ')}>`;
    }
    for (const Boxed of [Number, String, Boolean, BigInt, Symbol]) {
      if (has(value, (it) => Boxed.prototype.valueOf.call(it))) return `<boxed ${text(Boxed.prototype.valueOf.call(value), inner)}>`;
    }
    if (value instanceof RegExp && value !== RegExp.prototype) return `<RegExp /${escape(value.source)}/${value.flags} at ${value.lastIndex}>`;
    if (value instanceof Promise) return '<Promise>';
    const prototype = getPrototypeOf(value);
    const tag = value[Symbol.toStringTag];
    const kind = prototype === Object.prototype ? '' : prototype === null ? '<null> ' : `<${tag ?? value.constructor?.name}> `;
    return kind + list(members(value, inner, none));
  }

  // Prints values, one line for each call.
  const show = (...values) => log(values.map((value) => text(value, [])).join(' '));
  // The error that a function throws, or what it returns.
  const thrown = (act) => {
    try {
      return { returned: act() };
    } catch (error) {
      return error;
    }
  };
  // The same for a promise or a function that gives one.
  const rejected = async (promise) => {
    try {
      return { resolved: await (typeof promise === 'function' ? promise() : promise) };
    } catch (error) {
      return error;
    }
  };
  // All own properties with their attributes: w(ritable), e(numerable), c(onfigurable).
  const describe = (value) => {
    const out = {};
    for (const key of ownKeys(value)) {
      const found = getOwnPropertyDescriptor(value, key);
      const attributes = (found.writable ? 'w' : '-') + (found.enumerable ? 'e' : '-') + (found.configurable ? 'c' : '-');
      out[String(key)] = 'value' in found ? [attributes, found.value] : [attributes, found.get, found.set];
    }
    return out;
  };
  return { show, thrown, rejected, describe, hex, unhex };
})();
