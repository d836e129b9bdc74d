const base = async () => [await readJson('params.json'), await readJson('fixtures.json')];

test('signs the transaction that it was asked for', async () => {
  const [params, fixtures] = await base();
  const outcome = await simulate({ action: 'action.js', params, fixtures });
  assertSigns(outcome, {
    name: 'transfer',
    key: 'wallet',
    tx: { type: 2, chain_id: 11155111, nonce: 7, to: params.to, value: ethers.utils.parseEther('0.25'), data: '0x' },
  });
  const { from, raw } = JSON.parse(outcome.response);
  const { pkps } = await names({ action: 'action.js', fixtures });
  assertEqual(from, pkps.wallet.address);
  assertEqual(ethers.utils.parseTransaction(raw).from, from, 'the raw transaction is signed by the key');
});

test('refuses more than half an ether', async () => {
  const [params, fixtures] = await base();
  const amountWei = ethers.utils.parseEther('0.6').toString();
  const outcome = await simulate({ action: 'action.js', params: { ...params, amountWei }, fixtures });
  assertDenies(outcome, 'action_threw');
});

test('refuses an address with a wrong checksum', async () => {
  const [params, fixtures] = await base();
  const to = '0x70997970c51812dc3A010C7d01b50e0d17dc79C8';
  assertDenies(await simulate({ action: 'action.js', params: { ...params, to }, fixtures }), 'action_threw');
});
