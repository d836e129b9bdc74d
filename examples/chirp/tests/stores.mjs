// Chirp's other actions on nodes whose store is down, slow or lies: node stores.mjs QUORATE. Starts a network of its own. The store is
// this test: the actions' port is replaced by its own, which makes other actions of them, granted a key of their own.
import { strict as assert } from 'node:assert';
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { test } from './chirp.mjs';

const [program] = process.argv.slice(2), folder = mkdtempSync(join(tmpdir(), 'stores-')), dir = join(folder, 'network');
const golden = JSON.parse(readFileSync(new URL('../actions/golden.json', import.meta.url)));
const post = golden.find(({ name }) => name === 'a post'), like = golden.find(({ name }) => name === 'a like');
const WITHIN_MS = 10_000;
const json = (value) => (response) => response.end(JSON.stringify(value));
/** What each mood answers, whatever is asked. */
const MOODS = {
  broken: (response) => response.writeHead(500).end('oops'),
  page: (response) => response.end('<!doctype html><title>Ceramic</title>'),
  wrong: json({ edges: [{ node: { log: 'none' } }], commits: 'none' }),
  // Documents of another key, well signed.
  another: json({
    edges: [{ node: { content: like.content, log: [{ cid: like.prev, type: 0 }, { cid: like.cid, type: 1 }] } }],
    commits: [{ cid: post.prev, value: post.genesis }, { cid: post.cid, value: post.commit }],
  }),
  endless: (response) => {
    const more = () => { while (!response.destroyed && response.write(' '.repeat(65_536))); };
    response.on('drain', more).write('[');
    more();
  },
  silent: () => {},
  slow: (response) => {
    const timer = setInterval(() => response.write(' '), 200);
    response.on('close', () => clearInterval(timer));
  },
};
const ACTIONS = { createProfile: { name: 'Alice' }, likePost: { post: post.stream }, unlikePost: { post: post.stream } };

const store = createServer((request, response) => { response.on('error', () => {}); MOODS[request.url.split('/')[1]](response); });
await new Promise((done) => store.listen(0, '127.0.0.1', done));
const { port } = store.address();
const fileOf = (action, mood) => join(folder, `${action}-${mood}.js`);
for (const action of Object.keys(ACTIONS)) {
  const [head, tail, ...more] = readFileSync(new URL(`../actions/${action}.dist.js`, import.meta.url), 'utf8').split('http://127.0.0.1:7707/');
  assert.equal(more.length, 0);
  for (const mood of Object.keys(MOODS)) writeFileSync(fileOf(action, mood), `${head}http://127.0.0.1:${port}/${mood}/${tail}`);
}

const ports = ['--http-port', '0', '--quic-port', '0', '--chain-port', '0'];
const network = spawn(program, ['--json', 'dev', '--follow-stdin', '--dir', dir, '--allow-loopback-port', String(port), ...ports], { stdio: ['pipe', 'pipe', 'ignore'] });
const ended = new Promise((done) => network.once('exit', done));
const quorate = async (...words) => JSON.parse((await promisify(execFile)(program, ['--json', ...words, '--dir', dir], { maxBuffer: 1 << 24 })).stdout);
try {
  const { value } = await createInterface({ input: network.stdout })[Symbol.asyncIterator]().next();
  assert.equal(JSON.parse(value).ready, true);
  const files = Object.keys(ACTIONS).flatMap((action) => Object.keys(MOODS).map((mood) => fileOf(action, mood)));
  const { public_key: publicKey } = await quorate('pkp', 'mint', '--burn', ...files.flatMap((file) => ['--grant', `${file}=sign-anything`]));
  for (const mood of Object.keys(MOODS)) {
    await test(`a store that is ${mood}: refusals in words, and nothing is signed`, () => Promise.all(Object.entries(ACTIONS).map(async ([action, params]) => {
      const begun = performance.now(), { reply } = await quorate('action', 'run', fileOf(action, mood), '--params', JSON.stringify({ publicKey, ...params }));
      const { ok, code } = JSON.parse(reply.response), intents = reply.receipt.statements.flatMap(({ body }) => body.intents);
      const nothing = action === 'likePost' && ['wrong', 'another'].includes(mood) ? 'post_missing' : 'store_unavailable';
      assert.deepEqual([ok, code, intents], [false, nothing, []], action);
      assert.ok(performance.now() - begun < WITHIN_MS, action);
    })));
  }
} finally {
  network.stdin.end();
  await ended;
  store.closeAllConnections();
  store.close();
  rmSync(folder, { recursive: true });
}
