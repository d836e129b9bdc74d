// Reads an address of Bitcoin and refuses one with a slip.
// Gives: {"bytes":"0062e907b15cbf27d5425399ebf6f0fb50ebb88f18","again":true,"slip":true}
import bs58check from "npm:bs58check@4.0.0";

export function main() {
  const genesis = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";
  const bytes = bs58check.decode(genesis);
  return { bytes: Buffer.from(bytes).toString("hex"), again: bs58check.encode(bytes) === genesis, slip: bs58check.decodeUnsafe(genesis.replace("z", "y")) === undefined };
}
