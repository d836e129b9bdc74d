import assert from "node:assert/strict";
import { test } from "node:test";
import { Ceramic } from "../../site/ceramic.js";
import { Documents } from "../../site/documents.js";
import { Failure } from "../../site/failure.js";
import { commitsOf, did, entryOf, golden, models, publicKey, verify } from "../golden.mjs";

const post = entryOf("a post"), like = entryOf("the like again"), ALICE = post.content.author, BOB = like.content.user;

/** A Ceramic node that knows the golden streams; `lies` changes its answers. */
function node(lies = {}) {
  const asked = [];
  const states = (model) => [...new Set(golden.map(({ stream }) => stream))].map((stream) => commitsOf(stream)).map((commits) => {
    const entry = golden.findLast(({ cid }) => cid === commits.at(-1).cid);
    return { content: entry.content, metadata: { controllers: [did] }, log: commits.map(({ cid }) => ({ cid })), model: { createPost: models.post, createProfile: models.profile, likePost: models.like }[entry.action] };
  }).filter((state) => state.model === model);
  const answers = (path, body) => {
    if (path === "collection") return { edges: states(body.model).map((state) => ({ cursor: "c", node: state })), pageInfo: { hasPreviousPage: false, startCursor: "c" } };
    if (path === "collection/count") return { count: 1 };
    return path.includes("/") ? { streamId: path.slice(8), commits: commitsOf(path.slice(8)) } : {};
  };
  const fetch = async (url, init = {}) => {
    const path = `${url}`.split("/api/v0/")[1], body = init.body ? JSON.parse(init.body) : null;
    asked.push({ path, body });
    const answer = lies[path.split("/")[0]]?.(answers(path, body), body) ?? answers(path, body);
    return answer instanceof Response ? answer : Response.json(answer);
  };
  const ceramic = new Ceramic("http://ceramic.example/api/v0", fetch);
  return { asked, ceramic, documents: new Documents(ceramic, { publicKey, did, models }, verify) };
}

test("posts come newest first, with likes, and with the reader's own", async () => {
  const { documents, asked } = node();
  const { posts, ignored, older } = await documents.posts(null, BOB);
  assert.deepEqual(posts.map(({ text, likes, liked }) => [[...text].length, likes, liked]), [[280, 1, false], [[...post.content.text].length, 1, true]]);
  assert.deepEqual([ignored, older], [0, null]);
  for (const { body } of asked.filter(({ path }) => path.startsWith("collection"))) assert.equal(body.account, did, "documents of another controller are not asked for");
});

test("a stream is checked once, and again when it has grown", async () => {
  const { documents, asked } = node();
  await documents.posts(null, null);
  const before = asked.filter(({ path }) => path.startsWith("commits/")).length;
  await documents.posts(null, null);
  assert.equal(asked.filter(({ path }) => path.startsWith("commits/")).length, before);
});

test("what does not verify is no post, and is counted", async () => {
  const spoil = (answer) => {
    if (answer.streamId === post.stream) answer.commits = JSON.parse(JSON.stringify(answer.commits)), (answer.commits[1].value.jws.signatures[0].signature = like.commit.jws.signatures[0].signature);
    return answer;
  };
  const { posts, ignored } = await node({ commits: spoil }).documents.posts(null, null);
  assert.deepEqual([posts.length, ignored], [1, 1]);
  assert.ok(posts.every(({ id }) => id !== post.stream));
});

test("documents of another model are no posts, whatever the index says", async () => {
  const { posts, ignored } = await node({ collection: (answer, body) => (body.model === models.post ? { ...answer, edges: [{ node: { log: commitsOf(like.stream).map(({ cid }) => ({ cid })) } }] } : answer) }).documents.posts(null, null);
  assert.deepEqual([posts.length, ignored], [0, 1]);
});

test("states that are none are left out", async () => {
  const odd = [null, 7, {}, { log: [] }, { log: [{ cid: 7 }] }, { log: [{ cid: "bé" }] }, { log: [{ cid: `b${"a".repeat(500)}` }] }, { log: "x" }];
  const { posts, ignored } = await node({ collection: (answer) => ({ ...answer, edges: odd.map((state) => ({ node: state })) }) }).documents.posts(null, BOB);
  assert.deepEqual([posts.length, ignored], [0, odd.length]);
});

