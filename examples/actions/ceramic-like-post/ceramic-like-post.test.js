const run = async (change) => {
  const fixtures = await readJson('fixtures.json');
  change?.(fixtures);
  return simulate({ action: 'action.js', params: 'params.json', fixtures });
};

test('a user likes a post', async () => {
  const outcome = await run();
  assertSigns(outcome, { name: 'likePost', key: 'blog', message: { kind: 'jws', header: { alg: 'ES256K' } } });
  const { commit } = JSON.parse(outcome.response);
  assertEqual(commit.jws.signatures.length, 1);
});

test('the same like has the same stream, whoever computes it', async () => {
  const [one, two] = [await run(), await run()].map((outcome) => JSON.parse(outcome.response).genesisCid);
  assertEqual(one, two);
});

test('no user likes a post twice', async () => {
  const outcome = await run(({ fetch }) => { fetch[1].reply.json.edges = [{ cursor: '', node: {} }]; });
  assertDenies(outcome);
  assertResponse(outcome, { liked: false, reason: 'you have liked this post before' });
});

test('an index that is down is no permission', async () => {
  const outcome = await run(({ fetch }) => { fetch[1].reply = { status: 500, text: 'oops' }; });
  assertDenies(outcome, 'action_threw');
});
