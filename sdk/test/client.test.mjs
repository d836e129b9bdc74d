// A client in front of nodes that are gone, slow, busy, lying or no nodes at all.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Client } from "../dist/esm/client.js";
import { LocalError, ProblemError, UnreachableError, VerificationError } from "../dist/esm/errors.js";
import { cidOf } from "../dist/esm/hash.js";
import { capability } from "../dist/esm/login.js";
import { logIn } from "../dist/esm/session.js";
import { keyLogin } from "../dist/esm/wallet.js";
import { fakeNetwork, heldBy, honest, idOf, problemOf, replyOf, revocationId, signed, statementOf, viewOf } from "./help.mjs";

const CODE = "async function main() { return 'done'; }";
const CALL = { action: { code: CODE }, params: { text: "hello" } };
const PACE = { hedgeMs: 200, deadlineMs: 10_000, readDeadlineMs: 5_000 };

const sessionFor = (network, capabilities = [capability({ action: cidOf(CODE) })], more = {}) =>
  logIn(network, keyLogin(new Uint8Array(32).fill(7)), { domain: "localhost", capabilities, ...more });

async function run(t, manners, { client: pace, ...options } = {}) {
  const net = await fakeNetwork(t, manners, options);
  const client = new Client(net.network, { ...PACE, ...pace });
  const session = await sessionFor(net.network);
  return { ...net, client, session, execute: (more) => client.execute(session, CALL, more) };
}

const refusing = (code, change) => (body) => [400, problemOf(code, change?.(body))];
const busy = () => [503, problemOf("overloaded", { status: 503 })];
const silent = () => new Promise(() => undefined);

/** Nodes that say of themselves, and have heard of others, that they have a revocation. */
const holding = (...nodes) => (body, { network }) =>
  [200, { held: nodes.map((node) => heldBy(network, node, revocationId(network, body))), of: 3, done: nodes.length > 1 }];
/** The same in the names of others, by its own key. */
const forging = (...nodes) => (body, { network, node: own }) =>
  [200, { held: nodes.map((node) => heldBy(network, node, revocationId(network, body), own)), of: 3, done: true }];

test("an honest node's answer is given with who proves it", async (t) => {
  const { execute, seen } = await run(t, [honest, honest, honest]);
  const execution = await execute();
  assert.equal(execution.response, "done");
  assert.deepEqual([execution.node, execution.members, execution.operators], [1, [1, 2], [null, null]]);
  assert.equal(execution.statement.action, cidOf(CODE));
  assert.equal(Object.getPrototypeOf(execution.signatures), null);
  assert.equal(seen[1].length + seen[2].length, 0);
});

const FAULTS = {
  "a node that is gone": null,
  "a node that is slow": silent,
  "a node that is busy": busy,
  "HTML": () => [200, "<!doctype html><p>Welcome</p>"],
  "HTML with the status of an error": () => [502, "<html>Bad gateway</html>"],
  "an answer without end": (_, { response }) => {
    response.writeHead(200);
    const more = () => { while (!response.destroyed && response.write("x".repeat(1 << 16))); };
    response.on("drain", more);
    response.on("error", () => undefined);
    more();
  },
  "an answer that drips": (_, { response }) => {
    response.writeHead(200);
    const timer = setInterval(() => response.write(" "), 20);
    response.on("close", () => clearInterval(timer));
  },
  "an answer that breaks off": (_, { response }) => {
    response.writeHead(200, { "content-length": 1000 });
    response.write("{");
    response.destroy();
  },
  "a redirect": (_, { response }) => {
    response.writeHead(302, { location: "http://127.0.0.1:1/" });
    response.end();
  },
  "bytes that are no UTF-8": (_, { response }) => {
    response.writeHead(200);
    response.end(Buffer.from([0x22, 0xff, 0x22]));
  },
  "deep JSON": () => [200, "[".repeat(100_000) + "]".repeat(100_000)],
  "megabytes of members": () => [200, `{${Array.from({ length: 60_000 }, (_, n) => `"m${n}":[]`).join()}}`],
  "one long text": () => [200, `"${"\\\\n".repeat(500_000)}"`],
  "a code that is not on the list": () => [400, problemOf("made_up")],
  "JSON of another kind": () => [200, "[]"],
  "too few statements": (body, { network }) => {
    const said = statementOf(network, body);
    return [200, replyOf(said, [signed(1, said)])];
  },
  "one node's statement twice": (body, { network }) => {
    const said = statementOf(network, body);
    return [200, replyOf(said, [signed(1, said), signed(1, said)])];
  },
  "a statement that another node has signed": (body, { network }) => {
    const said = statementOf(network, body);
    return [200, replyOf(said, [signed(1, said), signed(2, said, 1)])];
  },
  "statements of strangers": (body, { network }) => {
    const said = statementOf(network, body);
    return [200, replyOf(said, [signed(1, said), signed(9, said)])];
  },
  "statements about another request": (body, { network }) => {
    const said = { ...statementOf(network, body), request: "11".repeat(32) };
    return [200, replyOf(said, [signed(1, said), signed(2, said)])];
  },
  "another response than was signed": (body, { network }) => {
    const said = statementOf(network, body);
    return [200, replyOf(said, [signed(1, said), signed(2, said)], { response: "undone" })];
  },
  "a response beside the true one": (body, { network }) => {
    const text = JSON.stringify(honest(body, { network })[1]);
    return [200, text.replace('"response":"done"', '"response":"undone","response":"done"')];
  },
  "a member that no reply has": (body, context) => [200, { ...honest(body, context)[1], balance: 1 }],
  "a completed run inside a problem": (body, context) => [422, problemOf("action_threw", { execution: honest(body, context)[1] })],
  "a refusal of another request": refusing("session_scope", () => ({ request_id: "22".repeat(32) })),
};

