import assert from "node:assert/strict";
import { test } from "node:test";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { fromBase32, fromBase64, sha256, toBase32, toBase64url, utf8 } from "../../site/bytes.js";
import { Link, encode } from "../../site/cbor.js";
import { FORMS, checkCommit, checkStream, didOf, documentId, isDocumentId, keyOf } from "../../site/commit.js";
import { postOf } from "../../site/documents.js";
import { commitsOf, did, entryOf, expected, golden, models, publicKey, verify } from "../golden.mjs";

const post = entryOf("a post"), like = entryOf("the like again"), name = entryOf("another name");
const copy = (value) => JSON.parse(JSON.stringify(value));

test("the golden streams hold, with the content that the actions named", async () => {
  for (const { stream, action, content } of [post, entryOf("280 code points beyond the basic plane"), like, name]) {
    const kind = { createPost: "post", createProfile: "profile", likePost: "like" }[action];
    const checked = await checkStream(stream, commitsOf(stream), expected[kind]);
    assert.deepEqual({ ...checked.content }, content);
    assert.equal(checked.controller, did);
  }
});

test("envelopes have the CIDs that the node gave them", async () => {
  for (const { commit, cid } of golden) assert.equal((await checkCommit(commit, did, { publicKey, verify })).cid, cid);
});

test("a checked post is a post, and a checked like is none", async () => {
  const checked = await checkStream(post.stream, commitsOf(post.stream), expected.post);
  assert.deepEqual(postOf(checked), { id: post.stream, author: post.content.author, text: post.content.text, createdAt: Date.parse(post.content.createdAt), likes: 0, liked: false });
  assert.equal(postOf(await checkStream(like.stream, commitsOf(like.stream), expected.like)), null);
});

test("content that the actions would not have signed is no post", async () => {
  const checked = await checkStream(post.stream, commitsOf(post.stream), expected.post);
  const wrong = { text: ["", "x".repeat(281), "a\nb", 7], author: ["me", "wallet:a|b"], slot: ["2026-01-30.00", "2026-01-31.50"], createdAt: ["yesterday", "2026-01-31T25:00:00.000Z"] };
  for (const [member, values] of Object.entries(wrong)) for (const value of values) assert.equal(postOf({ ...checked, content: { ...checked.content, [member]: value } }), null, `${member} ${value}`.slice(0, 40));
});

test("whatever a Ceramic node changes is refused", async () => {
  const flipped = (text) => (text.startsWith("A") ? "B" : "A") + text.slice(1);
  const faults = {
    "another block": (commits) => (commits[1].value.linkedBlock = entryOf("a like").commit.linkedBlock),
    "one byte of the block": (commits) => (commits[1].value.linkedBlock = `${commits[1].value.linkedBlock.slice(0, 60)}${flipped(commits[1].value.linkedBlock.slice(60))}`),
    "another signature": (commits) => (commits[1].value.jws.signatures[0].signature = entryOf("a like").commit.jws.signatures[0].signature),
    "no signature": (commits) => (commits[1].value.jws.signatures = []),
    "two signatures": (commits) => commits[1].value.jws.signatures.push(commits[1].value.jws.signatures[0]),
    "another link": (commits) => (commits[1].value.jws.link = like.commit.jws.link),
    "another CID of the commit": (commits) => (commits[1].cid = like.cid),
    "another first commit": (commits) => (commits[0].cid = like.prev),
    "a commit of another stream behind it": (commits) => commits.push({ cid: like.cid, value: like.commit }),
    "the same commit twice": (commits) => commits.push(commits[1]),
    "only the unsigned one": (commits) => commits.pop(),
    "an unsigned one in its place": (commits) => (commits[1].value = commits[0].value),
    "no commits": (commits) => commits.splice(0),
    "texts in place of objects": (commits) => (commits[1] = "commit"),
    "a header of no JSON": (commits) => (commits[1].value.jws.signatures[0].protected = "AAAA"),
  };
  for (const [what, change] of Object.entries(faults)) {
    const commits = copy(commitsOf(post.stream));
    change(commits);
    await assert.rejects(checkStream(post.stream, commits, expected.post), Error, what);
  }
  for (const nothing of [null, {}, "x", [], Array.from({ length: 2_000 }, () => ({}))]) await assert.rejects(checkStream(post.stream, nothing, expected.post));
});

