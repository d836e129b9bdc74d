import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../../site/failure.js";
import { Store } from "../../site/store.js";
import { Memory, World } from "../memory.js";

const ALICE = { user: "wallet:0x70997970c51812dc3a010c7d01b50e0d17dc79c8", address: "0x70997970C51812dc3A010C7d01b50e0d17dc79C8", guest: false };

/** A page without a browser: its clock jumps to whatever is next. */
class Clock {
  at = Date.parse("2026-11-30T12:00:00Z");
  tickets = 0;
  timers = [];

  now = () => this.at;
  random = () => `ticket ${(this.tickets += 1)}`;
  after = (ms, act) => void this.timers.push({ at: this.at + ms, act });

  async run() {
    const next = this.timers.sort((a, b) => a.at - b.at).shift();
    this.at = Math.max(this.at, next.at);
    next.act();
    await settled();
  }
}

class Shelf {
  kept = new Map();
  getItem = (key) => this.kept.get(key) ?? null;
  setItem = (key, value) => void this.kept.set(key, value);
  removeItem = (key) => void this.kept.delete(key);
}

const settled = async () => {
  for (let turn = 0; turn < 30; turn += 1) await new Promise((resolve) => setTimeout(resolve, 0));
};

async function page({ world = new World(), session = ALICE, shelf = new Shelf(), clock = new Clock() } = {}) {
  world.now = clock.now;
  const backend = new Memory(world, { resumed: session }), store = new Store(backend, shelf, clock), told = [];
  store.addEventListener("tell", (event) => told.push(event.detail.sentence));
  await store.start();
  return { world, store, shelf, clock, told, backend };
}

const silent = () => new Failure("silent", "Too few nodes answer to sign: nothing is lost, and this page asks again by itself.");
const raced = () => new Failure("raced", "Somebody else wrote at the same moment.");

test("a post stands in the outbox at once, and in the timeline when it is out", async () => {
  const { store, world, told, shelf } = await page();
  assert.equal(store.post("  hello\nworld "), null);
  assert.deepEqual(store.outbox.map(({ text, state }) => [text, state]), [["hello world", "sending"]]);
  await settled();
  assert.deepEqual(store.outbox, []);
  assert.deepEqual(store.posts.map(({ text }) => text), ["hello world"]);
  assert.equal(world.posts.length, 1);
  assert.deepEqual(told, ["Posted."]);
  assert.equal(shelf.kept.size, 0);
});

test("a post that breaks a rule is told and asks nobody", async () => {
  const { store, world } = await page();
  const asked = world.asked.length;
  for (const text of ["", "🙂".repeat(281), "\ud800", "x".repeat(100_000)]) assert.match(store.post(text), /\.$/);
  assert.equal(world.asked.length, asked);
  store.session = null;
  assert.match(store.post("hello"), /signed out.*stays here/);
});

test("while nothing answers a post waits, and goes out by itself", async () => {
  const { store, world, clock } = await page();
  world.down.add("nodes");
  store.post("patience");
  await settled();
  assert.equal(store.outbox[0].state, "waiting");
  assert.match(store.outbox[0].why, /asks again by itself/);
  await clock.run();
  assert.equal(store.outbox[0].state, "waiting");
  world.down.clear();
  await clock.run();
  assert.deepEqual([store.outbox.length, store.posts[0].text], [0, "patience"]);
});

test("a refused post keeps its text, over a reload too, and gives it back", async () => {
  const { store, world, shelf, told } = await page();
  world.next.push(new Failure("refused", "You have used all 50 posts of this day."));
  store.post("too many");
  await settled();
  assert.deepEqual([store.outbox[0].state, store.outbox[0].why], ["failed", "You have used all 50 posts of this day."]);
  assert.deepEqual(told, ["You have used all 50 posts of this day."]);
  const again = await page({ world, shelf });
  assert.deepEqual(again.store.outbox.map(({ text, state }) => [text, state]), [["too many", "failed"]]);
  assert.equal(again.store.takeBack(again.store.outbox[0].ticket), "too many");
  assert.deepEqual(again.store.outbox, []);
});

test("a post that had arrived when the page was left is not sent again", async () => {
  const { store, world, shelf, clock } = await page();
  world.next.push(silent());
  store.post("once");
  await settled();
  world.add(ALICE.user, "once", clock.now());
  const again = await page({ world, shelf, clock });
  assert.deepEqual([again.store.outbox.length, again.store.posts.length], [0, 1]);
});

test("a ruined outbox is an empty one", async () => {
  for (const kept of ["{", "7", '[{"text":7}]', "null"]) {
    const shelf = new Shelf();
    shelf.setItem("chirp.outbox", kept);
    assert.deepEqual((await page({ shelf })).store.outbox, []);
  }
});

test("a lost race is repeated, five times in all, and is no news before", async () => {
  const { store, world, clock, told } = await page();
  world.next.push(raced(), raced(), raced(), raced());
  store.post("fast");
  for (let tries = 0; tries < 4; tries += 1) {
    await settled();
    await clock.run();
  }
  await settled();
  assert.deepEqual([store.posts[0].text, told], ["fast", ["Posted."]]);
  world.next.push(raced(), raced(), raced(), raced(), raced());
  store.post("slow");
  for (let tries = 0; tries < 4; tries += 1) {
    await settled();
    await clock.run();
  }
  await settled();
  assert.equal(store.outbox[0].state, "failed");
});

