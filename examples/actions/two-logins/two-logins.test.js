const run = async (change) => {
  const fixtures = await readJson('fixtures.json');
  change(fixtures);
  return simulate({ action: 'action.js', params: 'params.json', fixtures });
};

test('signs for both logins together', async () => {
  assertSigns(await run(() => {}), { name: 'both', key: 'family' });
});

test('one login is not enough', async () => {
  const outcome = await run(({ auth }) => { auth.contexts.pop(); });
  assertDenies(outcome);
  assertResponse(outcome, { signed: false, shown: [6] });
});

test('the same login twice is not enough', async () => {
  assertDenies(await run(({ auth }) => { auth.contexts[1] = auth.contexts[0]; }));
});

test('a login of a stranger is not enough', async () => {
  assertDenies(await run(({ auth }) => { auth.contexts[1].userId = '0x' + '33'.repeat(32); }));
});

test('an expired login is not enough', async () => {
  assertDenies(await run(({ auth }) => { auth.contexts[0].expiration = 1767225599; }));
});
