/** What people are told of a session: what it may do, who it is, and when it ends. */

import { claimsOf, methodsOf } from "./methods.js";
import type { LoginProof, MethodProof, Session } from "./quorate.js";
import type { Issuer, Settings } from "./settings.js";

const CAPABILITY = /^quorate:key\/([^/]*)\/action\/([^/]*)$/;
const MINUTE_MS = 60_000;

/** One capability as a sentence. */
export function capabilityWords(capability: string, actions: Settings["actions"] = {}): string {
  const [, key = "", action = ""] = CAPABILITY.exec(capability) ?? [];
  if (key === "" || action === "") return `Something that this page does not understand: ${capability}.`;
  if (key === "*" && action === "*") return "Run any action with any key that you may use: everything that you can do here.";
  const run = action === "*" ? "Run any action" : `Run ${Object.hasOwn(actions, action) ? `“${actions[action]}”` : `the action ${short(action)}`}`;
  return `${run}, which may use ${keyWords(key)}.`;
}

function keyWords(key: string): string {
  switch (key) {
    case "*": return "any key that is granted to you or to it";
    case "own": return "any key that is granted to you";
    default: return `the key ${short(key)}`;
  }
}

/** An id that is too long to be read: its begin and its end. */
export const short = (id: string): string => (id.length <= 16 ? id : `${id.slice(0, 8)}…${id.slice(-6)}`);

/** A method, as it stands behind “with”. */
export function methodWords(proof: MethodProof, issuers: readonly Issuer[] = []): string {
  switch (proof.kind) {
    case "passkey": return "a passkey";
    case "wallet": return "a wallet";
    case "oidc": {
      const { iss, aud } = claimsOf(proof.token);
      const [first] = issuers.filter(({ issuer }) => issuer === iss);
      return (issuers.find(({ issuer, clientId }) => issuer === iss && clientId === aud) ?? first)?.name ?? hostOf(iss);
    }
  }
}

const hostOf = (address: string): string => (URL.canParse(address) ? new URL(address).host : "an issuer");

/** All methods of a login, joined. */
export const loginWords = (login: LoginProof, issuers: readonly Issuer[] = []): string =>
  joined(methodsOf(login).map((one) => methodWords(one, issuers)));

export const joined = (words: readonly string[]): string =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1) ?? ""}`;

/** A moment for people: the time, and the day where it is not today's. */
export function moment(ms: number, nowMs: number): string {
  const [at, now] = [new Date(ms), new Date(nowMs)];
  const time = at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  return at.toDateString() === now.toDateString() ? time : `${at.toLocaleDateString("en-GB", { weekday: "long" })}, ${time}`;
}

/** How long until a moment: never more than is left. */
export function left(ms: number): string {
  const minutes = Math.floor(ms / MINUTE_MS);
  if (minutes < 1) return "less than a minute";
  if (minutes < 100) return plural(minutes, "minute");
  return plural(Math.floor(minutes / 60), "hour");
}

export const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? "" : "s"}`;

/** When a session ends. */
export const endWords = ({ expiresMs }: Pick<Session, "expiresMs">, nowMs: number): string =>
  `until ${moment(expiresMs, nowMs)}, for ${left(expiresMs - nowMs)}`;
