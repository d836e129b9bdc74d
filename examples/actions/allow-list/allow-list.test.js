const fixtures = (address) => ({
  auth: { address },
  pkps: { treasury: { grants: [{ action: 'self', scopes: ['sign-anything'] }] } },
});
const run = (address) => simulate({ action: 'action.js', params: 'params.json', fixtures: fixtures(address) });

test('signs for a wallet on the list', async () => {
  const outcome = await run('0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC');
  assertSigns(outcome, { name: 'sig', key: 'treasury', digest: (await readJson('params.json')).digest });
  assertResponse(outcome, { signed: true, caller: '0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC' });
});

test('does not sign for anybody else', async () => {
  const outcome = await run('0x90F79bf6EB2c4f870365E785982E1f101E93b906');
  assertDenies(outcome);
  assertResponse(outcome, /not on the list/);
});

test('does not sign without a grant, whoever asks', async () => {
  const outcome = await simulate({
    action: 'action.js',
    params: 'params.json',
    fixtures: { ...fixtures('0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC'), pkps: { treasury: {} } },
  });
  assertDenies(outcome, 'not_granted');
});
