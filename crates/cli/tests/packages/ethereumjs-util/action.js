// Recovers a signer and checks an address, with packages that stand in for modules of Node.js.
// Gives: {"signer":"0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A","create2":"902b81000c30d186b9c790301a5d62e7f4b3280e"}
import "npm:assert@2.1.0";
import "npm:events@3.3.0";
import "npm:stream-browserify@3.0.0";
import { ecrecover, generateAddress2, hashPersonalMessage, pubToAddress, toChecksumAddress } from "npm:ethereumjs-util@7.1.5";

export function main() {
  const hash = hashPersonalMessage(Buffer.from("a quorum of independent nodes"));
  const signature = Buffer.from("a8948a18a994904dd64c9aae97d7f4b5765b393cec1a16150dfe310f7ca4615565bf09a3573874878c2b0cbb4f8d922b608e838ad8760fdcb8f29f7d4b30b2df", "hex");
  const signer = pubToAddress(ecrecover(hash, 27, signature.subarray(0, 32), signature.subarray(32)));
  return { signer: toChecksumAddress("0x" + signer.toString("hex")), create2: generateAddress2(Buffer.alloc(20, 1), Buffer.alloc(32), Buffer.from([0])).toString("hex") };
}
