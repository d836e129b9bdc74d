/** The sessions of this browser: several may be kept, and one of them is in use. */

import type { Network, Session, Store } from "./quorate.js";

type Client = typeof import("./quorate.js");

/** Where the list is kept, and under which name a session comes in that does not have its own yet. */
const INDEX = "sessions";
export const INCOMING = "incoming";
/** Ids of logins whose person wants no second method. */
const DECLINED = "declined";
const SESSIONS_MAX = 16;

interface Index {
  /** The name of the one in use. */
  readonly current: string | null;
  readonly sessions: readonly Entry[];
}

interface Entry {
  readonly name: string;
  readonly expiresMs: number;
}

/** Sessions in a store, each under a name of its own. What the client keeps of one is moved by its public key. */
export class Sessions {
  readonly #sdk: Client;
  readonly #network: Network;
  readonly #store: Store;
  /** Where the store is memory, or does not take a session, it lives as long as the page. */
  readonly #unkept = new Map<string, Session>();

  constructor(sdk: Client, network: Network, store: Store) {
    [this.#sdk, this.#network, this.#store] = [sdk, network, store];
  }

  /** All that have not ended, the one in use first. */
  async all(): Promise<readonly Session[]> {
    const { current, sessions: listed } = await this.#index();
    const found = await Promise.all(listed.map(({ name }) => this.#restore(name)));
    const sessions = found.filter((session) => session !== null);
    return sessions.sort((one, other) => Number(nameOf(other) === current) - Number(nameOf(one) === current));
  }

  /** The one in use. */
  async current(): Promise<Session | null> {
    const { current } = await this.#index();
    return current === null ? null : this.#restore(current);
  }

  /** Takes in a session that was kept as {@link INCOMING}, or changed under its own name, and uses it. */
  async take(session: Session): Promise<void> {
    const name = nameOf(session);
    const kept = await this.#store.get(INCOMING).catch(() => undefined);
    // Another tab may sign in at the same moment, and its session is its own.
    const own = (kept as { readonly publicKey?: unknown } | null | undefined)?.publicKey === session.publicKey;
    if (session.kept === "memory") this.#unkept.set(name, session);
    else if (own) await this.#store.put(name, kept);
    if (own) await this.#store.delete(INCOMING).catch(() => undefined);
    await this.use(session);
  }

  /** Uses one, and forgets those that have ended. */
  async use({ publicKey, expiresMs }: Session): Promise<void> {
    const entry = { name: nameOf({ publicKey }), expiresMs };
    let gone: readonly Entry[] = [];
    await this.#change(({ sessions }) => {
      const others = sessions.filter(({ name }) => name !== entry.name);
      const kept = [entry, ...others.filter((other) => other.expiresMs > Date.now())].slice(0, SESSIONS_MAX);
      gone = others.filter((other) => !kept.includes(other));
      return { current: entry.name, sessions: kept };
    });
    for (const { name } of gone) await this.#sdk.forgetSession({ store: this.#store, name }).catch(() => undefined);
  }

  async forget(session: Session): Promise<void> {
    const name = nameOf(session);
    this.#unkept.delete(name);
    await this.#sdk.forgetSession({ store: this.#store, name });
    await this.#change(({ current, sessions }) => ({
      current: current === name ? null : current, sessions: sessions.filter((other) => other.name !== name),
    }));
  }

  /** The person wants no second method: they are not asked again. */
  async decline({ id }: Session): Promise<void> {
    await this.#store.put(DECLINED, [id, ...await this.#declined()].slice(0, SESSIONS_MAX)).catch(() => undefined);
  }

  async hasDeclined({ id }: Session): Promise<boolean> {
    return (await this.#declined()).includes(id);
  }

  async #declined(): Promise<readonly unknown[]> {
    const kept = await this.#store.get(DECLINED).catch(() => undefined);
    return Array.isArray(kept) ? kept : [];
  }

  async #restore(name: string): Promise<Session | null> {
    const unkept = this.#unkept.get(name);
    if (unkept !== undefined) return unkept.expired ? null : unkept;
    return this.#sdk.restoreSession(this.#network, { store: this.#store, name, marginMs: 0 });
  }

  async #index(): Promise<Index> {
    const kept = await this.#store.get(INDEX).catch(() => undefined);
    const { current, sessions } = (typeof kept === "object" && kept !== null ? kept : {}) as { readonly [K in keyof Index]?: unknown };
    return {
      current: typeof current === "string" ? current : null,
      sessions: Array.isArray(sessions) ? sessions.filter(isEntry) : [],
    };
  }

  /** One tab after another, where the browser can have them wait. */
  async #change(act: (index: Index) => Index): Promise<void> {
    const write = async (): Promise<void> => this.#store.put(INDEX, act(await this.#index()));
    const { locks } = navigator as { readonly locks?: LockManager };
    await (locks === undefined ? write() : locks.request(`quorate ${INDEX}`, write));
  }
}

const isEntry = (value: unknown): value is Entry =>
  typeof value === "object" && value !== null && "name" in value && typeof value.name === "string" && "expiresMs" in value && typeof value.expiresMs === "number";

/** The name under which a session is kept: of its key, which stays when a method is added. */
export const nameOf = ({ publicKey }: Pick<Session, "publicKey">): string => `session:${publicKey}`;
