// The first vector of BIP-32.
// Gives: {"root":"xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8","child":"xpub6H1LXWLaKsWFhvm6RVpEL9P4KfRZSW7abD2ttkWP3SSQvnyA8FSVqNTEcYFgJS2UaFcxupHiYkro49S8yGasTvXEYBVPamhGW6cFJodrTHy"}
import { HDKey } from "npm:@scure/bip32@2.4.0";

export function main() {
  const root = HDKey.fromMasterSeed(Uint8Array.from({ length: 16 }, (_, index) => index));
  return { root: root.publicExtendedKey, child: root.derive("m/0'/1/2'/2/1000000000").publicExtendedKey };
}
