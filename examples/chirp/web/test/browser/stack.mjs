// Two people and a guest on a running Chirp: real nodes, real Ceramic, real signatures; and what they see when something is killed.
// cargo xtask chirp --then node examples/chirp/web/test/browser/stack.mjs
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { executable, launch, person, shoot } from "./chromium.mjs";
import { answerWallet, injected } from "./wallet.mjs";

const address = process.argv[2];
assert.match(address ?? "", /^http:\/\/localhost:\d+\/$/, "usage: node stack.mjs ADDRESS");
/** A failed request is an error of the browser's console; while something is dead they are what is expected. */
const PASSING = /Failed to load resource|net::ERR_/;
let browser, config;
const people = {};

before(async () => {
  assert.ok(executable, "Chromium is not installed; `apt-get install chromium` brings it");
  config = await (await fetch(new URL("config.json", address))).json();
  browser = await launch();
});
after(() => browser?.close());

async function enter(name, options = {}) {
  const hosts = [address, ...config.nodes, new URL(config.ceramic).origin];
  const allowed = (url) => hosts.some((host) => url.startsWith(host)) || url.startsWith("data:");
  const one = await person(browser, { before: injected, argument: { name: "Test Wallet" }, allowed, expected: (text) => PASSING.test(text), ...options });
  const secret = randomBytes(32), wallet = await answerWallet(one.page, secret);
  await one.page.goto(address);
  await one.page.waitForSelector("#welcome:not([hidden])");
  return (people[name] = { ...one, secret, wallet });
}

const text = (page, selector) => page.$eval(selector, (element) => element.textContent);
const settled = (page, ms = 400) => page.evaluate((time) => new Promise((resolve) => setTimeout(resolve, time)), ms);
/** The like of a post, by its text: [pressed, count]. */
const likeOf = (page, words) => page.$$eval(".post", (posts, wanted) => {
  const like = posts.find((post) => post.querySelector(".text")?.textContent === wanted)?.querySelector(".like");
  return like && [like.getAttribute("aria-pressed"), like.textContent];
}, words);
const press = (page, words, button) => page.$$eval(".post", (posts, [wanted, name]) => posts.find((post) => post.querySelector(".text")?.textContent === wanted).querySelector(name).click(), [words, button]);
const waitLike = (page, words, pressed, count) => page.waitForFunction((wanted, is, number) => {
  const like = [...document.querySelectorAll(".post")].find((post) => post.querySelector(".text")?.textContent === wanted)?.querySelector(".like");
  return like?.getAttribute("aria-pressed") === is && like.textContent === number && !like.hasAttribute("data-sending");
}, { timeout: 30_000 }, words, pressed, count);

async function signIn(page, way) {
  await page.waitForSelector(`[data-way${way ? `="${way}"` : ""}]`);
  await page.click(`[data-way${way ? `="${way}"` : ""}]`);
  await page.waitForSelector("#composer:not([hidden])", { timeout: 20_000 });
}

async function post(page, words, timeout = 30_000) {
  await page.click("#text");
  await page.$eval("#text", (field, value) => {
    field.value = value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }, words);
  await page.click("#send");
  await posted(page, words, timeout);
}
const posted = (page, words, timeout = 30_000) => page.waitForFunction((wanted) => [...document.querySelectorAll("#posts > li:not([data-state]) .text")].some((item) => item.textContent === wanted), { timeout }, words);

async function sees(page, words) {
  await page.waitForFunction((wanted) => {
    document.querySelector(".pill")?.click();
    return [...document.querySelectorAll(".text")].some((item) => item.textContent === wanted);
  }, { timeout: 20_000 }, words);
}

