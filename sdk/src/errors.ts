/** What can go wrong. Every error has a code of a closed list, and a message for people. */

import { type ErrorCode, isRetryable } from "./codes.js";
import type { Execution } from "./reply.js";

/** A problem document of a node (RFC 9457), as far as it is believed. */
export interface Problem {
  readonly code: ErrorCode;
  readonly title: string;
  readonly detail: string;
  /** In how many milliseconds a call that came too fast may succeed, where the node says so. */
  readonly retryAfterMs: number | null;
  /** The nodes that the problem is said to be about. */
  readonly nodes: readonly number[];
}

/** A node's answer that proves nothing: what is wrong with it. */
export type VerifyCode =
  | "form" | "too_few_members" | "not_member" | "member_twice" | "statement_signature" | "unequal_statement"
  | "wrong_network" | "wrong_epoch" | "wrong_request" | "wrong_execution" | "other_login" | "status_mismatch"
  | "response_mismatch" | "claims_mismatch" | "unknown_signature" | "signature_withheld" | "signature_invalid"
  | "other_key" | "other_node" | "other_code" | "not_held";

/** What is wrong on this side, before or beside the nodes. */
export type LocalCode =
  /** The text is no network file. */
  | "network_file"
  /** The network file describes another network than was asked for. */
  | "network_other"
  /** An argument is not what it must be. */
  | "argument"
  /** A login cannot be written with these terms. */
  | "login_terms"
  /** The wallet, or the person in front of it, has refused. */
  | "wallet_refused"
  /** The wallet failed, or has signed something else. */
  | "wallet_failed"
  /** The issuer, or the person in front of it, has refused the login. */
  | "oidc_refused"
  /** The issuer does not answer as OpenID Connect says, or the answer is not one to this browser's login. */
  | "oidc_failed"
  /** The person, or the authenticator, has refused, or no passkey was chosen in time. */
  | "passkey_refused"
  /** The browser has no passkeys, or the authenticator has signed something else. */
  | "passkey_failed"
  /** The passkey's public key is not known here, and it is of a kind that cannot be computed from signatures. */
  | "passkey_key_unknown"
  /** A file of the page's own could not be fetched. */
  | "fetch_failed"
  /** The store does not answer. */
  | "store_failed";

/** Any error of this client but an abort. */
export abstract class QuorateError extends Error {
  abstract readonly code: ErrorCode | VerifyCode | LocalCode | "unreachable";
}

/** The network refused, or the action ended badly. */
export class ProblemError extends QuorateError {
  override readonly name = "ProblemError";
  readonly code: ErrorCode;
  readonly problem: Problem;
  /** Whether the same call may succeed later without a change. */
  readonly retryable: boolean;
  /** Whether statements of t nodes prove the code. */
  readonly proven: boolean;
  /** Whether it is more than one node's word: proven, said by several nodes, or by this client itself. */
  readonly confirmed: boolean;
  /** The node that said so; `null` if this client did, before it asked. */
  readonly node: number | null;
  /** The remains of a run, proven as any execution is. */
  readonly execution: Execution | null;

  constructor(problem: Problem, more: { node?: number; execution?: Execution; confirmed?: boolean } = {}) {
    super(problem.detail === "" ? problem.title : problem.detail);
    this.code = problem.code;
    this.problem = problem;
    this.retryable = isRetryable(problem.code);
    this.execution = more.execution ?? null;
    this.proven = this.execution !== null;
    this.node = more.node ?? null;
    this.confirmed = this.proven || this.node === null || more.confirmed === true;
  }
}

/** A refusal of this client's own, with the code that nodes would give. */
export const refusal = (code: ErrorCode, detail: string): ProblemError =>
  new ProblemError({ code, title: detail, detail, retryAfterMs: null, nodes: [] });

/** A node's answer does not prove what it says, and no other node gave a better one. */
export class VerificationError extends QuorateError {
  override readonly name = "VerificationError";
  readonly code: VerifyCode;
  /** The node that answered, where a node was asked. */
  readonly node: number | null;

  constructor(code: VerifyCode, message: string, node: number | null = null) {
    super(node === null ? message : `the answer of node ${node} is refused: ${message}`);
    this.code = code;
    this.node = node;
  }
}

/** A node that was asked in vain. */
export interface Tried {
  readonly node: number;
  readonly trouble: string;
}

/** No node gave an answer. */
export class UnreachableError extends QuorateError {
  override readonly name = "UnreachableError";
  readonly code = "unreachable";
  readonly tried: readonly Tried[];

  constructor(tried: readonly Tried[]) {
    super(`no node could be asked: ${tried.map(({ node, trouble }) => `node ${node}: ${trouble}`).join("; ")}`);
    this.tried = tried;
  }
}

/** Something on this side is wrong. */
export class LocalError extends QuorateError {
  override readonly name = "LocalError";
  readonly code: LocalCode;

  constructor(code: LocalCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
