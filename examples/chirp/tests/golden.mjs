// Commits that a real Ceramic node has taken. node golden.mjs QUORATE CERAMIC [--make]
// Without --make: publishes those of ../actions/golden.json, which must be taken; action tests compare the actions with them.
// With --make: simulates the actions on what the node shows, publishes what they sign, and writes the file. The key is the
// simulation's "chirp", which everybody has.
import { readFileSync, writeFileSync } from 'node:fs';
import { publish } from './people.mjs';
import { simulate as simulateOn } from './simulate.mjs';

const [quorate, ceramic, make] = process.argv.slice(2);
const file = new URL('../actions/golden.json', import.meta.url);
const ALICE = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8', BOB = '0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC';
const simulate = (...words) => simulateOn(quorate, ceramic, ...words);

async function write(entry) {
  const published = await publish({ ceramic }, entry);
  if (!published.ok) throw new Error(`${entry.name} was not taken: ${published.error}`);
  console.log(`taken: ${entry.name}`);
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
  const entries = JSON.parse(readFileSync(file));
  for (const entry of entries) await write(entry);
  // Another text for a slot of a day that is long over, signed when the slot was free and kept back since.
  const nothing = () => ({ edges: [], pageInfo: {} });
  const kept = await simulate('createPost', ALICE, { text: 'kept back', number: 0 }, nothing);
  const { stream, cid } = entries.find(({ name }) => name === 'a post');
  if (!kept.ok || kept.stream !== stream) throw new Error('the slot makes another document');
  const published = await publish({ ceramic }, kept);
  if (published.ok) throw new Error('a post was written over');
  const { commits } = await (await fetch(`${ceramic}/commits/${stream}`)).json();
  if (commits.length !== 2 || commits[1].cid !== cid) throw new Error('a post has changed');
  console.log('refused: a commit of a day that is over, whose slot is taken');
}
