// Writes and reads CBOR.
// Gives: {"hex":"a3636269671b1000000000000000646c69737482f662c3bc686672616374696f6ef93e00","big":"1152921504606846976"}
import { decode, encode } from "npm:cborg@6.1.5";

export function main() {
  const bytes = encode({ fraction: 1.5, big: 2n ** 60n, list: [null, "ü"] });
  return { hex: Buffer.from(bytes).toString("hex"), big: decode(bytes).big.toString() };
}
