// Hashes, and signs with the curve of Starknet.
import { ec, hash, num } from "npm:starknet@7.1.0";

export function main() {
  const key = "0x" + "01".repeat(31);
  const digest = hash.computePoseidonHashOnElements([1, 2, 3]);
  const signature = ec.starkCurve.sign(num.toHex(digest).slice(2), key);
  return { key: ec.starkCurve.getStarkKey(key), selector: hash.getSelectorFromName("transfer"), digest, r: num.toHex(signature.r), pedersen: hash.computePedersenHash("1", "2") };
}
