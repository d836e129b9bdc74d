// What lost a race may wait for ever: the function itself came to its end.
const never = async () => { await new Promise(() => {}); };
(async () => {
  await Promise.race([never(), fetch('https://host.test/json')]);
  await Lit.Actions.signEcdsa({ toSign: new Uint8Array(32).fill(1), publicKey: `04${'11'.repeat(64)}`, sigName: 'a' });
})();
