// Network files, JSON and logins that must be refused, and what is read from those that are right.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { LocalError, VerificationError } from "../dist/esm/errors.js";
import { parseJson, rawMembers, writeJson } from "../dist/esm/json.js";
import { capability, termsOf } from "../dist/esm/login.js";
import { fetchNetwork, parseNetwork } from "../dist/esm/network.js";
import { verifyExecution, verifyReceipt } from "../dist/esm/verify.js";
import { addressOf, checksumAddress, keyLogin, walletLogin } from "../dist/esm/wallet.js";
import { logIn } from "../dist/esm/session.js";
import { networkText, replyOf, signed, statementOf } from "./help.mjs";

const NODES = ["http://127.0.0.1:1", "http://127.0.0.1:2/", "https://node.example/a/"];
const network = parseNetwork(networkText(NODES));
const refused = (act, code) => assert.throws(act, (error) => error instanceof LocalError && error.code === code);

test("a network file is read whole or not at all", () => {
  assert.deepEqual([1, 2, 3].map((node) => network.endpoint(node)), ["http://127.0.0.1:1", "http://127.0.0.1:2", "https://node.example/a"]);
  assert.deepEqual([network.size, network.threshold, network.statementKey(4)], [3, 2, null]);
  assert.equal(network.file.limits.total_ms, 29_000, "what the file does not name");
  refused(() => network.endpoint(0), "argument");
  const text = networkText(NODES);
  const change = (name, value) => networkText(NODES, { [name]: value });
  const file = JSON.parse(text);
  const bad = [
    "", "null", "[]", "{}", text.slice(1), `${text} {}`, text.replace('"name"', '"name":"a","name"'), "x".repeat(300_000),
    change("version", 1), change("threshold", 1), change("threshold", 4), change("threshold", "2"), change("nodes", []),
    change("nodes", [file.nodes[0], file.nodes[0], file.nodes[1]]), change("endpoints", file.endpoints.slice(1)),
    change("endpoints", [{ http: "ftp://x", quic: "" }, ...file.endpoints.slice(1)]), change("admission", "closed"),
    change("admission", { list: ["0x1"] }), change("admission", { logins: [`0x${"1".repeat(40)}`] }), change("admission", { list: [], logins: [] }), change("chain", { ...file.chain, id: 2 ** 53 }), change("limits", { fetch: 1 }),
    change("more", 1), change("wildcard_sessions", 1), change("allow_hosts", "a"), change("chain", { ...file.chain, genesis: `0X${"0A".repeat(32)}` }),
  ];
  for (const one of bad) refused(() => parseNetwork(one), "network_file");
  refused(() => parseNetwork(text, { id: "00".repeat(32) }), "network_other");
  assert.equal(parseNetwork(change("endpoints", file.endpoints.map(() => ({ http: "https://a.example", quic: "" })))).id, network.id);
  assert.notEqual(parseNetwork(change("name", "other")).id, network.id);
  const logins = parseNetwork(change("admission", { logins: [`0x${"11".repeat(32)}`] }));
  assert.deepEqual(logins.file.admission, { logins: [`0x${"11".repeat(32)}`] });
  assert.notEqual(logins.id, parseNetwork(change("admission", { list: [] })).id);
});

const vectors = JSON.parse(readFileSync(new URL("../../docs/vectors/http.json", import.meta.url), "utf8"));
const FOUNDED = vectors.networks.find(({ file }) => file.version === 5);

