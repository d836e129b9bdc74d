// Fills memory for a key: the second vector of RFC 7914, smaller.
// Gives: "920e8ce0da524a3468f2fbceb817281dd07ff1820269d6379644242b9583c85a"
import scrypt from "npm:scrypt-js@3.0.1";

export function main() {
  return Buffer.from(scrypt.syncScrypt(Buffer.from("pleaseletmein"), Buffer.from("SodiumChloride"), 256, 8, 1, 32)).toString("hex");
}
