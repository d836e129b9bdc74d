// What all nodes do together is refused at once in the function that one of them runs.
(async () => {
  const toSign = new Uint8Array(32).fill(7), publicKey = '02' + '79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798';
  const asked = {
    signEcdsa: () => Lit.Actions.signEcdsa({ toSign, publicKey, sigName: 'a' }),
    signAndCombineEcdsa: () => Lit.Actions.signAndCombineEcdsa({ toSign, publicKey }),
    sign: () => Lit.Actions.sign({ toSign, publicKey, sigName: 'b', signingScheme: 'EcdsaK256Sha256' }),
    signAndCombine: () => Lit.Actions.signAndCombine({ toSign, publicKey, signingScheme: 'EcdsaK256Sha256' }),
    ethPersonalSignMessageEcdsa: () => Lit.Actions.ethPersonalSignMessageEcdsa({ message: 'x', publicKey, sigName: 'c' }),
    signAsAction: () => Lit.Actions.signAsAction({ toSign, sigName: 'd', signingScheme: 'EcdsaK256Sha256' }),
    claimKey: () => Lit.Actions.claimKey({ keyId: 'x' }),
    broadcastAndCollect: () => Lit.Actions.broadcastAndCollect({ name: 'x', value: 'x' }),
    runOnce: () => Lit.Actions.runOnce({ name: 'inner', waitForResponse: true }, async () => 'x'),
    getLatestNonce: () => Lit.Actions.getLatestNonce({ chain: 'base', address: '0x' + '11'.repeat(20) }),
    callContract: () => Lit.Actions.callContract({ chain: 'base', txn: ethers.utils.serializeTransaction({ to: '0x' + '11'.repeat(20), data: '0x01', gasLimit: 9, gasPrice: 1, nonce: 0, chainId: 1, value: 0 }) }),
    call: () => Lit.Actions.call({ ipfsId: 'QmPYyvmkHRyuUMUah2zWo22t1R2i5RkUVvfLSpzvYwHwPr' }),
  };
  const value = await Lit.Actions.runOnce({ name: 'alone', waitForResponse: true }, async () => {
    const codes = [];
    for (const name of Object.keys(asked)) {
      await asked[name]().then(() => codes.push(`${name} done`), (error) => codes.push(`${name} ${error.code}`));
    }
    return codes.join('\n');
  });
  console.log(value);
  // What is not caught ends the function, and every node hears of it.
  await Lit.Actions.runOnce({ name: 'uncaught', waitForResponse: true }, asked.signEcdsa).catch((error) => console.log(error.code, error.message));
  // The names are free: nothing was asked for. Behind the function all is as it was.
  await asked.signEcdsa();
  console.log('signed afterwards');
})();