test("another model or another key is another stream", async () => {
  await assert.rejects(checkStream(post.stream, commitsOf(post.stream), { ...expected.post, model: models.like }), /id is not of its content/);
  const other = secp256k1.getPublicKey(new Uint8Array(32).fill(9), true);
  await assert.rejects(checkStream(post.stream, commitsOf(post.stream), { ...expected.post, publicKey: other }));
  await assert.rejects(checkStream(like.stream, commitsOf(post.stream), expected.post), /the one that names the stream/);
});

test("commits in another order, or with one left out, do not follow each other", async () => {
  const [first, one, two, three] = commitsOf(like.stream);
  for (const commits of [[first, two, one, three], [first, one, three], [first, two, three]]) await assert.rejects(checkStream(like.stream, commits, expected.like));
  assert.equal((await checkStream(like.stream, [first, one, two], expected.like)).content.liked, false);
});

test("a signature with s in the upper half is refused, though it verifies", async () => {
  const commit = copy(post.commit), [entry] = commit.jws.signatures, raw = fromBase64(entry.signature);
  const order = secp256k1.Point.CURVE().n, s = order - BigInt(`0x${Buffer.from(raw.slice(32)).toString("hex")}`);
  entry.signature = toBase64url(Uint8Array.of(...raw.slice(0, 32), ...Buffer.from(s.toString(16).padStart(64, "0"), "hex")));
  await assert.rejects(checkCommit(commit, did, { publicKey, verify }), /not of this key/);
});

test("a well-made commit of another key under the right DID is refused", async () => {
  const secret = new Uint8Array(32).fill(7), mine = secp256k1.getPublicKey(secret, true);
  const commit = await made(secret, did, { data: [], id: 1, prev: 1 });
  await assert.rejects(checkCommit(commit, did, { publicKey, verify }), /not of this key/);
  const own = await made(secret, didOf(mine), { data: [], id: 1, prev: 1 });
  await assert.rejects(checkCommit(own, did, { publicKey, verify }), /another key or another method/);
  await checkCommit(own, didOf(mine), { publicKey: mine, verify });
});

const SECRET = new Uint8Array(32).fill(7), KEY = secp256k1.getPublicKey(SECRET, true), USER = "wallet:0x1";

/** A stream whose every commit, one for each patch, is well made and signed by its key: what it holds. */
async function holds(kind, unique, patches) {
  const own = { publicKey: KEY, model: models[kind], ...FORMS[kind], verify }, id = await documentId(own, unique);
  const genesis = encode({ data: null, header: { controllers: [didOf(KEY)], model: streamBytes(models[kind]), sep: "model", unique: utf8(unique.join("|")) } });
  const bytes = Uint8Array.of(1, 0x71, 0x12, 32, ...(await sha256(genesis))), link = new Link(bytes), commits = [{ cid: `b${toBase32(bytes)}`, value: {} }];
  let prev = link;
  for (const data of patches) {
    const value = await made(SECRET, didOf(KEY), { data, id: link, prev }), { cid } = await checkCommit(value, didOf(KEY), own);
    commits.push({ cid, value });
    prev = new Link(fromBase32(cid.slice(1)));
  }
  return (await checkStream(id, commits, own)).content;
}
const add = (content) => Object.entries(content).map(([name, value]) => ({ op: "add", path: `/${name}`, value }));
const replace = (name, value) => [{ op: "replace", path: `/${name}`, value }];

