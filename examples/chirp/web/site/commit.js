// A stream's commits, checked: nothing that a Ceramic node says is believed before its bytes add up to the key's signature.
import { equal, fromBase32, fromBase36, fromBase58, fromBase64, fromUtf8, joined, sha256, toBase32, toBase36, toBase58, utf8 } from "./bytes.js";
import { BLOCK_MAX, Link, decode, encode } from "./cbor.js";

/** @import { Value, Entries } from "../types.js" */

/**
 * The commits that the actions sign for a model: the first sets all members, and each one after it the one that may change.
 * @typedef {Object} Form
 * @property {readonly string[]} relation the members that make a stream's id
 * @property {readonly string[]} members all of them
 * @property {string | null} changes the one that may change
 */
/**
 * What every stream of this page must be: of this key, of this model, and in its form.
 * @typedef {Form & { publicKey: Uint8Array, model: string, verify: Verify }} Expected the key, compressed, and the model's stream id
 */
/** @typedef {(signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array) => boolean} Verify ECDSA over secp256k1, s in the lower half only */

/**
 * A signed commit whose every byte has been checked.
 * @typedef {Object} Checked
 * @property {string} cid of the envelope: what the next commit names
 * @property {string} link CID of the block that is signed
 * @property {Uint8Array} block
 * @property {Entries} payload the block, decoded
 * @property {{ alg: string, kid: string }} header of the JWS
 * @property {string} protected
 * @property {string} signed base64url: the CID of the block
 * @property {string} signature base64url
 */

/**
 * @typedef {Object} Stream
 * @property {string} id
 * @property {Entries} content
 * @property {string} controller
 * @property {string} genesis CID of the unsigned first commit
 * @property {readonly Checked[]} commits the signed ones, oldest first
 * @property {string} tip CID of the last commit
 */

/** @type {{ profile: Form, post: Form, like: Form }} */
export const FORMS = {
  profile: { relation: ["user"], members: ["user", "name"], changes: "name" },
  post: { relation: ["author", "slot"], members: ["author", "slot", "text", "createdAt"], changes: null },
  like: { relation: ["post", "user"], members: ["post", "user", "liked"], changes: "liked" },
};

const COMMITS_MAX = 1_000, TEXT_MAX = 32_768;
const DOCUMENT = 3, MODEL = 2;
const DAG_CBOR = 0x71, DAG_JOSE = 0x85;

/** @param {Uint8Array} publicKey compressed */
export const didOf = (publicKey) => `did:key:z${toBase58(joined(Uint8Array.from([0xe7, 1]), publicKey))}`;

/** The compressed key of a `did:key` over secp256k1. @param {string} did */
export function keyOf(did) {
  const bytes = did.startsWith("did:key:z") ? fromBase58(did.slice(9)) : new Uint8Array();
  if (bytes.length !== 35 || bytes[0] !== 0xe7 || bytes[1] !== 1 || (bytes[2] !== 2 && bytes[2] !== 3)) throw new Error("no did:key of this kind");
  return bytes.slice(2);
}

/** A stream id's bytes: `ce 01`, the type, and the CID of the first commit. @param {string} id @param {number} [type] */
export function streamBytes(id, type = DOCUMENT) {
  const bytes = /^k[0-9a-z]{40,90}$/.test(id) ? fromBase36(id.slice(1)) : new Uint8Array();
  const codec = bytes[4] === DAG_JOSE ? [DAG_JOSE, 1] : [DAG_CBOR];
  const head = Uint8Array.from([0xce, 1, type, 1, ...codec, 0x12, 32]);
  if (bytes.length !== head.length + 32 || !equal(bytes.slice(0, head.length), head)) throw new Error("no stream id of this kind");
  return bytes;
}

/** Whether a text is the id of a document's stream. @param {unknown} id */
export function isDocumentId(id) {
  try {
    return typeof id === "string" && streamBytes(id).length > 0;
  } catch {
    return false;
  }
}

