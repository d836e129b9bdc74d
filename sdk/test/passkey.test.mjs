// Passkeys, with an authenticator that the test has in software: how one is made, logs in, and is found again.
import assert from "node:assert/strict";
import { createHash, generateKeyPairSync, sign as signWith } from "node:crypto";
import { test } from "node:test";
import { fromBase64url, fromHex, toHex } from "../dist/esm/bytes.js";
import { readCbor, readCborMap } from "../dist/esm/cbor.js";
import { keysOf, readCoseKey, signedBy } from "../dist/esm/cose.js";
import { LocalError } from "../dist/esm/errors.js";
import { capability, loginChallenge, passkeyId, severalLogin } from "../dist/esm/login.js";
import { parseNetwork } from "../dist/esm/network.js";
import { createPasskey, passkeyKeys, passkeyLogin } from "../dist/esm/passkey.js";
import { logIn, onEnding, restoreSession } from "../dist/esm/session.js";
import { memoryStore } from "../dist/esm/store.js";
import { keyLogin } from "../dist/esm/wallet.js";
import { networkText } from "./help.mjs";

const network = parseNetwork(networkText(["http://127.0.0.1:1", "http://127.0.0.1:2"]));
const RP_ID = "app.example";
const HEAD = { number: 4_711, hash: `0x${"0b".repeat(32)}`, time_ms: Date.now() };
const client = { head: async () => HEAD };
const OPTIONS = { domain: `${RP_ID}:8443`, capabilities: [capability({})] };
const NEW = { rpId: RP_ID, rpName: "App", user: { name: "somebody" } };
const sha256 = (...parts) => createHash("sha256").update(Buffer.concat(parts)).digest();
const rejects = (promise, code) => assert.rejects(promise, (error) => error instanceof LocalError && error.code === code);
const part = (jwk, name) => Buffer.from(jwk[name], "base64url");
const bytes = (length) => (length < 256 ? Buffer.from([0x58, length]) : Buffer.from([0x59, length >> 8, length & 255]));

/** Keys of each kind, as an authenticator has them: the canonical COSE key, one in another order, and how it signs. */
const KINDS = {
  ES256: () => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const jwk = publicKey.export({ format: "jwk" }), [x, y] = [part(jwk, "x"), part(jwk, "y")];
    const cose = Buffer.concat([fromHex("a5010203262001215820"), x, fromHex("225820"), y]);
    const other = Buffer.concat([fromHex("a5225820"), y, fromHex("215820"), x, fromHex("200103260102")]);
    return { cose, other, sign: (message) => signWith("sha256", message, privateKey) };
  },
  EdDSA: () => {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    const x = part(publicKey.export({ format: "jwk" }), "x");
    const cose = Buffer.concat([fromHex("a4010103272006215820"), x]);
    return { cose, other: Buffer.concat([fromHex("a4215820"), x, fromHex("200603270101")]), sign: (message) => signWith(null, message, privateKey) };
  },
  RS256: () => {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
    const n = part(publicKey.export({ format: "jwk" }), "n");
    const cose = Buffer.concat([fromHex("a401030339010020"), bytes(n.length), n, fromHex("2143010001")]);
    const other = Buffer.concat([fromHex("a4214301000120"), bytes(n.length), n, fromHex("033901000103")]);
    return { cose, other, sign: (message) => signWith("sha256", message, privateKey) };
  },
};

