// Signs with Ed25519 and opens a secret box.
// Gives: {"publicKey":"ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c","signature":"83998e719947612d0e82d427472c685a64b14d9aea67968cbcc39733f27376f3b8ea9858c24e061feb8bcdefce93aa921a6bc8ee1cab17f68d5d1ffc0dc2d800","box":"9088965e28a2a5030054e28689eb79bb23d507","opened":"010203","verified":true}
import nacl from "npm:tweetnacl@1.0.3";

const hex = (bytes) => Buffer.from(bytes).toString("hex");

export function main() {
  const keys = nacl.sign.keyPair.fromSeed(new Uint8Array(32).fill(7));
  const message = new Uint8Array([1, 2, 3]);
  const signature = nacl.sign.detached(message, keys.secretKey);
  const box = nacl.secretbox(message, new Uint8Array(24).fill(1), new Uint8Array(32).fill(2));
  const opened = nacl.secretbox.open(box, new Uint8Array(24).fill(1), new Uint8Array(32).fill(2));
  return {
    publicKey: hex(keys.publicKey), signature: hex(signature), box: hex(box), opened: hex(opened),
    verified: nacl.sign.detached.verify(message, signature, keys.publicKey),
  };
}