test("a person who says no in the wallet is told, and signs in the next time", async () => {
  const { page, wallet } = await enter("maren");
  wallet.refuse = true;
  await page.waitForSelector("[data-way]:not([data-way=guest])");
  await page.click("[data-way]:not([data-way=guest])");
  await page.waitForFunction(() => document.querySelector("#signin-fault").textContent !== "");
  assert.match(await text(page, "#signin-fault"), /^Your wallet did not sign\. Nothing happened/);
  wallet.refuse = false;
  await page.click("[data-way]:not([data-way=guest])");
  await page.waitForSelector("#composer:not([hidden])", { timeout: 20_000 });
});

test("a name and a post are on the stream, and another person sees them", async () => {
  const { page } = people.maren;
  await page.click(".me");
  await page.type("#name", "Maren Okafor");
  await page.click("#profile .primary");
  await page.waitForFunction(() => !document.querySelector("#profile").open, { timeout: 30_000 });
  await post(page, "The heron is back at the canal.");
  const jun = await enter("jun", { size: "phone", scheme: "dark" });
  await sees(jun.page, "The heron is back at the canal.");
  await jun.page.waitForFunction(() => document.querySelector("#posts .name").textContent === "Maren Okafor", { timeout: 15_000 });
  await signIn(jun.page, "350670db-19fa-4704-a166-e52e178b59d2");
});

test("a like counts for everybody; a second one is refused with the action's reason; it is taken back and given again", async () => {
  const { page } = people.jun, words = "The heron is back at the canal.";
  await press(page, words, ".like");
  await waitLike(page, words, "true", "1");
  await waitLike(people.maren.page, words, "false", "1");
  await press(page, words, ".seal");
  await page.waitForSelector(".trial .button:not([aria-disabled])");
  await page.evaluate(() => document.querySelector(".trial .button").click());
  await page.waitForFunction(() => document.querySelector(".trial .why").textContent !== "", { timeout: 30_000 });
  assert.match(await text(page, ".trial .why"), /lik/i);
  await page.evaluate(() => document.querySelector(".trial").scrollIntoView());
  await settled(page);
  await shoot(page, "stack-second-like-phone-dark");
  await page.keyboard.press("Escape");
  assert.match(await text(page, ".refusal p"), /lik/i);
  assert.deepEqual(await likeOf(page, words), ["true", "1"]);
  await settled(page);
  await shoot(page, "stack-refused-phone-dark");
  await press(page, words, ".like");
  await waitLike(page, words, "false", "");
  await press(page, words, ".like");
  await waitLike(page, words, "true", "1");
});

test("the commit is checked in the page: its author sees who signed the receipt, and both read the source by its hash", async () => {
  for (const [name, receipt] of [["maren", /Nodes? [123](, [123])*( and [123])? signed the receipt/], ["jun", /a receipt goes to whoever asked/]]) {
    const { page } = people[name];
    await press(page, "The heron is back at the canal.", ".seal");
    await page.waitForSelector(".sheet .checks");
    const shown = await text(page, ".sheet");
    assert.match(shown, receipt);
    assert.match(shown, /Only the 4 programs of this page may use the key, [23] of 3 nodes say so; nobody can change that any more\./);
    assert.match(shown, /Their sources are published: each was read in this page, and has the hash that its grant names/);
    for (const part of [config.key.did, config.actions.createPost.cid, "The heron is back", "ES256K"]) assert.ok(shown.includes(part), part);
    await settled(page);
    await shoot(page, `stack-commit-${name}`);
    await page.$$eval(".sheet summary", (all) => all.at(-1).click());
    await page.waitForSelector(".sheet .source", { timeout: 20_000 });
    await page.keyboard.press("Escape");
  }
});

