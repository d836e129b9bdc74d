// The page in Chromium over a world in memory: flows, keyboard, names for screen readers, and a picture of each state.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { serve } from "../serve.mjs";
import { executable, launch, person, shoot } from "./chromium.mjs";

const ALICE = "wallet:0x70997970c51812dc3a010c7d01b50e0d17dc79c8";
let server, browser;

before(async () => {
  assert.ok(executable, "Chromium is not installed; `apt-get install chromium` brings it");
  server = await serve({ "/site/backend.js": "browser/memory-backend.js", "/test/golden.json": "../../actions/golden.json" });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  server?.close();
});

/** What the world holds before the page begins. Runs in the page. */
function begin({ mode, user }) {
  window.noWallet = mode === "no wallet";
  if (mode === "signed in") window.resumed = { user, address: "0x70997970C51812dc3A010C7d01b50e0d17dc79C8", guest: false };
  window.fill = (world) => {
    if (mode === "loading") world.latency = 1e7;
    if (mode === "unknown") world.token = { burnt: true, burntBy: 2, unburntBy: 1, grantsBy: 0 };
    if (mode === "loading" || mode === "empty") return;
    const minute = 60_000, now = Date.now();
    for (const [who, name] of [["wallet:0xa1", "Maren Okafor"], ["wallet:0xb2", "Jun"], ["wallet:0xc3", "Léonie Brandt"], [user, "Alice"]]) world.names.set(who, name);
    const posts = [
      ["wallet:0xa1", "The heron is back at the canal. Third year in a row, same post, same look of mild disapproval.", 1_560, 12],
      ["wallet:0x90f79bf6eb2c4f870365e785982e1f101e93b906", "First post as a guest. I like that I can read the program that wrote it.", 300, 0],
      ["wallet:0xb2", "Small joys: the bakery on the corner opens at six again 🥐", 180, 3],
      ["wallet:0xc3", "Reading an action’s source before I use it feels like reading the label on a jar. More of this, please.", 42, 7],
      [user, "Tried to like the same post twice. The nodes were polite about it.", 4, 1],
    ];
    for (const [author, text, age, likes] of posts) {
      const { id } = world.add(author, text, now - age * minute);
      for (let n = 0; n < likes; n += 1) world.likes.add(`${id}|wallet:0xf${n}`);
    }
    world.likes.add(`${world.posts[0].id}|${user}`);
  };
}

async function visit(mode, options = {}) {
  const one = await person(browser, { before: begin, argument: { mode, user: ALICE }, allowed: (url) => url.startsWith(server.origin) || url.startsWith("data:"), ...options });
  await one.page.goto(`${server.origin}/site/index.html`);
  if (mode !== "loading") await one.page.waitForSelector(".rest .end, .rest .empty");
  const done = async () => {
    assert.deepEqual(one.faults, []);
    await one.close();
  };
  return { ...one, done };
}

const text = (page, selector) => page.$eval(selector, (element) => element.textContent);
const rest = (page, ms = 350) => page.evaluate((time) => new Promise((resolve) => setTimeout(resolve, time)), ms);

test("the rules are said to be frozen only once enough nodes say so", async () => {
  const { page, done } = await visit("unknown");
  const seen = async () => [await page.$eval("#frozen", (item) => item.hidden), await text(page, "#welcome-title"), /not known now/.test(await text(page, "#facts"))];
  const program = { cid: "Qmforeign", name: null, scopes: [1], published: false };
  assert.deepEqual(await seen(), [true, "Short posts, by published rules.", true]);
  await page.evaluate((one) => Object.assign(window.world, { token: { burnt: true, burntBy: 2, unburntBy: 1, programs: [one] } }), program);
  await page.waitForFunction(() => /Somebody else may use the key as well/.test(document.querySelector("#facts").textContent), { timeout: 10_000 });
  assert.deepEqual((await seen()).slice(0, 2), [true, "Short posts, by published rules."]);
  await page.evaluate(() => Object.assign(window.world, { token: { burnt: true, burntBy: 2, unburntBy: 1 } }));
  await page.waitForSelector("#frozen:not([hidden])", { timeout: 10_000 });
  assert.deepEqual(await seen(), [false, "Short posts, by rules that nobody can change. Not even us.", false]);
  await done();
});

