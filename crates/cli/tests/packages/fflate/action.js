// Compresses and restores.
// Gives: {"packed":"4b54282ccd2f2acd55c84f53c8cc4b492d48051279250a79f929a9c53a0aa3d2a3d254930600","same":true}
import { deflateSync, gunzipSync, gzipSync, inflateSync, strFromU8, strToU8 } from "npm:fflate@0.8.3";

export function main() {
  const bytes = strToU8("a quorum of independent nodes, ".repeat(20));
  return { packed: Buffer.from(deflateSync(bytes)).toString("hex"), same: strFromU8(inflateSync(deflateSync(bytes))) === strFromU8(gunzipSync(gzipSync(bytes))) };
}