test("a receipt is checked quickly in the page", async (t) => {
  const { page } = people.maren;
  await press(page, "The heron is back at the canal.", ".seal");
  await page.waitForSelector(".sheet .checks");
  const cid = /bagcq[a-z2-7]{50,}/.exec(await text(page, ".sheet"))[0];
  const times = await page.evaluate(async (name) => {
    const { fetchNetwork, openStore, verifyReceipt } = await import("/sdk/quorate.js");
    const [network, store] = [await fetchNetwork(new URL("/network.json", location.href)), await openStore("chirp")], receipt = await store.get(name);
    return Array.from({ length: 21 }, () => {
      const begun = performance.now();
      verifyReceipt(network, receipt);
      return performance.now() - begun;
    });
  }, `receipt:${cid}`);
  const median = [...times].sort((a, b) => a - b)[10];
  t.diagnostic(`the first check of a receipt takes ${times[0].toFixed(1)} ms, and then ${median.toFixed(1)} ms`);
  assert.ok(median > 0 && median <= 20, `${median} ms`);
  await page.keyboard.press("Escape");
});

test("the page reads for itself who may use the key, and says that the rules are frozen", async () => {
  const { page } = people.jun;
  await page.waitForSelector("#frozen:not([hidden])", { timeout: 20_000 });
  const facts = await text(page, "#facts");
  assert.match(facts, /burnt, [23] of 3 nodes say so: frozen for ever/);
  for (const name of ["createProfile", "createPost", "likePost", "unlikePost"]) assert.ok(facts.includes(name), name);
  assert.match(facts, /Only the 4 programs of this page may use the key/);
  await page.$eval("#facts", (place) => place.scrollIntoView());
  await settled(page);
  await shoot(page, "stack-who-may-write-phone-dark");
  await page.evaluate(() => window.scrollTo(0, 0));
});

test("a tab that has seen too little asks for a second like, is refused, and shows what is true", async () => {
  const { page, context, secret } = people.jun, words = "The heron is back at the canal.";
  await press(page, words, ".like");
  await waitLike(page, words, "false", "");
  const stale = await context.newPage();
  await answerWallet(stale, secret);
  await stale.goto(address);
  await stale.waitForSelector("#composer:not([hidden])");
  await waitLike(stale, words, "false", "");
  // What the index says from now on does not reach this tab before it asks.
  await stale.evaluate(() => {
    const real = window.fetch;
    window.fetch = (url, ...rest) => (`${url}`.includes("/collection") && !window.freed ? new Promise(() => undefined) : real(url, ...rest));
  });
  await settled(stale, 1_000);
  // A page that is not looked at neither reads nor draws.
  await page.bringToFront();
  await press(page, words, ".like");
  await waitLike(page, words, "true", "1");
  await stale.bringToFront();
  await press(stale, words, ".like");
  await stale.waitForSelector(".refusal p", { timeout: 30_000 });
  assert.match(await text(stale, ".refusal p"), /You like this post already\./);
  await stale.evaluate(() => (window.freed = true));
  await stale.reload();
  await waitLike(stale, words, "true", "1");
  await stale.close();
  await page.bringToFront();
});

test("the page is light and quick, and asks nobody but its server, the nodes and Ceramic", async (t) => {
  const { page, faults, close } = await person(browser, { before: injected, argument: { name: "Test Wallet" } });
  await page.goto(address);
  await page.waitForSelector("#posts .text");
  const { bytes, paint } = await page.evaluate(() => {
    const own = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")].filter(({ name }) => name.startsWith(location.origin));
    return { bytes: own.reduce((sum, entry) => sum + entry.transferSize, 0), paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime };
  });
  t.diagnostic(`${bytes} bytes over the wire, first content after ${Math.round(paint)} ms`);
  assert.ok(bytes > 30_000 && bytes <= 150_000, `${bytes} bytes`);
  assert.ok(paint <= 1_000, `${paint} ms`);
  assert.deepEqual(faults, []);
  await close();
});

test("what was kept is there after a reload: the session, and the guest", async () => {
  const { page } = await enter("guest");
  await signIn(page, "guest");
  assert.match(await text(page, "#guest"), /clear the browser, and the guest is gone/);
  const words = "🙂".repeat(280);
  await post(page, words);
  const user = await text(page, ".me");
  await page.reload();
  await page.waitForSelector("#composer:not([hidden])");
  assert.equal(await text(page, ".me"), user);
  await people.maren.page.reload();
  await people.maren.page.waitForSelector(".me");
  assert.match(await text(people.maren.page, ".me"), /Maren Okafor|0x/);
  await sees(people.maren.page, words);
});

