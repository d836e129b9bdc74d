// Builds an EIP-1559 transaction from parameters, has its hash signed, and answers with the raw signed transaction.
// Amount and recipient are checked here; nonce and fees come from the caller, who can only hurt himself with them.
const MAX_WEI = ethers.utils.parseEther('0.5');

const go = async () => {
  const value = ethers.BigNumber.from(amountWei);
  if (value.gt(MAX_WEI)) throw new Error(`at most ${ethers.utils.formatEther(MAX_WEI)} ETH`);
  const tx = {
    type: 2,
    chainId: 11155111,
    nonce,
    to: ethers.utils.getAddress(to),
    value,
    data: '0x',
    gasLimit: 21000,
    maxPriorityFeePerGas: ethers.utils.parseUnits('1', 'gwei'),
    maxFeePerGas: ethers.utils.parseUnits('30', 'gwei'),
  };
  const toSign = ethers.utils.arrayify(ethers.utils.keccak256(ethers.utils.serializeTransaction(tx)));
  const sig = JSON.parse(await Lit.Actions.signAndCombineEcdsa({ toSign, publicKey, sigName: 'transfer' }));
  const signature = ethers.utils.joinSignature({ r: '0x' + sig.r.substring(2), s: '0x' + sig.s, v: sig.v });
  const raw = ethers.utils.serializeTransaction(tx, signature);
  const { from } = ethers.utils.parseTransaction(raw);
  Lit.Actions.setResponse({ response: JSON.stringify({ from, raw }) });
};
go();
