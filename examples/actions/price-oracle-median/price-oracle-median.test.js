const run = async (change) => {
  const fixtures = await readJson('fixtures.json');
  change?.(fixtures);
  return simulate({ action: 'action.js', params: 'params.json', fixtures });
};

test('signs the median of three', async () => {
  const outcome = await run();
  assertResponse(outcome, { pair: 'ETHUSD', cents: 312055, hour: 492322 });
  assertSigns(outcome, { name: 'price', key: 'oracle', message: { kind: 'keccak256' } });
});

test('goes on without one exchange', async () => {
  const outcome = await run(({ fetch }) => { fetch[2].reply = { status: 503 }; });
  assertResponse(outcome, { pair: 'ETHUSD', cents: 312082, hour: 492322 });
});

test('one exchange alone decides nothing', async () => {
  const outcome = await run(({ fetch }) => { fetch[1].reply = { status: 503 }; fetch[2].reply = { status: 503 }; });
  assertDenies(outcome, 'action_threw');
});
