// The real outside: the network through its client, and the Ceramic node. What either says is checked here or where it is read.
import {
  Client, capability, cidOf, fetchNetwork, forgetSession, guestKey, keyLogin, logIn, openStore, restoreSession, verifyDigest, verifyReceipt, walletLogin,
} from "/sdk/quorate.js";
import { sha256, toHex, utf8 } from "./bytes.js";
import { Ceramic } from "./ceramic.js";
import { checkCommit, didOf, isDocumentId } from "./commit.js";
import { readConfig } from "./config.js";
import { Documents, postOf } from "./documents.js";
import { Failure } from "./failure.js";
import { Refusal, answered, inWords } from "./refusal.js";
import { findWallets } from "./wallets.js";

/** @import { About, Backend, Health, Post, Session, Wallet } from "../types.js" */
/** @import { Config } from "./config.js" */

const DAY_MS = 86_400_000, NODE_PATIENCE_MS = 3_000;
const FASTER = "Somebody else wrote at the same moment, again and again. Try it once more in a while.";
const OTHERS = "Somebody else began this before you signed in. Do it again as yourself, or sign in as before.";
const ENDED = "Your session is over. Sign in and try again.";
const STATEMENT = "Sign in to Chirp. This costs nothing and sends nothing to a chain.";

/** @typedef {{ stream: string, genesis: unknown, commit: unknown, cid: string, receipt: unknown }} Signed */

/** @returns {Backend} */
export const open = () => new Live();

/** @implements {Backend} */
class Live {
  constructor() {
    /** @type {ReturnType<Live["load"]> | null} */
    this.loading = null;
    /** @type {any} the client's session */
    this.session = null;
    this.guest = false;
    this.asking = new AbortController();
    /** Signed and not known to be published, by wish. @type {Map<string, Signed>} */
    this.signed = new Map();
    /** Published and not read back, by ticket. @type {Map<string, string>} */
    this.published = new Map();
    /** Numbers that were tried for a post, by ticket. @type {Map<string, number[]>} */
    this.numbers = new Map();
    /** Actions whose source a node has given, with the right hash. @type {Set<string>} */
    this.sources = new Set();
    /** Ends with the post before. @type {Promise<unknown>} */
    this.posting = Promise.resolve();
    /** The last commits of documents that a commit of ours did not follow, by wish. @type {Map<string, string>} */
    this.tips = new Map();
    /** @type {(id: string) => any} */
    this.provider = () => undefined;
  }

  /** The configuration, the network file and what is made of them: once, or again after a failure. */
  ready() {
    this.loading ??= this.load().catch((error) => {
      this.loading = null;
      throw inWords(error);
    });
    return this.loading;
  }

  async load() {
    const config = await readConfig();
    const [network, store] = await Promise.all([fetchNetwork(new URL(config.network, location.href)), openStore("chirp")]);
    const client = new Client(network, { first: 1 + Math.floor(Math.random() * network.size) });
    const ceramic = new Ceramic(config.ceramic), place = { publicKey: config.publicKey, did: didOf(config.publicKey), models: config.models };
    return { config, network, store, client, ceramic, documents: new Documents(ceramic, place, verifyDigest) };
  }

  // ---- who is here

  /** @param {(wallets: Wallet[]) => void} found */
  wallets(found) {
    this.provider = findWallets(window, found).provider;
  }

  /** @param {string} wallet @returns {Promise<Session>} */
  async signIn(wallet) {
    const { store } = await this.ready();
    const guest = wallet === "guest", provider = this.provider(wallet);
    if (!guest && !provider) throw new Failure("declined", "This wallet is gone from the browser. Load the page again, or go on as a guest.");
    // Whoever has waited long enough for a wallet may go another way; the wallet's late answer then counts for nothing.
    this.asking.abort();
    this.asking = new AbortController();
    try {
      await this.#logIn(guest ? keyLogin(await guestKey(store)) : walletLogin(provider), this.asking.signal);
      await store.put("guest", guest);
    } catch (error) {
      throw inWords(error);
    }
    this.guest = guest;
    return this.#who();
  }

