// A subscription: signs one payment of a fixed amount to one merchant, thirty days after the last one at the earliest.
// When the last payment was, is what the subscription's contract says, so a payment that was not mined can be repeated.
const CONTRACT = '0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512';
const abi = new ethers.utils.Interface([
  'function lastPayment(address subscriber) view returns (uint64)',
  'function pay() payable',
]);
const PRICE = ethers.utils.parseEther('0.01');
const PERIOD = 30 * 86400;

const go = async () => {
  const subscriber = ethers.utils.computeAddress(publicKey);
  const txn = ethers.utils.serializeTransaction({ to: CONTRACT, data: abi.encodeFunctionData('lastPayment', [subscriber]) });
  const [last] = abi.decodeFunctionResult('lastPayment', await Lit.Actions.callContract({ chain: 'polygon', txn }));
  const due = last.toNumber() + PERIOD;
  if (Date.now() / 1000 < due) {
    Lit.Actions.setResponse({ response: JSON.stringify({ paid: false, due: new Date(due * 1000).toISOString() }) });
    return;
  }
  const nonce = Number(await Lit.Actions.getLatestNonce({ address: subscriber, chain: 'polygon' }));
  const tx = { type: 2, chainId: 137, nonce, to: CONTRACT, value: PRICE, data: abi.encodeFunctionData('pay'), gasLimit: 80000,
    maxPriorityFeePerGas: ethers.utils.parseUnits('30', 'gwei'), maxFeePerGas: ethers.utils.parseUnits('200', 'gwei') };
  const toSign = ethers.utils.arrayify(ethers.utils.keccak256(ethers.utils.serializeTransaction(tx)));
  await Lit.Actions.signEcdsa({ toSign, publicKey, sigName: 'subscription' });
  Lit.Actions.setResponse({ response: JSON.stringify({ paid: true, nonce }) });
};
go();
