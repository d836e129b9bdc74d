// Reads and writes a key, and signs with it.
// Gives: {"wif":"KwntMbt59tTsj8xqpqYqRRWufyjGunvhSyeMo3NTYpFYzZbXJ5Hp","publicKey":"034f355bdcb7cc0af728ef3cceb9615d90684bb5b2ca5f859ab0f0b704075871aa","signature":"cfd18ee918d6729134adbc61212142cf71fcf186dfc3123cfca8f7062e0fad5a703cc467d9857349ddb6e148bd1663f5050f3f6b9d788d64349c357f14eb4a5f"}
import * as ecc from "npm:@bitcoinerlab/secp256k1@2.0.0";
import { ECPairFactory } from "npm:ecpair@3.0.2";

export function main() {
  const key = ECPairFactory(ecc).fromPrivateKey(new Uint8Array(32).fill(17));
  return { wif: key.toWIF(), publicKey: Buffer.from(key.publicKey).toString("hex"), signature: Buffer.from(key.sign(new Uint8Array(32).fill(34))).toString("hex") };
}
