// What every node hears of a function that fails: the code, if there is one, and which parameters it looked for in vain.
const once = (name, wanted) => Lit.Actions.runOnce({ waitForResponse: true, name }, wanted).then(
  (value) => console.log(name, value), (error) => console.log(name, error.code, error.message));
async function main() {
  await once('threw', async () => { throw new RangeError('too far'); });
  await once('refused', () => fetch('https://10.0.0.1/'));
  await once('forever', () => new Promise(() => {}));
  await once('foreverBeside', async () => { await null; await { then() {} }; });
  await Promise.all([once('both', () => new Promise(() => {})), once('of them', async () => { await new Promise(() => {}); })]);
  await once('known', async () => a + jsParams.b);
  await once('missing', async () => jsParams.where.length);
  await once('undeclared', async () => nobody);
  console.log('went on');
}
