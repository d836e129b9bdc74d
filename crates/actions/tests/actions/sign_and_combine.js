// params: {"publicKey": "04abababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababab"}
(async () => {
  for (const first of [0, 1]) {
    const toSign = new Uint8Array(32).fill(first);
    const signature = await Lit.Actions.signAndCombineEcdsa({ toSign, publicKey, sigName: 'sig' + first });
    console.log(typeof signature, signature);
    const { r, s, v } = JSON.parse(signature);
    console.log('0x' + r.substring(2), '0x' + s, v);
  }
})();
