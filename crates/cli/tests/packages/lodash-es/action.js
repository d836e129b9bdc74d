// Single functions, without the rest.
// Gives: {"got":3,"mapped":{"a":2,"b":4},"kind":"function"}
import { debounce, get, mapValues } from "npm:lodash-es@4.18.1";

export function main() {
  return { got: get({ a: [{ b: 3 }] }, "a[0].b"), mapped: mapValues({ a: 1, b: 2 }, (value) => value * 2), kind: typeof debounce(() => {}, 10) };
}