test("a like that is another user's, or of no such id, is not shown as one's own", async () => {
  const forged = (answer, body) => (body.model === models.like ? { ...answer, edges: [{ node: { content: { post: post.stream, user: ALICE, liked: true }, log: commitsOf(like.stream).map(({ cid }) => ({ cid })) } }] } : answer);
  const { posts } = await node({ collection: forged }).documents.posts(null, ALICE);
  assert.ok(posts.every(({ liked }) => !liked));
});

test("a like that was taken back is none, whatever the index says", async () => {
  const behind = (answer) => (answer.streamId === like.stream ? { ...answer, commits: answer.commits.slice(0, 3) } : answer);
  const { posts } = await node({ commits: behind }).documents.posts(null, BOB);
  assert.ok(posts.every(({ liked }) => !liked));
  const none = (answer) => (answer.streamId === like.stream ? { ...answer, commits: answer.commits.slice(0, 1) } : answer);
  assert.ok((await node({ commits: none }).documents.posts(null, BOB)).posts.every(({ liked }) => !liked));
});

test("names come from checked profiles only", async () => {
  assert.deepEqual([...(await node().documents.names([ALICE, "no user"]))], [[ALICE, "Zoë 🦊"]]);
  const spoil = (answer) => ({ ...answer, commits: answer.commits.slice(0, 1) });
  assert.equal((await node({ commits: spoil }).documents.names([ALICE])).size, 0);
});

test("a node that is down, slow, answers 500, HTML, endless or wrong JSON is silent, and said to be", async () => {
  const endless = () => new Response(new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1_000_000).fill(32)) }));
  const answers = {
    "500": () => Response.json({ error: "no" }, { status: 500 }), "500 without JSON": () => new Response("no", { status: 500 }), HTML: () => new Response("<h1>hello</h1>"), endless, "a list": () => Response.json([1]),
    "no edges": () => Response.json({}), "404": () => Response.json({}, { status: 404 }), "too many": () => Response.json({ edges: Array.from({ length: 900 }, () => ({})) }), "wrong UTF-8": () => new Response(Uint8Array.of(0xff)),
    down: () => { throw new TypeError("fetch failed"); },
  };
  for (const [what, answer] of Object.entries(answers)) {
    await assert.rejects(node({ collection: answer }).documents.posts(null, null), (error) => error instanceof Failure && error.kind === "silent" && error.message.split(". ").length === 1, what);
  }
  for (const count of [-1, 1.5, "1", null, 2 ** 60]) await assert.rejects(node({ collection: (answer) => ("count" in answer ? { count } : answer) }).documents.posts(null, null), Failure, `${count}`);
});

test("a silent node is asked again, not remembered as a bad stream", async () => {
  let down = true;
  const { documents } = node({ commits: (answer) => (down ? new Response("", { status: 502 }) : answer) });
  await assert.rejects(documents.posts(null, null), Failure);
  down = false;
  assert.equal((await documents.posts(null, null)).posts.length, 2);
});

test("a commit is published if it is on the stream, whoever put it there", async () => {
  const signed = { stream: post.stream, genesis: post.genesis, commit: post.commit, cid: post.cid }, stale = () => Response.json({ error: "builds on stale state" }, { status: 500 });
  const well = node({ streams: () => ({ state: {} }), commits: (answer, body) => (body ? { state: { log: [{ cid: post.cid }] } } : answer) });
  assert.equal(await well.ceramic.publish(signed), true);
  assert.deepEqual(well.asked.map(({ path }) => path), ["streams", "commits"]);
  const twice = node({ streams: () => ({}), commits: (answer, body) => (body ? stale() : answer) });
  assert.equal(await twice.ceramic.publish(signed), true);
  const faster = node({ streams: () => ({}), commits: (answer, body) => (body ? stale() : { commits: commitsOf(like.stream) }) });
  assert.equal(await faster.ceramic.publish(signed), false);
  await assert.rejects(node({ streams: () => new Response("", { status: 503 }) }).ceramic.publish(signed), Failure);
});
