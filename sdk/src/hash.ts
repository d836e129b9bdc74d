/** What is hashed: transcripts, base58, and the names of actions. */

import { sha256 } from "@noble/hashes/sha2.js";
import { concat, utf8 } from "./bytes.js";

export { sha256 };

const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/** Longest source that is one block. */
const LEAF_BYTES = 262_144;
/** Children of a branch at most. */
const BRANCH_CHILDREN = 174;
const MULTIHASH = Uint8Array.of(0x12, 0x20);

const bytesOf = (field: string | Uint8Array): Uint8Array => (typeof field === "string" ? utf8(field) : field);

/** A number as so many bytes, highest first. */
export function bigEndian(value: number, bytes: number): Uint8Array<ArrayBuffer> {
  if (!Number.isSafeInteger(value) || value < 0 || value >= 2 ** (8 * bytes)) {
    throw new RangeError(`${value} is no number of ${bytes} bytes`);
  }
  const all = new Uint8Array(bytes);
  for (let place = bytes - 1, rest = value; place >= 0; place -= 1, rest = Math.floor(rest / 256)) {
    all[place] = rest % 256;
  }
  return all;
}

/** A number as a field of a transcript. */
export const numberField = (value: number): Uint8Array<ArrayBuffer> => bigEndian(value, 8);

/** The hash of a domain and fields, each with its length before it. */
export function transcript(domain: string | Uint8Array, ...fields: readonly (string | Uint8Array)[]): Uint8Array {
  const hash = sha256.create();
  for (const field of [domain, ...fields]) {
    const bytes = bytesOf(field);
    hash.update(bigEndian(bytes.length, 4)).update(bytes);
  }
  return hash.digest();
}

/** The base58btc of bytes that do not begin with a zero. */
export function base58(bytes: Uint8Array): string {
  let number = bytes.reduce((all, byte) => all * 256n + BigInt(byte), 0n);
  let text = "";
  for (; number > 0n; number /= 58n) text = ALPHABET.charAt(Number(number % 58n)) + text;
  return text;
}

/**
 * The SHA-256 in an action's name.
 *
 * @throws RangeError for what is no CIDv0.
 */
export function cidHash(cid: string): Uint8Array<ArrayBuffer> {
  if (!/^Qm[1-9A-HJ-NP-Za-km-z]{44}$/.test(cid)) throw new RangeError("an action's name is a CIDv0: Qm and 44 letters");
  let number = 0n;
  for (const letter of cid) number = number * 58n + BigInt(ALPHABET.indexOf(letter));
  const bytes = new Uint8Array(34);
  for (let place = 33; place >= 0; place -= 1, number >>= 8n) bytes[place] = Number(number & 0xffn);
  if (number !== 0n || bytes[0] !== 0x12 || bytes[1] !== 0x20) throw new RangeError("an action's name has a SHA-256");
  return bytes.slice(2);
}

interface Block {
  readonly hash: Uint8Array;
  /** Bytes of all blocks from here down. */
  readonly total: number;
  /** Bytes of source below. */
  readonly source: number;
}

function varint(value: number): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Uint8Array.of(...bytes, rest);
}

const part = (key: number, bytes: Uint8Array): Uint8Array<ArrayBuffer> =>
  concat(Uint8Array.of(key), varint(bytes.length), bytes);
const count = (key: number, value: number): Uint8Array<ArrayBuffer> => concat(Uint8Array.of(key), varint(value));
const FILE = Uint8Array.of(0x08, 0x02);

function leaf(source: Uint8Array): Block {
  const data = source.length > 0 ? part(0x12, source) : new Uint8Array(0);
  const block = part(0x0a, concat(FILE, data, count(0x18, source.length)));
  return { hash: sha256(block), total: block.length, source: source.length };
}

function branch(children: readonly Block[]): Block {
  const sum = (of: (child: Block) => number): number => children.reduce((all, child) => all + of(child), 0);
  const source = sum((child) => child.source);
  const links = children.map((child) =>
    part(0x12, concat(part(0x0a, concat(MULTIHASH, child.hash)), part(0x12, new Uint8Array(0)), count(0x18, child.total))));
  const sizes = children.map((child) => count(0x20, child.source));
  const block = concat(...links, part(0x0a, concat(FILE, count(0x18, source), ...sizes)));
  return { hash: sha256(block), total: block.length + sum((child) => child.total), source };
}

/** An action's name: the CIDv0 of its source, as `ipfs add` prints it. */
export function cidOf(source: string | Uint8Array): string {
  const bytes = bytesOf(source);
  let level: Block[] = [];
  for (let place = 0; place < Math.max(1, bytes.length); place += LEAF_BYTES) {
    level.push(leaf(bytes.subarray(place, place + LEAF_BYTES)));
  }
  while (level.length > 1) {
    const above: Block[] = [];
    for (let place = 0; place < level.length; place += BRANCH_CHILDREN) {
      above.push(branch(level.slice(place, place + BRANCH_CHILDREN)));
    }
    level = above;
  }
  return base58(concat(MULTIHASH, (level[0] ?? leaf(new Uint8Array(0))).hash));
}
