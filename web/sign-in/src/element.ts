/** `<quorate-sign-in>`: people sign in, see where they are signed in, and sign out. `README.md` describes it. */

import style from "./sign-in.css";
import { Autofill } from "./autofill.js";
import { h } from "./dom.js";
import { type Doing, type Failure, explain } from "./failures.js";
import { methodsOf, sharesMethod } from "./methods.js";
import type { Client, Passkey, Session, SignedOut, SignOutScope } from "./quorate.js";
import { SignIns, isAnswer } from "./sign-ins.js";
import { type Issuer, type Settings, SettingsError, attributeNames, checked, settingsOf } from "./settings.js";
import { type View, confirmView, failureView, signInView, signedInView, signedOutWords, waitView } from "./view.js";
import { type Wallet, passkeyPlace, watchWallets } from "./ways.js";

/** How a session came to be in use. */
export type How = "signed-in" | "restored" | "added" | "chosen";

/** What events tell. */
export interface SignInEvents {
  "signed-in": { readonly session: Session; readonly client: Client; readonly how: How };
  "signed-out": { readonly session: Session; readonly scope: SignOutScope | "ended"; readonly result: SignedOut | null };
  failed: Failure & { readonly error: unknown };
}

type Place = "wait" | "out" | "confirm" | "in";

/** A person is told so long before the session's end, or a fifth of its life where that is shorter. */
const ENDING_MS = 5 * 60_000;
/** What is left of a session is drawn anew so often. */
const DRAW_MS = 30_000;

const sheet = new CSSStyleSheet();
sheet.replaceSync(style);

export class QuorateSignIn extends HTMLElement {
  static readonly observedAttributes = attributeNames();

