// Writes and reads MessagePack.
// Gives: {"hex":"83a474657874a2c3bca46c6973749401ffcb3ff8000000000000c0a56279746573c4020102","list":[1,-1,1.5,null]}
import { decode, encode } from "npm:@msgpack/msgpack@3.1.3";

export function main() {
  const bytes = encode({ text: "ü", list: [1, -1, 1.5, null], bytes: new Uint8Array([1, 2]) });
  return { hex: Buffer.from(bytes).toString("hex"), list: decode(bytes).list };
}