for (const [name, fault] of Object.entries(FAULTS)) {
  test(`${name}: the next node answers the same request`, async (t) => {
    const { execute, seen, network } = await run(t, [fault, honest, honest], { client: { first: 1 } });
    const execution = await execute();
    assert.equal(execution.response, "done");
    // On a busy machine the third may be asked as well.
    const [asked] = seen[execution.node - 1];
    assert.notEqual(execution.node, 1);
    if (fault === null) return;
    assert.equal(seen[0].length, 1);
    assert.equal(seen[0][0], asked, "the same bytes");
    assert.equal(idOf(network, asked), execution.requestId);
  });

  test(`${name}, of every node: an error in time, and no result`, async (t) => {
    const { execute } = await run(t, [fault ?? silent, fault ?? silent, fault ?? silent], { client: { deadlineMs: 1_200 } });
    const begun = performance.now();
    await assert.rejects(execute(), (error) =>
      error instanceof UnreachableError || error instanceof VerificationError || error.code === "overloaded");
    assert.ok(performance.now() - begun < 12_000);
  });
}

test("one node's refusal is not believed, a second node's is", async (t) => {
  const alone = await run(t, [refusing("not_admitted"), honest, honest]);
  assert.equal((await alone.execute()).node, 2);
  const both = await run(t, [refusing("not_admitted"), refusing("not_admitted"), honest]);
  await assert.rejects(both.execute(), (error) => error instanceof ProblemError && error.code === "not_admitted"
    && !error.proven && !error.retryable && error.node === 2 && error.message === "it is not_admitted");
  assert.equal(both.seen[2].length, 0);
});

test("a refusal that may pass is not final, whatever the document says of itself", async (t) => {
  const lying = await run(t, [busy, () => [503, problemOf("overloaded", { retryable: false })], honest]);
  assert.equal((await lying.execute()).node, 3);
  const all = await run(t, [busy, busy, busy]);
  await assert.rejects(all.execute(), (error) => error.code === "overloaded" && error.retryable);
});

test("a run that failed is a problem with its proof, also where the node says 200", async (t) => {
  const failed = (body, { network }) => {
    const said = { ...statementOf(network, body), status: "failed", error: "action_threw", response: null };
    return replyOf(said, [signed(1, said), signed(2, said)], { response: null, logs: "a log" });
  };
  const manners = [(body, at) => [422, problemOf("action_threw", { execution: failed(body, at) })], (body, at) => [200, failed(body, at)]];
  for (const manner of manners) {
    const { execute, seen } = await run(t, [manner, honest, honest]);
    await assert.rejects(execute(), (error) => error instanceof ProblemError && error.code === "action_threw" && error.proven
      && error.execution.logs === "a log" && error.execution.members.length === 2);
    assert.equal(seen[1].length, 0, "a proven end is an end");
  }
  const vague = (body, at) => [200, { ...failed(body, at), error: undefined }];
  assert.equal((await (await run(t, [vague, honest, honest])).execute()).node, 2);
  // The code beside the proof is another: it is the node that lies.
  const other = await run(t, [(body, at) => [422, problemOf("limit_cpu", { execution: failed(body, at) })], honest, honest]);
  assert.equal((await other.execute()).node, 2);
});

test("a slow node gets company, and the first good answer counts", async (t) => {
  const { execute, seen } = await run(t, [silent, honest, honest]);
  const begun = performance.now();
  assert.equal((await execute()).node, 2);
  assert.ok(performance.now() - begun >= 190);
  assert.deepEqual(seen.map((all) => all.length), [1, 1, 0]);
});

