// Asks another action, by its CID, whether a payment may go, and signs only if it says yes.
// The child has its own CID and no grant: it can judge, not sign. Its answer is the same on all nodes.
const go = async () => {
  const params = { to, amount };
  const verdict = JSON.parse(await Lit.Actions.call({ ipfsId: policy, params }));
  if (verdict.allowed !== true) {
    Lit.Actions.setResponse({ response: JSON.stringify({ signed: false, ...verdict }) });
    return;
  }
  const toSign = ethers.utils.arrayify(ethers.utils.solidityKeccak256(['address', 'uint256'], [to, amount]));
  await Lit.Actions.signEcdsa({ toSign, publicKey, sigName: 'order' });
  Lit.Actions.setResponse({ response: JSON.stringify({ signed: true, ...verdict }) });
};
go();
