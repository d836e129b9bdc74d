/** Logins by passkeys (WebAuthn): one is made, one signs a login, and its public key is found again on a new device. */

import { concat, equal, fromBase64url, fromUtf8, toBase64url, utf8 } from "./bytes.js";
import { readCborMap } from "./cbor.js";
import { FormError, membersOf } from "./codec.js";
import { ALGORITHMS, keysOf, readCoseKey, signedBy } from "./cose.js";
import { LocalError } from "./errors.js";
import { sha256 } from "./hash.js";
import { type Waiting, bounded } from "./http.js";
import { parseJson } from "./json.js";
import { type LoginMethod, type LoginTerms, type PasskeyProof, SESSION_MS_MAX, loginChallenge, passkeyId, sessionTerms } from "./login.js";
import type { Head } from "./reply.js";
import type { Store } from "./store.js";

/** A person who has not chosen a passkey after this is not waited for. */
const WAIT_MS = 10 * 60_000;
const RP_ID = /^(?:localhost|(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+)$/;
// Longest parts that nodes take, in bytes.
const CLIENT_DATA_BYTES_MAX = 2_048;
const CREDENTIAL_ID_BYTES_MAX = 1_023;
// Flags of authenticator data.
const USER_PRESENT = 1;
const USER_VERIFIED = 4;
const HAS_CREDENTIAL = 64;

/** A passkey of this application. */
export interface Passkey {
  /** The relying party: a domain. */
  readonly rpId: string;
  /** The credential's id, base64url. */
  readonly credentialId: string;
  /** The public key: a canonical COSE key. It is no secret, and not in the authenticator's later answers. */
  readonly publicKey: Uint8Array;
  /** The passkey's id as a method of login. */
  readonly id: string;
}

/** Where an application keeps public keys of passkeys, by the credential's id. What is given is checked. */
export interface PasskeyKeys {
  get(credentialId: string): Promise<Uint8Array | null>;
  put(credentialId: string, publicKey: Uint8Array): Promise<void>;
}

/** Public keys in a store of this browser. */
export function passkeyKeys(store: Store): PasskeyKeys {
  const place = (credentialId: string): string => `passkey:${credentialId}`;
  return {
    get: async (credentialId) => {
      const kept = await store.get(place(credentialId));
      return kept instanceof Uint8Array ? kept : null;
    },
    put: (credentialId, publicKey) => store.put(place(credentialId), publicKey),
  };
}

/** What both ceremonies take. */
interface Ceremony {
  /** Where public keys are kept. */
  readonly keyStore?: PasskeyKeys;
  /** Another container than `navigator.credentials`. */
  readonly credentials?: Pick<CredentialsContainer, "create" | "get">;
  /** How long a person is waited for: 600,000. */
  readonly waitMs?: number;
}

/** What a new passkey is for. */
export interface NewPasskey extends Ceremony, Waiting {
  /** The relying party, a domain: the page's own host, or one above it. */
  readonly rpId: string;
  /** The application's name, which the authenticator shows. */
  readonly rpName: string;
  /** The account's names. The id is random without one; a second passkey of one id takes the place of the first. */
  readonly user: { readonly name: string; readonly displayName?: string; readonly id?: Uint8Array };
  /** Credentials of the same person: an authenticator that has one makes none. */
  readonly exclude?: readonly string[];
}

/**
 * Makes a passkey that is found without a name, and whose authenticator verifies its user.
 *
 * @throws LocalError `argument`, `passkey_refused`, `passkey_failed`
 */
export async function createPasskey(options: NewPasskey): Promise<Passkey> {
  const { rpId, rpName, user, exclude = [], keyStore } = options;
  const { name, displayName = name, id = randomBytes(32) } = user;
  if (!RP_ID.test(rpId)) throw new LocalError("argument", "a relying party is a domain in small letters, or localhost");
  if (id.length < 1 || id.length > 64) throw new LocalError("argument", "a user's id has 1 to 64 bytes");
  const challenge = randomBytes(32);
  const credential = await ceremony(options, options.signal, (credentials, signal) => credentials.create({
    signal,
    publicKey: {
      challenge, rp: { id: rpId, name: rpName }, user: { id: Uint8Array.from(id), name, displayName },
      pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: "public-key", alg })),
      authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
      attestation: "none", excludeCredentials: exclude.map(descriptor),
    },
  }));
  const made = read(() => {
    const response = responseOf(credential) as Partial<AuthenticatorAttestationResponse>;
    checkClientData(bytesOf(response.clientDataJSON), "webauthn.create", challenge);
    const data = readCborMap(bytesOf(response.attestationObject)).get("authData");
    const { credentialId, publicKey } = newCredential(data instanceof Uint8Array ? data : new Uint8Array(0), rpId);
    if (!equal(credentialId, rawId(credential))) throw new FormError("the new passkey has another id");
    return { credentialId: toBase64url(credentialId), publicKey };
  });
  await keyStore?.put(made.credentialId, made.publicKey);
  return Object.freeze({ rpId, ...made, id: passkeyId(rpId, made.publicKey) });
}

