const go = async () => {
  const { price } = await (await fetch('https://host.test/json')).json();
  Lit.Actions.setResponse({ response: `price ${price}` });
};
go();
