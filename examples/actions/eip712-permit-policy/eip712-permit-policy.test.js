const run = async (permit) => {
  const params = await readJson('params.json');
  params.permit = { ...params.permit, ...permit };
  return simulate({ action: 'action.js', params, fixtures: 'fixtures.json' });
};

test('signs a permit within the policy', async () => {
  const outcome = await run({});
  assertSigns(outcome, {
    name: 'permit',
    key: 'holder',
    typedData: {
      primary_type: 'Permit',
      domain: { name: 'USD Coin', chainId: 1 },
      message: { spender: '0xE592427A0AEce92De3Edee1F18E0157C05861564', value: 750000000, nonce: 3 },
    },
  });
});

for (const [what, permit, reason] of [
  ['another spender', { spender: '0x70997970C51812dc3A010C7d01b50e0d17dc79C8' }, 'this spender is not known'],
  ['too much', { value: '1000000001' }, 'too much for this spender'],
  ['too long', { deadline: 1767229201 }, 'a permit lasts an hour at most'],
]) {
  test(`refuses ${what}`, async () => {
    const outcome = await run(permit);
    assertDenies(outcome);
    assertResponse(outcome, { signed: false, reason });
  });
}
