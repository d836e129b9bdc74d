/**
 * Types of documents: how a value of an unknown document is read, and its binary form (Borsh, docs/http.md).
 *
 * One description does both, so that what is hashed is what was read: a member that the description does not have, or that
 * has another form, is refused.
 */

import { fromHex, isWellFormed, utf8 } from "./bytes.js";
import { cidHash } from "./hash.js";

/** A document that does not have the form that it must have. */
export class FormError extends Error {
  override readonly name = "FormError";
}

/** A type: `read` checks a value, `write` gives its binary form. */
export interface Codec<T> {
  read(value: unknown, place: string): T;
  write(value: T): readonly number[] | Uint8Array;
}

/** The values of a type. */
export type Of<C> = C extends Codec<infer T> ? T : never;

/** Items of a list at most: more than any document has. */
const ITEMS_MAX = 4_096;

function refuse(place: string, expected: string): never {
  throw new FormError(`${place}: expected ${expected}`);
}

/** The members of an object, or a refusal. */
export function membersOf(value: unknown, place: string): Map<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) refuse(place, "an object");
  return new Map<string, unknown>(Object.entries(value));
}

const little = (value: number, bytes: number): number[] =>
  Array.from({ length: bytes }, (_, place) => Math.floor(value / 256 ** place) % 256);

function unsigned(bytes: number): Codec<number> {
  const most = Math.min(2 ** (8 * bytes) - 1, Number.MAX_SAFE_INTEGER);
  return {
    read: (value, place) =>
      typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && value <= most
        ? value
        : refuse(place, `a number up to ${most}`),
    write: (value) => little(value, bytes),
  };
}

export const u8 = unsigned(1);
export const u32 = unsigned(4);
/** Numbers past 2^53 − 1 are refused: JavaScript would round them. */
export const u64 = unsigned(8);

/** A number of a node: a place in the committee, from 1. */
export const nodeNumber: Codec<number> = {
  read: (value, place) => {
    const number = u8.read(value, place);
    return number > 0 ? number : refuse(place, "a node's number, from 1");
  },
  write: u8.write,
};

export const bool: Codec<boolean> = {
  read: (value, place) => (typeof value === "boolean" ? value : refuse(place, "true or false")),
  write: (value) => [value ? 1 : 0],
};

/** A text of so many bytes of UTF-8 at most. */
export function text(most = 1 << 22): Codec<string> {
  return {
    read: (value, place) =>
      typeof value === "string" && value.length <= most && isWellFormed(value)
        ? value
        : refuse(place, `a text of at most ${most} characters`),
    write: (value) => {
      const bytes = utf8(value);
      return [...little(bytes.length, 4), ...bytes];
    },
  };
}

/** One of several forms, named by the one member of an object. In binary form the place of the name comes first. */
export function tagged<const T extends Record<string, Codec<unknown>>>(
  forms: T,
): Codec<{ [Name in keyof T]: { readonly [Own in Name]: Of<T[Name]> } }[keyof T]> {
  const names = Object.keys(forms);
  const one = (value: unknown, place: string): [string, unknown] => {
    const [member, ...others] = membersOf(value, place);
    if (member === undefined || others.length > 0 || !names.includes(member[0])) refuse(place, `one of ${names.join(", ")}`);
    return member;
  };
  return {
    read: (value, place) => {
      const [name, inner] = one(value, place);
      return { [name]: (forms[name] as Codec<unknown>).read(inner, `${place}.${name}`) } as never;
    },
    write: (value) => {
      const [name, inner] = one(value, "value");
      return [names.indexOf(name), ...(forms[name] as Codec<unknown>).write(inner)];
    },
  };
}

/** So many bytes as digits, with this before them. */
export function digits(bytes: number, prefix: "0x" | ""): Codec<string> {
  const form = new RegExp(`^${prefix}[0-9a-f]{${2 * bytes}}$`);
  return {
    read: (value, place) =>
      typeof value === "string" && form.test(value) ? value : refuse(place, `${prefix}${2 * bytes} digits`),
    write: (value) => fromHex(value),
  };
}

export const id32 = digits(32, "");
export const hash32 = digits(32, "0x");
export const address20 = digits(20, "0x");

/** A compressed public key. Whether it is a point of the curve shows where it is used. */
export const key33: Codec<string> = {
  read: (value, place) => {
    const key = digits(33, "0x").read(value, place);
    return /^0x0[23]/.test(key) ? key : refuse(place, "a compressed public key");
  },
  write: (value) => fromHex(value),
};

/** An action's name; its binary form is the hash alone. */
export const cid: Codec<string> = {
  read: (value, place) => {
    if (typeof value !== "string") refuse(place, "an action's name");
    try {
      cidHash(value);
    } catch {
      refuse(place, "an action's name");
    }
    return value;
  },
  write: (value) => cidHash(value),
};

/** One of these texts; its binary form is its place. */
export function oneOf<const T extends string>(...names: readonly T[]): Codec<T> {
  return {
    read: (value, place) => names.find((name) => name === value) ?? refuse(place, `one of ${names.join(", ")}`),
    write: (value) => [names.indexOf(value)],
  };
}

/** A list. */
export function list<T>(of: Codec<T>, most = ITEMS_MAX): Codec<readonly T[]> {
  return {
    read: (value, place) =>
      Array.isArray(value) && value.length <= most
        ? Object.freeze(Array.from(value, (item: unknown, number) => of.read(item, `${place}[${number}]`)))
        : refuse(place, `a list of at most ${most}`),
    write: (value) => [...little(value.length, 4), ...value.flatMap((item) => [...of.write(item)])],
  };
}

/** A value, or `null`. */
export function nullable<T>(of: Codec<T>): Codec<T | null> {
  return {
    read: (value, place) => (value === null ? null : of.read(value, place)),
    write: (value) => (value === null ? [0] : [1, ...of.write(value)]),
  };
}

/** The values of a description of members. */
export type Members<S> = { readonly [K in keyof S]: Of<S[K]> };
/** A description of members. */
export type Shape = { readonly [name: string]: Codec<never> | Codec<unknown> };

/** An object with exactly these members; its binary form has them in this order. */
export function struct<S extends Shape>(shape: S): Codec<Members<S>> {
  const names = Object.keys(shape) as (keyof S & string)[];
  return {
    read: (value, place) => {
      const members = membersOf(value, place);
      for (const name of members.keys()) {
        if (!Object.hasOwn(shape, name)) refuse(place, `no member ${JSON.stringify(name.slice(0, 64))}`);
      }
      const read = names.map((name) => {
        if (!members.has(name)) refuse(place, `a member ${name}`);
        return [name, codecAt(shape, name).read(members.get(name), `${place}.${name}`)] as const;
      });
      return Object.freeze(Object.fromEntries(read)) as Members<S>;
    },
    write: (value) => names.flatMap((name) => [...codecAt(shape, name).write(value[name])]),
  };
}

/** The one place where the type of a member is taken from its description. */
function codecAt<S extends Shape, K extends keyof S>(shape: S, name: K): Codec<Of<S[K]>> {
  return shape[name] as unknown as Codec<Of<S[K]>>;
}

/** The binary form of a value. */
export const binary = <T>(of: Codec<T>, value: T): Uint8Array<ArrayBuffer> => Uint8Array.from(of.write(value));
