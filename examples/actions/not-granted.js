// The same wish as sign.js, but other bytes: another CID, which nobody granted the key to.
//
// The network refuses it, whoever asks. Parameters: `publicKey`, `toSign` (32 bytes).
async function main({ publicKey, toSign }) {
  await Lit.Actions.signEcdsa({ toSign, publicKey, sigName: "never" });
}
