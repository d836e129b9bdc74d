// What nobody gets, each tried: node refused.mjs ADDRESS, with QUORATE and QUORATE_STATE in the environment.
import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { secp256k1 } from '../../clients/node_modules/@noble/curves/secp256k1.js';
import { cidOf } from '../../clients/encoding.mjs';
import { Person, indexed, links, post, publish } from './people.mjs';
import { plainAuthor } from './plain.mjs';
import { chirp, test } from './chirp.mjs';

const { config, network } = await chirp(process.argv[2]);
const alice = new Person(config, network), bob = new Person(config, network), carol = new Person(config, network);
const source = async (action) => (await fetch(new URL(config.actions[action].source, process.argv[2]))).text();
const refused = ({ problem, answer }, code) => assert.equal(problem ?? answer.code, code);
const first = await alice.createPost('The first post.');
const id = first.answer.stream;

/** Runs the program on the network of the test, as the owner of the key once was: with the wallet that has minted it. */
function quorate(...words) {
  try {
    return { value: JSON.parse(execFileSync(process.env.QUORATE, ['--json', ...words, '--dir', process.env.QUORATE_STATE], { stdio: ['ignore', 'pipe', 'ignore'] })) };
  } catch (error) { return { error: JSON.parse(error.stdout).error }; }
}

await test('another action', async () => {
  const code = `async function main({ publicKey }) { await Lit.Actions.signEcdsa({ toSign: new Uint8Array(32).fill(1), publicKey, sigName: 'x' }); }`;
  const mallory = withAction(code);
  refused(await mallory.once('mine', {}, { code }), 'not_granted');
});

await test('a bundle with one byte changed', async () => {
  const code = (await source('createPost')).replace('280', '281');
  const mallory = withAction(code);
  refused(await mallory.once('mine', { text: 'x'.repeat(281), number: 1 }, { code }), 'not_granted');
  // Under the name of the unchanged one it does not even run.
  refused(await alice.once('createPost', { text: 'x'.repeat(281), number: 1 }, { code }), 'cid_mismatch');
});

await test('the owner after the burn', async () => {
  const key = config.key.public_key, folder = mkdtempSync(join(tmpdir(), 'chirp-'));
  try {
    const action = join(folder, 'mine.js');
    writeFileSync(action, 'async function main({ publicKey, toSign }) { await Lit.Actions.signEcdsa({ toSign, publicKey, sigName: "x" }); }');
    assert.equal(quorate('pkp', 'show', key).value.owner, null);
    assert.ok(quorate('pkp', 'grant', key, '--action', action, '--scope', 'sign-anything').error);
    assert.ok(quorate('pkp', 'revoke', key, '--action', config.actions.createPost.cid).error);
    const { error } = quorate('action', 'run', action, '--pkp', key, '--to-sign', `0x${'01'.repeat(32)}`);
    assert.equal(error.code, 'not_granted');
  } finally { rmSync(folder, { recursive: true }); }
});

await test("another key under the right DID, by HTTP to Ceramic", async () => {
  const { answer } = await bob.once('likePost', { post: id });
  const { commit, genesis, stream } = answer, [head] = commit.jws.signatures, secret = randomBytes(32);
  const digest = createHash('sha256').update(`${head.protected}.${commit.jws.payload}`).digest();
  const forged = structuredClone(commit);
  forged.jws.signatures[0].signature = Buffer.from(secp256k1.sign(digest, secret, { prehash: false, lowS: true })).toString('base64url');
  const published = await publish(config, { stream, genesis, commit: forged });
  assert.equal(published.ok, false);
  assert.match(published.error, /signature|verify/i);
  assert.equal((await links(config.ceramic, stream)).length, 1);
  assert.equal((await publish(config, answer)).ok, true);
});

await test("a caller who names another's id", async () => {
  const stranger = { user: alice.user, author: alice.user, publicKey: config.key.public_key, authSigAddress: alice.user.slice(7) };
  const { answer } = await carol.once('createProfile', { ...stranger, name: 'Alice' });
  assert.equal(answer.content.user, carol.user);
  const posted = await carol.once('createPost', { ...stranger, text: 'not by Alice', number: 2 });
  assert.equal(posted.answer.content.author, carol.user);
  assert.notEqual(posted.answer.stream, (await alice.once('createPost', { text: 'by Alice', number: 2 })).answer.stream);
});

await test('what is no post, name or id', async () => {
  const like = await bob.once('likePost', { post: id }), profile = await carol.createProfile('Carol');
  assert.equal(like.answer.code, 'already_liked');
  for (const [action, params, code] of [
    ['createPost', { text: '', number: 1 }, 'text_empty'], ['createPost', { text: '🙂'.repeat(281), number: 1 }, 'text_too_long'],
    ['createPost', { text: 'x'.repeat(100_000), number: 1 }, 'text_too_long'], ['createProfile', { name: 'x'.repeat(100_000) }, 'text_too_long'],
    ['likePost', { post: 'k'.repeat(100_000) }, 'post_invalid'], ['unlikePost', { post: 'k'.repeat(100_000) }, 'post_invalid'], ['createPost', { text: 'a\u0007', number: 1 }, 'text_not_plain'],
    ['createPost', { text: 'x', number: 50 }, 'day_full'], ['createPost', { text: 'x', number: 0 }, 'slot_taken'],
    ['likePost', { post: 'x' }, 'post_invalid'], ['likePost', { post: config.models.post }, 'post_invalid'],
    ['likePost', { post: profile.answer.stream }, 'post_missing'],
  ]) {
    const begun = performance.now();
    refused(await alice.once(action, params), code);
    assert.ok(performance.now() - begun < 10_000);
  }
});

