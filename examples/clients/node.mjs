// A client after docs/http.md: a fresh wallet logs in, runs an action, and believes the reply by its receipt.
// npm ci, then: node node.mjs NETWORK_JSON ACTION_JS [PARAMS_JSON]
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { ed25519 } from "@noble/curves/ed25519.js";
import { base58, cidOf, hex, networkId, requestId, transcript, u64 } from "./encoding.mjs";
import { checkFounding } from "./founding.mjs";
import { check } from "./receipt.mjs";
import { addressOf, personalSign } from "./wallet.mjs";

const digits = (bytes) => Buffer.from(bytes).toString("hex");
const base64url = (bytes) => Buffer.from(bytes).toString("base64url");

/** Lets a session do things for a wallet; nodes are shown `proof`. */
export function logIn(network, wallet, capabilities, { domain, session = randomBytes(32), rz = randomBytes(32), now = Date.now() }) {
  const key = ed25519.getPublicKey(session), expires = now + 3_600_000;
  const allowed = transcript("quorate/capabilities/v1", ...capabilities);
  const nonce = transcript("quorate/login-v1", networkId(network), domain, key, u64(expires), allowed, rz);
  const message = [
    `${domain} wants you to sign in with your Ethereum account:`, addressOf(wallet), "",
    "Allow this session to run the actions listed below, which may use the keys listed with them.", "",
    `URI: did:key:z${base58(Buffer.concat([hex("ed01"), key]))}`, "Version: 1", `Chain ID: ${network.chain.id}`,
    `Nonce: ${digits(nonce)}`, `Issued At: ${new Date(now).toISOString()}`, `Expiration Time: ${new Date(expires).toISOString()}`,
    "Resources:", ...capabilities.map((capability) => `- ${capability}`),
  ].join("\n");
  const proof = { kind: "wallet", message, signature: personalSign(wallet, message), rz: `0x${digits(rz)}` };
  const hash = `0x${digits(transcript("quorate/login/v1", proof.kind, message, proof.signature, rz))}`;
  return { session, key: digits(key), proof, hash };
}

/** The session's signature of a request, by its id. */
export const sign = (login, id) => base64url(ed25519.sign(transcript("quorate/session-request/v1", id), login.session));

async function main([file, action, params = "{}"]) {
  const network = JSON.parse(readFileSync(file)), code = readFileSync(action, "utf8"), cid = cidOf(code);
  checkFounding(network);
  const node = network.endpoints[0].http, { head } = await (await fetch(`${node}/v1/network`)).json();
  const login = logIn(network, randomBytes(32), [`quorate:key/*/action/${cid}`], { domain: "localhost" });
  const request = {
    v: 1, network: digits(networkId(network)), session: login.key, login: login.hash, action: cid,
    block: { number: head.number, hash: head.hash }, time_ms: Date.now(), nonce: digits(randomBytes(16)),
  };
  // The parameters go as they are: what is signed is their bytes.
  const bytes = `${JSON.stringify(request).slice(0, -1)},"params":${params}}`;
  const sig = sign(login, requestId(network, bytes));
  const body = JSON.stringify({ request: base64url(bytes), sig, login: login.proof, code });
  const answer = await fetch(`${node}/v1/executions`, { method: "POST", headers: { "content-type": "application/json" }, body });
  const reply = await answer.json();
  if (!answer.ok) throw new Error(`${reply.code}: ${reply.detail ?? reply.title}`);
  check(network, bytes, params, reply);
  // A node may say 200 of a run that failed.
  if (reply.status !== "completed") throw new Error(`the run ${reply.status}: ${reply.error}`);
  const members = reply.receipt.statements.map(({ node }) => node), operators = network.founding?.operators;
  const named = operators ? { operators: members.map((node) => operators[node - 1]) } : {};
  console.log(JSON.stringify({ response: reply.response, members, ...named }));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await main(process.argv.slice(2));
