/**
 * Checking what nodes answered, from the network file alone.
 *
 * A receipt proves an account of an execution if at least t different nodes have signed it: one of them is honest, and an
 * honest node signs only what it ran itself. Anything that is not exactly right refuses the whole reply.
 */

import { secp256k1 } from "@noble/curves/secp256k1.js";
import { concat, equal, fromHex, fromUtf8, to0x, toHex, utf8 } from "./bytes.js";
import { type Codec, FormError, binary, cid, hash32 } from "./codec.js";
import { VerificationError, type VerifyCode } from "./errors.js";
import { numberField, sha256, transcript } from "./hash.js";
import { parseJson, rawMembers } from "./json.js";
import type { Network } from "./network.js";
import { ed25519Valid } from "./signature.js";
import {
  type Intent, type Receipt, type Reply, type SignatureView, type Statement, type Verified, block, claimList, readReceipt,
  readReply, statement,
} from "./reply.js";

/** The epoch of the committee in the network file. */
export const EPOCH = 1;
/** An operation's number: its run's lane, and ten bits. */
const LANE_SHIFT = 10;
/** A child's lane: its parent's, and four bits. */
const CHILD_SHIFT = 4;

function must(holds: boolean, code: VerifyCode, message: string): asserts holds {
  if (!holds) throw new VerificationError(code, message);
}

/** Runs a reader, and says in the client's own error what was not read. */
export function readAs<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof FormError || error instanceof SyntaxError) throw new VerificationError("form", error.message);
    throw error;
  }
}

const documentOf = (value: unknown): unknown => (typeof value === "string" ? parseJson(value) : value);

/** The id of a request with these signed bytes. */
export function requestId(network: Network, bytes: Uint8Array): string {
  return toHex(sha256(concat(utf8("quorate/request/v1"), fromHex(network.id), bytes)));
}

/**
 * Checks a receipt, of whatever request: statements of t different nodes at least, all of them equal, about this network.
 *
 * @param receipt the receipt's JSON text, or what was read from it
 * @throws VerificationError
 */
export const verifyReceipt = (network: Network, receipt: unknown): Verified =>
  verifyStatements(network, readAs(() => readReceipt(documentOf(receipt))));

function verifyStatements(network: Network, { statements }: Receipt): Verified {
  const [first] = statements;
  const few = `the receipt has ${statements.length} statements, where ${network.threshold} nodes must agree`;
  must(first !== undefined && statements.length >= network.threshold, "too_few_members", few);
  const bytes = binary(statement, first.body);
  const members = new Set<number>();
  for (const { node, body, signature } of statements) {
    const key = network.statementKey(node);
    must(key !== null, "not_member", `node ${node} is not in the network file`);
    must(!members.has(node), "member_twice", `${network.named(node)} is there twice`);
    members.add(node);
    must(equal(binary(statement, body), bytes), "unequal_statement", `the statement of ${network.named(node)} differs from the others`);
    const signed = transcript("quorate/statement/v1", numberField(node), bytes);
    must(ed25519Valid(fromHex(signature), signed, fromHex(key)), "statement_signature",
      `what ${network.named(node)} is said to have signed is not signed by it`);
  }
  must(first.body.network === network.id, "wrong_network", "the receipt is about another network");
  must(first.body.epoch === EPOCH, "wrong_epoch", `the receipt is of epoch ${first.body.epoch}, for which no committee is known`);
  const sorted = Object.freeze([...members].sort((one, other) => one - other));
  return Object.freeze({ members: sorted, operators: Object.freeze(sorted.map(network.operator)), statement: first.body });
}

/**
 * Checks the reply to a request: its receipt, that the nodes ran what the request names for the login that it names, and
 * that status, response, claims and every signature are what the nodes signed.
 *
 * @param request the signed bytes, or their text
 * @param reply the reply's JSON text, or what was read from it
 * @throws VerificationError
 */
export function verifyExecution(network: Network, request: Uint8Array | string, reply: unknown): Verified {
  const bytes = typeof request === "string" ? utf8(request) : request;
  return verifyReply(network, bytes, readAs(() => readReply(documentOf(reply))));
}

