// Writes and reads a structure.
// Gives: {"hex":"010203042c010000000000000101610107","back":{"id":[1,2,3,4],"value":"300","tags":["a"],"kind":{"Some":7,"$kind":"Some"}}}
import { bcs } from "npm:@mysten/bcs@2.1.2";

export function main() {
  const Coin = bcs.struct("Coin", { id: bcs.fixedArray(4, bcs.u8()), value: bcs.u64(), tags: bcs.vector(bcs.string()), kind: bcs.enum("Kind", { None: null, Some: bcs.u8() }) });
  const bytes = Coin.serialize({ id: [1, 2, 3, 4], value: 300n, tags: ["a"], kind: { Some: 7 } });
  return { hex: bytes.toHex(), back: Coin.parse(bytes.toBytes()) };
}
