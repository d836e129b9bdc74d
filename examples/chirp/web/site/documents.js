// Posts, likes and names as the page believes them: from streams that are checked, and from nothing else.
import { asRecord } from "./ceramic.js";
import { FORMS, checkStream, streamId } from "./commit.js";
import { fromBase32 } from "./bytes.js";
import { Failure } from "./failure.js";
import { nameFault, postFault } from "./text.js";

/** @import { Ceramic } from "./ceramic.js" */
/** @import { Expected, Stream } from "./commit.js" */
/** @import { Post } from "../types.js" */

const PAGE = 20, LIKES_MAX = 500, TODAY_MAX = 100, USERS_MAX = 100, KEPT_MAX = 5_000, AT_ONCE = 6;
export const USER = /^[a-z0-9]{1,16}:[^|\s]{1,47}$/;

/** @typedef {{ publicKey: Uint8Array, did: string, models: { profile: string, post: string, like: string } }} Place */

export class Documents {
  /** @param {Ceramic} ceramic @param {Place} place @param {Expected["verify"]} verify */
  constructor(ceramic, { publicKey, did, models }, verify) {
    this.ceramic = ceramic;
    this.did = did;
    this.models = models;
    /** @param {keyof typeof FORMS} name @returns {Expected} */
    const expected = (name) => ({ publicKey, model: models[name], ...FORMS[name], verify });
    this.expected = { post: expected("post"), like: expected("like"), profile: expected("profile") };
    /** What has been checked, by id and tip. @type {Map<string, Promise<Stream>>} */
    this.kept = new Map();
  }

  /**
   * The newest posts, or those before a place.
   * @param {string | null} before @param {string | null} user who looks
   */
  async posts(before, user) {
    const { states, older } = await this.ceramic.collection({ model: this.models.post, account: this.did, ...(before ? { before } : {}) }, PAGE);
    const read = await atMost(AT_ONCE, states.reverse(), (state) => this.#post(state));
    const posts = read.filter((post) => post !== null);
    const liked = user ? await this.#likedBy(user, posts.map(({ id }) => id)) : new Set();
    const counted = await atMost(AT_ONCE, posts, async (post) => ({ ...post, likes: await this.likes(post.id), liked: liked.has(post.id) }));
    return { posts: counted, older, ignored: read.length - posts.length };
  }

  /** A post, or nothing where the bytes do not add up to one. @param {Record<string, unknown>} state @returns {Promise<Post | null>} */
  async #post(state) {
    const stream = await this.#stream(state, this.expected.post);
    return stream && postOf(stream);
  }

