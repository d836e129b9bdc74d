/** Logins: how a caller shows that a wallet, an issuer, a passkey, or several of them allow a session key to do named things. */

import { base58, cidHash, numberField, transcript } from "./hash.js";
import { concat, fromBase64url, fromHex, to0x, toHex, utf8 } from "./bytes.js";
import { LocalError } from "./errors.js";
import type { Waiting } from "./http.js";
import type { Network } from "./network.js";
import type { Head } from "./reply.js";

const CAPABILITIES_MAX = 32;
const MESSAGE_BYTES_MAX = 16 << 10;
/** Longest life of a session. */
export const SESSION_MS_MAX = 24 * 60 * 60 * 1_000;
const STATEMENT = "Allow this session to run the actions listed below, which may use the keys listed with them.";
const KEY = /^0x0[23][0-9a-f]{64}$/;
/** Methods of one login at most. */
export const METHODS_MAX = 4;

/** Kinds of login. */
export type LoginKind = LoginProof["kind"];

/** A wallet's login: a text of EIP-4361 that the wallet has signed. */
export interface WalletProof {
  readonly kind: "wallet";
  readonly message: string;
  /** r ‖ s ‖ v, `0x` and 130 digits. */
  readonly signature: string;
  /** The caller's randomness in the nonce, `0x` and 64 digits. */
  readonly rz: string;
}

/** What a token's nonce and an assertion's challenge bind: they have no room for the terms themselves. */
export interface SessionTerms {
  /** The session's public key, 64 digits. */
  readonly session: string;
  readonly expires_ms: number;
  readonly capabilities: readonly string[];
  /** The caller's randomness, `0x` and 64 digits. */
  readonly rz: string;
}

/** A login by OpenID Connect: an ID token whose nonce is {@link loginNonce} for the token's audience. */
export interface OidcProof {
  readonly kind: "oidc";
  /** The ID token, in compact form. */
  readonly token: string;
  readonly terms: SessionTerms;
}

/** A block of the chain, by number and hash. */
export type BlockRef = Pick<Head, "number" | "hash">;

/** A passkey's login: an assertion whose challenge is {@link loginChallenge} for the relying party and a recent block. */
export interface PasskeyProof {
  readonly kind: "passkey";
  readonly rp_id: string;
  /** The canonical COSE key; it and the next three are base64url. */
  readonly public_key: string;
  readonly authenticator_data: string;
  readonly client_data: string;
  readonly signature: string;
  readonly credential_id?: string;
  readonly block: BlockRef;
  readonly terms: SessionTerms;
}

/** What is shown of one method. */
export type MethodProof = WalletProof | OidcProof | PasskeyProof;

/** Two to four methods together, all for the same session. */
export interface SeveralProof {
  readonly kind: "several";
  readonly logins: readonly MethodProof[];
}

/** What nodes are shown of a login. Further kinds become further members of this union. */
export type LoginProof = MethodProof | SeveralProof;

/** What a login is about. */
export interface LoginTerms {
  readonly network: Network;
  /** The application's own domain, one of the network's login domains. */
  readonly domain: string;
  /** A sentence for the person who signs. */
  readonly statement: string;
  /** The session's public key, 64 digits. */
  readonly session: string;
  readonly issuedMs: number;
  readonly expiresMs: number;
  readonly capabilities: readonly string[];
  /** 32 random bytes. */
  readonly rz: Uint8Array;
}

/** A way to prove who the caller is. */
export interface LoginMethod {
  readonly kind: LoginKind;
  /** Proves it for these terms, and for no others. */
  prove(terms: LoginTerms, options?: Waiting): Promise<LoginProof>;
}

/**
 * One thing that a session may do: run an action, which may use a key. What is left out is `*`.
 *
 * The key `own` is any key on which the login itself has the grant, also one that does not exist yet.
 *
 * @throws LocalError `login_terms` for what is neither a compressed public key (`0x02…`) or `own`, nor an action's name (`Qm…`)
 */
export function capability({ key = "*", action = "*" }: { readonly key?: string; readonly action?: string }): string {
  const text = `quorate:key/${key}/action/${action}`;
  if (!isCapability(text)) throw terms(`${JSON.stringify(text.slice(0, 200))} is no capability`);
  return text;
}

const terms = (message: string): LocalError => new LocalError("login_terms", message);

