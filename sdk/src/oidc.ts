/** Logins by OpenID Connect: the page goes to the issuer and comes back. No window opens. */

import { toBase64url, utf8 } from "./bytes.js";
import { FormError, membersOf } from "./codec.js";
import { LocalError } from "./errors.js";
import { sha256 } from "./hash.js";
import { type Waiting, readText } from "./http.js";
import { parseJson } from "./json.js";
import { type LoginMethod, type LoginTerms, type OidcProof, type TermsOptions, SESSION_MS_MAX, loginNonce, proveAll, sessionTerms } from "./login.js";
import type { Network } from "./network.js";
import { type KeptOptions, type KeyPair, type Session, freshKey, freshTerms, isCryptoKey, proven } from "./session.js";
import type { Store } from "./store.js";
import { readClaims } from "./token.js";

/** Longest document of an issuer that is read. */
const DOCUMENT_BYTES_MAX = 64 << 10;
const DEADLINE_MS = 10_000;
/** An issuer's clock may be so far from this machine's. */
const SKEW_MS = 5 * 60_000;
/** Logins that have begun and not ended: so many are kept, for so long. */
const PENDING_MAX = 4;
const PENDING_MS = 60 * 60_000;
const PENDING_VERSION = 1;
/** Parameters that the login needs as they are. */
const OWN_PARAMETERS = [
  "response_type", "response_mode", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge", "code_challenge_method",
  "request", "request_uri",
];

/** How the issuer answers: by a code, which is exchanged for the token with PKCE; or by the token itself, in the fragment. */
export type OidcFlow = "code" | "id_token";

/** An application at an issuer. */
export interface OidcClient {
  /** The issuer's identifier, as in its tokens. */
  readonly issuer: string;
  /** The application's name at the issuer: a public client, without a secret. */
  readonly clientId: string;
  /** Where the issuer sends the person back, as it is registered there. */
  readonly redirectUri: string;
  /** `openid`, if nothing is said. Other words tell the application more; nodes see the token only. */
  readonly scope?: string;
  /** `code` where the issuer offers it, if nothing is said. */
  readonly flow?: OidcFlow;
  /** Further parameters of the issuer's page, for instance `prompt` or `login_hint`. */
  readonly parameters?: { readonly [name: string]: string };
}

/** How an issuer is asked. */
export interface OidcOptions extends KeptOptions, Waiting {
  readonly fetch?: typeof globalThis.fetch;
  /** An exchange with the issuer ends after this: 10,000. */
  readonly deadlineMs?: number;
  readonly now?: () => number;
}

/** What of an issuer's own description is used. */
interface Issuer {
  readonly authorize: string;
  readonly token: string | null;
  readonly flow: OidcFlow;
  /** Whether every answer says whose it is (RFC 9207). */
  readonly saysIss: boolean;
}

/** A login that has begun. */
interface Pending {
  readonly version: typeof PENDING_VERSION;
  readonly state: string;
  readonly verifier: string;
  readonly client: { readonly issuer: string; readonly clientId: string; readonly redirectUri: string };
  readonly found: Issuer;
  readonly network: string;
  readonly terms: Omit<LoginTerms, "network">;
  readonly pair: KeyPair;
}

const failed = (message: string, cause?: unknown): LocalError => new LocalError("oidc_failed", message, { cause });

/**
 * Begins a login, and gives the address to which the page must go: `location.assign(url)`.
 *
 * The session's key and terms are kept in the store until {@link finishOidc} is called, for an hour at most.
 *
 * @throws LocalError `login_terms`; `argument`; `oidc_failed` for an issuer that does not describe itself as it must;
 * `store_failed` where the key cannot be kept while the page is away
 */
export async function oidcRedirect(
  network: Network, client: OidcClient, options: Omit<TermsOptions, "domain"> & { readonly domain?: string } & OidcOptions,
): Promise<string> {
  const { store, name = "session", now = Date.now } = options;
  const { issuer, clientId, redirectUri } = client;
  checkClient(client);
  const pair = await freshKey();
  const terms = freshTerms(network, pair, { ...options, domain: options.domain ?? new URL(redirectUri).host }, now());
  const found = await describe(client, options);
  const [state, verifier] = [randomText(), randomText()];
  const { network: _, ...kept } = terms;
  await keepPending(store, name, now(), {
    version: PENDING_VERSION, state, verifier, client: { issuer, clientId, redirectUri }, found, network: network.id, terms: kept, pair,
  });
  const url = new URL(found.authorize);
  for (const [key, value] of Object.entries(client.parameters ?? {})) url.searchParams.set(key, value);
  const asked = {
    response_type: found.flow, client_id: clientId, redirect_uri: redirectUri, scope: client.scope ?? "openid", state,
    nonce: loginNonce(terms, clientId),
    ...(found.flow === "code" ? { code_challenge: toBase64url(sha256(utf8(verifier))), code_challenge_method: "S256" } : {}),
  };
  for (const [key, value] of Object.entries(asked)) url.searchParams.set(key, value);
  return url.href;
}