test("one signs in, posts, likes, and takes the like back", async () => {
  const { page, done } = await visit("start");
  assert.equal(await page.$eval("#composer", (form) => form.hidden), true);
  await page.click("[data-way=test]");
  await page.waitForSelector("#composer:not([hidden])");
  await page.waitForFunction(() => document.activeElement.id === "text");
  await page.keyboard.type("From the keyboard 🦊");
  await page.keyboard.down("Control");
  await page.keyboard.press("Enter");
  await page.keyboard.up("Control");
  await page.waitForFunction(() => document.querySelector("#posts .text")?.textContent === "From the keyboard 🦊" && !document.querySelector("[data-state]"));
  assert.equal(await page.$eval("#text", (field) => field.value), "");
  await page.click("#posts .like");
  assert.equal(await page.$eval("#posts .like", (like) => like.getAttribute("aria-pressed")), "true");
  await page.waitForFunction(() => window.world.likes.has(`${window.world.posts.at(-1).id}|wallet:0x70997970c51812dc3a010c7d01b50e0d17dc79c8`));
  await page.waitForSelector("#posts .like:not([data-sending])");
  await page.click("#posts .like");
  assert.equal(await page.$eval("#posts .like", (like) => like.getAttribute("aria-pressed")), "false");
  await done();
});

test("a second like is refused where everybody sees it, with the action's reason", async () => {
  const { page, done } = await visit("signed in");
  await page.evaluate((user) => window.world.likes.add(`${window.world.posts[3].id}|${user}`), ALICE);
  await page.evaluate(() => document.querySelectorAll(".like")[1].click());
  await page.waitForSelector(".refusal p");
  assert.match(await text(page, ".refusal p"), /You like this post already\./);
  assert.equal(await text(page, "#alarm"), "You like this post already.");
  assert.equal(await page.evaluate(() => document.querySelectorAll(".like")[1].getAttribute("aria-pressed")), "true");
  await done();
});

test("the commit shows what was checked, by whom, and the source; the rule can be tried there", async () => {
  const { page, done } = await visit("signed in");
  await page.click("#posts .seal");
  await page.waitForSelector(".sheet .checks");
  assert.match(await text(page, ".sheet"), /Nodes 1 and 3 signed the receipt/);
  for (const part of ["k2t6wzhkhabz5w7cd71881fut8bli1h6hffa1uwy2nb2ytz83apm0tlaffkan2", "did:key:zQ3sh", "bagcq", "\"/text\"", "ES256K"]) assert.ok((await text(page, ".sheet")).includes(part), part);
  await page.evaluate(() => [...document.querySelectorAll(".sheet summary")].at(-1).click());
  await page.waitForSelector(".sheet .source");
  await page.keyboard.press("Escape");
  assert.equal(await page.$eval("#commit", (dialog) => dialog.open), false);
  assert.ok(await page.evaluate(() => document.activeElement.classList.contains("seal")), "focus is back where it came from");
  await page.evaluate(() => document.querySelectorAll(".seal")[4].click());
  await page.waitForSelector(".trial .button[aria-disabled=false], .trial .button:not([aria-disabled])");
  await page.evaluate(() => document.querySelector(".trial .button").click());
  await page.waitForFunction(() => document.querySelector(".trial .why").textContent === "You like this post already.");
  await page.evaluate(() => Object.assign(window.world, { broken: Object.assign(new Error("x"), {}) }));
  await page.keyboard.press("Escape");
  await page.click("#posts .seal");
  await page.waitForSelector(".sheet .why[role=alert]");
  await done();
});

test("while Ceramic is away the page says so, keeps what was typed, and goes on by itself", async () => {
  const { page, done } = await visit("signed in");
  await page.evaluate(() => window.world.down.add("ceramic"));
  await page.type("#text", "This one has to wait.");
  await page.click("#send");
  await page.waitForSelector("[data-state=waiting]");
  await page.waitForSelector(".trouble p");
  assert.equal((await text(page, "#trouble")).split(/\.\s/).length, 1);
  await page.evaluate(() => window.world.down.clear());
  await page.waitForFunction(() => document.querySelector("#posts .text").textContent === "This one has to wait." && !document.querySelector("[data-state], .trouble p"), { timeout: 20_000 });
  await page.evaluate(() => (window.world.silent = [2]));
  await page.waitForFunction(() => document.querySelector(".trouble p")?.textContent.startsWith("Node 2 does not answer; the other 2 sign alone"), { timeout: 10_000 });
  await done();
});

test("what is too long is told and stays, also over a reload", async () => {
  const { page, done } = await visit("signed in"), long = "🙂".repeat(281);
  await page.$eval("#text", (field, value) => {
    field.value = value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }, long);
  assert.equal(await text(page, "#counter"), "-1");
  await page.click("#send");
  assert.match(await text(page, "#composer-fault"), /^This is 1 too long/);
  assert.equal(await page.$eval("#text", (field) => field.getAttribute("aria-invalid")), "true");
  await page.reload();
  await page.waitForSelector("#composer:not([hidden])");
  assert.equal(await page.$eval("#text", (field) => field.value), long);
  await done();
});

