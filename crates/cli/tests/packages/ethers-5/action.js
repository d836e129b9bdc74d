// A copy of its own, beside the global `ethers`: reads a transaction, encodes a call, and hashes typed data.
// Gives: {"version":"ethers/5.8.0","value":"1.5","raw":"0xeb03843b9aca008252089419e7e376e7c213b7e7e7e46cc70a5dd086daff2a8814d1120d7b16000080018080","hash":"0x6acfbb086e14cef86f25c9a69a6ab74b71726ba2c8260d90f6cdf6fd43911e45","data":"0xa9059cbb00000000000000000000000019e7e376e7c213b7e7e7e46cc70a5dd086daff2a0000000000000000000000000000000000000000000000000000000000000005","typed":"0x95b8feff492f05ada385527cd627844b30004b6256248a0aae97fd52ad74602c"}
import { ethers as own } from "npm:ethers@5.8.0";

export function main() {
  const address = "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A";
  const raw = own.utils.serializeTransaction({ chainId: 1, to: address, nonce: 3, gasLimit: 21000, gasPrice: 10 ** 9, value: own.utils.parseEther("1.5") });
  const decoded = own.utils.parseTransaction(raw);
  const erc20 = new own.utils.Interface(["function transfer(address to, uint256 amount) returns (bool)"]);
  const typed = own.utils._TypedDataEncoder.hash({ name: "Vault", chainId: 1 }, { Permit: [{ name: "owner", type: "address" }, { name: "ids", type: "uint8[]" }] }, { owner: address, ids: [1, 2, 3] });
  return { version: own.version, value: own.utils.formatEther(decoded.value), raw, hash: own.utils.keccak256(raw), data: erc20.encodeFunctionData("transfer", [address, 5]), typed };
}
