// Writes JSON with its members in order.
// Gives: "{\"a\":\"1970-01-01T00:00:00.000Z\",\"b\":{\"c\":[2],\"d\":1}}"
import stringify from "npm:fast-json-stable-stringify@2.1.0";

export function main() {
  return stringify({ b: { d: 1, c: [2] }, a: new Date(0) });
}
