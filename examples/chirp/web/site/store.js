// What the page knows and what it does about it: no element of the page, no network. A change is told to all who listen.
import { Failure, asFailure } from "./failure.js";
import { listed, nameFault, postFault, tidyPost } from "./text.js";

/** @import { About, Backend, Health, Post, Session, Wallet } from "../types.js" */

/**
 * A post that is on its way, or did not arrive.
 * @typedef {{ ticket: string, user: string, text: string, at: number, state: "sending" | "waiting" | "failed", why: string | null }} Outgoing
 */
/** @typedef {{ getItem(key: string): string | null, setItem(key: string, value: string): void, removeItem(key: string): void }} Shelf */
/** @typedef {{ now(): number, after(ms: number, act: () => void): void, random(): string }} World */

/** What people hear when all is well again. */
export const AGAIN = "Everything answers again.";
const OUTBOX = "chirp.outbox", DRAFT = "chirp.draft";
/** How long after a failed try the next one begins; the last one again and again. */
const RETRIES_MS = [1_500, 3_000, 6_000, 12_000];
/** Tries of a post that loses races. */
const RACES_MAX = 5;
const OTHERS = "Somebody else wrote this before you signed in. Edit it to post it as yourself, or sign in as before.";
const POSTS_MAX = 2_000, OUTBOX_MAX = 50;

export class Store extends EventTarget {
  /** @param {Backend} backend @param {Shelf} shelf @param {World} world */
  constructor(backend, shelf, world) {
    super();
    this.backend = backend;
    this.shelf = shelf;
    this.world = world;
    /** @type {About | null} */
    this.about = null;
    /** @type {Session | null} */
    this.session = null;
    /** Whether it is known who was here at the last visit, or somebody else has come. */
    this.resumed = false;
    /** Who was here last. @type {string | null} */
    this.last = null;
    /** Whether it is known who is here. */
    this.met = false;
    /** @type {Wallet[]} */
    this.wallets = [];
    /** @type {Post[]} newest first */
    this.posts = [];
    /** @type {Post[]} newer than what is shown */
    this.fresh = [];
    /** @type {string | null} */
    this.older = null;
    this.ignored = 0;
    /** @type {"loading" | "ready"} */
    this.phase = "loading";
    /** @type {Map<string, string>} */
    this.names = new Map();
    /** @type {Outgoing[]} */
    this.outbox = [];
    /** Likes on their way: what each will be. @type {Map<string, boolean>} */
    this.likes = new Map();
    /** What was last refused, by post. @type {Map<string, string>} */
    this.refusals = new Map();
    /** @type {Health} */
    this.health = { silent: [], ceramic: true };
    /** Why the timeline could not be read the last time. @type {string | null} */
    this.unread = null;
    this.busy = false;
    this.learning = false;
    /** Only one reading at a time. @type {Promise<void> | null} */
    this.reading = null;
  }

  /** Begins: who is here, what is there. */
  async start() {
    this.outbox = this.#kept();
    this.backend.wallets((wallets) => {
      this.wallets = wallets;
      this.changed();
    });
    await this.#resume();
    this.met = true;
    this.changed();
    await this.refresh();
  }

  changed() {
    this.dispatchEvent(new Event("change"));
  }

  /** Something for people to hear once. @param {string} sentence @param {"good" | "bad"} tone */
  tell(sentence, tone = "good") {
    this.dispatchEvent(new CustomEvent("tell", { detail: { sentence, tone } }));
  }

  // ---- who is here

  /** @param {string} wallet */
  async signIn(wallet) {
    const session = await this.backend.signIn(wallet);
    if (session.user !== this.last) this.#forgetLikes();
    this.#is(session);
    this.tell(session.guest ? "You are a guest of this browser." : "You are signed in.");
    this.changed();
    // A reading that has begun does not know who looks.
    void Promise.resolve(this.reading).then(() => this.refresh());
  }