/** How a passkey is asked for. */
export interface PasskeyOptions extends Ceremony {
  /** The relying party: without one, the login's domain without its port. */
  readonly rpId?: string;
  /** The credentials that may log in: without them, the person chooses. */
  readonly credentialIds?: readonly string[];
  /** `conditional`: the passkey is offered where a form's field has `autocomplete="webauthn"`. */
  readonly mediation?: CredentialMediationRequirement;
  /** Called before the person is asked a second time: a browser may want a click for each. */
  readonly again?: () => void | Promise<void>;
}

/**
 * A login by a passkey. The network's head goes into the challenge, so that nodes know that the assertion is not older.
 *
 * Where the public key is not known, the person signs a second time, and the key is computed from both signatures.
 *
 * @param client who tells the head, a `Client`
 */
export function passkeyLogin(client: { head(options?: Waiting): Promise<Head> }, options: PasskeyOptions = {}): LoginMethod {
  return { kind: "passkey", prove: async (terms, waiting = {}) => prove(await client.head(waiting), terms, options, waiting.signal) };
}

async function prove(head: Head, terms: LoginTerms, options: PasskeyOptions, signal: AbortSignal | undefined): Promise<PasskeyProof> {
  const { rpId = terms.domain.replace(/:\d+$/, ""), credentialIds = [], mediation } = options;
  if (!RP_ID.test(rpId)) throw new LocalError("argument", "a relying party is a domain in small letters, or localhost");
  if (terms.expiresMs - head.time_ms > SESSION_MS_MAX) {
    throw new LocalError("login_terms", "the session ends more than a day after the chain's head: choose a shorter life");
  }
  const { number, hash } = head;
  const challenge = loginChallenge(terms, rpId, hash);
  const shown = await assert({ rpId, challenge, allowed: credentialIds, mediation, signal }, options);
  const publicKey = await keyOf(shown, rpId, options, signal);
  return {
    kind: "passkey", rp_id: rpId, public_key: toBase64url(publicKey), authenticator_data: toBase64url(shown.authenticatorData),
    client_data: toBase64url(shown.clientData), signature: toBase64url(shown.signature), credential_id: shown.credentialId,
    block: { number, hash }, terms: sessionTerms(terms),
  };
}

/** An assertion, with what its signature is over. */
interface Assertion {
  readonly credentialId: string;
  readonly authenticatorData: Uint8Array;
  readonly clientData: Uint8Array;
  readonly signature: Uint8Array;
  readonly message: Uint8Array;
}

interface Asked {
  readonly rpId: string;
  readonly challenge: Uint8Array<ArrayBuffer>;
  readonly allowed: readonly string[];
  readonly mediation?: CredentialMediationRequirement | undefined;
  readonly signal: AbortSignal | undefined;
}

async function assert({ rpId, challenge, allowed, mediation, signal: outer }: Asked, options: Ceremony): Promise<Assertion> {
  const credential = await ceremony(options, outer, (credentials, signal) => credentials.get({
    signal, ...(mediation === undefined ? {} : { mediation }),
    publicKey: { challenge, rpId, userVerification: "required", allowCredentials: allowed.map(descriptor) },
  }));
  return read(() => {
    const response = responseOf(credential) as Partial<AuthenticatorAssertionResponse>;
    const [authenticatorData, clientData, signature] =
      [bytesOf(response.authenticatorData), bytesOf(response.clientDataJSON), bytesOf(response.signature)];
    checkClientData(clientData, "webauthn.get", challenge);
    if ((flagsOf(authenticatorData, rpId) & HAS_CREDENTIAL) !== 0) throw new FormError("an assertion has no new credential");
    const credentialId = toBase64url(rawId(credential));
    if (allowed.length > 0 && !allowed.includes(credentialId)) throw new FormError("another passkey has answered");
    return { credentialId, authenticatorData, clientData, signature, message: concat(authenticatorData, sha256(clientData)) };
  });
}

/** The key that has signed: the one that is kept, or else one computed from this and a second assertion. */
async function keyOf(shown: Assertion, rpId: string, options: PasskeyOptions, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const { keyStore, again } = options;
  // A store that does not answer knows no key, and one that lies is found out.
  const kept = (await keyStore?.get(shown.credentialId).catch(() => null)) ?? null;
  if (kept !== null && await signedBy(kept, shown.message, shown.signature)) return kept;
  const candidates = keysOf(shown.message, shown.signature);
  if (candidates.length === 0) throw new LocalError("passkey_key_unknown", "the passkey's public key is not known here: use it where it was made");
  await again?.();
  signal?.throwIfAborted();
  // Another challenge, which binds nothing: an authenticator may sign one message always alike.
  const second = await assert({ rpId, challenge: randomBytes(32), allowed: [shown.credentialId], signal }, options);
  const publicKey = commonKey(candidates, keysOf(second.message, second.signature));
  if (publicKey === null) throw new LocalError("passkey_failed", "both signatures are not of one key");
  await keyStore?.put(shown.credentialId, publicKey).catch(() => undefined);
  return publicKey;
}

/** The one key that may have made both signatures. */
function commonKey(first: readonly Uint8Array[], second: readonly Uint8Array[]): Uint8Array | null {
  const [only, ...more] = first.filter((key) => second.some((other) => equal(key, other)));
  return more.length === 0 ? only ?? null : null;
}

