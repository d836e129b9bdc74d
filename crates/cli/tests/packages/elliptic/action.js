// Signs and verifies with secp256k1.
// Gives: {"publicKey":"034f355bdcb7cc0af728ef3cceb9615d90684bb5b2ca5f859ab0f0b704075871aa","r":"cfd18ee918d6729134adbc61212142cf71fcf186dfc3123cfca8f7062e0fad5a","s":"703cc467d9857349ddb6e148bd1663f5050f3f6b9d788d64349c357f14eb4a5f","verified":true}
import elliptic from "npm:elliptic@6.6.1";

export function main() {
  const curve = new elliptic.ec("secp256k1");
  const key = curve.keyFromPrivate("11".repeat(32), "hex");
  const signature = key.sign("22".repeat(32), { canonical: true });
  return { publicKey: key.getPublic(true, "hex"), r: signature.r.toString(16), s: signature.s.toString(16), verified: key.verify("22".repeat(32), signature) };
}