/**
 * Ends a login with the address to which the issuer has sent the person back, for instance `location.href`.
 *
 * It is `null` for an address that is no answer of an issuer, so that a page may call it at every start. Afterwards the page
 * should take the answer out of its address: `history.replaceState(null, "", location.pathname)`.
 *
 * @param options `beside`: further methods that are proven for the same session, which then is one of several methods
 * @throws LocalError `oidc_refused` for the issuer's refusal; `oidc_failed` for an answer to another login, or a wrong one;
 * what further methods throw
 */
export async function finishOidc(
  network: Network, answer: string | URL, options: OidcOptions & { readonly beside?: readonly LoginMethod[] },
): Promise<Session | null> {
  const { store, name = "session", now = Date.now, beside = [], signal } = options;
  const url = new URL(answer);
  const parts = { code: url.searchParams, id_token: new URLSearchParams(url.hash.slice(1)) };
  const flow: OidcFlow = isAnswer(parts.code) ? "code" : "id_token";
  const told = parts[flow];
  if (!isAnswer(told)) return null;
  const pending = await takePending(store, name, now(), one(told, "state") ?? "");
  if (pending === null) throw failed("no login that has begun here waits for this answer, or it has ended");
  if (pending.network !== network.id) throw failed("the login has begun for another network");
  const token = await tokenOf(told, flow, pending, options);
  const terms: LoginTerms = { ...pending.terms, network };
  checkToken(token, pending, terms, now());
  const proof: OidcProof = { kind: "oidc", token, terms: sessionTerms(terms) };
  const login = await proveAll([proof], beside, terms, signal === undefined ? {} : { signal });
  return proven(terms, pending.pair, login, { store, name, now });
}

const randomText = (): string => toBase64url(globalThis.crypto.getRandomValues(new Uint8Array(32)));

/** An address that may be asked: by https, or on this machine by http. */
function secure(address: unknown): URL | null {
  if (typeof address !== "string" || address.length > 2_048 || !URL.canParse(address)) return null;
  const url = new URL(address);
  const local = ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  const sound = url.protocol === "https:" || (local && url.protocol === "http:");
  return sound && url.username === "" && url.password === "" && !address.includes("#") ? url : null;
}

function checkClient({ issuer, clientId, redirectUri, scope = "openid", parameters = {} }: OidcClient): void {
  const wrong = (message: string): LocalError => new LocalError("argument", message);
  const url = secure(issuer);
  if (url === null || issuer.includes("?")) throw wrong("an issuer is an address of https without query and fragment");
  if (!/^[ -~]{1,255}$/.test(clientId)) throw wrong("a client's id has 1 to 255 printable characters of ASCII");
  if (secure(redirectUri) === null) throw wrong("the place to come back to is an address of https without a fragment");
  if (!/^[!-~]{1,64}(?: [!-~]{1,64}){0,15}$/.test(scope) || !scope.split(" ").includes("openid")) {
    throw wrong("a scope has the word openid");
  }
  for (const [name, value] of Object.entries(parameters)) {
    if (OWN_PARAMETERS.includes(name) || name.length + value.length > 1_024) throw wrong(`the parameter ${JSON.stringify(name.slice(0, 64))} is the login's own, or too long`);
  }
}

