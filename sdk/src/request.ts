/** Signed requests. */

import { FormError, u64 } from "./codec.js";
import { refusal } from "./errors.js";
import { concat, fromHex, toBase64url, toHex, utf8 } from "./bytes.js";
import { cidHash, cidOf, sha256, transcript } from "./hash.js";
import { type JsonValue, parseJson, writeJson } from "./json.js";
import { type LimitsRequest, type Network, isLimitName } from "./network.js";
import type { Head } from "./reply.js";
import type { Session } from "./session.js";
import { requestId } from "./verify.js";

/** Longest source of an action. */
export const CODE_BYTES_MAX = 4 << 20;
/** Longest signed bytes. */
const REQUEST_BYTES_MAX = 256 << 10;

/** What a caller wants to have executed. */
export interface Call {
  /** The action's name, if nodes have its source; or the source, which is then sent along. */
  readonly action: { readonly cid: string } | { readonly code: string };
  /** The parameters; `{}` without. */
  readonly params?: { readonly [name: string]: JsonValue };
  /** Instead of `params`: the text of a JSON object, which is signed and passed on as it is. */
  readonly paramsJson?: string;
  /** Limits to lower. */
  readonly limits?: LimitsRequest;
}

/** A signed request. However often and wherever it is sent, it is one execution. */
export interface PreparedRequest {
  /** The request id. */
  readonly id: string;
  /** The signed bytes: with the reply, all that `verifyExecution` needs. */
  readonly bytes: Uint8Array;
  /** The body of `POST /v1/executions`. */
  readonly body: string;
  /** The action's name. */
  readonly action: string;
}

/** The name of a call's action, and its source if it is sent along. */
export function actionOf(call: Call): { cid: string; code: string | null } {
  if ("code" in call.action) return { cid: cidOfSource(call.action.code), code: call.action.code };
  try {
    cidHash(call.action.cid);
  } catch (error) {
    throw refusal("malformed_request", error instanceof Error ? error.message : "the action's name is none");
  }
  return { cid: call.action.cid, code: null };
}

/** The name of a source that nodes would take. */
export function cidOfSource(code: string): string {
  let bytes: Uint8Array;
  try {
    bytes = utf8(code);
  } catch {
    throw refusal("code_not_text", "the action's source has half a surrogate pair");
  }
  if (bytes.length > CODE_BYTES_MAX) throw refusal("code_too_large", "the action's source is longer than 4 MiB");
  return cidOf(bytes);
}

/** The text of a call's parameters, from its first brace to its last. */
function paramsOf({ params, paramsJson }: Call): string {
  if (params !== undefined && paramsJson !== undefined) throw refusal("params_invalid", "name params or paramsJson, not both");
  let text: string;
  try {
    text = paramsJson === undefined ? writeJson(params ?? {}) : paramsJson.trim();
    parseJson(text);
  } catch (error) {
    throw refusal("params_invalid", error instanceof Error ? error.message : "the parameters are no JSON");
  }
  if (!text.startsWith("{")) throw refusal("params_invalid", "the parameters are not a JSON object");
  return text;
}

function limitsOf(limits: LimitsRequest | undefined): { limits?: { [name: string]: number } } {
  if (limits === undefined) return {};
  const all: { [name: string]: number } = {};
  for (const [name, value] of Object.entries(limits)) {
    if (value === undefined) continue;
    if (!isLimitName(name)) throw refusal("malformed_request", `there is no limit ${JSON.stringify(name)}`);
    try {
      all[name] = u64.read(value, `limits.${name}`);
    } catch (error) {
      if (error instanceof FormError) throw refusal("malformed_request", error.message);
      throw error;
    }
  }
  return { limits: all };
}

/** The member `params` is put in as a text, since its very characters are signed. */
function signedText(before: object, params: string, after: object): string {
  const head = JSON.stringify(before).slice(0, -1);
  const tail = JSON.stringify(after).slice(1);
  return `${head},"params":${params}${tail === "}" ? "}" : `,${tail}`}`;
}

/** A session's signature of an id, as nodes expect it. */
export const signId = async (session: Session, id: string): Promise<string> =>
  toBase64url(await session.sign(transcript("quorate/session-request/v1", fromHex(id))));

/** Where, when and how a request is made. */
export interface Moment {
  readonly head: Pick<Head, "number" | "hash">;
  readonly timeMs: number;
  /** 16 random bytes. */
  readonly nonce: Uint8Array;
}

/**
 * Makes and signs a request.
 *
 * @throws ProblemError with the code with which nodes would refuse it
 */
export async function signRequest(network: Network, session: Session, call: Call, moment: Moment): Promise<PreparedRequest> {
  const { cid, code } = actionOf(call);
  const { number, hash } = moment.head;
  const before = { v: 1, network: network.id, session: session.publicKey, login: session.hash, action: cid };
  const after = { block: { number, hash }, time_ms: moment.timeMs, nonce: toHex(moment.nonce), ...limitsOf(call.limits) };
  const bytes = utf8(signedText(before, paramsOf(call), after));
  if (bytes.length > REQUEST_BYTES_MAX) throw refusal("malformed_request", "the parameters are longer than 256 KiB");
  const id = requestId(network, bytes);
  const body = JSON.stringify({
    request: toBase64url(bytes), sig: await signId(session, id), login: session.login, ...(code === null ? {} : { code }),
  });
  return Object.freeze({ id, bytes, body, action: cid });
}

/** The body of `PUT /v1/code`. */
export async function signCode(
  network: Network, session: Session, source: { readonly cid: string; readonly code: string }, timeMs: number,
): Promise<string> {
  const request = {
    v: 1, network: network.id, session: session.publicKey, login: session.hash, action: source.cid, time_ms: timeMs,
  };
  const bytes = utf8(JSON.stringify(request));
  const id = sha256(concat(utf8("quorate/code-request/v1"), fromHex(network.id), bytes));
  return JSON.stringify({
    request: toBase64url(bytes), sig: await signId(session, toHex(id)), login: session.login, code: source.code,
  });
}
