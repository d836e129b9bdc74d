// Writes an address and a time.
// Gives: {"address":"cosmos1qurswpc8qurswpc8qurswpc8qurswpc8nn86qp","data":"0707070707070707070707070707070707070707","base64":"//4="}
import { fromBech32, toBase64, toBech32, toHex } from "npm:@cosmjs/encoding@0.39.0";

export function main() {
  const address = toBech32("cosmos", new Uint8Array(20).fill(7));
  return { address, data: toHex(fromBech32(address, 90).data), base64: toBase64(new Uint8Array([255, 254])) };
}