const randomBytes = (length: number): Uint8Array<ArrayBuffer> => globalThis.crypto.getRandomValues(new Uint8Array(length));

function descriptor(credentialId: string): PublicKeyCredentialDescriptor {
  try {
    return { type: "public-key", id: fromBase64url(credentialId) };
  } catch (error) {
    throw new LocalError("argument", "a credential's id is base64url", { cause: error });
  }
}

/** One ceremony of the browser. It ends with the caller's signal, or when nobody has chosen for long. */
async function ceremony(
  { credentials = (globalThis as { readonly navigator?: Partial<Navigator> }).navigator?.credentials, waitMs = WAIT_MS }: Ceremony,
  outer: AbortSignal | undefined,
  ask: (credentials: Pick<CredentialsContainer, "create" | "get">, signal: AbortSignal) => Promise<Credential | null>,
): Promise<Credential> {
  outer?.throwIfAborted();
  if (credentials === undefined) throw new LocalError("passkey_failed", "this browser has no passkeys, or the page has no TLS");
  const { signal, done } = bounded(waitMs, outer);
  try {
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
    const credential = await Promise.race([ask(credentials, signal), aborted]);
    if (credential === null) throw new LocalError("passkey_failed", "the browser gives no passkey");
    return credential;
  } catch (error) {
    outer?.throwIfAborted();
    if (error instanceof LocalError) throw error;
    if (signal.aborted) throw new LocalError("passkey_refused", "no passkey was chosen in time", { cause: error });
    const name = typeof error === "object" && error !== null && "name" in error ? error.name : "";
    // A browser gives one name to a refusal, to a wait that was too long, and to a passkey that is not there.
    if (name === "NotAllowedError" || name === "AbortError") throw new LocalError("passkey_refused", "no passkey was allowed to do it", { cause: error });
    if (name === "InvalidStateError") throw new LocalError("passkey_refused", "this authenticator has a passkey of the person already", { cause: error });
    throw new LocalError("passkey_failed", "the browser cannot use passkeys here", { cause: error });
  } finally {
    done();
  }
}

/** Reads what an authenticator gave. */
function read<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof FormError) throw new LocalError("passkey_failed", error.message, { cause: error });
    throw error;
  }
}

function responseOf(credential: Credential): object {
  const { response } = credential as Partial<PublicKeyCredential>;
  if (typeof response === "object" && response !== null) return response;
  throw new FormError("the browser gives something else than a passkey");
}

function bytesOf(value: unknown): Uint8Array {
  // A copy: what a page can reach later does not change what was checked.
  if (value instanceof ArrayBuffer) return new Uint8Array(value).slice();
  if (value instanceof Uint8Array) return value.slice();
  throw new FormError("a part of the authenticator's answer is missing");
}

function rawId(credential: Credential): Uint8Array {
  const id = bytesOf((credential as Partial<PublicKeyCredential>).rawId);
  if (id.length === 0 || id.length > CREDENTIAL_ID_BYTES_MAX) throw new FormError("a credential's id has 1 to 1,023 bytes");
  return id;
}

/** What the browser says of the page that asked. */
function checkClientData(bytes: Uint8Array, type: string, challenge: Uint8Array): void {
  if (bytes.length > CLIENT_DATA_BYTES_MAX) throw new FormError("the client data are longer than 2 KiB");
  let members: Map<string, unknown>;
  try {
    members = membersOf(parseJson(fromUtf8(bytes)), "client data");
  } catch (error) {
    throw new FormError("the client data are not one object of strict JSON", { cause: error });
  }
  if (members.get("type") !== type || members.get("challenge") !== toBase64url(challenge)) throw new FormError("the client data are of another ceremony");
  if ((members.get("crossOrigin") ?? false) !== false || members.has("topOrigin")) throw new FormError("the page is inside one of another origin");
}

/** The flags of authenticator data of this relying party, whose user was there and is verified. */
function flagsOf(data: Uint8Array, rpId: string): number {
  if (data.length < 37) throw new FormError("the authenticator data are too short");
  if (!equal(data.subarray(0, 32), sha256(utf8(rpId)))) throw new FormError("the authenticator data are for another relying party");
  const flags = data[32] ?? 0;
  if ((flags & USER_PRESENT) === 0 || (flags & USER_VERIFIED) === 0) throw new FormError("the authenticator has not verified its user");
  return flags;
}

/** The credential in authenticator data (WebAuthn Level 3, section 6.5.1). */
function newCredential(data: Uint8Array, rpId: string): { credentialId: Uint8Array; publicKey: Uint8Array } {
  if ((flagsOf(data, rpId) & HAS_CREDENTIAL) === 0) throw new FormError("the authenticator data have no credential");
  const begin = 55, length = (data[53] ?? 0) * 256 + (data[54] ?? 0);
  const credentialId = data.slice(begin, begin + length);
  if (credentialId.length !== length) throw new FormError("the authenticator data are too short");
  return { credentialId, publicKey: readCoseKey(data, begin + length).key };
}
