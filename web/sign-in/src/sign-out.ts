/** Signing out, at the nodes. */

import type { Client, Session } from "./quorate.js";

export type SignOutScope = "session" | "everywhere";

/** How many nodes have it. */
export interface SignedOut {
  readonly nodes: number;
  readonly of: number;
  /** No t nodes without it remain: the session can do nothing any more. */
  readonly done: boolean;
}

interface SignsOut {
  signOut(session: Session, options: { readonly scope: SignOutScope; readonly signal?: AbortSignal }): Promise<SignedOut>;
}

/** Tells the nodes; `null` where the client cannot, and the session then lasts until its end. */
export const signOut = (
  client: Client, session: Session, options: { readonly scope: SignOutScope; readonly signal?: AbortSignal },
): Promise<SignedOut | null> => {
  const able = client as Client & Partial<SignsOut>;
  return able.signOut?.(session, options) ?? Promise.resolve(null);
};
