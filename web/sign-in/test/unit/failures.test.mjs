// Every failure is one sentence and one step. The errors are the client's own, so that its words and ours stay together.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as sdk from "../../../../sdk/dist/quorate.js";
import { networkText } from "../../../../sdk/test/help.mjs";
import { explain } from "../../dist/esm/failures.js";

const network = sdk.parseNetwork(networkText(["http://127.0.0.1:1", "http://127.0.0.1:2"]));
const caught = (promise) => promise.then(() => assert.fail("nothing failed"), (error) => error);
const sentence = /^[A-Z][^.!?]*(?:[.:;][^.!?]*)?[.]$/;

/** What is said has a form: one sentence, one step, no word of the machine. */
function sound(failure, code) {
  assert.equal(failure.code, code);
  assert.match(failure.sentence, sentence);
  assert.match(failure.next, sentence);
  assert.ok(failure.sentence.length <= 120 && failure.next.length <= 80, failure.sentence);
  assert.doesNotMatch(failure.sentence + failure.next, /undefined|null|Error|WebAuthn|OIDC|token|nonce/);
  return failure;
}

/** A browser whose ceremonies end with this error. */
const refusing = (name) => {
  const refuse = async () => { throw new DOMException("no", name); };
  return { create: refuse, get: refuse };
};
const make = (more) => caught(sdk.createPasskey({ rpId: "localhost", rpName: "App", user: { name: "Ada" }, ...more }));
const head = { number: 1, hash: `0x${"11".repeat(32)}`, time_ms: Date.now() };
const use = (more) => caught(sdk.logIn(network, sdk.passkeyLogin({ head: async () => head }, more), { domain: "localhost", capabilities: [sdk.capability({})] }));

test("what a browser says of a passkey", async () => {
  const names = ["NotAllowedError", "InvalidStateError", "SecurityError", "AbortError", "NotSupportedError", "ConstraintError"];
  const seen = new Set();
  for (const name of names) {
    const credentials = refusing(name);
    const code = ["NotAllowedError", "InvalidStateError", "AbortError"].includes(name) ? "passkey_refused" : "passkey_failed";
    const made = sound(explain(await make({ credentials }), "passkey-make"), `${code}.${name}`);
    const used = sound(explain(await use({ credentials }), "passkey-sign-in"), `${code}.${name}`);
    assert.equal(made.sentence === used.sentence, name !== "NotAllowedError", name);
    seen.add(made.sentence);
  }
  assert.equal(seen.size, names.length);
  const never = { create: () => new Promise(() => undefined), get: () => new Promise(() => undefined) };
  sound(explain(await use({ credentials: never, waitMs: 1 }), "passkey-sign-in"), "passkey_refused.ExchangeError");
  sound(explain(await use({ credentials: { get: async () => null } }), "passkey-sign-in"), "passkey_failed");
  sound(explain(await use({}), "passkey-sign-in"), "passkey_failed");
});

test("what the person has ended is not a failure", async () => {
  const credentials = { get: () => new Promise(() => undefined) };
  const control = new AbortController();
  const options = { domain: "localhost", capabilities: [sdk.capability({})], signal: control.signal };
  const ended = caught(sdk.logIn(network, sdk.passkeyLogin({ head: async () => head }, { credentials }), options));
  control.abort();
  assert.equal(explain(await ended, "passkey-sign-in"), null);
});

