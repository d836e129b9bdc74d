// Derives a key of a seed, with packages that stand in for modules of Node.js.
// Gives: "xpub6H1LXWLaKsWFhvm6RVpEL9P4KfRZSW7abD2ttkWP3SSQvnyA8FSVqNTEcYFgJS2UaFcxupHiYkro49S8yGasTvXEYBVPamhGW6cFJodrTHy"
import "npm:assert@2.1.0";
import "npm:crypto-browserify@3.12.1";
import "npm:events@3.3.0";
import "npm:stream-browserify@3.0.0";
import HDKey from "npm:hdkey@2.1.0";

export function main() {
  const root = HDKey.fromMasterSeed(Buffer.from("000102030405060708090a0b0c0d0e0f", "hex"));
  return root.derive("m/0'/1/2'/2/1000000000").publicExtendedKey;
}