/** The parts of a capability; `null` for another text. */
export function capabilityParts(text: string): { readonly key: string; readonly action: string } | null {
  const parts = /^quorate:key\/([^/]*)\/action\/([^/]*)$/.exec(text);
  const [key, action] = [parts?.[1], parts?.[2]];
  return key === undefined || action === undefined ? null : { key, action };
}

function isCapability(text: string): boolean {
  const parts = capabilityParts(text);
  if (parts === null || (!["*", "own"].includes(parts.key) && !KEY.test(parts.key))) return false;
  if (parts.action === "*") return true;
  try {
    return cidHash(parts.action).length === 32;
  } catch {
    return false;
  }
}

/** Whether a session with these capabilities may run an action. It says nothing about keys. */
export const mayRun = (capabilities: readonly string[], action: string): boolean =>
  capabilities.some((text) => ["*", action].includes(capabilityParts(text)?.action ?? ""));

/** What a caller chooses of a login's terms. */
export interface TermsOptions {
  /** The application's own domain, one of the network's login domains: `location.host` in a page. */
  readonly domain: string;
  /** What the session may do: 1 to 32 capabilities. */
  readonly capabilities: readonly string[];
  /** The session's life: an hour, if nothing is said, and a day at most. */
  readonly lifeMs?: number;
  /** What a wallet shows to the person, in ASCII. */
  readonly statement?: string;
}

/**
 * The terms of a new login.
 *
 * @throws LocalError `login_terms` for what nodes would refuse
 */
