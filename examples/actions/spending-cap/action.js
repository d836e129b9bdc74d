// Signs a payment only while the contract says that today's spending, this payment included, stays under a cap.
// The contract is read at a block that all nodes agree on, so every node decides by the same number.
const VAULT = '0x5FbDB2315678afecb367f032d93F642f64180aa3';
const CAP = ethers.utils.parseEther('2');
const abi = new ethers.utils.Interface([
  'function spentToday(address account) view returns (uint256)',
  'function pay(address to, uint256 amount)',
]);

const go = async () => {
  const account = ethers.utils.computeAddress(publicKey);
  const read = { to: VAULT, data: abi.encodeFunctionData('spentToday', [account]) };
  const answer = await Lit.Actions.callContract({ chain: 'base', txn: ethers.utils.serializeTransaction(read) });
  const [spent] = abi.decodeFunctionResult('spentToday', answer);
  const value = ethers.BigNumber.from(amountWei);
  if (spent.add(value).gt(CAP)) {
    const left = ethers.utils.formatEther(spent.gt(CAP) ? 0 : CAP.sub(spent));
    Lit.Actions.setResponse({ response: JSON.stringify({ signed: false, left }) });
    return;
  }
  const tx = {
    to: VAULT, nonce, chainId: 8453, gasLimit: 90000, gasPrice: 1000000000, value: 0,
    data: abi.encodeFunctionData('pay', [to, value]),
  };
  const toSign = ethers.utils.arrayify(ethers.utils.keccak256(ethers.utils.serializeTransaction(tx)));
  await Lit.Actions.signEcdsa({ toSign, publicKey, sigName: 'payment' });
  Lit.Actions.setResponse({ response: JSON.stringify({ signed: true, spentBefore: ethers.utils.formatEther(spent) }) });
};
go();
