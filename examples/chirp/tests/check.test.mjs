// check.mjs finds planted faults, each of them signed by the key itself where the fault is not the signature: what a broken
// action, a broken node or a lying store could have made. node --test check.test.mjs
import { strict as assert } from 'node:assert';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { after, test } from 'node:test';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Link, MODELS, base32, check, cidOf, encode, envelopeOf, keyOf, keyOfDid, streamOf } from '../check.mjs';

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const [PROFILE, POST, LIKE] = Object.keys(MODELS);
const url = (bytes) => Buffer.from(bytes).toString('base64url');
const base64 = (bytes) => Buffer.from(bytes).toString('base64').replace(/=+$/, '');
const modelBytes = (id) => {
  const hex = [...id.slice(1)].reduce((n, digit) => n * 36n + BigInt(parseInt(digit, 36)), 0n).toString(16);
  return Buffer.from(hex.padStart(hex.length + hex.length % 2, '0'), 'hex');
};

function someKey() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
  const { x, y } = publicKey.export({ format: 'jwk' });
  return { privateKey, ...keyOf(Buffer.concat([Buffer.from([4]), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')])) };
}
const owner = someKey(), stranger = someKey();
const ALICE = `wallet:0x${'a1'.repeat(20)}`, BOB = `wallet:0x${'b0'.repeat(20)}`;

/** A signature in the lower half of the curve, or in the upper one. */
function signature(text, key, high) {
  const bytes = sign('sha256', Buffer.from(text), { key: key.privateKey, dsaEncoding: 'ieee-p1363' });
  const s = BigInt(`0x${bytes.subarray(32).toString('hex')}`), upper = s > ORDER / 2n;
  if (upper === Boolean(high)) return bytes;
  return Buffer.concat([bytes.subarray(0, 32), Buffer.from((ORDER - s).toString(16).padStart(64, '0'), 'hex')]);
}

function genesis(model, unique, { did = owner.did, more = {} } = {}) {
  const header = { controllers: [did], model: modelBytes(model), sep: 'model', unique: Buffer.from(unique), ...more };
  const cid = cidOf(encode({ data: null, header }));
  return { stream: streamOf(cid), tip: cid, commits: [{ cid: base32(cid), value: { data: null, header: { ...header, model: base64(header.model), unique: base64(header.unique) } } }], id: cid };
}

/** Adds a commit; `as` names what is wrong with it. */
function write(document, data, as = {}) {
  const key = as.key ?? owner, payload = { data, id: new Link(as.id ?? document.id), prev: new Link(as.prev ?? document.tip), ...as.more };
  const block = as.block?.(payload) ?? encode(payload), link = cidOf(block);
  const head = url(JSON.stringify({ alg: 'ES256K', kid: `${owner.did}#${owner.did.slice(8)}` }));
  const jws = { payload: url(link), signatures: [{ protected: head, signature: url(signature(`${head}.${url(link)}`, key, as.high)) }], link: base32(link) };
  const cid = envelopeOf(jws);
  document.commits.push({ cid: as.cid ?? base32(cid), value: { jws, linkedBlock: base64(block) } });
  document.tip = cid;
  return document;
}
const add = (content) => Object.entries(content).map(([name, value]) => ({ op: 'add', path: `/${name}`, value }));
const replace = (name, value) => [{ op: 'replace', path: `/${name}`, value }];
const profileOf = (user, name, as) => write(genesis(PROFILE, user), add({ user, name }), as);
const postOf = (author, slot, text, as = {}) =>
  write(genesis(POST, `${author}|${slot}`, as.genesis), add({ author, slot, text, createdAt: as.createdAt ?? `${slot.slice(0, 10)}T12:00:00.000Z` }), as);
const likeOf = (post, user, as = {}) => write(genesis(LIKE, `${post}|${user}`, as.genesis), add({ post, user, liked: as.liked ?? true }), as);

function world() {
  const profile = write(profileOf(ALICE, 'Alice'), replace('name', 'Zoë 🦊'));
  const post = postOf(ALICE, '2026-01-31.00', '🙂'.repeat(280)), last = postOf(ALICE, '2026-01-31.49', 'x');
  const like = write(write(likeOf(post.stream, BOB), replace('liked', false)), replace('liked', true));
  return { profile, post, last, like };
}
const reader = (documents) => async (stream) => {
  const found = documents.find((one) => one.stream === stream);
  if (!found) throw new Error('there is no such stream');
  return found.commits;
};
const faultsOf = async (documents) => (await check({ owner, read: reader(documents), streams: documents.map(({ stream }) => stream) })).faults;

test('nothing is wrong with what the actions write', async () => {
  const { faults, documents } = await check({ owner, read: reader(Object.values(world())), streams: Object.values(world()).map(({ stream }) => stream) });
  assert.deepEqual(faults, []);
  assert.deepEqual(documents.map(({ model }) => model), ['profile', 'post', 'post', 'like']);
  assert.equal(documents[3].content.liked, true);
});

test('nothing is wrong with commits that a real Ceramic node has taken', async () => {
  const golden = JSON.parse(readFileSync(new URL('../actions/golden.json', import.meta.url))), streams = {};
  const theirs = keyOfDid(golden[0].did);
  for (const { stream, genesis, commit, cid, prev } of golden) (streams[stream] ??= [{ cid: prev, value: genesis }]).push({ cid, value: commit });
  const { faults } = await check({ owner: theirs, read: async (stream) => streams[stream], streams: Object.keys(streams) });
  assert.deepEqual(faults, []);
});

/** Puts an anchor behind the last commit. */
function anchor(document, { prev = document.tip, proof = cidOf(Buffer.from('a proof')), path = '0/1' } = {}) {
  const cid = cidOf(encode({ id: new Link(document.id), path, prev: new Link(prev), proof: new Link(proof) }));
  document.commits.push({ cid: base32(cid), value: { id: base32(document.id), path, prev: base32(prev), proof: base32(proof) } });
  document.tip = cid;
  return document;
}

test('an anchor may stand between commits, and before the first', async () => {
  const { post, like } = world();
  const first = write(anchor(genesis(PROFILE, ALICE)), add({ user: ALICE, name: 'Alice' }));
  assert.deepEqual(await faultsOf([post, write(anchor(anchor(like)), replace('liked', false)), first]), []);
});

const swapped = (payload) => {
  const [head, ...rest] = [Buffer.from([0xa3]), ...['data', 'id', 'prev'].map((key) => Buffer.concat([encode(key), encode(payload[key])]))];
  return Buffer.concat([head, ...rest]);
};
const wide = (payload) => {
  // The length of `add` in a byte of its own.
  const bytes = encode(payload), at = bytes.indexOf(encode('add'));
  return Buffer.concat([bytes.subarray(0, at), Buffer.from([0x78, 3]), bytes.subarray(at + 1)]);
};
const PLANTED = {
  'a stream of another controller': [/another controller/, ({ last }) => [last, postOf(ALICE, '2026-01-31.01', 'x', { genesis: { did: stranger.did }, key: stranger })]],
  'CBOR whose keys are in another order': [/not canonical/, () => [postOf(ALICE, '2026-01-31.01', 'x', { block: swapped })]],
  'CBOR with a length in more bytes than it needs': [/not canonical/, () => [postOf(ALICE, '2026-01-31.01', 'x', { block: wide })]],
  'a commit that follows none of the stream': [/does not follow/, ({ post, like }) => [post, write(like, replace('liked', false), { prev: post.tip })]],
  'a commit that leaves one out': [/does not follow/, ({ post, like }) => { like.commits.splice(2, 1); return [post, like]; }],
  "another stream's commit": [/another stream/, ({ post, last }) => [write(genesis(POST, `${ALICE}|2026-01-31.02`), add({ author: ALICE, slot: '2026-01-31.02', text: 'x', createdAt: '2026-01-31T12:00:00.000Z' }), { id: last.id }), post]],
  'a signature in the upper half': [/upper half/, () => [postOf(ALICE, '2026-01-31.01', 'x', { high: true })]],
  'a signature by another key in the name of this one': [/not by the key/, () => [postOf(ALICE, '2026-01-31.01', 'x', { key: stranger })]],
  'a commit that nobody has signed': [/not signed/, ({ last }) => { delete last.commits[1].value.jws; return [last]; }],
  'a block that is not the signed one': [/another block/, ({ last, post }) => { last.commits[1].value.linkedBlock = post.commits[1].value.linkedBlock; return [last]; }],
  'a CID that is not that of the commit': [/not that of the commit/, ({ last, post }) => [Object.assign(last, { commits: [last.commits[0], { ...last.commits[1], cid: post.commits[1].cid }] })]],
  'an anchor of another place': [/anchor that does not follow/, ({ like }) => [anchor(like, { prev: like.id })]],
  'an anchor whose CID is not that of its block': [/not that of the anchor/, ({ post, like }) => {
    // Another proof under the CID that the next commit names.
    const done = write(anchor(like), replace('liked', false));
    done.commits.at(-2).value.proof = base32(cidOf(Buffer.from('another proof')));
    return [post, done];
  }],
  'a genesis with more in it: the same document twice': [/not bare/, ({ post, like }) => [post, like, likeOf(post.stream, BOB, { genesis: { more: { nonce: 'again' } } })]],
  'a post of 281 code points': [/281 characters/, () => [postOf(ALICE, '2026-01-31.01', '🙂'.repeat(281))]],
  'an empty post': [/0 characters/, () => [postOf(ALICE, '2026-01-31.01', '')]],
  'a post with a control character': [/control characters/, () => [postOf(ALICE, '2026-01-31.01', 'a\u0007')]],
  'a fifty-first post of a day': [/slot that no day has/, () => [postOf(ALICE, '2026-01-31.50', 'x')]],
  "a post of another day than its slot's": [/another day/, () => [postOf(ALICE, '2026-01-31.01', 'x', { createdAt: '2026-02-01T00:00:00.000Z' })]],
  'a post that was written again': [/second commit of a post/, ({ last }) => [write(last, replace('text', 'another text'))]],
  'a name of 41 code points': [/41 characters/, () => [profileOf(ALICE, 'x'.repeat(41))]],
  "a profile that becomes somebody else's": [/changes more than name/, ({ profile }) => [write(profile, replace('user', BOB))]],
  "a content that is not that of its document's id": [/not that of its document/, () => [write(genesis(PROFILE, ALICE), add({ user: BOB, name: 'Bob' }))]],
  'a like of what is not there': [/not readable/, ({ last }) => [likeOf(streamOf(cidOf(Buffer.from('nothing'))), BOB), last]],
  'a like of a profile': [/no post/, ({ profile }) => [profile, likeOf(profile.stream, BOB)]],
  "a like of another key's post": [/another controller/, () => {
    const theirs = postOf(ALICE, '2026-01-31.01', 'x', { genesis: { did: stranger.did }, key: stranger });
    return [theirs, likeOf(theirs.stream, BOB)];
  }],
  'a second like by a user who likes it already': [/nothing changed/, ({ post, like }) => [post, write(like, replace('liked', true))]],
  'a like that begins with an unlike': [/begins with an unlike/, ({ post }) => [post, likeOf(post.stream, BOB, { liked: false })]],
  'a user with another form': [/no known form/, () => [profileOf('wallet:0xABC', 'x')]],
  'a document of another model': [/another model/, () => [write(genesis('kh4q0ozorrgaq2mezktnrmdwleo1d', ALICE), add({ user: ALICE }))]],
  'a stream that is listed twice': [/twice/, ({ last }) => [last, last]],
};

test('at least ten faults are planted', () => assert.ok(Object.keys(PLANTED).length >= 10));
for (const [name, [words, plant]] of Object.entries(PLANTED)) {
  test(`found: ${name}`, async () => {
    const faults = await faultsOf(plant(world()));
    assert.ok(faults.some(({ fault }) => words.test(fault)), JSON.stringify(faults));
  });
}

test('the program takes the key from the chain and the streams from Ceramic', async () => {
  const documents = Object.values(world()), token = '0x' + createHash('sha256').update('token').digest('hex');
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => { body += chunk; }).on('end', () => {
      if (request.method === 'POST') {
        const { params: [{ data }] } = JSON.parse(body);
        assert.equal(data, `0xef6fd878${token.slice(2)}`);
        const result = `0x${'20'.padStart(64, '0')}${'21'.padStart(64, '0')}${owner.compressed.toString('hex').padEnd(128, '0')}`;
        return response.end(JSON.stringify({ jsonrpc: '2.0', id: 1, result }));
      }
      const found = documents.find(({ stream }) => request.url.endsWith(stream));
      return response.writeHead(found ? 200 : 500).end(JSON.stringify(found ? { commits: found.commits } : { error: 'Timeout error' }));
    });
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  after(() => server.close());
  const base = `http://127.0.0.1:${server.address().port}`;
  const run = (streams) => new Promise((done) => {
    const words = [fileURLToPath(new URL('../check.mjs', import.meta.url)), '--rpc', base, '--pkpnft', `0x${'11'.repeat(20)}`, '--token', token, '--ceramic', base];
    const child = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'pipe'] });
    let said = '';
    child.stdout.on('data', (chunk) => { said += chunk; });
    child.stderr.on('data', (chunk) => { said += chunk; });
    child.once('exit', (status) => done({ status, said }));
    child.stdin.end(streams.join('\n'));
  });
  const good = await run(documents.map(({ stream }) => stream));
  assert.equal(good.status, 0, good.said);
  assert.match(good.said, /1 profiles, 2 posts, 1 likes; no rule is broken/);
  documents.push(postOf(ALICE, '2026-01-31.01', 'x', { high: true }));
  const bad = await run(documents.map(({ stream }) => stream));
  assert.equal(bad.status, 1);
  assert.match(bad.said, /upper half/);
});
