/** Sessions: a key of this browser that a login has allowed to do named things. */

import { ed25519 } from "@noble/curves/ed25519.js";
import { fromHex, to0x, toHex } from "./bytes.js";
import { LocalError } from "./errors.js";
import type { Waiting } from "./http.js";
import { type LoginMethod, type LoginProof, type LoginTerms, type TermsOptions, loginHash, proveAll, termsOf } from "./login.js";
import type { Network } from "./network.js";
import type { Store } from "./store.js";
import { ed25519Valid } from "./signature.js";
import { type Who, areTexts, isProof, whoOf } from "./who.js";

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
  /**
   * Who it is, in one form for all kinds of login: `wallet:` and the address in small letters, or `oidc:`, `passkey:` or
   * `several:` and the id.
   */
  readonly user: string;
  /** The login's id, `0x` and 64 digits: what a grant, a policy or a network's admission names. */
  readonly id: string;
  /** The wallet, with its checksum; `null` where no wallet has logged in. */
  readonly address: string | null;
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

/** A session's key, before or after a login has allowed it. */
export interface KeyPair {
  readonly key: SessionKey;
  readonly publicKey: string;
}

/** Whether WebCrypto holds the key. */
export const isCryptoKey = (value: unknown): value is CryptoKey => typeof CryptoKey === "function" && value instanceof CryptoKey;

const subtleOf = (): SubtleCrypto | undefined => (globalThis.crypto as { readonly subtle?: SubtleCrypto }).subtle;

/** A fresh key: in WebCrypto and not extractable where it knows Ed25519, else in memory. */
export async function freshKey(): Promise<KeyPair> {
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

/** What each session was made of: a session shows neither its key nor where that is. */
const madeOf = new WeakMap<Session, Kept>();

function sessionOf(kept: Kept, { user, id, address }: Who, where: Session["kept"], now: () => number): Session {
  const { login, network, publicKey, expiresMs, capabilities, key } = kept;
  const session: Session = Object.freeze({
    login: Object.freeze({ ...login }),
    hash: to0x(loginHash(login)),
    network,
    user,
    id,
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
  madeOf.set(session, kept);
  return session;
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
 * @throws LocalError `login_terms`, and what the method throws: `wallet_refused`, `wallet_failed`, `passkey_refused`, …
 */
export async function logIn(
  network: Network,
  method: LoginMethod,
  options: TermsOptions & Partial<KeptOptions> & Waiting & { readonly now?: () => number },
): Promise<Session> {
  const { signal, now = Date.now } = options;
  const pair = await freshKey();
  const terms = freshTerms(network, pair, options, now());
  const login = await method.prove(terms, signal === undefined ? {} : { signal });
  return proven(terms, pair, login, { ...options, now });
}

/**
 * Adds a method to a session, which keeps its key, its end and its capabilities. The login is then one of several methods, with
 * another id and another hash; the session that was given stays good until its end as well.
 *
 * The session is kept in the store if there is one: under the same name, in place of the one that was given.
 *
 * @param options `domain`, `statement`: as for {@link logIn}
 * @throws LocalError `argument` for a session of another network, and for more than four methods; `login_terms` for one that has
 * ended; what the method throws
 */
export async function addLogin(
  network: Network, session: Session, method: LoginMethod,
  options: Pick<TermsOptions, "domain" | "statement"> & Partial<KeptOptions> & Waiting & { readonly now?: () => number },
): Promise<Session> {
  const { signal, now = Date.now } = options;
  const kept = madeOf.get(session);
  if (kept === undefined || kept.network !== network.id) throw new LocalError("argument", "the session is of another network");
  const { login, publicKey, expiresMs, capabilities } = kept;
  const nowMs = now();
  const terms = freshTerms(network, { key: kept.key, publicKey }, { ...options, capabilities, lifeMs: expiresMs - nowMs }, nowMs);
  const shown = login.kind === "several" ? login.logins : [login];
  const more = await proveAll(shown, [method], terms, signal === undefined ? {} : { signal });
  return showing({ ...kept, login: more }, { ...options, now });
}

/** The terms of a login that begins now. */
export const freshTerms = (network: Network, { publicKey }: KeyPair, options: TermsOptions, nowMs: number): LoginTerms =>
  termsOf(network, publicKey, options, nowMs, globalThis.crypto.getRandomValues(new Uint8Array(32)));

/** The session of a login that is proven, kept in the store if there is one. */
export async function proven(
  { network: { id: network }, expiresMs, capabilities }: LoginTerms, pair: KeyPair, login: LoginProof,
  options: Partial<KeptOptions> & { readonly now: () => number },
): Promise<Session> {
  return showing({ version: KEPT_VERSION, network, login, expiresMs, capabilities, ...pair }, options);
}

/** The session of what is to be kept. */
async function showing(
  kept: Kept, { store, name = "session", now }: Partial<KeptOptions> & { readonly now: () => number },
): Promise<Session> {
  const who = whoOf(kept.login, kept);
  if (who === null) throw new LocalError("argument", "the login method has proven something else");
  const isKept = store !== undefined && (await keep(store, name, kept));
  return sessionOf(kept, who, isKept && store.kind === "indexeddb" ? "store" : "memory", now);
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
  const who = whoOf(kept.login, kept);
  if (who === null || !(await isKeyOf(kept))) return null;
  return sessionOf(kept, who, store.kind === "indexeddb" ? "store" : "memory", now);
}

/** Timers of a machine that slept are late: the clock is looked at so often. */
const LOOK_MS = 30_000;

/**
 * Calls once, shortly before the session ends, or now if that moment is past: then an application asks for a new login.
 *
 * @param options `beforeMs`: how long before its end, a minute if nothing is said; `signal`: ends the wait
 * @returns what ends the wait
 */
export function onEnding(
  session: Pick<Session, "expiresMs">, act: () => void,
  options: Waiting & { readonly beforeMs?: number; readonly now?: () => number } = {},
): () => void {
  const { beforeMs = 60_000, now = Date.now, signal } = options;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = (): void => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  };
  const look = (): void => {
    const leftMs = session.expiresMs - beforeMs - now();
    if (leftMs > 0) {
      timer = setTimeout(look, Math.min(leftMs, LOOK_MS));
      return;
    }
    stop();
    act();
  };
  if (signal?.aborted === true) return stop;
  signal?.addEventListener("abort", stop, { once: true });
  // Not within this call: the caller does not have what ends the wait yet.
  timer = setTimeout(look, 0);
  return stop;
}

/** Forgets the session that is kept, for instance when a person logs out. */
export const forgetSession = ({ store, name = "session" }: KeptOptions): Promise<void> => store.delete(name);

/** What a store gives may be of another release, or of another page of the same origin. */
function readKept(value: unknown): Kept | null {
  if (typeof value !== "object" || value === null) return null;
  const { version, network, login, publicKey, expiresMs, capabilities, key } = value as { readonly [K in keyof Kept]?: unknown };
  const sound = version === KEPT_VERSION && typeof network === "string" && isProof(login) && typeof expiresMs === "number"
    && typeof publicKey === "string" && /^[0-9a-f]{64}$/.test(publicKey) && areTexts(capabilities)
    && (isCryptoKey(key) || (key instanceof Uint8Array && key.length === 32));
  return sound ? { version: KEPT_VERSION, network, login, publicKey, expiresMs, capabilities, key } : null;
}
