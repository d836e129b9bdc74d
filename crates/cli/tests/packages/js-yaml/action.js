// Reads and writes YAML.
// Gives: {"read":{"keys":[{"name":"a"},{"name":"b"}],"last":{"name":"b"}},"text":"a:\n  - 1\n  - b: 'x: y'\n"}
import { dump, load } from "npm:js-yaml@5.5.0";

export function main() {
  return { read: load("keys:\n  - name: a\n    when: 2026-03-01\n  - &b {name: b}\nlast: *b\n".replace("    when: 2026-03-01\n", "")), text: dump({ a: [1, { b: "x: y" }] }) };
}
