// Hashes, and signs with the curve of Starknet.
// Gives: {"key":"0x7e7edc1c7d134f664f260917acac01f8b880e04990f5a2c3534610c0a4c5043","digest":"0x5bb9440e27889a364bcb678b1f679ecd1347acdedcbf36e83494f857cc58026","selector":"83afd3f4caedc6eebf44246fe54e38c95e3179a5ec9ea81740eca5b482d12e","r":"2629d6b3bdd53a35a5559856a162f4202b6cb86b624be0fd8d66c05f52cbf94","s":"751b860d1541bbef623d166db838e0545bf744edba1719c298bab574cc29dab"}
import * as starknet from "npm:@scure/starknet@2.4.0";

export function main() {
  const key = "0" + "1".repeat(62);
  const digest = starknet.pedersen(1n, 2n);
  const signature = starknet.sign(digest.slice(2), key);
  return { key: starknet.getStarkKey(key), digest, selector: starknet.keccak(new TextEncoder().encode("transfer")).toString(16), r: signature.r.toString(16), s: signature.s.toString(16) };
}
