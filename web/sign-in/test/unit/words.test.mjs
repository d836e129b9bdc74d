// What people are told of a session, before and after they sign in.
import assert from "node:assert/strict";
import { test } from "node:test";
import { sharesMethod } from "../../dist/esm/methods.js";
import { checked, settingsOf } from "../../dist/esm/settings.js";
import { isAnswer } from "../../dist/esm/sign-ins.js";
import { signedOutWords, withoutPasskeys } from "../../dist/esm/view.js";
import { isEmbedded } from "../../dist/esm/ways.js";
import { capabilityWords, endWords, joined, left, loginWords, moment, short } from "../../dist/esm/words.js";

const CID = "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG";
const KEY = `0x02${"ab".repeat(32)}`;

test("each capability is a sentence", () => {
  const words = (key, action) => capabilityWords(`quorate:key/${key}/action/${action}`, { [CID]: "Greet me" });
  assert.equal(words("own", CID), "Run “Greet me”, which may use any key that is granted to you.");
  assert.equal(words(KEY, CID), "Run “Greet me”, which may use the key 0x02abab…ababab.");
  assert.equal(words("*", CID), "Run “Greet me”, which may use any key that is granted to you or to it.");
  assert.equal(words("own", "*"), "Run any action, which may use any key that is granted to you.");
  assert.equal(words("*", "*"), "Run any action with any key that you may use: everything that you can do here.");
  assert.equal(capabilityWords(`quorate:key/own/action/${CID}`), "Run the action QmYwAPJz…WnPbdG, which may use any key that is granted to you.");
  assert.equal(capabilityWords(`quorate:key/own/action/${CID}`, Object.create({ [CID]: "inherited" })), "Run the action QmYwAPJz…WnPbdG, which may use any key that is granted to you.");
  assert.equal(capabilityWords("lit:all"), "Something that this page does not understand: lit:all.");
});

test("a login is named by its methods", () => {
  const token = (claims) => `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.x`;
  const oidc = (claims) => ({ kind: "oidc", token: token(claims) });
  const issuers = [{ name: "One", issuer: "https://id.example", clientId: "a" }, { name: "Two", issuer: "https://id.example", clientId: "b" }];
  assert.equal(loginWords({ kind: "passkey" }), "a passkey");
  assert.equal(loginWords(oidc({ iss: "https://id.example", aud: "b" }), issuers), "Two");
  assert.equal(loginWords(oidc({ iss: "https://id.example", aud: ["c", "d"] }), issuers), "One");
  assert.equal(loginWords(oidc({ iss: "https://other.example" }), issuers), "other.example");
  assert.equal(loginWords({ kind: "oidc", token: "nonsense" }), "an issuer");
  assert.equal(loginWords({ kind: "several", logins: [oidc({ iss: "https://id.example", aud: "a" }), { kind: "passkey" }, { kind: "wallet" }] }, issuers), "One, a passkey and a wallet");
});

test("sessions with a method in common are found", () => {
  const token = (sub, iat) => `e30.${Buffer.from(JSON.stringify({ iss: "https://id.example", aud: "a", sub, iat })).toString("base64url")}.x`;
  const oidc = (sub, iat) => ({ kind: "oidc", token: token(sub, iat) });
  const passkey = (key) => ({ kind: "passkey", rp_id: "localhost", public_key: key });
  const wallet = (address) => ({ kind: "wallet", message: `localhost wants you to sign in\n${address}\n` });
  const several = (...logins) => ({ kind: "several", logins });
  const shares = (one, other) => sharesMethod({ login: one }, { login: other });
  for (const [one, other] of [
    [oidc("ada", 1), oidc("ada", 2)], [passkey("a"), several(oidc("ada", 1), passkey("a"))], [several(wallet("0x1"), passkey("a")), several(wallet("0x1"), passkey("b"))],
  ]) assert.ok(shares(one, other) && shares(other, one));
  for (const [one, other] of [[oidc("ada", 1), oidc("eve", 1)], [passkey("a"), passkey("b")], [wallet("0x1"), wallet("0x2")], [passkey("a"), wallet("a")]]) {
    assert.ok(!shares(one, other));
  }
});

test("moments and lengths are those of this machine, and never longer than they are", () => {
  const now = new Date(2026, 10, 30, 12, 0, 30).getTime();
  assert.equal(moment(now + 3_600_000, now), "13:00");
  assert.equal(moment(now + 86_400_000, now), "Tuesday, 12:00");
  assert.deepEqual([30_000, 60_000, 119_000, 5_999_000, 6_000_000, 7_200_000].map(left), ["less than a minute", "1 minute", "1 minute", "99 minutes", "1 hour", "2 hours"]);
  assert.equal(endWords({ expiresMs: now + 600_000 }, now), "until 12:10, for 10 minutes");
  assert.equal(short("0x1234567890abcdef12"), "0x123456…cdef12");
  assert.equal(joined(["a", "b", "c"]), "a, b and c");
});

test("what came of signing out is said as it is", () => {
  assert.equal(signedOutWords({ nodes: 3, of: 3, done: true }, true), "You are signed out everywhere: 3 of 3 nodes know it.");
  assert.equal(signedOutWords({ nodes: 2, of: 3, done: true }, false), "You are signed out here: 2 of 3 nodes know it, and the others can do nothing alone.");
  assert.match(signedOutWords({ nodes: 1, of: 3, done: false }, false), /^Only 1 of 3 nodes know it yet\. Try again/);
});

test("where there are no passkeys, the page says why and what works", () => {
  assert.match(withoutPasskeys("embedded", true), /inside another application.*Choose one of these ways, or open the page in your browser\.$/);
  assert.match(withoutPasskeys("none", false), /no passkeys.*To sign in, use another browser\.$/);
  const embedded = [
    "Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/126.0 Mobile Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Safari/604.1 Instagram/330.0",
  ];
  const browsers = [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
  ];
  assert.deepEqual([...embedded, ...browsers].map(isEmbedded), [true, true, true, false, false, false]);
});

test("settings come from attributes, and wrong ones are found", () => {
  const attributes = { application: "App", network: "./network.json", capabilities: '["quorate:key/own/action/*"]', "life-minutes": "30", "rp-id": "app.example" };
  const of = (more) => settingsOf((name) => ({ ...attributes, ...more })[name] ?? null);
  assert.deepEqual(of({}), { application: "App", network: "./network.json", capabilities: ["quorate:key/own/action/*"], lifeMinutes: 30, rpId: "app.example" });
  assert.equal(settingsOf(() => null), null);
  for (const wrong of [{ application: "" }, { capabilities: "[]" }, { capabilities: "{" }, { "life-minutes": "1440" }, { "life-minutes": "long" }, { issuers: '[{"name":"x"}]' }, { actions: "[]" }, { "rp-id": "" }]) {
    assert.throws(() => of(wrong), { code: "settings" }, JSON.stringify(wrong));
  }
  assert.throws(() => checked(null), { code: "settings" });
});

test("an issuer's answer is told from any other address", () => {
  const at = (rest) => isAnswer(`http://localhost:1/${rest}`);
  assert.deepEqual(["?code=1&state=2", "?error=x&state=2", "#id_token=1&state=2", "?state=2", "?code=1", "#code", ""].map(at), [true, true, true, false, false, false, false]);
});
