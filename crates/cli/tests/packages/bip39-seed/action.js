// Makes a seed of words.
import * as bip39 from "npm:bip39@3.1.2";

export function main() {
  return bip39.mnemonicToSeedSync(bip39.entropyToMnemonic("7f".repeat(16)), "TREZOR").toString("hex");
}
