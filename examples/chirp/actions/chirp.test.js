// The rules of Chirp. What the store says is recorded from a real Ceramic node in golden.json, or made up here.
const ALICE = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8', USER = `wallet:${ALICE.toLowerCase()}`;
const STORE = 'http://127.0.0.1:7707/api/v0';
const NONE = { json: { edges: [], pageInfo: { hasNextPage: false, hasPreviousPage: false } } };
const UNKNOWN = { status: 500, json: { error: 'Timeout error while loading CID bagcq from IPFS: TimeoutError: request timed out' } };
const UNAVAILABLE = { ok: false, code: 'store_unavailable', reason: 'The data store does not answer as it should. Try again later.' };
/** An anchor, which nobody signs. */
const ANCHOR = 'bafyreidblxinmt4ldq3zlnck3dlcrrsdxucikdaxrjq2eijoirtu6bdm7a';
const SELF = [{ action: 'self', scopes: ['sign-anything'] }];

const golden = () => readJson('golden.json');
const named = async (name) => (await golden()).find((entry) => entry.name === name);
const run = (action, params, reads, more) => simulate({
  action: `${action}.dist.js`,
  params: { publicKey: '${pkp.chirp.public_key}', ...params },
  fixtures: { time: '2026-01-31T12:00:00Z', auth: { address: ALICE }, pkps: { chirp: { grants: SELF } }, fetch: reads, ...more },
});
const index = (reply) => ({ method: 'POST', url: `${STORE}/collection`, reply });
/** The outcome is a refusal with this code: a response, and no signature. */
const assertRefuses = (outcome, code) => {
  assertDenies(outcome);
  assertEqual(outcome.status, 'completed');
  const { ok, code: said, reason } = JSON.parse(outcome.response);
  assertEqual(ok, false);
  assertEqual(said, code);
  assert(/^[A-Z].*\.$/.test(reason));
};

test('commits that a real Ceramic node has taken come out to the byte', async () => {
  const entries = await golden();
  assertEqual(entries.length, 7);
  for (const { action, address, params, reads, stream, did, content, prev, genesis, commit } of entries) {
    const outcome = await run(action, params, reads, { auth: { address } });
    assertResponse(outcome, { ok: true, stream, did, content, prev, genesis, commit });
    assertSigns(outcome, { name: 'commit', key: 'chirp', message: { kind: 'jws', header: { alg: 'ES256K' } } });
    assertDeepEqual(outcome.fixtures, { missing: [], unused: [] });
  }
});

test('whoever asks for a slot, a like or a profile names nobody else by a parameter', async () => {
  for (const [action, params, name] of [
    ['createProfile', { name: 'A', user: 'wallet:0x0000000000000000000000000000000000000001' }, 'user'],
    ['createPost', { text: 'A', number: 0, author: 'wallet:0x0000000000000000000000000000000000000001', slot: '2026-02-01.00' }, 'author'],
  ]) {
    const { content, stream } = JSON.parse((await run(action, params, [index(NONE)])).response);
    assertEqual(content[name], USER);
    const plain = JSON.parse((await run(action, { name: 'A', text: 'A', number: 0 }, [index(NONE)])).response);
    assertEqual(stream, plain.stream);
  }
});

test('280 code points are a post, and 281 are none', async () => {
  for (const one of ['x', 'ß', '語', '🙂']) {
    assertSigns(await run('createPost', { text: one.repeat(280), number: 0 }, [index(NONE)]), { name: 'commit' });
    assertRefuses(await run('createPost', { text: one.repeat(281), number: 0 }, []), 'text_too_long');
  }
  assertRefuses(await run('createPost', { text: 'x'.repeat(100_000), number: 0 }, []), 'text_too_long');
});

test('a text that is empty, none, or not plain is no post', async () => {
  for (const text of ['', null, 5, ['a'], { length: 1 }]) assertRefuses(await run('createPost', { text, number: 0 }, []), 'text_empty');
  for (const text of ['a\u0000b', 'a\nb', '\u007f', '\u009f']) {
    assertRefuses(await run('createPost', { text, number: 0 }, []), 'text_not_plain');
  }
});

