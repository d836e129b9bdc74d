// Writes an address and hashes.
// Gives: {"address":"1ADRXEpxCcHPze36zV1imej5DNcGZ8puqopyUhbppXyGuhP","blake":"0xbddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319","keccak":"0x4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45","twox":"0x990977adf52cbc440889329981caa9be"}
import { blake2AsHex, encodeAddress, keccakAsHex, xxhashAsHex } from "npm:@polkadot/util-crypto@14.0.3";

export function main() {
  return { address: encodeAddress(new Uint8Array(32).fill(7), 0), blake: blake2AsHex("abc"), keccak: keccakAsHex("abc"), twox: xxhashAsHex("abc", 128) };
}