test("an abort ends the call with its reason, before and while nodes are asked", async (t) => {
  const { execute, client, session } = await run(t, [silent, silent, silent]);
  const reason = new Error("the person has left");
  await assert.rejects(execute({ signal: AbortSignal.abort(reason) }), reason);
  const control = new AbortController();
  setTimeout(() => control.abort(reason), 100);
  await assert.rejects(execute({ signal: control.signal }), reason);
  const request = await client.prepare(session, CALL);
  const late = new AbortController();
  setTimeout(() => late.abort(reason), 50);
  await assert.rejects(client.submit(request, { signal: late.signal }), reason);
});

test("the same prepared request twice is one request", async (t) => {
  const { client, session, seen } = await run(t, [honest, honest, honest]);
  const request = await client.prepare(session, CALL);
  const [one, other] = [await client.submit(request), await client.submit(request)];
  assert.equal(one.requestId, other.requestId);
  assert.equal(seen[0][0], seen[0][1]);
  assert.notEqual((await client.prepare(session, CALL)).id, request.id);
});

test("a liar alone names no head, and no node of another network is asked for one", async (t) => {
  const wrong = { number: 5, hash: `0x${"66".repeat(32)}`, time_ms: 1 };
  const lying = await run(t, [honest, honest, honest], { view: (network, node) => viewOf(network, node, node === 1 ? wrong : undefined) });
  assert.equal((await lying.client.head()).hash, `0x${"05".repeat(32)}`);
  const alien = await run(t, [honest, honest, honest], { view: (network, node) => ({ ...viewOf(network, node), network: "33".repeat(32) }) });
  await assert.rejects(alien.execute(), (error) => error instanceof VerificationError && error.code === "wrong_network");
  await assert.rejects(alien.client.nodeView(1), (error) => error.code === "wrong_network" && error.node === 1);
  const swapped = await run(t, [honest, honest, honest], { view: (network) => viewOf(network, 2) });
  await assert.rejects(swapped.client.nodeView(1), (error) => error.code === "other_node");
  const young = await run(t, [honest, honest, honest], { view: (network, node) => viewOf(network, node, null) });
  await assert.rejects(young.execute(), (error) => error instanceof UnreachableError && error.tried.length === 3);
});

test("what nodes would refuse is refused before one is asked", async (t) => {
  const { client, session, network, seen } = await run(t, [honest, honest, honest]);
  const refused = async (call, code, by = session) =>
    assert.rejects(client.execute(by, { ...CALL, ...call }), (error) => error instanceof ProblemError && error.code === code && error.node === null);
  await refused({ action: { code: "another action" } }, "session_scope");
  await refused({ action: { cid: "QmNo" } }, "malformed_request");
  await refused({ action: { code: "\ud800" } }, "code_not_text");
  await refused({ action: { code: "x".repeat((4 << 20) + 1) } }, "code_too_large");
  await refused({ params: [] }, "params_invalid");
  await refused({ params: { a: Number.NaN } }, "params_invalid");
  await refused({ params: { a: undefined } }, "params_invalid");
  await refused({ params: { a: new Date(0) } }, "params_invalid");
  await refused({ params: { a: "\udc00" } }, "params_invalid");
  await refused({ params: undefined, paramsJson: '{"a":1,"a":2}' }, "params_invalid");
  await refused({ params: undefined, paramsJson: "[1]" }, "params_invalid");
  await refused({ params: { a: "x".repeat(256 << 10) } }, "malformed_request");
  await refused({ limits: { fetch: 1 } }, "malformed_request");
  await refused({ limits: { fetches: -1 } }, "malformed_request");
  const ended = await sessionFor(network, undefined, { now: () => Date.now() - 7_200_000 });
  assert.equal(ended.expired, false, "by the clock that it was given");
  await refused({}, "session_expired", ended);
  const other = await fakeNetwork(t, [honest, honest]);
  await refused({}, "wrong_network", await sessionFor(other.network));
  assert.equal(seen.flat().length, 0);
  assert.throws(() => new Client(network, { first: 4 }), (error) => error instanceof LocalError && error.code === "argument");
});

test("an action's source is checked against its name", async (t) => {
  const { client } = await run(t, [() => [200, "evil()"], () => [200, CODE], () => [200, CODE]]);
  assert.equal(await client.getCode(cidOf(CODE)), CODE);
  const lying = await run(t, [() => [200, "evil()"], () => [200, "evil()"], () => [400, problemOf("code_missing")]]);
  await assert.rejects(lying.client.getCode(cidOf(CODE)), (error) => error.code === "other_code");
});

test("each node's answer about stored code is told", async (t) => {
  const stored = () => [200, { action: cidOf(CODE), bytes: CODE.length, new: true }];
  const { client, session } = await run(t, [stored, () => [503, problemOf("code_store_full")], () => [200, "no"]]);
  const by = await client.putCode(session, CODE);
  assert.deepEqual(by.nodes.map(({ node }) => node), [1]);
  assert.deepEqual(by.refused.map(({ code, node }) => [code, node]), [["code_store_full", 2]]);
  assert.deepEqual(by.silent.map(({ node }) => node), [3]);
  assert.equal(by.enough, false);
});

