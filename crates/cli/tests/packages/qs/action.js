// Parses and writes queries with brackets.
// Gives: {"parsed":{"a":{"b":["1","2"]},"c":"ü"},"text":"a%5Bb%5D%5B0%5D=1&a%5Bb%5D%5B1%5D=2&c=%C3%BC"}
import qs from "npm:qs@6.17.1";

export function main() {
  return { parsed: qs.parse("a[b][]=1&a[b][]=2&c=%C3%BC"), text: qs.stringify({ a: { b: [1, 2] }, c: "ü" }) };
}
