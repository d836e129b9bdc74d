// Blob, File and FormData: bytes in memory with a type.

import { apply, native, text } from '../core.js';
import { ALG, OP, compute } from '../native.js';
import { decodeUtf8, encodeUtf8 } from './encoding.js';
import { ReadableStream } from './streams.js';
import {
  DONE, coded, concatenated, defineInspect, dictionary, interfaceClass, iteratorKind, needs, usv, viewed,
} from './shape.js';

let bytesOf;
const RAW = Symbol('raw');

class Blob {
  #bytes;
  #type;
  static {
    bytesOf = (blob) => blob.#bytes;
  }
  constructor(sources = [], options = undefined) {
    if (sources === RAW) {
      [this.#bytes, this.#type] = options;
      return;
    }
    if (sources === null || typeof sources !== 'object' || typeof sources[Symbol.iterator] !== 'function') {
      throw coded(TypeError, 'ERR_INVALID_ARG_TYPE', 'The "sources" argument must be an instance of an iterable.');
    }
    const { type = '', endings = 'transparent' } = dictionary(options, 'options');
    const ending = text(endings);
    if (ending !== 'transparent' && ending !== 'native') {
      throw coded(TypeError, 'ERR_INVALID_ARG_VALUE', `The property 'options.endings' must be one of: 'transparent', 'native'`);
    }
    const parts = [];
    for (const part of sources) {
      const view = viewed(part);
      if (view !== undefined) parts.push(view);
      else if (isBlob(part)) parts.push(bytesOf(part));
      else parts.push(encodeUtf8(ending === 'native' ? usv(part).replace(/\r\n?/g, '\n') : usv(part)));
    }
    this.#bytes = concatenated(parts);
    this.#type = typeText(type);
  }
  get size() {
    return this.#bytes.length;
  }
  get type() {
    return this.#type;
  }
  slice(start = 0, end = this.#bytes.length, contentType = '') {
    // A copy, so that a slice cannot see what becomes of the whole.
    return new Blob(RAW, [this.#bytes.slice(whole(start), whole(end)), typeText(contentType)]);
  }
  async arrayBuffer() {
    return this.#bytes.slice().buffer;
  }
  async bytes() {
    return this.#bytes.slice();
  }
  async text() {
    return decodeUtf8(this.#bytes);
  }
  stream() {
    const array = this.#bytes;
    return new ReadableStream({
      pull(controller) {
        if (array.length > 0) controller.enqueue(array.slice());
        controller.close();
      },
    }, { highWaterMark: 0 });
  }
}
interfaceClass(Blob, 'Blob', { length: 0 });
defineInspect(Blob, (blob, depth, options, inspect) =>
  depth < 0 ? '[Blob]' : `Blob ${inspect({ size: blob.size, type: blob.type }, options)}`);

const whole = (value) => {
  const number = +value;
  return number === number ? Math.trunc(number) : 0;
};
function typeText(type) {
  const out = text(type);
  return /[^\x20-\x7e]/.test(out) ? '' : out.toLowerCase();
}
function isBlob(value) {
  try {
    return bytesOf(value) !== undefined;
  } catch {
    return false;
  }
}

class File extends Blob {
  #name;
  #lastModified;
  constructor(fileBits, fileName, options = undefined) {
    needs(arguments, 2, 'File');
    super(fileBits, options);
    const { lastModified } = dictionary(options, 'options');
    this.#name = usv(fileName);
    this.#lastModified = lastModified === undefined ? native.now() : whole(lastModified);
  }
  get name() {
    return this.#name;
  }
  get lastModified() {
    return this.#lastModified;
  }
}
interfaceClass(File, 'File');

let entriesOf;
class FormData {
  #list = [];
  static {
    entriesOf = (form) => form.#list;
  }
  constructor(form = undefined) {
    if (form !== undefined) {
      throw new TypeError("Failed to construct 'FormData': parameter 1 is not of type 'HTMLFormElement'.");
    }
  }
  append(name, value, filename = undefined) {
    const list = this.#list;
    needs(arguments, 2, 'FormData.append');
    list.push(formEntry(name, value, filename, arguments.length));
  }
  delete(name) {
    const list = this.#list;
    needs(arguments, 1, 'FormData.delete');
    const wanted = usv(name);
    this.#list = list.filter((pair) => pair[0] !== wanted);
  }
  get(name) {
    const list = this.#list;
    needs(arguments, 1, 'FormData.get');
    const wanted = usv(name);
    return list.find((pair) => pair[0] === wanted)?.[1] ?? null;
  }
  getAll(name) {
    const list = this.#list;
    needs(arguments, 1, 'FormData.getAll');
    const wanted = usv(name);
    return list.filter((pair) => pair[0] === wanted).map((pair) => pair[1]);
  }
  has(name) {
    const list = this.#list;
    needs(arguments, 1, 'FormData.has');
    const wanted = usv(name);
    return list.some((pair) => pair[0] === wanted);
  }
  set(name, value, filename = undefined) {
    const list = this.#list;
    needs(arguments, 2, 'FormData.set');
    const entry = formEntry(name, value, filename, arguments.length);
    const first = list.findIndex((pair) => pair[0] === entry[0]);
    if (first < 0) {
      list.push(entry);
      return;
    }
    list[first] = entry;
    this.#list = list.filter((pair, at) => at <= first || pair[0] !== entry[0]);
  }
  keys() {
    return iterate({ list: () => this.#list, check: this.#list, at: 0, pick: (pair) => pair[0] });
  }
  values() {
    return iterate({ list: () => this.#list, check: this.#list, at: 0, pick: (pair) => pair[1] });
  }
  entries() {
    return iterate({ list: () => this.#list, check: this.#list, at: 0, pick: (pair) => [pair[0], pair[1]] });
  }
  forEach(callbackfn, self = undefined) {
    const list = this.#list;
    if (typeof callbackfn !== 'function') throw new TypeError('FormData.forEach: parameter 1 is not of type Function');
    for (const [name, value] of list) apply(callbackfn, self, [value, name, this]);
  }
}
interfaceClass(FormData, 'FormData', { length: 0 });
Object.defineProperty(FormData.prototype, Symbol.iterator, {
  value: FormData.prototype.entries, writable: true, enumerable: false, configurable: true,
});
const iterate = iteratorKind('FormData Iterator', (own) => {
  const list = own.list();
  return own.at < list.length ? own.pick(list[own.at++]) : DONE;
});

function formEntry(name, value, filename, given) {
  if (isBlob(value)) {
    const isFile = value instanceof File;
    const called = given > 2 ? usv(filename) : isFile ? value.name : 'blob';
    if (isFile && given < 3) return [usv(name), value];
    return [usv(name), new File([value], called, { type: value.type, lastModified: isFile ? value.lastModified : undefined })];
  }
  if (given > 2) throw new TypeError("FormData: parameter 2 is not of type 'Blob'");
  return [usv(name), usv(value)];
}

const quoted = (value) => value.replace(/\n/g, '%0A').replace(/\r/g, '%0D').replace(/"/g, '%22');
const lines = (value) => value.replace(/\r\n?|\n/g, '\r\n');

// The multipart form of the data. The boundary is a hash of the content: it is in no part of it, and the
// same on every node.
export function multipart(form) {
  const parts = [];
  for (const [name, value] of entriesOf(form)) {
    const head = `Content-Disposition: form-data; name="${quoted(lines(name))}"`;
    if (typeof value === 'string') {
      parts.push([encodeUtf8(`${head}\r\n\r\n${lines(value)}\r\n`)]);
    } else {
      const type = value.type || 'application/octet-stream';
      parts.push([encodeUtf8(`${head}; filename="${quoted(value.name)}"\r\nContent-Type: ${type}\r\n\r\n`), bytesOf(value), encodeUtf8('\r\n')]);
    }
  }
  const boundary = `----formdata-quorate-${compute(OP.HASH, ALG.SHA256, concatenated(parts.flat())).toHex().slice(0, 32)}`;
  const fence = encodeUtf8(`--${boundary}\r\n`);
  const body = concatenated([...parts.flatMap((part) => [fence, ...part]), encodeUtf8(`--${boundary}--\r\n`)]);
  return { body, type: `multipart/form-data; boundary=${boundary}` };
}

export function rawBlob(array, type) {
  return new Blob(RAW, [array, type]);
}
export function isFormData(value) {
  try {
    return entriesOf(value) !== undefined;
  } catch {
    return false;
  }
}
export { Blob, File, FormData, bytesOf, isBlob };
