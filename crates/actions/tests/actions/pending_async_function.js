// The function of the script waits for ever, and so nothing comes of it.
const go = async () => {
  await new Promise(() => {});
  Lit.Actions.setResponse({ response: 'never' });
};
go();
console.log('started');
