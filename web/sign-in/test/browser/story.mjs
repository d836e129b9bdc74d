// The story of a person on a running network: real nodes, a real issuer, Chromium with authenticators that DevTools plays.
// cargo xtask sign-in --then node web/sign-in/test/browser/story.mjs
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { verifyAuthenticationResponse } from "@simplewebauthn/server";
import { authenticator, press, profile, shoot, shown, until } from "./chromium.mjs";

const address = process.argv[2];
assert.match(address ?? "", /^http:\/\/localhost:\d+\/$/, "usage: node story.mjs ADDRESS, from cargo xtask sign-in --then");
const { config, nodes } = JSON.parse(process.env.READY);
const { QUORATE, QUORATE_STATE } = process.env;
const GREET = readFileSync(new URL("../../site/greet.js", import.meta.url), "utf8");
/** From the tap on the passkey's button to the first signature, without the authenticator's own time. */
const GOAL_MS = 1_000;
const issuerOf = (algorithm) => config.issuers.find(({ name }) => name.endsWith(algorithm));
const wayOf = (algorithm) => `[data-way="issuer:${issuerOf(algorithm).name}"]`;

async function grant(...to) {
  await promisify(execFile)(QUORATE, ["--json", "pkp", "grant", config.key.public_key, ...to, "--scope", "personal-sign", "--dir", QUORATE_STATE]);
}

/** Goes to the issuer and through its pages, as far as there are any: a login, for which any name will do, and a consent. */
async function byIssuer(one, way, person) {
  const { page } = one, home = new URL(address).origin;
  const leaves = page.waitForNavigation();
  await press(one, way);
  await leaves;
  for (const end = Date.now() + 30_000; !page.url().startsWith(home); await new Promise((resolve) => setTimeout(resolve, 50))) {
    assert.ok(Date.now() < end, `the issuer does not send the person back: ${page.url()}`);
    await page.evaluate((name) => {
      const login = document.querySelector("input[name=login]");
      if (login !== null) [login.value, document.querySelector("input[name=password]").value] = [name, "anything"];
      document.querySelector("button[type=submit]")?.click();
    }, person).catch(() => undefined);
  }
}

const signedIn = (one, what, count = 1) => until(one, ({ session, ids }) => session !== null && ids.length === count, what);
async function open(one) {
  await one.page.goto(address);
  return until(one, ({ text, session }) => text.includes("Continue with") || session !== null, "the ways to sign in, or who is signed in");
}
/** The way back to the ways to sign in. */
async function somebodyElse(one) {
  await press(one, "[data-act=another]");
  await until(one, ({ title }) => title?.startsWith("Sign in to"), "the ways to sign in");
}
const subjectOf = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url")).sub;
const algorithmOf = ({ login }) => JSON.parse(Buffer.from(login.token.split(".")[0], "base64url")).alg;
const hasRefusal = ({ failure }) => failure !== "";

let [passkeys, passkeyId] = [[], ""];