/** `navigator.credentials` with one authenticator. `change` spoils what it says; `asked` has what it was asked. */
function authenticator(key, change = {}) {
  const id = Buffer.from("a credential"), asked = [];
  const say = (type, { challenge, rp, rpId }, more) => {
    const { flags = 5, relying = rp?.id ?? rpId, client = {} } = change;
    const text = JSON.stringify({ type, challenge: Buffer.from(challenge).toString("base64url"), origin: `https://${relying}`, crossOrigin: false, ...client });
    const data = Buffer.concat([sha256(Buffer.from(relying)), Buffer.from([more.length > 0 ? flags | 64 : flags, 0, 0, 0, 0]), more]);
    return { text: Buffer.from(text), data };
  };
  const give = (response) => ({ id: id.toString("base64url"), rawId: Uint8Array.from(change.id ?? id).buffer, type: "public-key", response });
  return {
    asked, id: id.toString("base64url"),
    create: async ({ publicKey }) => {
      asked.push(publicKey);
      const { text, data } = say("webauthn.create", publicKey, Buffer.concat([Buffer.alloc(16), Buffer.from([0, id.length]), id, key.other]));
      const object = Buffer.concat([fromHex("a363666d74646e6f6e656761747453746d74a0686175746844617461"), bytes(data.length), data]);
      return give({ clientDataJSON: Uint8Array.from(text).buffer, attestationObject: Uint8Array.from(change.object ?? object).buffer });
    },
    get: async (options) => {
      asked.push(options);
      if (change.get !== undefined) return change.get(options);
      const { text, data } = say("webauthn.get", options.publicKey, change.more ?? Buffer.alloc(0));
      const signature = (change.key?.() ?? key).sign(Buffer.concat([data, sha256(text)]));
      return give({ clientDataJSON: Uint8Array.from(text).buffer, authenticatorData: Uint8Array.from(data).buffer, signature: Uint8Array.from(signature).buffer });
    },
  };
}

for (const [kind, make] of Object.entries(KINDS)) {
  test(`a passkey of ${kind} is made, logs in, and is found by another visit`, async () => {
    const key = make(), credentials = authenticator(key), store = memoryStore(), keyStore = passkeyKeys(store);
    const made = await createPasskey({ ...NEW, credentials, keyStore, exclude: ["AAAA"] });
    assert.deepEqual([toHex(made.publicKey), made.credentialId, made.id], [key.cose.toString("hex"), credentials.id, passkeyId(RP_ID, key.cose)]);
    const [wish] = credentials.asked;
    assert.deepEqual(wish.pubKeyCredParams.map(({ alg }) => alg), [-7, -8, -257]);
    assert.deepEqual(wish.authenticatorSelection, { residentKey: "required", requireResidentKey: true, userVerification: "required" });
    assert.deepEqual([wish.attestation, wish.excludeCredentials.length, wish.rp.id], ["none", 1, RP_ID]);

    const session = await logIn(network, passkeyLogin(client, { credentials, keyStore, mediation: "conditional" }), { ...OPTIONS, store });
    assert.equal(credentials.asked.length, 2, "the key is known: one signature is enough");
    assert.deepEqual([session.user, session.id, session.address], [`passkey:${made.id}`, made.id, null]);
    const { mediation, publicKey: { challenge, userVerification } } = credentials.asked[1];
    const { login } = session, { session: of, expires_ms: expiresMs, capabilities, rz } = login.terms;
    assert.deepEqual([mediation, userVerification, login.rp_id, login.credential_id], ["conditional", "required", RP_ID, credentials.id]);
    assert.deepEqual(login.block, { number: HEAD.number, hash: HEAD.hash });
    assert.deepEqual(challenge, loginChallenge({ network, session: of, expiresMs, capabilities, rz: fromHex(rz) }, RP_ID, HEAD.hash));
    const [data, clientData, signature] = [login.authenticator_data, login.client_data, login.signature].map(fromBase64url);
    assert.ok(await signedBy(fromBase64url(login.public_key), Buffer.concat([data, sha256(clientData)]), signature));
    assert.equal((await restoreSession(network, { store })).user, session.user);
    await store.put("session", { ...await store.get("session"), login: { ...login, block: { ...login.block, hash: `0x${"0c".repeat(32)}` } } });
    assert.equal(await restoreSession(network, { store }), null, "the challenge is of another block");
  });
}

