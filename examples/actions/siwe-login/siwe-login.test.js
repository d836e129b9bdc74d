const run = async (change) => {
  const params = await readJson('params.json');
  const fixtures = await readJson('fixtures.json');
  change?.(params, fixtures);
  return simulate({ action: 'action.js', params, fixtures });
};

test('attests a valid login', async () => {
  const outcome = await run();
  assertSigns(outcome, { name: 'login', key: 'notary', message: /^app\.example: 0x[0-9a-fA-F]{40} logged in at 2026-01-01T00:05:00\.000Z$/ });
});

for (const [reason, change] of [
  ['domain', (params) => { params.siweMessage = params.siweMessage.replace('app.example', 'evil.example'); }],
  ['time', (params, fixtures) => { fixtures.time = '2026-01-01T01:00:00Z'; }],
  ['time', (params, fixtures) => { fixtures.time = '2025-12-31T23:00:00Z'; }],
  ['nonce', (params) => { params.siweMessage = params.siweMessage.replace('k3Rn9vQ2xZ', 'short'); }],
  ['signer', (params) => { params.siweMessage = params.siweMessage.replace('Log in', 'Log on'); }],
  ['signature', (params) => { params.signature = '0x00'; }],
]) {
  test(`denies a login with a bad ${reason} (${change.toString().length})`, async () => {
    const outcome = await run(change);
    assertDenies(outcome);
    assertResponse(outcome, { ok: false, reason });
  });
}
