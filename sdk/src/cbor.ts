/** CBOR (RFC 8949) of definite lengths, each written in its shortest form: what authenticators write. */

import { fromUtf8 } from "./bytes.js";
import { FormError } from "./codec.js";

/** A value as it is read; maps have integers or texts as names. */
export type CborValue = number | string | boolean | null | Uint8Array | readonly CborValue[] | ReadonlyMap<number | string, CborValue>;

/** Deepest nesting: that of an attestation object with certificates in it. */
const DEPTH_MAX = 6;
/** Bytes of a number that follows the first byte, by the low bits of that byte. */
const LENGTHS: { readonly [low: number]: number } = { 24: 1, 25: 2, 26: 4, 27: 8 };

/**
 * Reads one value, and tells where it ends.
 *
 * @throws FormError for another form; tags and floating-point numbers are none that is needed here
 */
export function readCbor(bytes: Uint8Array, begin = 0): { readonly value: CborValue; readonly end: number } {
  let place = begin;
  const take = (length: number): Uint8Array => {
    if (length > bytes.length - place) throw new FormError("the CBOR ends too early");
    place += length;
    return bytes.subarray(place - length, place);
  };
  const head = (): [number, number] => {
    const first = take(1)[0] ?? 0;
    const low = first & 31;
    if (low < 24) return [first >> 5, low];
    const length = LENGTHS[low];
    if (length === undefined) throw new FormError("a length of CBOR is not definite");
    const value = take(length).reduce((all, byte) => all * 256 + byte, 0);
    if (!Number.isSafeInteger(value) || value < (length === 1 ? 24 : 256 ** (length / 2))) throw new FormError("a number of CBOR is not in its shortest form");
    return [first >> 5, value];
  };
  const read = (depth: number): CborValue => {
    if (depth > DEPTH_MAX) throw new FormError("the CBOR is nested too deeply");
    const [kind, value] = head();
    switch (kind) {
      case 0: return value;
      case 1: return -1 - value;
      case 2: return take(value).slice();
      case 3: return textOf(take(value));
      case 4: return items(value, () => read(depth + 1));
      case 5: return mapOf(items(value, () => [read(depth + 1), read(depth + 1)]));
      case 7: if (value >= 20 && value <= 22) return [false, true, null][value - 20] ?? null;
    }
    throw new FormError("a kind of CBOR that is not expected");
  };
  // Every item takes a byte at least: a length past the end is refused before anything is made of it.
  const items = <T>(count: number, item: () => T): T[] => {
    if (count > bytes.length - place) throw new FormError("the CBOR ends too early");
    return Array.from({ length: count }, item);
  };
  const value = read(1);
  return { value, end: place };
}

/**
 * Reads a map that is all there is.
 *
 * @throws FormError
 */
export function readCborMap(bytes: Uint8Array): ReadonlyMap<number | string, CborValue> {
  const { value, end } = readCbor(bytes);
  if (!(value instanceof Map) || end !== bytes.length) throw new FormError("one map of CBOR is expected");
  return value;
}

function textOf(bytes: Uint8Array): string {
  try {
    return fromUtf8(bytes);
  } catch (error) {
    throw new FormError("a text of CBOR is no UTF-8", { cause: error });
  }
}

function mapOf(entries: readonly (readonly CborValue[])[]): ReadonlyMap<number | string, CborValue> {
  const map = new Map<number | string, CborValue>();
  for (const [name, value = null] of entries) {
    if ((typeof name !== "number" && typeof name !== "string") || map.has(name)) throw new FormError("a name in a map of CBOR is no name, or there twice");
    map.set(name, value);
  }
  return map;
}
