/** Public keys of passkeys, as COSE writes them (RFC 9053), in the one form that nodes take. */

import { p256 } from "@noble/curves/nist.js";
import { concat, fromHex, toBase64url } from "./bytes.js";
import { readCbor, readCborMap } from "./cbor.js";
import { FormError } from "./codec.js";
import { sha256 } from "./hash.js";
import { ed25519Valid } from "./signature.js";

/** P-256 with ES256, Ed25519 with EdDSA, RSA with RS256: their numbers in the registry of COSE, the preferred one first. */
export const ALGORITHMS = [-7, -8, -257] as const;

// What stands before the parts of a canonical key.
const ES256_X = fromHex("a5010203262001215820");
const ES256_Y = fromHex("225820");
const EDDSA_X = fromHex("a401010327200621" + "5820");
const RS256_N = fromHex("a401030339010020");
const RS256_E = fromHex("2143010001");

/** A key that has been read. */
type Key =
  | { readonly kind: "ES256"; readonly x: Uint8Array; readonly y: Uint8Array }
  | { readonly kind: "EdDSA"; readonly x: Uint8Array }
  | { readonly kind: "RS256"; readonly modulus: Uint8Array };

/**
 * A key in its canonical form, from any order of its members.
 *
 * @returns the key, and where it ends
 * @throws FormError for a key that nodes would refuse
 */
export function readCoseKey(bytes: Uint8Array, begin = 0): { readonly key: Uint8Array<ArrayBuffer>; readonly end: number } {
  const { end } = readCbor(bytes, begin);
  return { key: written(parse(bytes.subarray(begin, end))), end };
}

/** The canonical form of a point of P-256, as 0x04 ‖ x ‖ y. */
export const coseOfPoint = (point: Uint8Array): Uint8Array<ArrayBuffer> =>
  written({ kind: "ES256", x: point.subarray(1, 33), y: point.subarray(33) });

function parse(bytes: Uint8Array): Key {
  const map = readCborMap(bytes);
  const part = (name: number, least: number, most = least): Uint8Array => {
    const value = map.get(name);
    if (value instanceof Uint8Array && value.length >= least && value.length <= most) return value;
    throw new FormError("a part of the passkey's key has another length");
  };
  switch ([1, 3].map((name) => map.get(name)).join()) {
    case "2,-7": {
      if (map.size !== 5 || map.get(-1) !== 1) break;
      const [x, y] = [part(-2, 32), part(-3, 32)];
      if (!isPoint(x, y)) throw new FormError("the passkey's key is no point of P-256");
      return { kind: "ES256", x, y };
    }
    case "1,-8":
      if (map.size !== 4 || map.get(-1) !== 6) break;
      return { kind: "EdDSA", x: part(-2, 32) };
    case "3,-257": {
      const modulus = part(-1, 256, 512);
      if (map.size !== 4 || modulus[0] === 0 || part(-2, 3).join() !== "1,0,1") break;
      return { kind: "RS256", modulus };
    }
  }
  throw new FormError("the passkey's key is not P-256 with ES256, Ed25519 with EdDSA, or RSA with RS256");
}

const uncompressed = (x: Uint8Array, y: Uint8Array): Uint8Array => concat(Uint8Array.of(4), x, y);
const isPoint = (x: Uint8Array, y: Uint8Array): boolean => p256.utils.isValidPublicKey(uncompressed(x, y), false);

function written(key: Key): Uint8Array<ArrayBuffer> {
  switch (key.kind) {
    case "ES256": return concat(ES256_X, key.x, ES256_Y, key.y);
    case "EdDSA": return concat(EDDSA_X, key.x);
    case "RS256": {
      const { length } = key.modulus;
      return concat(RS256_N, Uint8Array.of(0x59, length >> 8, length & 0xff), key.modulus, RS256_E);
    }
  }
}

/** Whether a canonical key has signed a message; `false` also for what is no canonical key. */
export async function signedBy(cose: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
  try {
    const key = parse(cose);
    switch (key.kind) {
      case "ES256":
        return p256.verify(signature, message, uncompressed(key.x, key.y), { format: "der", lowS: false });
      case "EdDSA":
        return ed25519Valid(signature, message, key.x);
      case "RS256": {
        const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
        const jwk = { kty: "RSA", n: toBase64url(key.modulus), e: "AQAB" };
        const { subtle } = globalThis.crypto;
        const imported = await subtle.importKey("jwk", jwk, algorithm, false, ["verify"]);
        return await subtle.verify(algorithm, imported, Uint8Array.from(signature), Uint8Array.from(message));
      }
    }
  } catch {
    return false;
  }
}

/**
 * The keys of P-256 that may have made a signature over a message, each in its canonical form. There are two, but in rarest
 * cases. A second signature over another message says which one it is.
 */
export function keysOf(message: Uint8Array, signature: Uint8Array): Uint8Array[] {
  const hash = sha256(message);
  const keys: Uint8Array[] = [];
  for (const recovery of [0, 1, 2, 3]) {
    try {
      const key = p256.Signature.fromBytes(signature, "der").addRecoveryBit(recovery).recoverPublicKey(hash);
      keys.push(coseOfPoint(key.toBytes(false)));
    } catch {
      // No key of this place, or no signature of this kind at all.
    }
  }
  return keys;
}
