// A hundred users like the same post at once, and twenty of them twice: node crowd.mjs ADDRESS
import { strict as assert } from 'node:assert';
import { Person, indexed } from './people.mjs';
import { chirp, test } from './chirp.mjs';

const USERS = 100, TWICE = 20, WITHIN_MS = 60_000;
const { config, network } = await chirp(process.argv[2]);

await test('a hundred users like one post at once, twenty of them twice: a hundred likes', async () => {
  const author = new Person(config, network), { answer } = await author.createPost('Like this.'), post = answer.stream;
  const users = Array.from({ length: USERS }, () => new Person(config, network));
  const begun = performance.now();
  const asked = [...users, ...users.slice(0, TWICE)].map((user, at) => user.likePost(post, undefined, { node: at % config.nodes.length }));
  const said = (await Promise.all(asked)).map(({ answer, problem }) => problem ?? answer.code ?? 'ok');
  const took = performance.now() - begun, count = (word) => said.filter((one) => one === word).length;
  console.error(`   ${said.length} answers in ${(took / 1000).toFixed(1)} s: ${count('ok')} likes, ${count('already_liked')} told that they like it already`);
  const odd = said.filter((word) => word !== 'ok' && word !== 'already_liked');
  assert.deepEqual(odd, []);
  const likes = await indexed(config, 'like', { post: { equalTo: post }, liked: { equalTo: true } });
  assert.equal(likes.length, USERS);
  assert.deepEqual(new Set(likes.map(({ user }) => user)), new Set(users.map(({ user }) => user)));
  assert.ok(took < WITHIN_MS, `${took} ms`);
});
