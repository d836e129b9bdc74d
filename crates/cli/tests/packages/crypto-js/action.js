// Hashes, derives a key, and enciphers with a key that is given.
// Gives: {"sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","hmac":"OSaiB8jEKwxBeSy9PhoaqvX3olcE9i38k5xJh9184GAAnFuxwkRzVbMhbxC1N+mvp7ZKTlORsNYxFy0Hk54Ieg==","sealed":"J0yHjlxK0kUl4iD2FgbSTA==","opened":"a quorum","derived":"6344f6230f392498ec070247b858ce6bcd9f64ac3350e7bf47b583fcaf8bd380"}
import CryptoJS from "npm:crypto-js@4.2.0";

export function main() {
  const [key, iv] = ["00112233445566778899aabbccddeeff", "0102030405060708090a0b0c0d0e0f10"].map((text) => CryptoJS.enc.Hex.parse(text));
  const sealed = CryptoJS.AES.encrypt("a quorum", key, { iv }).toString();
  return { sha256: CryptoJS.SHA256("abc").toString(), hmac: CryptoJS.HmacSHA512("abc", "key").toString(CryptoJS.enc.Base64), sealed, opened: CryptoJS.AES.decrypt(sealed, key, { iv }).toString(CryptoJS.enc.Utf8), derived: CryptoJS.PBKDF2("word", "salt", { keySize: 8, iterations: 100 }).toString() };
}
