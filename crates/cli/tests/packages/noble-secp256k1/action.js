// Signs, recovers and verifies; the asynchronous functions use WebCrypto.
// Gives: {"publicKey":"034f355bdcb7cc0af728ef3cceb9615d90684bb5b2ca5f859ab0f0b704075871aa","signature":"41cd2210d80408e4ae8f9955dcb47e61e27316e25d7b38df679e447df16bfe6d2f9afba49bfd3619166487e948149ede186c8d9cdabbf482cb6e8136364cf744","ok":true}
import * as secp from "npm:@noble/secp256k1@3.2.0";

const hex = (bytes) => Buffer.from(bytes).toString("hex");

export async function main() {
  const secret = new Uint8Array(32).fill(17);
  const message = new Uint8Array([1, 2, 3]);
  const signature = await secp.signAsync(message, secret);
  const publicKey = secp.getPublicKey(secret);
  return { publicKey: hex(publicKey), signature: hex(signature), ok: await secp.verifyAsync(signature, message, publicKey) };
}
