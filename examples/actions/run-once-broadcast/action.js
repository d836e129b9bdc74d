// Signs a transaction on all nodes, and has one of them send it: n nodes would otherwise send it n times.
// The receipt says that the transaction hash in the response is the word of one node.
const RPC = 'https://rpc.example/sepolia';

const go = async () => {
  const tx = { type: 2, chainId: 11155111, nonce, to, value: amountWei, data: '0x', gasLimit: 21000,
    maxPriorityFeePerGas: 1000000000, maxFeePerGas: 20000000000 };
  const toSign = ethers.utils.arrayify(ethers.utils.keccak256(ethers.utils.serializeTransaction(tx)));
  const sig = JSON.parse(await Lit.Actions.signAndCombineEcdsa({ toSign, publicKey, sigName: 'tx' }));
  const raw = ethers.utils.serializeTransaction(tx, ethers.utils.joinSignature({
    r: '0x' + sig.r.substring(2), s: '0x' + sig.s, v: sig.v,
  }));
  const hash = await Lit.Actions.runOnce({ waitForResponse: true, name: 'send' }, async () => {
    const answer = await fetch(RPC, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_sendRawTransaction', params: [raw] }),
    });
    const { result, error } = await answer.json();
    if (error) throw new Error(error.message);
    return result;
  });
  Lit.Actions.setResponse({ response: JSON.stringify({ hash, expected: ethers.utils.keccak256(raw) }) });
};
go();