  /** @param {import("/sdk/quorate.js").LoginMethod} method @param {AbortSignal} [signal] */
  async #logIn(method, signal) {
    const { config, network, store } = await this.ready();
    const capabilities = Object.values(config.actions).map(({ cid }) => capability({ action: cid }));
    this.session = await logIn(network, method, { domain: config.domain, capabilities, lifeMs: DAY_MS - 60_000, statement: STATEMENT, store, ...(signal && { signal }) });
  }

  /** @returns {Session} */
  #who() {
    return { user: userOf(this.session), address: this.session.address, guest: this.guest };
  }

  /** @param {string} user */
  #mustBe(user) {
    if (!this.session) throw new Failure("ended", ENDED);
    if (userOf(this.session) !== user) throw new Failure("refused", OTHERS);
  }

  async resume() {
    const { network, store, config } = await this.ready();
    const [guest, session] = [(await store.get("guest")) === true, await restoreSession(network, { store })];
    const wanted = Object.values(config.actions).map(({ cid }) => capability({ action: cid }));
    // Whoever has signed in meanwhile stays.
    if (!this.session && session && wanted.every((one) => session.capabilities.includes(one))) [this.session, this.guest] = [session, guest];
    return this.session ? this.#who() : null;
  }

  async signOut() {
    const { store } = await this.ready();
    this.session = null;
    // What one person wished and has not published is nothing that the next one may publish.
    for (const wishes of [this.signed, this.published, this.numbers, this.tips]) wishes.clear();
    await forgetSession({ store });
  }

  // ---- reading

  /** @returns {Promise<About>} */
  async about() {
    const { config, network, client } = await this.ready(), wanted = `0x${toHex(config.publicKey)}`;
    const ask = (/** @type {number} */ node) => client.keyView(node, config.tokenId, { signal: AbortSignal.timeout(NODE_PATIENCE_MS) });
    const told = await Promise.allSettled(numbersOf(network).map(ask));
    const views = told.flatMap((one) => (one.status === "fulfilled" && one.value.public_key === wanted ? [one.value] : []));
    const { grants, ...words } = agreed(views, network.threshold), names = Object.entries(config.actions);
    const known = names.map(([name, { cid }]) => ({ name, cid })), strange = (grants ?? []).filter(({ kind, id }) => kind === "action" && !known.some(({ cid }) => cid === id));
    const programs = [...known, ...strange.map(({ id }) => ({ name: null, cid: id }))].map(async ({ name, cid }) => {
      const scopes = grants?.find(({ kind, id }) => kind === "action" && id === cid)?.scopes ?? null;
      return { name, cid, scopes, published: await this.#published(cid) };
    });
    const others = (grants ?? []).filter(({ kind }) => kind !== "action").map(({ kind, id }) => `${kind} ${id}`);
    return { did: didOf(config.publicKey), publicKey: config.key, ...words, programs: await Promise.all(programs), others, nodes: network.size, threshold: network.threshold };
  }

  /** Whether a node gives an action's source: once is enough, since the hash cannot change. @param {string} cid */
  async #published(cid) {
    if (this.sources.has(cid)) return true;
    const { client } = await this.ready();
    const text = await client.getCode(cid, { signal: AbortSignal.timeout(NODE_PATIENCE_MS) }).catch(() => null);
    if (text !== null && cidOf(text) === cid) this.sources.add(cid);
    return this.sources.has(cid);
  }

  /** @param {{ before: string | null, user: string | null }} options */
  async posts({ before, user }) {
    return (await this.ready()).documents.posts(before, user);
  }

  /** @param {string[]} users */
  async names(users) {
    return (await this.ready()).documents.names(users);
  }

  /** @returns {Promise<Health>} */
  async health() {
    const { network, client, ceramic } = await this.ready();
    const numbers = numbersOf(network);
    const answers = (/** @type {number} */ node) => client.nodeView(node, { signal: AbortSignal.timeout(NODE_PATIENCE_MS) }).then(() => true, () => false);
    const [answering, store] = await Promise.all([Promise.all(numbers.map(answers)), ceramic.answers()]);
    return { silent: numbers.filter((_, at) => !answering[at]), ceramic: store };
  }

  /** @param {string} cid */
  async source(cid) {
    const { client } = await this.ready();
    try {
      const text = await client.getCode(cid);
      if (cidOf(text) === cid) return text;
    } catch (error) {
      throw new Failure("silent", "No node gave this source with the right hash. Open it again in a moment.", { cause: error });
    }
    throw new Failure("refused", "A node gave another text than the action’s name says. It is not shown; open it again to ask another node.");
  }

  /** @param {string} post */
  async proof(post) {
    const { config, network, store } = await this.ready();
    const stream = await this.#checked(post).catch((error) => {
      if (error instanceof Failure && error.kind === "silent") throw new Failure("silent", "The Ceramic node does not answer, so nothing can be checked now. Try again in a moment.", { cause: error });
      throw error;
    });
    const commit = stream.commits[0];
    if (!commit) throw new Failure("refused", "This stream has no signed commit, so there is nothing to show. Load the page again.");
    const action = { name: "createPost", cid: config.actions.createPost.cid };
    const kept = await store.get(`receipt:${commit.cid}`).catch(() => undefined);
    return { stream, commit, action, receipt: await receiptOf(network, kept, commit, action.cid) };
  }

  /** A post's stream, read and checked anew. @param {string} post */
  async #checked(post) {
    return (await this.ready()).documents.post(post).catch((error) => {
      if (error instanceof Failure) throw error;
      throw new Failure("refused", `This commit does not hold: ${error.message}. It is not shown as a post; load the page again.`, { cause: error });
    });
  }

  // ---- writing

  // Whatever is asked for names its author: whoever is signed in when its turn comes may be somebody else.

  /** One after the other, so that posts of one page do not race for a number. @param {string} text @param {string} ticket @param {string} user @returns {Promise<Post>} */
  createPost(text, ticket, user) {
    const post = this.posting.then(() => this.#createPost(text, ticket, user));
    this.posting = post.catch(() => undefined);
    return post;
  }

  /** @param {string} text @param {string} ticket @param {string} user @returns {Promise<Post>} */
  async #createPost(text, ticket, user) {
    this.#mustBe(user);
    // What is published and could not be read back is read again, never written again.
    const id = this.published.get(ticket) ?? (await this.#publishPost(text, ticket, user));
    this.published.set(ticket, id);
    const post = postOf(await this.#checked(id));
    if (!post) throw new Failure("refused", "The nodes signed something that is no post. It is not shown; load the page again.");
    this.published.delete(ticket);
    return post;
  }

  /** @param {string} text @param {string} ticket @param {string} user */
  async #publishPost(text, ticket, user) {
    const { documents } = await this.ready(), tried = this.numbers.get(ticket) ?? [];
    this.numbers.set(ticket, tried);
    const taken = new Set([...(await documents.today(user, new Date().toISOString().slice(0, 10))), ...tried]);
    let number = 0;
    while (taken.has(number)) number += 1;
    const { stream } = await this.#write(ticket, "createPost", { text, number }, user).catch((error) => {
      if (error instanceof Refusal && error.code === "slot_taken") tried.push(number);
      throw error;
    });
    this.numbers.delete(ticket);
    return stream;
  }

  /** @param {string} post @param {string} user */
  async like(post, user) {
    await this.#write(`like ${post}`, "likePost", { post: checkedId(post) }, user);
  }

  /** @param {string} post @param {string} user */
  async unlike(post, user) {
    await this.#write(`unlike ${post}`, "unlikePost", { post: checkedId(post) }, user);
  }

  /** @param {string} name @param {string} user */
  async saveName(name, user) {
    await this.#write(`name ${name}`, "createProfile", { name }, user).catch((error) => {
      if (!(error instanceof Refusal && error.code === "name_unchanged")) throw error;
    });
  }

  /**
   * Runs an action and publishes what it signed. What was signed and not published is published first: a wish has one commit.
   * @param {string} what @param {keyof Config["actions"]} action @param {Record<string, string | number>} params @param {string} user
   * @returns {Promise<Signed>}
   */
  async #write(what, action, params, user) {
    const { ceramic, store } = await this.ready(), wish = `${user} ${what}`;
    this.#mustBe(user);
    const tip = this.tips.get(wish);
    this.tips.delete(wish);
    const signed = this.signed.get(wish) ?? (await this.#run(action, tip ? { ...params, tip } : params, user));
    this.signed.set(wish, signed);
    const published = await ceramic.publish(signed);
    this.signed.delete(wish);
    if (!published) {
      const { tip: last, signed: taken } = await ceramic.tip(signed.stream);
      if (taken && action === "createPost") throw new Refusal("raced", FASTER, "slot_taken");
      // An index may not know of a document's last commit: the next try names it.
      this.tips.set(wish, last);
      throw new Failure("raced", FASTER);
    }
    await store.put(`receipt:${signed.cid}`, signed.receipt).catch(() => undefined);
    return signed;
  }

  /** @param {keyof Config["actions"]} name @param {Record<string, string | number>} params @param {string} user @returns {Promise<Signed>} */
  async #run(name, params, user) {
    const { config, client, documents } = await this.ready(), session = await this.#session();
    if (userOf(session) !== user) throw new Failure("refused", OTHERS);
    /** @type {import("/sdk/quorate.js").Execution} */
    let execution;
    try {
      execution = await client.execute(session, { action: { cid: config.actions[name].cid }, params: { publicKey: config.key, ...params } });
    } catch (error) {
      throw inWords(error);
    }
    const { stream, genesis, commit } = answered(execution.response);
    if (!isDocumentId(stream)) throw new Failure("refused", "The nodes named a stream that is none. Nothing was published; load the page again.");
    try {
      const { cid } = await checkCommit(commit, documents.did, { publicKey: config.publicKey, verify: verifyDigest });
      return { stream: /** @type {string} */ (stream), genesis, commit, cid, receipt: execution.receipt };
    } catch (error) {
      throw new Failure("refused", "The nodes gave a commit whose signature is not the key’s. Nothing was published; load the page again.", { cause: error });
    }
  }

  /** A session that is still good; a guest's is made anew without a question. */
  async #session() {
    if (this.session && !this.session.expired) return this.session;
    if (!this.session || !this.guest) throw new Failure("ended", ENDED);
    const { store } = await this.ready();
    await this.#logIn(keyLogin(await guestKey(store))).catch((error) => {
      throw inWords(error);
    });
    return this.session;
  }
}

