// Each node asks for the price itself and the nodes exchange what they got; all go on with the median of the list.
// So no single node and no single moment decides, and yet every node signs the same number.
const go = async () => {
  const response = await fetch('https://api.exchange-one.example/ticker?pair=BTCUSD');
  const { last } = await response.json();
  const values = await Lit.Actions.broadcastAndCollect({ name: 'btc-usd', value: String(Math.round(Number(last) * 100)) });
  const prices = values.map(Number).filter(Number.isSafeInteger).sort((a, b) => a - b);
  const median = prices[Math.floor((prices.length - 1) / 2)];
  if (prices[prices.length - 1] > median * 1.05 || prices[0] < median * 0.95) throw new Error('the nodes saw very different prices');
  const toSign = ethers.utils.arrayify(ethers.utils.solidityKeccak256(['string', 'uint256'], ['BTCUSD', median]));
  await Lit.Actions.signEcdsa({ toSign, publicKey, sigName: 'price' });
  Lit.Actions.setResponse({ response: JSON.stringify({ prices, median }) });
};
go();
