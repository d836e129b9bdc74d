// Makes addresses, and signs a transaction that spends by key and by script.
// Gives: {"address":"bc1ql3e9pgs3mmwuwrh95fecme0s0qtn2880lsvsd5","taproot":"bc1p9fjtrm3nwhemkjek0wxtswz2glmneu33w9lcylrvd7alttk0psmq6cnwza","raw":"0200000000010101010101010101010101010101010101010101010101010101010101010101010000000000ffffffff01e8030000000000002251202a64b1ee3375f3bb4b367b8cb8384a47f73cf231717f827c6c6fbbf5aecf0c3602483045022100b621261abff33b791ac36c8200b7e8e1c7370d80274cf5370693e135bec2d5af02207e8512a8b2cfc3a222a6e8452673054380fac38dd96fd7bf5a40d9a017cbaf7f0121034f355bdcb7cc0af728ef3cceb9615d90684bb5b2ca5f859ab0f0b704075871aa00000000","id":"13c04b88248f2dd2479e7db93601197719c9610824b0ec2d49077328cfb3495e"}
import * as btc from "npm:@scure/btc-signer@2.4.1";
import { pubECDSA, pubSchnorr } from "npm:@scure/btc-signer@2.4.1/utils.js";

export function main() {
  const secret = new Uint8Array(32).fill(17);
  const publicKey = pubECDSA(secret);
  const spend = btc.p2wpkh(publicKey);
  const taproot = btc.p2tr(pubSchnorr(secret));
  const transaction = new btc.Transaction();
  transaction.addInput({ txid: "01".repeat(32), index: 0, witnessUtxo: { amount: 2000n, script: spend.script } });
  transaction.addOutputAddress(taproot.address, 1000n);
  transaction.sign(secret);
  transaction.finalize();
  return { address: spend.address, taproot: taproot.address, raw: transaction.hex, id: transaction.id };
}
