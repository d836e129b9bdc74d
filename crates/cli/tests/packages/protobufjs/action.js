// Reads a definition, writes a message and reads it back.
import protobuf from "npm:protobufjs@8.8.1";

export function main() {
  const { root } = protobuf.parse('syntax = "proto3"; message Key { string name = 1; repeated uint32 parts = 2; }');
  const Key = root.lookupType("Key");
  const bytes = Key.encode(Key.create({ name: "a", parts: [1, 300] })).finish();
  return { hex: Buffer.from(bytes).toString("hex"), back: Key.toObject(Key.decode(bytes)) };
}
