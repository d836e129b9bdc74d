import assert from "node:assert/strict";
import { test } from "node:test";
import { ago, countPoints, listed, nameFault, postFault, scopeWords, isFrozen, shown, sourceWords, tidyPost, tokenWords, writerWords } from "../../site/text.js";

test("a post has 1 to 280 characters, counted as code points", () => {
  assert.equal(countPoints("🙂a\u0301"), 3);
  assert.equal(postFault("🙂".repeat(280)), null);
  assert.match(postFault("🙂".repeat(281)), /1 too long: a post has 280/);
  assert.match(postFault("x".repeat(100_000)), /99720 too long/);
  assert.match(postFault(""), /at least one character/);
});

test("lone surrogates and control characters are told before anything is asked", () => {
  for (const text of ["\ud83d", "a\udc00b", "\udc00\ud83d"]) assert.match(postFault(text), /half a character/);
  for (const text of ["a\u0000", "a\u007f", "a\u0085"]) assert.match(postFault(text), /cannot be seen/);
  assert.equal(postFault("👩‍👩‍👧 ﷽"), null);
});

test("a name has 1 to 40 characters", () => {
  assert.equal(nameFault("🦊".repeat(40)), null);
  assert.match(nameFault("🦊".repeat(41)), /1 too long/);
  assert.match(nameFault(""), /at least one/);
});

test("typed lines become one line, as a post has no line feed", () => {
  assert.equal(tidyPost("  one \n\n two\r\nthree "), "one two three");
  assert.equal(postFault(tidyPost(" \n ")), postFault(""));
});

test("a stranger's text cannot turn the letters around it", () => {
  assert.equal(shown("a\u202eb\u2066c"), "abc");
});

test("a name that looks like another one by what cannot be seen is shown as the other one", () => {
  const unseen = [0x200b, 0x200c, 0x200d, 0x200e, 0x200f, 0x061c, 0xfeff, 0xad, 0x2060, 0x3164, 0xfe0f, 0xe0041, 0x034f];
  for (const point of unseen) assert.equal(shown(`Al${String.fromCodePoint(point)}ice`), "Alice", point.toString(16));
  // Emoji of several parts, flags, and letters that part without a space stay what they are.
  for (const text of ["👩🏽‍🚀 ❤️‍🔥 👨‍👩‍👧", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "می‌خواهم", "क्‍ष", "1️⃣", "Zoë 🦊"]) assert.equal(shown(text), text);
});

test("ages and lists read as people write them", () => {
  const now = Date.parse("2026-11-30T12:00:00Z");
  assert.deepEqual([1_000, 90_000, 3 * 3_600_000].map((ms) => ago(now - ms, now)), ["now", "2 min", "3 h"]);
  assert.equal(ago(now - 86_400_000 * 2, now), "28 Nov 2026");
  assert.deepEqual([[], [1], [1, 2], [1, 2, 3]].map(listed), ["none", "1", "1 and 2", "1, 2 and 3"]);
});

test("whether the token is burnt is said with whose word it is", () => {
  const words = (burnt, burntBy, unburntBy) => tokenWords({ burnt, burntBy, unburntBy, nodes: 3, threshold: 2 });
  assert.equal(words(true, 2, 0), "burnt, 2 of 3 nodes say so: frozen for ever");
  assert.equal(words(false, 0, 3), "not burnt, 3 of 3 nodes say so: its owner can still change who may write");
  assert.equal(words(null, 1, 1), "not known now: burnt, 1 of 3 nodes says so; not burnt, 1 of 3 nodes says so; it takes 2 that agree");
  assert.equal(words(null, 0, 0), "not known now: it takes 2 that agree");
});

test("who may use the key is said with a sign, and only what is granted alone and for ever is frozen", () => {
  const program = (name, scopes = [1]) => ({ name, cid: "QmAbcdefghijklmnop", scopes, published: true });
  const about = { burnt: true, burntBy: 3, unburntBy: 0, grantsBy: 2, nodes: 3, threshold: 2, programs: [program("likePost"), program("createPost")], others: [] };
  const said = (change) => { const { sign, words } = writerWords({ ...about, ...change }); return [sign, words, isFrozen({ ...about, ...change })]; };
  assert.deepEqual(said({}), ["tick", "Only the 2 programs of this page may use the key, 2 of 3 nodes say so; nobody can change that any more.", true]);
  assert.deepEqual(said({ burnt: false }), ["wait", "Only the 2 programs of this page may use the key, 2 of 3 nodes say so; but the key’s owner may as well, and can change it.", false]);
  assert.deepEqual(said({ burnt: null }), ["wait", "Only the 2 programs of this page may use the key, 2 of 3 nodes say so; whether that can change is not known now.", false]);
  assert.deepEqual(said({ grantsBy: 0, programs: [program("likePost", null)] }), ["wait", "Who may use the key is not known now: it takes 2 nodes that agree.", false]);
  assert.deepEqual(said({ programs: [program("likePost"), program(null)] }), ["stop", "Somebody else may use the key as well, 2 of 3 nodes say so: program QmAbcd…mnop.", false]);
  assert.deepEqual(said({ others: ["address 0x00112233445566"] }), ["stop", "Somebody else may use the key as well, 2 of 3 nodes say so: address 0x0011…5566.", false]);
  assert.deepEqual(said({ programs: [program("likePost", null)] }), ["stop", "This page asks for what the key does not permit, 2 of 3 nodes say so: likePost.", false]);
  assert.deepEqual(sourceWords(about), { sign: "tick", words: "Their sources are published: each was read in this page, and has the hash that its grant names." });
  assert.match(sourceWords({ ...about, grantsBy: 0 }).words, /that this page names/);
  assert.equal(sourceWords({ ...about, programs: [program("likePost"), { ...program("createPost"), published: false }] }).sign, "wait");
  assert.deepEqual([[], [1], [2, 3, 9]].map(scopeWords), ["nothing", "sign anything", "sign texts, sign nothing after a value of one node and scope 9"]);
});
