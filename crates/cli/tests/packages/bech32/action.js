// Reads and writes bech32 and bech32m.
// Gives: {"prefix":"bc","program":"751e76e8199196d454941c45d1b3a323f1433bd6","again":"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4","newer":"tb1ppyysjzgfpyysjzgfpyysjzgfpyysjzgfpyysjzgfpyysjzgfpyys6k4apt"}
import { bech32, bech32m } from "npm:bech32@2.0.0";

export function main() {
  const { prefix, words } = bech32.decode("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4");
  const program = Buffer.from(bech32.fromWords(words.slice(1))).toString("hex");
  return { prefix, program, again: bech32.encode(prefix, words), newer: bech32m.encode("tb", [1, ...bech32m.toWords(new Uint8Array(32).fill(9))]) };
}
