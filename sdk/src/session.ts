/** Sessions: a key of this browser that a login has allowed to do named things. */

import { ed25519 } from "@noble/curves/ed25519.js";
import { fromHex, to0x, toHex } from "./bytes.js";
import { LocalError } from "./errors.js";
import type { Waiting } from "./http.js";
import { type LoginMethod, type LoginProof, type TermsOptions, loginHash, termsOf } from "./login.js";
import type { Network } from "./network.js";
import type { Store } from "./store.js";
import { ed25519Valid } from "./verify.js";
import { walletOf } from "./wallet.js";

const ALGORITHM = "Ed25519";
/** The form of a kept session. */
const KEPT_VERSION = 1;

/** A session that a login has allowed, with the key that signs its requests. */
export interface Session {
  /** What nodes are shown. */
  readonly login: LoginProof;
  /** The login hash, by which requests and receipts name it. */
  readonly hash: string;
  /** The network's id. */
  readonly network: string;
  /** Who it is, in one form for all kinds of login: `wallet:` and the address in small letters. */
  readonly user: string;
  /** The wallet, with its checksum. */
  readonly address: string;
  /** The session's public key, 64 digits. */
  readonly publicKey: string;
  readonly expiresMs: number;
  readonly capabilities: readonly string[];
  /** Whether another visit finds it again. */
  readonly kept: "store" | "memory";
  /** `false`: WebCrypto holds the key and gives it to nobody, this page included. */
  readonly extractable: boolean;
  /** Whether its end is past, by this machine's clock. */
  readonly expired: boolean;
  /** Signs bytes with the session's key. */
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

/** A key: one that WebCrypto holds, or the secret itself where it cannot. */
type SessionKey = CryptoKey | Uint8Array;

interface KeyPair {
  readonly key: SessionKey;
  readonly publicKey: string;
}

const isCryptoKey = (value: unknown): value is CryptoKey => typeof CryptoKey === "function" && value instanceof CryptoKey;

const subtleOf = (): SubtleCrypto | undefined => (globalThis.crypto as { readonly subtle?: SubtleCrypto }).subtle;

/** A fresh key: in WebCrypto and not extractable where it knows Ed25519, else in memory. */
async function freshKey(): Promise<KeyPair> {
  const subtle = subtleOf();
  try {
    // Pages without TLS have no WebCrypto at all.
    const pair = await subtle?.generateKey(ALGORITHM, false, ["sign", "verify"]);
    if (subtle !== undefined && pair !== undefined && "privateKey" in pair) {
      const bytes = new Uint8Array(await subtle.exportKey("raw", pair.publicKey));
      return { key: pair.privateKey, publicKey: toHex(bytes) };
    }
  } catch {
    // An older browser: it does not know the algorithm.
  }
  const secret = globalThis.crypto.getRandomValues(new Uint8Array(32));
  return { key: secret, publicKey: toHex(ed25519.getPublicKey(secret)) };
}

async function signWith(key: SessionKey, bytes: Uint8Array): Promise<Uint8Array> {
  const subtle = subtleOf();
  if (key instanceof Uint8Array) return ed25519.sign(bytes, key);
  if (subtle === undefined) throw new LocalError("store_failed", "this browser has no WebCrypto any more");
  return new Uint8Array(await subtle.sign(ALGORITHM, key, Uint8Array.from(bytes)));
}

/** Whether the key is the one with this public key: signs and checks once. */
async function isKeyOf({ key, publicKey }: KeyPair): Promise<boolean> {
  const probe = globalThis.crypto.getRandomValues(new Uint8Array(32));
  try {
    return ed25519Valid(await signWith(key, probe), probe, fromHex(publicKey));
  } catch {
    return false;
  }
}

/** What a store keeps of a session. */
interface Kept {
  readonly version: typeof KEPT_VERSION;
  readonly network: string;
  readonly login: LoginProof;
  readonly publicKey: string;
  readonly expiresMs: number;
  readonly capabilities: readonly string[];
  readonly key: SessionKey;
}

function sessionOf(kept: Kept, where: Session["kept"], now: () => number): Session {
  const { login, network, publicKey, expiresMs, capabilities, key } = kept;
  const address = walletOf(login);
  if (address === null) throw new LocalError("wallet_failed", "the login is not signed by the wallet that it names");
  return Object.freeze({
    login: Object.freeze({ ...login }),
    hash: to0x(loginHash(login)),
    network,
    user: `${login.kind}:${address.toLowerCase()}`,
    address,
    publicKey,
    expiresMs,
    capabilities: Object.freeze([...capabilities]),
    kept: where,
    extractable: key instanceof Uint8Array || key.extractable,
    get expired() {
      return expiresMs <= now();
    },
    sign: (bytes: Uint8Array) => signWith(key, bytes),
  });
}

/** Where a session is kept. */
export interface KeptOptions {
  readonly store: Store;
  /** The name under which it is kept: `session`, if nothing is said. */
  readonly name?: string;
}

/**
 * Logs in: makes a session key, and has the login method prove that the caller allows it.
 *
 * The session is kept in the store if there is one. A key that WebCrypto does not hold is kept in no store but memory.
 *
 * @throws LocalError `login_terms`, `wallet_refused`, `wallet_failed`
 */
export async function logIn(
  network: Network,
  method: LoginMethod,
  options: TermsOptions & Partial<KeptOptions> & Waiting & { readonly now?: () => number },
): Promise<Session> {
  const { store, name = "session", signal, now = Date.now } = options;
  const pair = await freshKey();
  const rz = globalThis.crypto.getRandomValues(new Uint8Array(32));
  const terms = termsOf(network, pair.publicKey, options, now(), rz);
  const login = await method.prove(terms, signal === undefined ? {} : { signal });
  const { expiresMs, capabilities } = terms;
  const kept: Kept = { version: KEPT_VERSION, network: network.id, login, expiresMs, capabilities, ...pair };
  const isKept = store !== undefined && (await keep(store, name, kept));
  return sessionOf(kept, isKept && store.kind === "indexeddb" ? "store" : "memory", now);
}

async function keep(store: Store, name: string, kept: Kept): Promise<boolean> {
  if (store.kind !== "memory" && !isCryptoKey(kept.key)) return false;
  try {
    await store.put(name, kept);
    return true;
  } catch {
    // A browser may make a key that it cannot keep. The session is good all the same.
    return false;
  }
}

/**
 * The session that an earlier visit kept.
 *
 * It is `null` if there is none or the store does not answer, if it has ended or ends within `marginMs` (a minute), or if
 * it is of another network.
 */
export async function restoreSession(
  network: Network,
  options: KeptOptions & { readonly marginMs?: number; readonly now?: () => number },
): Promise<Session | null> {
  const { store, name = "session", marginMs = 60_000, now = Date.now } = options;
  // A store that does not answer has no session; the next login does without it.
  const kept = readKept(await store.get(name).catch(() => null));
  if (kept === null || kept.network !== network.id || kept.expiresMs - marginMs <= now()) return null;
  if (!(await isKeyOf(kept)) || walletOf(kept.login) === null) return null;
  return sessionOf(kept, store.kind === "indexeddb" ? "store" : "memory", now);
}

/** Forgets the session that is kept, for instance when a person logs out. */
export const forgetSession = ({ store, name = "session" }: KeptOptions): Promise<void> => store.delete(name);

/** What a store gives may be of another release, or of another page of the same origin. */
function readKept(value: unknown): Kept | null {
  if (typeof value !== "object" || value === null) return null;
  const { version, network, login, publicKey, expiresMs, capabilities, key } = value as { readonly [K in keyof Kept]?: unknown };
  const texts = (all: unknown): all is readonly string[] => Array.isArray(all) && all.every((one) => typeof one === "string");
  const sound = version === KEPT_VERSION && typeof network === "string" && isProof(login) && typeof expiresMs === "number"
    && typeof publicKey === "string" && /^[0-9a-f]{64}$/.test(publicKey) && texts(capabilities)
    && (isCryptoKey(key) || (key instanceof Uint8Array && key.length === 32));
  return sound ? { version: KEPT_VERSION, network, login, publicKey, expiresMs, capabilities, key } : null;
}

function isProof(value: unknown): value is LoginProof {
  if (typeof value !== "object" || value === null) return false;
  const { kind, message, signature, rz } = value as { readonly [K in keyof LoginProof]?: unknown };
  return kind === "wallet" && typeof message === "string" && typeof signature === "string" && typeof rz === "string"
    && /^0x[0-9a-f]{64}$/.test(rz);
}