test("a new person sees what a session may do, signs in by an issuer, and adds a passkey", { timeout: 300_000 }, async (t) => {
  const one = await profile(t, address);
  const device = await authenticator(one);
  const { text } = await open(one);
  for (const words of ["Greet me", "any key that is granted to you", "Sign in with a passkey", "Make a passkey", ...config.issuers.map(({ name }) => name)]) {
    assert.ok(text.includes(words), words);
  }
  await shoot(one, "out-desktop-light");

  await t.test("the person says no at the issuer, and is told so", async () => {
    await press(one, wayOf("RS256"));
    await one.page.waitForSelector("input[name=login]");
    await one.page.evaluate(() => [...document.querySelectorAll("a")].find(({ textContent }) => /cancel/i.test(textContent)).click());
    const { failure } = await until(one, hasRefusal, "a failure");
    assert.match(failure, /did not allow it\.\s+Try again and allow it/);
    assert.equal(new URL(one.page.url()).search, "", "the answer does not stay in the address");
    await shoot(one, "denied-desktop-light");
  });

  let subject;
  await t.test("the issuer's token is a login at each node; the session survives a reload", async () => {
    await byIssuer(one, wayOf("RS256"), "ada");
    const { session, ids, text } = await signedIn(one, "the greeting");
    assert.equal(session.login.kind, "oidc");
    assert.deepEqual(ids, [session.id]);
    assert.match(text, /Add a second way to sign in/);
    assert.match(text, /is down or closes your account, the second way still lets you in/);
    subject = subjectOf(session.login.token);
    await shoot(one, "offer-desktop-light");
    await one.page.reload();
    assert.equal((await signedIn(one, "the session after a reload")).session.id, session.id);
  });

  await t.test("a passkey beside it stands in the same session", async () => {
    const before = (await shown(one)).session;
    await press(one, "[data-add=passkey]");
    const { session, ids, text } = await signedIn(one, "both methods", 2);
    assert.equal(session.login.kind, "several");
    assert.equal(ids[0], before.id);
    assert.equal(session.expiresMs, before.expiresMs);
    assert.doesNotMatch(text, /Add a second way/);
    passkeyId = ids[1];
    passkeys = await device.credentials();
    const proof = session.login.logins[1];
    // The passkey as `quorate pkp grant --passkey` reads it.
    writeFileSync(join(QUORATE_STATE, "passkey.json"), JSON.stringify({ rp_id: proof.rp_id, public_key: proof.public_key }));
    assert.equal(await secondOpinion(proof), true);
    await shoot(one, "both-desktop-light");
  });

  await t.test("the key is granted to both methods, and each of them alone signs", async () => {
    await somebodyElse(one);
    await press(one, "[data-way=passkey]");
    await until(one, ({ session, ids }) => session?.login.kind === "passkey" && ids[0] === session.id, "the passkey alone");
    await sign(one, "false", /not granted to you/);
    await shoot(one, "not-granted-desktop-light");
    await grant("--oidc", issuerOf("RS256").issuer, issuerOf("RS256").clientId, subject);
    await grant("--passkey", join(QUORATE_STATE, "passkey.json"));
    await sign(one, "true", /Signed/);
    await shoot(one, "signed-desktop-light");
    await somebodyElse(one);
    await byIssuer(one, wayOf("RS256"), "ada");
    const { session } = await until(one, ({ session, ids }) => session?.login.kind === "oidc" && ids[0] === session.id, "the issuer again, which knows the person");
    assert.equal(session.login.kind, "oidc");
    await sign(one, "true", /Signed/);
    assert.match((await shown(one)).text, /Where you are signed in[\s\S]*in use[\s\S]*A passkey/);
    await shoot(one, "sessions-desktop-light");
  });

  assert.deepEqual(one.faults, []);
  const allowed = [new URL(address).origin, ...nodes.map(({ http }) => new URL(http).origin), issuerOf("RS256").issuer];
  assert.deepEqual([...one.asked].filter((origin) => origin !== "null" && !allowed.includes(origin)), [], "nobody else is asked");
});

async function sign(one, wanted, words) {
  for (const end = Date.now() + 30_000; ; await new Promise((resolve) => setTimeout(resolve, 500))) {
    await one.page.evaluate(() => { document.querySelector("#result").replaceChildren(); delete document.querySelector("#result").dataset.signed; });
    await one.page.click("#sign button");
    const { signed, result } = await until(one, ({ signed, failure }) => signed !== undefined || failure !== "", "what came of signing");
    // A grant is seen by nodes with the block that has it.
    if (signed !== wanted && Date.now() < end) continue;
    assert.equal(signed, wanted, result);
    assert.match(result, words);
    return;
  }
}

/** Another implementation's judgement of an assertion that our nodes have taken. */
async function secondOpinion(proof) {
  const { challenge } = JSON.parse(Buffer.from(proof.client_data, "base64url"));
  const { verified } = await verifyAuthenticationResponse({
    response: {
      id: proof.credential_id, rawId: proof.credential_id, type: "public-key", clientExtensionResults: {},
      response: { clientDataJSON: proof.client_data, authenticatorData: proof.authenticator_data, signature: proof.signature },
    },
    expectedChallenge: challenge, expectedOrigin: new URL(address).origin, expectedRPID: proof.rp_id, requireUserVerification: true,
    credential: { id: proof.credential_id, publicKey: new Uint8Array(Buffer.from(proof.public_key, "base64url")), counter: 0 },
  });
  return verified;
}

