const run = async (result) => {
  const fixtures = await readJson('fixtures.json');
  fixtures.fetch[0].reply.json.result = result;
  return simulate({ action: 'action.js', params: 'params.json', fixtures });
};

test('signs for two ether', async () => {
  assertSigns(await run('0x1bc16d674ec80000'), { key: 'club', message: 'member of the one-ether club' });
});

test('signs for exactly one ether', async () => {
  assertSigns(await run('0xde0b6b3a7640000'));
});

test('does not sign for a wei less', async () => {
  const outcome = await run('0xde0b6b3a763ffff');
  assertDenies(outcome);
  assertResponse(outcome, { allowed: false, balance: '0.999999999999999999' });
});

test('an RPC error is no permission', async () => {
  const fixtures = await readJson('fixtures.json');
  fixtures.fetch[0].reply = { status: 500, text: 'no' };
  fixtures.fetch[0].repeat = true;
  assertDenies(await simulate({ action: 'action.js', params: 'params.json', fixtures }), 'action_threw');
});
