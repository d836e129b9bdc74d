const at = (time) => simulate({
  action: 'action.js',
  params: 'params.json',
  fixtures: { time, pkps: { vault: { grants: [{ action: 'self', scopes: ['sign-anything'] }] } } },
});

test('is locked a millisecond before', async () => {
  const outcome = await at('2026-12-31T23:59:59.999Z');
  assertDenies(outcome);
  assertResponse(outcome, { unlocked: false, days: 1 });
});

test('is open at the time', async () => {
  assertSigns(await at('2027-01-01T00:00:00Z'), { name: 'unlocked', key: 'vault' });
});
