// Commits that a real Ceramic node has taken. node golden.mjs QUORATE CERAMIC [--make]
// Without --make: publishes those of ../actions/golden.json, which must be taken; action tests compare the actions with them.
// With --make: simulates the actions on what the node shows, publishes what they sign, and writes the file. The key is the
// simulation's "chirp", which everybody has.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { post, publish } from './people.mjs';

const [quorate, ceramic, make] = process.argv.slice(2);
const file = new URL('../actions/golden.json', import.meta.url);
const ALICE = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8', BOB = '0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC';
const TIME = '2026-01-31T12:00:00Z';
const at = (name) => fileURLToPath(new URL(`../actions/${name}.dist.js`, import.meta.url));

async function write(entry) {
  const published = await publish({ ceramic }, entry);
  if (!published.ok) throw new Error(`${entry.name} was not taken: ${published.error}`);
  console.log(`taken: ${entry.name}`);
}

/** One simulation; requests that it makes are asked of the node until none is missing. */
async function simulate(action, address, params) {
  const fixtures = { time: TIME, auth: { address }, pkps: { chirp: { grants: [{ action: 'self', scopes: ['sign-anything'] }] } }, fetch: [] };
  const folder = mkdtempSync(join(tmpdir(), 'golden-'));
  try {
    for (;;) {
      writeFileSync(join(folder, 'params.json'), JSON.stringify({ publicKey: '${pkp.chirp.public_key}', ...params }));
      writeFileSync(join(folder, 'fixtures.json'), JSON.stringify(fixtures));
      const words = ['--json', 'action', 'simulate', at(action), '--params', `@${join(folder, 'params.json')}`, '--fixtures', join(folder, 'fixtures.json')];
      let report;
      try { report = JSON.parse(execFileSync(quorate, words, { stdio: ['ignore', 'pipe', 'ignore'] })); } catch (error) { report = JSON.parse(error.stdout); }
      const asked = report.fixtures.missing[0]?.add;
      if (!asked) return { ...JSON.parse(report.response), reads: fixtures.fetch };
      const path = asked.url.replace(/^.*\/api\/v0/, '');
      const answer = asked.body === undefined ? await (await fetch(ceramic + path)).json() : (await post(ceramic + path, asked.body)).body;
      const { url, method, body } = asked;
      fixtures.fetch.push({ url, method, body, reply: { json: answer } });
    }
  } finally { rmSync(folder, { recursive: true }); }
}

if (make) {
  const entries = [];
  const add = async (name, action, address, params) => {
    const { ok, reads, stream, did, content, prev, genesis, commit } = await simulate(action, address, params);
    if (!ok) throw new Error(`${name} was refused`);
    const entry = { name, action, address, params, reads, stream, did, content, prev, genesis, commit };
    await write(entry);
    const { commits } = await (await fetch(`${ceramic}/commits/${stream}`)).json();
    entries.push({ ...entry, cid: commits[commits.length - 1].cid });
    return stream;
  };
  await add('a profile', 'createProfile', ALICE, { name: 'Alice' });
  await add('another name', 'createProfile', ALICE, { name: 'Zoë 🦊' });
  const id = await add('a post', 'createPost', ALICE, { text: 'A post that only the action can write.', number: 0 });
  await add('280 code points beyond the basic plane', 'createPost', ALICE, { text: '🙂'.repeat(280), number: 49 });
  await add('a like', 'likePost', BOB, { post: id });
  await add('the like is taken back', 'unlikePost', BOB, { post: id });
  await add('the like again', 'likePost', BOB, { post: id });
  writeFileSync(file, JSON.stringify(entries, null, 1) + '\n');
} else {
  for (const entry of JSON.parse(readFileSync(file))) await write(entry);
}
