import assert from "node:assert/strict";
import { test } from "node:test";
import { fromBase32, fromBase36, fromBase58, fromBase64, fromHex, toBase32, toBase36, toBase58, toBase64url, toHex } from "../../site/bytes.js";
import { BLOCK_MAX, Link, decode, diagnosed, encode } from "../../site/cbor.js";
import { golden } from "../golden.mjs";

test("the golden blocks are read, and written again they are the same bytes", () => {
  for (const { commit, prev } of golden) {
    const block = fromBase64(commit.linkedBlock), payload = decode(block);
    assert.deepEqual(encode(payload), block);
    assert.ok(payload.prev instanceof Link);
    assert.equal(`${payload.prev}`, prev);
  }
});

test("values of every kind go there and back", () => {
  const value = { a: [1, -1, 23, 24, 255, 256, 65_536, 2 ** 40, -(2 ** 40), 1.5], bb: "zoë 🦊", c: null, d: true, e: false, f: Uint8Array.of(1, 2), g: {} };
  const read = decode(encode(value));
  assert.deepEqual(JSON.parse(JSON.stringify(read)), JSON.parse(JSON.stringify(value)));
  assert.equal(toHex(encode({ bb: 1, a: 2, aa: 3 })), "a361610262616103626262" + "01");
});

test("what is not canonical, or no DAG-CBOR, is refused", () => {
  const wrong = {
    "a longer length than needed": "1801", "keys out of order": "a2616201616102", "a key twice": "a2616101616101", "no text as key": "a10102",
    "endless list": "9f01ff", "undefined": "f7", "half float": "f93c00", "not a number": "fb7ff8000000000000", "another tag": "c101", "a link without its zero": "d82a4101",
    "bytes behind": "0101", "cut off": "6261", "wrong UTF-8": "61ff", "a length that lies": "9b00000000ffffffff", "a number beyond the safe ones": "1b0020000000000000", "nothing": "",
  };
  for (const [name, hex] of Object.entries(wrong)) assert.throws(() => decode(fromHex(hex)), Error, name);
});

test("depth, parts and size are bounded", () => {
  assert.throws(() => decode(fromHex(`${"81".repeat(40)}01`)), /too deep/);
  assert.throws(() => decode(encode(Array.from({ length: 5_000 }, () => 1))), /too many/);
  assert.throws(() => decode(new Uint8Array(BLOCK_MAX + 1)), /too large/);
});

test("a key that is a name of every object is a key like any other", () => {
  const read = decode(encode(JSON.parse('{"__proto__": {"x": 1}, "constructor": 2}')));
  assert.equal(Object.getPrototypeOf(read), null);
  assert.deepEqual(Object.keys(read), ["__proto__", "constructor"]);
});

test("people read bytes as digits and links as CIDs", () => {
  assert.equal(diagnosed({ a: Uint8Array.of(255), b: [] }), '{\n  "a": h\'ff\',\n  "b": []\n}');
});

test("texts of bytes go there and back, and wrong ones are refused", () => {
  const bytes = fromHex("0000ff80017f");
  for (const [to, from] of [[toBase58, fromBase58], [toBase36, fromBase36], [toBase32, fromBase32], [toBase64url, fromBase64]]) assert.deepEqual(from(to(bytes)), bytes);
  assert.equal(toBase58(fromHex("00010966776006953d5567439e5e39f86a0d273beed61967f6")), "16UwLL9Risc3QfPqBUvKofHmBQ7wMtjvM");
  for (const [from, text] of [[fromBase58, "0"], [fromBase36, "A"], [fromBase32, "aa1"], [fromBase32, "b"], [fromBase64, "A"], [fromBase64, "AB"], [fromBase64, "<>"], [fromBase58, "1".repeat(500)]]) assert.throws(() => from(text), Error, text.slice(0, 10));
});
