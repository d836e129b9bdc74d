// What docs/http.md hashes: transcripts, names of actions, and the binary form of what nodes sign.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

const { concat, from } = Buffer;
const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const CODES = JSON.parse(readFileSync(new URL("../../docs/vectors/http.json", import.meta.url))).error_codes;

export const hex = (text) => from(text.replace(/^0x/, ""), "hex");
export const u64 = (value) => number(value, 8);
export const sha256 = (...parts) => createHash("sha256").update(concat(parts)).digest();
/** The hash of a domain and fields: each with its length before it. */
export const transcript = (...fields) =>
  sha256(...fields.flatMap((field) => [number(Buffer.byteLength(field), 4), from(field)]));

function number(value, bytes) {
  // A text such as "1" would pass for a number here, and for another member where members are counted.
  if (!Number.isSafeInteger(value) || value < 0 || value >= 2 ** (8 * bytes)) throw new Error(`no number of ${bytes} bytes: ${value}`);
  return from(BigInt(value).toString(16).padStart(2 * bytes, "0"), "hex");
}

export function base58(bytes) {
  let text = "";
  for (let n = BigInt(`0x${bytes.toString("hex")}`); n > 0n; n /= 58n) text = ALPHABET[n % 58n] + text;
  return text;
}

const unbase58 = (text) =>
  hex([...text].reduce((n, digit) => n * 58n + BigInt(ALPHABET.indexOf(digit)), 0n).toString(16));

const varint = (n) => from(n < 128 ? [n] : [(n % 128) | 128, ...varint(Math.floor(n / 128))]);
const item = (key, bytes) => concat([from([key]), varint(bytes.length), bytes]);
const count = (key, n) => concat([from([key]), varint(n)]);
const sum = (list, member) => list.reduce((total, one) => total + one[member], 0);

function leaf(data) {
  const u = concat([hex("0802"), data.length ? item(0x12, data) : from([]), count(0x18, data.length)]);
  const block = item(0x0a, u);
  return { hash: sha256(block), total: block.length, bytes: data.length };
}

function branch(children) {
  const bytes = sum(children, "bytes");
  const u = concat([hex("0802"), count(0x18, bytes), ...children.map((child) => count(0x20, child.bytes))]);
  const link = ({ hash, total }) => item(0x12, concat([hex("0a221220"), hash, hex("1200"), count(0x18, total)]));
  const block = concat([...children.map(link), item(0x0a, u)]);
  return { hash: sha256(block), total: block.length + sum(children, "total"), bytes };
}

/** The CIDv0 of a source. */
export function cidOf(code) {
  const cut = (list, size, join) =>
    Array.from({ length: Math.max(1, Math.ceil(list.length / size)) }, (_, place) =>
      join(list.slice(place * size, (place + 1) * size)));
  let level = cut(from(code), 262_144, leaf);
  while (level.length > 1) level = cut(level, 174, branch);
  return base58(concat([hex("1220"), level[0].hash]));
}

/** The binary form. A type is a word of the page, {member: type}, [item], or a function of its own. */
export function binary(type, value) {
  if (typeof type === "function") return type(value);
  if (Array.isArray(type)) return concat([binary("u32", value.length), ...value.map((one) => binary(type[0], one))]);
  if (typeof type === "object") return concat(Object.entries(type).map(([name, of]) => binary(of, value[name])));
  if (type === "text") return concat([binary("u32", Buffer.byteLength(value)), from(value)]);
  if (type.startsWith("u")) return number(value, type.slice(1) / 8).reverse();
  const bytes = type === "cid" ? unbase58(value).subarray(2) : hex(value);
  if (bytes.length !== (type === "cid" ? 32 : Number(type))) throw new Error(`not of type ${type}: ${value}`);
  return bytes;
}

const members = (words) => Object.fromEntries(words.split(" ").map((word) => word.split(":")));
const maybe = (type) => (value) => (value === null ? from([0]) : concat([from([1]), binary(type, value)]));
function known(place, value) {
  if (!(place >= 0)) throw new Error(`unknown: ${value}`);
  return from([place]);
}
const oneOf = (...names) => (value) => known(names.indexOf(value), value);
const code = (value) => known(CODES[value], value);
const bool = oneOf(false, true);
function admission(value) {
  if (value.list) return concat([from([2]), binary(["20"], value.list)]);
  return value.logins ? concat([from([3]), binary(["32"], value.logins)]) : oneOf("open", "granted")(value);
}