test("what an issuer says", async () => {
  const client = { issuer: "https://id.example", clientId: "app", redirectUri: "https://app.example/" };
  const documents = {
    "/.well-known/openid-configuration": {
      issuer: client.issuer, authorization_endpoint: "https://id.example/auth", token_endpoint: "https://id.example/token", response_types_supported: ["code"],
    },
  };
  const fetching = (more = {}) => async (url) => {
    const body = { ...documents, ...more }[new URL(url).pathname];
    if (body === undefined) throw new TypeError("Failed to fetch");
    return body instanceof Response ? body : Response.json(body);
  };
  const begin = async (fetch, more = {}) => {
    const store = { ...sdk.memoryStore(), kind: "memory", ...more };
    const url = await sdk.oidcRedirect(network, client, { store, capabilities: [sdk.capability({})], fetch });
    return { store, state: new URL(url).searchParams.get("state") };
  };
  const finish = async (parameters, more, kept) => {
    const { store, state } = kept ?? await begin(fetching());
    return explain(await caught(sdk.finishOidc(network, `https://app.example/?${new URLSearchParams({ state, ...parameters })}`, { store, fetch: fetching(more) })), "oidc");
  };
  const seen = new Set();
  const errors = [
    "access_denied", "login_required", "interaction_required", "account_selection_required", "consent_required", "temporarily_unavailable", "server_error",
    "invalid_request", "unauthorized_client", "unsupported_response_type", "invalid_scope",
  ];
  for (const error of errors) seen.add(sound(await finish({ error }), `oidc_refused.${error}`).sentence);
  assert.equal(seen.size, errors.length);
  sound(await finish({ error: "something_new" }), "oidc_refused.something_new");
  sound(await finish({ state: "another", code: "x" }), "oidc_failed.state");
  sound(await finish({ code: "x" }), "oidc_failed.unreachable");
  sound(await finish({ code: "x" }, { "/token": Response.json({ error: "invalid_grant" }, { status: 400 }) }), "oidc_failed.exchange");
  sound(await finish({ code: "x" }, { "/token": {} }), "oidc_failed.exchange");
  sound(await finish({ code: "x" }, { "/token": { id_token: "nonsense" } }), "oidc_failed");
  const discovery = "/.well-known/openid-configuration";
  for (const [document, code] of [[undefined, "unreachable"], [{ issuer: "https://other.example" }, "describes"], [new Response("", { status: 500 }), "describes"]]) {
    sound(explain(await caught(begin(fetching({ [discovery]: document }))), "oidc"), `oidc_failed.${code}`);
  }
  const full = { put: async () => { throw new Error("full"); } };
  sound(explain(await caught(begin(fetching(), full)), "oidc"), "store_failed");
});

test("what a wallet says", async () => {
  const login = (request) => caught(sdk.logIn(network, sdk.walletLogin({ request }), { domain: "localhost", capabilities: [sdk.capability({})] }));
  sound(explain(await login(async () => { throw { code: 4001 }; }), "wallet"), "wallet_refused");
  sound(explain(await login(async () => []), "wallet"), "wallet_failed");
});

test("what the network says, and which of it ends the session", () => {
  const refused = (code) => new sdk.ProblemError({ code, title: "t", detail: "d", retryAfterMs: null, nodes: [] });
  for (const code of [...sdk.errorCodes(), "session_revoked"]) sound(explain(refused(code), "use"), code);
  const over = ["login_issuer_unknown", "login_invalid", "session_expired", "session_revoked"];
  for (const code of over) assert.equal(explain(refused(code), "use").over, true, code);
  for (const code of ["login_keys_unavailable", "not_granted", "overloaded", "action_threw"]) assert.equal(explain(refused(code), "use").over, undefined, code);
  const sentences = [...over, "login_keys_unavailable"].map((code) => explain(refused(code), "use").sentence);
  assert.equal(new Set(sentences).size, sentences.length);
  assert.match(explain(refused("overloaded"), "use").next, /in a minute/);
  sound(explain(new sdk.UnreachableError([]), "use"), "unreachable");
  sound(explain(new sdk.VerificationError("form", "x"), "use"), "form");
});

test("every local code, and what nobody foresaw", () => {
  const codes = [
    "network_file", "network_other", "argument", "login_terms", "wallet_refused", "wallet_failed", "oidc_refused", "oidc_failed", "passkey_refused",
    "passkey_failed", "passkey_key_unknown", "fetch_failed", "store_failed",
  ];
  for (const code of codes) assert.match(explain(new sdk.LocalError(code, "m"), "start").sentence, sentence, code);
  for (const error of [new TypeError("x"), "text", null, undefined]) assert.equal(explain(error, "use").code, "unknown");
});
