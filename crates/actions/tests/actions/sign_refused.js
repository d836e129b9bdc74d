// params: {"publicKey": "04abababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababab"}
const go = async () => {
  await Lit.Actions.signEcdsa({ toSign: new Uint8Array(32), publicKey, sigName: 'refused' });
};
go();