test("a name is given in the profile; one signs out there", async () => {
  const { page, done } = await visit("signed in");
  await page.click(".me");
  await page.waitForSelector("#profile[open]");
  await page.$eval("#name", (field) => (field.value = ""));
  await page.type("#name", "Zoë 🦊");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => !document.querySelector("#profile").open);
  assert.match(await text(page, ".me"), /Zoë 🦊/);
  await page.click(".me");
  await page.evaluate(() => document.querySelector("#profile .wide").click());
  await page.waitForSelector("#welcome:not([hidden])");
  await done();
});

test("hostile texts are texts", async () => {
  const { page, done } = await visit("empty");
  await page.evaluate(() => {
    window.world.names.set("wallet:0xe", "<img src=x onerror=alert(1)>");
    window.world.add("wallet:0xe", "<script>alert(1)</script> \u202egnp.exe");
  });
  await page.waitForSelector("#posts .text", { timeout: 10_000 });
  assert.equal(await text(page, "#posts .text"), "<script>alert(1)</script> gnp.exe");
  assert.equal(await page.$$eval("#posts img, #posts script", (found) => found.length), 0);
  await done();
});

test("everything has a name and a place in the tree, and the keyboard reaches it in order", async () => {
  const { page, done } = await visit("signed in");
  const tree = await page.accessibility.snapshot({ interestingOnly: false }), roles = new Map();
  (function walk(node) {
    roles.set(node.role, [...(roles.get(node.role) ?? []), node]);
    node.children?.forEach(walk);
  })(tree);
  for (const role of ["banner", "main", "complementary", "form", "status", "list"]) assert.ok(roles.has(role), role);
  for (const role of ["button", "textbox", "link", "article"]) for (const node of roles.get(role) ?? []) assert.ok(role === "article" || node.name, `a ${role} without a name`);
  const order = [];
  for (let step = 0; step < 8; step += 1) {
    await page.keyboard.press("Tab");
    order.push(await page.evaluate(() => document.activeElement.id || document.activeElement.className.split(" ").at(-1)));
  }
  assert.deepEqual(order, ["skip", "brand", "me", "text", "send", "like", "seal", "like"]);
  const small = await page.$$eval("button, a.brand", (found) => found.filter((item) => item.offsetParent && item.getBoundingClientRect().height < 24).map((item) => item.textContent));
  assert.deepEqual(small, []);
  await done();
});

for (const size of ["phone", "desktop"]) for (const scheme of ["light", "dark"]) {
  test(`pictures: ${size}, ${scheme}`, async () => {
    const look = (mode) => visit(mode, { size, scheme }), shot = (page, name) => shoot(page, `${name}-${size}-${scheme}`);
    const fits = async (page) => assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), "nothing is wider than the window");
    const start = await look("start");
    await fits(start.page);
    await shot(start.page, "welcome");
    await start.done();
    const { page, done } = await look("signed in");
    await page.type("#text", "Writing something");
    await shot(page, "timeline");
    await page.evaluate(() => document.querySelector(".seal").click());
    await page.waitForSelector(".sheet .checks");
    await rest(page);
    await shot(page, "commit");
    await fits(page);
    await page.keyboard.press("Escape");
    await page.click(".me");
    await rest(page);
    await shot(page, "profile");
    await page.keyboard.press("Escape");
    await page.evaluate((user) => window.world.likes.add(`${window.world.posts[3].id}|${user}`), ALICE);
    await page.evaluate(() => document.querySelectorAll(".like")[1].click());
    await page.waitForSelector(".refusal p");
    await page.evaluate(() => window.world.down.add("ceramic"));
    await page.waitForSelector(".trouble p");
    await page.click("#send");
    await page.waitForSelector("[data-state=waiting]", { timeout: 20_000 });
    await shot(page, "trouble");
    await fits(page);
    await done();
    const guest = await look("empty");
    await guest.page.click("[data-way=guest]");
    await guest.page.waitForSelector("#guest:not([hidden])");
    assert.match(await text(guest.page, "#guest"), /clear the browser, and the guest is gone/);
    await rest(guest.page);
    await shot(guest.page, "guest");
    await guest.done();
    const loading = await look("loading");
    await rest(loading.page);
    await shot(loading.page, "loading");
    await loading.done();
  });
}
