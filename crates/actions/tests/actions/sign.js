// params: {"publicKey": "0x04abababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababab"}
(async () => {
  const toSign = new Uint8Array(32).fill(1);
  const done = await Lit.Actions.signEcdsa({ toSign, publicKey, sigName: 'sig1', keySetId: 'naga-keyset1' });
  const compressed = '02cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd'.toUpperCase();
  await LitActions.signEcdsa({ toSign: Array.from(toSign), publicKey: compressed, sigName: 'sig2' });
  Lit.Actions.setResponse({ response: done });
})();
