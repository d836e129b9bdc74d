/** Logins: how a caller shows that a wallet, or later another proof of a person, allows a session key to do named things. */

import { base58, cidHash, numberField, transcript } from "./hash.js";
import { concat, fromHex, toHex, utf8 } from "./bytes.js";
import { LocalError } from "./errors.js";
import type { Waiting } from "./http.js";
import type { Network } from "./network.js";

const CAPABILITIES_MAX = 32;
const MESSAGE_BYTES_MAX = 16 << 10;
/** Longest life of a session. */
export const SESSION_MS_MAX = 24 * 60 * 60 * 1_000;
const STATEMENT = "Allow this session to run the actions listed below, which may use the keys listed with them.";
const KEY = /^0x0[23][0-9a-f]{64}$/;

/** Kinds of login. */
export type LoginKind = "wallet";

/** A wallet's login: a text of EIP-4361 that the wallet has signed. */
export interface WalletProof {
  readonly kind: "wallet";
  readonly message: string;
  /** r ‖ s ‖ v, `0x` and 130 digits. */
  readonly signature: string;
  /** The caller's randomness in the nonce, `0x` and 64 digits. */
  readonly rz: string;
}

/** What nodes are shown of a login. Further kinds become further members of this union. */
export type LoginProof = WalletProof;

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
 * @throws LocalError `login_terms` for what is neither a compressed public key (`0x02…`) nor an action's name (`Qm…`)
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
  if (parts === null || (parts.key !== "*" && !KEY.test(parts.key))) return false;
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

/** What binds a login to its terms: 64 digits. */
export const loginNonce = ({ network, domain, session, expiresMs, capabilities, rz }: LoginTerms): string =>
  toHex(transcript(
    "quorate/login-v1", fromHex(network.id), domain, fromHex(session), numberField(expiresMs), capabilitiesHash(capabilities), rz,
  ));

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
  switch (proof.kind) {
    case "wallet":
      return transcript("quorate/login/v1", proof.kind, proof.message, proof.signature, fromHex(proof.rz));
  }
}
