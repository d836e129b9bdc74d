/** The ways to sign in, each as one call that ends with a session. */

import { methodsOf } from "./methods.js";
import type { Client, LoginMethod, Network, Passkey, PasskeyKeys, Session, Store } from "./quorate.js";
import type { Issuer, Settings } from "./settings.js";
import { INCOMING, Sessions, nameOf } from "./sessions.js";
import type { Wallet } from "./ways.js";

type Sdk = typeof import("./quorate.js");

/** Where a method waits that goes with an issuer's login. */
const BESIDE = "beside";

export interface Waiting {
  readonly signal: AbortSignal;
  /** Before a person signs a second time. */
  readonly again: () => Promise<void>;
}

/** Everything about one network and one application. */
export class SignIns {
  readonly client: Client;
  readonly network: Network;
  readonly store: Store;
  readonly sessions: Sessions;
  readonly #sdk: Sdk;
  readonly #settings: Settings;
  readonly #keys: PasskeyKeys;

  private constructor(sdk: Sdk, settings: Settings, network: Network, store: Store) {
    [this.#sdk, this.#settings, this.network, this.store] = [sdk, settings, network, store];
    this.client = new sdk.Client(network);
    this.sessions = new Sessions(sdk, network, store);
    this.#keys = sdk.passkeyKeys(store);
  }

  /** Loads the client and the network file. */
  static async open(settings: Settings, signal: AbortSignal): Promise<SignIns> {
    const sdk = await import("./quorate.js");
    const { network: url, networkId: id, store = "quorate" } = settings;
    const [network, opened] = await Promise.all([
      sdk.fetchNetwork(new URL(url, document.baseURI), { signal, ...(id === undefined ? {} : { id }) }), sdk.openStore(store),
    ]);
    return new SignIns(sdk, settings, network, opened);
  }

  get #rpId(): string {
    return this.#settings.rpId ?? location.hostname;
  }

  /** A passkey that the person chooses: after a click, or where a form's field offers it. */
  async passkey({ signal, again }: Waiting, mediation?: "conditional", credentialIds: readonly string[] = []): Promise<Session> {
    const method = this.#passkeyMethod(again, credentialIds, mediation);
    return this.#logIn(method, signal);
  }

  /** Makes a passkey of this name. It signs nobody in yet. */
  async makePasskey(name: string, signal: AbortSignal, beside?: Session): Promise<Passkey> {
    const exclude = beside === undefined ? [] : methodsOf(beside.login).flatMap((one) => (one.kind === "passkey" ? one.credential_id ?? [] : []));
    return this.#sdk.createPasskey({
      rpId: this.#rpId, rpName: this.#settings.application, user: { name }, exclude, keyStore: this.#keys, signal,
    });
  }

  wallet({ provider }: Wallet, signal: AbortSignal): Promise<Session> {
    return this.#logIn(this.#sdk.walletLogin(provider), signal);
  }

  async #logIn(method: LoginMethod, signal: AbortSignal): Promise<Session> {
    const { store } = this;
    const session = await this.#sdk.logIn(this.network, method, { ...this.#terms, store, name: INCOMING, signal });
    await this.sessions.take(session);
    return session;
  }

  get #terms(): { readonly domain: string; readonly capabilities: readonly string[]; readonly lifeMs: number } {
    const { capabilities, lifeMinutes = 60 } = this.#settings;
    return { domain: location.host, capabilities, lifeMs: lifeMinutes * 60_000 };
  }

  #passkeyMethod(again: () => Promise<void>, credentialIds: readonly string[], mediation?: "conditional"): LoginMethod {
    return this.#sdk.passkeyLogin(this.client, {
      rpId: this.#rpId, keyStore: this.#keys, again, credentialIds, ...(mediation === undefined ? {} : { mediation }),
    });
  }

  /** Adds a passkey of this browser to a session. */
  async addPasskey(session: Session, passkey: Passkey, { signal, again }: Waiting): Promise<Session> {
    return this.#add(session, this.#passkeyMethod(again, [passkey.credentialId]), signal);
  }

  addWallet(session: Session, { provider }: Wallet, signal: AbortSignal): Promise<Session> {
    return this.#add(session, this.#sdk.walletLogin(provider), signal);
  }

  async #add(session: Session, method: LoginMethod, signal: AbortSignal): Promise<Session> {
    const { store } = this;
    const added = await this.#sdk.addLogin(this.network, session, method, { domain: location.host, store, name: nameOf(session), signal });
    await this.sessions.take(added);
    return added;
  }

  /**
   * The issuer's page, to which this one must go.
   *
   * @param beside a passkey's session that the issuer's login is to stand beside
   */
  async issuer(of: Issuer, signal: AbortSignal, beside?: Session): Promise<string> {
    const { store } = this;
    const { name: _, redirectUri = location.origin + location.pathname, ...client } = of;
    const url = await this.#sdk.oidcRedirect(this.network, { ...client, redirectUri }, { ...this.#terms, store, name: INCOMING, signal });
    const passkeys = beside === undefined ? [] : methodsOf(beside.login).flatMap((one) => (one.kind === "passkey" ? one.credential_id ?? [] : []));
    await (passkeys.length === 0 ? store.delete(BESIDE) : store.put(BESIDE, passkeys));
    return url;
  }

  /** The passkeys, one of which is to stand beside the issuer's login that comes back; none for a login alone. */
  async beside(): Promise<readonly string[]> {
    const kept = await this.store.get(BESIDE).catch(() => undefined);
    return Array.isArray(kept) ? kept.filter((one) => typeof one === "string") : [];
  }

  /** Ends an issuer's login; `null` if the address is no answer of one. */
  async finish(answer: string, passkeys: readonly string[], { signal, again }: Waiting): Promise<Session | null> {
    const beside = passkeys.length === 0 ? [] : [this.#passkeyMethod(again, passkeys)];
    const session = await this.#sdk.finishOidc(this.network, answer, { store: this.store, name: INCOMING, beside, signal });
    await this.store.delete(BESIDE).catch(() => undefined);
    if (session !== null) await this.sessions.take(session);
    return session;
  }
}

/** Whether an address has the form of an issuer's answer. */
export function isAnswer(address: string): boolean {
  const { searchParams, hash } = new URL(address);
  const told = [searchParams, new URLSearchParams(hash.slice(1))];
  return told.some((one) => one.has("state") && ["code", "id_token", "error"].some((name) => one.has(name)));
}
