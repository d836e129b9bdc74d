// Signs, recovers and tweaks, by its form for browsers.
// Gives: {"signature":"cfd18ee918d6729134adbc61212142cf71fcf186dfc3123cfca8f7062e0fad5a703cc467d9857349ddb6e148bd1663f5050f3f6b9d788d64349c357f14eb4a5f","recid":0,"recovered":"034f355bdcb7cc0af728ef3cceb9615d90684bb5b2ca5f859ab0f0b704075871aa","tweaked":"023c72addb4fdf09af94f0c94d7fe92a386a7e70cf8a1d85916386bb2535c7b1b1"}
import secp256k1 from "npm:secp256k1@5.0.2";

const hex = (bytes) => Buffer.from(bytes).toString("hex");

export function main() {
  const [key, message] = [new Uint8Array(32).fill(17), new Uint8Array(32).fill(34)];
  const { signature, recid } = secp256k1.ecdsaSign(message, key);
  const publicKey = secp256k1.publicKeyCreate(key);
  return { signature: hex(signature), recid, recovered: hex(secp256k1.ecdsaRecover(signature, recid, message)), tweaked: hex(secp256k1.publicKeyTweakAdd(publicKey, message)) };
}
