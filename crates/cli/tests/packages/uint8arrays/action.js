// Turns bytes into texts and back.
// Gives: {"base32":"of2w64tvnx7qa","base58":"Kyh8Htvgev3","mixed":"0000000000000000"}
import { concat, fromString, toString, xor } from "npm:uint8arrays@6.1.1";

export function main() {
  const bytes = concat([fromString("quorum"), fromString("ff00", "base16")]);
  return { base32: toString(bytes, "base32"), base58: toString(bytes, "base58btc"), mixed: toString(xor(bytes, bytes), "hex") };
}
