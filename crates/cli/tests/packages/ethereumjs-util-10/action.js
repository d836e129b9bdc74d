// Makes addresses and recovers a signer.
// Gives: {"contract":"0x2ce636d6240f8955d085a896e12429f8b3c7db26","signer":"0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a"}
import { bytesToHex, createAddressFromString, createContractAddress, ecrecover, hashPersonalMessage, hexToBytes, publicToAddress } from "npm:@ethereumjs/util@10.1.3";

export function main() {
  const owner = createAddressFromString("0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a");
  const hash = hashPersonalMessage(new TextEncoder().encode("a quorum of independent nodes"));
  const [r, s] = ["0xa8948a18a994904dd64c9aae97d7f4b5765b393cec1a16150dfe310f7ca46155", "0x65bf09a3573874878c2b0cbb4f8d922b608e838ad8760fdcb8f29f7d4b30b2df"].map(hexToBytes);
  return { contract: createContractAddress(owner, 7n).toString(), signer: bytesToHex(publicToAddress(ecrecover(hash, 27n, r, s))) };
}
