// Makes an address of a public key, and the hashes that are signed of a transaction and of a PSBT.
// Gives: {"address":"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4","hash":"0e21d5a127ac97363936df90694fc080e130e223ea2eb5f1c51c36372670e6d5","signed":"0e21d5a127ac97363936df90694fc080e130e223ea2eb5f1c51c36372670e6d5","same":true,"psbt":"cHNidP8BAFICAAAAAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAAAAAAD/////AegDAAAAAAAAFgAUdR526BmRltRUlBxF0bOjI/FDO9YAAAAAAAEBH9AHAAAAAAAAFgAUdR526BmRltRUlBxF0bOjI/FDO9YiAgJ5vmZ++dy7rFWgYpXOhwsHApv82y3OKNlZ8oFbFvgXmEcwRAIgAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQECIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQAA"}
import * as bitcoin from "npm:bitcoinjs-lib@6.1.7";

const pubkey = Buffer.from("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798", "hex");

export function main() {
  const payment = bitcoin.payments.p2wpkh({ pubkey });
  const transaction = new bitcoin.Transaction();
  transaction.version = 2;
  transaction.addInput(Buffer.alloc(32, 1), 0);
  transaction.addOutput(payment.output, 1000);
  const script = bitcoin.payments.p2pkh({ pubkey }).output;
  const hash = transaction.hashForWitnessV0(0, script, 2000, bitcoin.Transaction.SIGHASH_ALL).toString("hex");
  const psbt = new bitcoin.Psbt();
  psbt.addInput({ hash: Buffer.alloc(32, 1), index: 0, witnessUtxo: { script: payment.output, value: 2000 } });
  psbt.addOutput({ address: payment.address, value: 1000 });
  let signed;
  psbt.signInput(0, { publicKey: pubkey, sign: (digest) => { signed = digest.toString("hex"); return Buffer.alloc(64, 1); } });
  return { address: payment.address, hash, signed, same: hash === signed, psbt: psbt.toBase64() };
}
