// Signs a digest with a key that was granted to this action.
//
// Every node of the committee runs this on its own; a signature comes out only if enough of them ask
// for the same digest, key and name. It has no rule of its own: whoever may run it gets a signature.
// A rule goes before the call (for-one-wallet.js).
//
// Parameters: `publicKey` (hexadecimal), `toSign` (32 bytes).
async function main({ publicKey, toSign }) {
  await Lit.Actions.signEcdsa({ toSign, publicKey, sigName: "signature" });
  Lit.Actions.setResponse({ response: "signed" });
}
