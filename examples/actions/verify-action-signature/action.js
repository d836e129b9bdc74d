// Calls an action that attests with its own key (sign-as-action) and believes its answer only with that key's signature.
// The same check works on a signature that comes from anywhere else: parameters, a web page, a contract's log.
const go = async () => {
  const { statement, signature } = JSON.parse(await Lit.Actions.call({ ipfsId: attester, params: { city } }));
  const verified = await Lit.Actions.verifyActionSignature({
    signingScheme: 'EcdsaK256Sha256',
    actionIpfsCid: attester,
    toSign: new TextEncoder().encode(statement),
    signOutput: signature,
  });
  const forged = await Lit.Actions.verifyActionSignature({
    signingScheme: 'EcdsaK256Sha256',
    actionIpfsCid: attester,
    toSign: new TextEncoder().encode(statement.replace('-3', '30')),
    signOutput: signature,
  });
  const { celsius } = JSON.parse(statement);
  if (verified && !forged && celsius < 0) {
    const toSign = ethers.utils.arrayify(ethers.utils.id(`frost insurance: ${statement}`));
    await Lit.Actions.signEcdsa({ toSign, publicKey, sigName: 'payout' });
  }
  Lit.Actions.setResponse({ response: JSON.stringify({ verified, forged, celsius }) });
};
go();
