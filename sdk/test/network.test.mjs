// The client with a real development network, which this test starts and ends: QUORATE_BIN is the program.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  Client, ProblemError, capability, cidOf, keyLogin, logIn, memoryStore, parseNetwork, restoreSession, verifyExecution,
} from "../dist/quorate.js";
import { PROGRAM, patient, start } from "./dev.mjs";

const HELLO = "async function main({ name }) { return `hello, ${name}, from ${Lit.Auth.authSigAddress}`; }";
const SIGNS = `async function main({ publicKey }) {
  await Lit.Actions.signEcdsa({ publicKey, toSign: new Uint8Array(32).fill(7), sigName: "sig" });
}`;
const THROWS = "async function main() { console.log('so far'); throw new Error('no further'); }";

test("a real network", { skip: PROGRAM === undefined && "QUORATE_BIN names no program" }, async (t) => {
  const { folder, ready } = await start(t);
  const file = join(folder, "net", "network.json");
  const network = parseNetwork(readFileSync(file, "utf8"), ready.network === undefined ? {} : { id: ready.network });
  const client = new Client(network);
  const store = memoryStore();
  const secret = crypto.getRandomValues(new Uint8Array(32));
  const session = await logIn(network, keyLogin(secret), {
    domain: "localhost", capabilities: [HELLO, SIGNS, THROWS].map((code) => capability({ action: cidOf(code) })), store,
  });

  await t.test("the network file's id is the nodes' own", async () => {
    for (let node = 1; node <= network.size; node += 1) assert.equal((await client.nodeView(node)).network, network.id);
  });

  await t.test("an action runs, and its receipt proves what it said", async () => {
    const { request, execution } = await patient(async () => {
      const request = await client.prepare(session, { action: { code: HELLO }, params: { name: "Zoë" } });
      return { request, execution: await client.submit(request) };
    });
    assert.equal(execution.response, `hello, Zoë, from ${session.address}`);
    assert.ok(execution.members.length >= network.threshold);
    assert.equal((await client.submit(request)).response, execution.response, "sent again: the same execution");
    const { response, signatures, receipt, logs, usage, requestId } = execution;
    const reply = { request_id: requestId, status: "completed", response, signatures, logs, usage, receipt };
    assert.deepEqual(verifyExecution(network, request.bytes, reply).members, execution.members);
    assert.throws(() => verifyExecution(network, request.bytes, { ...reply, response: "other" }));
  });

  await t.test("stored code runs by its name, with a session that was kept", async () => {
    const stored = await client.putCode(session, HELLO);
    assert.equal(stored.nodes.length, network.size);
    assert.equal(await client.getCode(cidOf(HELLO)), HELLO);
    const again = await restoreSession(network, { store });
    const execution = await patient(() => client.execute(again, { action: { cid: cidOf(HELLO) }, params: { name: "you" } }));
    assert.match(execution.response, /^hello, you/);
  });

  await t.test("a key signs for the action that it is granted to", async () => {
    writeFileSync(join(folder, "signs.js"), SIGNS);
    const words = ["--json", "pkp", "mint", "--dir", join(folder, "net"), "--grant", `${join(folder, "signs.js")}=sign-anything`];
    const minted = JSON.parse(execFileSync(PROGRAM, words, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
    const view = await client.key(minted.public_key);
    assert.deepEqual([view.token_id, view.burnt], [minted.token_id, false]);
    const execution = await patient(() => client.execute(session, { action: { code: SIGNS }, params: { publicKey: view.public_key } }));
    assert.deepEqual(Object.keys(execution.signatures), ["sig"]);
    assert.equal(execution.signatures.sig.digest, `0x${"07".repeat(32)}`);
    assert.equal(execution.signatures.sig.public_key, view.public_key);
  });

  await t.test("an action that throws is a problem with its proof", async () => {
    await assert.rejects(patient(() => client.execute(session, { action: { code: THROWS } })), (error) => error instanceof ProblemError
      && error.code === "action_threw" && error.proven && error.execution.logs.includes("so far") && error.message.includes("no further"));
  });

  await t.test("a node that is gone is passed over", async () => {
    const gone = new Client(network, {
      fetch: (url, ...more) => fetch(String(url).startsWith(network.endpoint(1)) ? "http://127.0.0.1:1" : url, ...more),
    });
    const execution = await patient(() => gone.execute(session, { action: { code: HELLO }, params: { name: "all" } }));
    assert.equal(execution.node, 2);
  });

  await t.test("a key that was never minted is unknown", async () => {
    await assert.rejects(client.key(`0x${"11".repeat(32)}`), (error) => error.code === "pkp_unknown" && error.node === 2);
  });

  await t.test("a login for a domain that the network does not take is refused", async () => {
    const elsewhere = await logIn(network, keyLogin(secret), { domain: "elsewhere.example", capabilities: [capability({ action: cidOf(HELLO) })] });
    await assert.rejects(patient(() => client.execute(elsewhere, { action: { code: HELLO } })), (error) => error.code === "login_invalid");
  });
});
