// The first vector of BIP-39, with PBKDF2 of WebCrypto.
// Gives: {"words":"abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about","valid":true,"seed":"c55257c360c07c72029aebc1b53c05ed0362ada38ead3e3e9efa3708e53495531f09a6987599d18264c1e1c92f2cf141630c7a3c4ab7c81b2f001698e7463b04"}
import { entropyToMnemonic, mnemonicToSeedWebcrypto, validateMnemonic } from "npm:@scure/bip39@2.4.0";
import { wordlist } from "npm:@scure/bip39@2.4.0/wordlists/english.js";

export async function main() {
  const words = entropyToMnemonic(new Uint8Array(16), wordlist);
  return { words, valid: validateMnemonic(words, wordlist), seed: Buffer.from(await mnemonicToSeedWebcrypto(words, "TREZOR")).toString("hex") };
}