test("a file of version 5 is used if every operator has approved it, and every node has signed its endpoint", () => {
  const founded = parseNetwork(JSON.stringify(FOUNDED.file), { id: FOUNDED.id });
  assert.deepEqual([1, 2, 3, 4].map((node) => founded.operator(node)), [...FOUNDED.file.founding.operators, null]);
  assert.deepEqual([founded.named(1), founded.named(4), network.named(1)], ["node 1 (Example Ltd)", "node 4", "node 1"]);
  assert.equal(network.operator(1), null, "a file of version 4 names none");
  assert.deepEqual(founded.file.endpoints[0].private, null);
  assert.equal(founded.file.endpoints[1].word.number, 2);
  const second = "node 2 (Zoë & Partners (EU))";
  const says = (change, message) => {
    const file = structuredClone(FOUNDED.file);
    change(file);
    assert.throws(() => parseNetwork(JSON.stringify(file)), (error) => error instanceof LocalError && error.code === "network_file"
      && error.message.includes(message), message);
  };
  says((file) => file.approvals.pop(), "the approval of node 3 (node-3@example.org) is missing");
  says((file) => delete file.approvals, "the approval of node 1 (Example Ltd) is missing");
  says((file) => file.approvals.splice(1, 1), "not in the order of the nodes: node 3 (node-3@example.org) is at place 2");
  says((file) => file.approvals.push(file.approvals[0]), "not in the order of the nodes: node 1");
  says((file) => { file.name += "x"; }, "node 1 (Example Ltd) approved another proposal");
  says((file) => { file.approvals[1].word.signature = file.approvals[0].word.signature; }, `the approval of ${second} is not signed with its statement key`);
  says((file) => { file.approvals[1].vote = file.approvals[0].vote; }, `the approval of ${second} is not signed with its chain key for this founding`);
  says((file) => { file.approvals[1].vote = file.approvals[1].vote.replace(/1(b|c)$/, "0$1"); }, `the approval of ${second} is not signed with its chain key for this founding`);
  says((file) => { file.founding.values[0].value = "[]"; }, "approved another proposal");
  says((file) => { file.approvals[2].word.node = 4; }, "an approval names node 4");
  says((file) => file.founding.operators.pop(), "2 operators for 3 nodes");
  for (const name of ["", " a", "a ", "a\nb", "a/b", "<b>", "x".repeat(65), "é".repeat(33)]) says((file) => { file.founding.operators[1] = name; }, "");
  says((file) => { file.founding.values = []; }, "first values");
  says((file) => file.founding.contracts.shift(), "the contract NodeRegistry is not the one");
  says((file) => { file.contracts.directory.code_hash = file.contracts.pkp_nft.code_hash; }, "the contract Directory is not the one");
  const endpoint = "the endpoint of node 2 is not signed by that node";
  for (const change of [
    (of) => { of.http += "x"; }, (of) => { of.quic += "1"; }, (of) => { of.private.http += "x"; }, (of) => { of.word.number = 3; }, (of) => { of.word.number = 0; }, (of) => delete of.private,
    (of) => delete of.word, (of) => Object.assign(of, FOUNDED.file.endpoints[0]),
  ]) says((file) => change(file.endpoints[1]), endpoint);
  says((file) => delete file.founding, "the founding is missing");
  says((file) => { file.version = 4; }, "a file of version 4 has no founding and no approvals");
  says((file) => { file.version = 6; }, "version 6 of the format is not supported, only 4 and 5");
  says((file) => { file.founding.more = 1; }, "no member");
});

test("what a receipt proves has the operators beside their nodes", () => {
  const founded = parseNetwork(JSON.stringify(FOUNDED.file));
  const body = { request: Buffer.from(JSON.stringify({ login: `0x${"11".repeat(32)}`, action: vectors.cids[1].cid, params: {}, block: { number: 1, hash: `0x${"11".repeat(32)}` } })).toString("base64url") };
  const said = statementOf(founded, JSON.stringify(body));
  const { members, operators } = verifyReceipt(founded, { statements: [signed(3, said), signed(1, said)], odd: [] });
  assert.deepEqual([members, operators], [[1, 3], ["Example Ltd", "node-3@example.org"]]);
  const forged = () => verifyReceipt(founded, { statements: [signed(1, said), signed(2, said, 1)], odd: [] });
  assert.throws(forged, (error) => error instanceof VerificationError && error.message.includes("node 2 (Zoë & Partners (EU))"));
});

test("a network file is fetched in bounds", async () => {
  const text = networkText(NODES);
  const answer = (body, status = 200) => async () => new Response(body, { status });
  assert.equal((await fetchNetwork("./network.json", { fetch: answer(text), id: network.id })).id, network.id);
  const fails = (fetch, code, more = {}) =>
    assert.rejects(fetchNetwork("./network.json", { fetch, ...more }), (error) => error.code === code);
  await fails(answer("gone", 404), "fetch_failed");
  await fails(answer("<html>"), "network_file");
  await fails(answer("x".repeat(300_000)), "fetch_failed");
  await fails((_, { signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))), "fetch_failed", { deadlineMs: 50 });
});

