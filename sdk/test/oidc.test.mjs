// Logins by OpenID Connect, with an issuer that the test starts: what the page asks, and which answers it believes.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { test } from "node:test";
import { LocalError } from "../dist/esm/errors.js";
import { capability, loginNonce, oidcId, severalId, walletId } from "../dist/esm/login.js";
import { parseNetwork } from "../dist/esm/network.js";
import { finishOidc, oidcRedirect } from "../dist/esm/oidc.js";
import { restoreSession } from "../dist/esm/session.js";
import { memoryStore } from "../dist/esm/store.js";
import { readClaims } from "../dist/esm/token.js";
import { addressOf, keyLogin } from "../dist/esm/wallet.js";
import { networkText } from "./help.mjs";

const network = parseNetwork(networkText(["http://127.0.0.1:1", "http://127.0.0.1:2"]));
const BACK = "http://localhost:3000/back";
const encode = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
/** A token whose signature is nothing: nodes look at it, not the page. */
const tokenOf = (claims) => `${encode({ alg: "RS256" })}.${encode(claims)}.c2ln`;
const rejects = (promise, code) => assert.rejects(promise, (error) => error instanceof LocalError && error.code === code);

/** A store that lasts, as a browser's does: what is kept is copied, keys without their bytes. */
function lasting() {
  const store = memoryStore();
  return { ...store, kind: "indexeddb", put: async (name, value) => store.put(name, structuredClone(value)) };
}

/** An issuer on this machine. `describe` and `exchange` change what it says; `asked` has the forms that it got. */
async function issuer(t, { describe = (document) => document, exchange } = {}) {
  const asked = [];
  const server = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    const send = (status, document) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(typeof document === "string" ? document : JSON.stringify(document));
    };
    if (request.url === "/.well-known/openid-configuration") {
      send(200, describe({
        issuer: url, authorization_endpoint: `${url}/authorize?tenant=1`, token_endpoint: `${url}/token`,
        response_types_supported: ["code", "id_token"], code_challenge_methods_supported: ["S256"],
      }));
      return;
    }
    const form = Object.fromEntries(new URLSearchParams(Buffer.concat(parts).toString()));
    asked.push({ method: request.method, type: request.headers["content-type"], form });
    send(...exchange(form));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  t.after(() => { server.closeAllConnections(); server.close(); });
  return { url, asked };
}

/** Begins a login; `claims` are those of a right token. */
async function begin(t, { client = {}, now = Date.now, ...change } = {}) {
  const told = {};
  const at = await issuer(t, { exchange: () => told.answer ?? [200, { id_token: tokenOf(told.claims), token_type: "Bearer" }], ...change });
  const store = change.store ?? lasting();
  const options = { capabilities: [capability({ key: "own" })], store, now };
  const href = await oidcRedirect(network, { issuer: at.url, clientId: "app", redirectUri: BACK, ...client }, options);
  const page = new URL(href), asked = Object.fromEntries(page.searchParams);
  const seconds = Math.floor(now() / 1_000);
  told.claims = { iss: at.url, aud: "app", sub: "somebody", nonce: asked.nonce, iat: seconds, exp: seconds + 300 };
  const back = (change = {}) => `${BACK}?${new URLSearchParams({ state: asked.state, code: "the-code", ...change })}`;
  return { ...at, store, page, asked, told, back, seen: at.asked, finish: (answer = back(), more = {}) => finishOidc(network, answer, { store, now, ...more }) };
}

