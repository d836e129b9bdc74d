// Every value of docs/vectors/http.json, which the Rust side writes and checks.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { addressOfKey } from "../dist/esm/account.js";
import { fromBase64url, fromHex, toBase64url, toHex, utf8 } from "../dist/esm/bytes.js";
import { errorCodes, isRetryable, numberOf } from "../dist/esm/codes.js";
import { binary } from "../dist/esm/codec.js";
import { cidHash, cidOf, numberField, transcript } from "../dist/esm/hash.js";
import { capabilitiesHash, didKey, loginChallenge, loginHash, loginNonce, loginText, oidcId, passkeyId, sessionTerms, termsOf } from "../dist/esm/login.js";
import { parseNetwork } from "../dist/esm/network.js";
import { readReply, statement } from "../dist/esm/reply.js";
import { signCode, signRequest } from "../dist/esm/request.js";
import { holders, readRevocationReply, signRevocation } from "../dist/esm/signout.js";
import { requestId, verifyDigest, verifyExecution, verifyReceipt } from "../dist/esm/verify.js";
import { addressOf, keyLogin, personalDigest, signerOf } from "../dist/esm/wallet.js";
import { VerificationError } from "../dist/esm/errors.js";
import { tokenOf } from "../dist/esm/client.js";
import { isProof } from "../dist/esm/who.js";
import { sessionOfSecret } from "./help.mjs";

const vectors = JSON.parse(readFileSync(new URL("../../docs/vectors/http.json", import.meta.url), "utf8"));
const network = parseNetwork(JSON.stringify(vectors.networks[0].file));
const of = vectors.login;
const terms = termsOf(network, of.session, { domain: of.domain, capabilities: of.capabilities }, of.issued_ms, fromHex(of.login.rz));

test("base64url", () => {
  for (const { bytes, text } of vectors.base64url) assert.equal(toBase64url(fromHex(bytes)), text);
  for (const { bytes, text } of vectors.base64url) assert.equal(toHex(fromBase64url(text)), bytes);
  for (const bad of ["=", "a", "AB", "AA==", "+/", "A A", "AAAAA"]) assert.throws(() => fromBase64url(bad), RangeError, bad);
});

test("transcripts", () => {
  for (const { domain, fields, hash } of vectors.transcripts) {
    assert.equal(toHex(transcript(domain, ...fields.map(fromHex))), hash);
  }
});

test("names of actions", () => {
  for (const { text, times, cid, bytes } of vectors.cids) {
    assert.equal(cidOf(text.repeat(times)), cid, `${times} times ${text}`);
    assert.equal(toHex(cidHash(cid)), bytes);
  }
});

test("network ids, with and without allow_hosts", () => {
  for (const { file, id } of vectors.networks) assert.equal(parseNetwork(JSON.stringify(file), { id }).id, id);
});

