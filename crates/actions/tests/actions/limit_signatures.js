// params: {"publicKey": "04abababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababab"}
// limits: signatures=2
(async () => {
  for (let i = 0; ; i++) {
    await Lit.Actions.signEcdsa({ toSign: new Uint8Array(32), publicKey, sigName: 's' + i }).catch(() => {});
  }
})();
