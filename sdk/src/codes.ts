/** The closed list of error codes (docs/errors.md), with the numbers that statements have for them. */

import type { Codec } from "./codec.js";
import { FormError } from "./codec.js";

const NUMBERS = {
  malformed_request: 1, unsupported_version: 2, body_too_large: 3, code_too_large: 4, code_missing: 5,
  cid_mismatch: 6, wrong_network: 7, login_invalid: 8, session_expired: 9, session_signature_invalid: 10,
  session_scope: 11, not_admitted: 12, request_expired: 13, request_from_future: 14, request_predates_node: 15,
  block_unknown: 16, block_too_old: 17, block_ahead: 18, registry_stale: 19, not_ready: 20, rate_limited: 21,
  overloaded: 22, no_quorum: 23, no_unbanned_quorum: 24, intents_diverged: 26, outcomes_diverged: 27,
  signing_failed: 28, deadline_exceeded: 29, pkp_unknown: 30, not_granted: 31, scope_missing: 32, digest_length: 33,
  digest_invalid: 34, signature_name_duplicate: 35, signature_name_invalid: 36, not_supported: 37, action_threw: 38,
  action_syntax: 39, param_reserved: 40, limit_cpu: 41, limit_wall: 42, limit_memory: 43, limit_stack: 44,
  limit_response: 45, limit_logs: 46, limit_host_calls: 47, limit_signatures: 48, limit_fetches: 49,
  limit_promises: 50, worker_died: 51, fetch_refused: 52, fetch_failed: 53, not_found: 54, method_not_allowed: 55,
  host_refused: 56, shutting_down: 58, internal: 59, params_invalid: 60, media_type: 61, limit_total: 62,
  limit_code: 63, limit_params: 64, limit_fetched_bytes: 65, limit_collects: 66, limit_contract_calls: 67,
  limit_claims: 68, limit_children: 69, limit_depth: 70, limit_timers: 71, value_too_large: 72, run_once_failed: 73,
  run_once_operation: 74, chain_unknown: 75, rpc_failed: 76, call_reverted: 77, fetch_redirected: 78,
  code_quota: 80, code_store_full: 81, code_not_text: 82, single_node_value: 90, claim_invalid: 91,
  login_mismatch: 92, registry_rolled_back: 93, reply_not_kept: 95, action_pending: 96,
  limit_randoms: 97, draw_failed: 98,
  policy_invalid: 100, policy_comparator: 101, policy_too_large: 102, policy_unsupported: 103, policy_denied: 104,
  policy_unreadable: 105, policy_parameter: 106,
  decryption_failed: 110, limit_decryptions: 111, ciphertext_invalid: 112, ciphertext_foreign: 113, container_version: 114,
  container_invalid: 115, identity_mismatch: 116, reader_key_invalid: 117, request_replayed: 118, auth_sig_refused: 119,
  plaintext_not_text: 120,
  login_issuer_unknown: 121, login_keys_unavailable: 122, session_revoked: 123,
} as const;

/** A code of a problem document. */
export type ErrorCode = keyof typeof NUMBERS;

/** Codes with which the same call may succeed later without a change. */
const RETRYABLE: readonly ErrorCode[] = [
  "request_predates_node", "block_ahead", "registry_stale", "not_ready", "rate_limited", "overloaded", "no_quorum",
  "no_unbanned_quorum", "signing_failed", "draw_failed", "deadline_exceeded", "worker_died", "shutting_down", "code_store_full",
  "registry_rolled_back", "policy_unreadable", "decryption_failed", "login_keys_unavailable",
];

/** Whether a text is a code. */
export const isErrorCode = (text: unknown): text is ErrorCode => typeof text === "string" && Object.hasOwn(NUMBERS, text);

/** All codes. */
export const errorCodes = (): readonly ErrorCode[] => Object.keys(NUMBERS).filter(isErrorCode);

/** The number of a code in the binary form. */
export const numberOf = (code: ErrorCode): number => NUMBERS[code];

/** Whether the same call may succeed later. The code says so, whatever a document says of itself. */
export const isRetryable = (code: ErrorCode): boolean => RETRYABLE.includes(code);

/** A code in a document. */
export const errorCode: Codec<ErrorCode> = {
  read: (value, place) => {
    if (isErrorCode(value)) return value;
    throw new FormError(`${place}: expected an error code`);
  },
  write: (value) => [NUMBERS[value]],
};