test('a half of a character is no text, though the network lets none through as a parameter', async () => {
  const source = await readText('createPost.dist.js'), entry = 'return answer(async (author) => {';
  assert(source.includes(entry));
  for (const half of ['a\\ud83d', '\\ude42', '\\ude42\\ud83d']) {
    const code = source.replace(entry, `${entry} text = "${half}";`);
    assertRefuses(await simulate({ code, params: { publicKey: '${pkp.chirp.public_key}', text: 'x', number: 0 }, fixtures: { auth: { address: ALICE }, pkps: { chirp: { grants: SELF } } } }), 'text_not_plain');
  }
});

test('a name has 1 to 40 code points', async () => {
  assertSigns(await run('createProfile', { name: '🙂'.repeat(40) }, [index(NONE)]), { name: 'commit' });
  assertRefuses(await run('createProfile', { name: '🙂'.repeat(41) }, []), 'text_too_long');
  assertRefuses(await run('createProfile', { name: 'x'.repeat(100_000) }, []), 'text_too_long');
  assertRefuses(await run('createProfile', { name: '' }, []), 'text_empty');
  assertRefuses(await run('createProfile', { name: 'a\u202a\u0007' }, []), 'text_not_plain');
});

test('a day has 50 posts', async () => {
  assertSigns(await run('createPost', { text: 'x', number: 49 }, [index(NONE)]), { name: 'commit' });
  for (const number of [50, 51, 1e300]) assertRefuses(await run('createPost', { text: 'x', number }, []), 'day_full');
  for (const number of [-1, 0.5, '0', null, NaN, [0]]) assertRefuses(await run('createPost', { text: 'x', number }, []), 'number_invalid');
});

test('the day of a post is that of the request, to its last millisecond', async () => {
  for (const [time, day] of [['2026-01-31T23:59:59.999Z', '2026-01-31'], ['2026-02-01T00:00:00Z', '2026-02-01']]) {
    const { content } = JSON.parse((await run('createPost', { text: 'x', number: 7 }, [index(NONE)], { time })).response);
    assertEqual(content.slot, `${day}.07`);
    assertEqual(content.createdAt.slice(0, 10), day);
  }
});

test('a thousand signatures for one slot are a thousand commits of one document', async () => {
  const streams = new Set();
  for (let at = 0; at < 20; at++) streams.add(JSON.parse((await run('createPost', { text: `kept back ${at}`, number: 0 }, [index(NONE)])).response).stream);
  assertEqual(streams.size, 1);
});

test('a slot is written once', async () => {
  const { prev, cid, content } = await named('a post');
  const taken = index({ json: { edges: [{ cursor: '', node: { content, log: [{ cid: prev, type: 0 }, { cid, type: 1 }] } }] } });
  assertRefuses(await run('createPost', { text: 'again', number: 0 }, [taken]), 'slot_taken');
});

test('a like needs a post of this key, whatever the store says', async () => {
  const like = await named('a like'), [commits] = like.reads.filter(({ url }) => url.includes('/commits/'));
  const { post } = like.params;
  const go = (json, id = post) => run('likePost', { post: id }, [{ url: `${STORE}/commits/${id}`, reply: json }, index(NONE)]);
  assertSigns(await go(commits.reply), { name: 'commit' });
  assertRefuses(await go(UNKNOWN), 'post_missing');
  const changed = (change) => {
    const copy = structuredClone(commits.reply);
    change(copy.json.commits);
    return copy;
  };
  // A genesis without a commit, another's commit, a changed block, a changed signature, a profile under a post's name.
  assertRefuses(await go(changed((list) => list.pop())), 'post_missing');
  const other = await named('280 code points beyond the basic plane'), profile = await named('a profile');
  assertRefuses(await go(changed((list) => { list[1].value = other.commit; })), 'post_missing');
  assertRefuses(await go(changed((list) => { list[1].value.linkedBlock = list[1].value.linkedBlock.replace(/^(.{80})./, '$1z'); })), 'post_missing');
  assertRefuses(await go(changed((list) => { const one = list[1].value.jws.signatures[0]; one.signature = 'A' + one.signature.slice(1, -1) + 'A'; })), 'post_missing');
  assertRefuses(await go(changed((list) => { list[0].value = profile.genesis; list[1].value = profile.commit; }), profile.stream), 'post_missing');
  for (const nothing of [{ json: {} }, { json: { commits: null } }, { json: { commits: [null, 1] } }, { json: { commits: [{}, {}] } }]) {
    assertRefuses(await go(nothing), 'post_missing');
  }
});

