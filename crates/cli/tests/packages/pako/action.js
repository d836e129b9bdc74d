// Compresses and restores.
// Gives: {"packed":"789c4b54282ccd2f2acd55c84f53c8cc4b492d48cd4b49cd2b51c8cb4f492dd651481c951e95a6963400f772e269","same":true}
import * as pako from "npm:pako@3.0.3";

export function main() {
  const bytes = new TextEncoder().encode("a quorum of independent nodes, ".repeat(20));
  const packed = pako.deflate(bytes);
  return { packed: Buffer.from(packed).toString("hex"), same: new TextDecoder().decode(pako.inflate(packed)) === new TextDecoder().decode(bytes) };
}
