// params: {"publicKey": "04abababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababab"}
(async () => {
  for (const toSign of [new Uint8Array(31), new Uint8Array(48), [300], 'text', undefined]) {
    try {
      await Lit.Actions.signEcdsa({ toSign, publicKey, sigName: 'sig' });
    } catch (error) {
      console.log(error.name, error.message);
    }
  }
})();
