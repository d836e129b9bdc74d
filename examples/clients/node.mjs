// A client after docs/http.md: a fresh wallet logs in, runs an action, and believes the reply by its receipt.
// npm ci, then: node node.mjs NETWORK_JSON ACTION_JS [PARAMS_JSON]
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { isDeepStrictEqual as equal } from "node:util";
import { ed25519 } from "@noble/curves/ed25519.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { STATEMENT, base58, binary, cidOf, hex, networkId, sha256, transcript, u64 } from "./encoding.mjs";

const digits = (bytes) => Buffer.from(bytes).toString("hex");
const base64url = (bytes) => Buffer.from(bytes).toString("base64url");

/** The address of a wallet's key, with its checksum (EIP-55). */
export function addressOf(secret) {
  const address = digits(keccak_256(secp256k1.getPublicKey(secret, false).subarray(1)).subarray(12));
  const hash = digits(keccak_256(Buffer.from(address)));
  return `0x${[...address].map((digit, place) => (hash[place] >= "8" ? digit.toUpperCase() : digit)).join("")}`;
}

/** What `personal_sign` of a wallet gives. */
export function personalSign(secret, text) {
  const digest = keccak_256(Buffer.from(`\x19Ethereum Signed Message:\n${Buffer.byteLength(text)}${text}`));
  const [recovery, ...rs] = secp256k1.sign(digest, secret, { prehash: false, format: "recovered" });
  return `0x${digits(rs)}${digits([27 + recovery])}`;
}

/** Lets a session do things for a wallet; nodes are shown `proof`. */
export function logIn(network, wallet, capabilities, { session = randomBytes(32), rz = randomBytes(32), now = Date.now() } = {}) {
  const key = ed25519.getPublicKey(session), domain = network.login_domains[0], expires = now + 3_600_000;
  const nonce = transcript("quorate/login-v1", networkId(network), domain, key, u64(expires), transcript("quorate/capabilities/v1", ...capabilities), rz);
  const message = [`${domain} wants you to sign in with your Ethereum account:`, addressOf(wallet), "",
    "Allow this session to run the actions listed below, which may use the keys listed with them.", "",
    `URI: did:key:z${base58(Buffer.concat([hex("ed01"), key]))}`, "Version: 1", `Chain ID: ${network.chain.id}`, `Nonce: ${digits(nonce)}`,
    `Issued At: ${new Date(now).toISOString()}`, `Expiration Time: ${new Date(expires).toISOString()}`, "Resources:",
    ...capabilities.map((capability) => `- ${capability}`)].join("\n");
  const proof = { kind: "wallet", message, signature: personalSign(wallet, message), rz: `0x${digits(rz)}` };
  const hash = `0x${digits(transcript("quorate/login/v1", proof.kind, message, proof.signature, rz))}`;
  return { session, key: digits(key), proof, hash };
}

/** The id of signed bytes and the session's signature. */
export function sign(network, login, bytes, purpose = "quorate/request/v1") {
  const id = sha256(Buffer.from(purpose), networkId(network), Buffer.from(bytes));
  return { id: digits(id), sig: base64url(ed25519.sign(transcript("quorate/session-request/v1", id), login.session)) };
}

/** Throws unless the receipt proves this reply to the request with these bytes and parameters. */
export function check(network, bytes, params, reply) {
  const must = (holds, what) => { if (!holds) throw new Error(`not proven: ${what}`); };
  const { statements } = reply.receipt, [{ body } = {}] = statements, request = JSON.parse(bytes);
  must(statements.every(({ node }) => Number.isInteger(node) && node >= 1 && node <= network.nodes.length), "no member");
  must(new Set(statements.map(({ node }) => node)).size === statements.length, "a member twice");
  must(statements.length >= network.threshold, "too few members");
  for (const { node, body: other, signature } of statements) {
    const signed = transcript("quorate/statement/v1", u64(node), binary(STATEMENT, body));
    const key = network.nodes[node - 1]?.statement_key;
    must(equal(other, body) && key && ed25519.verify(hex(signature), signed, hex(key), { zip215: false }), `node ${node}`);
  }
  const { id } = sign(network, { session: randomBytes(32) }, bytes);
  must(body.network === digits(networkId(network)) && body.epoch === 1, "network");
  must(body.request === id && reply.request_id === id, "request");
  must(["login", "action", "block"].every((name) => equal(body[name], request[name])), "login, action or block");
  must(body.params === `0x${digits(transcript("quorate/params/v1", params))}`, "params");
  must(body.status === reply.status && body.error === (reply.error ?? null), "status");
  must(body.response === (reply.response === null ? null : `0x${digits(transcript("quorate/response/v1", reply.response))}`), "response");
  must(equal(body.claims, reply.claims ?? []), "claims");
  const within = (lane, failed) => lane === failed || (lane > failed && within(lane >> 4, failed));
  const shown = body.intents.filter(({ operation, recipient }) => body.status === "completed" && recipient === "caller" && !body.failed.some((failed) => within(operation >> 10, failed)));
  must(Object.keys(reply.signatures).length === shown.length, "number of signatures");
  for (const { name, operation, key, digest, scheme } of shown) {
    const lane = operation >> 10, view = reply.signatures[lane === 0 && !name.includes("#") ? name : `${name}#${lane.toString(16)}`];
    must(view && view.public_key === key && view.digest === digest && view.scheme === scheme && [0, 1].includes(view.recovery_id), name);
    const signature = Buffer.concat([Buffer.from([view.recovery_id]), hex(view.signature)]);
    must(secp256k1.verify(signature.subarray(1), hex(digest), hex(key), { prehash: false, lowS: true }), name);
    must(equal(secp256k1.recoverPublicKey(signature, hex(digest), { prehash: false }), Uint8Array.from(hex(key))), name);
  }
  return body;
}

async function main([file, action, params = "{}"]) {
  const network = JSON.parse(readFileSync(file)), code = readFileSync(action, "utf8"), cid = cidOf(code);
  const login = logIn(network, randomBytes(32), [`quorate:key/*/action/${cid}`]);
  const node = network.endpoints[0].http, { head } = await (await fetch(`${node}/v1/network`)).json();
  const rest = { v: 1, network: digits(networkId(network)), session: login.key, login: login.hash, action: cid, block: { number: head.number, hash: head.hash }, time_ms: Date.now(), nonce: digits(randomBytes(16)) };
  const bytes = `${JSON.stringify(rest).slice(0, -1)},"params":${params}}`;
  const body = JSON.stringify({ request: base64url(bytes), sig: sign(network, login, bytes).sig, login: login.proof, code });
  const answer = await fetch(`${node}/v1/executions`, { method: "POST", headers: { "content-type": "application/json" }, body });
  const reply = await answer.json();
  if (!answer.ok) throw new Error(`${reply.code}: ${reply.detail ?? reply.title}`);
  check(network, bytes, params, reply);
  // A node may say 200 of a run that failed.
  if (reply.status !== "completed") throw new Error(`the run ${reply.status}: ${reply.error}`);
  console.log(JSON.stringify({ response: reply.response, members: reply.receipt.statements.map(({ node }) => node) }));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await main(process.argv.slice(2));