test("the person comes back on another device with the passkey alone", { timeout: 180_000 }, async (t) => {
  const one = await profile(t, address, { size: "phone", scheme: "dark" });
  const device = await authenticator(one);
  for (const credential of passkeys) await device.send("addCredential", { credential });
  await open(one);
  await shoot(one, "out-phone-dark");

  await t.test("the action greets them by the same id", async () => {
    await press(one, "[data-way=passkey]");
    await confirmed(one);
    const { session, ids } = await signedIn(one, "the greeting");
    assert.deepEqual(ids, [passkeyId]);
    assert.equal(session.login.kind, "passkey");
    assert.equal(await secondOpinion(session.login), true);
    await shoot(one, "in-phone-dark");
  });

  await t.test("the key that was granted to the passkey signs for them", async () => {
    await sign(one, "true", /Signed/);
    await shoot(one, "signed-phone-dark");
  });

  await t.test("from the tap to the first signature", async (t) => {
    const times = [];
    for (let round = 0; round < 5; round += 1) {
      await somebodyElse(one);
      times.push(await tapToSignature(one));
    }
    const own = times.map(({ all, authenticator }) => all - authenticator).sort((one, other) => one - other);
    const of = (list) => list.map(Math.round).join(", ");
    t.diagnostic(`${of(own)} ms without the authenticator's own time (${of(times.map(({ authenticator }) => authenticator))} ms); the goal is ${GOAL_MS} ms`);
    console.log(`tap to first signature: median ${Math.round(own[2])} ms without the authenticator, the goal is ${GOAL_MS} ms (${own[2] <= GOAL_MS ? "met" : "not met"})`);
  });
  assert.deepEqual(one.faults, []);
});

/** A browser that does not know the passkey's public key may want a click for a second signature. */
async function confirmed(one) {
  const asked = () => one.page.evaluate(() => document.querySelector("quorate-sign-in").shadowRoot.querySelector("[data-act=again-passkey]") !== null);
  for (const end = Date.now() + 10_000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 50))) {
    if ((await shown(one)).session !== null) return;
    if (!(await asked())) continue;
    await shoot(one, "confirm-phone-dark");
    await press(one, "[data-act=again-passkey]");
    return;
  }
}

const tapToSignature = ({ page }) => page.evaluate(async (code, publicKey) => {
  const element = document.querySelector("quorate-sign-in");
  let authenticator = 0;
  const get = CredentialsContainer.prototype.get;
  CredentialsContainer.prototype.get = async function timed(options) {
    const begun = performance.now();
    try {
      return await get.call(this, options);
    } finally {
      if (options.mediation !== "conditional") authenticator += performance.now() - begun;
    }
  };
  const begun = performance.now();
  const signed = new Promise((resolve, reject) => element.addEventListener("signed-in", ({ detail: { client, session } }) => {
    client.execute(session, { action: { code }, params: { publicKey, text: "timed" } }).then(({ signatures }) => resolve(signatures.text.signature), reject);
  }, { once: true }));
  element.shadowRoot.querySelector("[data-way=passkey]").click();
  await signed;
  CredentialsContainer.prototype.get = get;
  return { all: performance.now() - begun, authenticator };
}, GREET, config.key.public_key);

test("a passkey that the field offers is enough, without a button", { timeout: 60_000 }, async (t) => {
  const one = await profile(t, address, { size: "phone", autofill: true });
  const device = await authenticator(one);
  await open(one);
  for (const credential of passkeys) await device.send("addCredential", { credential });
  await one.page.reload();
  await confirmed(one);
  assert.deepEqual((await signedIn(one, "the greeting")).ids, [passkeyId]);
  assert.deepEqual(one.faults, []);
});

test("another passkey is another person, for whom the key does not sign", { timeout: 120_000 }, async (t) => {
  const one = await profile(t, address, { size: "phone" });
  await authenticator(one);
  await open(one);
  await shoot(one, "out-phone-light");
  await press(one, "[data-way=make]");
  assert.match((await until(one, ({ status }) => status !== "", "a hint")).status, /Write a name first/);
  await one.page.type("quorate-sign-in > input", "Eve");
  await press(one, "[data-way=make]");
  const { ids } = await signedIn(one, "the greeting");
  assert.notEqual(ids[0], passkeyId);
  await sign(one, "false", /not granted to you/);
  await shoot(one, "in-phone-light");

  await t.test("an issuer beside the passkey, which confirms once the person is back", async () => {
    await byIssuer(one, `[data-add="issuer:${issuerOf("ES256").name}"]`, "eve");
    await until(one, ({ title }) => title === "One more step", "the confirmation");
    await shoot(one, "step-phone-light");
    await press(one, "[data-act=confirm]");
    const { session, ids: both } = await signedIn(one, "both methods", 2);
    assert.equal(session.login.kind, "several");
    assert.equal(both[1], ids[0]);
  });
  assert.deepEqual(one.faults, []);
});

