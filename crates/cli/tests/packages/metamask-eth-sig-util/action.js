// Signs typed data and recovers who has signed, with packages that stand in for modules of Node.js.
// Gives: {"signature":"0xf14d01ad1cf1b3415514d8444a562197e77620959e46ad19bd71a1de202c7a8542e5bc9616f7bb81dca38b2807de1be70e3981baaec66f4dcf6394a1760ba2d91c","signer":"0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a","personal":"0x24a8e91328bd9e5129a9e258eb97154a1815ec87d8aa34c74875aafbd765a9d85db33d6cd5939d647c683b4ba54c59cb2ce5d1e2720c12e42a203b0f8d8b99f81b"}
import "npm:assert@2.1.0";
import "npm:browserify-zlib@0.2.0";
import "npm:events@3.3.0";
import "npm:https-browserify@1.0.0";
import "npm:stream-browserify@3.0.0";
import "npm:stream-http@3.2.0";
import "npm:util@0.12.5";
import { SignTypedDataVersion, personalSign, recoverTypedSignature, signTypedData } from "npm:@metamask/eth-sig-util@8.2.0";

export function main() {
  const privateKey = Buffer.alloc(32, 17);
  const data = { domain: { name: "Vault", chainId: 1 }, primaryType: "Order", types: { EIP712Domain: [{ name: "name", type: "string" }, { name: "chainId", type: "uint256" }], Order: [{ name: "amount", type: "uint256" }] }, message: { amount: "5" } };
  const version = SignTypedDataVersion.V4;
  const signature = signTypedData({ privateKey, data, version });
  return { signature, signer: recoverTypedSignature({ data, signature, version }), personal: personalSign({ privateKey, data: "0x616263" }) };
}