test("on a new device the key of P-256 is computed from two assertions, once", async () => {
  for (let n = 0; n < 8; n += 1) {
    const key = KINDS.ES256(), credentials = authenticator(key), keyStore = passkeyKeys(memoryStore());
    let again = 0;
    const method = passkeyLogin(client, { credentials, keyStore, again: () => { again += 1; } });
    const { login, user } = await logIn(network, method, OPTIONS);
    assert.equal(toHex(fromBase64url(login.public_key)), key.cose.toString("hex"));
    assert.equal(user, `passkey:${passkeyId(RP_ID, key.cose)}`);
    const [first, second] = credentials.asked.map(({ publicKey }) => publicKey);
    assert.deepEqual([again, credentials.asked.length], [1, 2]);
    assert.notDeepEqual(first.challenge, second.challenge);
    assert.equal(Buffer.from(second.allowCredentials[0].id).toString("base64url"), credentials.id);
    await logIn(network, method, OPTIONS);
    assert.deepEqual([again, credentials.asked.length], [1, 3]);
  }
});

test("one signature leaves two keys, and a wrong or silent store of keys is found out", async () => {
  const key = KINDS.ES256(), message = Buffer.from("message");
  const candidates = keysOf(message, key.sign(message)).map(toHex);
  assert.equal(candidates.length, 2);
  assert.ok(candidates.includes(key.cose.toString("hex")));
  assert.deepEqual(keysOf(message, new Uint8Array(64)), []);
  const put = async () => undefined;
  for (const get of [async () => KINDS.ES256().cose, async () => new Uint8Array(3), async () => { throw new Error("gone"); }]) {
    const { login } = await logIn(network, passkeyLogin(client, { credentials: authenticator(key), keyStore: { get, put } }), OPTIONS);
    assert.equal(toHex(fromBase64url(login.public_key)), key.cose.toString("hex"));
  }
  for (const kind of ["EdDSA", "RS256"]) {
    await rejects(logIn(network, passkeyLogin(client, { credentials: authenticator(KINDS[kind]()) }), OPTIONS), "passkey_key_unknown");
  }
  await rejects(logIn(network, passkeyLogin(client, { credentials: authenticator(key, { key: KINDS.ES256 }) }), OPTIONS), "passkey_failed");
});

test("an authenticator that says something else, or nothing, or no", async () => {
  const key = KINDS.ES256();
  const login = (change, more = {}) => logIn(network, passkeyLogin(client, { credentials: authenticator(key, change), ...more }), OPTIONS);
  for (const change of [{ flags: 1 }, { flags: 4 }, { relying: "other.example" }, { client: { type: "webauthn.create" } }, { client: { challenge: "AAAA" } },
    { client: { crossOrigin: true } }, { client: { topOrigin: "https://a.example" } }, { client: { pad: "x".repeat(3_000) } }, { flags: 69 },
    { get: async () => null }, { get: async () => ({}) }, { get: async () => ({ rawId: new ArrayBuffer(1), response: {} }) }, { id: Buffer.alloc(0) },
    { get: async () => { throw new DOMException("no", "SecurityError"); } }]) {
    await rejects(login(change), "passkey_failed");
  }
  await rejects(login({}, { credentialIds: ["AAAA"] }), "passkey_failed");
  await rejects(login({}, { credentialIds: ["=" ] }), "argument");
  await rejects(login({}, { rpId: "App.example" }), "argument");
  await rejects(login({}, { credentials: undefined }), "passkey_failed");
  await rejects(login({ get: async () => { throw new DOMException("no", "NotAllowedError"); } }), "passkey_refused");
  const never = { get: () => new Promise(() => undefined) };
  await rejects(login(never, { waitMs: 20 }), "passkey_refused");
  const control = new AbortController(), reason = new Error("left");
  setTimeout(() => control.abort(reason), 20);
  await assert.rejects(logIn(network, passkeyLogin(client, { credentials: authenticator(key, never) }), { ...OPTIONS, signal: control.signal }), reason);
  await rejects(logIn(network, passkeyLogin({ head: async () => ({ ...HEAD, time_ms: Date.now() - 60_000 }) }, { credentials: authenticator(key) }), { ...OPTIONS, lifeMs: 86_400_000 }), "login_terms");

  const make = (change, more = {}) => createPasskey({ ...NEW, credentials: authenticator(key, change), ...more });
  for (const change of [{ flags: 1 }, { relying: "other.example" }, { client: { challenge: "AAAA" } }, { id: Buffer.from("x") }, { object: Buffer.from([0xa0]) }, { object: Buffer.from([]) }]) {
    await rejects(make(change), "passkey_failed");
  }
  for (const more of [{ rpId: "127.0.0.1:80" }, { user: { name: "a", id: new Uint8Array(65) } }]) await rejects(make({}, more), "argument");
  const present = { create: async () => { throw new DOMException("there", "InvalidStateError"); } };
  await rejects(createPasskey({ ...NEW, credentials: present }), "passkey_refused");
});

