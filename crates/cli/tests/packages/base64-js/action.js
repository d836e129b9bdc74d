// Writes and reads base64.
// Gives: {"text":"//4AAQ==","bytes":[255,239],"length":4}
import { byteLength, fromByteArray, toByteArray } from "npm:base64-js@1.5.1";

export function main() {
  return { text: fromByteArray(new Uint8Array([255, 254, 0, 1])), bytes: [...toByteArray("_-8=")], length: byteLength("AQIDBA==") };
}
