import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import "../client-hook.mjs";
import { Failure } from "../../site/failure.js";
import { commitsOf, did, entryOf, models, publicKey } from "../golden.mjs";
import { answerOf, state } from "../client.mjs";

const { open } = await import("../../site/backend.js");
const post = entryOf("a post"), like = entryOf("a like"), ALICE = post.content.author;
const CIDS = Object.fromEntries(["createProfile", "createPost", "likePost", "unlikePost"].map((name, at) => [name, `Qm${"abcd"[at].repeat(44)}`]));
const config = {
  network: "/network.json", ceramic: "http://ceramic.example/api/v0", login_domain: "localhost:1", models, key: { public_key: "0x02", compressed: `0x${Buffer.from(publicKey).toString("hex")}`, token_id: "0x1", did },
  actions: Object.fromEntries(Object.entries(CIDS).map(([name, cid]) => [name, { cid }])),
};

/** The Ceramic node: which numbers of today it shows, what is on a stream, and whether it takes commits. */
let ceramic;
beforeEach(() => {
  Object.assign(state, { next: [], asked: [], kept: new Map(), session: { address: ALICE.slice(7), capabilities: Object.values(CIDS).map((cid) => `quorate:key/*/action/${cid}`), expired: false }, silent: [], sources: new Map() });
  ceramic = { today: [], published: [], down: new Set(), streams: new Map(), takes: true };
  globalThis.location = new URL("http://localhost:1/");
  globalThis.fetch = async (url, init = {}) => {
    const path = `${url}`.replace(config.ceramic, ""), body = init.body ? JSON.parse(init.body) : null;
    if (`${url}` === "/config.json") return Response.json(config);
    if (ceramic.down.has(path.split("/")[1])) throw new TypeError("fetch failed");
    if (path === "/collection") return Response.json({ edges: ceramic.today.map((number) => ({ node: { content: { slot: `${new Date().toISOString().slice(0, 10)}.${number}` } } })), pageInfo: {} });
    if (path === "/node/healthcheck") return new Response("Alive!");
    if (path === "/streams") return Response.json({ state: {} });
    if (path === "/commits") {
      if (!ceramic.takes) return Response.json({ error: "builds on stale state" }, { status: 500 });
      ceramic.published.push(body.streamId);
      ceramic.streams.set(body.streamId, commitsOf(body.streamId).slice(0, 2));
      return Response.json({ state: { log: commitsOf(body.streamId).map(({ cid }) => ({ cid })) } });
    }
    if (ceramic.down.has("read")) throw new TypeError("fetch failed");
    return Response.json({ commits: ceramic.streams.get(path.slice("/commits/".length)) ?? [] });
  };
});

async function signedIn() {
  const backend = open();
  assert.equal((await backend.resume()).user, ALICE);
  return backend;
}
const kind = (wanted) => (error) => error instanceof Failure && error.kind === wanted;

test("a post takes the lowest number of the day that is free, is published, and read back", async () => {
  const backend = await signedIn();
  ceramic.today = ["00", "01", "03", "04", "x"];
  state.next.push(answerOf("a post"));
  const made = await backend.createPost(post.content.text, "t", ALICE);
  assert.deepEqual([made.id, made.text], [post.stream, post.content.text]);
  assert.deepEqual(state.asked, [{ cid: CIDS.createPost, params: { publicKey: "0x02", text: post.content.text, number: 2 } }]);
});

test("a number that is taken is not tried twice", async () => {
  const backend = await signedIn(), taken = { ok: false, code: "slot_taken", reason: "This number is taken." };
  state.next.push(taken, taken, answerOf("a post"));
  for (let tries = 0; tries < 2; tries += 1) await assert.rejects(backend.createPost("x", "t", ALICE), kind("raced"));
  await backend.createPost("x", "t", ALICE);
  assert.deepEqual(state.asked.map(({ params }) => params.number), [0, 1, 2]);
});

