// Makes an address of a key by its own copy of the curve.
import { ethers as own } from "npm:ethers@5.8.0";

export function main() {
  return own.utils.computeAddress("0x" + "11".repeat(32));
}
