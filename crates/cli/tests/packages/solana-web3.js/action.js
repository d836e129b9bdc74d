// Compiles a transaction's message, signs it, and finds a program's address.
// Gives: {"message":"AQABA+pKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIsB2FIHTV0dLt8TXYk69O9s9g1XnPREEP8DaNTgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAQICAAEMAgAAAAfKmjsAAAAA","signature":"f3b11bbd1613c1fd37be7e03bd28db691fa415dc9034c03400d66b1ba72a92fa2295019f1c1079acfdc0591d8a11af0bc0b35b69b85a7c594cde3796294a8e08","verified":true,"v0":"gAEAAQPqSmxj4pxSCr71UHsTLsX5lUd2rr6+e5JCHuppFEbSLAdhSB01dHS7fE12JOvTvbPYNV5z0RBD/A2jU4AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAECAgABDAIAAAAHypo7AAAAAAA=","derived":"58CDQ9Qgw1ZPedjaTtwrR2MSG4EmmguHSPE2bFtyfinD","bump":254}
import { Keypair, PublicKey, SystemProgram, Transaction, TransactionMessage } from "npm:@solana/web3.js@1.99.0";

export function main() {
  const payer = Keypair.fromSeed(new Uint8Array(32).fill(7));
  const to = new PublicKey("Vote111111111111111111111111111111111111111");
  const transfer = SystemProgram.transfer({ fromPubkey: payer.publicKey, toPubkey: to, lamports: 1_000_000_007 });
  const recentBlockhash = "11111111111111111111111111111111";
  const transaction = new Transaction({ recentBlockhash, feePayer: payer.publicKey }).add(transfer);
  transaction.sign(payer);
  const newer = new TransactionMessage({ payerKey: payer.publicKey, recentBlockhash, instructions: [transfer] }).compileToV0Message();
  const [derived, bump] = PublicKey.findProgramAddressSync([Buffer.from("vault")], SystemProgram.programId);
  return {
    message: transaction.serializeMessage().toString("base64"), signature: transaction.signature.toString("hex"),
    verified: transaction.verifySignatures(), v0: Buffer.from(newer.serialize()).toString("base64"), derived: derived.toBase58(), bump,
  };
}