/** @param {Uint8Array} genesis CID bytes */
export const streamId = (genesis) => `k${toBase36(joined(Uint8Array.from([0xce, 1, DOCUMENT]), genesis))}`;

/** @param {number} codec @param {Uint8Array} block */
async function cidOfBlock(codec, block) {
  return Uint8Array.from([1, ...(codec < 0x80 ? [codec] : [codec, 1]), 0x12, 32, ...(await sha256(block))]);
}

/**
 * The id that a document of these values has: it is fixed before anything is signed.
 * @param {Pick<Expected, "publicKey" | "model">} expected
 * @param {readonly string[]} values
 */
export async function documentId({ publicKey, model }, values) {
  const header = { controllers: [didOf(publicKey)], model: streamBytes(model, MODEL), sep: "model", unique: utf8(values.join("|")) };
  return streamId(await cidOfBlock(DAG_CBOR, encode({ data: null, header })));
}

/**
 * A stream, as a Ceramic node gives its commits, or an error that says what is wrong with it.
 * @param {string} id @param {unknown} given @param {Expected} expected
 * @returns {Promise<Stream>}
 */
export async function checkStream(id, given, expected) {
  const genesis = streamBytes(id).slice(3), did = didOf(expected.publicKey);
  if (!Array.isArray(given) || given.length < 2 || given.length > COMMITS_MAX) throw new Error("no list of commits");
  const first = `b${toBase32(genesis)}`;
  if (record(given[0])["cid"] !== first) throw new Error("the first commit is not the one that names the stream");
  /** @type {Checked[]} */
  const commits = [];
  /** @type {Entries} */
  const content = Object.create(null);
  let tip = first;
  for (const entry of given.slice(1)) {
    const { cid, value } = record(entry), container = record(value);
    if (container["proof"] === undefined) {
      const checked = await checkCommit(value, did, expected);
      follows(checked.payload, first, tip);
      patch(content, checked.payload["data"], commits.length === 0, expected);
      commits.push(checked);
      tip = checked.cid;
    } else tip = await anchor(container, first, tip);
    if (cid !== tip) throw new Error("a commit has another CID than its bytes");
  }
  if (commits.length === 0) throw new Error("nothing in this stream is signed");
  const values = expected.relation.map((name) => content[name]);
  const same = values.every((value) => typeof value === "string" && !value.includes("|"));
  if (!same || (await documentId(expected, /** @type {string[]} */ (values))) !== id) throw new Error("the stream's id is not of its content, model and key");
  return { id, content, controller: did, genesis: first, commits, tip };
}

/**
 * One signed commit: the block is what the JWS names, and the JWS is the key's.
 * @param {unknown} value @param {string} did @param {Pick<Expected, "publicKey" | "verify">} key
 * @returns {Promise<Checked>}
 */
export async function checkCommit(value, did, { publicKey, verify }) {
  const { jws, linkedBlock } = record(value), { payload, signatures, link } = record(jws);
  if (!Array.isArray(signatures) || signatures.length !== 1) throw new Error("a commit has exactly one signature");
  const { protected: head, signature } = record(signatures[0]);
  const block = fromBase64(bounded(linkedBlock));
  if (block.length > BLOCK_MAX) throw new Error("a block that is too large");
  const cid = await cidOfBlock(DAG_CBOR, block), payloadBytes = fromBase64(bounded(payload));
  if (!equal(cid, payloadBytes) || link !== `b${toBase32(cid)}`) throw new Error("the block is not the one that was signed");
  const headBytes = fromBase64(bounded(head)), header = headerOf(headBytes, did);
  const raw = fromBase64(bounded(signature)), signed = await sha256(utf8(`${head}.${payload}`));
  if (raw.length !== 64 || !verify(raw, signed, publicKey)) throw new Error("the signature is not of this key");
  const decoded = decode(block);
  const envelope = encode({ payload: payloadBytes, signatures: [{ protected: headBytes, signature: raw }] });
  return {
    cid: `b${toBase32(await cidOfBlock(DAG_JOSE, envelope))}`,
    link: `b${toBase32(cid)}`,
    block,
    payload: entries(decoded),
    header,
    protected: bounded(head),
    signed: bounded(payload),
    signature: bounded(signature),
  };
}