test("a like shows at once; a second one is refused with the action's reason and corrected", async () => {
  const { store, world } = await page();
  const post = world.add("wallet:0xb", "hi");
  await store.refresh();
  store.toggleLike(post.id);
  assert.deepEqual([store.posts[0].liked, store.posts[0].likes], [true, 1]);
  await settled();
  assert.deepEqual([world.likes.size, store.refusals.size], [1, 0]);
  store.wish(post.id, true);
  await settled();
  assert.equal(store.refusals.get(post.id), "You like this post already.");
  assert.deepEqual([store.posts[0].liked, store.posts[0].likes], [true, 1]);
  store.toggleLike(post.id);
  assert.deepEqual([store.posts[0].liked, store.posts[0].likes, store.refusals.size], [false, 0, 0]);
  await settled();
  assert.equal(world.likes.size, 0);
});

test("a like of a page that saw too little is refused and then true", async () => {
  const { store, world } = await page();
  const post = world.add("wallet:0xb", "hi");
  await store.refresh();
  world.likes.add(`${post.id}|${ALICE.user}`);
  store.toggleLike(post.id);
  await settled();
  assert.match(store.refusals.get(post.id), /already/);
  assert.deepEqual([store.posts[0].liked, store.posts[0].likes], [true, 1]);
});

test("a refused like goes back to what it was", async () => {
  const { store, world } = await page();
  const post = world.add("wallet:0xb", "hi");
  await store.refresh();
  world.next.push(new Failure("refused", "There is no such post."));
  store.toggleLike(post.id);
  await settled();
  assert.deepEqual([store.posts[0].liked, store.posts[0].likes, store.refusals.get(post.id)], [false, 0, "There is no such post."]);
  store.forgetRefusal(post.id);
  assert.equal(store.refusals.size, 0);
});

test("a like waits for nodes that do not answer, and readings do not undo it meanwhile", async () => {
  const { store, world, clock } = await page();
  const post = world.add("wallet:0xb", "hi");
  await store.refresh();
  world.down.add("nodes");
  store.toggleLike(post.id);
  await settled();
  await store.refresh();
  assert.deepEqual([store.posts[0].liked, store.posts[0].likes], [true, 1]);
  world.down.clear();
  await clock.run();
  assert.deepEqual([world.likes.size, store.likes.size, store.refusals.size], [1, 0, 0]);
});

test("what does not answer is said in one sentence, and so is that it is back", async () => {
  const { store, world, told } = await page();
  await store.refresh();
  assert.equal(store.trouble(), null);
  world.silent = [2];
  await store.refresh();
  assert.equal(store.trouble(), "Node 2 does not answer; the other 2 sign alone, and everything goes on.");
  world.silent = [2, 3];
  await store.refresh();
  assert.match(store.trouble(), /^Nodes 2 and 3 do not answer and 2 are needed to sign; .* go out by themselves\.$/);
  world.down.add("ceramic");
  await store.refresh();
  assert.equal(store.trouble(), "The Ceramic node does not answer: what you see was read before, and this page asks again by itself.");
  world.down.clear();
  world.silent = [];
  await store.refresh();
  assert.equal(store.trouble(), null);
  assert.deepEqual(told, ["Everything answers again."]);
});

test("what was read stays when Ceramic is gone; other people's new posts wait to be shown", async () => {
  const { store, world } = await page();
  world.add("wallet:0xb", "one");
  await store.refresh();
  world.add("wallet:0xb", "two", Date.parse("2026-11-30T12:00:01Z"));
  await store.refresh();
  assert.deepEqual([store.posts.length, store.fresh.length], [1, 1]);
  world.down.add("ceramic");
  await store.refresh();
  assert.deepEqual([store.posts.length, store.fresh.length], [1, 1]);
  store.showFresh();
  assert.deepEqual(store.posts.map(({ text }) => text), ["two", "one"]);
});

test("older posts are read once each", async () => {
  const world = new World();
  for (let n = 0; n < 45; n += 1) world.add("wallet:0xb", `post ${n}`, Date.parse("2026-11-30T00:00:00Z") + n);
  const { store } = await page({ world });
  while (store.older) await store.readOlder();
  assert.deepEqual(store.posts.map(({ text }) => text), Array.from({ length: 45 }, (_, n) => `post ${44 - n}`));
});

test("a session that ends keeps the post, and the page asks to sign in", async () => {
  const { store, backend } = await page();
  backend.session = null;
  store.post("kept");
  await settled();
  assert.equal(store.session, null);
  assert.deepEqual([store.outbox[0].text, store.outbox[0].state, store.outbox[0].why], ["kept", "failed", "Your session is over. Sign in and try again."]);
  await store.signIn("test");
  store.sendAgain(store.outbox[0].ticket);
  await settled();
  assert.deepEqual([store.outbox.length, store.posts[0].text], [0, "kept"]);
});

