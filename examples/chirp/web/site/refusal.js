// What actions and the network answer, as failures in words.
import { asRecord } from "./ceramic.js";
import { Failure, asFailure } from "./failure.js";

/** The action saw something that is different a moment later. */
const RACED = new Set(["stale_tip", "slot_taken"]);
/** Nodes saw a document at different moments. */
const DIVERGED = new Set(["intents_diverged", "outcomes_diverged"]);
const ENDED = new Set(["session_expired", "login_invalid", "login_mismatch", "session_scope", "session_signature_invalid"]);

/**
 * What an action answered, or its refusal, with the action's own reason.
 * @param {string | null} response
 * @returns {Record<string, unknown>}
 */
export function answered(response) {
  const answer = readObject(response);
  if (answer["ok"] === true) return answer;
  const { code, reason } = answer;
  if (answer["ok"] !== false || typeof code !== "string" || typeof reason !== "string") {
    throw new Failure("refused", "The action answered something that this page does not understand. Nothing was published; load the page again.");
  }
  const words = sentence(reason);
  if (code === "store_unavailable") throw new Failure("silent", `${words} This page asks again by itself.`);
  if (code === "login_missing") throw new Failure("ended", words);
  throw new Refusal(RACED.has(code) ? "raced" : "refused", words, code);
}

/** An action's refusal, with its code. */
export class Refusal extends Failure {
  /** @param {import("./failure.js").Kind} kind @param {string} words @param {string} code */
  constructor(kind, words, code) {
    super(kind, words);
    this.code = code;
  }
}

/** An action's reason as it is shown: one bounded sentence, whatever was answered. @param {string} reason */
function sentence(reason) {
  const words = [...reason.replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ").trim()].slice(0, 200).join("");
  const start = words.charAt(0).toUpperCase() + words.slice(1);
  return /[.!?]$/.test(start) ? start : `${start}.`;
}

/** @param {string | null} text */
function readObject(text) {
  try {
    return asRecord(JSON.parse(text ?? "null"));
  } catch {
    return {};
  }
}

/** An error of the client in words. Errors are told apart by name, so that this module needs no client. @param {unknown} error */
export function inWords(error) {
  if (!(error instanceof Error) || error instanceof Failure) return asFailure(error);
  const { name } = error;
  if (name === "ProblemError") return ofProblem(/** @type {any} */ (error));
  if (name === "UnreachableError" || name === "TimeoutError") return new Failure("silent", "No node answers: nothing is lost, and this page asks again by itself.", { cause: error });
  if (name === "VerificationError") return new Failure("silent", "A node’s answer did not stand up to the check and was not believed: this page asks again by itself.", { cause: error });
  if (name === "LocalError") return ofWallet(/** @type {any} */ (error));
  return asFailure(error);
}

/** @param {Error & { code: string, retryable: boolean }} error */
function ofProblem(error) {
  const { code } = error, cause = { cause: error };
  if (DIVERGED.has(code)) return new Failure("raced", "Somebody else wrote at the same moment, again and again. Try it once more in a while.", cause);
  if (ENDED.has(code)) return new Failure("ended", "Your session is over. Sign in and try again.", cause);
  if (code === "no_quorum" || code === "no_unbanned_quorum") return new Failure("silent", "Too few nodes answer to sign: nothing is lost, and this page asks again by itself.", cause);
  if (code === "overloaded" || code === "rate_limited") return new Failure("silent", "The nodes have much to do right now: nothing is lost, and this page asks again by itself.", cause);
  if (error.retryable) return new Failure("silent", "The nodes cannot sign right now: nothing is lost, and this page asks again by itself.", cause);
  if (code === "not_granted") return new Failure("refused", "The nodes refused: this program may not write here. Load the page again, since it may be an old one.", cause);
  return new Failure("refused", `The nodes refused (${code}). Nothing was written; trying again changes it only if the cause is gone.`, cause);
}

/** What went wrong on this side. @param {Error & { code: string }} error */
function ofWallet(error) {
  const cause = { cause: error };
  if (error.code === "wallet_refused") return new Failure("declined", "Your wallet did not sign. Nothing happened; try again whenever you like.", cause);
  if (error.code === "wallet_failed") return new Failure("declined", "Your wallet gave no good signature. Nothing happened; try again, or go on as a guest.", cause);
  if (error.code === "fetch_failed") return new Failure("silent", "This page’s own server does not answer: nothing is lost, and this page asks again by itself.", cause);
  return new Failure("refused", "This page and the network do not fit together. Nothing was written; load the page again.", cause);
}