test("every way is reached with the keyboard, in the order in which it stands there", { timeout: 60_000 }, async (t) => {
  const one = await profile(t, address);
  await authenticator(one);
  await open(one);
  const reached = [];
  for (let left = 3 + config.issuers.length; left > 0; left -= 1) {
    await one.page.keyboard.press("Tab");
    reached.push(await one.page.evaluate(() => {
      const focused = document.activeElement;
      const inside = focused.shadowRoot?.activeElement ?? focused;
      const { outlineStyle, outlineWidth } = getComputedStyle(inside);
      return `${inside.dataset.way ?? inside.localName} ${outlineStyle} ${outlineWidth}`;
    }));
  }
  assert.deepEqual(reached, ["passkey", "input", "make", ...config.issuers.map(({ name }) => `issuer:${name}`)].map((name) => `${name} solid 3px`));
  await one.page.focus("quorate-sign-in > input");
  await one.page.keyboard.type("Kim");
  await one.page.keyboard.press("Enter");
  await signedIn(one, "the greeting");
  assert.equal(await one.page.evaluate(() => document.activeElement.shadowRoot?.activeElement?.id), "title", "the focus is where the new view begins");
});

test("what goes wrong with passkeys is one sentence and one step", { timeout: 120_000 }, async (t) => {
  await t.test("the person is not verified, or says no", async (t) => {
    const one = await profile(t, address, { scheme: "dark" });
    const device = await authenticator(one);
    for (const credential of passkeys) await device.send("addCredential", { credential });
    await device.send("setUserVerified", { isUserVerified: false });
    await open(one);
    await press(one, "[data-way=passkey]");
    const { failure } = await until(one, hasRefusal, "a failure");
    assert.match(failure, /^No passkey was used: .+\s+Try again/);
    await shoot(one, "refused-desktop-dark");
    await device.send("setUserVerified", { isUserVerified: true });
    await press(one, "[data-way=passkey]");
    await confirmed(one);
    assert.equal((await signedIn(one, "the second try")).failure, "");
    await shoot(one, "in-desktop-dark");
  });
  await t.test("a browser without passkeys says so and offers what works", async (t) => {
    const one = await profile(t, address, { size: "phone", prepare: () => { delete window.PublicKeyCredential; } });
    const { text } = await open(one);
    assert.match(text, /This browser has no passkeys, or the page is not open by https\. Choose one of these ways/);
    assert.doesNotMatch(text, /Make a passkey/);
    await shoot(one, "without-passkeys-phone-light");
  });
});

test("a person is told before the session ends, and when it has ended", { timeout: 120_000 }, async (t) => {
  const one = await profile(t, address, { prepare: fastClock });
  await authenticator(one);
  await open(one);
  await one.page.type("quorate-sign-in > input", "Ada");
  await press(one, "[data-way=make]");
  await signedIn(one, "the greeting");
  await one.page.evaluate(() => { window.aheadMs = 56 * 60_000; });
  const { text } = await until(one, ({ text }) => text.includes("This session ends"), "the warning");
  assert.match(text, /This session ends \d\d:\d\d\. To go on after that, sign in again\./);
  await shoot(one, "ending-desktop-light");
  await one.page.evaluate(() => { window.aheadMs = 61 * 60_000; });
  const ended = await until(one, ({ title }) => title?.startsWith("Sign in to"), "the ways to sign in");
  assert.equal(ended.session, null);
  assert.equal(ended.status, "Your session has ended.");
  await one.page.reload();
  assert.equal((await until(one, ({ text }) => text.includes("Continue with"), "every way")).session, null);
});

/** In the page: a clock that can be put ahead, and long looks at it that are short. */
function fastClock() {
  const [now, wait] = [Date.now, window.setTimeout];
  Date.now = () => now() + (window.aheadMs ?? 0);
  window.setTimeout = (act, ms, ...more) => wait(act, ms === 30_000 ? 200 : ms, ...more);
}

