// Enciphers in counter mode.
// Gives: "fd7147544e654aa7b10c4523852d5f4186"
import aes from "npm:aes-js@3.1.2";

export function main() {
  const counter = new aes.ModeOfOperation.ctr(new Array(16).fill(1), new aes.Counter(5));
  return aes.utils.hex.fromBytes(counter.encrypt(aes.utils.utf8.toBytes("a quorum of nodes")));
}