test("what is signed and not published is published later, not signed again", async () => {
  const backend = await signedIn();
  state.next.push(answerOf("a post"));
  ceramic.down.add("streams");
  await assert.rejects(backend.createPost("x", "t", ALICE), kind("silent"));
  ceramic.down.clear();
  await backend.createPost("x", "t", ALICE);
  assert.deepEqual([state.asked.length, ceramic.published], [1, [post.stream]]);
});

test("what is published and not read back is read back later, not written again", async () => {
  const backend = await signedIn();
  state.next.push(answerOf("a post"));
  ceramic.down.add("read");
  await assert.rejects(backend.createPost("x", "t", ALICE), kind("silent"));
  ceramic.down.clear();
  assert.equal((await backend.createPost("x", "t", ALICE)).id, post.stream);
  assert.deepEqual([state.asked.length, ceramic.published.length], [1, 1]);
});

test("whoever was faster on a post's place has it: the next number is tried", async () => {
  const backend = await signedIn();
  ceramic.takes = false;
  ceramic.streams.set(post.stream, [commitsOf(post.stream)[0], { cid: like.cid, value: like.commit }]);
  state.next.push(answerOf("a post"), answerOf("a post"));
  await assert.rejects(backend.createPost("x", "t", ALICE), kind("raced"));
  ceramic.takes = true;
  await backend.createPost("x", "t", ALICE);
  assert.deepEqual(state.asked.map(({ params }) => [params.number, params.tip]), [[0, undefined], [1, undefined]]);
});

test("after a lost race on a like, the next try names the last commit", async () => {
  const backend = await signedIn();
  ceramic.takes = false;
  ceramic.streams.set(like.stream, [commitsOf(like.stream)[0], { cid: post.cid, value: { proof: {} } }]);
  state.next.push(answerOf("a like"), answerOf("a like"));
  await assert.rejects(backend.like(post.stream, ALICE), kind("raced"));
  ceramic.takes = true;
  await backend.like(post.stream, ALICE);
  assert.deepEqual(state.asked.map(({ params }) => params.tip), [undefined, post.cid]);
});

test("refusals come with the action's own reason; a name that is the same is saved", async () => {
  const backend = await signedIn();
  state.next.push({ ok: false, code: "already_liked", reason: "You like this post already." }, { ok: false, code: "name_unchanged", reason: "This is your name already." });
  await assert.rejects(backend.like(post.stream, ALICE), (error) => kind("refused")(error) && error.message === "You like this post already.");
  await backend.saveName("Alice", ALICE);
});

test("a commit of another key is not published, and an id that is none is not asked for", async () => {
  const backend = await signedIn(), forged = answerOf("a post");
  state.next.push({ ...forged, commit: { ...forged.commit, linkedBlock: like.commit.linkedBlock } }, { ...forged, stream: "../streams" });
  for (let tries = 0; tries < 2; tries += 1) await assert.rejects(backend.createPost("x", `${tries}`, ALICE), kind("refused"));
  for (const id of ["", "x", models.post, "k2t6/../x"]) await assert.rejects(backend.like(id, ALICE), kind("refused"));
  assert.deepEqual([ceramic.published, state.asked.length], [[], 2]);
});

test("what one person asked for is signed for nobody else, though it waits its turn while somebody else signs in", async () => {
  const backend = await signedIn();
  let go;
  state.next.push(new Promise((resolve) => (go = resolve)), answerOf("a post"), answerOf("a like"));
  const [first, second] = [backend.createPost("first", "1", ALICE), backend.createPost("second", "2", ALICE)];
  first.catch(() => undefined);
  const refused = assert.rejects(second, (error) => kind("refused")(error) && /Somebody else/.test(error.message));
  await new Promise((resolve) => setTimeout(resolve, 5));
  const { user } = await backend.signIn("guest");
  go({ ok: false, code: "day_full", reason: "No." });
  await refused;
  for (const asked of [() => backend.like(post.stream, ALICE), () => backend.unlike(post.stream, ALICE), () => backend.saveName("Alice", ALICE), () => backend.createPost("x", "3", ALICE)]) await assert.rejects(asked(), kind("refused"));
  assert.deepEqual(state.asked.map(({ params }) => params.text), ["first"]);
  assert.deepEqual(ceramic.published, []);
  assert.notEqual(user, ALICE);
});

