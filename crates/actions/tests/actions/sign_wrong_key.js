(async () => {
  for (const publicKey of ['', '0x', '05' + '00'.repeat(32), '04' + '00'.repeat(32), 'zz', 7]) {
    try {
      await Lit.Actions.signEcdsa({ toSign: new Uint8Array(32), publicKey, sigName: 'sig' });
    } catch (error) {
      console.log(error.name, error.message);
    }
  }
  await Lit.Actions.signEcdsa({ toSign: new Uint8Array(32), publicKey: '04abababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababab', sigName: '' });
})();
