/** The page around the element: an action greets whoever has signed in, and signs with a key that is granted to them. */

import type { QuorateSignIn, SignInEvents } from "./element.js";
import { h } from "./dom.js";
import { explain } from "./failures.js";
import type { Client, Execution, Session } from "./quorate.js";
import type { Issuer } from "./settings.js";
import { joined, short } from "./words.js";

/** The action's name and source, which the build puts here. */
declare const GREET: { readonly cid: string; readonly code: string };

/** What the server tells the page: `config.json`. */
interface Config {
  readonly application: string;
  readonly network: string;
  readonly networkId: string;
  readonly issuers: readonly Issuer[];
  /** The key that may be granted to people. */
  readonly key: { readonly public_key: string; readonly address: string };
  /** The folder of the network, for a command that its owner runs. */
  readonly state: string;
}

interface Greeted {
  readonly ids: readonly { readonly id: string; readonly authMethodType: number; readonly userId: string }[];
  readonly signed?: boolean;
  readonly reason?: string;
}

const find = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;
const element = find<QuorateSignIn>("sign-in");
const [section, greeting, form, result, grant] =
  [find("action"), find("greeting"), find<HTMLFormElement>("sign"), find("result"), find("grant")];

let inUse: { readonly session: Session; readonly client: Client } | null = null;
let config: Config;

function on<K extends keyof SignInEvents>(name: K, act: (detail: SignInEvents[K]) => void): void {
  element.addEventListener(name, (event) => act((event as CustomEvent<SignInEvents[K]>).detail));
}

on("signed-in", ({ session, client }) => {
  inUse = { session, client };
  section.hidden = false;
  result.replaceChildren();
  void greet();
});
on("signed-out", () => {
  inUse = null;
  section.hidden = true;
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  void sign();
});

/** Runs the action, again where a node says that the same may succeed later. */
async function run(params: { readonly [name: string]: string }): Promise<{ greeted: Greeted; execution: Execution } | null> {
  if (inUse === null) return null;
  const { session, client } = inUse;
  for (let left = 3; ; left -= 1) {
    try {
      const execution = await client.execute(session, { action: { code: GREET.code }, params });
      // Another session may be in use by now: this answer is not about it.
      if (inUse?.session !== session) return null;
      return { greeted: JSON.parse(execution.response ?? "{}") as Greeted, execution };
    } catch (error) {
      if (left > 0 && (error as { readonly retryable?: unknown }).retryable === true && explain(error, "use")?.code !== "login_keys_unavailable") {
        await new Promise((resolve) => setTimeout(resolve, 500));
        continue;
      }
      // Who has signed out or in meanwhile is not told.
      if (inUse?.session === session) element.report(error);
      return null;
    }
  }
}

async function greet(): Promise<void> {
  greeting.textContent = "Asking the nodes who you are…";
  const ran = await run({});
  if (ran === null) {
    greeting.replaceChildren(h("span", {}, "The action did not run."), h("button", { type: "button", click: () => void greet() }, "Ask again"));
    return;
  }
  const { ids } = ran.greeted;
  const names = ids.map(({ id }) => short(id));
  greeting.replaceChildren(`Hello, ${joined(names)}. So say ${joined(ran.execution.members.map((node) => `node ${node}`))}, each on its own.`);
  greeting.dataset["ids"] = ids.map(({ id }) => id).join(" ");
  form.hidden = false;
  find("key").textContent = short(config.key.address);
  grant.hidden = false;
  const commands = ids.map(({ authMethodType, userId }) =>
    `quorate pkp grant ${config.key.public_key} ${authMethodType === 1 ? `--address ${userId}` : `--auth-method ${authMethodType}:${userId}`} --scope personal-sign --dir ${config.state}`);
  find("command").textContent = commands.join("\n");
}

async function sign(): Promise<void> {
  const button = form.querySelector("button");
  const text = find<HTMLInputElement>("text").value;
  button?.setAttribute("disabled", "");
  result.replaceChildren(h("dt", {}, "Signing…"));
  const begun = performance.now();
  const ran = await run({ publicKey: config.key.public_key, text });
  button?.removeAttribute("disabled");
  if (ran === null) return result.replaceChildren();
  show(ran.greeted, ran.execution, text, performance.now() - begun);
}

function show({ signed, reason }: Greeted, { signatures, members }: Execution, text: string, ms: number): void {
  const pair = (name: string, value: string): Node[] => [h("dt", {}, name), h("dd", {}, value)];
  const signature = signatures["text"];
  result.dataset["signed"] = String(signed === true && signature !== undefined);
  if (signed !== true || signature === undefined) {
    const words = explain({ name: "ProblemError", code: reason ?? "", message: "", retryable: false }, "use");
    result.replaceChildren(h("dt", { class: "bad" }, `Not signed. ${words?.sentence ?? ""}`), h("dd", {}, words?.next ?? ""));
    return;
  }
  result.replaceChildren(...[
    pair("Signed", `“${text}”, in ${Math.round(ms)} ms`), pair("Signature", signature.signature), pair("By the key", signature.public_key),
    pair("Proven by", joined(members.map((node) => `node ${node}`))),
  ].flat());
}

const answer = await fetch("/config.json");
config = await answer.json() as Config;
document.title = `Sign in to ${config.application}`;
element.settings = {
  application: config.application, network: config.network, networkId: config.networkId, issuers: config.issuers,
  capabilities: [`quorate:key/own/action/${GREET.cid}`], actions: { [GREET.cid]: "Greet me" },
};
