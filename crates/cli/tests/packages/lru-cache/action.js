// Forgets what was used least recently.
// Gives: ["c","a"]
import { LRUCache } from "npm:lru-cache@11.5.3";

export function main() {
  const cache = new LRUCache({ max: 2 });
  cache.set("a", 1).set("b", 2);
  cache.get("a");
  cache.set("c", 3);
  return [...cache.keys()];
}
