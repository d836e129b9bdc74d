import assert from "node:assert/strict";
import { test } from "node:test";
import { ago, countPoints, listed, nameFault, postFault, shown, tidyPost, tokenWords } from "../../site/text.js";

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
