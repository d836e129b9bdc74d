/** Wallets as a login method: one that a browser injects (EIP-1193), or a key that the program has itself. */

import { secp256k1 } from "@noble/curves/secp256k1.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { addressOfKey, signerOfHash } from "./account.js";
import { concat, fromHex, to0x, toHex, utf8 } from "./bytes.js";
import { LocalError } from "./errors.js";
import type { Waiting } from "./http.js";
import { type LoginMethod, type LoginTerms, type WalletProof, loginText } from "./login.js";
import type { Store } from "./store.js";

/** A wallet that a browser injects, as `window.ethereum` (EIP-1193). */
export interface Eip1193Provider {
  request(asked: { readonly method: string; readonly params?: readonly unknown[] }): Promise<unknown>;
}

/** An address with its checksum (EIP-55), from any way to write it. */
export function checksumAddress(address: string): string {
  const digits = address.toLowerCase().replace(/^0x/, "");
  if (!/^[0-9a-f]{40}$/.test(digits)) throw new LocalError("argument", "an address has 40 hexadecimal digits");
  const hash = toHex(keccak_256(utf8(digits)));
  const letters = [...digits].map((digit, place) => ((hash[place] ?? "0") >= "8" ? digit.toUpperCase() : digit));
  return `0x${letters.join("")}`;
}

/**
 * The address of a wallet's key, with its checksum.
 *
 * @throws LocalError `argument` for what is no key
 */
export function addressOf(secret: Uint8Array): string {
  if (!secp256k1.utils.isValidSecretKey(secret)) throw new LocalError("argument", "a wallet's key has 32 bytes, and is not zero");
  return checksumAddress(addressOfKey(secp256k1.getPublicKey(secret, false)));
}

/** What `personal_sign` signs of a text (EIP-191). */
export function personalDigest(text: string): Uint8Array {
  const bytes = utf8(text);
  return keccak_256(concat(utf8(`\x19Ethereum Signed Message:\n${bytes.length}`), bytes));
}

/** Signs a text with a wallet's key as `personal_sign` does: r ‖ s ‖ v, `0x` and 130 digits. */
export function signText(secret: Uint8Array, text: string): string {
  const bytes = secp256k1.sign(personalDigest(text), secret, { prehash: false, format: "recovered" });
  return to0x(concat(bytes.subarray(1), Uint8Array.of(27 + (bytes[0] ?? 0))));
}

/** The address that has signed a text, with its checksum; `null` for a signature that nodes would refuse. */
export function signerOf(text: string, signature: string): string | null {
  if (!/^0x[0-9a-f]{130}$/.test(signature)) return null;
  const bytes = fromHex(signature);
  const v = bytes[64] ?? 0;
  const signer = signerOfHash(personalDigest(text), bytes.subarray(0, 64), v >= 27 ? v - 27 : v);
  return signer === null ? null : checksumAddress(signer);
}

/** The wallet that a login names, if it has signed the login. */
export function walletOf(proof: WalletProof): string | null {
  const named = proof.message.split("\n", 2)[1];
  return signerOf(proof.message, proof.signature) === named && named !== undefined ? named : null;
}

/**
 * A login by a key that the program has itself: for guests, whose key the page keeps, and for tests.
 *
 * @throws LocalError `argument` for what is no key
 */
export function keyLogin(secret: Uint8Array): LoginMethod {
  const address = addressOf(secret);
  return {
    kind: "wallet",
    prove: (terms) => {
      const message = loginText(terms, address);
      return Promise.resolve({ kind: "wallet", message, signature: signText(secret, message), rz: to0x(terms.rz) });
    },
  };
}

/** The guest's key of this browser: made at the first call, and kept in the store. Two tabs get one key. */
export async function guestKey(store: Store, name = "guest"): Promise<Uint8Array> {
  const kept = await store.getOrPut(name, secp256k1.utils.randomSecretKey());
  if (kept instanceof Uint8Array && secp256k1.utils.isValidSecretKey(kept)) return kept;
  throw new LocalError("store_failed", `what the store has as ${JSON.stringify(name)} is no guest's key`);
}

/**
 * A login by a wallet that the browser injects. The wallet is asked for its accounts, and then for one signature.
 *
 * @param options `address`: the account that must sign; without it, the first one that the wallet gives
 */
export function walletLogin(provider: Eip1193Provider, options: { readonly address?: string } = {}): LoginMethod {
  const wanted = options.address === undefined ? null : checksumAddress(options.address);
  return {
    kind: "wallet",
    prove: (terms, waiting) => proveByProvider(provider, wanted, terms, waiting),
  };
}

async function proveByProvider(
  provider: Eip1193Provider, wanted: string | null, terms: LoginTerms, { signal }: Waiting = {},
): Promise<WalletProof> {
  const ask = (method: string, params: readonly unknown[]): Promise<unknown> => askWallet(provider, method, params, signal);
  const accounts = await ask("eth_requestAccounts", []);
  const addresses = (Array.isArray(accounts) ? accounts.slice(0, 1_000) : []).filter(isAddress).map(checksumAddress);
  const address = wanted === null ? addresses[0] : addresses.find((one) => one === wanted);
  if (address === undefined) {
    throw new LocalError("wallet_failed", wanted === null ? "the wallet gives no account" : `the wallet does not give the account ${wanted}`);
  }
  const message = loginText(terms, address);
  const answer = await ask("personal_sign", [to0x(utf8(message)), address.toLowerCase()]);
  const signature = typeof answer === "string" ? answer.toLowerCase() : "";
  if (signerOf(message, signature) !== address) {
    throw new LocalError("wallet_failed", "the wallet has not signed the login with its account (contracts cannot log in)");
  }
  return { kind: "wallet", message, signature, rz: to0x(terms.rz) };
}

const isAddress = (value: unknown): value is string => typeof value === "string" && /^0x[0-9a-fA-F]{40}$/.test(value);

/** A person decides how long a wallet takes: the wait ends with the caller's signal only. */
async function askWallet(
  provider: Eip1193Provider, method: string, params: readonly unknown[], signal: AbortSignal | undefined,
): Promise<unknown> {
  signal?.throwIfAborted();
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal?.reason);
    signal?.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([provider.request({ method, params }), aborted]);
  } catch (error) {
    signal?.throwIfAborted();
    const refused = typeof error === "object" && error !== null && "code" in error && error.code === 4001;
    throw refused
      ? new LocalError("wallet_refused", "the wallet did not allow it", { cause: error })
      : new LocalError("wallet_failed", `the wallet does not answer ${method}`, { cause: error });
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

