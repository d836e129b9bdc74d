// Converts units, checks an address, and hashes packed values.
// Gives: {"wei":"1500000000000000000","ether":"1.500000000000000001","address":"0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A","packed":"0x9e46dfede6b692f4569ac361d2c71adefd2fb80cf04d452f08195bab7eca03c4","hash":"0x4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45","padded":"0x00000001"}
import { fromWei, padLeft, sha3, soliditySha3, toChecksumAddress, toWei } from "npm:web3-utils@4.3.3";

export function main() {
  return { wei: toWei("1.5", "ether"), ether: fromWei("1500000000000000001", "ether"), address: toChecksumAddress("0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a"), packed: soliditySha3({ type: "uint8", value: 7 }, { type: "string", value: "abc" }), hash: sha3("abc"), padded: padLeft("0x1", 8) };
}
