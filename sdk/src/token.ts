/** ID tokens as they are written: what one says, before anybody has verified its signature. */

import { fromBase64url, fromUtf8 } from "./bytes.js";
import { FormError, membersOf } from "./codec.js";
import { parseJson } from "./json.js";

/** Longest token that nodes take. */
export const TOKEN_BYTES_MAX = 8 << 10;
const NAME = /^[ -~]{1,255}$/;
const AUDIENCES_MAX = 16;

/** The claims that are looked at. */
export interface Claims {
  readonly issuer: string;
  /** The one client for which the token is. */
  readonly audience: string;
  readonly subject: string;
  readonly nonce: string;
  /** In seconds since the epoch. */
  readonly issuedAt: number;
  readonly expires: number;
}

/**
 * Reads a token's claims. The signature is not checked: nodes do that, with the issuer's keys.
 *
 * @throws FormError for what is no ID token with a nonce
 */
export function readClaims(token: string): Claims {
  if (token.length > TOKEN_BYTES_MAX) throw new FormError("the token is longer than 8 KiB");
  const parts = token.split(".");
  if (parts.length !== 3) throw new FormError("the token does not have three parts");
  let claims: Map<string, unknown>;
  try {
    claims = membersOf(parseJson(fromUtf8(fromBase64url(parts[1] ?? ""))), "claims");
  } catch (error) {
    throw new FormError("the token's claims are not one object of strict JSON in base64url", { cause: error });
  }
  const nonce = claims.get("nonce");
  if (typeof nonce !== "string" || nonce === "") throw new FormError("the token has no nonce");
  const issuer = claims.get("iss");
  if (typeof issuer !== "string") throw new FormError("the token has no issuer");
  return Object.freeze({
    issuer, nonce, audience: audienceOf(claims), subject: name(claims.get("sub"), "subject"),
    issuedAt: seconds(claims.get("iat"), "iat"), expires: seconds(claims.get("exp"), "exp"),
  });
}

/** Of several audiences, `azp` says which one it is. */
function audienceOf(claims: ReadonlyMap<string, unknown>): string {
  const named = claims.get("aud");
  const list: readonly unknown[] = Array.isArray(named) ? named : [named];
  if (list.length > AUDIENCES_MAX) throw new FormError("the token has too many audiences");
  const audiences = list.map((one) => name(one, "audience"));
  const [only] = audiences;
  if (!claims.has("azp")) {
    if (only === undefined || audiences.length > 1) throw new FormError("the token does not have one audience");
    return only;
  }
  const party = name(claims.get("azp"), "azp");
  if (!audiences.includes(party)) throw new FormError("the token's azp is no audience of it");
  return party;
}

function name(value: unknown, what: string): string {
  if (typeof value === "string" && NAME.test(value)) return value;
  throw new FormError(`the token's ${what} is not 1 to 255 printable characters of ASCII`);
}

function seconds(value: unknown, what: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value > 0) return value;
  throw new FormError(`the token's ${what} is no time`);
}
