// Nobody waits, so that the other nodes go on without it: the run of this node ends, whatever catches the error.
async function main() {
  await Lit.Actions.runOnce({ waitForResponse: false, name: 'caught' }, async () => {
    await Lit.Actions.claimKey({ keyId: 'x' }).catch((error) => console.log(error.code));
  });
  try {
    await Lit.Actions.runOnce({ waitForResponse: false, name: 'uncaught' }, async () => { await Lit.Actions.claimKey({ keyId: 'x' }); });
  } catch (error) {
    console.log('went on', error.code);
  }
  Lit.Actions.setResponse({ response: 'well' });
}
