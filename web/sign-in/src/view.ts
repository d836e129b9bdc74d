/** What people see of the element, out of what it knows. */

import { type Child, h } from "./dom.js";
import type { Failure } from "./failures.js";
import { methodsOf } from "./methods.js";
import type { Session } from "./quorate.js";
import type { Issuer, Settings } from "./settings.js";
import type { PasskeyPlace, Wallet } from "./ways.js";
import { capabilityWords, endWords, left, loginWords, methodWords, moment, short } from "./words.js";

/** What this browser and this page offer. */
export interface Offers {
  readonly settings: Settings;
  readonly place: PasskeyPlace;
  readonly wallets: readonly Wallet[];
}

export interface WayActs {
  passkey(): void;
  makePasskey(): void;
  issuer(issuer: Issuer): void;
  wallet(wallet: Wallet): void;
}

/** What is shown at a place: its title, and what stands below the messages. */
export interface View {
  readonly title: string;
  readonly body: Child;
}

/** Nobody is signed in, or somebody else is to be. */
export function signInView({ settings, place, wallets }: Offers, acts: WayActs & { back(): void }, nowMs: number, hasSession: boolean): View {
  const { application, capabilities, actions, issuers = [], lifeMinutes = 60 } = settings;
  const endMs = nowMs + lifeMinutes * 60_000;
  const body = [
    h("div", { class: "may" },
      h("p", {}, `Until ${moment(endMs, nowMs)} (${left(endMs - nowMs)}), this browser may do this for you, and nothing else:`),
      h("ul", {}, capabilities.map((one) => h("li", { title: one }, capabilityWords(one, actions)))),
    ),
    place === "yes" ? passkeyWays(acts) : h("p", { class: "notice" }, withoutPasskeys(place, issuers.length + wallets.length > 0)),
    others(issuers, wallets, acts, place === "yes" && "or"),
    hasSession && h("button", { class: "plain", type: "button", "data-act": "back", click: acts.back }, "Back"),
  ];
  return { title: `Sign in to ${application}`, body };
}

/** The field is the page's own and only shown here, so that no form of ours can hold it. */
const passkeyWays = (acts: WayActs): Child => h("div", { class: "passkey" },
  h("button", { class: "primary", type: "button", "data-way": "passkey", click: acts.passkey }, "Sign in with a passkey"),
  h("label", { class: "field" }, h("span", {}, "No passkey yet? Choose a name for one"), h("slot", { name: "passkey" })),
  h("button", { type: "button", "data-way": "make", click: acts.makePasskey }, "Make a passkey"),
  h("p", { class: "hint" }, "The device asks twice: the passkey is made, and then it signs you in. There is no password."));

/** What is said where passkeys do not work. */
export function withoutPasskeys(place: Exclude<PasskeyPlace, "yes">, others: boolean): string {
  const why = place === "embedded"
    ? "This page is open inside another application, which has no passkeys."
    : "This browser has no passkeys, or the page is not open by https.";
  const open = place === "embedded" ? "open the page in your browser" : "use another browser";
  return `${why} ${others ? `Choose one of these ways, or ${open}.` : `To sign in, ${open}.`}`;
}

function others(issuers: readonly Issuer[], wallets: readonly Wallet[], acts: Pick<WayActs, "issuer" | "wallet">, before: string | false): Child {
  if (issuers.length + wallets.length === 0) return null;
  return [
    before !== false && h("p", { class: "or", "aria-hidden": "true" }, before),
    h("div", { class: "others" },
      issuers.map((one) => h("button", { type: "button", "data-way": `issuer:${one.name}`, click: () => acts.issuer(one) }, `Continue with ${one.name}`)),
      wallets.map((one) => h("button", { type: "button", "data-way": `wallet:${one.id}`, click: () => acts.wallet(one) },
        one.icon !== null && h("img", { src: one.icon, alt: "", width: "20", height: "20" }), `Continue with ${one.name}`)),
    ),
  ];
}

export interface InActs {
  readonly add: WayActs;
  notNow(): void;
  again(): void;
  another(): void;
  use(session: Session): void;
  signOut(session: Session, scope: "session" | "everywhere"): void;
}

export interface SignedIn {
  readonly session: Session;
  readonly all: readonly Session[];
  /** Whether a second method is offered. */
  readonly offer: boolean;
  readonly ending: boolean;
}

