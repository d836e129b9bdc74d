// Encodes and decodes lists.
// Gives: {"hex":"f84783636174c48204000fb83c010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101","first":"cat"}
import { RLP } from "npm:@ethereumjs/rlp@10.1.3";

export function main() {
  const bytes = RLP.encode(["cat", ["0x0400", 15n], new Uint8Array(60).fill(1)]);
  return { hex: Buffer.from(bytes).toString("hex"), first: Buffer.from(RLP.decode(bytes)[0]).toString() };
}