  /** The stream of a state, or nothing where the bytes do not add up to one. @param {Record<string, unknown>} state @param {Expected} expected */
  async #stream(state, expected) {
    const { id, tip } = idAndTip(state);
    return id ? this.#believed(id, tip, expected) : null;
  }

  /** @param {string} id */
  likes(id) {
    return this.ceramic.count({ model: this.models.like, account: this.did, queryFilters: { where: { post: { equalTo: id }, liked: { equalTo: true } } } });
  }

  /** @param {string} user @param {string[]} ids */
  async #likedBy(user, ids) {
    if (ids.length === 0) return new Set();
    const where = { user: { equalTo: user }, liked: { equalTo: true }, post: { in: ids } };
    const { states } = await this.ceramic.collection({ model: this.models.like, account: this.did, queryFilters: { where } }, LIKES_MAX);
    const streams = await atMost(AT_ONCE, states, (state) => this.#stream(state, this.expected.like)), mine = new Set();
    for (const stream of streams) {
      const { post, user: who, liked } = stream?.content ?? {};
      if (who === user && liked === true) mine.add(post);
    }
    return mine;
  }

  /** @param {string[]} users @returns {Promise<Map<string, string>>} */
  async names(users) {
    const asked = users.filter((user) => USER.test(user)).slice(0, USERS_MAX), names = new Map();
    if (asked.length === 0) return names;
    const { states } = await this.ceramic.collection({ model: this.models.profile, account: this.did, queryFilters: { where: { user: { in: asked } } } }, USERS_MAX);
    const streams = await atMost(AT_ONCE, states, (state) => this.#stream(state, this.expected.profile));
    for (const stream of streams) {
      const { user, name } = stream?.content ?? {};
      if (typeof user === "string" && typeof name === "string" && nameFault(name) === null) names.set(user, name);
    }
    return names;
  }

  /** The numbers of a user's posts of a day, as the index tells them: whether one is free the actions decide. @param {string} user @param {string} day */
  async today(user, day) {
    const and = [{ where: { author: { equalTo: user } } }, { where: { slot: { greaterThanOrEqualTo: `${day}.00` } } }];
    const { states } = await this.ceramic.collection({ model: this.models.post, account: this.did, queryFilters: { and } }, TODAY_MAX);
    return states.map((state) => slotOf(state)).filter((slot) => slot.startsWith(`${day}.`)).map((slot) => Number(slot.slice(day.length + 1)));
  }

  /** A stream that is a post, checked anew. @param {string} id */
  async post(id) {
    return checkStream(id, await this.ceramic.commits(id), this.expected.post);
  }

  /** A checked stream, or nothing; what does not answer is an error. @param {string} id @param {string} tip @param {Expected} expected */
  async #believed(id, tip, expected) {
    const key = `${id} ${tip}`;
    let stream = this.kept.get(key);
    if (!stream) {
      if (this.kept.size >= KEPT_MAX) this.kept.clear();
      stream = this.ceramic.commits(id).then((commits) => checkStream(id, commits, expected));
      this.kept.set(key, stream);
    }
    try {
      return await stream;
    } catch (error) {
      if (!(error instanceof Failure)) return null;
      this.kept.delete(key);
      throw error;
    }
  }
}

/** What a checked stream says as a post; nothing if it is none that the actions would have made. @param {Stream} stream @returns {Post | null} */
export function postOf({ id, content }) {
  const { author, slot, text, createdAt } = content;
  if (typeof author !== "string" || typeof slot !== "string" || typeof text !== "string" || typeof createdAt !== "string") return null;
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(createdAt) ? Date.parse(createdAt) : NaN;
  const slotted = /^\d{4}-\d\d-\d\d\.[0-4]\d$/.test(slot) && slot.slice(0, 10) === createdAt.slice(0, 10);
  if (!USER.test(author) || postFault(text) !== null || !slotted || Number.isNaN(at)) return null;
  return { id, author, text, createdAt: at, likes: 0, liked: false };
}

/** @param {Record<string, unknown>} state */
const slotOf = (state) => `${asRecord(asRecord(state["next"])["content"] ?? state["content"])["slot"]}`;

/** The stream id and the last commit of a state, or no id. @param {Record<string, unknown>} state */
function idAndTip(state) {
  const log = Array.isArray(state["log"]) ? state["log"] : [], first = asRecord(log[0])["cid"], tip = asRecord(log.at(-1))["cid"];
  try {
    return { id: typeof first === "string" && first.startsWith("b") ? streamId(fromBase32(first.slice(1))) : null, tip: `${tip}` };
  } catch {
    return { id: null, tip: "" };
  }
}

/**
 * Does something with every item, a few at once; the order stays.
 * @template T, R @param {number} count @param {readonly T[]} items @param {(item: T) => Promise<R>} act
 * @returns {Promise<R[]>}
 */
async function atMost(count, items, act) {
  /** @type {R[]} */
  const results = new Array(items.length);
  let next = 0;
  const work = async () => {
    for (let at = next++; at < items.length; at = next++) results[at] = await act(/** @type {T} */ (items[at]));
  };
  await Promise.all(Array.from({ length: Math.min(count, items.length) }, work));
  return results;
}
