// What a wallet does: an address with its checksum (EIP-55), and `personal_sign` (EIP-191).
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { keccak_256 } from "@noble/hashes/sha3.js";

const digits = (bytes) => Buffer.from(bytes).toString("hex");

export function addressOf(secret) {
  const address = digits(keccak_256(secp256k1.getPublicKey(secret, false).subarray(1)).subarray(12));
  const hash = digits(keccak_256(Buffer.from(address)));
  return `0x${[...address].map((digit, place) => (hash[place] >= "8" ? digit.toUpperCase() : digit)).join("")}`;
}

export function personalSign(secret, text) {
  const digest = keccak_256(Buffer.from(`\x19Ethereum Signed Message:\n${Buffer.byteLength(text)}${text}`));
  const [recovery, ...rs] = secp256k1.sign(digest, secret, { prehash: false, format: "recovered" });
  return `0x${digits(rs)}${digits([27 + recovery])}`;
}