/** What the issuer says of itself (OpenID Connect Discovery 1.0, section 4). */
async function describe({ issuer, flow }: OidcClient, options: OidcOptions): Promise<Issuer> {
  const { status, text } = await exchange(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`, options);
  const members = status === 200 ? documentOf(text) : null;
  if (members === null) throw failed(`the issuer does not describe itself: it answers ${status}`);
  if (members.get("issuer") !== issuer) throw failed("the issuer describes itself as another one");
  const authorize = secure(members.get("authorization_endpoint"));
  if (authorize === null) throw failed("the issuer names no page to log in at");
  const token = secure(members.get("token_endpoint"));
  const offered = flow ?? flowOf(members, token !== null);
  if (offered === null || (offered === "code" && token === null)) throw failed("the issuer offers no flow for applications without a server");
  return {
    authorize: authorize.href, token: token?.href ?? null, flow: offered,
    saysIss: members.get("authorization_response_iss_parameter_supported") === true,
  };
}

/** A code with PKCE, unless the issuer says that it does not know that; issuers that say nothing of PKCE often do. */
function flowOf(members: ReadonlyMap<string, unknown>, exchanges: boolean): OidcFlow | null {
  const has = (member: string, value: string): boolean | null => {
    const values = members.get(member);
    return Array.isArray(values) ? values.includes(value) : null;
  };
  if (exchanges && has("response_types_supported", "code") !== false && has("code_challenge_methods_supported", "S256") !== false) return "code";
  return has("response_types_supported", "id_token") === true ? "id_token" : null;
}

function documentOf(text: string): ReadonlyMap<string, unknown> | null {
  try {
    return membersOf(parseJson(text), "document");
  } catch {
    return null;
  }
}

async function exchange(url: string, options: OidcOptions, form?: URLSearchParams): Promise<{ status: number; text: string }> {
  const { fetch = globalThis.fetch.bind(globalThis), deadlineMs = DEADLINE_MS, signal } = options;
  try {
    return await readText(url, {
      fetch, deadlineMs, bytesMax: DOCUMENT_BYTES_MAX,
      ...(form === undefined ? {} : { method: "POST", form }), ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw failed("the issuer cannot be asked from this page, or does not answer", error);
  }
}

/** Whether parameters are an issuer's answer: with a state, and a result or an error. */
const isAnswer = (told: URLSearchParams): boolean =>
  told.has("state") && ["code", "id_token", "error"].some((name) => told.has(name));

/** A parameter that is there once at most. */
function one(told: URLSearchParams, name: string): string | null {
  const [first = null, ...more] = told.getAll(name);
  if (more.length > 0 || (first?.length ?? 0) > 16 << 10) throw failed(`the answer has ${name} twice, or too long`);
  return first;
}

/** The ID token of an answer. Who could not have seen the state has not come so far. */
async function tokenOf(told: URLSearchParams, flow: OidcFlow, { client, found, verifier }: Pending, options: OidcOptions): Promise<string> {
  const iss = one(told, "iss");
  if (iss !== null ? iss !== client.issuer : found.saysIss && found.flow === "code") throw failed("the answer is of another issuer");
  const refusal = one(told, "error");
  if (refusal !== null) throw new LocalError("oidc_refused", `the issuer does not log the person in: ${plain(refusal)}`);
  const value = one(told, found.flow);
  if (flow !== found.flow || value === null) throw failed("the answer is of another flow");
  if (found.flow === "id_token" || found.token === null) return value;
  const form = new URLSearchParams({
    grant_type: "authorization_code", code: value, redirect_uri: client.redirectUri, client_id: client.clientId, code_verifier: verifier,
  });
  const { status, text } = await exchange(found.token, options, form);
  const members = documentOf(text);
  if (status !== 200) throw failed(`the issuer does not exchange the code: ${status} ${plain(members?.get("error"))}`);
  const token = members?.get("id_token");
  if (typeof token !== "string") throw failed("the issuer gives no ID token");
  return token;
}

/** A foreign word, short and without anything that a page could take for markup. */
const plain = (word: unknown): string => (typeof word === "string" && /^[\w.-]{1,64}$/.test(word) ? word : "without a reason");

function checkToken(token: string, { client }: Pending, terms: LoginTerms, nowMs: number): void {
  let claims: ReturnType<typeof readClaims>;
  try {
    claims = readClaims(token);
  } catch (error) {
    if (error instanceof FormError) throw failed(error.message, error);
    throw error;
  }
  if (claims.issuer !== client.issuer) throw failed("the token is of another issuer");
  if (claims.audience !== client.clientId) throw failed("the token is for another application");
  if (claims.nonce !== loginNonce(terms, client.clientId)) throw failed("the token is for another login");
  if (claims.expires * 1_000 + SKEW_MS <= nowMs || claims.issuedAt * 1_000 > nowMs + SKEW_MS) throw failed("the token is of another time");
  if (terms.expiresMs - claims.issuedAt * 1_000 > SESSION_MS_MAX) throw failed("the session ends more than a day after the token: choose a shorter life");
}

const placeOf = (name: string): string => `${name}.oidc`;

/** Logins that have begun and may still end. What another release has kept is none. */
async function allPending(store: Store, name: string, nowMs: number): Promise<Pending[]> {
  const kept = await store.get(placeOf(name));
  if (!Array.isArray(kept)) return [];
  const isLive = (value: unknown): value is Pending => {
    if (typeof value !== "object" || value === null) return false;
    const { version, terms } = value as Partial<Pending>;
    return version === PENDING_VERSION && terms !== undefined && terms.issuedMs + PENDING_MS > nowMs && terms.expiresMs > nowMs;
  };
  return kept.filter(isLive);
}

async function keepPending(store: Store, name: string, nowMs: number, pending: Pending): Promise<void> {
  if (store.kind !== "memory" && !isCryptoKey(pending.pair.key)) {
    throw new LocalError("store_failed", "this browser cannot keep the session's key while the page is away");
  }
  const others = await allPending(store, name, nowMs);
  try {
    await store.put(placeOf(name), [...others.slice(1 - PENDING_MAX), pending]);
  } catch (error) {
    throw new LocalError("store_failed", "this browser cannot keep the login while the page is away", { cause: error });
  }
}

/** Takes a login out of the store, so that an answer counts once. */
async function takePending(store: Store, name: string, nowMs: number, state: string): Promise<Pending | null> {
  const all = await allPending(store, name, nowMs);
  const found = all.find((pending) => pending.state === state) ?? null;
  const others = all.filter((pending) => pending !== found);
  if (found !== null) await (others.length === 0 ? store.delete(placeOf(name)) : store.put(placeOf(name), others));
  return found;
}
