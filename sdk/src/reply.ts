/** The documents of nodes: statements, receipts, replies, problems. */

import { type ErrorCode, errorCode, isErrorCode } from "./codes.js";
import {
  type Codec, FormError, type Members, type Of, type Shape, address20, bool, cid, digits, hash32, id32, key33, list, membersOf, nodeNumber, nullable,
  oneOf, struct, tagged, text, u32, u64, u8,
} from "./codec.js";
import { endpoint } from "./endpoint.js";
import type { Problem } from "./errors.js";

/** A block of the registry's chain. */
export const block = struct({ number: u64, hash: hash32 });

const intent = struct({
  operation: u32,
  action: cid,
  key: key33,
  scheme: oneOf("EcdsaK256Sha256"),
  kind: oneOf("digest", "personal", "action", "login"),
  digest: hash32,
  name: text(),
  recipient: oneOf("caller", "action"),
  guest: hash32,
});
/** What an action asked a key to do. */
export type Intent = Of<typeof intent>;

const claim = struct({ operation: u32, action: cid, key_id: text(), public_key: key33 });
/** A list of claimed keys. */
export const claimList = list(claim);
/** A key that the action claimed. */
export type Claim = Of<typeof claim>;

const opened = struct({
  operation: u32,
  action: cid,
  identity: tagged({
    lit: struct({ policy: hash32, data: hash32 }),
    container: struct({ network: id32, policy: hash32, salt: id32 }),
  }),
  to: oneOf("all", "one"),
});
/** A ciphertext that the action had opened. */
export type Opened = Of<typeof opened>;

const status = oneOf("completed", "denied", "failed");

/** The body of a statement, with its members in the order of the binary form. */
export const statement = struct({
  network: id32,
  epoch: u64,
  request: id32,
  login: hash32,
  action: cid,
  params: hash32,
  block,
  intents: list(intent),
  refusals: list(struct({ operation: u32, code: errorCode })),
  collected: list(struct({ operation: u32, nodes: list(nodeNumber), values: hash32 })),
  single_node: list(struct({ operation: u32, node: nodeNumber, value: hash32 })),
  draws: list(u32),
  opened: list(opened),
  claims: claimList,
  failed: list(u32),
  wildcard: bool,
  status,
  error: nullable(errorCode),
  response: nullable(hash32),
  guest: hash32,
});
/** A node's account of an execution: what t nodes of a receipt have signed. */
export type Statement = Of<typeof statement>;

const receiptDocument = struct({
  statements: list(struct({ node: nodeNumber, body: statement, signature: digits(64, "") }), 256),
  odd: unproven(),
  faults: unproven(),
});
/** The signed statements of t nodes at least. `odd` and `faults` are passed over: a receipt does not prove them. */
export type Receipt = Of<typeof receiptDocument>;

const signatureView = struct({
  scheme: oneOf("EcdsaK256Sha256"),
  public_key: key33,
  digest: hash32,
  signature: digits(64, "0x"),
  recovery_id: recoveryId(),
});
/** A finished signature: r ‖ s, s in the lower half. Ethereum's v is 27 + `recovery_id`. */
export type SignatureView = Of<typeof signatureView>;

/** What one node counted in its own run. Nobody proves it. */
export type Usage = { readonly [counter: string]: number };

/** A reply as it was read, unproven so far. */
export interface Reply {
  readonly request_id: string;
  readonly status: Statement["status"];
  readonly error: ErrorCode | null;
  readonly response: string | null;
  readonly signatures: { readonly [name: string]: SignatureView };
  readonly claims: readonly Claim[];
  readonly logs: string;
  readonly usage: Usage;
  readonly receipt: Receipt;
}

/** What receipts prove. */
export interface Verified {
  /** The nodes whose statements prove it, ascending. */
  readonly members: readonly number[];
  /** Their operators, in the same order; `null` where the network file names none. */
  readonly operators: readonly (string | null)[];
  /** What they signed. */
  readonly statement: Statement;
}

/** An execution whose receipt was checked. */
export interface Execution extends Verified {
  readonly requestId: string;
  /** The node that answered. */
  readonly node: number;
  /** The text that the action gave, if any. */
  readonly response: string | null;
  /** By the names that the action chose. The object has no prototype: any name is safe to look up. */
  readonly signatures: { readonly [name: string]: SignatureView };
  readonly claims: readonly Claim[];
  /** To keep, to show, and to check again. */
  readonly receipt: Receipt;
  /** The log as one node tells it. Nobody proves it. */
  readonly logs: string;
  /** What one node says it used. Nobody proves it. */
  readonly usage: Usage;
}

/** Members that nobody proves and no one here reads: kept as they are. */
function unproven(): Codec<readonly unknown[]> {
  return {
    read: (value, place) => {
      if (value === undefined || Array.isArray(value)) return Object.freeze([...((value as readonly unknown[] | undefined) ?? [])]);
      throw new FormError(`${place}: expected a list`);
    },
    write: () => [],
  };
}

function recoveryId(): Codec<0 | 1> {
  return {
    read: (value, place) => {
      if (value === 0 || value === 1) return value;
      throw new FormError(`${place}: expected 0 or 1`);
    },
    write: (value) => [value],
  };
}

/** An object as a map, whatever its names are. */
function record<T>(value: unknown, place: string, of: (item: unknown, place: string) => T): { readonly [name: string]: T } {
  const all: { [name: string]: T } = Object.create(null) as { [name: string]: T };
  for (const [name, item] of membersOf(value, place)) all[name] = of(item, `${place}.${name.slice(0, 64)}`);
  return Object.freeze(all);
}

