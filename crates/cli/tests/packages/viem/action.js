// Writes a transaction, encodes a call, hashes typed data, and draws a key.
// Gives: {"data":"0xa9059cbb00000000000000000000000019e7e376e7c213b7e7e7e46cc70a5dd086daff2a00000000000000000000000000000000000000000000000014d1120d7b160000","raw":"0x02f868010301843b9aca0082ea609419e7e376e7c213b7e7e7e46cc70a5dd086daff2a80b844a9059cbb00000000000000000000000019e7e376e7c213b7e7e7e46cc70a5dd086daff2a00000000000000000000000000000000000000000000000014d1120d7b160000c0","hash":"0x0552235d804dba4b2d5dcca42a3f0f7424d7a9a9f5464905e9bb4cea8573aaee","nonce":3,"typed":"0x8eda7868952974d6e497fc350b5e1b0d8e9740ee9e038e3d578949061d0b0e30","signer":"0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A","drawn":true}
import { encodeFunctionData, hashTypedData, keccak256, parseAbi, parseEther, parseTransaction, recoverMessageAddress, serializeTransaction } from "npm:viem@2.57.20";
import { generatePrivateKey, privateKeyToAccount } from "npm:viem@2.57.20/accounts";

export async function main() {
  const to = "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A";
  const abi = parseAbi(["function transfer(address to, uint256 amount) returns (bool)"]);
  const data = encodeFunctionData({ abi, functionName: "transfer", args: [to, parseEther("1.5")] });
  const raw = serializeTransaction({ chainId: 1, to, data, nonce: 3, gas: 60000n, maxFeePerGas: 10n ** 9n, maxPriorityFeePerGas: 1n, type: "eip1559" });
  const typed = hashTypedData({
    domain: { name: "Vault", version: "1", chainId: 1, verifyingContract: to },
    types: { Permit: [{ name: "owner", type: "address" }, { name: "ids", type: "uint8[]" }] },
    primaryType: "Permit", message: { owner: to, ids: [1, 2, 3] },
  });
  const signature =
    "0xa8948a18a994904dd64c9aae97d7f4b5765b393cec1a16150dfe310f7ca4615565bf09a3573874878c2b0cbb4f8d922b608e838ad8760fdcb8f29f7d4b30b2df1b";
  const signer = await recoverMessageAddress({ message: "a quorum of independent nodes", signature });
  const drawn = /^0x[0-9a-fA-F]{40}$/.test(privateKeyToAccount(generatePrivateKey()).address);
  return { data, raw, hash: keccak256(raw), nonce: parseTransaction(raw).nonce, typed, signer, drawn };
}
