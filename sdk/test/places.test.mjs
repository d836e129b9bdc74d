// Nodes that have moved, words that lead nowhere, and private addresses.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Client } from "../dist/esm/client.js";
import { inPage, mayFollow, rangeOf } from "../dist/esm/endpoint.js";
import { UnreachableError } from "../dist/esm/errors.js";
import { cidOf } from "../dist/esm/hash.js";
import { capability } from "../dist/esm/login.js";
import { parseNetwork } from "../dist/esm/network.js";
import { Places } from "../dist/esm/places.js";
import { readNodeView } from "../dist/esm/reply.js";
import { logIn } from "../dist/esm/session.js";
import { keyLogin } from "../dist/esm/wallet.js";
import { fakeNetwork, honest, networkText, toldOf, viewOf, wordOf } from "./help.mjs";

const NOWHERE = "http://127.0.0.1:1";

/** Nodes of which some tell where node 1 is, and a client whose file has it at another place. */
async function withOldFile(t, tells, old = (addresses) => ({ http: NOWHERE, quic: "127.0.0.1:1" })) {
  const view = (network, node, addresses) => ({ ...viewOf(network, node), nodes: tells(node, addresses).map((said) => toldOf(1, said)) });
  const net = await fakeNetwork(t, [honest, honest, honest], { view });
  const file = { ...net.network.file, endpoints: net.addresses.map((http) => ({ http, quic: "127.0.0.1:1" })) };
  file.endpoints[0] = old(net.addresses);
  const network = parseNetwork(JSON.stringify(file), { id: net.network.id });
  return { ...net, network, client: new Client(network, { readDeadlineMs: 5_000 }) };
}

test("a node that has moved is found by what another says", async (t) => {
  const { client, viewed } = await withOldFile(t, (node, [place]) => (node === 3 ? [wordOf(1, { http: `${place}/` })] : []));
  assert.equal((await client.nodeView(1)).node, 1);
  const asked = viewed[1] + viewed[2];
  assert.equal((await client.nodeView(1)).node, 1);
  assert.equal(viewed[1] + viewed[2], asked, "what is known needs no asking");
});

test("a node whose place another node has now is found", async (t) => {
  const { client } = await withOldFile(t, (node, [place]) => (node === 2 ? [wordOf(1, { http: place }, 5)] : []), ([, other]) => wordOf(1, { http: other }, 4));
  assert.equal((await client.nodeView(1)).node, 1);
});

test("a node that is silent at its old place is found while it is waited for", async (t) => {
  const { createServer } = await import("node:net");
  const mute = createServer(() => undefined);
  await new Promise((resolve) => mute.listen(0, "127.0.0.1", resolve));
  t.after(() => mute.close());
  const old = () => ({ http: `http://127.0.0.1:${mute.address().port}`, quic: "" });
  const { client } = await withOldFile(t, (node, [place]) => [wordOf(1, { http: place })], old);
  assert.equal((await client.nodeView(1)).node, 1);
});

test("what any view tells is known before a node is missed, and an execution reaches the node", async (t) => {
  const { client, network, seen } = await withOldFile(t, (node, [place]) => (node === 1 ? [] : [wordOf(1, { http: place })]));
  const code = "async function main() { return 'done'; }";
  const session = await logIn(network, keyLogin(new Uint8Array(32).fill(7)), { domain: "localhost", capabilities: [capability({ action: cidOf(code) })] });
  assert.equal((await client.execute(session, { action: { code } })).node, 1);
  assert.equal(seen[0].length, 1);
});

test("words of others and older words lead nowhere, and nodes are asked once a minute", async (t) => {
  let more = [];
  const tells = (node, [place]) => [
    { ...wordOf(1, { http: place }, 9), word: undefined }, wordOf(1, { http: place }, 9, 2), wordOf(1, { http: place }, 2), wordOf(1, { http: place }, 0),
    wordOf(1, { http: "no address" }, 9), wordOf(1, { http: place, quic: "no address" }, 9), { ...wordOf(1, { http: place }, 9), more: 1 }, null, 7, ...more.map((of) => of(place)),
  ];
  const { client, viewed } = await withOldFile(t, tells, () => wordOf(1, { http: NOWHERE }, 2));
  for (let time = 0; time < 3; time += 1) await assert.rejects(client.nodeView(1), UnreachableError);
  assert.deepEqual(viewed, [0, 1, 1]);
  more = [(place) => wordOf(1, { http: place }, 3)];
  await client.nodeView(2);
  assert.equal((await client.nodeView(1)).node, 1);
});

