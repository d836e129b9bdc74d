// params: {"publicKey": "04abababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababab"}
(async () => {
  const toSign = new Uint8Array(32);
  await Lit.Actions.signEcdsa({ toSign, publicKey, sigName: 'sig' });
  await Lit.Actions.signAndCombineEcdsa({ toSign, publicKey, sigName: 'sig' });
})();
