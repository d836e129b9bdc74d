// params: {"publicKey": "04abababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababab"}
async function main() {
  try {
    await Lit.Actions.signEcdsa({ toSign: new Uint8Array(32), publicKey, sigName: 'refused' });
  } catch (error) {
    return `${error.name} ${error.code} ${error.message}`;
  }
}
