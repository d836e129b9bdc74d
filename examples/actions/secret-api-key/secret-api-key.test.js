const run = async (params, fixtures, code) => simulate({
  ...(code === undefined ? { action: 'action.js' } : { code }),
  params: { ...(await readJson('params.json')), ...params },
  fixtures: { ...(await readJson('fixtures.json')), ...fixtures },
});
const KEY = '775a078563bdd76d1ed9cd296319c0fa6ed93b08abdc7428e4f35d1f25eb0b37';

test('opens the key and uses it', async () => {
  const outcome = await run({}, {});
  assertOpens(outcome, KEY);
  assertResponse(outcome, { balance: '12.50' });
  assert(!JSON.stringify(outcome).includes('sk-test-5f1c9a'), 'the key is in no report');
});

test('opens nothing that is under the conditions of another action', async () => {
  const other = `Lit.Actions.decryptAndCombine({
    accessControlConditions: [{ contractAddress: '', standardContractType: '', chain: 'quorate', method: '', parameters: [':currentActionIpfsId'],
      returnValueTest: { comparator: '=', value: 'QmV6GLJ46ce7TKuJfWrQiQgYqcBE6juUgkq8MoW9ksRJNG' } }],
    ciphertext, dataToEncryptHash, authSig: null, chain: 'quorate',
  }).then(() => Lit.Actions.setResponse({ response: 'opened' }));`;
  assertDenied(await run({}, {}, other));
});

test('refuses what is no ciphertext before any node is asked', async () => {
  const outcome = await run({ ciphertext: 'AAAA' }, {});
  assertEqual(outcome.error.cause, 'ciphertext_invalid');
});
