const run = async (change) => {
  const fixtures = await readJson('fixtures.json');
  change?.(fixtures.fetch[0].reply);
  return simulate({ action: 'action.js', params: 'params.json', fixtures });
};

test('lets the right player in', async () => {
  assertResponse(await run(), 'true');
});

test('keeps another player out', async () => {
  assertResponse(await run((reply) => { reply.json.id = 78; }), 'false');
});

test('keeps a banned player out', async () => {
  assertResponse(await run((reply) => { reply.json.banned = true; }), 'false');
});

test('keeps out whom the server does not know', async () => {
  const outcome = await run((reply) => { reply.status = 401; });
  assertResponse(outcome, 'false');
  assertDenies(outcome);
});
