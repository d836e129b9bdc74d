// Builds an EIP-2930 transaction with an access list: two calls in one, through a multicall contract.
// Only the two calls named here can be made; the parameters fill in their numbers.
const MULTICALL = '0xcA11bde05977b3631167028862bE2a173976CA11';
const STAKING = '0xDc64a140Aa3E981100a9becA4E685f962f0cF6C9';
const multicall = new ethers.utils.Interface(['function aggregate((address target, bytes callData)[] calls) payable returns (uint256, bytes[])']);
const staking = new ethers.utils.Interface(['function harvest(uint256 pool)', 'function stake(uint256 pool, uint256 amount)']);

const go = async () => {
  const calls = [
    { target: STAKING, callData: staking.encodeFunctionData('harvest', [pool]) },
    { target: STAKING, callData: staking.encodeFunctionData('stake', [pool, amount]) },
  ];
  const tx = {
    type: 1, chainId: 100, nonce, to: MULTICALL, value: 0, gasLimit: 300000, gasPrice: 2000000000,
    data: multicall.encodeFunctionData('aggregate', [calls]),
    accessList: [{ address: STAKING, storageKeys: [ethers.utils.hexZeroPad(ethers.utils.hexlify(pool), 32)] }],
  };
  const toSign = ethers.utils.arrayify(ethers.utils.keccak256(ethers.utils.serializeTransaction(tx)));
  await Lit.Actions.signEcdsa({ toSign, publicKey, sigName: 'compound' });
  Lit.Actions.setResponse({ response: JSON.stringify({ calls: calls.length }) });
};
go();
