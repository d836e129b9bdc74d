/** Accounts of a chain: addresses of keys, and whose address has signed a hash. */

import { secp256k1 } from "@noble/curves/secp256k1.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { to0x } from "./bytes.js";

/** The address of an uncompressed public key. */
export const addressOfKey = (key: Uint8Array): string => to0x(keccak_256(key.subarray(1)).subarray(12));

/** The address that has signed a hash; `signature` is r ‖ s. `null` for what is no signature, and for one with s in the upper half. */
export function signerOfHash(hash: Uint8Array, signature: Uint8Array, recovery: number): string | null {
  if (recovery !== 0 && recovery !== 1) return null;
  try {
    const rs = secp256k1.Signature.fromBytes(signature, "compact");
    if (rs.hasHighS()) return null;
    return addressOfKey(rs.addRecoveryBit(recovery).recoverPublicKey(hash).toBytes(false));
  } catch {
    return null;
  }
}