test("a private address is asked only when the public one does not answer", async (t) => {
  const hidden = (http) => ({ http, quic: "127.0.0.1:1" });
  const gone = await withOldFile(t, () => [], ([place]) => wordOf(1, { http: NOWHERE, hidden: hidden(place) }));
  assert.equal((await gone.client.nodeView(1)).node, 1);
  const there = await withOldFile(t, () => [], ([place, other]) => wordOf(1, { http: place, hidden: hidden(other) }));
  assert.equal((await there.client.nodeView(1)).node, 1);
  assert.deepEqual(there.viewed, [1, 0, 0]);
});

const RANGES = {
  machine: [
    "http://127.0.0.1:1", "http://127.1", "http://2130706433", "http://0x7f000001", "http://[::1]", "http://[::]", "http://localhost", "http://LOCALHOST.", "http://a.localhost",
    "http://169.254.169.254", "http://[::ffff:127.0.0.1]", "http://[64:ff9b::7f00:1]", "http://0.0.0.0", "http://[fe80::1]", "http://255.255.255.255", "http://[ff02::1]",
  ],
  network: [
    "http://10.0.0.1", "http://172.16.0.1", "http://172.31.0.1", "http://192.168.1.1", "http://100.64.0.1", "http://printer", "http://db.internal", "http://nas.local.",
    "http://router.home.arpa", "http://[fd00::1]", "http://[::ffff:10.0.0.1]", "http://[::a00:1]",
  ],
  everywhere: ["https://node.example", "http://192.0.2.1:7470", "https://[2001:db8::1]/base", "http://172.32.0.1", "http://100.128.0.1", "http://notlocalhost.example"],
};

test("how far an address reaches", () => {
  for (const [range, addresses] of Object.entries(RANGES)) {
    for (const address of addresses) assert.equal(rangeOf(address), range, address);
  }
  for (const none of ["", "no", "http://", "http://1.2.3.4.5"]) assert.equal(rangeOf(none), null, none);
});

test("a word leads to no machine or network that the file does not name", () => {
  const [page, program] = [true, false].map((inPage) => (home, address, isPrivate = false) => mayFollow(home, address, { isPrivate, inPage }));
  for (const [range, addresses] of Object.entries(RANGES)) {
    for (const address of addresses) {
      for (const may of [page, program]) assert.equal(may("http://a.example", address), range === "everywhere", address);
      assert.equal(page("http://a.example", address, true), range === "everywhere", address);
      assert.equal(program("http://a.example", address, true), range !== "machine", address);
    }
  }
  for (const may of [page, program]) {
    assert.ok(may("http://127.0.0.1:1", "http://127.0.0.1:2"), "a development network");
    assert.ok(may("http://10.0.0.1", "http://10.0.0.2", true));
    assert.equal(may("http://10.0.0.1", "http://127.0.0.1", true), false);
    assert.equal(may("http://127.0.0.1", "http://10.0.0.1"), false);
    assert.equal(may("https://a.example", "http://b.example"), false, "to what others read");
    assert.ok(may("https://a.example", "https://b.example"));
  }
  assert.equal(inPage(), false);
});

test("a page stays with the file's address where a word leads to the page's own machine or network", () => {
  const file = ["https://1.example", "https://2.example", "https://3.example"];
  const network = parseNetwork(networkText(file));
  const nodes = [["https://127.0.0.1:1", "https://10.0.0.1"], ["https://moved.example", "https://10.0.0.2"], ["http://3.example", "https://b.example"]]
    .map(([http, hidden], place) => toldOf(place + 1, wordOf(place + 1, { http, hidden: { http: hidden, quic: "a:1" } }, 2)));
  const at = (page) => {
    const places = new Places(network, page);
    places.learn(readNodeView({ ...viewOf(network, 1), nodes }));
    return [1, 2, 3].map((node) => places.of(node));
  };
  assert.deepEqual(at(true), [["https://1.example"], ["https://moved.example"], ["https://3.example", "https://b.example"]]);
  assert.deepEqual(at(false), [
    ["https://1.example", "https://10.0.0.1"], ["https://moved.example", "https://10.0.0.2"], ["https://3.example", "https://b.example"],
  ]);
});
