// Makes the bytes that are signed of a transaction.
// Gives: "0a0a1208612071756f72756d12620a500a460a1f2f636f736d6f732e63727970746f2e736563703235366b312e5075624b657912230a210279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f8179812040a0208011801120e0a090a0461746f6d12013510e8071a07636861696e2d312007"
import { encodePubkey, makeAuthInfoBytes, makeSignBytes, makeSignDoc, Registry } from "npm:@cosmjs/proto-signing@0.39.0";

export function main() {
  const pubkey = encodePubkey({ type: "tendermint/PubKeySecp256k1", value: "Anm+Zn753LusVaBilc6HCwcCm/zbLc4o2VnygVsW+BeY" });
  const body = new Registry().encodeTxBody({ messages: [], memo: "a quorum" });
  const info = makeAuthInfoBytes([{ pubkey, sequence: 1 }], [{ denom: "atom", amount: "5" }], 1000, undefined, undefined);
  return Buffer.from(makeSignBytes(makeSignDoc(body, info, "chain-1", 7))).toString("hex");
}