test("a like that was signed for one person and not published is not the next one's", async () => {
  const backend = await signedIn();
  let go;
  state.next.push(new Promise((resolve) => (go = resolve)));
  const late = assert.rejects(backend.like(post.stream, ALICE), kind("silent"));
  await new Promise((resolve) => setTimeout(resolve, 5));
  await backend.signOut();
  const { user } = await backend.signIn("guest");
  ceramic.down.add("streams");
  go(answerOf("a like"));
  await late;
  ceramic.down.clear();
  state.next.push({ ok: false, code: "already_liked", reason: "No." });
  await assert.rejects(backend.like(post.stream, user), kind("refused"));
  assert.deepEqual([state.asked.length, ceramic.published], [2, []]);
});

test("what one person has not published, the next one does not publish", async () => {
  const backend = await signedIn();
  state.next.push(answerOf("a post"));
  ceramic.down.add("streams");
  await assert.rejects(backend.createPost("x", "t", ALICE), kind("silent"));
  await backend.signOut();
  ceramic.down.clear();
  await assert.rejects(backend.createPost("x", "t", ALICE), kind("ended"));
  const { user: guest } = await backend.signIn("guest");
  state.next.push({ ok: false, code: "day_full", reason: "No." });
  await assert.rejects(backend.createPost("x", "t", guest), kind("refused"));
  assert.deepEqual(ceramic.published, []);
});

test("a session that has ended asks for a login; a guest's is made anew", async () => {
  const backend = await signedIn();
  state.session.expired = true;
  await assert.rejects(backend.like(post.stream, ALICE), kind("ended"));
  const { guest, user } = await backend.signIn("guest");
  assert.deepEqual([guest, user], [true, `wallet:0x${"ee".repeat(20)}`]);
  state.session.expired = true;
  state.next.push(answerOf("a like"));
  await backend.like(post.stream, user);
  assert.equal((await open().resume()).guest, true);
});

test("whoever waits for a wallet may go on as a guest, and the wallet's late answer counts for nothing", async () => {
  const backend = await signedIn();
  let answer;
  backend.provider = () => ({ address: ALICE.slice(7), wait: new Promise((resolve) => (answer = resolve)) });
  const waiting = assert.rejects(backend.signIn("slow"));
  await new Promise((resolve) => setTimeout(resolve, 5));
  await backend.signIn("guest");
  answer();
  await waiting;
  assert.equal(state.session.address, `0x${"ee".repeat(20)}`);
});

test("a session for other actions is none", async () => {
  state.session.capabilities.pop();
  assert.equal(await open().resume(), null);
});

test("the proof of a post has the receipt only where it holds and is about this commit", async () => {
  const backend = await signedIn();
  state.next.push(answerOf("a post"));
  await backend.createPost("x", "t", ALICE);
  const digest = (await import("node:crypto")).createHash("sha256").update(`${post.commit.jws.signatures[0].protected}.${post.commit.jws.payload}`).digest("hex");
  const good = { request: "0a", members: [1, 2], statement: { request: "0a", action: CIDS.createPost, intents: [{ digest: `0x${digest}` }] } };
  const wrong = [{ ...good, forged: true }, { ...good, statement: { ...good.statement, action: CIDS.likePost } }, { ...good, statement: { ...good.statement, intents: [] } }, null, undefined];
  state.kept.set(`receipt:${post.cid}`, good);
  assert.deepEqual((await backend.proof(post.stream)).receipt, { request: "0a", members: [1, 2], action: CIDS.createPost });
  for (const receipt of wrong) {
    state.kept.set(`receipt:${post.cid}`, receipt);
    assert.equal((await backend.proof(post.stream)).receipt, null);
  }
  ceramic.streams.get(post.stream)[1].cid = like.cid;
  await assert.rejects(backend.proof(post.stream), (error) => kind("refused")(error) && /does not hold/.test(error.message));
});