/** Somebody is signed in. */
export function signedInView(offers: Offers, { session, all, offer, ending }: SignedIn, acts: InActs, nowMs: number): View {
  const { issuers } = offers.settings;
  const body = [
    ending && h("div", { class: "notice ending" },
      h("p", {}, `This session ends ${moment(session.expiresMs, nowMs)}. To go on after that, sign in again.`),
      h("button", { type: "button", "data-act": "again", click: acts.again }, "Sign in again")),
    h("p", { class: "who" }, `With ${loginWords(session.login, issuers)}, ${endWords(session, nowMs)}.`),
    h("p", { class: "id" }, "Your id ", h("code", { title: session.id }, short(session.id))),
    session.kept === "memory" && h("p", { class: "notice" }, "This browser keeps nothing for the page: the session ends when you close or reload it."),
    offer && secondMethod(offers, session, acts),
    h("h3", {}, "Where you are signed in"),
    h("ul", { class: "sessions" }, all.map((one) => row(offers, one, one.publicKey === session.publicKey, acts, nowMs))),
    h("p", { class: "hint" }, "The list has this browser’s sessions: no node keeps one for you. “Everywhere” ends those of other browsers as well."),
    h("button", { class: "plain", type: "button", "data-act": "another", click: acts.another }, "Sign in as somebody else"),
  ];
  return { title: "You are signed in", body };
}

/** The offer of a second method, with the reason. */
function secondMethod({ settings, place, wallets }: Offers, session: Session, { add, notNow }: InActs): Child {
  const [only] = methodsOf(session.login);
  const { issuers = [] } = settings;
  if (only === undefined) return null;
  // An issuer's login leaves the page, and two of them cannot stand in one session.
  const open = only.kind === "oidc" ? [] : issuers;
  const passkey = place === "yes";
  if (!passkey && open.length + wallets.length === 0) return null;
  return h("section", { class: "offer", "aria-labelledby": "offer" },
    h("h3", { id: "offer" }, "Add a second way to sign in"),
    h("p", {}, reason(only.kind, methodWords(only, issuers))),
    h("div", { class: "others" },
      passkey && h("button", { class: "primary", type: "button", "data-add": "passkey", click: add.makePasskey },
        only.kind === "passkey" ? "Add another passkey" : "Add a passkey"),
      open.map((one) => h("button", { type: "button", "data-add": `issuer:${one.name}`, click: () => add.issuer(one) }, `Add ${one.name}`)),
      only.kind !== "wallet" && wallets.map((one) => h("button", { type: "button", "data-add": `wallet:${one.id}`, click: () => add.wallet(one) }, `Add ${one.name}`)),
      h("button", { class: "plain", type: "button", "data-act": "not-now", click: notNow }, "Not now"),
    ));
}

function reason(kind: "passkey" | "wallet" | "oidc", name: string): string {
  switch (kind) {
    case "passkey": return "If you lose the device with your passkey, the second way still lets you in. With one way alone, nobody can let you in again.";
    case "wallet": return "If you lose your wallet, the second way still lets you in. With one way alone, nobody can let you in again.";
    case "oidc": return `If ${name} is down or closes your account, the second way still lets you in. A passkey also spares you the way to ${name}.`;
  }
}

function row({ settings }: Offers, session: Session, isCurrent: boolean, acts: InActs, nowMs: number): HTMLElement {
  const words = loginWords(session.login, settings.issuers);
  const button = (act: string, text: string, click: () => void, kind?: string): HTMLElement =>
    h("button", { type: "button", class: kind, "data-act": act, "data-key": `${act} ${session.publicKey}`, click }, text);
  return h("li", { "aria-current": isCurrent && "true" },
    h("div", { class: "session" },
      h("p", {}, h("strong", {}, words.charAt(0).toUpperCase() + words.slice(1)), isCurrent && " · in use", h("br"),
        h("span", { class: "hint" }, h("code", { title: session.id }, short(session.id)), h("br"), endWords(session, nowMs))),
      !isCurrent && button("use", "Use", () => acts.use(session))),
    h("div", { class: "acts" },
      button("session", "Sign out here", () => acts.signOut(session, "session")),
      button("everywhere", "Sign out everywhere", () => acts.signOut(session, "everywhere"), "danger"),
    ));
}

/** Back from an issuer, with a passkey that is to stand beside it. */
export const confirmView = (confirm: () => void, leave: () => void): View => ({
  title: "One more step",
  body: [
    h("p", {}, "The other site knows you. Now confirm with your passkey, so that both stand in one session."),
    h("div", { class: "others" },
      h("button", { class: "primary", type: "button", "data-act": "confirm", click: confirm }, "Confirm with the passkey"),
      h("button", { class: "plain", type: "button", "data-act": "leave", click: leave }, "Go on without it")),
  ],
});

export const waitView = (application: string): View => ({ title: `Sign in to ${application}`, body: h("p", { class: "hint" }, "One moment…") });

/** What is wrong, and what to do. */
export const failureView = ({ code, sentence, next }: Failure): Child => [h("p", {}, sentence), h("p", { class: "next", "data-code": code }, next)];

/** What came of signing out. */
export function signedOutWords(result: { readonly nodes: number; readonly of: number; readonly done: boolean }, everywhere: boolean): string {
  const what = everywhere ? "You are signed out everywhere" : "You are signed out here";
  const rest = result.nodes < result.of ? ", and the others can do nothing alone" : "";
  if (result.done) return `${what}: ${result.nodes} of ${result.of} nodes know it${rest}.`;
  return `Only ${result.nodes} of ${result.of} nodes know it yet. Try again: until then the session can still be used.`;
}
