// A node and then Ceramic are killed while people post: node faults.mjs ADDRESS, with PROCESSES in the environment.
import { strict as assert } from 'node:assert';
import { Person, indexed, pause } from './people.mjs';
import { chirp, test } from './chirp.mjs';

const { config, network } = await chirp(process.argv[2]);
const { ceramic, ...processes } = JSON.parse(process.env.PROCESSES);
const author = new Person(config, network);

/** As a page does: a node that is not there is left for the next one. */
async function somewhere(act, from) {
  for (let at = 0; ; at++) {
    try { return await act((from + at) % config.nodes.length); } catch (error) { if (at === 2 * config.nodes.length) throw error; await pause(200); }
  }
}

await test('a node is killed while people post: nobody notices', async () => {
  const posts = Array.from({ length: 12 }, (_, number) => somewhere((node) => author.createPost(`post ${number}`, number, undefined, { node }), number));
  await pause(300);
  process.kill(processes['node-2'], 'SIGKILL');
  // A fail-over is a new request here, so its post may be there already.
  for (const { answer, problem } of await Promise.all(posts)) assert.ok(answer?.ok || answer?.code === 'slot_taken', `${problem} ${JSON.stringify(answer)}`);
  assert.equal((await indexed(config, 'post', { author: { equalTo: author.user } })).length, 12);
});

await test('Ceramic is killed: a refusal in one sentence within ten seconds, and then all goes on', async () => {
  process.kill(ceramic, 'SIGKILL');
  await pause(100);
  const begun = performance.now();
  const { answer } = await somewhere((node) => author.once('createPost', { text: 'meanwhile', number: 20 }, { node }), 0);
  assert.equal(answer.code, 'store_unavailable');
  assert.ok(performance.now() - begun < 10_000);
  for (let waited = 0; ; waited++) {
    const up = await fetch(`${config.ceramic}/node/healthcheck`).then(({ ok }) => ok, () => false);
    if (up) break;
    assert.ok(waited < 120, 'Ceramic is not started again');
    await pause(500);
  }
  const posted = await somewhere((node) => author.createPost('meanwhile', 20, undefined, { node }), 0);
  assert.equal(posted.answer.ok, true);
  assert.equal((await indexed(config, 'post', { author: { equalTo: author.user } })).length, 13);
});
