// Guards swaps: decodes the calldata of a transaction to a router and signs only swaps that are safe for the key.
// Known router, known tokens, itself as recipient, a minimum output within 1 % of an oracle's price, a short deadline.
const ROUTER = '0x68b3465833fb72A70ecDF485E0e4C7bD8665Fc45';
const WETH = '0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2';
const USDC = '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48';
const router = new ethers.utils.Interface([
  'function exactInputSingle((address tokenIn, address tokenOut, uint24 fee, address recipient, uint256 deadline, uint256 amountIn, uint256 amountOutMinimum, uint160 sqrtPriceLimitX96) params) payable returns (uint256)',
]);
const feed = new ethers.utils.Interface(['function latestAnswer() view returns (int256)']);
const FEED = '0x5f4eC3Df9cbd43714FE2740f5E3616155c5b8419';

const go = async () => {
  const deny = (reason) => Lit.Actions.setResponse({ response: JSON.stringify({ signed: false, reason }) });
  const tx = ethers.utils.parseTransaction(unsigned);
  if (tx.chainId !== 1 || tx.to !== ROUTER || !tx.value.isZero()) return deny('not a swap on the known router');
  let swap;
  try {
    [swap] = router.decodeFunctionData('exactInputSingle', tx.data);
  } catch (error) {
    return deny('not an exactInputSingle');
  }
  if (swap.tokenIn !== WETH || swap.tokenOut !== USDC) return deny('tokens');
  if (swap.recipient !== ethers.utils.computeAddress(publicKey)) return deny('recipient');
  if (swap.deadline.gt(Math.floor(Date.now() / 1000) + 600)) return deny('deadline');
  const txn = ethers.utils.serializeTransaction({ to: FEED, data: feed.encodeFunctionData('latestAnswer') });
  const [price] = feed.decodeFunctionResult('latestAnswer', await Lit.Actions.callContract({ chain: 'ethereum', txn }));
  // WETH has 18 decimals, the feed 8, USDC 6.
  const fair = swap.amountIn.mul(price).div(ethers.BigNumber.from(10).pow(20));
  if (swap.amountOutMinimum.lt(fair.mul(99).div(100))) return deny('price');
  await Lit.Actions.signEcdsa({ toSign: ethers.utils.arrayify(ethers.utils.keccak256(unsigned)), publicKey, sigName: 'swap' });
  Lit.Actions.setResponse({ response: JSON.stringify({ signed: true, fair: fair.toString() }) });
};
go();
