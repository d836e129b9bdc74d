// What the page's own server says of this network: where things are, and which key, models and actions are meant.
import { equal, fromHex } from "./bytes.js";
import { asRecord } from "./ceramic.js";
import { Failure } from "./failure.js";
import { didOf, keyOf, streamBytes } from "./commit.js";

const MODEL = 2, DEADLINE_MS = 8_000;
const ACTIONS = /** @type {const} */ (["createProfile", "createPost", "likePost", "unlikePost"]);

/**
 * @typedef {Object} Config
 * @property {string} network where the network file is
 * @property {string} ceramic
 * @property {string} domain of logins
 * @property {string} key the public key, as actions take it
 * @property {Uint8Array} publicKey compressed
 * @property {string} tokenId
 * @property {{ profile: string, post: string, like: string }} models
 * @property {Record<typeof ACTIONS[number], { cid: string }>} actions
 */

/** @returns {Promise<Config>} */
export async function readConfig() {
  let given;
  try {
    const answer = await fetch("/config.json", { signal: AbortSignal.timeout(DEADLINE_MS), cache: "no-cache" });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    given = await answer.json();
  } catch (error) {
    throw new Failure("silent", "This page’s own server does not answer: nothing is lost, and this page asks again by itself.", { cause: error });
  }
  try {
    return checkedConfig(given);
  } catch (error) {
    throw new Failure("refused", "This page’s own server describes no Chirp. Nothing is asked or shown; load the page again when it is set up.", { cause: error });
  }
}

/** @param {unknown} given @returns {Config} */
export function checkedConfig(given) {
  const { network, ceramic, login_domain: domain, key, models, actions } = asRecord(given), { public_key, compressed, token_id, did } = asRecord(key);
  const publicKey = fromHex(text(compressed));
  if (didOf(publicKey) !== did || !equal(keyOf(text(did)), publicKey)) throw new Error("the key and its did:key differ");
  const { profile, post, like } = asRecord(models);
  for (const model of [profile, post, like]) streamBytes(text(model), MODEL);
  const named = ACTIONS.map((name) => {
    const { cid } = asRecord(asRecord(actions)[name]);
    if (!/^Qm[1-9A-HJ-NP-Za-km-z]{44}$/.test(text(cid))) throw new Error(`${name} has no name`);
    return [name, { cid }];
  });
  return {
    network: text(network),
    ceramic: text(ceramic).replace(/\/$/, ""),
    domain: text(domain),
    key: text(public_key),
    publicKey,
    tokenId: text(token_id),
    models: { profile: text(profile), post: text(post), like: text(like) },
    actions: Object.fromEntries(named),
  };
}

/** @param {unknown} value */
function text(value) {
  if (typeof value !== "string" || value === "" || value.length > 1_000) throw new Error("a member of the configuration is missing");
  return value;
}