export function termsOf(network: Network, session: string, options: TermsOptions, nowMs: number, rz: Uint8Array): LoginTerms {
  const { domain, capabilities, lifeMs = 3_600_000, statement = STATEMENT } = options;
  if (!/^[A-Za-z0-9.:[\]-]{1,259}$/.test(domain)) throw terms(`${JSON.stringify(domain.slice(0, 80))} is no domain`);
  if (!/^[A-Za-z0-9 ._~:/?#[\]@!$&'()*+,;=-]{1,1024}$/.test(statement)) {
    throw terms("the statement must have 1 to 1,024 characters that EIP-4361 allows");
  }
  if (!Number.isSafeInteger(lifeMs) || lifeMs < 1 || lifeMs > SESSION_MS_MAX) throw terms("a session lives a day at most");
  if (capabilities.length === 0 || capabilities.length > CAPABILITIES_MAX) {
    throw terms(`a login has 1 to ${CAPABILITIES_MAX} capabilities`);
  }
  if (!capabilities.every(isCapability)) throw terms("every capability must be quorate:key/KEY/action/CID");
  if (new Set(capabilities).size !== capabilities.length) throw terms("a capability is there twice");
  return Object.freeze({
    network, domain, statement, session, issuedMs: nowMs, expiresMs: nowMs + lifeMs,
    capabilities: Object.freeze([...capabilities]), rz,
  });
}

/** The hash of capabilities, in the order of the login. */
export const capabilitiesHash = (capabilities: readonly string[]): Uint8Array =>
  transcript("quorate/capabilities/v1", ...capabilities);

/**
 * The 32 bytes that bind a login to its terms: a passkey's challenge.
 *
 * @param audience who asks for the login: the application's domain, the client's id, or the relying party's id
 * @param block the hash of a recent block, for a passkey: its assertion has no time
 */
export function loginChallenge(of: NonceTerms, audience: string, block?: string): Uint8Array<ArrayBuffer> {
  const { network, session, expiresMs, capabilities, rz } = of;
  return Uint8Array.from(transcript(
    "quorate/login-v1", fromHex(network.id), audience, fromHex(session), numberField(expiresMs), capabilitiesHash(capabilities),
    rz, ...(block === undefined ? [] : [fromHex(block)]),
  ));
}

/** What a nonce binds, beside its audience. */
export type NonceTerms = Pick<LoginTerms, "session" | "expiresMs" | "capabilities" | "rz"> & { readonly network: { readonly id: string } };

/** The same as 64 digits: the nonce in a wallet's text, and in an ID token. */
export const loginNonce = (of: NonceTerms & { readonly domain: string }, audience = of.domain): string =>
  toHex(loginChallenge(of, audience));

/** The terms as they stand beside a token or an assertion. */
export const sessionTerms = ({ session, expiresMs, capabilities, rz }: LoginTerms): SessionTerms => ({
  session, expires_ms: expiresMs, capabilities, rz: to0x(rz),
});

/** A session's name. */
export const didKey = (session: string): string => `did:key:z${base58(concat(Uint8Array.of(0xed, 0x01), fromHex(session)))}`;

/** The text of EIP-4361 that a wallet with this address (with its checksum) signs. */
export function loginText(of: LoginTerms, address: string): string {
  const text = [
    `${of.domain} wants you to sign in with your Ethereum account:`,
    address,
    "",
    of.statement,
    "",
    `URI: ${didKey(of.session)}`,
    "Version: 1",
    `Chain ID: ${of.network.file.chain.id}`,
    `Nonce: ${loginNonce(of)}`,
    `Issued At: ${new Date(of.issuedMs).toISOString()}`,
    `Expiration Time: ${new Date(of.expiresMs).toISOString()}`,
    "Resources:",
    ...of.capabilities.map((one) => `- ${one}`),
  ].join("\n");
  if (utf8(text).length > MESSAGE_BYTES_MAX) throw terms("the login's text is longer than 16 KiB");
  return text;
}

/** The hash by which a request names its login: of every byte of it, as sent. */
export function loginHash(proof: LoginProof): Uint8Array {
  const hash = (...fields: readonly (string | Uint8Array)[]): Uint8Array => transcript("quorate/login/v1", proof.kind, ...fields);
  switch (proof.kind) {
    case "wallet":
      return hash(proof.message, proof.signature, fromHex(proof.rz));
    case "oidc":
      return hash(proof.token, ...termsFields(proof.terms));
    case "passkey": {
      const bytes = [proof.public_key, proof.authenticator_data, proof.client_data, proof.signature].map(fromBase64url);
      const { number, hash: block } = proof.block;
      return hash(
        proof.rp_id, ...bytes, proof.credential_id ?? "", numberField(number), fromHex(block), ...termsFields(proof.terms),
      );
    }
    case "several":
      return hash(...proof.logins.map(loginHash));
  }
}

const termsFields = ({ session, expires_ms, rz, capabilities }: SessionTerms): (string | Uint8Array)[] =>
  [fromHex(session), numberField(expires_ms), fromHex(rz), numberField(capabilities.length), ...capabilities];

/** The id of a wallet as a method of login, `0x` and 64 digits. */
export const walletId = (address: string): string => to0x(transcript("quorate/method/wallet/v1", fromHex(address.toLowerCase())));

/** The id of a person as an issuer names them to one client. */
export const oidcId = (issuer: string, audience: string, subject: string): string =>
  to0x(transcript("quorate/method/oidc/v1", issuer, audience, subject));

/** The id of a passkey: of its relying party and its canonical COSE key. */
export const passkeyId = (rpId: string, publicKey: Uint8Array): string => to0x(transcript("quorate/method/passkey/v1", rpId, publicKey));

/** The id of several methods together: of their ids, in any order. */
export const severalId = (ids: readonly string[]): string =>
  to0x(transcript("quorate/method/several/v1", ...[...ids].sort().map(fromHex)));

/**
 * Several methods as one login, proven one after the other for the same session.
 *
 * Not for an issuer's login, which leaves the page: `finishOidc` takes further methods.
 *
 * @throws LocalError `argument` for less than two methods or more than four
 */
export function severalLogin(...methods: readonly LoginMethod[]): LoginMethod {
  if (methods.length < 2 || methods.length > METHODS_MAX) throw new LocalError("argument", `several logins are 2 to ${METHODS_MAX}`);
  return { kind: "several", prove: (terms, options) => proveAll([], methods, terms, options) };
}

/** Proofs that are there, and those of further methods, as one login. */
export async function proveAll(
  shown: readonly MethodProof[], methods: readonly LoginMethod[], of: LoginTerms, options: Waiting = {},
): Promise<LoginProof> {
  const logins = [...shown];
  if (shown.length + methods.length > METHODS_MAX) throw new LocalError("argument", `several logins are 2 to ${METHODS_MAX}`);
  for (const method of methods) {
    const proof = await method.prove(of, options);
    if (proof.kind === "several") throw new LocalError("argument", "several logins stand one beside the other, not one in the other");
    logins.push(proof);
  }
  const [only] = logins;
  return logins.length === 1 && only !== undefined ? only : { kind: "several", logins };
}