test("JSON is read as nodes read it", () => {
  const text = ' {"a":[1,{"b":"}\\"{,:"},[]],"\\u0061b":null , "c" : {"d":{}} } ';
  assert.deepEqual(parseJson(text), { a: [1, { b: '}"{,:' }, []], ab: null, c: { d: {} } });
  assert.deepEqual([...rawMembers(text)], [["a", '[1,{"b":"}\\"{,:"},[]]'], ["ab", "null"], ["c", '{"d":{}}']]);
  assert.deepEqual([...rawMembers("{}")], []);
  assert.deepEqual([...rawMembers('{"params":{"name": "Zoë", "price": 1.50}}')], [["params", '{"name": "Zoë", "price": 1.50}']]);
  for (const bad of ['{"a":1,"a":2}', '[{"x":{"a":1,"\\u0061":2}}]', '{"a":{"b":[{"c":1,"c":1}]}}', "{} {}", "", "[1,]", '"\\ud800"',
    '{"\\udc00":1}', "[".repeat(65) + "]".repeat(65), '{"__proto__":1,"__proto__":2}']) {
    assert.throws(() => parseJson(bad), SyntaxError, bad);
  }
  assert.ok(parseJson("[".repeat(64) + "]".repeat(64)));
  for (const bad of ["[]", "null", '"a"']) assert.throws(() => rawMembers(bad), SyntaxError);
  for (const bad of [undefined, Number.NaN, Infinity, () => 1, Symbol("a"), 1n, [undefined], new Map(), { a: { b: undefined } }, [, 1]]) {
    assert.throws(() => writeJson(bad), TypeError);
  }
  assert.equal(writeJson({ a: [1, "x", null, { b: true }] }), '{"a":[1,"x",null,{"b":true}]}');
});

test("a receipt of any other form is refused with the client's own error", () => {
  for (const bad of [null, [], {}, "", "{", { statements: [] }, { statements: [null], odd: [] }, { statements: [{ node: "1" }], odd: [] }]) {
    assert.throws(() => verifyReceipt(network, bad), VerificationError);
  }
});

test("signatures have names of their own, also where the nodes say otherwise", () => {
  const two = parseNetwork(networkText(NODES));
  const request = { login: `0x${"11".repeat(32)}`, action: "QmbVmCwBnQRXHXb5RCdXbqvGgAX4C25kbNtQkW6ayFaqKd", params: {}, block: { number: 1, hash: `0x${"12".repeat(32)}` } };
  const text = JSON.stringify(request);
  const said = statementOf(two, JSON.stringify({ request: Buffer.from(text).toString("base64url") }));
  const intent = {
    operation: 0, action: request.action, key: `0x02${"11".repeat(32)}`, scheme: "EcdsaK256Sha256", kind: "digest",
    digest: `0x${"13".repeat(32)}`, name: "sig", recipient: "caller", guest: said.guest,
  };
  const verify = (intents) => {
    const body = { ...said, intents };
    verifyExecution(two, text, replyOf(body, [signed(1, body), signed(2, body)]));
  };
  const code = (intents) => {
    try {
      verify(intents);
    } catch (error) {
      return error.code;
    }
    return null;
  };
  assert.equal(code([]), null);
  assert.equal(code([intent]), "signature_withheld");
  assert.equal(code([intent, { ...intent, operation: 1 }]), "unknown_signature");
  assert.equal(code([{ ...intent, recipient: "action" }]), null);
});