/** @param {Uint8Array} bytes @param {string} did */
function headerOf(bytes, did) {
  const header = record(JSON.parse(fromUtf8(bytes)));
  if (header["alg"] !== "ES256K" || header["kid"] !== `${did}#${did.slice(8)}`) throw new Error("the signature names another key or another method");
  return { alg: "ES256K", kid: header["kid"] };
}

/** @param {Entries} payload @param {string} genesis @param {string} tip */
function follows(payload, genesis, tip) {
  if (`${payload["id"]}` !== genesis || !(payload["id"] instanceof Link)) throw new Error("a commit of another stream");
  if (`${payload["prev"]}` !== tip || !(payload["prev"] instanceof Link)) throw new Error("a commit that does not follow the one before");
}

/** The CID of an anchor, which nobody signs; it has a place in the order only. @param {Record<string, unknown>} given @param {string} genesis @param {string} tip */
async function anchor(given, genesis, tip) {
  if (linkText(given["id"]) !== genesis || linkText(given["prev"]) !== tip) throw new Error("an anchor of another stream or place");
  const { path } = given;
  if (typeof path !== "string" || path.length > 200) throw new Error("an anchor without a path");
  const link = (/** @type {unknown} */ value) => new Link(cidBytes(linkText(value)));
  const block = encode({ id: link(given["id"]), path, prev: link(given["prev"]), proof: link(given["proof"]) });
  return `b${toBase32(await cidOfBlock(DAG_CBOR, block))}`;
}

/** A link in JSON: a text, or an object with the text under `/`. @param {unknown} value */
const linkText = (value) => (typeof value === "string" ? value : record(value)["/"]);

/** @param {unknown} cid */
function cidBytes(cid) {
  if (typeof cid !== "string" || !cid.startsWith("b")) throw new Error("no CID");
  const bytes = fromBase32(cid.slice(1));
  if (bytes.length < 36 || bytes.length > 40) throw new Error("no CID");
  return bytes;
}

/**
 * Applies a JSON patch of the form that the actions sign. Anything else is refused though the key has signed it: a store that
 * hides a commit from the nodes could get a first one signed for what is there.
 * @param {Entries} content @param {Value | undefined} data @param {boolean} first @param {Form} form
 */
function patch(content, data, first, { members, changes }) {
  const wanted = new Set(first ? members : changes === null ? [] : [changes]);
  if (wanted.size === 0) throw new Error("a second commit of what never changes");
  if (!Array.isArray(data) || data.length !== wanted.size) throw new Error("a commit that changes more or less than it may");
  for (const change of data) {
    const { op, path, value, ...rest } = entries(change), name = typeof path === "string" ? path.slice(1) : "";
    const may = op === (first ? "add" : "replace") && path === `/${name}` && wanted.delete(name) && Object.keys(rest).length === 0;
    if (!may || value === undefined) throw new Error("a change that these documents do not have");
    content[name] = value;
  }
}

/** @param {unknown} value @returns {Record<string, unknown>} */
function record(value) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error("no object where one belongs");
  return /** @type {Record<string, unknown>} */ (value);
}

/** @param {Value | undefined} value @returns {Entries} */
function entries(value) {
  const plain = typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array) && !(value instanceof Link);
  if (!plain) throw new Error("no map where one belongs");
  return /** @type {Entries} */ (value);
}

/** @param {unknown} text */
function bounded(text) {
  if (typeof text !== "string" || text.length > TEXT_MAX) throw new Error("no text where one belongs");
  return text;
}
