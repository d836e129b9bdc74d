// A policy for typed data: signs an ERC-2612 permit only for one token, known spenders and a bounded amount and time.
// The digest is computed here from the message, so what was checked is what is signed.
const TOKEN = { name: 'USD Coin', version: '2', chainId: 1, verifyingContract: '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48' };
const SPENDERS = { '0xE592427A0AEce92De3Edee1F18E0157C05861564': ethers.utils.parseUnits('1000', 6) };
const TYPES = {
  Permit: [
    { name: 'owner', type: 'address' },
    { name: 'spender', type: 'address' },
    { name: 'value', type: 'uint256' },
    { name: 'nonce', type: 'uint256' },
    { name: 'deadline', type: 'uint256' },
  ],
};

const refuse = (reason) => Lit.Actions.setResponse({ response: JSON.stringify({ signed: false, reason }) });

const go = async () => {
  const most = SPENDERS[ethers.utils.getAddress(permit.spender)];
  if (most === undefined) return refuse('this spender is not known');
  if (ethers.BigNumber.from(permit.value).gt(most)) return refuse('too much for this spender');
  if (permit.deadline > Date.now() / 1000 + 3600) return refuse('a permit lasts an hour at most');
  const message = { ...permit, owner: ethers.utils.computeAddress(publicKey) };
  const digest = ethers.utils._TypedDataEncoder.hash(TOKEN, TYPES, message);
  await Lit.Actions.signEcdsa({ toSign: ethers.utils.arrayify(digest), publicKey, sigName: 'permit' });
  Lit.Actions.setResponse({ response: JSON.stringify({ signed: true, digest }) });
};
go();
