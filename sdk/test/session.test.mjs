// Sessions: where the key is, and what another visit finds again.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ed25519 } from "@noble/curves/ed25519.js";
import { fromHex } from "../dist/esm/bytes.js";
import { LocalError } from "../dist/esm/errors.js";
import { capability, severalId, walletId } from "../dist/esm/login.js";
import { parseNetwork } from "../dist/esm/network.js";
import { addLogin, forgetSession, logIn, restoreSession } from "../dist/esm/session.js";
import { memoryStore, openStore } from "../dist/esm/store.js";
import { addressOf, guestKey, keyLogin } from "../dist/esm/wallet.js";
import { networkText } from "./help.mjs";

const network = parseNetwork(networkText(["http://127.0.0.1:1", "http://127.0.0.1:2"]));
const other = parseNetwork(networkText(["http://127.0.0.1:1", "http://127.0.0.1:2"], { name: "other" }));
const SECRET = new Uint8Array(32).fill(3);
const OPTIONS = { domain: "localhost", capabilities: [capability({})] };

/** The little of IndexedDB that the store uses. Its values survive a database that is opened again. */
function fakeIndexedDB({ broken = false, refuses = false } = {}) {
  const databases = new Map();
  const later = (request, act, turn = Promise.resolve()) => {
    turn.then(() => {
      act();
      request.onsuccess?.();
    });
    return request;
  };
  // One transaction after another, as a browser does with those that write.
  const transaction = (database) => {
    const self = { oncomplete: null, error: null };
    let [open, end] = [0, undefined];
    const turn = database.turn;
    database.turn = new Promise((resolve) => { end = resolve; });
    const ask = (act) => {
      open += 1;
      const request = {};
      return later(request, () => {
        request.result = act();
        setTimeout(() => {
          open -= 1;
          if (open > 0) return;
          self.oncomplete?.();
          end();
        });
      }, turn);
    };
    const { values } = database;
    self.objectStore = () => ({
      get: (name) => ask(() => values.get(name)),
      put: (value, name) => {
        if (refuses) {
          end();
          throw new DOMException("no such clone", "DataCloneError");
        }
        return ask(() => values.set(name, value));
      },
      delete: (name) => ask(() => values.delete(name)),
    });
    return self;
  };
  return {
    open: (name) => {
      const request = {};
      if (broken) {
        queueMicrotask(() => request.onerror?.());
        return request;
      }
      const database = databases.get(name) ?? { values: new Map(), turn: Promise.resolve() };
      databases.set(name, database);
      request.result = { createObjectStore: () => undefined, close: () => undefined, transaction: () => transaction(database) };
      return later(request, () => request.onupgradeneeded?.());
    },
    values: (name) => databases.get(name).values,
  };
}

async function signsFor(session) {
  const bytes = Uint8Array.of(1, 2, 3);
  return ed25519.verify(await session.sign(bytes), bytes, fromHex(session.publicKey));
}

test("a session's key is WebCrypto's own, and another visit finds the session again", async () => {
  const indexedDB = fakeIndexedDB();
  const store = await openStore("app", { indexedDB });
  assert.equal(store.kind, "indexeddb");
  const session = await logIn(network, keyLogin(SECRET), { ...OPTIONS, store });
  assert.deepEqual([session.kept, session.extractable, session.expired], ["store", false, false]);
  assert.equal(session.address, addressOf(SECRET));
  assert.equal(session.user, `wallet:${addressOf(SECRET).toLowerCase()}`);
  assert.ok(await signsFor(session));
  const kept = indexedDB.values("app").get("session");
  assert.equal(kept.key.extractable, false);
  await assert.rejects(crypto.subtle.exportKey("pkcs8", kept.key));

  const again = await restoreSession(network, { store: await openStore("app", { indexedDB }) });
  assert.deepEqual([again.hash, again.publicKey, again.address, again.kept], [session.hash, session.publicKey, session.address, "store"]);
  assert.ok(await signsFor(again));
  assert.equal(await restoreSession(other, { store }), null, "of another network");
  assert.equal(await restoreSession(network, { store, name: "another" }), null);
  assert.equal(await restoreSession(network, { store, now: () => session.expiresMs - 59_000 }), null, "about to end");
  assert.notEqual(await restoreSession(network, { store, marginMs: 0, now: () => session.expiresMs - 1 }), null);
  await forgetSession({ store });
  assert.equal(await restoreSession(network, { store }), null);
});

