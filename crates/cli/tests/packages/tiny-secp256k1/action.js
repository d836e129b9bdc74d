// Makes a public key. Its code is WebAssembly.
import * as ecc from "npm:tiny-secp256k1@2.2.4";

export function main() {
  return Buffer.from(ecc.pointFromScalar(new Uint8Array(32).fill(17), true)).toString("hex");
}
