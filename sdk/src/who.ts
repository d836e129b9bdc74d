/** Who is behind a login: what a proof says of its method. */

import { fromBase64url, fromHex, fromUtf8, toBase64url, toHex } from "./bytes.js";
import { membersOf } from "./codec.js";
import {
  type LoginProof, type MethodProof, type NonceTerms, type SessionTerms, METHODS_MAX, loginChallenge, oidcId, passkeyId, severalId,
  walletId,
} from "./login.js";
import { parseJson } from "./json.js";
import { readClaims } from "./token.js";
import { walletOf } from "./wallet.js";

/** The person of a login. */
export interface Who {
  /** The kind, a colon, and what names the person: a wallet's address in small letters, or the id. */
  readonly user: string;
  /** The login's id. */
  readonly id: string;
  /** The first wallet of the login, with its checksum. */
  readonly address: string | null;
}

/** The session that a login should be for. */
export interface Bound {
  /** The network's id. */
  readonly network: string;
  readonly publicKey: string;
  readonly expiresMs: number;
}

/**
 * Who a login is by; `null` for one that does not bind the session that it should be for.
 *
 * A wallet's signature is checked. Whether a token or an assertion is signed, nodes say.
 */
export function whoOf(proof: LoginProof, session: Bound): Who | null {
  if (proof.kind !== "several") return methodOf(proof, session);
  const all = proof.logins.map((one) => methodOf(one, session));
  const shown = all.filter((one) => one !== null);
  if (shown.length !== all.length) return null;
  const id = severalId(shown.map((one) => one.id));
  return { user: `several:${id}`, id, address: shown.find(({ address }) => address !== null)?.address ?? null };
}

function methodOf(proof: MethodProof, session: Bound): Who | null {
  try {
    switch (proof.kind) {
      case "wallet": {
        const address = walletOf(proof);
        return address === null ? null : { user: `wallet:${address.toLowerCase()}`, id: walletId(address), address };
      }
      case "oidc": {
        const { issuer, audience, subject, nonce } = readClaims(proof.token);
        if (nonce !== toHex(loginChallenge(nonceTerms(proof.terms, session), audience))) return null;
        const id = oidcId(issuer, audience, subject);
        return { user: `oidc:${id}`, id, address: null };
      }
      case "passkey": {
        const challenge = loginChallenge(nonceTerms(proof.terms, session), proof.rp_id, proof.block.hash);
        const client = membersOf(parseJson(fromUtf8(fromBase64url(proof.client_data))), "client data");
        if (client.get("challenge") !== toBase64url(challenge)) return null;
        const id = passkeyId(proof.rp_id, fromBase64url(proof.public_key));
        return { user: `passkey:${id}`, id, address: null };
      }
    }
  } catch {
    // Whatever cannot be read is nobody's login.
    return null;
  }
}

function nonceTerms(terms: SessionTerms, { network, publicKey, expiresMs }: Bound): NonceTerms {
  const { session, expires_ms, capabilities, rz } = terms;
  if (session !== publicKey || expires_ms !== expiresMs) throw new RangeError("the login is for another session");
  return { network: { id: network }, session, expiresMs, capabilities, rz: fromHex(rz) };
}

const DIGITS_64 = /^[0-9a-f]{64}$/;
const HASH = /^0x[0-9a-f]{64}$/;
const BASE64URL = /^[A-Za-z0-9_-]*$/;
const isText = (value: unknown): value is string => typeof value === "string";
const fits = (value: unknown, form: RegExp): boolean => isText(value) && form.test(value);
const isNumber = (value: unknown): boolean => typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
const isObject = (value: unknown): value is { readonly [name: string]: unknown } => typeof value === "object" && value !== null;

/** Whether a value is a list of texts. */
export const areTexts = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every(isText);

/** Whether a value has the form of a proof. */
export function isProof(value: unknown): value is LoginProof {
  if (!isObject(value) || value["kind"] !== "several") return isMethodProof(value);
  const { logins } = value;
  return Array.isArray(logins) && logins.length >= 2 && logins.length <= METHODS_MAX && logins.every(isMethodProof);
}

function isMethodProof(value: unknown): value is MethodProof {
  if (!isObject(value)) return false;
  switch (value["kind"]) {
    case "wallet":
      return isText(value["message"]) && isText(value["signature"]) && fits(value["rz"], HASH);
    case "oidc":
      return isText(value["token"]) && areTerms(value["terms"]);
    case "passkey": {
      const { credential_id: id, block } = value;
      return isText(value["rp_id"]) && (id === undefined || isText(id)) && areTerms(value["terms"])
        && ["public_key", "authenticator_data", "client_data", "signature"].every((name) => fits(value[name], BASE64URL))
        && isObject(block) && isNumber(block["number"]) && fits(block["hash"], HASH);
    }
    default:
      return false;
  }
}

const areTerms = (value: unknown): boolean => isObject(value) && fits(value["session"], DIGITS_64) && isNumber(value["expires_ms"])
  && areTexts(value["capabilities"]) && fits(value["rz"], HASH);
