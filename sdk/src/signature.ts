/** Signatures of nodes and sessions. */

import { ed25519 } from "@noble/curves/ed25519.js";

/** Ed25519 as RFC 8032 has it. noble throws for bytes that are no point. */
export function ed25519Valid(signature: Uint8Array, message: Uint8Array, key: Uint8Array): boolean {
  try {
    return ed25519.verify(signature, message, key, { zip215: false });
  } catch {
    return false;
  }
}
