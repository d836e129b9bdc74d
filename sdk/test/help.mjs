// What several tests use: a network whose keys the test has, its nodes as fake servers, and statements that they sign.
import { createServer } from "node:http";
import { ed25519 } from "@noble/curves/ed25519.js";
import { concat, fromHex, to0x, toBase64url, toHex, utf8 } from "../dist/esm/bytes.js";
import { binary } from "../dist/esm/codec.js";
import { numberField, sha256, transcript } from "../dist/esm/hash.js";
import { parseNetwork } from "../dist/esm/network.js";
import { statement } from "../dist/esm/reply.js";
import { requestId } from "../dist/esm/verify.js";

const repeat = (byte, times) => byte.toString(16).padStart(2, "0").repeat(times);
const secretOf = (node) => fromHex(repeat(node, 32));

/** The session of the vectors, whose secret is known. */
export function sessionOfSecret(network, { session_secret: secret, session, login, hash, capabilities, expires_ms: expiresMs }) {
  return {
    login, hash, network: network.id, publicKey: session, capabilities, expiresMs,
    sign: async (bytes) => ed25519.sign(bytes, fromHex(secret)),
  };
}

/** A network file with nodes at these addresses. */
export function networkText(addresses, change = {}) {
  const contract = (byte) => ({ address: `0x${repeat(byte, 20)}`, code_hash: `0x${repeat(byte, 32)}` });
  return JSON.stringify({
    version: 4, name: "test", chain: { id: 4000000000000001, genesis: `0x${repeat(10, 32)}`, head_key: repeat(9, 32) },
    contracts: {
      pkp_nft: contract(1), pubkey_router: contract(2), pkp_permissions: contract(3), node_registry: contract(4),
      directory: contract(5),
    },
    threshold: 2,
    nodes: addresses.map((_, place) => ({
      transport_key: repeat(100 + place, 32), statement_key: toHex(ed25519.getPublicKey(secretOf(place + 1))),
      chain_address: `0x${repeat(50 + place, 20)}`,
    })),
    wildcard_sessions: false, admission: "open",
    endpoints: addresses.map((http) => ({ http, quic: "127.0.0.1:1" })),
    ...change,
  });
}

/** Addresses with a node's word for them; `secret` of another node makes it a forgery. */
export function wordOf(node, { http, quic = "127.0.0.1:1", hidden = null }, number = 1, secret = node) {
  const text = (value) => binary({ write: () => [...Buffer.from([value.length, 0, 0, 0]), ...utf8(value)] }, value);
  const places = (of) => concat(text(of.http), text(of.quic));
  const fields = concat(places({ http, quic }), hidden === null ? Uint8Array.of(0) : concat(Uint8Array.of(1), places(hidden)));
  const hash = transcript("quorate/endpoint/v1", ed25519.getPublicKey(secretOf(node)), numberField(number), fields);
  return { http, quic, ...(hidden === null ? {} : { private: hidden }), word: { number, signature: toHex(ed25519.sign(hash, secretOf(secret))) } };
}

/** How a node sees another, of which it tells a word. */
export const toldOf = (index, said) => ({ index, connected: true, set_up: true, banned: false, endpoint: said });

/** The statement of an honest run of a request. */
export function statementOf(network, body, response = "done") {
  const request = Buffer.from(JSON.parse(body).request, "base64url");
  const { login, action, params, block } = JSON.parse(request.toString());
  return {
    network: network.id, epoch: 1, request: requestId(network, request), login, action,
    params: to0x(transcript("quorate/params/v1", JSON.stringify(params))), block, intents: [], refusals: [], collected: [],
    single_node: [], draws: [], opened: [], claims: [], failed: [], wildcard: false, status: "completed", error: null,
    response: to0x(transcript("quorate/response/v1", response)), guest: `0x${repeat(4, 32)}`,
  };
}

/** A statement as a node signs it; `secret` of another node makes it a forgery. */
export function signed(node, body, secret = node) {
  const hash = transcript("quorate/statement/v1", numberField(node), binary(statement, body));
  return { node, body, signature: toHex(ed25519.sign(hash, secretOf(secret))) };
}

/** A node's word that it has a revocation; `secret` of another node makes it a forgery. */
export function heldBy(network, node, revocation, secret = node) {
  const bytes = concat(fromHex(network.id), Uint8Array.from([1, 0, 0, 0, 0, 0, 0, 0]), fromHex(revocation));
  const hash = transcript("quorate/held-revocation/v1", numberField(node), bytes);
  return { node, body: { network: network.id, epoch: 1, revocation }, signature: toHex(ed25519.sign(hash, secretOf(secret))) };
}

/** The id of a revocation. */
export const revocationId = (network, body) =>
  toHex(sha256(concat(utf8("quorate/revocation-request/v1"), fromHex(network.id), Buffer.from(JSON.parse(body).request, "base64url"))));

/** A reply with this receipt. */
export const replyOf = (body, statements, change = {}) => ({
  request_id: body.request, status: body.status, ...(body.error === null ? {} : { error: body.error }), response: "done",
  signatures: {}, logs: "", usage: {}, receipt: { statements, odd: [] }, ...change,
});

export const problemOf = (code, change = {}) => ({
  code, status: 400, title: code, detail: `it is ${code}`, retryable: false, ...change,
});

const HEAD = { number: 5, hash: `0x${repeat(5, 32)}`, time_ms: 1 };

export const viewOf = (network, node, head = HEAD) => ({
  network: network.id, epoch: 1, threshold: network.threshold, node, time_ms: 1, head, finalized: null, head_age_ms: 1,
  root: null, ready: true, waiting_for: null, guest: `0x${repeat(4, 32)}`, login_domains: ["localhost"], nodes: [],
});

/**
 * Fake nodes. A manner answers an execution: `(body, context) => [status, document or text]`, or writes to the response
 * itself and gives nothing. `null` is a node that is gone. `view` answers `GET /v1/network` instead of an honest node.
 */
export async function fakeNetwork(t, manners, { view, ...change } = {}) {
  const servers = manners.map(() => createServer());
  const addresses = [];
  for (const server of servers) {
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    addresses.push(`http://127.0.0.1:${server.address().port}`);
  }
  const network = parseNetwork(networkText(addresses, change));
  const seen = manners.map(() => []);
  const viewed = manners.map(() => 0);
  for (const [place, server] of servers.entries()) {
    const node = place + 1;
    server.on("request", async (request, response) => {
      const parts = [];
      for await (const part of request) parts.push(part);
      const body = Buffer.concat(parts).toString();
      let answer;
      if (request.url === "/v1/network") {
        viewed[place] += 1;
        answer = [200, view?.(network, node, addresses) ?? viewOf(network, node)];
      } else {
        seen[place].push(body);
        answer = await manners[place](body, { network, node, request, response });
      }
      if (answer === undefined) return;
      const [status, document] = answer;
      response.writeHead(status, { "content-type": "application/json" });
      response.end(typeof document === "string" ? document : JSON.stringify(document));
    });
    if (manners[place] === null) server.close();
  }
  t.after(() => servers.forEach((server) => { server.closeAllConnections(); server.close(); }));
  return { network, addresses, seen, viewed };
}

/** An honest node's answer, with the statements of nodes 1 and 2. */
export function honest(body, { network }) {
  const said = statementOf(network, body);
  return [200, replyOf(said, [signed(1, said), signed(2, said)])];
}

export const idOf = (network, body) => requestId(network, Buffer.from(JSON.parse(body).request, "base64url"));
export { toBase64url, utf8 };
