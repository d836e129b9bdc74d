const run = async (change) => {
  const fixtures = await readJson('fixtures.json');
  change?.(fixtures);
  return simulate({ action: 'action.js', params: 'params.json', fixtures });
};

test('the leader sends', async () => {
  const outcome = await run();
  assertSigns(outcome, { name: 'tx', tx: { nonce: 0 } });
  const { hash, expected } = JSON.parse(outcome.response);
  assertEqual(hash, expected);
  assertEqual(outcome.limits.fetches.used, 1);
});

test('another node waits for what the leader got', async () => {
  const outcome = await run((fixtures) => { fixtures.run_once = { send: { value: '0xfeed' } }; });
  assertResponse(outcome, /"hash":"0xfeed"/);
  assertEqual(outcome.limits.fetches.used, 0);
});

test('what the leader threw is thrown everywhere', async () => {
  const outcome = await run(({ fetch }) => { fetch[0].reply.json = { error: { message: 'nonce too low' } }; });
  assertEqual(outcome.status, 'failed');
  assert(outcome.error.message.includes('nonce too low'));
});
