// Anchors, which a stranger may ask for: node anchors.mjs QUORATE. Starts two Ceramic nodes, without Chirp's network.
import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { post, publish } from './people.mjs';
import { simulate } from './simulate.mjs';
import { test } from './chirp.mjs';
import { check, keyOfDid } from '../check.mjs';

const [quorate] = process.argv.slice(2);
const golden = JSON.parse(readFileSync(new URL('../actions/golden.json', import.meta.url)));
const entry = golden.find(({ name }) => name === 'a post'), profile = golden.find(({ name }) => name === 'a profile');
const BOB = '0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC';

const freePort = () => new Promise((done) => {
  const server = createServer().listen(0, '127.0.0.1', () => { const { port } = server.address(); server.close(() => done(port)); });
});

/** Acts on a Ceramic node of its own, which is gone afterwards. */
async function withCeramic(words, act) {
  const folder = mkdtempSync(join(tmpdir(), 'anchors-')), port = await freePort();
  const child = spawn(process.execPath, [fileURLToPath(new URL('../ceramic/start.mjs', import.meta.url)), String(port), folder, ...words], { stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = new Promise((done) => child.once('exit', done));
  try {
    const { value } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
    assert.match(value ?? '', /^READY /);
    await act(`http://127.0.0.1:${port}/api/v0`);
  } finally {
    child.stdin.end();
    await ended;
    rmSync(folder, { recursive: true });
  }
}
const commitsOf = async (ceramic, stream) => (await (await fetch(`${ceramic}/commits/${stream}`)).json()).commits;

await test('a stranger gets no anchor', () => withCeramic([], async (ceramic) => {
  const opts = { anchor: false, publish: false, pin: true };
  for (const wrong of [{ ...opts, anchor: true }, { publish: false, pin: true }, undefined]) {
    const { status, body } = await post(`${ceramic}/streams`, { type: 3, genesis: entry.genesis, opts: wrong });
    assert.equal(status, 500);
    assert.match(body.error, /anchors are not served/);
  }
  assert.equal((await post(`${ceramic}/streams`, { type: 3, genesis: entry.genesis, opts })).status, 200);
  for (const path of [`streams/${entry.stream}/anchor`, `streams/${entry.stream}/anchor?x`, `streams/${entry.stream}/ANCHOR`]) {
    const { status, body } = await post(`${ceramic}/${path}`, {});
    assert.deepEqual([status, /anchors are not served/.test(body.error)], [500, true], path);
  }
  const wrong = await post(`${ceramic}/commits`, { streamId: entry.stream, commit: entry.commit, opts: { ...opts, anchor: true } });
  assert.match(wrong.body.error, /anchors are not served/);
  assert.equal((await commitsOf(ceramic, entry.stream)).length, 1);
  assert.equal((await publish({ ceramic }, entry)).ok, true);
}));

await test('an anchor on an empty document keeps nobody from posting, liking, and being named', () => withCeramic(['--anchors'], async (ceramic) => {
  const anchored = async ({ stream, genesis }) => {
    assert.equal((await post(`${ceramic}/streams`, { type: 3, genesis, opts: { anchor: true, publish: false, pin: true } })).status, 200);
    for (let waited = 0; ; waited++) {
      const { state } = await (await fetch(`${ceramic}/streams/${stream}`)).json();
      if (state.log.length === 2) return state.log[1].cid;
      assert.ok(waited < 100, 'there is no anchor');
      await new Promise((done) => setTimeout(done, 100));
    }
  };
  const written = async (...words) => {
    const answer = await simulate(quorate, ceramic, ...words);
    assert.equal(answer.ok, true, JSON.stringify(answer));
    assert.equal((await publish({ ceramic }, answer)).ok, true);
    return answer.stream;
  };
  const tips = { post: await anchored(entry), profile: await anchored(profile) };
  const streams = [
    await written('createPost', entry.address, { ...entry.params, tip: tips.post }),
    await written('createProfile', profile.address, { ...profile.params, tip: tips.profile }),
    await written('likePost', BOB, { post: entry.stream }),
  ];
  assert.equal(streams[0], entry.stream);
  const [, anchor] = await commitsOf(ceramic, entry.stream);
  assert.deepEqual([anchor.cid, typeof anchor.value.proof !== 'undefined'], [tips.post, true]);
  const { faults } = await check({ owner: keyOfDid(entry.did), read: (stream) => commitsOf(ceramic, stream), streams });
  assert.deepEqual(faults, []);
}));
