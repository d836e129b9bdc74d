// Writes bytes in several bases.
// Gives: {"base32":"AAAQF7X7","base58":"12Vzei","url":"AAEC_v8=","hex":"000102feff","bech32m":"key1qqqs9lhl3tt68r","checked":"1ApFxWb9Jns"}
import { base32, base58, base64url, bech32m, createBase58check, hex } from "npm:@scure/base@2.4.0";
import { sha256 } from "npm:@noble/hashes@2.4.0/sha2.js";

export function main() {
  const bytes = new Uint8Array([0, 1, 2, 254, 255]);
  return { base32: base32.encode(bytes), base58: base58.encode(bytes), url: base64url.encode(bytes), hex: hex.encode(bytes), bech32m: bech32m.encode("key", bech32m.toWords(bytes)), checked: createBase58check(sha256).encode(bytes) };
}
