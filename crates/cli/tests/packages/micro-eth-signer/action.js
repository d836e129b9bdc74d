// Signs a transaction and reads it.
// Gives: {"raw":"0x02f86e010301843b9aca008252089419e7e376e7c213b7e7e7e46cc70a5dd086daff2a8814d1120d7b16000080c001a0232461eb12d162f1e0e0cd91b60a35f6799cfee339a579cfed667d0704a82882a019cbf922b816740892cbc400fb60890079e77e3dcd1d78bb483c8a03981d8d3c","hash":"0x2c2de362faa4048c2d8fe26c5db0625588180e4429713fcc071f9e1ffd778334","sender":"0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A","address":"0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A"}
import { Transaction, addr } from "npm:micro-eth-signer@0.20.1";

export function main() {
  const transaction = Transaction.prepare({ to: "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A", maxFeePerGas: 10n ** 9n, maxPriorityFeePerGas: 1n, value: 15n * 10n ** 17n, nonce: 3n, chainId: 1n, gasLimit: 21000n });
  const signed = transaction.signBy("0x" + "11".repeat(32), false);
  return { raw: signed.toHex(), hash: signed.hash, sender: signed.recoverSender().address, address: addr.fromPrivateKey("0x" + "11".repeat(32)) };
}