  /** The session of the last visit. Where nothing answers, the next reading asks again. */
  async #resume() {
    if (this.resumed) return;
    const session = await this.backend.resume().catch(() => undefined);
    if (session === undefined || this.resumed) return;
    this.#is(session);
    this.changed();
  }

  /** @param {Session | null} session */
  #is(session) {
    this.resumed = true;
    this.session = session;
    if (session) this.last = session.user;
  }

  /** What one person wished the next one does not. */
  #forgetLikes() {
    this.likes.clear();
    this.refusals.clear();
  }

  async signOut() {
    await this.backend.signOut();
    this.session = null;
    this.#forgetLikes();
    this.posts = this.posts.map((post) => ({ ...post, liked: false }));
    this.tell("You are signed out.");
    this.changed();
  }

  /** @param {string} typed */
  async saveName(typed) {
    const name = typed.trim(), fault = nameFault(name);
    if (fault) throw new Failure("refused", fault);
    const { session } = this;
    if (!session) throw new Failure("ended", "You are signed out. Sign in and save again.");
    await this.#patiently(() => this.backend.saveName(name, session.user));
    this.names.set(session.user, name);
    this.tell("Your name is saved.");
    this.changed();
  }

  // ---- reading

  /** Reads the newest posts and who answers. What was read before stays when nothing answers. */
  refresh() {
    this.reading ??= this.#refresh().finally(() => {
      this.reading = null;
    });
    return this.reading;
  }

  async #refresh() {
    await this.#resume();
    void this.#learnAbout();
    // A node that hangs keeps nobody from reading.
    const health = this.backend.health().then(({ silent }) => this.#heard({ ...this.health, silent }), () => undefined);
    await this.#read();
    await health;
  }

  async #read() {
    const [page] = await Promise.allSettled([this.backend.posts({ before: null, user: this.session?.user ?? null })]);
    // Whether Ceramic answers is decided by what was read: a node that says it is well and gives nothing is no use.
    this.unread = page.status === "fulfilled" ? null : asFailure(page.reason).message;
    this.#heard({ ...this.health, ceramic: this.unread === null });
    if (page.status === "fulfilled") {
      this.#merge(page.value.posts);
      if (this.phase === "loading") this.older = page.value.older;
      this.ignored = page.value.ignored;
      this.phase = "ready";
      await this.#learnNames();
    }
    this.changed();
  }

  async #learnAbout() {
    // What is frozen stays so; anything else may change, or be known later.
    if (this.learning || (this.about?.burnt === true && this.about.grantsBy > 0 && this.about.programs.every(({ published }) => published))) return;
    this.learning = true;
    this.about = await this.backend.about().catch(() => this.about);
    this.learning = false;
    this.changed();
  }

  async readOlder() {
    if (!this.older || this.busy) return;
    this.busy = true;
    this.changed();
    try {
      const page = await this.backend.posts({ before: this.older, user: this.session?.user ?? null });
      this.older = this.posts.length < POSTS_MAX ? page.older : null;
      const known = new Set(this.posts.map(({ id }) => id));
      this.posts = [...this.posts, ...page.posts.filter(({ id }) => !known.has(id))];
      await this.#learnNames();
    } catch (error) {
      this.tell(asFailure(error).message, "bad");
    } finally {
      this.busy = false;
      this.changed();
    }
  }

  /** Shows the posts that came since. */
  showFresh() {
    this.posts = sorted([...this.fresh, ...this.posts]);
    this.fresh = [];
    this.changed();
  }

  /** @param {Post[]} page the newest posts */
  #merge(page) {
    const known = new Map(this.posts.map((post) => [post.id, post]));
    const first = this.phase === "loading" || (this.posts.length === 0 && this.outbox.length === 0);
    for (const post of page) {
      const ours = this.#isOurs(post);
      if (first || known.has(post.id) || ours) known.set(post.id, this.#asWished(post));
      if (ours) this.#arrived(post);
    }
    this.posts = sorted([...known.values()]);
    this.fresh = page.filter(({ id }) => !known.has(id));
  }

  /** A post as it will be once its like has arrived. @param {Post} post */
  #asWished(post) {
    const wish = this.likes.get(post.id);
    return wish === undefined || wish === post.liked ? post : { ...post, liked: wish, likes: Math.max(0, post.likes + (wish ? 1 : -1)) };
  }

  /** @param {Post} post */
  #isOurs(post) {
    return this.session?.user === post.author;
  }

  /** A post of the outbox that the timeline has is no longer on its way. @param {Post} post */
  #arrived(post) {
    const same = (/** @type {Outgoing} */ out) => out.state !== "sending" && out.text === post.text && post.createdAt >= out.at - 60_000;
    const at = this.outbox.findIndex(same);
    if (at < 0) return;
    this.outbox.splice(at, 1);
    this.#keep();
  }

  async #learnNames() {
    const users = new Set([...this.posts, ...this.fresh].map(({ author }) => author));
    if (this.session) users.add(this.session.user);
    try {
      for (const [user, name] of await this.backend.names([...users])) this.names.set(user, name);
    } catch {
      // A post without its author's name is still a post.
    }
  }

  /** @param {Health} health */
  #heard(health) {
    const before = this.trouble();
    this.health = health;
    const after = this.trouble();
    if (before && !after) this.tell(AGAIN);
    if (before !== after) this.changed();
  }

  /** What does not answer, in one sentence; nothing if all is well. */
  trouble() {
    const { silent, ceramic } = this.health, { about } = this;
    if (!ceramic) {
      if (this.phase === "loading") return this.unread;
      return "The Ceramic node does not answer: what you see was read before, and this page asks again by itself.";
    }
    if (silent.length === 0 || !about) return null;
    const left = about.nodes - silent.length, names = `${silent.length === 1 ? "Node" : "Nodes"} ${listed(silent)}`;
    const verb = silent.length === 1 ? "does" : "do";
    if (left >= about.threshold) return `${names} ${verb} not answer; the other ${left} sign alone, and everything goes on.`;
    return `${names} ${verb} not answer and ${about.threshold} are needed to sign; posts and likes wait and go out by themselves.`;
  }

  // ---- writing

  draft() {
    return this.shelf.getItem(DRAFT) ?? "";
  }

  /** @param {string} text */
  keepDraft(text) {
    if (text) this.shelf.setItem(DRAFT, text.slice(0, 200_000));
    else this.shelf.removeItem(DRAFT);
  }

  /**
   * Takes a post into the outbox, from where it is sent; gives what is wrong with it otherwise.
   * @param {string} typed
   * @returns {string | null}
   */
  post(typed) {
    const text = tidyPost(typed), fault = postFault(text);
    if (fault) return fault;
    if (!this.session) return "You are signed out. Sign in and post again; your text stays here.";
    if (this.outbox.length >= OUTBOX_MAX) return "Too many posts are waiting already. Wait until they are out; your text stays here.";
    const out = /** @type {Outgoing} */ ({ ticket: this.world.random(), user: this.session.user, text, at: this.world.now(), state: "sending", why: null });
    this.outbox.unshift(out);
    this.#keep();
    this.changed();
    void this.#send(out, 0);
    return null;
  }

  /** @param {string} ticket */
  sendAgain(ticket) {
    const out = this.outbox.find((item) => item.ticket === ticket);
    if (!out || out.state === "sending") return;
    out.state = "sending";
    out.why = null;
    this.changed();
    void this.#send(out, 0);
  }

  /** Takes a post out of the outbox and gives its text back. @param {string} ticket */
  takeBack(ticket) {
    const at = this.outbox.findIndex((item) => item.ticket === ticket && item.state !== "sending");
    const [out] = at < 0 ? [] : this.outbox.splice(at, 1);
    this.#keep();
    this.changed();
    return out?.text ?? null;
  }

  /** @param {Outgoing} out @param {number} tries */
  async #send(out, tries) {
    try {
      if (this.session && this.session.user !== out.user) throw new Failure("refused", OTHERS);
      const post = await this.#patiently(() => this.backend.createPost(out.text, out.ticket, out.user));
      this.outbox = this.outbox.filter((item) => item !== out);
      this.posts = sorted([post, ...this.posts.filter(({ id }) => id !== post.id)]);
      this.tell("Posted.");
    } catch (error) {
      const failure = asFailure(error);
      out.why = failure.message;
      out.state = failure.kind === "silent" ? "waiting" : "failed";
      if (out.state === "failed") this.tell(failure.message, "bad");
      else this.#later(tries, () => {
        if (out.state !== "waiting" || !this.outbox.includes(out)) return;
        out.state = "sending";
        this.changed();
        void this.#send(out, tries + 1);
      });
      void this.refresh();
    }
    this.#keep();
    this.changed();
  }

  /** Likes a post, or takes the like back: at once here, and corrected if it is refused. @param {string} id */
  toggleLike(id) {
    const post = this.posts.find((item) => item.id === id);
    if (post) this.wish(id, !post.liked);
  }

  /** Asks for a like, whether there is one already or not. @param {string} id @param {boolean} liked */
  wish(id, liked) {
    if (!this.session) return this.tell("Sign in to like a post.", "bad");
    if (this.likes.has(id)) return;
    const before = this.posts.find((item) => item.id === id);
    if (!before) return;
    this.refusals.delete(id);
    this.likes.set(id, liked);
    this.#setLike(id, this.#asWished(before));
    void this.#sendLike(before, liked, this.session.user, 0);
  }

  /** @param {Post} before @param {boolean} liked @param {string} user @param {number} tries */
  async #sendLike(before, liked, user, tries) {
    const { id } = before;
    // Whoever has come since has wishes of their own.
    const stands = () => this.last === user && this.likes.get(id) === liked;
    try {
      await this.#patiently(() => (liked ? this.backend.like(id, user) : this.backend.unlike(id, user)));
      if (!stands()) return;
      this.likes.delete(id);
      this.refusals.delete(id);
      this.changed();
    } catch (error) {
      if (!stands()) return;
      const failure = asFailure(error);
      this.refusals.set(id, failure.message);
      if (failure.kind === "silent") {
        this.#later(tries, () => void (stands() && this.#sendLike(before, liked, user, tries + 1)));
        this.changed();
      } else {
        this.likes.delete(id);
        this.changed();
        this.tell(failure.message, "bad");
        await this.#correct(before);
      }
      void this.refresh();
    }
  }

  /** Shows what is true after a refusal: what is read now, or what was there before. @param {Post} before */
  async #correct(before) {
    const wished = this.posts.find(({ id }) => id === before.id);
    await this.reading;
    await this.refresh();
    if (this.posts.includes(/** @type {Post} */ (wished))) this.#setLike(before.id, before);
  }

  /** @param {string} id @param {Post} post */
  #setLike(id, post) {
    this.posts = this.posts.map((item) => (item.id === id ? { ...item, liked: post.liked, likes: post.likes } : item));
    this.changed();
  }

  /** @param {string} id */
  forgetRefusal(id) {
    if (this.refusals.delete(id)) this.changed();
  }

  /**
   * Somebody faster, or nodes that saw a stream at different moments, are no news for people: asked again, a few times.
   * @template T @param {() => Promise<T>} ask @returns {Promise<T>}
   */
  async #patiently(ask) {
    for (let tries = 1; ; tries += 1) {
      try {
        return await ask();
      } catch (error) {
        const failure = asFailure(error);
        if (failure.kind === "ended") this.session = null;
        if (failure.kind !== "raced" || tries >= RACES_MAX) throw failure;
        await new Promise((resolve) => this.world.after(100 * tries, () => resolve(undefined)));
      }
    }
  }

  /** @param {number} tries @param {() => void} act */
  #later(tries, act) {
    this.world.after(RETRIES_MS[Math.min(tries, RETRIES_MS.length - 1)] ?? 0, act);
  }

  #keep() {
    if (this.outbox.length === 0) return this.shelf.removeItem(OUTBOX);
    this.shelf.setItem(OUTBOX, JSON.stringify(this.outbox));
  }

  /** What was on its way when the page was left. It may have arrived: then the timeline takes it out. @returns {Outgoing[]} */
  #kept() {
    try {
      const items = /** @type {unknown} */ (JSON.parse(this.shelf.getItem(OUTBOX) ?? "[]"));
      if (!Array.isArray(items)) return [];
      const good = items.filter((item) => typeof item?.text === "string" && typeof item.ticket === "string" && typeof item.user === "string" && typeof item.at === "number");
      const why = "This page was left before the post was out. Send it again, or edit it.";
      return good.slice(0, OUTBOX_MAX).map(({ text, ticket, user, at }) => ({ text, ticket, user, at, state: "failed", why }));
    } catch {
      return [];
    }
  }
}

/** @param {Post[]} posts */
const sorted = (posts) => posts.sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1));
