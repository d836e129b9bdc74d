const run = async (params, fixtures) => simulate({
  action: 'action.js',
  params: { ...(await readJson('params.json')), ...params },
  fixtures: { ...(await readJson('fixtures.json')), ...fixtures },
});
const winnerOf = (outcome) => JSON.parse(outcome.response).winner;

test('signs what it has drawn', async () => {
  const outcome = await run({}, {});
  assertSigns(outcome, {
    name: 'draw',
    key: 'raffles',
    typedData: { primary_type: 'Draw', message: { raffle: 'Summer 2026', tickets: 1000, winner: winnerOf(outcome) } },
  });
});

test('a seed gives a winner, and another seed another', async () => {
  const winners = [];
  for (const seed of ['a', 'a', 'b', 'c']) winners.push(winnerOf(await run({}, { seed })));
  assertEqual(winners[0], winners[1]);
  assert(new Set(winners).size === 3);
});

test('every ticket can win, and no other number', async () => {
  const won = new Set();
  for (let seed = 0; seed < 40; seed++) won.add(winnerOf(await run({ tickets: 3 }, { seed: `${seed}` })));
  assertDeepEqual([...won].sort(), [0, 1, 2]);
});

test('draws nothing before the sale ends or without tickets', async () => {
  const early = await run({}, { time: '2026-07-01T17:59:59Z' });
  assertDenies(early);
  assertResponse(early, { drawn: false, reason: 'tickets are still sold' });
  for (const tickets of [0, 1.5, -1, 2 ** 32]) assertDenies(await run({ tickets }, {}));
});