test("a key's token, public key and address belong together", async (t) => {
  const view = {
    token_id: "0xb50a02dc86b26b37ddebbd5c8eac5e9eb4d4ef5e4c9d9ab0ec6ebc0c4bd0a6cf",
    public_key: "0x0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
    address: "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf", key_id: `0x${"01".repeat(32)}`, owner: null, burnt: true, block: 4,
    grants: [{ kind: "action", id: cidOf(CODE), scopes: [1] }, { kind: "login", id: "7:0x00", scopes: [] }],
  };
  const { keccak_256: keccak } = await import("@noble/hashes/sha3.js");
  const { secp256k1 } = await import("@noble/curves/secp256k1.js");
  const point = secp256k1.Point.BASE.toBytes(false);
  view.token_id = `0x${Buffer.from(keccak(point)).toString("hex")}`;
  const unknown = () => [400, problemOf("pkp_unknown")];
  const { client } = await run(t, [() => [200, { ...view, address: `0x${"00".repeat(20)}` }], () => [200, view], unknown]);
  for (const id of [view.token_id, view.public_key, `0x${Buffer.from(point).toString("hex")}`]) {
    assert.equal((await client.key(id)).burnt, true);
  }
  await assert.rejects(client.key("0x12"), (error) => error.code === "argument");
  // One node is asked alone, and no other in its place.
  assert.equal((await client.keyView(2, view.token_id)).burnt, true);
  assert.deepEqual((await client.keyView(2, view.token_id)).grants, view.grants);
  const without = async (grants) => (await run(t, [() => [200, { ...view, grants }]].concat([unknown, unknown]))).client.keyView(1, view.token_id);
  assert.equal((await without(undefined)).grants, null, "an earlier release, or more than a node lists");
  for (const wrong of [{}, [{ kind: "owner", id: "x", scopes: [] }], [{ kind: "action", id: "x", scopes: [256] }], Array(65).fill(view.grants[0])]) {
    await assert.rejects(without(wrong), (error) => error instanceof VerificationError || error instanceof UnreachableError);
  }
  await assert.rejects(client.keyView(1, view.token_id), (error) => error.code === "other_key");
  await assert.rejects(client.keyView(3, view.token_id), (error) => error.code === "pkp_unknown" && error.node === 3);
  await assert.rejects(client.keyView(4, view.token_id), LocalError);
});

test("signing out is done when the nodes without it are too few to sign", async (t) => {
  const { client, session, seen } = await run(t, [holding(1), silent, holding(3)]);
  assert.deepEqual(await client.signOut(session, { scope: "session" }), { nodes: 2, of: 3, done: true });
  assert.equal(seen[0][0], seen[2][0], "the same bytes for all");
  assert.equal(JSON.parse(Buffer.from(JSON.parse(seen[0][0]).request, "base64url").toString()).ends, "session");
});

test("one node that has heard of others is enough, and its own word for them is not", async (t) => {
  const told = await run(t, [holding(1, 3), null, null]);
  assert.deepEqual(await told.client.signOut(told.session, { scope: "everywhere" }), { nodes: 2, of: 3, done: true });
  const claims = await run(t, [forging(1, 3), null, null]);
  assert.deepEqual(await claims.client.signOut(claims.session, { scope: "everywhere" }), { nodes: 1, of: 3, done: false });
});

test("signing out that no node has is an error, and tells most of what nodes said", async (t) => {
  const refused = await run(t, [refusing("session_revoked"), null, busy]);
  const named = { name: "ProblemError", code: "session_revoked" };
  await assert.rejects(refused.client.signOut(refused.session, { scope: "session" }), { ...named, confirmed: false });
  const alike = await run(t, [refusing("session_revoked"), null, refusing("session_revoked")]);
  await assert.rejects(alike.client.signOut(alike.session, { scope: "session" }), { ...named, confirmed: true });
  const lies = await run(t, [forging(2), null, null]);
  await assert.rejects(lies.client.signOut(lies.session, { scope: "session" }), { name: "VerificationError", code: "not_held" });
  const gone = await run(t, [null, null, null]);
  await assert.rejects(gone.client.signOut(gone.session, { scope: "session" }), UnreachableError);
  const stop = new AbortController();
  const slow = await run(t, [silent, silent, silent]);
  setTimeout(() => stop.abort(new Error("enough")), 50);
  await assert.rejects(slow.client.signOut(slow.session, { scope: "session", signal: stop.signal }), /enough/);
});