test("what a store has is checked: another key, another text, or anything at all is no session", async () => {
  const store = memoryStore();
  await logIn(network, keyLogin(SECRET), { ...OPTIONS, store });
  const kept = await store.get("session");
  const { privateKey } = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
  for (const bad of [{ ...kept, key: privateKey }, { ...kept, key: "x" }, { ...kept, version: 2 }, { ...kept, publicKey: "00" },
    { ...kept, login: { ...kept.login, message: `${kept.login.message} ` } }, { ...kept, login: null }, null, "session", 7,
    { ...kept, capabilities: [1] }]) {
    await store.put("session", bad);
    assert.equal(await restoreSession(network, { store }), null);
  }
  await store.put("session", kept);
  assert.notEqual(await restoreSession(network, { store }), null);
});

test("without Ed25519 in WebCrypto the key is in memory, and in no lasting store", async (t) => {
  const indexedDB = fakeIndexedDB();
  const store = await openStore("app", { indexedDB });
  t.mock.method(crypto.subtle, "generateKey", async () => { throw new DOMException("unrecognized", "NotSupportedError"); });
  const session = await logIn(network, keyLogin(SECRET), { ...OPTIONS, store });
  assert.deepEqual([session.kept, session.extractable], ["memory", true]);
  assert.ok(await signsFor(session));
  assert.equal(indexedDB.values("app").size, 0);
  const memory = memoryStore();
  const second = await logIn(network, keyLogin(SECRET), { ...OPTIONS, store: memory });
  assert.equal((await restoreSession(network, { store: memory })).publicKey, second.publicKey);
});

test("a browser without a store, or one that does not open or keep, is no obstacle", async () => {
  assert.equal((await openStore("app")).kind, "memory");
  assert.equal((await openStore("app", { indexedDB: fakeIndexedDB({ broken: true }) })).kind, "memory");
  const failing = { ...memoryStore(), get: async () => { throw new LocalError("store_failed", "no answer"); } };
  assert.equal(await restoreSession(network, { store: failing }), null);
  const store = await openStore("app", { indexedDB: fakeIndexedDB({ refuses: true }) });
  const session = await logIn(network, keyLogin(SECRET), { ...OPTIONS, store });
  assert.equal(session.kept, "memory");
  assert.ok(await signsFor(session));
});

test("a guest's key is made once", async () => {
  const indexedDB = fakeIndexedDB();
  const [one, other] = await Promise.all([openStore("app", { indexedDB }).then(guestKey), openStore("app", { indexedDB }).then(guestKey)]);
  assert.deepEqual(one, other);
  assert.equal((await logIn(network, keyLogin(one), OPTIONS)).address, addressOf(other));
  const store = memoryStore();
  await store.put("guest", "not a key");
  await assert.rejects(guestKey(store), (error) => error instanceof LocalError && error.code === "store_failed");
});

test("a method that is added keeps the session's key, end and capabilities, and another visit finds both", async () => {
  const store = memoryStore();
  const now = () => 1_700_000_000_000;
  const first = await logIn(network, keyLogin(SECRET), { ...OPTIONS, store, now });
  const later = () => now() + 60_000;
  const other = new Uint8Array(32).fill(4);
  const both = await addLogin(network, first, keyLogin(other), { domain: "localhost", store, now: later });
  assert.deepEqual([both.publicKey, both.expiresMs, both.capabilities], [first.publicKey, first.expiresMs, first.capabilities]);
  assert.equal(both.id, severalId([SECRET, other].map((secret) => walletId(addressOf(secret)))));
  assert.notEqual(both.hash, first.hash);
  const message = new Uint8Array(8);
  assert.ok(ed25519.verify(await both.sign(message), message, fromHex(first.publicKey)));
  const found = await restoreSession(network, { store, now: later });
  assert.equal(found.hash, both.hash);
  const three = await addLogin(network, found, keyLogin(new Uint8Array(32).fill(5)), { domain: "localhost", now: later });
  assert.equal(three.login.logins.length, 3);
  await assert.rejects(addLogin(network, first, keyLogin(other), { domain: "localhost", now: () => first.expiresMs }), { code: "login_terms" });
  await assert.rejects(addLogin(network, { ...first }, keyLogin(other), { domain: "localhost", now }), { code: "argument" });
});
