// Whoever has said something is through, whatever it still waits for.
(async () => {
  Lit.Actions.setResponse({ response: 'said' });
  await new Promise(() => {});
})();