test("a passkey and a wallet are one login of two methods", async () => {
  const key = KINDS.ES256(), credentials = authenticator(key), wallet = keyLogin(new Uint8Array(32).fill(3));
  const session = await logIn(network, severalLogin(passkeyLogin(client, { credentials }), wallet), OPTIONS);
  assert.deepEqual([session.login.logins.map(({ kind }) => kind), session.user], [["passkey", "wallet"], `several:${session.id}`]);
  assert.match(session.address, /^0x[0-9a-fA-F]{40}$/);
  for (const methods of [[], [wallet], Array(5).fill(wallet)]) assert.throws(() => severalLogin(...methods), { code: "argument" });
  await rejects(logIn(network, severalLogin(wallet, severalLogin(wallet, wallet)), OPTIONS), "argument");
});

test("CBOR and COSE are read strictly", () => {
  for (const bad of ["", "1817", "1900ff", "19", "1f", "9fff", "41", "a1", "a10001f7", "f7", "c000", "a200000000", "a1800000", "81818181818100", "61ff", "9b0000000000ffffff", "bb00000000ffffffff"]) {
    assert.throws(() => readCborMap(fromHex(bad)), { name: "FormError" }, bad);
  }
  assert.deepEqual(readCbor(fromHex("8300390100a1616183f4f5f6")).value, [0, -257, new Map([["a", [false, true, null]]])]);
  const { cose, other } = KINDS.ES256();
  assert.equal(toHex(readCoseKey(other).key), cose.toString("hex"));
  assert.deepEqual(readCoseKey(Buffer.concat([fromHex("00"), other, fromHex("a0")]), 1).end, other.length + 1);
  const spoilt = (place, value) => Object.assign(Buffer.from(cose), { [place]: value });
  for (const bad of [spoilt(2, 1), spoilt(4, 0x27), spoilt(6, 2), spoilt(12, cose[12] ^ 1), cose.subarray(1), fromHex("a0")]) {
    assert.throws(() => readCoseKey(bad), { name: "FormError" });
  }
});

test("an application hears of a session's end before it comes", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: 0 });
  const heard = [];
  const session = { expiresMs: 3_600_000 };
  onEnding(session, () => heard.push("minute"));
  onEnding(session, () => heard.push("hour"), { beforeMs: 3_600_000 });
  const stop = onEnding(session, () => heard.push("stopped"));
  const control = new AbortController();
  onEnding(session, () => heard.push("aborted"), { signal: control.signal });
  onEnding(session, () => heard.push("never"), { signal: AbortSignal.abort() });
  assert.deepEqual(heard, []);
  t.mock.timers.tick(1);
  assert.deepEqual(heard, ["hour"]);
  stop();
  control.abort();
  for (let n = 0; n < 118; n += 1) t.mock.timers.tick(30_000);
  assert.deepEqual(heard, ["hour", "minute"]);
});
