// Makes a payment and its hash.
// Gives: {"key":"GDVEU3DD4KOFECV66VIHWEZOYX4ZKR3WV27L464SIIPOU2IUI3JCZA57","hash":"bf40621ec3a520913020d9c70308beef04e5fa53e38376014be303ad3b3b7199","xdr":"AAAAAgAAAADqSmxj4pxSCr71UHsTLsX5lUd2rr6+e5JCHuppFEbSLAAAAGQAAAAAAAAACAAAAAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEAAAAAAAAAAQAAAADqSmxj4pxSCr71UHsTLsX5lUd2rr6+e5JCHuppFEbSLAAAAAAAAAAAA0c7wAAAAAAAAAABFEbSLAAAAECcdB8aL4UoJd8tf/8T6TUzZu5wq3WL0U2T1jl6H+MBE0aLTa7ORmaA8UbyxKGSn/gUxDeTiKiyWWuAfJZ9xk4F"}
import { Account, Asset, Keypair, Networks, Operation, TransactionBuilder } from "npm:@stellar/stellar-base@15.0.0";

export function main() {
  const key = Keypair.fromRawEd25519Seed(Buffer.alloc(32, 7));
  const payment = Operation.payment({ destination: key.publicKey(), asset: Asset.native(), amount: "5.5" });
  const transaction = new TransactionBuilder(new Account(key.publicKey(), "7"), { fee: "100", networkPassphrase: Networks.TESTNET, timebounds: { minTime: 0, maxTime: 0 } }).addOperation(payment).build();
  transaction.sign(key);
  return { key: key.publicKey(), hash: transaction.hash().toString("hex"), xdr: transaction.toXDR() };
}