test("a source whose hash is another one is not shown", async () => {
  const backend = await signedIn();
  state.sources.set("the source", CIDS.createPost);
  assert.equal(await backend.source(CIDS.createPost), "the source");
  await assert.rejects(backend.source(CIDS.likePost), kind("refused"));
});

test("a token is burnt, or not, by the word of so many nodes that an honest one is among them", async () => {
  const key = (burnt, of = publicKey) => ({ burnt, public_key: `0x${Buffer.from(of).toString("hex")}` }), backend = await signedIn();
  const other = key(true, new Uint8Array(33).fill(2));
  for (const [keys, silent, expected] of [
    [[key(true), key(true), key(true)], [], [true, 3, 0]], [[key(true), key(true), key(false)], [], [true, 2, 1]], [[key(true), key(false), key(false)], [], [false, 1, 2]],
    [[key(true), key(true), key(true)], [2, 3], [null, 1, 0]], [[key(true), key(false), key(true)], [3], [null, 1, 1]], [[key(true), other, other], [], [null, 1, 0]], [[], [1, 2, 3], [null, 0, 0]],
  ]) {
    Object.assign(state, { keys, silent });
    const { burnt, burntBy, unburntBy } = await backend.about();
    assert.deepEqual([burnt, burntBy, unburntBy], expected);
  }
});

test("who may use the key is what t nodes list alike: the page's programs, others, and whether each source is published", async () => {
  const backend = await signedIn(), granted = Object.values(CIDS).map((id) => ({ kind: "action", id, scopes: [1] })), strange = `Qm${"e".repeat(44)}`;
  const key = (grants) => ({ burnt: true, public_key: `0x${Buffer.from(publicKey).toString("hex")}`, grants });
  const about = async (...lists) => {
    state.keys = lists.map(key);
    const { grantsBy, programs, others } = await backend.about();
    return { grantsBy, others, programs: programs.map(({ name, cid, scopes, published }) => `${name} ${cid === CIDS[name]} ${scopes} ${published}`) };
  };
  const names = Object.keys(CIDS), plain = (scopes) => names.map((name) => `${name} true ${scopes} false`);
  // In another order it is the same list; one node that lies, or says nothing of grants, changes nothing.
  assert.deepEqual(await about(granted, [...granted].reverse(), null), { grantsBy: 2, others: [], programs: plain("1") });
  assert.deepEqual(await about(granted, [...granted, { kind: "address", id: "0x01", scopes: [1] }], granted), { grantsBy: 2, others: [], programs: plain("1") });
  assert.deepEqual(await about(granted, granted.slice(1), null), { grantsBy: 0, others: [], programs: plain("null") });
  assert.deepEqual(await about(granted, granted.map((one) => ({ ...one, scopes: [1, 4] })), null), { grantsBy: 0, others: [], programs: plain("null") });
  const wider = [...granted.slice(1), { kind: "action", id: strange, scopes: [2] }, { kind: "login", id: "7:0x05", scopes: [] }];
  state.sources.set("the source", CIDS.likePost);
  assert.deepEqual(await about(wider, wider, wider), {
    grantsBy: 3, others: ["login 7:0x05"],
    programs: ["createProfile true null false", "createPost true 1 false", "likePost true 1 true", "unlikePost true 1 false", "null false 2 false"],
  });
});

test("silent nodes are counted by number, and a page without its server says so and asks again", async () => {
  const backend = await signedIn();
  state.silent = [2];
  assert.deepEqual(await backend.health(), { silent: [2], ceramic: true });
  const real = globalThis.fetch;
  globalThis.fetch = async () => new Response("", { status: 502 });
  const other = open();
  await assert.rejects(other.posts({ before: null, user: null }), kind("silent"));
  globalThis.fetch = real;
  assert.equal((await other.resume()).user, ALICE);
});
