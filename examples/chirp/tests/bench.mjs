// What a write costs, from the click to its being readable by everybody: node bench.mjs ADDRESS [--json]
// Beside it, the same writes by one plain key with the library `dids`, which trusts whoever holds the key.
import { Person, post, publish } from './people.mjs';
import { plainAuthor } from './plain.mjs';
import { chirp } from './chirp.mjs';

const WRITES = 40, LIKERS = 40, AT_ONCE = 8;
const json = process.argv.includes('--json'), address = process.argv.filter((word) => word !== '--json')[2];
const { config, network } = await chirp(address);

const at = (list, part) => [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * part))];
const tell = (name, value, unit) => console.log(json ? JSON.stringify({ name: `chirp: ${name}`, value, unit }) : `${name.padEnd(58)} ${value.toFixed(unit === 'ms' ? 0 : 1)} ${unit}`);
const spread = (name, list) => { tell(`${name}, p50`, at(list, 0.5), 'ms'); tell(`${name}, p95`, at(list, 0.95), 'ms'); };

/** Waits until the index shows a document. */
async function readable(model, account, where) {
  for (;;) {
    const { body } = await post(`${config.ceramic}/collection/count`, { model, account, queryFilters: { where } });
    if (body.count > 0) return;
  }
}

async function ours() {
  const nodes = [], ceramic = [], whole = [], author = new Person(config, network);
  for (let number = 0; number < WRITES; number++) {
    const begun = performance.now(), { answer, problem } = await author.once('createPost', { text: `post ${number}`, number });
    if (!answer?.ok) throw new Error(`${problem} ${JSON.stringify(answer)}`);
    const signed = performance.now();
    await publish(config, answer);
    await readable(config.models.post, config.key.did, { author: { equalTo: author.user }, slot: { equalTo: answer.content.slot } });
    const done = performance.now();
    nodes.push(signed - begun);
    ceramic.push(done - signed);
    whole.push(done - begun);
  }
  spread('a post, from click to readable', whole);
  spread('of that, the nodes (with their reads of Ceramic)', nodes);
  spread('of that, publishing to Ceramic', ceramic);
}

async function likes() {
  const author = new Person(config, network), { answer } = await author.createPost('Like this.');
  const work = Array.from({ length: LIKERS }, () => new Person(config, network)), begun = performance.now();
  await Promise.all(Array.from({ length: AT_ONCE }, async (_, node) => {
    for (let user = work.pop(); user; user = work.pop()) await user.likePost(answer.stream, undefined, { node: node % config.nodes.length });
  }));
  tell(`likes of one post, ${AT_ONCE} at once`, LIKERS / ((performance.now() - begun) / 1000), '/s');
}

async function plain() {
  const { author, did, post: write } = await plainAuthor(config), whole = [];
  for (let number = 0; number < WRITES; number++) {
    const begun = performance.now(), slot = `2026-01-31.${String(number).padStart(2, '0')}`;
    const published = await write(`post ${number}`, slot);
    if (!published.ok) throw new Error(published.error);
    await readable(config.models.post, did, { author: { equalTo: author }, slot: { equalTo: slot } });
    whole.push(performance.now() - begun);
  }
  spread('the same by one plain key with dids', whole);
}

await ours();
await likes();
await plain();
