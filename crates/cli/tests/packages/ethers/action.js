// Decodes a signed transaction, encodes a call, and hashes typed data.
// Gives: {"raw":"0x02f86e010301843b9aca008252089419e7e376e7c213b7e7e7e46cc70a5dd086daff2a8814d1120d7b16000080c001a0232461eb12d162f1e0e0cd91b60a35f6799cfee339a579cfed667d0704a82882a019cbf922b816740892cbc400fb60890079e77e3dcd1d78bb483c8a03981d8d3c","from":"0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A","hash":"0x2c2de362faa4048c2d8fe26c5db0625588180e4429713fcc071f9e1ffd778334","unsigned":"0x35ac0c40d3c17353bd320b8d20886ef2b8ff424c0422ceeac9188186e0f2a99d","value":"1500000000000000000","data":"0xa9059cbb00000000000000000000000019e7e376e7c213b7e7e7e46cc70a5dd086daff2a0000000000000000000000000000000000000000000000000000000000000005","typed":"0x95b8feff492f05ada385527cd627844b30004b6256248a0aae97fd52ad74602c","amount":"5","coded":"0x00000000000000000000000000000000000000000000000000000000000000600000000000000000000000000000000000000000000000000000000000000007000000000000000000000000000000000000000000000000000000000000000100000000000000000000000000000000000000000000000000000000000000036b65790000000000000000000000000000000000000000000000000000000000"}
import { AbiCoder, Interface, Transaction, TypedDataEncoder, Wallet, parseEther } from "npm:ethers@6.17.0";

export async function main() {
  const wallet = new Wallet("0x" + "11".repeat(32));
  const raw = await wallet.signTransaction({ type: 2, chainId: 1, to: wallet.address, nonce: 3, gasLimit: 21000n, maxFeePerGas: 10n ** 9n, maxPriorityFeePerGas: 1n, value: parseEther("1.5") });
  const decoded = Transaction.from(raw);
  const erc20 = new Interface(["function transfer(address to, uint256 amount) returns (bool)"]);
  const data = erc20.encodeFunctionData("transfer", [wallet.address, 5n]);
  const typed = TypedDataEncoder.hash({ name: "Vault", chainId: 1 }, { Permit: [{ name: "owner", type: "address" }, { name: "ids", type: "uint8[]" }] }, { owner: wallet.address, ids: [1, 2, 3] });
  return {
    raw, from: decoded.from, hash: decoded.hash, unsigned: decoded.unsignedHash, value: decoded.value.toString(), data, typed,
    amount: erc20.decodeFunctionData("transfer", data)[1].toString(),
    coded: AbiCoder.defaultAbiCoder().encode(["string", "tuple(uint8,bool)"], ["key", [7, true]]),
  };
}