test("capabilities and terms that nodes would refuse are refused here", () => {
  const action = "QmbVmCwBnQRXHXb5RCdXbqvGgAX4C25kbNtQkW6ayFaqKd";
  const key = `0x02${"11".repeat(32)}`;
  assert.equal(capability({ key, action }), `quorate:key/${key}/action/${action}`);
  assert.equal(capability({}), "quorate:key/*/action/*");
  assert.equal(capability({ key: "own", action }), `quorate:key/own/action/${action}`);
  for (const bad of [{ action: "Qm" }, { key: "0x04" }, { key: key.toUpperCase() }, { action: `${action}\n- quorate:key/*/action/*` }, { key: "*/action/*" }]) {
    refused(() => capability(bad), "login_terms");
  }
  const good = { domain: "localhost:80", capabilities: [capability({ action })] };
  const terms = (change) => termsOf(network, "11".repeat(32), { ...good, ...change }, 1, new Uint8Array(32));
  assert.equal(terms({}).expiresMs, 3_600_001);
  for (const change of [{ domain: "" }, { domain: "a b" }, { domain: "a\nb" }, { domain: "user@host" }, { statement: "" }, { statement: "a\nb" },
    { statement: "é" }, { lifeMs: 0 }, { lifeMs: 86_400_001 }, { lifeMs: 1.5 }, { capabilities: [] },
    { capabilities: Array(33).fill(0).map((_, n) => `x${n}`) }, { capabilities: [good.capabilities[0], good.capabilities[0]] }]) {
    refused(() => terms(change), "login_terms");
  }
});

test("an injected wallet: asked for its account and one signature, and believed if it has signed", async () => {
  const secret = new Uint8Array(32).fill(3);
  const address = addressOf(secret);
  const options = { domain: "localhost", capabilities: [capability({})] };
  const asked = [];
  const provider = (change = {}) => ({
    request: async ({ method, params }) => {
      asked.push(method);
      if (change[method] !== undefined) return change[method](params);
      if (method === "eth_requestAccounts") return [address.toLowerCase()];
      assert.equal(params[1], address.toLowerCase());
      const text = Buffer.from(params[0].slice(2), "hex").toString();
      return signatureOf(secret, text);
    },
  });
  const session = await logIn(network, walletLogin(provider()), options);
  assert.equal(session.address, address);
  assert.deepEqual(asked, ["eth_requestAccounts", "personal_sign"]);
  assert.match(session.login.message, /^localhost wants you to sign in with your Ethereum account:\n0x/);

  const upper = await logIn(network, walletLogin(provider({ personal_sign: ([text]) =>
    signatureOf(secret, Buffer.from(text.slice(2), "hex").toString()).toUpperCase().replace("0X", "0x") })), options);
  assert.equal(upper.address, address);
  const fails = (change, code, more) =>
    assert.rejects(logIn(network, walletLogin(provider(change), more), options), (error) => error instanceof LocalError && error.code === code);
  const declined = () => { throw Object.assign(new Error("User rejected"), { code: 4001 }); };
  await fails({ eth_requestAccounts: declined }, "wallet_refused");
  await fails({ personal_sign: declined }, "wallet_refused");
  await fails({ personal_sign: () => { throw new Error("broken"); } }, "wallet_failed");
  for (const bad of [[], null, "0x", [1], ["0x12"]]) await fails({ eth_requestAccounts: () => bad }, "wallet_failed");
  for (const bad of [null, "0x", `0x${"00".repeat(65)}`, `0x${"11".repeat(65)}`, `0x${"11".repeat(100)}`]) {
    await fails({ personal_sign: () => bad }, "wallet_failed");
  }
  const other = new Uint8Array(32).fill(4);
  await fails({ personal_sign: ([text]) => signatureOf(other, Buffer.from(text.slice(2), "hex").toString()) }, "wallet_failed");
  await fails({}, "wallet_failed", { address: addressOf(other) });

  const control = new AbortController();
  const reason = new Error("left");
  setTimeout(() => control.abort(reason), 20);
  const never = { personal_sign: () => new Promise(() => undefined) };
  await assert.rejects(logIn(network, walletLogin(provider(never)), { ...options, signal: control.signal }), reason);
  refused(() => keyLogin(new Uint8Array(32)), "argument");
  refused(() => checksumAddress("0x12"), "argument");
});

function signatureOf(secret, text) {
  const digest = keccak(Buffer.from(`\x19Ethereum Signed Message:\n${Buffer.byteLength(text)}${text}`));
  const [recovery, ...rs] = secp256k1.sign(digest, secret, { prehash: false, format: "recovered" });
  return `0x${Buffer.from([...rs, 27 + recovery]).toString("hex")}`;
}

const { keccak_256: keccak } = await import("@noble/hashes/sha3.js");
const { secp256k1 } = await import("@noble/curves/secp256k1.js");
