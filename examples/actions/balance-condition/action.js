// Signs only if the caller's account holds at least one ether, read through an RPC endpoint that the operators chose.
// The balance is part of the condition alone; what is signed does not depend on it.
const go = async () => {
  const url = await Lit.Actions.getRpcUrl({ chain: 'ethereum' });
  const provider = new ethers.providers.StaticJsonRpcProvider(url, 1);
  const balance = await provider.getBalance(Lit.Auth.authSigAddress);
  if (balance.lt(ethers.utils.parseEther('1'))) {
    Lit.Actions.setResponse({ response: JSON.stringify({ allowed: false, balance: ethers.utils.formatEther(balance) }) });
    return;
  }
  const toSign = ethers.utils.arrayify(ethers.utils.hashMessage(message));
  await Lit.Actions.signEcdsa({ toSign, publicKey, sigName: 'membership' });
  Lit.Actions.setResponse({ response: JSON.stringify({ allowed: true }) });
};
go();
