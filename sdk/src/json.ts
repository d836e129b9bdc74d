/** JSON as nodes read it: no member twice, no half characters, not too deep. */

import { isWellFormed } from "./bytes.js";

/** Any value of JSON. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [name: string]: JsonValue };

/** Deepest nesting that is read. */
const DEPTH_MAX = 64;

/**
 * Reads a JSON text, and refuses what two readers could read differently: an object with a member twice, or half a
 * surrogate pair. Nesting deeper than 64 is refused as well.
 *
 * @throws SyntaxError
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  checkMembers(text);
  return value;
}

/**
 * The members of an object's text, each as it is written: what a signature is about are these very characters.
 *
 * @throws SyntaxError as {@link parseJson} does, and for what is no object
 */
export function rawMembers(source: string): ReadonlyMap<string, string> {
  const value = parseJson(source);
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new SyntaxError("an object is expected");
  const members = new Map<string, string>();
  let [depth, begin, name] = [0, 0, ""];
  for (let place = 0; place < source.length; place += 1) {
    const letter = source[place] ?? "";
    if (letter === '"') {
      const end = endOfText(source, place);
      if (depth === 1 && begin === 0) name = String(JSON.parse(source.slice(place, end)));
      place = end - 1;
    } else if (depth === 1 && letter === ":") {
      begin = place + 1;
    } else if (depth === 1 && (letter === "," || letter === "}")) {
      if (begin > 0) members.set(name, source.slice(begin, place).trim());
      begin = 0;
    }
    if (letter === "{" || letter === "[") depth += 1;
    if (letter === "}" || letter === "]") depth -= 1;
  }
  return members;
}

/** Goes once through a text that is known to be JSON. */
function checkMembers(text: string): void {
  // For every open bracket: the names seen in an object, or null in a list.
  const open: (Set<string> | null)[] = [];
  let names: Set<string> | null = null;
  let nameNext = false;
  for (let place = 0; place < text.length; place += 1) {
    switch (text[place]) {
      case "{":
      case "[":
        if (open.length >= DEPTH_MAX) throw new SyntaxError("the JSON text is nested too deeply");
        nameNext = text[place] === "{";
        names = nameNext ? new Set() : null;
        open.push(names);
        break;
      case "}":
      case "]":
        open.pop();
        names = open.at(-1) ?? null;
        break;
      case ",":
        nameNext = names !== null;
        break;
      case '"': {
        const end = endOfText(text, place);
        checkText(text.slice(place, end), nameNext ? names : null);
        nameNext = false;
        place = end - 1;
        break;
      }
    }
  }
}

/** The place behind the quotation mark that ends a text. */
function endOfText(text: string, begin: number): number {
  let place = begin + 1;
  while (text[place] !== '"') place += text[place] === "\\" ? 2 : 1;
  return place + 1;
}

function checkText(token: string, names: Set<string> | null): void {
  const text: unknown = token.includes("\\") ? JSON.parse(token) : token.slice(1, -1);
  if (typeof text !== "string" || !isWellFormed(text)) throw new SyntaxError("half a surrogate pair in the JSON text");
  if (names === null) return;
  if (names.has(text)) throw new SyntaxError(`the member ${JSON.stringify(text.slice(0, 64))} is there twice`);
  names.add(text);
}

/**
 * Writes a value whose every part JSON has, so that reading it gives the same. `undefined`, `NaN`, functions and such are
 * refused: `JSON.stringify` would leave them out or change them in silence.
 *
 * @throws TypeError
 */
export function writeJson(value: unknown): string {
  checkValue(value, 0);
  return JSON.stringify(value);
}

function checkValue(value: unknown, depth: number): void {
  if (depth > DEPTH_MAX) throw new TypeError("the value is nested too deeply");
  if (value === null || typeof value === "boolean") return;
  if (typeof value === "number" && Number.isFinite(value)) return;
  if (typeof value === "string") {
    if (!isWellFormed(value)) throw new TypeError("half a surrogate pair in a text");
    return;
  }
  if (typeof value !== "object") throw new TypeError(`JSON has no ${typeof value} like this`);
  if ("toJSON" in value && typeof value.toJSON === "function") throw new TypeError("JSON has no such object");
  if (Array.isArray(value)) {
    // By place: an array may have holes, and `forEach` would pass over them.
    for (let place = 0; place < value.length; place += 1) checkValue(value[place], depth + 1);
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) throw new TypeError("JSON has no such object");
  for (const [name, member] of Object.entries(value)) {
    checkValue(name, depth);
    checkValue(member, depth + 1);
  }
}
