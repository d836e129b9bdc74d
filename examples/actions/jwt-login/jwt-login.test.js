const run = async (change) => {
  const params = await readJson('params.json');
  const fixtures = await readJson('fixtures.json');
  change?.(params, fixtures);
  return simulate({ action: 'action.js', params, fixtures });
};
const deniedFor = (reason) => async (change) => {
  const outcome = await run(change);
  assertDenies(outcome);
  assertResponse(outcome, { ok: false, reason });
};

test('signs for the user of a valid token', async () => {
  assertSigns(await run(), { key: 'user', message: 'user-4711: user-4711 agrees' });
});

test('refuses a token whose payload was changed', () => deniedFor('signature')((params) => {
  const [header, payload, signature] = params.token.split('.');
  const claims = JSON.parse(atob(payload));
  const changed = btoa(JSON.stringify({ ...claims, sub: 'user-4712' })).replaceAll('=', '');
  params.token = [header, changed, signature].join('.');
}));

test('refuses an expired token', () => deniedFor('time')((params, fixtures) => { fixtures.time = '2026-01-01T00:50:00Z'; }));

test('refuses a key that the provider does not have', () => deniedFor('key')((params, fixtures) => {
  fixtures.fetch[0].reply.json.keys[0].kid = 'other';
}));
