// Makes an address of a public key and the bytes that are signed.
// Gives: {"address":"cosmos1w508d6qejxtdg4y5r3zarvary0c5xw7k6ah60c","text":"{\"account_number\":\"1\",\"chain_id\":\"chain-1\",\"fee\":{\"amount\":[],\"gas\":\"1\"},\"memo\":\"a \\u003c b\",\"msgs\":[],\"sequence\":\"2\"}","same":true}
import { encodeSecp256k1Pubkey, makeSignDoc, pubkeyToAddress, serializeSignDoc } from "npm:@cosmjs/amino@0.39.0";
import { toUtf8 } from "npm:@cosmjs/encoding@0.39.0";

export function main() {
  const key = encodeSecp256k1Pubkey(new Uint8Array(Buffer.from("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798", "hex")));
  const bytes = serializeSignDoc(makeSignDoc([], { amount: [], gas: "1" }, "chain-1", "a < b", 1, 2));
  return { address: pubkeyToAddress(key, "cosmos"), text: new TextDecoder().decode(bytes), same: toUtf8(new TextDecoder().decode(bytes)).length === bytes.length };
}
