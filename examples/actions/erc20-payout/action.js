// Pays out a token: asks for the account's next nonce, builds a legacy transaction with ABI-encoded data, signs it.
// `getLatestNonce` is agreed on by all nodes, so that each of them builds the same bytes.
const TOKEN = '0x1c7D4B196Cb0C7B01d743Fbc6116a902379C7238';
const abi = new ethers.utils.Interface(['function transfer(address to, uint256 amount) returns (bool)']);

const go = async () => {
  const address = ethers.utils.computeAddress(publicKey);
  const nonce = await Lit.Actions.getLatestNonce({ address, chain: 'sepolia' });
  const tx = {
    to: TOKEN,
    nonce: ethers.BigNumber.from(nonce).toNumber(),
    gasPrice: ethers.utils.parseUnits('12', 'gwei'),
    gasLimit: 65000,
    value: 0,
    data: abi.encodeFunctionData('transfer', [to, ethers.utils.parseUnits(amount, 6)]),
    chainId: 11155111,
  };
  const toSign = ethers.utils.arrayify(ethers.utils.keccak256(ethers.utils.serializeTransaction(tx)));
  await Lit.Actions.signEcdsa({ toSign, publicKey, sigName: 'payout' });
  Lit.Actions.setResponse({ response: JSON.stringify({ nonce: tx.nonce, data: tx.data }) });
};
go();
