// Makes, signs and reads a transaction.
// Gives: {"raw":"02f86e010301843b9aca008252089419e7e376e7c213b7e7e7e46cc70a5dd086daff2a8814d1120d7b16000080c001a0232461eb12d162f1e0e0cd91b60a35f6799cfee339a579cfed667d0704a82882a019cbf922b816740892cbc400fb60890079e77e3dcd1d78bb483c8a03981d8d3c","hash":"2c2de362faa4048c2d8fe26c5db0625588180e4429713fcc071f9e1ffd778334","sender":"0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a"}
import { Common, Mainnet } from "npm:@ethereumjs/common@10.1.3";
import { createFeeMarket1559Tx, createTxFromRLP } from "npm:@ethereumjs/tx@10.1.3";

const hex = (bytes) => Buffer.from(bytes).toString("hex");

export function main() {
  const common = new Common({ chain: Mainnet, hardfork: "london" });
  const fields = { chainId: 1n, nonce: 3n, gasLimit: 21000n, maxFeePerGas: 10n ** 9n, maxPriorityFeePerGas: 1n, to: "0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a", value: 15n * 10n ** 17n };
  const signed = createFeeMarket1559Tx(fields, { common }).sign(new Uint8Array(32).fill(17));
  return { raw: hex(signed.serialize()), hash: hex(signed.hash()), sender: createTxFromRLP(signed.serialize(), { common }).getSenderAddress().toString() };
}
