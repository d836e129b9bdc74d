// A rate that holds across executions: a contract counts uses per day, and every signature is for the next free number.
// Nodes keep no memory between runs, and need none: two requests at once get the same number, and the contract takes one.
const COUNTER = '0x9fE46736679d2D9a65F0992F2272dE9f3c7fa6e0';
const PER_DAY = 3;
const abi = new ethers.utils.Interface(['function used(bytes32 who, uint256 day) view returns (uint256)']);

const go = async () => {
  const who = ethers.utils.id(String(Lit.Auth.authSigAddress));
  const day = Math.floor(Date.now() / 86400000);
  const txn = ethers.utils.serializeTransaction({ to: COUNTER, data: abi.encodeFunctionData('used', [who, day]) });
  const [used] = abi.decodeFunctionResult('used', await Lit.Actions.callContract({ chain: 'optimism', txn }));
  if (used.gte(PER_DAY)) {
    Lit.Actions.setResponse({ response: JSON.stringify({ signed: false, used: used.toNumber() }) });
    return;
  }
  const toSign = ethers.utils.arrayify(ethers.utils.solidityKeccak256(['bytes32', 'uint256', 'uint256', 'bytes32'], [who, day, used.toNumber() + 1, payload]));
  await Lit.Actions.signEcdsa({ toSign, publicKey, sigName: 'use' });
  Lit.Actions.setResponse({ response: JSON.stringify({ signed: true, number: used.toNumber() + 1 }) });
};
go();
