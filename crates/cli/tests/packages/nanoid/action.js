// Makes an identifier of letters that are given: `crypto.getRandomValues` is used while the module is loaded.
// Gives: {"id":"g9WaRw7Z6U","kind":"function"}
import { customRandom, nanoid, urlAlphabet } from "npm:nanoid@5.1.16";

export function main() {
  let next = 0;
  const make = customRandom(urlAlphabet, 10, (size) => new Uint8Array(size).map(() => (next += 37) & 255));
  return { id: make(), kind: typeof nanoid };
}
