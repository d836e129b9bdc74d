// Writes and reads base58.
// Gives: {"text":"11LiA","back":"0761481d357474bb7c4d7624ebd3bdb3d8355e73d11043fc0da3538000000000","bad":true}
import bs58 from "npm:bs58@6.0.0";

export function main() {
  return { text: bs58.encode(new Uint8Array([0, 0, 1, 2, 255])), back: Buffer.from(bs58.decode("Vote111111111111111111111111111111111111111")).toString("hex"), bad: bs58.decodeUnsafe("0OIl") === undefined };
}
