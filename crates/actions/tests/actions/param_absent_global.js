// params: {"publicKey": "0x04"}
const go = async () => {
  await Lit.Actions.signEcdsa({ toSign, publicKey, sigName: 'sig' });
};
go();