test('a post on an empty document that a stranger has anchored can be liked', async () => {
  const like = await named('a like'), { reply } = like.reads.find(({ url }) => url.includes('/commits/')), { post } = like.params;
  const [genesis, { cid, value }] = reply.json.commits, text = await named('a post');
  // What createPost signs there follows the anchor, and is the first signed entry of the stream.
  const state = { content: null, log: [{ cid: genesis.cid, type: 0 }, { cid: ANCHOR, type: 2 }] };
  const seen = { url: `${STORE}/streams/${post}`, reply: { json: { streamId: post, state } } };
  const made = JSON.parse((await run('createPost', { ...text.params, tip: ANCHOR }, [seen], { auth: { address: text.address } })).response);
  assertDeepEqual([made.stream, made.prev], [post, ANCHOR]);
  const anchor = { cid: ANCHOR, value: { id: genesis.cid, prev: genesis.cid, proof: genesis.cid, path: '' } };
  for (const commits of [[genesis, anchor, { cid, value: made.commit }], [genesis, anchor, anchor, { cid, value: made.commit }, anchor], [genesis, anchor, { cid, value }]]) {
    const shown = { url: `${STORE}/commits/${post}`, reply: { json: { streamId: post, commits } } };
    assertSigns(await run('likePost', { post }, [shown, index(NONE)]), { name: 'commit' });
  }
  const shown = { url: `${STORE}/commits/${post}`, reply: { json: { streamId: post, commits: [genesis, anchor] } } };
  assertRefuses(await run('likePost', { post }, [shown, index(NONE)]), 'post_missing');
});

test('what the key has signed has content: a store that shows none gets no second first commit', async () => {
  const { stream, prev, cid } = await named('a profile'), post = await named('a post');
  for (const [action, params, at] of [['createProfile', { name: 'A' }, { stream, prev, cid }], ['createPost', { text: 'A', number: 0 }, post]]) {
    const state = { content: null, log: [{ cid: at.prev, type: 0 }, { cid: at.cid, type: 1 }] };
    assertResponse(await run(action, params, [index({ json: { edges: [{ node: state }] } })]), UNAVAILABLE);
    const seen = { url: `${STORE}/streams/${at.stream}`, reply: { json: { streamId: at.stream, state } } };
    assertResponse(await run(action, { ...params, tip: at.cid }, [seen]), UNAVAILABLE);
  }
});

test('what is no id of a document is refused before anything is asked', async () => {
  const { params: { post } } = await named('a like');
  const model = 'kjzl6hvfrbw6caqxvqhdnsqy6w3ug6m8h1uuy3d5093azgzxt7ym5on6m7ezuun';
  for (const id of ['', 'k', 'x', post.toUpperCase(), post + 'a', post.slice(0, -1), `${post}|x`, `${post}/../..`, model, 7, null, [post], 'k'.repeat(100_000)]) {
    assertRefuses(await run('likePost', { post: id }, []), 'post_invalid');
    assertRefuses(await run('unlikePost', { post: id }, []), 'post_invalid');
  }
});

test('a user likes a post once, and takes back what is there', async () => {
  const taken = await named('the like is taken back'), again = await named('the like again');
  const auth = { auth: { address: taken.address } };
  const commits = again.reads.filter(({ url }) => url.includes('/commits/')), liked = taken.reads.filter(({ url }) => !url.includes('/commits/'));
  assertRefuses(await run('likePost', taken.params, [...commits, ...liked], auth), 'already_liked');
  const unliked = again.reads.filter(({ url }) => !url.includes('/commits/'));
  assertRefuses(await run('unlikePost', taken.params, unliked, auth), 'not_liked');
  assertRefuses(await run('unlikePost', taken.params, [index(NONE)], auth), 'not_liked');
});