test("a code with PKCE: what the page asks, what is exchanged, and the session that another visit finds", async (t) => {
  const login = await begin(t, { client: { scope: "openid email", parameters: { prompt: "login" } } });
  const { asked, page, url, seen } = login;
  assert.equal(page.origin + page.pathname, `${url}/authorize`);
  const { state, nonce, code_challenge: challenge, ...rest } = asked;
  assert.deepEqual(rest, {
    tenant: "1", prompt: "login", response_type: "code", client_id: "app", redirect_uri: BACK, scope: "openid email", code_challenge_method: "S256",
  });
  assert.match(nonce, /^[0-9a-f]{64}$/);
  assert.match(state, /^[\w-]{43}$/);
  const session = await login.finish();
  const [{ method, type, form }] = seen;
  assert.deepEqual([method, type], ["POST", "application/x-www-form-urlencoded"]);
  const { code_verifier: verifier, ...fields } = form;
  assert.deepEqual(fields, { grant_type: "authorization_code", code: "the-code", redirect_uri: BACK, client_id: "app" });
  assert.equal(createHash("sha256").update(verifier).digest("base64url"), challenge);

  const id = oidcId(url, "app", "somebody");
  assert.deepEqual([session.user, session.id, session.address, session.kept, session.extractable], [`oidc:${id}`, id, null, "store", false]);
  const { session: key, expires_ms: expiresMs, capabilities, rz } = session.login.terms;
  assert.deepEqual([key, expiresMs, capabilities], [session.publicKey, session.expiresMs, ["quorate:key/own/action/*"]]);
  assert.equal(loginNonce({ network, session: key, expiresMs, capabilities, rz: Buffer.from(rz.slice(2), "hex") }, "app"), nonce);
  const { store } = login;
  const again = await restoreSession(network, { store });
  assert.deepEqual([again.hash, again.user, again.publicKey], [session.hash, session.user, session.publicKey]);
  await rejects(login.finish(), "oidc_failed");
  assert.equal(seen.length, 1, "an answer counts once");
  const kept = await store.get("session");
  for (const bad of [{ ...kept, expiresMs: kept.expiresMs + 1 }, { ...kept, login: { ...kept.login, token: tokenOf({ ...login.told.claims, nonce: "0" }) } },
    { ...kept, login: { ...kept.login, terms: { ...kept.login.terms, rz: `0x${"00".repeat(32)}` } } }]) {
    await store.put("session", bad);
    assert.equal(await restoreSession(network, { store }), null);
  }
});

test("the token itself, in the fragment, where the issuer offers only that", async (t) => {
  const describe = (document) => ({ ...document, response_types_supported: ["id_token"], token_endpoint: undefined });
  const { asked, told, finish, seen } = await begin(t, { describe });
  assert.deepEqual([asked.response_type, asked.code_challenge], ["id_token", undefined]);
  const session = await finish(`${BACK}#${new URLSearchParams({ state: asked.state, id_token: tokenOf(told.claims) })}`);
  assert.match(session.user, /^oidc:0x[0-9a-f]{64}$/);
  assert.equal(seen.length, 0);
  const plain = await begin(t, { describe: (document) => ({ ...document, code_challenge_methods_supported: ["plain"] }) });
  assert.equal(plain.asked.response_type, "id_token");
  const silent = await begin(t, { describe: ({ code_challenge_methods_supported: _, ...document }) => document });
  assert.equal(silent.asked.response_type, "code");
  assert.equal((await begin(t, { client: { flow: "id_token" } })).asked.response_type, "id_token");
});

test("an address without an answer is none, and an answer to no login of this browser is refused", async (t) => {
  const { finish, back, seen } = await begin(t);
  for (const none of [BACK, `${BACK}?code=1`, `${BACK}?state=1`, `${BACK}#top`]) assert.equal(await finish(none), null);
  await rejects(finish(back({ state: "another" })), "oidc_failed");
  await rejects(finish(`${back()}&state=another`), "oidc_failed");
  assert.equal(seen.length, 0, "no code is given away");
  assert.notEqual(await finish(), null, "and the login goes on");
});

test("another issuer's answer, a refusal, and an answer of another flow end the login before a code is given away", async (t) => {
  const iss = (document) => ({ ...document, authorization_response_iss_parameter_supported: true });
  const wrong = [
    [{}, ({ back }) => back({ iss: "https://other.example" }), "oidc_failed"],
    [{ describe: iss }, ({ back }) => back(), "oidc_failed"],
    [{}, ({ asked }) => `${BACK}?state=${asked.state}&error=access_denied`, "oidc_refused"],
    [{}, ({ asked, told }) => `${BACK}#state=${asked.state}&id_token=${tokenOf(told.claims)}`, "oidc_failed"],
    [{ client: { flow: "id_token" } }, ({ back }) => back(), "oidc_failed"],
    [{}, ({ back }) => `${back()}&code=second`, "oidc_failed"],
  ];
  for (const [change, answer, code] of wrong) {
    const login = await begin(t, change);
    await rejects(login.finish(answer(login)), code);
    assert.equal(login.seen.length, 0);
  }
  const login = await begin(t, { describe: iss });
  assert.notEqual(await login.finish(login.back({ iss: login.url })), null);
});