/**
 * What t nodes tell alike of a key: then one of them is honest. Grants that are listed in another order are the same.
 * @param {import("/sdk/quorate.js").KeyView[]} views @param {number} threshold
 */
export function agreed(views, threshold) {
  const saying = (/** @type {boolean} */ burnt) => views.filter((view) => view.burnt === burnt).length, [yes, no] = [saying(true), saying(false)];
  const burnt = yes >= threshold ? true : no >= threshold ? false : null;
  /** @type {Map<string, typeof views>} */
  const lists = new Map();
  for (const view of views) {
    if (!view.grants) continue;
    const list = JSON.stringify(view.grants.map(({ kind, id, scopes }) => [kind, id, ...scopes]).sort());
    lists.set(list, [...(lists.get(list) ?? []), view]);
  }
  const most = [...lists.values()].find((alike) => alike.length >= threshold);
  return { burnt, burntBy: yes, unburntBy: no, grants: most?.[0]?.grants ?? null, grantsBy: most?.length ?? 0 };
}

/** @param {{ size: number }} network */
const numbersOf = ({ size }) => Array.from({ length: size }, (_, at) => at + 1);

/** Whom the actions see in a session. @param {{ address: string }} session */
const userOf = ({ address }) => `wallet:${address.toLowerCase()}`;

/** @param {string} id */
function checkedId(id) {
  if (!isDocumentId(id)) throw new Failure("refused", "This is not the id of a post. Nothing was asked; load the page again.");
  return id;
}

/**
 * Who signed the receipt of a commit; nothing if this browser has none, or it does not hold.
 * @param {any} network @param {unknown} kept @param {import("./commit.js").Checked} commit @param {string} action
 */
async function receiptOf(network, kept, commit, action) {
  if (kept === undefined || kept === null) return null;
  try {
    const { members, statement } = verifyReceipt(network, kept);
    const digest = `0x${toHex(await sha256(utf8(`${commit.protected}.${commit.signed}`)))}`;
    const about = statement.action === action && statement.intents.some((intent) => intent.digest === digest);
    return about ? { request: statement.request, members: [...members], action } : null;
  } catch {
    return null;
  }
}
