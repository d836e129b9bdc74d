/** The methods of a login: what of their proofs a page can read. Nodes check them; here they are told apart. */

import type { LoginProof, MethodProof, Session } from "./quorate.js";

/** The methods of a login, in its order. */
export const methodsOf = (login: LoginProof): readonly MethodProof[] => (login.kind === "several" ? login.logins : [login]);

/** Who issued a token, to whom, and about whom. */
export function claimsOf(token: string): { readonly iss: string; readonly aud: unknown; readonly sub: unknown } {
  try {
    const text = atob((token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/"));
    const { iss, aud, sub } = JSON.parse(text) as { readonly iss?: unknown; readonly aud?: unknown; readonly sub?: unknown };
    return { iss: typeof iss === "string" ? iss : "", aud, sub };
  } catch {
    return { iss: "", aud: null, sub: null };
  }
}

/** Whether two sessions have a method in common: signing out everywhere from one ends the other. */
export function sharesMethod(one: Pick<Session, "login">, other: Pick<Session, "login">): boolean {
  const names = methodsOf(one.login).map(nameOfMethod);
  return methodsOf(other.login).some((method) => names.includes(nameOfMethod(method)));
}

/** The same for the same method, whatever session it has allowed. */
function nameOfMethod(proof: MethodProof): string {
  switch (proof.kind) {
    case "passkey": return JSON.stringify([proof.kind, proof.rp_id, proof.public_key]);
    case "wallet": return JSON.stringify([proof.kind, proof.message.split("\n", 2)[1]]);
    case "oidc": {
      const { iss, aud, sub } = claimsOf(proof.token);
      return JSON.stringify([proof.kind, iss, aud, sub]);
    }
  }
}