await test('the model counts code points as the actions do, whoever signs', async () => {
  const { author, did, post: write } = await plainAuthor(config), emoji = '🙂';
  const tries = [['x'.repeat(280), true], [emoji.repeat(280), true], ['x'.repeat(281), false], [emoji.repeat(281), false], ['', false]];
  for (const [number, [text, taken]] of tries.entries()) {
    assert.equal((await write(text, `2026-01-31.0${number}`)).ok, taken, `${[...text].length} code points, ${text.length} units`);
  }
  const { edges } = (await post(`${config.ceramic}/collection`, { model: config.models.post, account: did, last: 10 })).body;
  assert.deepEqual(edges.map(({ node }) => [node.content.author === author, [...node.content.text].length]), [[true, 280], [true, 280]]);
});

await test('a lone surrogate, which the network refuses as a parameter', async () => {
  const { problem } = await alice.once('createPost', { text: 'HALF', number: 1 }, { change: (bytes) => bytes.replace('HALF', 'a\\ud83d') });
  assert.match(problem, /malformed_request|params_invalid/);
});

await test('a post of another key', async () => {
  const golden = JSON.parse(readFileSync(new URL('../actions/golden.json', import.meta.url)));
  const theirs = golden.find(({ name }) => name === 'a post');
  refused(await bob.once('likePost', { post: theirs.stream }), 'post_missing');
});

await test("what only Ceramic's administrator may do", async () => {
  const origin = new URL(config.ceramic).origin;
  for (const path of ['/api/v0/admin/getCode', '/API/V0/admin/getCode', '/api/v0/admin/models', '/api/v0/admin/shutdown', '/api/v0/pins', '/api/v0/streams/../admin/getCode', '//api/v0/admin/getCode']) {
    assert.equal((await fetch(origin + path)).status, 404, path);
    assert.equal((await post(origin + path, { jws: 'x' })).status, 404, path);
  }
});

await test('a stale tip', async () => {
  const dave = new Person(config, network);
  const one = await dave.createProfile('Dave');
  const two = await dave.once('createProfile', { name: 'David' }), three = await dave.once('createProfile', { name: 'Davy' });
  assert.equal((await publish(config, two.answer)).ok, true);
  // Signed on the same tip: somebody was faster, and the stream stays as it is.
  assert.equal((await publish(config, three.answer)).ok, false);
  assert.deepEqual(await indexed(config, 'profile', { user: { equalTo: dave.user } }), [{ user: dave.user, name: 'David' }]);
  refused(await dave.once('createProfile', { name: 'D', tip: one.answer.prev }), 'stale_tip');
  // Once more, the same again does no harm.
  assert.equal((await publish(config, two.answer)).ok, true);
});

await test('likes that race', async () => {
  const eve = new Person(config, network), sessions = [eve, new Person(config, network, eve.wallet), new Person(config, network, eve.wallet)];
  const answers = await Promise.all(sessions.map((one) => one.likePost(id)));
  const said = answers.map(({ answer, problem }) => problem ?? answer.code ?? 'ok');
  assert.ok(said.includes('ok') && said.every((one) => ['ok', 'already_liked'].includes(one)), said.join());
  assert.equal((await indexed(config, 'like', { user: { equalTo: eve.user } })).length, 1);
});

await test('a thousand signatures kept back and published at once', async () => {
  const hoarder = new Person(config, network), kept = [];
  const work = [];
  for (let at = 0; at < 1000; at++) work.push(['createPost', { text: `kept back ${at}`, number: at % 50 }]);
  for (let at = 0; at < 20; at++) work.push(['likePost', { post: id }]);
  const one = async () => {
    for (let next = work.pop(); next; next = work.pop()) {
      const { answer, problem } = await hoarder.once(...next);
      if (answer?.ok) kept.push(answer);
      else if (['overloaded', 'rate_limited', 'intents_diverged', 'outcomes_diverged'].includes(problem)) { work.push(next); await new Promise((done) => setTimeout(done, 300)); }
      else assert.fail(`${problem} ${JSON.stringify(answer)}`);
    }
  };
  await Promise.all(Array.from({ length: 6 }, one));
  assert.equal(kept.length, 1020);
  const queue = [...kept].sort(() => Math.random() - 0.5);
  await Promise.all(Array.from({ length: 16 }, async () => { for (let next = queue.pop(); next; next = queue.pop()) await publish(config, next); }));
  const posts = await indexed(config, 'post', { author: { equalTo: hoarder.user } });
  assert.ok(posts.length <= 50, `${posts.length} posts`);
  assert.equal(new Set(posts.map(({ slot }) => slot)).size, posts.length);
  for (const stream of new Set(kept.map((answer) => answer.stream))) assert.equal((await links(config.ceramic, stream)).length, 2);
  assert.equal((await indexed(config, 'like', { user: { equalTo: hoarder.user } })).length, 1);
});

/** Somebody whose session may run an action of their own. */
function withAction(code) {
  const cid = cidOf(code);
  return new Person({ ...config, actions: { ...config.actions, mine: { cid } } }, network);
}
