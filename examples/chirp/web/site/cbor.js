// DAG-CBOR, read and written. Only the one canonical form is read: what is read and written again is the same bytes.
import { equal, fromUtf8, toBase32, toHex, utf8 } from "./bytes.js";

/** A link to a block: its CID's bytes. */
export class Link {
  /** @param {Uint8Array} cid */
  constructor(cid) {
    this.cid = cid;
  }

  toString() {
    return `b${toBase32(this.cid)}`;
  }
}

/** @import { Value, Entries } from "../types.js" */

/** Bytes of a block at most. */
export const BLOCK_MAX = 16_384;
const DEPTH_MAX = 16, ITEMS_MAX = 4_096;
const LINK_TAG = 42;

/**
 * The value of a block.
 * @param {Uint8Array} bytes
 * @returns {Value}
 */
export function decode(bytes) {
  if (bytes.length > BLOCK_MAX) throw new Error("a block that is too large");
  const reader = new Reader(bytes);
  const value = reader.value(0);
  if (reader.at !== bytes.length) throw new Error("bytes behind the value");
  if (!equal(encode(value), bytes)) throw new Error("not the canonical form");
  return value;
}

class Reader {
  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
    this.items = 0;
  }

  /** @param {number} count */
  take(count) {
    if (count > this.bytes.length - this.at) throw new Error("the block ends too soon");
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  /** @param {number} short the low five bits of the first byte */
  argument(short) {
    if (short < 24) return short;
    if (short > 27) throw new Error("a length that is not allowed");
    let number = 0;
    for (const byte of this.take(1 << (short - 24))) number = number * 256 + byte;
    if (!Number.isSafeInteger(number)) throw new Error("a number that is too large");
    return number;
  }

  /** @param {number} depth @returns {Value} */
  value(depth) {
    this.items += 1;
    if (depth > DEPTH_MAX || this.items > ITEMS_MAX) throw new Error("a block that is too deep or has too many parts");
    const first = this.take(1)[0] ?? 0, major = first >> 5, short = first & 31;
    if (major === 7) return this.simple(short);
    const argument = this.argument(short);
    switch (major) {
      case 0: return argument;
      case 1: return -1 - argument;
      case 2: return this.take(argument).slice();
      case 3: return fromUtf8(this.take(argument));
      case 4: return this.list(argument, depth);
      case 5: return this.map(argument, depth);
      default: return this.link(argument);
    }
  }

  /** @param {number} short */
  simple(short) {
    if (short === 20 || short === 21) return short === 21;
    if (short === 22) return null;
    if (short !== 27) throw new Error("a value that DAG-CBOR does not have");
    const bytes = this.take(8).slice(), number = new DataView(bytes.buffer).getFloat64(0);
    if (!Number.isFinite(number)) throw new Error("a number that DAG-CBOR does not have");
    return number;
  }

  /** @param {number} count @param {number} depth @returns {Value[]} */
  list(count, depth) {
    /** @type {Value[]} */
    const list = [];
    for (let at = 0; at < count; at += 1) list.push(this.value(depth + 1));
    return list;
  }

  /** @param {number} count @param {number} depth @returns {Entries} */
  map(count, depth) {
    /** @type {Entries} */
    const map = Object.create(null);
    for (let at = 0; at < count; at += 1) {
      const key = this.value(depth + 1);
      if (typeof key !== "string" || key in map) throw new Error("a key that is no text, or comes twice");
      map[key] = this.value(depth + 1);
    }
    return map;
  }

  /** @param {number} tag */
  link(tag) {
    const bytes = tag === LINK_TAG ? this.value(DEPTH_MAX) : null;
    if (!(bytes instanceof Uint8Array) || bytes[0] !== 0) throw new Error("a tag that is no link");
    return new Link(bytes.slice(1));
  }
}

/**
 * The canonical bytes of a value.
 * @param {Value} value
 */
export function encode(value) {
  /** @type {number[]} */
  const out = [];
  write(value, out);
  return Uint8Array.from(out);
}

/** @param {number} major @param {number} argument @param {number[]} out */
function head(major, argument, out) {
  if (argument < 24) return void out.push((major << 5) | argument);
  const size = [0x100, 0x10000, 0x100000000].findIndex((limit) => argument < limit), step = size < 0 ? 3 : size;
  out.push((major << 5) | (24 + step));
  for (let byte = (1 << step) - 1; byte >= 0; byte -= 1) out.push(Math.floor(argument / 256 ** byte) % 256);
}

/** @param {Value} value @param {number[]} out */
function write(value, out) {
  if (value === null) out.push(0xf6);
  else if (typeof value === "boolean") out.push(value ? 0xf5 : 0xf4);
  else if (typeof value === "number") writeNumber(value, out);
  else if (typeof value === "string") writeBytes(3, utf8(value), out);
  else if (value instanceof Uint8Array) writeBytes(2, value, out);
  else if (value instanceof Link) {
    head(6, LINK_TAG, out);
    writeBytes(2, Uint8Array.from([0, ...value.cid]), out);
  } else if (Array.isArray(value)) {
    head(4, value.length, out);
    for (const item of value) write(item, out);
  } else writeMap(value, out);
}

/** @param {number} value @param {number[]} out */
function writeNumber(value, out) {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) return head(value < 0 ? 1 : 0, value < 0 ? -1 - value : value, out);
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value);
  out.push(0xfb, ...bytes);
}

/** @param {number} major @param {Uint8Array} bytes @param {number[]} out */
function writeBytes(major, bytes, out) {
  head(major, bytes.length, out);
  for (const byte of bytes) out.push(byte);
}

/** @param {Entries} map @param {number[]} out */
function writeMap(map, out) {
  const keys = Object.keys(map).map((key) => ({ key, bytes: utf8(key) }));
  keys.sort((a, b) => a.bytes.length - b.bytes.length || (toHex(a.bytes) < toHex(b.bytes) ? -1 : 1));
  head(5, keys.length, out);
  for (const { key, bytes } of keys) {
    writeBytes(3, bytes, out);
    write(map[key] ?? null, out);
  }
}

/**
 * A value as people read it, in the style of JSON; bytes as `h'…'`, links as their CID.
 * @param {Value} value @param {string} [indent]
 * @returns {string}
 */
export function diagnosed(value, indent = "") {
  const inner = `${indent}  `;
  if (value instanceof Uint8Array) return `h'${toHex(value)}'`;
  if (value instanceof Link) return `link(${value})`;
  if (Array.isArray(value)) {
    return value.length === 0 ? "[]" : `[\n${value.map((item) => inner + diagnosed(item, inner)).join(",\n")}\n${indent}]`;
  }
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const lines = Object.entries(value).map(([key, item]) => `${inner}${JSON.stringify(key)}: ${diagnosed(item, inner)}`);
  return lines.length === 0 ? "{}" : `{\n${lines.join(",\n")}\n${indent}}`;
}
