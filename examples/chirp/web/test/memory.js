// A backend in memory, for the page's own tests: the rules of the actions, an outside that can be made to fail, and no cryptography.
import { Failure } from "../site/failure.js";

const silent = () => new Failure("silent", "The Ceramic node does not answer as it should: nothing is lost, and this page asks again by itself.");

/** The world of all pages of a test. */
export class World {
  constructor({ now = () => Date.now(), latency = 0 } = {}) {
    this.now = now;
    this.latency = latency;
    this.posts = [];
    this.likes = new Set();
    this.names = new Map();
    this.tickets = new Map();
    /** What does not work: "ceramic", "nodes". */
    this.down = new Set();
    this.silent = [];
    this.token = { burnt: true, burntBy: 3, unburntBy: 0 };
    /** Answers that the next writes get instead. */
    this.next = [];
    this.asked = [];
  }

  add(author, text, createdAt = this.now()) {
    const post = { id: `k2t6wyfsu4pfz${String(this.posts.length).padStart(49, "0")}`, author, text, createdAt };
    this.posts.push(post);
    return post;
  }
}

export class Memory {
  constructor(world, { wallets = [], address = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8", resumed = null, proof = null } = {}) {
    Object.assign(this, { world, known: wallets, address, session: resumed, golden: proof });
  }

  async #ask(what, needs = "ceramic") {
    this.world.asked.push(what);
    await new Promise((resolve) => setTimeout(resolve, this.world.latency));
    if (this.world.down.has(needs)) throw silent();
  }

  async #write(what, user) {
    await this.#ask(what, "nodes");
    const next = this.world.next.shift();
    if (next) throw next;
    if (this.world.down.has("ceramic")) throw silent();
    if (!this.session) throw new Failure("ended", "Your session is over. Sign in and try again.");
    if (this.session.user !== user) throw new Failure("refused", "Somebody else began this before you signed in.");
  }

  async about() {
    const cid = (letter) => `Qm${letter.repeat(44)}`;
    const programs = ["createProfile", "createPost", "likePost", "unlikePost"].map((name, at) => ({ name, cid: cid("abcd"[at]), scopes: [1], published: true }));
    return { did: "did:key:zQ3shQWYign61Wgvynv4M5ho2MuPhVqzef2QkkTGBX5J2j4rv", publicKey: "0x04", grantsBy: 3, others: [], programs, ...this.world.token, nodes: 3, threshold: 2 };
  }

  wallets(found) {
    found(this.known);
  }

  async signIn(wallet) {
    await this.#ask("signIn", "wallet");
    const guest = wallet === "guest", address = guest ? "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC" : this.address;
    this.session = { user: `wallet:${address.toLowerCase()}`, address, guest };
    return this.session;
  }

  async resume() {
    return this.session;
  }

  async signOut() {
    this.session = null;
  }

  async posts({ before, user }) {
    await this.#ask("posts");
    const all = [...this.world.posts].reverse(), from = before ? Number(before) : 0;
    const posts = all.slice(from, from + 20).map((post) => ({ ...post, likes: [...this.world.likes].filter((like) => like.startsWith(`${post.id}|`)).length, liked: this.world.likes.has(`${post.id}|${user}`) }));
    return { posts, older: from + 20 < all.length ? `${from + 20}` : null, ignored: this.world.ignored ?? 0 };
  }

  async names(users) {
    return new Map(users.filter((user) => this.world.names.has(user)).map((user) => [user, this.world.names.get(user)]));
  }

  async createPost(text, ticket, user) {
    await this.#write("createPost", user);
    const post = this.world.tickets.get(ticket) ?? this.world.add(this.session.user, text);
    this.world.tickets.set(ticket, post);
    return { ...post, likes: 0, liked: false };
  }

  async like(id, user) {
    await this.#write("like", user);
    const like = `${id}|${this.session.user}`;
    if (this.world.likes.has(like)) throw new Failure("refused", "You like this post already.");
    this.world.likes.add(like);
  }

  async unlike(id, user) {
    await this.#write("unlike", user);
    if (!this.world.likes.delete(`${id}|${this.session.user}`)) throw new Failure("refused", "You do not like this post.");
  }

  async saveName(name, user) {
    await this.#write("saveName", user);
    this.world.names.set(this.session.user, name);
  }

  async proof() {
    await this.#ask("proof");
    if (!this.golden) throw new Failure("refused", "This commit does not hold: the signature is not of this key. It is not shown as a post any more.");
    return this.golden;
  }

  async source() {
    return "export default async ({ text, number }: { text: string; number: number }) => {\n  const author = caller();\n  if (countPoints(text) > 280) return refuse(\"text_too_long\");\n  return sign(post(author, slot(number), text));\n};\n";
  }

  async health() {
    return { silent: [...this.world.silent], ceramic: !this.world.down.has("ceramic") };
  }
}
