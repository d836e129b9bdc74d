// Compares node.mjs and what it uses with every vector of docs/http.md: node vectors.mjs
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { STATEMENT, approvalDigest, binary, cidOf, endpointDigest, foundingSalt, hex, networkId, requestId, transcript, u64 } from "./encoding.mjs";
import { checkFounding, voteDigest } from "./founding.mjs";
import { logIn, sign } from "./node.mjs";
import { check } from "./receipt.mjs";
import { addressOf } from "./wallet.mjs";

const vectors = JSON.parse(readFileSync(new URL("../../docs/vectors/http.json", import.meta.url)));
const digits = (bytes) => Buffer.from(bytes).toString("hex");
let checked = 0;
const same = (found, expected, what) => { assert.deepEqual(found, expected, what); checked += 1; };

for (const { bytes, text } of vectors.base64url) same(hex(bytes).toString("base64url"), text, "base64url");
for (const { domain, fields, hash } of vectors.transcripts) same(digits(transcript(domain, ...fields.map(hex))), hash, domain);
for (const { text, times, cid } of vectors.cids) same(cidOf(text.repeat(times)), cid, `${times} × ${text}`);
for (const { file, id } of vectors.networks) same(digits(networkId(file)), id, "network id");
for (const { file } of vectors.networks) { checkFounding(file); checked += 1; }
{
  const { file, id } = vectors.networks.find(({ file: { version } }) => version === 5), of = vectors.founding, { node } = of;
  same(digits(endpointDigest(file.nodes[node - 1].statement_key, file.endpoints[node - 1])), of.endpoint_signed, "endpoint");
  same(digits(approvalDigest(node, id)), of.approval_signed, "approval");
  same(`0x${digits(foundingSalt(file))}`, of.salt, "salt");
  same(`0x${digits(voteDigest(file))}`, of.vote_digest, "vote");
  const changes = [
    (other) => other.approvals.pop(), (other) => other.approvals.reverse(), (other) => { other.name += "x"; },
    (other) => { other.endpoints[1].http += "x"; }, (other) => { other.endpoints[1].word.number += 1; },
    (other) => { other.founding.operators[0] += "x"; }, (other) => { other.approvals[0].vote = other.approvals[1].vote; },
  ];
  for (const change of changes) {
    const other = structuredClone(file);
    change(other);
    assert.throws(() => checkFounding(other), /node [123] \(/);
    checked += 1;
  }
}
for (const { uncompressed, token_id: token, address } of vectors.keys) {
  const point = hex(uncompressed), found = [keccak_256(point), keccak_256(point.subarray(1)).subarray(12)];
  same(found.map((bytes) => `0x${digits(bytes)}`), [token, address], "key");
}

const network = vectors.networks[0].file, of = vectors.login, { request, code_request: code } = vectors;
const wallet = hex(of.wallet_secret);
same(addressOf(wallet), of.address, "address");
same(digits(transcript("quorate/capabilities/v1", ...of.capabilities)), of.capabilities_hash, "capabilities");
const drawn = { domain: of.domain, session: hex(of.session_secret), rz: hex(of.login.rz), now: of.issued_ms };
const login = logIn(network, wallet, of.capabilities, drawn);
same([login.key, login.proof, login.hash], [of.session, of.login, of.hash], "login");
const signed = (bytes, purpose) => {
  const id = requestId(network, bytes, purpose);
  return { id: digits(id), sig: sign(login, id) };
};
same(signed(request.bytes), { id: request.id, sig: request.body.sig }, "request");
same(Buffer.from(request.bytes).toString("base64url"), request.body.request, "body");
same(signed(code.bytes, "quorate/code-request/v1"), { id: code.id, sig: code.sig }, "code request");

for (const { about, proven, statement_bytes: bytes, signed_by_first: first, reply } of vectors.replies) {
  const verify = () => check(network, request.bytes, request.params, reply);
  if (!proven) { assert.throws(verify, /not proven/, about); checked += 1; continue; }
  const { node, body } = reply.receipt.statements[0];
  same(digits(binary(STATEMENT, body)), bytes, about);
  same(digits(transcript("quorate/statement/v1", u64(node), hex(bytes))), first, about);
  same(verify(), body, about);
}
console.log(`${checked} vectors`);
