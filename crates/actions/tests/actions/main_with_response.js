const main = async () => {
  Lit.Actions.setResponse({ response: 'set' });
  return 'not this';
};
