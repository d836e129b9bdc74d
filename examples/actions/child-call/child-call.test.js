const run = async (change) => simulate({
  action: 'action.js',
  params: { ...await readJson('params.json'), ...change },
  fixtures: 'fixtures.json',
});

test('signs what the policy allows', async () => {
  const outcome = await run({});
  assertSigns(outcome, { name: 'order', key: 'desk' });
  assertResponse(outcome, { signed: true, allowed: true, depth: 2 });
});

test('does not sign what the policy refuses', async () => {
  const outcome = await run({ to: '0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC' });
  assertDenies(outcome);
  assertResponse(outcome, { signed: false, allowed: false, depth: 2 });
});

test('the policy can be tested alone', async () => {
  const outcome = await simulate({ action: 'policy.js', params: { to: '0x00', amount: '1000' } });
  assertResponse(outcome, { allowed: true, depth: 1 });
});

test('a policy without its code is an error, not a yes', async () => {
  const outcome = await run({ policy: 'Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD' });
  assertDenies(outcome, 'fixture_missing');
});
