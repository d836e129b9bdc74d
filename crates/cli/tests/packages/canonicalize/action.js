// Writes JSON in its canonical form.
// Gives: "{\"a\":\"€\\n\",\"b\":[1e+21,0.000001,0],\"ü\":null}"
import canonicalize from "npm:canonicalize@4.0.0";

export function main() {
  return canonicalize({ b: [1e21, 0.000001, -0], a: "\u20ac\n", "\u00fc": null });
}
