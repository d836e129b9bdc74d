// How a client after docs/http.md believes a reply: by its receipt, and by nothing else.
import { isDeepStrictEqual as equal } from "node:util";
import { ed25519 } from "@noble/curves/ed25519.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { STATEMENT, binary, hex, networkId, requestId, transcript, u64 } from "./encoding.mjs";

const digits = (bytes) => Buffer.from(bytes).toString("hex");
const must = (holds, what) => { if (!holds) throw new Error(`not proven: ${what}`); };

/** Throws unless the receipt proves this reply to the request with these bytes and parameters. */
export function check(network, bytes, params, reply) {
  const { statements } = reply.receipt, [{ body } = {}] = statements, request = JSON.parse(bytes);
  must(statements.every(({ node }) => Number.isInteger(node) && node >= 1 && node <= network.nodes.length), "no member");
  must(new Set(statements.map(({ node }) => node)).size === statements.length, "a member twice");
  must(statements.length >= network.threshold, "too few members");
  for (const { node, body: other, signature } of statements) {
    const signed = transcript("quorate/statement/v1", u64(node), binary(STATEMENT, body));
    const key = network.nodes[node - 1]?.statement_key;
    must(equal(other, body) && key && ed25519.verify(hex(signature), signed, hex(key), { zip215: false }), `node ${node}`);
  }
  const id = digits(requestId(network, bytes));
  must(body.network === digits(networkId(network)) && body.epoch === 1, "network");
  must(body.request === id && reply.request_id === id, "request");
  must(["login", "action", "block"].every((name) => equal(body[name], request[name])), "login, action or block");
  must(body.params === `0x${digits(transcript("quorate/params/v1", params))}`, "params");
  must(body.status === reply.status && body.error === (reply.error ?? null), "status");
  const hashed = (response) => `0x${digits(transcript("quorate/response/v1", response))}`;
  must(body.response === (reply.response === null ? null : hashed(reply.response)), "response");
  must(equal(body.claims, reply.claims ?? []), "claims");
  const intents = shown(body);
  must(Object.keys(reply.signatures).length === intents.length, "number of signatures");
  for (const [name, intent] of intents) checkSignature(name, intent, reply.signatures[name]);
  return body;
}

/** The intents whose signatures the reply has, by the names that they have there. */
function shown({ status, intents, failed }) {
  const within = (lane, other) => lane === other || (lane > other && within(lane >> 4, other));
  const forCaller = intents.filter(({ operation, recipient }) =>
    status === "completed" && recipient === "caller" && !failed.some((other) => within(operation >> 10, other)));
  return forCaller.map((intent) => {
    const lane = intent.operation >> 10;
    return [lane === 0 && !intent.name.includes("#") ? intent.name : `${intent.name}#${lane.toString(16)}`, intent];
  });
}

function checkSignature(name, { key, digest, scheme }, view) {
  must(view && view.public_key === key && view.digest === digest && view.scheme === scheme && [0, 1].includes(view.recovery_id), name);
  const signature = Buffer.concat([Buffer.from([view.recovery_id]), hex(view.signature)]);
  must(secp256k1.verify(signature.subarray(1), hex(digest), hex(key), { prehash: false, lowS: true }), name);
  must(equal(secp256k1.recoverPublicKey(signature, hex(digest), { prehash: false }), Uint8Array.from(hex(key))), name);
}