test("nothing of one person goes out as the next one's", async () => {
  const { store, world, clock } = await page();
  const { id } = world.add("wallet:0xb", "hi");
  await store.refresh();
  world.down.add("nodes");
  store.post("mine");
  store.toggleLike(id);
  await settled();
  await store.signOut();
  world.down.clear();
  await store.signIn("guest");
  while (clock.timers.length > 0) await clock.run();
  assert.deepEqual([world.posts.length, world.likes.size, store.outbox[0].state], [1, 0, "failed"]);
  assert.match(store.outbox[0].why, /^Somebody else wrote this/);
  assert.equal(store.takeBack(store.outbox[0].ticket), "mine");
});

test("a name is kept and shown; a bad one is told before", async () => {
  const { store, world } = await page();
  await store.saveName(" Zoë 🦊 ");
  assert.equal(world.names.get(ALICE.user), "Zoë 🦊");
  assert.equal(store.names.get(ALICE.user), "Zoë 🦊");
  for (const name of ["", "x".repeat(41), "a\u0007"]) await assert.rejects(store.saveName(name), Failure);
});

test("an error that nobody foresaw is a sentence as well", async () => {
  const { store, world } = await page();
  world.next.push(new TypeError("x is not a function"));
  store.post("odd");
  await settled();
  assert.equal(store.outbox[0].why, "Something went wrong in this page. Nothing was changed; try it again.");
});

test("a text of one person never goes out as another's, however late its turn comes", async () => {
  const { store, world, clock } = await page();
  world.next.push(raced());
  store.post("mine");
  await settled();
  // It waits to be asked again, and somebody else is here by then.
  await store.signOut();
  await store.signIn("guest");
  await clock.run();
  assert.deepEqual(world.posts, []);
  assert.deepEqual(store.outbox.map(({ text, state }) => [text, state]), [["mine", "failed"]]);
});

test("a like that waits is not the like of whoever signs in meanwhile", async () => {
  const { store, world, clock, told } = await page();
  world.add("wallet:0xa1", "like me");
  await store.refresh();
  store.showFresh();
  world.down.add("nodes");
  const [{ id }] = store.posts;
  store.toggleLike(id);
  await settled();
  await store.signOut();
  await store.signIn("guest");
  await settled();
  assert.deepEqual([store.posts[0].liked, store.refusals.size], [false, 0]);
  world.down.clear();
  const before = world.asked.length;
  store.toggleLike(id);
  await clock.run();
  assert.deepEqual([...world.likes], [`${id}|${store.session.user}`]);
  assert.equal(world.asked.slice(before).filter((what) => what === "like").length, 1);
  assert.ok(!told.some((sentence) => /Somebody else/.test(sentence)));
});

test("what is not known of the token is asked again, until it is burnt for ever", async () => {
  const world = new World();
  world.token = { burnt: null, burntBy: 1, unburntBy: 0 };
  const { store, backend } = await page({ world });
  await settled();
  assert.equal(store.about.burnt, null);
  world.token = { burnt: false, burntBy: 1, unburntBy: 2 };
  await store.refresh();
  await settled();
  assert.equal(store.about.burnt, false);
  const { about } = backend;
  backend.about = async () => { throw silent(); };
  await store.refresh();
  await settled();
  assert.equal(store.about.burnt, false);
  backend.about = about;
  world.token = { burnt: true, burntBy: 2, unburntBy: 0 };
  await store.refresh();
  await settled();
  assert.equal(store.about.burnt, true);
  world.token = { burnt: true, burntBy: 2, unburntBy: 0, grantsBy: 0 };
  store.about = await backend.about();
  await store.refresh();
  world.token = { burnt: true, burntBy: 2, unburntBy: 0 };
  await store.refresh();
  await settled();
  assert.equal(store.about.grantsBy, 3, "whom the key is granted to is asked again as well");
  backend.about = () => assert.fail("it is burnt for ever");
  await store.refresh();
});

test("a session that cannot be read at once is read later, unless somebody has signed in", async () => {
  const world = new World(), clock = new Clock(), backend = new Memory(world, { resumed: ALICE }), store = new Store(backend, new Shelf(), clock);
  const { resume } = backend;
  backend.resume = async () => { throw silent(); };
  await store.start();
  assert.deepEqual([store.met, store.session], [true, null]);
  await store.refresh();
  assert.equal(store.session, null);
  backend.resume = resume;
  await store.refresh();
  assert.equal(store.session.user, ALICE.user);
  // Once is enough: a session that has ended does not come back.
  await store.signOut();
  backend.session = ALICE;
  await store.refresh();
  assert.equal(store.session, null);
  const other = new Store(backend, new Shelf(), clock);
  backend.resume = async () => { throw silent(); };
  await other.start();
  await other.signIn("guest");
  backend.resume = async () => ALICE;
  await other.refresh();
  assert.equal(other.session.guest, true);
});

test("what was typed is kept until it is out", async () => {
  const { store, shelf } = await page();
  store.keepDraft("half a thought");
  assert.equal((await page({ shelf })).store.draft(), "half a thought");
  store.keepDraft("");
  assert.equal(store.draft(), "");
});