  readonly #root = this.attachShadow({ mode: "open" });
  readonly #title = h("h2", { id: "title", tabindex: "-1" });
  readonly #body = h("div", { class: "body" });
  readonly #status = h("p", { class: "status", role: "status" });
  /** Said, and not shown: what stands in the view already. */
  readonly #spoken = h("p", { class: "spoken", role: "status" });
  readonly #failure = h("div", { class: "failure", role: "alert" });
  readonly #ask = h("div", { class: "ask" });
  /** In the page's own tree, where the browser's autofill looks for it. */
  readonly #field = h("input", {
    slot: "passkey", type: "text", name: "username", autocomplete: "username webauthn", maxlength: "64", spellcheck: "false", autocapitalize: "off",
  });

  #settings: Settings | null = null;
  #wallets: readonly Wallet[] = [];
  #place: Place = "wait";
  #session: Session | null = null;
  #all: readonly Session[] = [];
  #offer = false;
  #ending = false;
  /** Everything that ends when the element leaves the page, or gets other settings. */
  #life = new AbortController();
  /** What waits for the end of the session in use. */
  #watch = new AbortController();
  /** What the person waits for. */
  #doing: AbortController | null = null;
  readonly #autofill = new Autofill();
  #opened: Promise<SignIns> | null = null;
  #answer = "";
  /** A passkey that was made to stand beside another method, and has not signed yet: a second try takes the same one. */
  #made: Passkey | null = null;
  #channel: BroadcastChannel | null = null;

  constructor() {
    super();
    this.#root.adoptedStyleSheets = [sheet];
    this.#field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing) return;
      event.preventDefault();
      this.#ways.makePasskey();
    });
    this.#root.append(h("section", { class: "card", "aria-labelledby": "title" }, this.#title, this.#spoken, this.#status, this.#failure, this.#ask, this.#body));
  }

  /** All settings at once, instead of attributes. */
  get settings(): Settings | null {
    return this.#settings;
  }

  set settings(settings: Settings | null) {
    this.#begin(() => (settings === null ? null : checked(settings)));
  }

  /** The session in use. */
  get session(): Session | null {
    return this.#session;
  }

  /** Tells a person what went wrong with a request of this session. A session that is over is left. */
  report(error: unknown): Failure | null {
    const failure = this.#fail(error, "use");
    if (failure?.over === true && this.#session !== null) void this.#over(this.#session);
    return failure;
  }

  connectedCallback(): void {
    const address = location.href;
    if (isAnswer(address)) {
      this.#answer = address;
      // The answer counts once, and does not stay where people copy it.
      history.replaceState(history.state, "", location.pathname);
    }
    if (!this.contains(this.#field)) this.append(this.#field);
    if (this.#settings === null) this.#begin(() => settingsOf((name) => this.getAttribute(name)));
    else this.#begin(() => this.#settings);
  }

  disconnectedCallback(): void {
    this.#end();
  }

  attributeChangedCallback(): void {
    if (this.isConnected && this.#opened !== null) this.#begin(() => settingsOf((name) => this.getAttribute(name)));
  }

  #end(): void {
    this.#life.abort();
    this.#watch.abort();
    this.#doing?.abort();
    this.#channel?.close();
    void this.#autofill.stop();
    [this.#doing, this.#opened, this.#channel] = [null, null, null];
  }

  #begin(read: () => Settings | null): void {
    this.#end();
    this.#life = new AbortController();
    [this.#session, this.#made] = [null, null];
    try {
      this.#settings = read();
    } catch (error) {
      this.#settings = null;
      this.#fail(error, "start");
      // Whoever made the page looks here.
      if (error instanceof SettingsError) console.error(error.message);
      return;
    }
    if (this.#settings === null || !this.isConnected) return;
    void this.#start(this.#settings, this.#life.signal);
  }

  async #start(settings: Settings, life: AbortSignal): Promise<void> {
    this.#field.setAttribute("aria-label", "Your name, or a passkey that the browser offers here");
    watchWallets((wallets) => {
      this.#wallets = wallets;
      if (this.#place === "out" || this.#place === "in") this.#draw();
    }, life);
    this.#listen(settings, life);
    this.#show("wait");
    try {
      const signIns = await this.#open(settings);
      life.throwIfAborted();
      await (this.#answer === "" ? this.#resume(signIns) : this.#return(signIns));
    } catch (error) {
      if (life.aborted) return;
      this.#show("out");
      this.#fail(error, "start");
    }
  }

  /** The client and the network file: loaded once, and again after a failure. */
  #open(settings: Settings): Promise<SignIns> {
    if (this.#opened !== null) return this.#opened;
    const opened = SignIns.open(settings, this.#life.signal);
    opened.catch(() => {
      if (this.#opened === opened) this.#opened = null;
    });
    this.#opened = opened;
    return opened;
  }

  /** What another tab does with the sessions is seen here. */
  #listen({ store = "quorate" }: Settings, life: AbortSignal): void {
    this.#channel = new BroadcastChannel(`quorate-sign-in ${store}`);
    this.#channel.addEventListener("message", () => void this.#reload(), { signal: life });
    window.addEventListener("pageshow", ({ persisted }) => persisted && this.#doing?.abort(), { signal: life });
    const timer = setInterval(() => this.#place === "in" && this.#draw(), DRAW_MS);
    life.addEventListener("abort", () => clearInterval(timer), { once: true });
  }

  async #reload(): Promise<void> {
    const signIns = await this.#opened;
    if (signIns === null || this.#doing !== null) return;
    const [session, before] = [await signIns.sessions.current(), this.#session];
    // The person has begun something meanwhile: it ends in a session of its own.
    if (this.#doing !== null) return;
    if (session?.hash === before?.hash) {
      this.#all = await signIns.sessions.all();
      if (this.#place === "in") this.#draw();
      return;
    }
    if (session === null) this.#leave(before, "session", null);
    else await this.#enter(session, "chosen", signIns);
  }

  async #resume(signIns: SignIns): Promise<void> {
    const session = await signIns.sessions.current();
    if (session === null) this.#show("out");
    else await this.#enter(session, "restored", signIns);
  }

  /** Back from an issuer. */
  async #return(signIns: SignIns): Promise<void> {
    const passkeys = await signIns.beside();
    // Who was refused has nothing to confirm.
    if (passkeys.length > 0 && !/[?#&]error=/.test(this.#answer)) this.#show("confirm");
    else await this.#finish([]);
  }

  #finish(passkeys: readonly string[]): Promise<void> {
    const answer = this.#answer;
    this.#answer = "";
    return this.#do("oidc", "Signing you in…", async (signIns, waiting) => {
      const session = await signIns.finish(answer, passkeys, waiting);
      await (session === null ? this.#resume(signIns) : this.#enter(session, passkeys.length > 0 ? "added" : "signed-in", signIns));
    }, (signIns) => this.#resume(signIns));
  }

  // What the person does.

  readonly #ways = {
    passkey: () => void this.#do("passkey-sign-in", "Your device asks for your passkey…", async (signIns, waiting) => {
      await this.#enter(await signIns.passkey(waiting), "signed-in", signIns);
    }),
    makePasskey: () => {
      const name = this.#field.value.trim();
      if (name === "") {
        this.#say("Write a name first: your device shows it beside the passkey.");
        this.#field.focus();
        return;
      }
      void this.#do("passkey-make", "Your device makes a passkey…", async (signIns, waiting) => {
        const passkey = await signIns.makePasskey(name, waiting.signal);
        this.#busy("The passkey is made. Your device asks once more, to sign you in…");
        await this.#enter(await signIns.passkey(waiting, undefined, [passkey.credentialId]), "signed-in", signIns);
      });
    },
    issuer: (issuer: Issuer) => void this.#go(issuer),
    wallet: (wallet: Wallet) => void this.#do("wallet", "Your wallet asks you to sign…", async (signIns, { signal }) => {
      await this.#enter(await signIns.wallet(wallet, signal), "signed-in", signIns);
    }),
    back: () => void this.#do("start", "", (signIns) => this.#resume(signIns)),
  };

  readonly #adds = {
    passkey: () => undefined,
    makePasskey: () => void this.#do("passkey-make", "Your device makes a passkey…", async (signIns, waiting) => {
      const session = this.#current();
      const name = this.#field.value.trim() || this.#settings?.application || "Quorate";
      this.#made ??= await signIns.makePasskey(name, waiting.signal, session);
      this.#busy("The passkey is made. Your device asks once more, so that both stand in one session…");
      await this.#enter(await signIns.addPasskey(session, this.#made, waiting), "added", signIns);
      this.#made = null;
    }),
    issuer: (issuer: Issuer) => void this.#go(issuer, this.#current()),
    wallet: (wallet: Wallet) => void this.#do("wallet", "Your wallet asks you to sign…", async (signIns, { signal }) => {
      await this.#enter(await signIns.addWallet(this.#current(), wallet, signal), "added", signIns);
    }),
  };

  readonly #acts = {
    add: this.#adds,
    notNow: () => {
      this.#offer = false;
      this.#draw();
      this.#title.focus();
      void this.#opened?.then((signIns) => signIns.sessions.decline(this.#current()));
    },
    again: () => this.#show("out"),
    another: () => this.#show("out"),
    use: (session: Session) => void this.#do("start", "", async (signIns) => {
      await signIns.sessions.use(session);
      await this.#enter(session, "chosen", signIns);
    }),
    signOut: (session: Session, scope: SignOutScope) => void this.#do("sign-out", "Telling the nodes…", async (signIns, { signal }) => {
      const result = await signIns.client.signOut(session, { scope, signal }).catch(async (error: unknown) => {
        // It was over before: then it is only taken off the list.
        if (explain(error, "sign-out")?.over === true) await this.#drop(signIns, session, "ended", null);
        throw error;
      });
      // As long as too few nodes know it, the person must be able to try again.
      if (result.done) await this.#drop(signIns, session, scope, result);
      this.#say(signedOutWords(result, scope === "everywhere"));
    }),
  };

  #go(issuer: Issuer, beside?: Session): Promise<void> {
    return this.#do("oidc", `Going to ${issuer.name}…`, async (signIns, { signal }) => {
      location.assign(await signIns.issuer(issuer, signal, beside));
      // The page stays busy until it is gone, or comes back by the browser's own button.
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
    });
  }

  #current(): Session {
    if (this.#session === null) throw new Error("nobody is signed in");
    return this.#session;
  }

  /** Does one thing at a time: others wait for it to end, or for the person to cancel it. */
  async #do(
    doing: Doing, words: string, act: (signIns: SignIns, waiting: { signal: AbortSignal; again: () => Promise<void> }) => Promise<void>,
    failed?: (signIns: SignIns) => Promise<void>,
  ): Promise<void> {
    if (this.#doing !== null || this.#settings === null) return;
    const control = new AbortController();
    this.#doing = control;
    const [focused, place] = [this.#focusKey(), this.#place];
    this.#failure.replaceChildren();
    this.#busy(words);
    try {
      const before = this.#session;
      await this.#autofill.stop();
      // A passkey was chosen in the field at the same moment.
      if (this.#session !== before) return;
      const signIns = await this.#open(this.#settings);
      try {
        await act(signIns, { signal: control.signal, again: () => this.#askAgain(control.signal) });
      } catch (error) {
        await failed?.(signIns);
        throw error;
      }
    } catch (error) {
      this.#say("");
      this.#fail(error, doing);
    } finally {
      if (this.#doing === control) {
        this.#doing = null;
        this.#idle();
        // What is being done takes the focus away from the button that began it.
        if (focused !== null && this.#place === place) this.#body.querySelector<HTMLElement>(focused)?.focus();
      }
    }
  }

  /** A browser may want a click for each time that a passkey signs. */
  async #askAgain(signal: AbortSignal): Promise<void> {
    this.#say("");
    if ((navigator as { readonly userActivation?: UserActivation }).userActivation?.isActive === true) return;
    await new Promise<void>((resolve, reject) => {
      const go = h("button", { class: "primary", type: "button", "data-act": "again-passkey", click: () => resolve() }, "Confirm once more");
      this.#ask.replaceChildren(h("p", {}, "This browser sees your passkey for the first time. It has to sign once more, so that its public key is known."), go);
      go.focus();
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    }).finally(() => this.#ask.replaceChildren());
  }

  #busy(words: string): void {
    this.#body.inert = true;
    this.#body.setAttribute("aria-busy", "true");
    this.#status.replaceChildren(words, words === "" ? "" : h("button", { class: "plain", type: "button", "data-act": "cancel", click: () => this.#doing?.abort() }, "Cancel"));
  }

  #idle(): void {
    this.#body.inert = false;
    this.#body.removeAttribute("aria-busy");
    this.#status.querySelector("button")?.remove();
    if (this.#place === "out") this.#offerAutofill();
  }

  #say(words: string): void {
    this.#status.replaceChildren(words);
  }

  /** Tells what went wrong; nothing is said of what the person has ended. */
  #fail(error: unknown, doing: Doing): Failure | null {
    const failure = explain(error, doing);
    if (failure === null) return null;
    const view = failureView(failure);
    this.#failure.replaceChildren(h("div", {}, view));
    this.#tell("failed", { ...failure, error });
    return failure;
  }

  #tell<K extends keyof SignInEvents>(name: K, detail: SignInEvents[K]): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  // What is in use.

  async #enter(session: Session, how: How, signIns: SignIns): Promise<void> {
    const sdk = await import("./quorate.js");
    // Other settings, or none, have come meanwhile.
    if ((await this.#opened) !== signIns) return;
    [this.#session, this.#ending] = [session, false];
    this.#spoken.textContent = "";
    this.#offer = methodsOf(session.login).length === 1 && !(await signIns.sessions.hasDeclined(session));
    this.#all = await signIns.sessions.all();
    this.#watch.abort();
    this.#watch = new AbortController();
    const { signal } = this.#watch;
    const beforeMs = Math.min(ENDING_MS, ((this.#settings?.lifeMinutes ?? 60) * 60_000) / 5);
    sdk.onEnding(session, () => {
      if (session.expired) return;
      this.#ending = true;
      this.#draw();
      this.#spoken.textContent = "Your session ends soon.";
    }, { beforeMs, signal });
    sdk.onEnding(session, () => void this.#over(session), { beforeMs: 0, signal });
    this.#say("");
    this.#show("in");
    if (how !== "restored") this.#channel?.postMessage(how);
    this.#tell("signed-in", { session, client: signIns.client, how });
  }

  /** A session is over by itself, or the nodes say so. */
  async #over(session: Session): Promise<void> {
    const signIns = await this.#opened;
    if (signIns !== null) await this.#drop(signIns, session, "ended", null);
    if (this.#failure.childElementCount === 0) this.#say("Your session has ended.");
  }

  async #drop(signIns: SignIns, session: Session, scope: SignOutScope | "ended", result: SignedOut | null): Promise<void> {
    const gone = scope === "everywhere" ? this.#all.filter((one) => sharesMethod(one, session)) : [session];
    for (const one of gone) await signIns.sessions.forget(one);
    this.#channel?.postMessage(scope);
    this.#all = await signIns.sessions.all();
    if (gone.some(({ publicKey }) => publicKey === this.#session?.publicKey)) this.#leave(this.#session, scope, result);
    else this.#draw();
  }

  #leave(session: Session | null, scope: SignOutScope | "ended", result: SignedOut | null): void {
    this.#watch.abort();
    this.#spoken.textContent = "";
    [this.#session, this.#ending, this.#offer] = [null, false, false];
    this.#show("out");
    if (session !== null) this.#tell("signed-out", { session, scope, result });
  }

  // What is shown.

  #show(place: Place): void {
    const moved = this.#place !== place && this.#place !== "wait";
    this.#place = place;
    this.#draw();
    if (moved) this.#title.focus();
    if (place === "out") this.#offerAutofill();
    else void this.#autofill.stop();
  }

  #draw(): void {
    const settings = this.#settings;
    if (settings === null) return;
    const focused = this.#focusKey();
    const { title, body } = this.#view(settings);
    // The title is read out when it changes, and only then.
    if (this.#title.textContent !== title) this.#title.textContent = title;
    this.#body.replaceChildren(...h("div", {}, body).childNodes);
    if (focused !== null) this.#body.querySelector<HTMLElement>(focused)?.focus();
  }

  #view(settings: Settings): View {
    const offers = { settings, place: passkeyPlace(), wallets: this.#wallets };
    switch (this.#place) {
      case "wait": return waitView(settings.application);
      case "confirm": return confirmView(() => void this.#opened?.then(async (signIns) => this.#finish(await signIns.beside())), () => void this.#finish([]));
      case "in":
        return signedInView(offers, { session: this.#current(), all: this.#all, offer: this.#offer, ending: this.#ending }, this.#acts, Date.now());
      case "out": return signInView(offers, this.#ways, Date.now(), this.#session !== null);
    }
  }

  /** Where the focus is, in words that find it again after drawing. */
  #focusKey(): string | null {
    const focused = this.#root.activeElement;
    if (focused === null || !this.#body.contains(focused)) return null;
    for (const name of ["data-key", "data-way", "data-add", "data-act"]) {
      const value = focused.getAttribute(name);
      if (value !== null) return `[${name}=${JSON.stringify(value)}]`;
    }
    return focused.id === "" ? null : `#${focused.id}`;
  }

  /** A passkey that is chosen in the field, as long as nothing else is done. */
  #offerAutofill(): void {
    if (this.#doing !== null || passkeyPlace() !== "yes") return;
    this.#autofill.start(async (signal) => {
      const signIns = await this.#opened;
      if (signIns === null) return;
      const session = await signIns.passkey({ signal, again: () => this.#askAgain(signal) }, "conditional");
      this.#failure.replaceChildren();
      await this.#enter(session, "signed-in", signIns);
    }, (error) => this.#fail(error, "passkey-sign-in"));
  }
}

declare global {
  interface HTMLElementTagNameMap { "quorate-sign-in": QuorateSignIn }
}

if (customElements.get("quorate-sign-in") === undefined) customElements.define("quorate-sign-in", QuorateSignIn);
export type { Failure, Issuer, Settings, SignOutScope, SignedOut };