// Of two forms, named by the one member of the object.
const FORMS = { lit: members("policy:32 data:32"), container: members("network:32 policy:32 salt:32") };
const identity = (value) => {
  const [name] = Object.keys(value);
  return concat([known(Object.keys(FORMS).indexOf(name), name), binary(FORMS[name], value[name])]);
};

const INTENT = {
  ...members("operation:u32 action:cid key:33"), scheme: oneOf("EcdsaK256Sha256"),
  kind: oneOf("digest", "personal", "action", "login"), digest: "32", name: "text",
  recipient: oneOf("caller", "action"), guest: "32",
};
export const STATEMENT = {
  ...members("network:32 epoch:u64 request:32 login:32 action:cid params:32"), block: members("number:u64 hash:32"),
  intents: [INTENT], refusals: [{ operation: "u32", code }],
  collected: [{ operation: "u32", nodes: ["u8"], values: "32" }], single_node: [members("operation:u32 node:u8 value:32")],
  draws: ["u32"], opened: [{ operation: "u32", action: "cid", identity, to: oneOf("all", "one") }],
  claims: [members("operation:u32 action:cid key_id:text public_key:33")], failed: ["u32"], wildcard: bool,
  status: oneOf("completed", "denied", "failed"), error: maybe(code), response: maybe("32"), guest: "32",
};
const CONTRACT = members("address:20 code_hash:32");
const NETWORK = {
  version: "u32", name: "text", chain: members("id:u64 genesis:32 head_key:32"),
  contracts: { pkp_nft: CONTRACT, pubkey_router: CONTRACT, pkp_permissions: CONTRACT, node_registry: CONTRACT, directory: CONTRACT },
  threshold: "u8", nodes: [members("transport_key:32 statement_key:32 chain_address:20")],
  wildcard_sessions: bool, admission,
  limits: members(
    "wall_ms:u64 total_ms:u64 fuel:u64 memory_bytes:u64 stack_bytes:u32 code_bytes:u32 params_bytes:u32 response_bytes:u32 " +
    "log_bytes:u32 fetches:u32 fetched_bytes:u64 signatures:u32 collects:u32 contract_calls:u32 claims:u32 randoms:u32 decryptions:u32 children:u32 " +
    "depth:u32 pending:u32 timers:u32 host_calls:u32"),
};

const FOUNDING = {
  ...members("guest:32 deployer:20"), contracts: [members("name:text address:20 creation:32 code_hash:32")],
  values: [members("name:text value:text")], operators: ["text"],
};

/** The id of the network that a network file of version 5 or 4 describes. */
export function networkId(file) {
  const { allow_hosts: hosts = null } = file, first = binary(NETWORK, file);
  if (file.version === 5) return founded("quorate/network/v2", file);
  if (file.version !== 4) throw new Error(`version ${file.version}`);
  return transcript("quorate/network/v1", first, ...(hosts ? [binary(["text"], hosts)] : []));
}

/** A hash of a network file of version 5 without endpoints and approvals. */
const founded = (domain, file) =>
  transcript(domain, binary(NETWORK, file), concat([maybe(["text"])(file.allow_hosts ?? null), binary(FOUNDING, file.founding)]));

/** What tells a founding from another whose contracts would have the same addresses. */
export function foundingSalt(file) {
  const other = structuredClone(file), zeros = `0x${"0".repeat(64)}`, { contracts, founding } = other;
  for (const name of ["pubkey_router", "directory"]) contracts[name].code_hash = zeros;
  for (const one of founding.contracts) if (["PubkeyRouter", "Directory"].includes(one.name)) one.creation = one.code_hash = zeros;
  return founded("quorate/founding/v1", other);
}

/** What a node signs of its own endpoint. */
export function endpointDigest(key, { http, quic, private: hidden = null, word }) {
  const places = members("http:text quic:text");
  return transcript("quorate/endpoint/v1", hex(key), u64(word.number), concat([binary(places, { http, quic }), maybe(places)(hidden)]));
}

/** What a node signs to approve a network. */
export const approvalDigest = (node, network) => transcript("quorate/approval/v1", u64(node), hex(network));

/** The id of signed bytes. */
export const requestId = (network, bytes, purpose = "quorate/request/v1") => sha256(from(purpose), networkId(network), from(bytes));
