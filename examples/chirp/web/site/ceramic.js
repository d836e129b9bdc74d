// A Ceramic node, asked with bounds: of time, of bytes, and of what an answer may be. It is believed about nothing that can be checked.
import { Failure } from "./failure.js";

/** A page that looks every four seconds so says within ten that nothing is read. */
const READ_MS = 5_000, WRITE_MS = 8_000, BYTES_MAX = 4_000_000;
/** What the node is to do with what is published: keep it, and nothing else. */
const OPTS = { anchor: false, publish: false, pin: true };

/** What does not answer is asked again by the page. */
const silent = (/** @type {unknown} */ cause) => new Failure("silent", "The Ceramic node does not answer as it should: nothing is lost, and this page asks again by itself.", { cause });

/** The node said no, in words that are for nobody. */
export class Refused extends Error {}

export class Ceramic {
  /** @param {string} base @param {typeof fetch} [ask] */
  constructor(base, ask = (...call) => fetch(...call)) {
    this.base = base;
    this.fetch = ask;
  }

  /**
   * @param {string} path @param {unknown} [body] @param {number} [deadlineMs]
   * @returns {Promise<Record<string, unknown>>}
   */
  async ask(path, body, deadlineMs = WRITE_MS) {
    const post = body === undefined ? {} : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    try {
      const signal = AbortSignal.timeout(deadlineMs);
      const answer = await this.fetch(`${this.base}/${path}`, { ...post, signal, credentials: "omit", redirect: "error", referrerPolicy: "no-referrer" });
      const read = /** @type {unknown} */ (JSON.parse(await textOf(answer)));
      if (typeof read !== "object" || read === null || Array.isArray(read)) throw new Error("no object");
      if (answer.status === 500 && "error" in read) throw new Refused(`${read.error}`.slice(0, 200));
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      return /** @type {Record<string, unknown>} */ (read);
    } catch (error) {
      throw error instanceof Refused ? error : silent(error);
    }
  }

  /** Whether it answers at all. */
  async answers() {
    try {
      const answer = await this.fetch(`${this.base}/node/healthcheck`, { signal: AbortSignal.timeout(3_000), credentials: "omit" });
      await answer.body?.cancel();
      return answer.ok;
    } catch {
      return false;
    }
  }

  /** Documents of a model, as their states. @param {Record<string, unknown>} query @param {number} most */
  async collection(query, most) {
    const { edges, pageInfo } = await this.#reading("collection", { ...query, last: most });
    if (!Array.isArray(edges) || edges.length > most) throw silent("no list of documents");
    const { hasPreviousPage, startCursor } = asRecord(pageInfo);
    const older = hasPreviousPage === true && typeof startCursor === "string" && startCursor.length < 500 ? startCursor : null;
    return { states: edges.map((edge) => asRecord(asRecord(edge)["node"])), older };
  }

  /** @param {Record<string, unknown>} query */
  async count(query) {
    const { count } = await this.#reading("collection/count", query);
    if (typeof count !== "number" || !Number.isSafeInteger(count) || count < 0) throw silent("no count");
    return count;
  }

  /** The commits of a stream, unchecked. @param {string} id */
  async commits(id) {
    return (await this.#reading(`commits/${id}`)).commits;
  }

  /** The CID of a stream's last commit, and whether any is signed; unchecked. @param {string} id */
  async tip(id) {
    const commits = await this.commits(id), cid = Array.isArray(commits) ? asRecord(commits.at(-1))["cid"] : null;
    if (typeof cid !== "string" || !/^b[a-z2-7]{20,100}$/.test(cid)) throw silent("no commit");
    return { tip: cid, signed: /** @type {unknown[]} */ (commits).some((entry) => "jws" in asRecord(asRecord(entry)["value"])) };
  }

  /** For a reader, no is no answer. @param {string} path @param {unknown} [body] */
  async #reading(path, body) {
    try {
      return await this.ask(path, body, READ_MS);
    } catch (error) {
      throw error instanceof Refused ? silent(error) : error;
    }
  }

  /**
   * Puts a signed commit on its stream; the same again does no harm. `false`: somebody was faster.
   * @param {{ stream: string, genesis: unknown, commit: unknown, cid: string }} signed
   */
  async publish({ stream, genesis, commit, cid }) {
    try {
      await this.ask("streams", { type: 3, genesis, opts: OPTS });
      const { state } = await this.ask("commits", { streamId: stream, commit, opts: OPTS });
      const { log } = asRecord(state);
      if (Array.isArray(log) && log.some((entry) => asRecord(entry)["cid"] === cid)) return true;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
    }
    const there = await this.commits(stream);
    return Array.isArray(there) && there.some((entry) => asRecord(entry)["cid"] === cid);
  }
}

/** The text of an answer that is not endless. @param {Response} answer */
async function textOf(answer) {
  const reader = answer.body?.getReader(), decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "", bytes = 0;
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
    if (done || !value) return text + decoder.decode();
    bytes += value.length;
    if (bytes > BYTES_MAX) {
      await reader?.cancel();
      throw new Error("an answer that is too long");
    }
    text += decoder.decode(value, { stream: true });
  }
}

/** An object, or an empty one in the place of anything else. @param {unknown} value @returns {Record<string, unknown>} */
export const asRecord = (value) => (typeof value === "object" && value !== null && !Array.isArray(value) ? /** @type {Record<string, unknown>} */ (value) : {});
