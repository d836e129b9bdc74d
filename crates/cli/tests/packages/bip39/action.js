// Makes words of bytes and bytes of words, and refuses words with a slip.
// Gives: {"words":"legal winner thank year wave sausage worth useful legal winner thank yellow","entropy":"7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f","valid":true,"slip":false}
import * as bip39 from "npm:bip39@3.1.2";

export function main() {
  const words = bip39.entropyToMnemonic("7f".repeat(16));
  return { words, entropy: bip39.mnemonicToEntropy(words), valid: bip39.validateMnemonic(words), slip: bip39.validateMnemonic(words.replace("yellow", "zoo")) };
}
