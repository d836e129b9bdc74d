/** Signing out: what a session signs, and what nodes say of it. */

import { concat, equal, fromHex, toBase64url, toHex, utf8 } from "./bytes.js";
import { type Of, binary, bool, digits, id32, list, nodeNumber, struct, u32, u64 } from "./codec.js";
import { numberField, sha256, transcript } from "./hash.js";
import type { Network } from "./network.js";
import { signId } from "./request.js";
import type { Session } from "./session.js";
import { ed25519Valid } from "./signature.js";
import { EPOCH } from "./verify.js";

/** What ends: this session; or with it each one that a method of its login has allowed up to now, on any device. */
export type SignOutScope = "session" | "everywhere";

/** Who takes nothing more of what was signed out. */
export interface SignedOut {
  /** How many nodes have it, each by its own signature. They hand it on to the others. */
  readonly nodes: number;
  /** How many nodes there are. */
  readonly of: number;
  /** Whether the nodes without it are less than the threshold: they alone can sign nothing. */
  readonly done: boolean;
}

const heldBody = struct({ network: id32, epoch: u64, revocation: id32 });
const heldWord = struct({ node: nodeNumber, body: heldBody, signature: digits(64, "") });
const reply = struct({ held: list(heldWord, 256), of: u32, done: bool });

/** What a node answers who signs out, as it was read. */
export type RevocationReply = Of<typeof reply>;

/** @throws FormError */
export const readRevocationReply = (document: unknown): RevocationReply => reply.read(document, "revocation");

/** A signed revocation: the same for all nodes. */
export interface Revocation {
  /** Its id, by which nodes say that they have it. */
  readonly id: string;
  /** The body of `POST /v1/revocations`. */
  readonly body: string;
}

/** Makes and signs a revocation. */
export async function signRevocation(network: Network, session: Session, ends: SignOutScope, timeMs: number): Promise<Revocation> {
  const request = { v: 1, network: network.id, session: session.publicKey, login: session.hash, ends, time_ms: timeMs };
  const bytes = utf8(JSON.stringify(request));
  const id = toHex(sha256(concat(utf8("quorate/revocation-request/v1"), fromHex(network.id), bytes)));
  const body = JSON.stringify({ request: toBase64url(bytes), sig: await signId(session, id), login: session.login });
  return { id, body };
}

/** The members that have a revocation, of those that an answer names: each has signed that itself. */
export function holders(network: Network, id: string, { held }: RevocationReply): readonly number[] {
  const expected = binary(heldBody, { network: network.id, epoch: EPOCH, revocation: id });
  const words = held.filter(({ node, body, signature }) => {
    const key = network.statementKey(node);
    const signed = transcript("quorate/held-revocation/v1", numberField(node), expected);
    return key !== null && equal(binary(heldBody, body), expected) && ed25519Valid(fromHex(signature), signed, fromHex(key));
  });
  return words.map(({ node }) => node);
}