test("three posts at once are three posts", async () => {
  const { page } = people.maren;
  for (const words of ["one", "two", "three"]) {
    await page.type("#text", words);
    await page.click("#send");
  }
  for (const words of ["one", "two", "three"]) await posted(page, words, 60_000);
});

const processes = JSON.parse(process.env.PROCESSES ?? "{}");

test("a killed node is no trouble; one that hangs is said in one sentence, and posting goes on", { skip: !processes["node-3"] }, async () => {
  const { page } = people.maren;
  process.kill(processes["node-3"], "SIGKILL");
  await post(page, "Two of three are enough.", 60_000);
  // The dead one is started again by what runs the network, so that the next one may hang.
  await page.waitForFunction(async (node) => (await fetch(`${node}/readyz`).catch(() => null))?.ok, { timeout: 60_000, polling: 500 }, config.nodes[2]);
  process.kill(processes["node-2"], "SIGSTOP");
  await page.waitForFunction(() => document.querySelector(".trouble p")?.textContent.startsWith("Node 2 does not answer; the other 2 sign alone"), { timeout: 30_000 });
  await settled(page);
  await shoot(page, "stack-node-hangs");
  await post(page, "And still two of three.", 60_000);
  process.kill(processes["node-2"], "SIGCONT");
  await page.waitForFunction(() => !document.querySelector(".trouble p"), { timeout: 30_000 });
});

test("a Ceramic node that hangs is said within ten seconds, and the post goes out when it is back", { skip: !processes.ceramic }, async () => {
  const { page } = people.maren;
  process.kill(processes.ceramic, "SIGSTOP");
  const from = Date.now();
  await page.type("#text", "Slow, but there.");
  await page.click("#send");
  await page.waitForFunction(() => document.querySelector(".trouble p")?.textContent.startsWith("The Ceramic node does not answer"), { timeout: 30_000 });
  assert.ok(Date.now() - from < 10_000, `${Date.now() - from} ms`);
  process.kill(processes.ceramic, "SIGCONT");
  await posted(page, "Slow, but there.", 90_000);
  await page.waitForFunction(() => !document.querySelector(".trouble p"), { timeout: 30_000 });
});

test("while Ceramic is dead the page says so and keeps the post, which goes out by itself", { skip: !processes.ceramic }, async () => {
  const { page } = people.maren;
  process.kill(processes.ceramic, "SIGKILL");
  await page.type("#text", "Written while Ceramic was away.");
  await page.click("#send");
  await page.waitForFunction(() => document.querySelector(".trouble p")?.textContent.startsWith("The Ceramic node does not answer"), { timeout: 20_000 });
  await shoot(page, "stack-ceramic-killed");
  await posted(page, "Written while Ceramic was away.", 90_000);
  await page.waitForFunction(() => !document.querySelector(".trouble p")?.textContent.startsWith("The Ceramic"), { timeout: 30_000 });
  await sees(people.jun.page, "Written while Ceramic was away.");
  assert.equal(await page.$$eval(".text", (all) => all.filter((item) => item.textContent === "Written while Ceramic was away.").length), 1);
});

test("pictures of the whole, and no error and no foreign request in any page", async () => {
  for (const size of ["phone", "desktop"]) for (const scheme of ["light", "dark"]) {
    const { page, close } = await person(browser, { size, scheme, before: injected, argument: { name: "Test Wallet" } });
    await page.goto(address);
    await page.waitForSelector("#posts .text");
    await settled(page);
    await shoot(page, `stack-timeline-${size}-${scheme}`);
    await close();
  }
  for (const [name, { faults }] of Object.entries(people)) assert.deepEqual(faults, [], name);
});