/**
 * Reads a receipt's document.
 *
 * @throws FormError
 */
export function readReceipt(document: unknown): Receipt {
  const members = membersOf(document, "receipt");
  // It is left out where no member found another one wrong.
  const whole = members.has("faults") ? document : Object.fromEntries([...members, ["faults", []]]);
  return receiptDocument.read(whole, "receipt");
}

const REPLY = ["request_id", "status", "error", "response", "signatures", "claims", "logs", "usage", "receipt"];

/**
 * Reads a reply's document. It proves nothing yet.
 *
 * @throws FormError
 */
export function readReply(document: unknown): Reply {
  const members = membersOf(document, "reply");
  for (const name of members.keys()) {
    if (!REPLY.includes(name)) throw new FormError(`reply: expected no member ${JSON.stringify(name.slice(0, 64))}`);
  }
  // A member that is `null` is not one that is absent: only an honest node's form is taken.
  const optional = <T>(name: string, of: Codec<T>, absent: T): T =>
    members.has(name) ? of.read(members.get(name), `reply.${name}`) : absent;
  return Object.freeze({
    request_id: id32.read(members.get("request_id"), "reply.request_id"),
    status: status.read(members.get("status"), "reply.status"),
    error: optional<ErrorCode | null>("error", errorCode, null),
    response: nullable(text()).read(members.get("response"), "reply.response"),
    signatures: record(members.get("signatures"), "reply.signatures", signatureView.read),
    claims: optional("claims", claimList, Object.freeze([])),
    logs: text().read(members.get("logs"), "reply.logs"),
    usage: record(members.get("usage"), "reply.usage", u64.read),
    receipt: readReceipt(members.get("receipt")),
  });
}

/** A problem document as it was read: its execution is unproven so far. */
export interface ProblemDocument extends Problem {
  readonly requestId: string | null;
  readonly execution: unknown;
}

/**
 * Reads a problem document. Members that are not needed may be anything.
 *
 * @throws FormError
 */
export function readProblem(document: unknown): ProblemDocument {
  const members = membersOf(document, "problem");
  const code = members.get("code");
  if (!isErrorCode(code)) throw new FormError("problem: expected a code of the list");
  const detail = text(65_536).read(members.get("detail"), "problem.detail");
  const wait = members.get("retry_after_ms");
  const requestId = members.get("request_id");
  return Object.freeze({
    code,
    title: text(1_024).read(members.get("title"), "problem.title"),
    detail,
    retryAfterMs: wait === undefined || wait === null ? null : u64.read(wait, "problem.retry_after_ms"),
    nodes: list(nodeNumber, 256).read(members.get("nodes") ?? [], "problem.nodes"),
    requestId: requestId === undefined || requestId === null ? null : id32.read(requestId, "problem.request_id"),
    execution: members.get("execution") ?? null,
  });
}

const head = open({ number: u64, hash: hash32, time_ms: u64 });
/** The chain's head as a node tells it. */
export type Head = Of<typeof head>;

const nodeView = open({
  network: id32,
  epoch: u64,
  threshold: u8,
  node: nodeNumber,
  time_ms: u64,
  head: nullable(head),
  ready: bool,
  waiting_for: nullable(text(4_096)),
  guest: hash32,
  login_domains: list(text(512), 1_024),
  nodes: list(open({
    index: nodeNumber, connected: bool, set_up: bool, banned: bool, guest: nullable(hash32), operator: nullable(text(256)),
    endpoint: ifRead(endpoint), silent_ms: nullable(u64), fault: nullable(open({ check: text(1_024), count: u64 })),
  }), 256),
});
/** How a node sees the network: its own word. */
export type NodeView = Of<typeof nodeView>;

/** @throws FormError */
export const readNodeView = (document: unknown): NodeView => nodeView.read(document, "network");

const grantView = open({ kind: oneOf("action", "address", "login"), id: text(256), scopes: list(u8, 255) });
/** A grant on a key: who may use it, and for what. */
export type GrantView = Of<typeof grantView>;

const keyView = open({
  token_id: hash32,
  public_key: key33,
  address: address20,
  key_id: hash32,
  owner: nullable(address20),
  burnt: bool,
  grants: nullable(list(grantView, 64)),
  block: u64,
});
/** A key as a node sees it. Token, public key and address belong together; the rest is the node's own word. */
export type KeyView = Of<typeof keyView>;

/** @throws FormError */
export const readKeyView = (document: unknown): KeyView => keyView.read(document, "key");

const codeStored = open({ action: cid, bytes: u64, new: bool });
/** A node's answer about code that it has now. */
export type CodeStored = Of<typeof codeStored>;

/** @throws FormError */
export const readCodeStored = (document: unknown): CodeStored => codeStored.read(document, "code");

/** A value, or `null` also for what has another form: a later release may sign more of an endpoint. It is never hashed. */
function ifRead<T>(of: Codec<T>): Codec<T | null> {
  return {
    read: (value, place) => {
      try {
        return nullable(of).read(value, place);
      } catch (error) {
        if (error instanceof FormError) return null;
        throw error;
      }
    },
    write: nullable(of).write,
  };
}

/** As {@link struct}, but members that a later release adds are passed over, and an absent one is `null`. It is never hashed. */
function open<S extends Shape>(shape: S): Codec<Members<S>> {
  const exact = struct(shape);
  return {
    read: (value, place) => {
      const members = membersOf(value, place);
      return exact.read(Object.fromEntries(Object.keys(shape).map((name) => [name, members.get(name) ?? null])), place);
    },
    write: exact.write,
  };
}
