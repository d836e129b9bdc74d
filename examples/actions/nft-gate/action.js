// Signs for whoever holds a token of a collection now: ownerOf is read on the chain at a block that all nodes agree on.
// The ticket names token and event, so the door can refuse a token that came twice.
const COLLECTION = '0xBC4CA0EdA7647A8aB7C2061c2E118A18a936f13D';
const abi = new ethers.utils.Interface(['function ownerOf(uint256 tokenId) view returns (address)']);

const go = async () => {
  const txn = ethers.utils.serializeTransaction({ to: COLLECTION, data: abi.encodeFunctionData('ownerOf', [tokenId]) });
  const [owner] = abi.decodeFunctionResult('ownerOf', await Lit.Actions.callContract({ chain: 'ethereum', txn }));
  if (owner !== Lit.Auth.authSigAddress) {
    Lit.Actions.setResponse({ response: JSON.stringify({ ticket: null, reason: 'the token is not yours' }) });
    return;
  }
  const ticket = `${event}/token/${tokenId}/holder/${owner}`;
  await Lit.Actions.ethPersonalSignMessageEcdsa({ message: ticket, publicKey, sigName: 'ticket' });
  Lit.Actions.setResponse({ response: JSON.stringify({ ticket }) });
};
go();
