// Bodies of requests and answers. All bytes are in memory: a body is either bytes or a stream of the
// script's own, and a stream of the former is made only when the script asks for one.

import { native, parse } from '../core.js';
import { decodeUtf8, encodeUtf8 } from './encoding.js';
import { FormData, bytesOf, isBlob, isFormData, multipart, rawBlob } from './blob.js';
import { parseMultipart } from './multipart.js';
import { isSearchParams, parseForm } from './search_params.js';
import { concatenated, copied, usv, viewed } from './shape.js';
import { ReadableStream, isDisturbed, isStream } from './streams.js';

class Body {
  constructor(bytes, stream) {
    this.bytes = bytes;
    this.given = stream;
    this.taken = false;
  }
  get used() {
    return this.given === null ? this.taken : isDisturbed(this.given);
  }
  get unusable() {
    return this.used || (this.given !== null && this.given.locked);
  }
  stream() {
    if (this.given !== null) return this.given;
    const { bytes, taken } = this;
    this.given = new ReadableStream({
      pull(controller) {
        if (bytes.length > 0) controller.enqueue(copied(bytes));
        controller.close();
      },
    }, { highWaterMark: 0 });
    if (taken) this.given.cancel();
    return this.given;
  }
  // All bytes, once.
  async take() {
    if (this.given === null) {
      this.taken = true;
      return this.bytes;
    }
    const reader = this.given.getReader();
    const parts = [];
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return concatenated(parts);
      if (!(value instanceof Uint8Array)) throw new TypeError('Received non-Uint8Array chunk');
      parts.push(value);
    }
  }
  // Counts as read from here on.
  spend() {
    if (this.given === null) this.taken = true;
    else this.given.cancel();
  }
  twin() {
    if (this.given === null) return new Body(this.bytes, null);
    const [mine, theirs] = this.given.tee();
    this.given = mine;
    return new Body(this.bytes, theirs);
  }
}

// What a body that the script gives is, and the content type that it implies.
export function extractBody(given) {
  const view = viewed(given);
  if (view !== undefined) return { body: new Body(copied(view), null), type: null };
  if (isStream(given)) {
    if (given.locked || isDisturbed(given)) throw new TypeError('Response body object should not be disturbed or locked');
    return { body: new Body(null, given), type: null };
  }
  if (isBlob(given)) return { body: new Body(bytesOf(given), null), type: given.type || null };
  if (isSearchParams(given)) {
    return { body: new Body(encodeUtf8(usv(given)), null), type: 'application/x-www-form-urlencoded;charset=UTF-8' };
  }
  if (isFormData(given)) {
    const { body, type } = multipart(given);
    return { body: new Body(body, null), type };
  }
  return { body: new Body(encodeUtf8(usv(given)), null), type: 'text/plain;charset=UTF-8' };
}
export function bytesBody(array) {
  return new Body(array, null);
}

// Adds the reading members to a class; `bodyOf` and `typeOf` read an instance.
export function bodyMembers(Class, bodyOf, typeOf) {
  async function consume(instance, convert) {
    const body = bodyOf(instance);
    if (body === null) return convert(new Uint8Array(0), instance);
    if (body.unusable) throw new TypeError('Body is unusable: Body has already been read');
    return convert(await body.take(), instance);
  }
  const members = {
    get body() {
      return bodyOf(this)?.stream() ?? null;
    },
    get bodyUsed() {
      return bodyOf(this)?.used ?? false;
    },
    async blob() {
      return consume(this, (array, instance) => rawBlob(copied(array), (typeOf(instance) ?? '').toLowerCase()));
    },
    async arrayBuffer() {
      return consume(this, (array) => copied(array).buffer);
    },
    async text() {
      return consume(this, decodeUtf8);
    },
    async json() {
      return consume(this, (array) => parse(decodeUtf8(array)));
    },
    async formData() {
      return consume(this, (array, instance) => readForm(array, typeOf(instance) ?? ''));
    },
    async bytes() {
      return consume(this, copied);
    },
  };
  Object.defineProperties(Class.prototype, Object.getOwnPropertyDescriptors(members));
}

function readForm(array, type) {
  const kind = type.split(';')[0].trim().toLowerCase();
  const form = new FormData();
  if (kind === 'application/x-www-form-urlencoded') {
    for (const [name, value] of parseForm(native.decode(array, false))) form.append(name, value);
    return form;
  }
  if (kind === 'multipart/form-data') return parseMultipart(array, type, form);
  throw new TypeError(`Content-Type was not one of "multipart/form-data" or "application/x-www-form-urlencoded".`);
}
