/** Every failure as one sentence, and one next step. */

import type { ErrorCode, LocalCode } from "./quorate.js";

export interface Failure {
  /** A word of a closed list: the client's code, with the reason behind a dot where the code alone says too little. */
  readonly code: string;
  /** What happened. */
  readonly sentence: string;
  /** What to do now. */
  readonly next: string;
  /** Whether the session is worth nothing any more. */
  readonly over?: true;
}

/** What the person was doing. */
export type Doing = "passkey-sign-in" | "passkey-make" | "oidc" | "wallet" | "use" | "sign-out" | "start";

type Words = Pick<Failure, "sentence" | "next" | "over">;

const AGAIN = "Try again.";
const LATER = "Try again in a minute.";
const OTHER_WAY = "Choose another way to sign in.";
const SIGN_IN = "Sign in again.";
const OPERATOR = "Tell the people who run this page.";

/** What is wrong on this side. Codes that have several reasons are told apart below. */
const LOCAL: { readonly [code in LocalCode]: Words } = {
  network_file: { sentence: "This page’s description of the network cannot be read.", next: OPERATOR },
  network_other: { sentence: "This page’s description is of another network than the page was made for.", next: OPERATOR },
  argument: { sentence: "This page asks for something that cannot be done.", next: OPERATOR },
  login_terms: { sentence: "A session cannot be as this page wants it.", next: OPERATOR },
  wallet_refused: { sentence: "The wallet did not sign, and nothing has happened.", next: "Allow it in the wallet, or choose another way to sign in." },
  wallet_failed: { sentence: "The wallet gave no account, or did not sign with it.", next: "Unlock the wallet and try again; contracts cannot sign in." },
  oidc_refused: { sentence: "The other site did not sign you in.", next: OTHER_WAY },
  oidc_failed: { sentence: "The other site’s answer is not what it must be, and was not believed.", next: "Try again, or choose another way to sign in." },
  passkey_refused: { sentence: "No passkey was used: it was cancelled, it took too long, or this device has none for this page.", next: "Try again, make a passkey, or choose another way." },
  passkey_failed: { sentence: "The browser could not use a passkey here.", next: OTHER_WAY },
  passkey_key_unknown: { sentence: "This browser does not know the public key of this passkey, and cannot compute it.", next: "Use the passkey in the browser in which it was made, or choose another way." },
  fetch_failed: { sentence: "This page’s description of the network cannot be loaded.", next: "Check the connection, and load the page again." },
  store_failed: { sentence: "This browser does not let the page keep anything, so it would forget you on the way.", next: "Leave the private window, or allow this site to keep data." },
};

/** What the browser says of a passkey's ceremony (WebAuthn Level 3), by the error's name. */
const WEBAUTHN: { readonly [name: string]: Words | { readonly [doing in "passkey-make" | "passkey-sign-in"]: Words } } = {
  NotAllowedError: {
    "passkey-make": { sentence: "No passkey was made: it was cancelled, or it took too long.", next: "Try again, or choose another way to sign in." },
    "passkey-sign-in": LOCAL.passkey_refused,
  },
  InvalidStateError: { sentence: "This device has a passkey of yours for this page already.", next: "Sign in with that passkey." },
  SecurityError: { sentence: "Passkeys of this application do not work at this address.", next: "Open the page at its own address, by https." },
  AbortError: { sentence: "The request for a passkey was ended before anything was chosen.", next: AGAIN },
  NotSupportedError: { sentence: "This device cannot make a passkey of the kind that is needed.", next: "Use another device, or choose another way to sign in." },
  ConstraintError: { sentence: "This device cannot check that it is you: it has no PIN, no fingerprint and no face set up.", next: "Set up a screen lock, or choose another way to sign in." },
  ExchangeError: { sentence: "No passkey was chosen in time.", next: AGAIN },
};

/** The errors that an issuer answers with (OAuth 2.0, section 4.1.2.1; OpenID Connect Core 1.0, section 3.1.2.6). */
const ISSUER: { readonly [error: string]: Words } = {
  access_denied: { sentence: "You, or the other site, did not allow it.", next: "Try again and allow it, or choose another way." },
  login_required: { sentence: "The other site wants you to sign in there first.", next: AGAIN },
  interaction_required: { sentence: "The other site wants to ask you something first.", next: AGAIN },
  account_selection_required: { sentence: "The other site wants to know which of your accounts you mean.", next: AGAIN },
  consent_required: { sentence: "The other site needs your consent.", next: "Try again, and give it." },
  temporarily_unavailable: { sentence: "The other site is too busy to sign anybody in.", next: LATER },
  server_error: { sentence: "The other site has failed.", next: LATER },
  invalid_request: { sentence: "The other site does not understand what this page asks for.", next: OPERATOR },
  unauthorized_client: { sentence: "The other site does not know this page, or does not let it sign people in.", next: OPERATOR },
  unsupported_response_type: { sentence: "The other site does not sign people in this way.", next: OPERATOR },
  invalid_scope: { sentence: "The other site does not give what this page asks for.", next: OPERATOR },
};

/** An issuer's answer that was not believed, by what the client says of it; a test holds both together. */
const ISSUER_FAILED: readonly (readonly [reason: string, says: RegExp, words: Words])[] = [
  ["unreachable", /cannot be asked from this page/, { sentence: "The other site does not answer.", next: "Check the connection and try again, or choose another way." }],
  ["state", /no login that has begun here waits/, { sentence: "This answer belongs to no sign-in that has begun in this browser, or it came too late.", next: "Sign in again from this page." }],
  ["other_network", /for another network/, { sentence: "The sign-in had begun for another network.", next: SIGN_IN }],
  ["describes", /describe[s]? itself|names no page|offers no flow/, { sentence: "The other site does not offer sign-in as it must.", next: OTHER_WAY }],
  ["exchange", /does not exchange the code|gives no ID token/, { sentence: "The other site did not hand over its answer.", next: SIGN_IN }],
  ["clock", /of another time/, { sentence: "The other site’s clock and this device’s clock do not agree.", next: "Set this device’s clock, then sign in again." }],
];

