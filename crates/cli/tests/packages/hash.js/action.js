// Hashes and authenticates.
// Gives: {"sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","sha512":"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f","ripemd160":"8eb208f7e05d987a9b044a8e98c6b087f15a0bfc","hmac":"9c196e32dc0175f86f4b1cb89289d6619de6bee699e4c378e68309ed97a1a6ab"}
import hash from "npm:hash.js@1.1.7";

export function main() {
  return { sha256: hash.sha256().update("abc").digest("hex"), sha512: hash.sha512().update("abc").digest("hex"), ripemd160: hash.ripemd160().update("abc").digest("hex"), hmac: hash.hmac(hash.sha256, "key").update("abc").digest("hex") };
}