test('a tip that the nodes do not see is refused, and one that they see is built on', async () => {
  const { reads, params, prev, address } = await named('another name');
  const state = reads[0].reply.json.edges[0].node, stream = (await named('a profile')).stream;
  const seen = { url: `${STORE}/streams/${stream}`, reply: { json: { streamId: stream, state } } };
  const auth = { auth: { address } };
  const outcome = await run('createProfile', { ...params, tip: prev }, [seen], auth);
  assertEqual(JSON.parse(outcome.response).prev, prev);
  const older = (await named('a profile')).prev;
  assertRefuses(await run('createProfile', { ...params, tip: older }, reads, auth), 'stale_tip');
  for (const tip of [(await named('a like')).cid, 'x', null, 5]) {
    assertRefuses(await run('createProfile', { ...params, tip }, [seen], auth), 'stale_tip');
  }
});

test('an anchor on an empty document does not keep its user out', async () => {
  const { prev, genesis, stream } = await named('a profile');
  const state = { content: null, log: [{ cid: prev, type: 0 }, { cid: ANCHOR, type: 2 }] };
  const seen = { url: `${STORE}/streams/${stream}`, reply: { json: { streamId: stream, state } } };
  const response = JSON.parse((await run('createProfile', { name: 'Alice', tip: ANCHOR }, [seen])).response);
  assertEqual(response.prev, ANCHOR);
  assertDeepEqual(response.genesis, genesis);
});

test('a store that is down, slow, or answers nonsense is no permission', async () => {
  const bad = [
    { error: 'fetch_failed' }, { error: 'fetch_refused' }, { error: 'fetch_redirected' }, { status: 500, text: 'oops' }, { status: 500, json: { error: 'x' } },
    { status: 404, text: '' }, { text: '<!doctype html><p>hello' }, { text: '' }, { json: null }, { json: 5 }, { json: {} }, { json: { edges: null } },
    { json: { edges: [null] } }, { json: { edges: [{ node: null }] } }, { json: { edges: [{ node: { log: [], content: {} } }] } },
    { json: { edges: [{ node: { log: [{ cid: ANCHOR }], content: {} } }] } },
  ];
  const like = await named('a like'), commits = like.reads.filter(({ url }) => url.includes('/commits/'));
  for (const reply of bad) {
    for (const outcome of [
      await run('createProfile', { name: 'A' }, [index(reply)]),
      await run('createPost', { text: 'A', number: 0 }, [index(reply)]),
      await run('unlikePost', like.params, [index(reply)]),
      await run('likePost', like.params, [...commits, index(reply)]),
    ]) {
      assertDenies(outcome);
      assertResponse(outcome, UNAVAILABLE);
    }
  }
});

test('a tip of the store that is no commit is not signed', async () => {
  const { prev } = await named('a profile');
  for (const cid of ['x', '', null, 7, `${prev} `, prev.toUpperCase(), 'bafkreidblxinmt4ldq3zlnck3dlcrrsdxucikdaxrjq2eijoirtu6bdm7a']) {
    const reply = { json: { edges: [{ node: { content: { name: 'B' }, log: [{ cid: prev, type: 0 }, { cid, type: 1 }] } }] } };
    assertResponse(await run('createProfile', { name: 'A' }, [index(reply)]), UNAVAILABLE);
  }
});

test('without a login there is nothing to do', async () => {
  for (const action of ['createProfile', 'createPost', 'likePost', 'unlikePost']) {
    assertRefuses(await run(action, { name: 'A', text: 'A', number: 0, post: 'x' }, [], { auth: {} }), 'login_missing');
  }
});

test('another action signs nothing with this key', async () => {
  const outcome = await run('createPost', { text: 'A', number: 0 }, [index(NONE)], { pkps: { chirp: { grants: [] } } });
  assertDenies(outcome, 'not_granted');
});