test("changes beyond whole members are refused", async () => {
  assert.equal((await holds("profile", [USER], [add({ user: USER, name: "A" })])).name, "A");
  for (const change of [{ op: "remove", path: "/user" }, { op: "add", path: "/__proto__", value: 1 }, { op: "add", path: "/a/b", value: 1 }, { op: "copy", path: "/name", value: 1 }, { op: "add", path: "name", value: "A" }, { op: "add", path: "/name", value: "A", from: "/user" }, 7]) {
    await assert.rejects(holds("profile", [USER], [[{ op: "add", path: "/user", value: USER }, change]]), /change|map/);
  }
  await assert.rejects(holds("profile", [USER], [{ user: USER }]), /changes more or less/);
});

test("a post has one signed commit, though the key has signed another one behind it", async () => {
  const slot = "2026-01-31.00", text = "as it was", post = add({ author: USER, slot, text, createdAt: "2026-01-31T12:00:00.000Z" });
  assert.equal((await holds("post", [USER, slot], [post])).text, text);
  // What a store got signed that hid the first from the nodes, and what no action signs.
  for (const second of [add({ author: USER, slot, text: "another", createdAt: "2026-01-31T13:00:00.000Z" }), post, replace("text", "another"), []]) {
    await assert.rejects(holds("post", [USER, slot], [post, second]), /never changes/);
  }
});

test("the first commit sets every member, and later ones the one that may change", async () => {
  const first = add({ user: USER, name: "A" });
  assert.equal((await holds("profile", [USER], [first, replace("name", "B"), replace("name", "C")])).name, "C");
  for (const patches of [
    [add({ user: USER })], [[...first, ...add({ more: 1 })]], [[...first, ...add({ name: "B" })]], [[first[0], first[0]]], [[first[0], ...replace("name", "A")]], [[]],
    [first, first], [first, replace("user", USER)], [first, [...replace("name", "B"), ...replace("user", USER)]], [first, add({ name: "B" })], [first, []],
  ]) await assert.rejects(holds("profile", [USER], patches), /change/, JSON.stringify(patches));
  const like = add({ post: post.stream, user: USER, liked: true });
  assert.equal((await holds("like", [post.stream, USER], [like, replace("liked", false)])).liked, false);
  await assert.rejects(holds("like", [post.stream, USER], [like, replace("post", post.stream)]), /change/);
});

test("ids of another kind are none", () => {
  assert.ok(isDocumentId(post.stream));
  for (const id of [models.post, "", "k", "k2t6", `${post.stream}0`, post.stream.toUpperCase(), "bafyrei", null, 7, "k".repeat(5_000), `../${post.stream}`]) assert.equal(isDocumentId(id), false, `${id}`.slice(0, 20));
  for (const bad of ["did:key:z6MkucjRitQWpw9od5aP4BPjek879RdR9a7fdYs2HmBfTCMb", "did:pkh:1", ""]) assert.throws(() => keyOf(bad));
});

function streamBytes(id) {
  let number = 0n;
  for (const digit of id.slice(1)) number = number * 36n + BigInt("0123456789abcdefghijklmnopqrstuvwxyz".indexOf(digit));
  return Uint8Array.from(Buffer.from(number.toString(16), "hex"));
}

async function made(secret, controller, payload) {
  const block = encode(payload), cid = Uint8Array.of(1, 0x71, 0x12, 32, ...(await sha256(block)));
  const head = toBase64url(utf8(JSON.stringify({ alg: "ES256K", kid: `${controller}#${controller.slice(8)}` }))), signed = toBase64url(cid);
  const signature = secp256k1.sign(await sha256(utf8(`${head}.${signed}`)), secret, { prehash: false, lowS: true });
  return { jws: { payload: signed, signatures: [{ protected: head, signature: toBase64url(signature) }], link: `b${toBase32(cid)}` }, linkedBlock: Buffer.from(block).toString("base64") };
}
