// A rule in front of a key: signs for one wallet, and answers "no" to everybody else.
//
// The wallet stands in the code, not in the parameters: whoever changes it has another action, with
// another CID, which has no grant. Saying no is a result like any other.
//
// Parameters: `publicKey` (hexadecimal), `toSign` (32 bytes).
const WALLET = "0x0000000000000000000000000000000000000001";

async function main({ publicKey, toSign }) {
  if (Lit.Auth.authSigAddress?.toLowerCase() !== WALLET) {
    Lit.Actions.setResponse({ response: "no: this key signs for one wallet only" });
    return;
  }
  await Lit.Actions.signEcdsa({ toSign, publicKey, sigName: "signature" });
  Lit.Actions.setResponse({ response: "signed" });
}