/** Refusals of the network, by code: those that people meet. */
const NETWORK: { readonly [code in ErrorCode]?: Words } = {
  login_issuer_unknown: { sentence: "The network does not take sign-ins from this site any more, or not yet.", next: OTHER_WAY, over: true },
  login_keys_unavailable: { sentence: "The network is fetching new keys from the site that you signed in with.", next: LATER },
  login_invalid: { sentence: "The network does not accept this sign-in.", next: SIGN_IN, over: true },
  login_mismatch: { sentence: "The network does not accept this sign-in for this request.", next: SIGN_IN, over: true },
  session_expired: { sentence: "Your session has ended.", next: SIGN_IN, over: true },
  session_revoked: { sentence: "You have signed out of this session, here or elsewhere.", next: SIGN_IN, over: true },
  session_signature_invalid: { sentence: "The network does not accept what this session signed.", next: SIGN_IN, over: true },
  session_scope: { sentence: "You did not allow this session to do that.", next: "Sign in again, and allow it." },
  not_admitted: { sentence: "This network does not admit you.", next: "Ask the people who run it, or choose another way to sign in." },
  not_granted: { sentence: "The key is not granted to you.", next: "Ask the key’s owner for a grant." },
  scope_missing: { sentence: "The key is granted to you, but not for this.", next: "Ask the key’s owner for a wider grant." },
  pkp_unknown: { sentence: "The network does not know this key.", next: OPERATOR },
  rate_limited: { sentence: "That was too much in too short a time.", next: LATER },
  wrong_network: { sentence: "The session is of another network.", next: SIGN_IN, over: true },
  request_expired: { sentence: "The request came too late, or this device’s clock is slow.", next: "Set this device’s clock, then try again." },
  request_from_future: { sentence: "This device’s clock is ahead of the network’s.", next: "Set this device’s clock, then try again." },
  policy_denied: { sentence: "The key’s policy does not allow this.", next: "Ask the key’s owner." },
};

interface Told {
  readonly name: string;
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  /** Whether it is more than one node's word. */
  readonly confirmed: boolean;
  readonly cause: unknown;
}

function toldOf(error: unknown): Told {
  const { name, code, message, retryable, confirmed, cause } = (typeof error === "object" && error !== null ? error : {}) as { readonly [K in keyof Told]?: unknown };
  const text = (value: unknown): string => (typeof value === "string" ? value : "");
  return { name: text(name), code: text(code), message: text(message), retryable: retryable === true, confirmed: confirmed === true, cause };
}

const named = (code: string, words: Words): Failure => ({ code, ...words });
const own = <T>(table: { readonly [name: string]: T }, name: string): T | undefined => (Object.hasOwn(table, name) ? table[name] : undefined);

/** What to tell a person; `null` for what they have ended themselves. */
export function explain(error: unknown, doing: Doing): Failure | null {
  const told = toldOf(error);
  switch (told.name) {
    case "AbortError": return null;
    case "SettingsError": return named("settings", { sentence: "This page is not set up to sign anybody in.", next: OPERATOR });
    case "UnreachableError": return named(told.code, { sentence: "No node of the network answers.", next: "Check the connection, then try again." });
    case "VerificationError": return named(told.code, { sentence: "A node gave an answer that proves nothing, and it was not believed.", next: AGAIN });
    case "LocalError": return localFailure(told, doing);
    case "ProblemError": return networkFailure(told);
    default: return named("unknown", { sentence: "Something went wrong that this page did not foresee.", next: "Load the page again; if it stays, tell the people who run it." });
  }
}

function localFailure({ code, message, cause }: Told, doing: Doing): Failure {
  switch (code) {
    case "passkey_refused":
    case "passkey_failed": {
      const { name } = toldOf(cause);
      const found = own(WEBAUTHN, name);
      if (found === undefined) break;
      const words = "sentence" in found ? found : found[doing === "passkey-make" ? doing : "passkey-sign-in"];
      return named(`${code}.${name}`, words);
    }
    case "oidc_refused": {
      const error = / ([\w.-]+)$/.exec(message)?.[1] ?? "";
      return named(`${code}.${error}`, own(ISSUER, error) ?? LOCAL.oidc_refused);
    }
    case "oidc_failed": {
      const found = ISSUER_FAILED.find(([, says]) => says.test(message));
      if (found !== undefined) return named(`${code}.${found[0]}`, found[2]);
    }
  }
  return named(code, own(LOCAL, code) ?? { sentence: "This page has failed.", next: OPERATOR });
}

function networkFailure({ code, retryable, confirmed }: Told): Failure {
  const words = own(NETWORK as { readonly [code: string]: Words }, code);
  // One node alone ends nobody's session.
  if (words?.over === true && !confirmed) return named(code, { sentence: `${words.sentence} So says one node, and no other.`, next: AGAIN });
  if (words !== undefined) return named(code, words);
  return named(code, retryable
    ? { sentence: "The network is busy, or some of its nodes do not see each other.", next: LATER }
    : { sentence: `The network refuses this, with the code ${code}.`, next: "Try again; if it stays, tell the people who run this page." });
}