test("error codes and their numbers, and which of them docs/errors.md calls temporary", () => {
  assert.deepEqual(Object.fromEntries(errorCodes().map((code) => [code, numberOf(code)])), vectors.error_codes);
  const page = readFileSync(new URL("../../docs/errors.md", import.meta.url), "utf8");
  const section = page.split("\n## ").find((one) => one.startsWith("Too much, or not now"));
  const temporary = [...section.matchAll(/^### `(\w+)`$/gm)].map(([, code]) => code).sort();
  assert.deepEqual(errorCodes().filter(isRetryable).sort(), temporary);
});

test("a digest's signature is of its key, with s in the lower half, and of nothing else", () => {
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  const { signature, digest, public_key: key } = vectors.replies.flatMap(({ reply }) => Object.values(reply?.signatures ?? {}))[0];
  const [rs, hash, point] = [signature, digest, key].map(fromHex), high = rs.slice();
  high.set(fromHex((order - BigInt(`0x${toHex(rs.slice(32))}`)).toString(16).padStart(64, "0")), 32);
  assert.equal(verifyDigest(rs, hash, point), true);
  for (const wrong of [[high, hash, point], [rs.slice(1), hash, point], [rs, hash.map((byte) => byte ^ 1), point], [rs, hash, point.slice(1)], [new Uint8Array(64), hash, point], [new Uint8Array(), hash, new Uint8Array()]]) {
    assert.equal(verifyDigest(...wrong), false);
  }
});

test("a key's token and address", () => {
  assert.ok(vectors.keys.length >= 2);
  for (const { public_key: key, uncompressed, token_id: token, address } of vectors.keys) {
    assert.equal(tokenOf(key), token);
    assert.equal(tokenOf(uncompressed), token);
    assert.equal(addressOfKey(fromHex(uncompressed)), address);
  }
});

test("the login: session, capabilities, nonce, text, digest, signature, hash", async () => {
  assert.equal(didKey(of.session), of.did);
  assert.equal(toHex(capabilitiesHash(of.capabilities)), of.capabilities_hash);
  assert.equal(terms.expiresMs, of.expires_ms);
  assert.equal(loginNonce(terms), of.nonce);
  assert.equal(loginText(terms, of.address), of.login.message);
  assert.equal(addressOf(fromHex(of.wallet_secret)), of.address);
  assert.equal(toHex(personalDigest(of.login.message)), of.digest);
  assert.equal(signerOf(of.login.message, of.login.signature), of.address);
  const proof = await keyLogin(fromHex(of.wallet_secret)).prove(terms);
  assert.deepEqual(proof, of.login);
  assert.equal(`0x${toHex(loginHash(proof))}`, of.hash);
});

test("logins without a wallet: nonce, challenge, terms, ids and hashes", () => {
  const { oidc, passkey, several } = vectors.logins;
  const bound = { ...terms, rz: fromHex(oidc.shown.login.terms.rz) };
  assert.deepEqual(sessionTerms(bound), oidc.shown.login.terms);
  assert.equal(loginNonce(bound, oidc.client), oidc.nonce);
  assert.equal(toHex(loginChallenge(bound, passkey.rp_id, passkey.block.hash)), passkey.challenge);
  assert.equal(oidcId(oidc.issuer, oidc.client, oidc.subject), oidc.id);
  assert.equal(passkeyId(passkey.rp_id, fromHex(passkey.public_key)), passkey.id);
  for (const { login, hash } of [oidc.shown, passkey.shown, several]) {
    assert.equal(`0x${toHex(loginHash(login))}`, hash, login.kind);
    assert.ok(isProof(login));
  }
  const { credential_id: _, ...bare } = passkey.shown.login;
  assert.ok(isProof(bare) && toHex(loginHash(bare)) !== passkey.shown.hash.slice(2));
  for (const [login, name] of [[oidc.shown.login, "token"], [passkey.shown.login, "signature"], [several.login, "logins"]]) {
    for (const bad of [1, null, {}, undefined]) assert.equal(isProof({ ...login, [name]: bad }), false, name);
  }
  assert.equal(isProof({ kind: "several", logins: [several.login, several.login] }), false, "several in several");
});

test("the request and the request to store code", async () => {
  const { request, code_request: code } = vectors;
  const session = sessionOfSecret(network, of);
  assert.equal(requestId(network, utf8(request.bytes)), request.id);
  const signed = JSON.parse(request.bytes);
  const made = await signRequest(network, session, {
    action: { code: request.body.code }, paramsJson: request.params, limits: signed.limits,
  }, { head: signed.block, timeMs: signed.time_ms, nonce: fromHex(signed.nonce) });
  assert.equal(new TextDecoder().decode(made.bytes), request.bytes);
  assert.equal(made.id, request.id);
  assert.deepEqual(JSON.parse(made.body), request.body);
  const body = JSON.parse(await signCode(network, session, { cid: signed.action, code: request.body.code }, signed.time_ms));
  assert.equal(Buffer.from(body.request, "base64url").toString(), code.bytes);
  assert.equal(body.sig, code.sig);
});

test("a revocation, and who has it", async () => {
  const { bytes, id, body, reply, statement_bytes: said, statement_signed: signed } = vectors.signing_out;
  const { ends, time_ms: timeMs } = JSON.parse(bytes);
  const made = await signRevocation(network, sessionOfSecret(network, of), ends, timeMs);
  assert.equal(made.id, id);
  assert.deepEqual(JSON.parse(made.body), body);
  assert.equal(toHex(transcript("quorate/held-revocation/v1", numberField(1), fromHex(said))), signed);
  const read = readRevocationReply(reply);
  assert.deepEqual(holders(network, id, read), [1, 2]);
  const [first, second] = read.held;
  const swapped = { ...read, held: [{ ...first, node: 2 }, { ...second, body: { ...second.body, revocation: "00".repeat(32) } }] };
  assert.deepEqual(holders(network, id, swapped), []);
  assert.deepEqual(holders(network, "00".repeat(32), read), [], "of another revocation");
});

test("replies: those that are proven, and those that must be refused", () => {
  const { request, replies } = vectors;
  for (const { about, proven, statement_bytes: bytes, signed_by_first: first, reply } of replies) {
    for (const form of [reply, JSON.stringify(reply)]) {
      const verify = () => verifyExecution(network, request.bytes, form);
      if (!proven) {
        assert.throws(verify, VerificationError, about);
        continue;
      }
      const verified = verify();
      assert.deepEqual(verified.members, reply.receipt.statements.map(({ node }) => node), about);
      assert.equal(toHex(binary(statement, verified.statement)), bytes, about);
      const { node } = reply.receipt.statements[0];
      assert.equal(toHex(transcript("quorate/statement/v1", numberField(node), fromHex(bytes))), first, about);
      assert.deepEqual(verifyReceipt(network, reply.receipt), verified, about);
      assert.deepEqual({ ...readReply(reply).signatures }, reply.signatures, about);
    }
  }
  const refused = (about) => {
    try {
      verifyExecution(network, request.bytes, replies.find((one) => one.about === about).reply);
    } catch (error) {
      return error.code;
    }
    return null;
  };
  // Each for its own reason, and not for another that would hide it.
  const reasons = {
    "statements of fewer than t members": "too_few_members",
    "one member twice, beside another": "member_twice",
    "a node that the network file does not list": "not_member",
    "another network": "wrong_network",
    "another epoch": "wrong_epoch",
    "another request": "wrong_request",
    "another login": "other_login",
    "other parameters": "wrong_execution",
    "another action": "wrong_execution",
    "another block": "wrong_execution",
    "another response": "response_mismatch",
    "no response": "response_mismatch",
    "another's signature": "statement_signature",
    "statements that differ": "unequal_statement",
    "a claim left out": "claims_mismatch",
    "a signature left out": "signature_withheld",
    "one signature more": "unknown_signature",
    "another recovery id": "signature_invalid",
    "a signature with a high s": "signature_invalid",
    "one member twice, once as text": "form",
  };
  for (const [about, code] of Object.entries(reasons)) assert.equal(refused(about), code, about);
});

/** Every place of a document, but what nobody proves. */
function* places(value, path = []) {
  if (["logs", "usage"].includes(path[0]) || ["odd", "faults"].includes(path[1])) return;
  if (path.length > 0) yield path;
  if (typeof value !== "object" || value === null) return;
  for (const name of Object.keys(value)) yield* places(value[name], [...path, name]);
}

/** Other values for a place: of the same kind, of another, and none. */
function others(value) {
  if (typeof value === "number") return [value + 1, -1, value + 0.5, String(value), null, undefined];
  if (typeof value === "boolean") return [!value, 0, null, undefined];
  if (value === null) return ["", 0, false, `0x${"11".repeat(32)}`];
  if (Array.isArray(value)) return [[...value, ...value], [...value, null], value.slice(1), null, {}, undefined];
  if (typeof value === "object") return [{ ...value, more: 1 }, null, [], undefined];
  const swapped = value.replace(/[0-9a-zA-Z](?=[^0-9a-zA-Z]*$)/, (last) => (last === "1" ? "2" : "1"));
  return [swapped, `${value} `, value.toUpperCase(), value.slice(1), value.replace(/^0x/, ""), null, 1, undefined];
}

test("no single change of a proven reply is believed", () => {
  const { request, replies } = vectors;
  let changes = 0;
  for (const { about, reply: whole } of replies.filter(({ proven }) => proven)) {
    // With more statements than it takes, one less would prove as much.
    const reply = structuredClone(whole);
    reply.receipt.statements.length = network.threshold;
    for (const path of places(reply)) {
      const parent = path.slice(0, -1).reduce((at, name) => at[name], reply);
      const name = path.at(-1);
      for (const other of others(parent[name])) {
        if (JSON.stringify(other) === JSON.stringify(parent[name])) continue;
        const changed = structuredClone(reply);
        const at = path.slice(0, -1).reduce((one, part) => one[part], changed);
        if (other === undefined) delete at[name];
        else at[name] = other;
        changes += 1;
        // An absent list of claims is an empty one.
        if (path[0] === "claims" && reply.claims.length === 0) continue;
        assert.throws(() => verifyExecution(network, request.bytes, changed), VerificationError, `${about}: ${path.join(".")} = ${String(JSON.stringify(other)).slice(0, 80)}`);
      }
    }
  }
  assert.ok(changes > 500, `${changes} changes`);
});
