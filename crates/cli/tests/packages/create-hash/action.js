// Hashes, with packages that stand in for modules of Node.js.
// Gives: {"sha1":"a9993e364706816aba3e25717850c26c9cd0d89d","sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","sha512":"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f","rmd160":"8eb208f7e05d987a9b044a8e98c6b087f15a0bfc","md5":"900150983cd24fb0d6963f7d28e17f72"}
import "npm:events@3.3.0";
import "npm:stream-browserify@3.0.0";
import createHash from "npm:create-hash@1.2.0";

export function main() {
  return Object.fromEntries(["sha1", "sha256", "sha512", "rmd160", "md5"].map((name) => [name, createHash(name).update("abc").digest("hex")]));
}
