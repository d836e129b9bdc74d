// Hashes, and derives keys.
// Gives: {"sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","sha512":"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f","keccak_256":"4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45","ripemd160":"8eb208f7e05d987a9b044a8e98c6b087f15a0bfc","blake3":"6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85","hkdf":"fb71ed960a6eb96efbefdc6ff86754152269965263871585de5c6013f3aba5c8"}
import { blake3 } from "npm:@noble/hashes@2.4.0/blake3.js";
import { hkdf } from "npm:@noble/hashes@2.4.0/hkdf.js";
import { ripemd160 } from "npm:@noble/hashes@2.4.0/legacy.js";
import { sha256, sha512 } from "npm:@noble/hashes@2.4.0/sha2.js";
import { keccak_256 } from "npm:@noble/hashes@2.4.0/sha3.js";
import { bytesToHex, utf8ToBytes } from "npm:@noble/hashes@2.4.0/utils.js";

export function main() {
  const abc = utf8ToBytes("abc");
  const all = { sha256, sha512, keccak_256, ripemd160, blake3 };
  const hashes = Object.entries(all).map(([name, hash]) => [name, bytesToHex(hash(abc))]);
  return { ...Object.fromEntries(hashes), hkdf: bytesToHex(hkdf(sha256, abc, abc, abc, 32)) };
}