/** {@link verifyExecution} for a reply that was read. */
export function verifyReply(network: Network, bytes: Uint8Array, reply: Reply): Verified {
  const verified = verifyStatements(network, reply.receipt);
  const { statement: said } = verified;
  const id = requestId(network, bytes);
  must(said.request === id && reply.request_id === id, "wrong_request", "the answer is about another request");
  checkNamed(said, bytes);
  must(said.status === reply.status && said.error === reply.error, "status_mismatch",
    "the status is not the one that the nodes signed");
  must(said.response === responseHash(reply.response), "response_mismatch", "the response is not the one that the nodes signed");
  must(equal(binary(claimList, reply.claims), binary(claimList, said.claims)), "claims_mismatch", "the claimed keys are not those that the nodes signed");
  checkSignatures(said, reply.signatures);
  return verified;
}

function responseHash(response: string | null): string | null {
  return response === null ? null : to0x(transcript("quorate/response/v1", response));
}

/** Whether the nodes ran what the signed bytes name. */
function checkNamed(said: Statement, bytes: Uint8Array): void {
  const raw = readAs(() => rawMembers(fromUtf8(bytes)));
  const of = <T>(name: string, codec: Codec<T>): T =>
    readAs(() => codec.read(parseJson(raw.get(name) ?? "null"), `request.${name}`));
  const login = of("login", hash32);
  must(said.login === login, "other_login", "the nodes ran it for another login than the request names");
  const [action, named] = [of("action", cid), of("block", block)];
  const same = said.action === action && said.params === to0x(transcript("quorate/params/v1", raw.get("params") ?? ""))
    && said.block.number === named.number && said.block.hash === named.hash;
  must(same, "wrong_execution", "the nodes ran something else than the request names");
}

/** The signatures that a reply must have, these and none else, by their names. */
export function shown({ status, intents, failed }: Statement): Map<string, Intent> {
  const within = (lane: number, other: number): boolean =>
    lane === other || (lane > other && within(lane >>> CHILD_SHIFT, other));
  const names = new Map<string, Intent>();
  for (const intent of intents) {
    const lane = intent.operation >>> LANE_SHIFT;
    const ended = status === "completed" && !failed.some((other) => within(lane, other));
    if (!ended || intent.recipient !== "caller") continue;
    const name = lane === 0 && !intent.name.includes("#") ? intent.name : `${intent.name}#${lane.toString(16)}`;
    must(!names.has(name), "unknown_signature", `two signatures have the name ${JSON.stringify(name)}`);
    names.set(name, intent);
  }
  return names;
}

function checkSignatures(said: Statement, signatures: Reply["signatures"]): void {
  const asked = shown(said);
  for (const [name, view] of Object.entries(signatures)) {
    const intent = asked.get(name);
    const same = intent !== undefined && intent.key === view.public_key && intent.digest === view.digest
      && intent.scheme === view.scheme;
    must(same, "unknown_signature", `the nodes did not sign an intent for the signature ${JSON.stringify(name)}`);
    must(ecdsaValid(view), "signature_invalid", `the signature ${JSON.stringify(name)} does not verify`);
  }
  for (const name of asked.keys()) {
    must(Object.hasOwn(signatures, name), "signature_withheld", `the signature ${JSON.stringify(name)} is not in the answer`);
  }
}

/** Whether a compressed secp256k1 key has signed a digest, with s in the lower half; `signature` is r ‖ s. Wrong bytes are no signature. */
export function verifyDigest(signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array): boolean {
  try {
    return secp256k1.verify(signature, digest, publicKey, { prehash: false, lowS: true });
  } catch {
    return false;
  }
}

/**
 * Whether the key has signed the digest, with s in the lower half. That the signature recovers to the key says all of it:
 * with the key that comes out, the equation of ECDSA holds.
 */
function ecdsaValid({ public_key: publicKey, digest, signature, recovery_id: recovery }: SignatureView): boolean {
  try {
    const rs = secp256k1.Signature.fromBytes(fromHex(signature), "compact");
    if (rs.hasHighS()) return false;
    return equal(rs.addRecoveryBit(recovery).recoverPublicKey(fromHex(digest)).toBytes(true), fromHex(publicKey));
  } catch {
    return false;
  }
}
