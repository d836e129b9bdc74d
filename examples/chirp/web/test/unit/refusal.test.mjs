import assert from "node:assert/strict";
import { test } from "node:test";
import { checkedConfig } from "../../site/config.js";
import { Failure } from "../../site/failure.js";
import { answered, inWords } from "../../site/refusal.js";
import { OLDER, findWallets, introduced } from "../../site/wallets.js";
import { did, models, publicKey } from "../golden.mjs";

const kindOf = (act) => {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof Failure);
    return [error.kind, error.message];
  }
};
const refusal = (code, reason) => () => answered(JSON.stringify({ ok: false, code, reason }));

test("an action's own reason is what people read", () => {
  assert.deepEqual(kindOf(refusal("already_liked", "You like this post already.")), ["refused", "You like this post already."]);
  assert.deepEqual(kindOf(refusal("stale_tip", "somebody was faster")), ["raced", "Somebody was faster."]);
  assert.deepEqual(kindOf(refusal("store_unavailable", "The store does not answer.")), ["silent", "The store does not answer. This page asks again by itself."]);
  assert.equal(kindOf(refusal("day_full", `x${"\n".repeat(9)}${"y".repeat(9_000)}`))[1].length, 201);
});

test("an answer that is none is refused", () => {
  for (const response of [null, "", "7", "[]", "{", '{"ok":1}', '{"ok":false}', '{"ok":false,"code":1,"reason":"x"}']) assert.equal(kindOf(() => answered(response))[0], "refused");
  assert.equal(answered('{"ok":true,"stream":"k"}').stream, "k");
});

test("every error of the client is one sentence with what happens next", () => {
  const error = (name, code, retryable = false) => Object.assign(new Error("detail"), { name, code, retryable });
  const kinds = {
    raced: [error("ProblemError", "intents_diverged"), error("ProblemError", "outcomes_diverged")], ended: [error("ProblemError", "session_expired")],
    silent: [error("ProblemError", "no_quorum", true), error("ProblemError", "overloaded", true), error("ProblemError", "not_ready", true), error("UnreachableError", "unreachable"), error("VerificationError", "form"), error("LocalError", "fetch_failed")],
    refused: [error("ProblemError", "not_granted"), error("ProblemError", "action_threw"), error("LocalError", "network_file"), new TypeError("x"), "text", undefined],
    declined: [error("LocalError", "wallet_refused"), error("LocalError", "wallet_failed")],
  };
  for (const [kind, errors] of Object.entries(kinds)) for (const one of errors) {
    const failure = inWords(one);
    assert.equal(failure.kind, kind, `${one?.code}`);
    assert.match(failure.message, /^[A-Z].*\.$/);
  }
});

test("wallets introduce themselves, and what is no wallet is passed over", async () => {
  const target = new EventTarget(), seen = [], provider = { request: async () => [] };
  const { provider: of } = findWallets(target, (wallets) => seen.push(wallets.map(({ name }) => name)));
  const announce = (detail) => target.dispatchEvent(Object.assign(new Event("eip6963:announceProvider"), { detail }));
  announce({ info: { uuid: "1", name: "One", icon: "data:image/png;base64,AA" }, provider });
  announce({ info: { uuid: "1", name: "One again" }, provider });
  for (const wrong of [undefined, {}, { info: { uuid: 1, name: "x" }, provider }, { info: { uuid: "2", name: " " }, provider }, { info: { uuid: "3", name: "no provider" } }]) announce(wrong);
  assert.deepEqual(seen, [["One"]]);
  assert.equal(of("1"), provider);
  assert.equal(introduced({ uuid: "4", name: "x", icon: "https://tracker.example/x.png" }).icon, null);
  assert.equal(introduced({ uuid: "4", name: "x", icon: "data:text/html,hi" }).icon, null);
  assert.equal(introduced({ uuid: "4", name: "x".repeat(99) }).name.length, 40);
});

test("an older wallet stands there alone, if no other has announced itself", async () => {
  const target = Object.assign(new EventTarget(), { ethereum: { request: async () => [] } }), seen = [];
  const { provider } = findWallets(target, (wallets) => seen.push(wallets));
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.deepEqual([seen.length, seen[0][0].id, provider(OLDER)], [1, OLDER, target.ethereum]);
});

test("a configuration is taken whole or not at all", () => {
  const cid = `Qm${"a".repeat(44)}`, action = { cid, source: "/actions/x.js" };
  const good = {
    network: "/network.json", ceramic: "http://127.0.0.1:1/api/v0/", login_domain: "localhost:1", models, key: { public_key: "0x04", compressed: `0x${Buffer.from(publicKey).toString("hex")}`, token_id: "0x1", did },
    actions: { createProfile: action, createPost: action, likePost: action, unlikePost: action },
  };
  const config = checkedConfig(good);
  assert.deepEqual([config.ceramic, config.publicKey, config.actions.likePost.cid], ["http://127.0.0.1:1/api/v0", publicKey, cid]);
  const wrong = [{ network: "" }, { key: { ...good.key, did: `${did}x` } }, { key: null }, { models: { ...models, post: did } }, { actions: {} }, { actions: { ...good.actions, likePost: { cid: "bafy" } } }, { login_domain: 7 }];
  for (const change of wrong) assert.throws(() => checkedConfig({ ...good, ...change }), Error, JSON.stringify(change));
  for (const nothing of [null, [], "x"]) assert.throws(() => checkedConfig(nothing));
});
