// Signs and tweaks for packages that ask for `tiny-secp256k1`.
// Gives: {"publicKey":"034f355bdcb7cc0af728ef3cceb9615d90684bb5b2ca5f859ab0f0b704075871aa","signature":"cfd18ee918d6729134adbc61212142cf71fcf186dfc3123cfca8f7062e0fad5a703cc467d9857349ddb6e148bd1663f5050f3f6b9d788d64349c357f14eb4a5f","tweaked":"4f355bdcb7cc0af728ef3cceb9615d90684bb5b2ca5f859ab0f0b704075871aa","parity":1}
import * as ecc from "npm:@bitcoinerlab/secp256k1@2.0.0";

const hex = (bytes) => Buffer.from(bytes).toString("hex");

export function main() {
  const [key, message] = [new Uint8Array(32).fill(17), new Uint8Array(32).fill(34)];
  const publicKey = ecc.pointFromScalar(key, true);
  const tweaked = ecc.xOnlyPointAddTweak(publicKey.slice(1), message);
  return { publicKey: hex(publicKey), signature: hex(ecc.sign(message, key)), tweaked: hex(tweaked.xOnlyPubkey), parity: tweaked.parity };
}