test("a token that is not for this login is refused", async (t) => {
  const seconds = Math.floor(Date.now() / 1_000);
  const wrong = [
    { iss: "https://other.example" }, { aud: "other" }, { aud: ["app", "other"] }, { aud: ["app", "other"], azp: "other" }, { azp: "other" },
    { nonce: "0".repeat(64) }, { nonce: undefined }, { sub: "" }, { sub: "é" }, { sub: undefined }, { exp: seconds - 600 }, { exp: undefined },
    { iat: seconds + 3_600 }, { iat: "1" }, { iat: seconds - 86_400 },
  ];
  for (const change of wrong) {
    const { told, finish } = await begin(t);
    told.claims = { ...told.claims, ...change };
    await rejects(finish(), "oidc_failed");
  }
  const two = await begin(t);
  two.told.claims = { ...two.told.claims, aud: ["app", "other"], azp: "app" };
  assert.notEqual(await two.finish(), null);
  for (const bad of ["", "a.b", "a.b.c.d", "a.!.c", `a.${encode("[]")}.c`, `a.${encode('{"iss":"a","iss":"b"}')}.c`, `a.${"A".repeat(9_000)}.c`]) {
    assert.throws(() => readClaims(bad), { name: "FormError" }, bad.slice(0, 20));
  }
});

test("an issuer that does not answer as it must", async (t) => {
  for (const answer of [[400, { error: "invalid_grant" }], [200, {}], [200, "<html>"], [200, { id_token: 1 }], [200, `{"id_token":"${"x".repeat(70_000)}"}`]]) {
    const { told, finish } = await begin(t);
    told.answer = answer;
    await rejects(finish(), "oidc_failed");
  }
  const bad = [() => "<html>", (document) => ({ ...document, issuer: `${document.issuer}/` }), (document) => ({ ...document, pad: "x".repeat(70_000) }),
    (document) => ({ ...document, authorization_endpoint: "http://evil.example/" }), (document) => ({ ...document, authorization_endpoint: undefined }),
    (document) => ({ ...document, response_types_supported: ["token"] }), (document) => ({ ...document, token_endpoint: "javascript:1", response_types_supported: ["code"] })];
  for (const describe of bad) await rejects(begin(t, { describe }), "oidc_failed");
  const options = { capabilities: [capability({})], store: memoryStore() };
  const client = { issuer: "https://issuer.example", clientId: "app", redirectUri: BACK };
  for (const change of [{ issuer: "http://issuer.example" }, { issuer: "x" }, { issuer: "https://issuer.example?a" }, { clientId: "" }, { redirectUri: "https://a.example/#b" },
    { scope: "email" }, { parameters: { state: "1" } }, { issuer: "https://user@issuer.example" }]) {
    await rejects(oidcRedirect(network, { ...client, ...change }, options), "argument");
  }
  const never = (_, { signal }) => new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason));
  });
  await rejects(oidcRedirect(network, client, { ...options, fetch: never, deadlineMs: 20 }), "oidc_failed");
  const reason = new Error("left");
  await assert.rejects(oidcRedirect(network, client, { ...options, fetch: never, signal: AbortSignal.abort(reason) }), reason);
});

test("logins that wait are few, end after an hour, and need a store that keeps the key", async (t) => {
  const store = lasting();
  const logins = [];
  for (let n = 0; n < 5; n += 1) logins.push(await begin(t, { store }));
  assert.equal((await store.get("session.oidc")).length, 4);
  await rejects(logins[0].finish(), "oidc_failed");
  assert.notEqual(await logins[1].finish(), null, "another tab's login goes on beside");
  await rejects(logins[2].finish(undefined, { now: () => Date.now() + 3_600_000 }), "oidc_failed");
  const other = parseNetwork(networkText(["http://127.0.0.1:1", "http://127.0.0.1:2"], { name: "other" }));
  await rejects(finishOidc(other, logins[3].back(), { store }), "oidc_failed");
  const broken = { ...lasting(), put: async () => { throw new Error("full"); } };
  await rejects(begin(t, { store: broken }), "store_failed");
  t.mock.method(crypto.subtle, "generateKey", async () => { throw new DOMException("unrecognized", "NotSupportedError"); });
  await rejects(begin(t), "store_failed");
});

test("an issuer's login and a wallet's beside it are one of several methods", async (t) => {
  const secret = new Uint8Array(32).fill(3);
  const { finish, store, url } = await begin(t);
  const session = await finish(undefined, { beside: [keyLogin(secret)] });
  const id = severalId([walletId(addressOf(secret)), oidcId(url, "app", "somebody")]);
  assert.deepEqual([session.login.kind, session.user, session.address], ["several", `several:${id}`, addressOf(secret)]);
  assert.deepEqual(session.login.logins.map(({ kind }) => kind), ["oidc", "wallet"]);
  assert.equal((await restoreSession(network, { store })).user, session.user);
});
