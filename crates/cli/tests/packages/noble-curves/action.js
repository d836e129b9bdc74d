// Signs with secp256k1, also by a drawn key, and verifies with Ed25519; the other answers are fixed by their standards.
// Gives: {"publicKey":"034f355bdcb7cc0af728ef3cceb9615d90684bb5b2ca5f859ab0f0b704075871aa","signature":"41cd2210d80408e4ae8f9955dcb47e61e27316e25d7b38df679e447df16bfe6d2f9afba49bfd3619166487e948149ede186c8d9cdabbf482cb6e8136364cf744","rfc8032":true,"drawn":true}
import { ed25519 } from "npm:@noble/curves@2.4.0/ed25519.js";
import { secp256k1 } from "npm:@noble/curves@2.4.0/secp256k1.js";

const hex = (bytes) => Buffer.from(bytes).toString("hex");

export function main() {
  const secret = new Uint8Array(32).fill(17);
  const message = new Uint8Array([1, 2, 3]);
  // The first vector of RFC 8032.
  const key = Buffer.from("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "hex");
  const signature = Buffer.from(
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b", "hex");
  const drawn = secp256k1.utils.randomSecretKey();
  return {
    publicKey: hex(secp256k1.getPublicKey(secret)), signature: hex(secp256k1.sign(message, secret)),
    rfc8032: ed25519.verify(new Uint8Array(signature), new Uint8Array(), new Uint8Array(key)),
    drawn: secp256k1.verify(secp256k1.sign(message, drawn), message, secp256k1.getPublicKey(drawn)),
  };
}
