// A price oracle: asks three exchanges at once, takes the median, and signs it with pair and hour for a contract.
// The price is cut to whole cents and the hour is the request's, so that nodes which look a moment apart still agree.
const SOURCES = [
  ['https://api.exchange-one.example/ticker?pair=ETHUSD', (body) => body.last],
  ['https://api.exchange-two.example/v2/prices/ETH-USD/spot', (body) => body.data.amount],
  ['https://api.exchange-three.example/0/public/Ticker?pair=ETHUSD', (body) => body.result.XETHZUSD.c[0]],
];

const go = async () => {
  const answers = await Promise.all(SOURCES.map(async ([url, pick]) => {
    const response = await fetch(url);
    return response.ok ? Math.round(Number(pick(await response.json())) * 100) : NaN;
  }));
  const prices = answers.filter((price) => Number.isSafeInteger(price) && price > 0).sort((a, b) => a - b);
  if (prices.length < 2) throw new Error('fewer than two exchanges answered');
  const middle = prices.length >> 1;
  const price = prices.length % 2 ? prices[middle] : Math.floor((prices[middle - 1] + prices[middle]) / 2);
  const hour = Math.floor(Date.now() / 3600000);
  const toSign = ethers.utils.arrayify(ethers.utils.solidityKeccak256(['string', 'uint256', 'uint64'], ['ETHUSD', price, hour]));
  await Lit.Actions.signEcdsa({ toSign, publicKey, sigName: 'price' });
  Lit.Actions.setResponse({ response: JSON.stringify({ pair: 'ETHUSD', cents: price, hour }) });
};
go();
