// Enciphers with AES-GCM and XChaCha20-Poly1305.
// Gives: {"gcm":"06d4ca518d7674294764e9ef1ab59a322a806b","opened":"010203","xchacha":"cd64357283c7c74f8726149f597570373fd702"}
import { gcm } from "npm:@noble/ciphers@2.4.0/aes.js";
import { xchacha20poly1305 } from "npm:@noble/ciphers@2.4.0/chacha.js";
import { bytesToHex } from "npm:@noble/ciphers@2.4.0/utils.js";

export function main() {
  const [key, text] = [new Uint8Array(32).fill(1), new Uint8Array([1, 2, 3])];
  const sealed = gcm(key, new Uint8Array(12).fill(2)).encrypt(text);
  return {
    gcm: bytesToHex(sealed), opened: bytesToHex(gcm(key, new Uint8Array(12).fill(2)).decrypt(sealed)),
    xchacha: bytesToHex(xchacha20poly1305(key, new Uint8Array(24).fill(2)).encrypt(text)),
  };
}
