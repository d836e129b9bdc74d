(async () => {
  await null;
  Lit.Actions.setResponse({ response: 'from an async function expression' });
})();
