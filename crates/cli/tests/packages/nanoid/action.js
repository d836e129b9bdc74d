// Makes an identifier of letters that are given, and one by chance.
// Gives: {"id":"g9WaRw7Z6U","drawn":[21,true]}
import { customRandom, nanoid, urlAlphabet } from "npm:nanoid@5.1.16";

export function main() {
  let next = 0;
  const make = customRandom(urlAlphabet, 10, (size) => new Uint8Array(size).map(() => (next += 37) & 255));
  return { id: make(), drawn: [nanoid().length, nanoid() !== nanoid()] };
}