test("signing out here, and everywhere", { timeout: 180_000 }, async (t) => {
  const enter = async () => {
    const one = await profile(t, address);
    const device = await authenticator(one);
    for (const credential of passkeys) await device.send("addCredential", { credential });
    await open(one);
    await press(one, "[data-way=passkey]");
    await confirmed(one);
    await signedIn(one, "the greeting");
    return one;
  };
  const [here, there] = [await enter(), await enter()];
  const tab = { ...here, page: await here.page.browser().newPage() };
  await open(tab);
  await signedIn(tab, "the same session in another tab");
  await here.page.bringToFront();
  await press(here, "[data-act=session]");
  const out = await until(here, ({ session, status }) => session === null && status !== "", "the ways to sign in");
  await until(tab, ({ session }) => session === null, "the other tab, signed out as well");
  await here.page.reload();
  assert.equal((await until(here, ({ text }) => text.includes("Continue with"), "every way")).session, null);
  await shoot(here, "signed-out-desktop-light");
  assert.equal((await shown(there)).session.id, passkeyId, "another browser's session goes on");
  assert.match(out.status, /^You are signed out here: [23] of 3 nodes know it/);
  await sign(there, "true", /Signed/);
  const third = await enter();
  await press(there, "[data-act=everywhere]");
  const everywhere = await until(there, ({ session, status }) => session === null && status !== "", "the ways to sign in");
  assert.match(everywhere.status, /^You are signed out everywhere: [23] of 3 nodes know it/);
  await third.page.click("#sign button");
  const { failure, session } = await until(third, hasRefusal, "the refusal of a session of which this browser did not know that it is over");
  assert.match(failure, /You have signed out of this session, here or elsewhere\.\s+Sign in again\./);
  assert.equal(session, null);
  await shoot(third, "revoked-desktop-light");
  // The passkey is the person's as before: with a block that was made since, it opens a new session.
  for (const end = Date.now() + 30_000; ; ) {
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    await press(there, "[data-way=passkey]");
    await confirmed(there);
    const greeted = ({ session, ids }) => session !== null && ids.length === 1;
    const now = await until(there, (now) => greeted(now) || now.failure !== "", "the greeting, or why not");
    if (now.failure === "" && greeted(now)) break;
    const refused = now.failure;
    assert.ok(Date.now() < end, refused);
  }
  assert.equal((await shown(there)).session.id, passkeyId);
});

test("a wallet of the browser is among the ways", { timeout: 60_000 }, async (t) => {
  const one = await profile(t, address, { prepare: announceWallet });
  await open(one);
  await press(one, '[data-way="wallet:test"]');
  const { failure } = await until(one, hasRefusal, "a failure");
  assert.match(failure, /The wallet did not sign, and nothing has happened\.\s+Allow it in the wallet/);
  await shoot(one, "wallet-desktop-light");
  await one.page.evaluate(() => { window.agrees = true; });
  await press(one, '[data-way="wallet:test"]');
  const { session, ids } = await signedIn(one, "the greeting");
  assert.equal(session.login.kind, "wallet");
  assert.deepEqual(ids, [session.id]);
  assert.deepEqual(one.faults, []);
});

/** In the page: a wallet whose person says no at first. */
function announceWallet() {
  const secret = crypto.getRandomValues(new Uint8Array(32));
  const provider = {
    request: async ({ method, params }) => {
      if (window.agrees !== true) throw Object.assign(new Error("no"), { code: 4001 });
      const { addressOf, fromHex, signText } = await import("/quorate.js");
      return method === "eth_requestAccounts" ? [addressOf(secret)] : signText(secret, new TextDecoder().decode(fromHex(params[0])));
    },
  };
  const info = { uuid: "test", name: "Test Wallet", icon: "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'/>", rdns: "test" };
  const announce = () => window.dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail: Object.freeze({ info, provider }) }));
  window.addEventListener("eip6963:requestProvider", announce);
  announce();
}

test("tokens of each algorithm, and of keys that the issuer has just made", { timeout: 300_000 }, async (t) => {
  const one = await profile(t, address);
  await open(one);
  const come = async (algorithm) => {
    await byIssuer(one, wayOf(algorithm), "grace");
    const isCome = ({ session, ids, failure }) => session !== null && algorithmOf(session) === algorithm && (failure !== "" || ids[0] === session.id);
    return until(one, isCome, `a login with ${algorithm}`);
  };
  for (const algorithm of ["ES256", "EdDSA", "RS256"]) {
    assert.equal((await come(algorithm)).failure, "");
    await somebodyElse(one);
  }
  const rotated = new Promise((resolve) => process.once("message", resolve));
  process.send("rotate");
  assert.deepEqual(await rotated, { rotated: true });
  const { session, failure } = await come("ES256");
  if (failure !== "") {
    assert.match(failure, /fetching new keys from the site/);
    await shoot(one, "keys-desktop-light");
  }
  // The nodes ask the issuer again, once a minute at most.
  const begun = Date.now();
  for (let left = 24; (await shown(one)).ids[0] !== session.id; left -= 1) {
    assert.ok(left > 0, "the nodes do not fetch the new keys");
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    await one.page.evaluate(() => document.querySelector("#greeting button")?.click());
    await until(one, ({ greeting }) => !greeting.startsWith("Asking"), "an answer");
  }
  t.diagnostic(`after the keys changed, nodes took the new ones within ${Math.round((Date.now() - begun) / 1_000)} s`);
  assert.deepEqual(one.faults, []);
});
