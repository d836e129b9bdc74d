// How a post was made: its stream, its commit and the action, each checked in this page and then shown.
import { byId, fill, h, icon, set } from "./dom.js";
import { diagnosed } from "./cbor.js";
import { asFailure } from "./failure.js";
import { listed, scopeWords, shown, sourceWords, writerWords } from "./text.js";
import { nameOf } from "./view-posts.js";

/** @import { About, Child, Post, Program, Proof } from "../types.js" */
/** @import { Store } from "./store.js" */

/** @param {HTMLDialogElement} dialog @param {string} title @param {Child[]} children */
function open(dialog, title, children) {
  const close = h("button", { type: "button", class: "round", "aria-label": "Close", onclick: () => dialog.close() }, icon("cross"));
  fill(dialog, h("div", { class: "sheet-head" }, h("h2", { id: "commit-title", tabindex: -1 }, title), close), h("div", { class: "sheet-body" }, children));
  if (!dialog.open) dialog.showModal();
  byId("commit-title", HTMLHeadingElement).focus();
}

/** Closes where one clicks beside it. */
export function sheets() {
  for (const id of ["commit", "profile"]) {
    const dialog = byId(id, HTMLDialogElement);
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close();
    });
  }
}

/** @param {Store} store @param {Post} post */
export async function showProof(store, post) {
  const dialog = byId("commit", HTMLDialogElement), body = h("div", { "aria-busy": "true" }, h("p", { class: "progress" }, h("span", { class: "spinner" }), "The commit is being read and checked …"));
  const quote = h("blockquote", { class: "quote" }, h("p", { dir: "auto" }, shown(post.text)), h("footer", {}, nameOf(store, post.author)));
  open(dialog, "The commit", [quote, body]);
  try {
    const proof = await store.backend.proof(post.id);
    set(body, "aria-busy", null);
    fill(body, ...proven(store, post, proof));
  } catch (error) {
    set(body, "aria-busy", null);
    const again = h("button", { type: "button", class: "button", onclick: () => void showProof(store, post) }, "Try again");
    fill(body, h("p", { class: "why", role: "alert" }, icon("stop"), h("span", {}, asFailure(error).message)), again);
  }
}

/** An action alone, from the list of those who may write. @param {Store} store @param {Program} program */
export function showAction(store, { name, cid, scopes }) {
  const action = { name: name ?? "Another program", cid };
  const facts = h("dl", { class: "facts" }, fact("Its name: the hash of its source", cid), h("dt", {}, "What the key lets it"), h("dd", {}, scopes ? scopeWords(scopes) : "not known now"));
  open(byId("commit", HTMLDialogElement), action.name, [h("p", { class: "quiet" }, "Every node runs this program for itself, and signs only if it comes to the end of it."), facts, source(store, action, true)]);
}

/** @param {Store} store @param {Post} post @param {Proof} proof @returns {Child[]} */
function proven(store, post, { stream, commit, action, receipt }) {
  const members = receipt ? `${receipt.members.length === 1 ? "Node" : "Nodes"} ${listed(receipt.members)} signed the receipt: each ran ${action.name} and came to these bytes.` : "";
  const checks = [
    check("tick", "The stream’s id follows from author and slot. There can be no second post in its place."),
    check("tick", "The commit’s id is the hash of its bytes, and the bytes are in their one canonical form."),
    check("tick", "The signature (ES256K) is of the key that owns Chirp."),
    receipt ? check("tick", members) : check("wait", "Which nodes signed the receipt only its author’s browser knows: a receipt goes to whoever asked."),
  ];
  const jws = [`protected  ${commit.protected}`, `           ${JSON.stringify(commit.header)}`, `signature  ${commit.signature}`].join("\n");
  return [
    h("h3", {}, "Checked in this page"),
    h("ul", { class: "checks" }, checks),
    h("h3", {}, "Who could have signed it"),
    h("ul", { class: "checks" }, signers(store.about)),
    h("h3", {}, "What was checked"),
    h("dl", { class: "facts" }, fact("Author", `${stream.content["author"]}`), fact("Stream", stream.id), fact("Controller", stream.controller), fact("Commit", commit.cid), fact("Signed block", commit.link), fact("Commit before it", `${commit.payload["prev"]}`), receipt && fact("Request", receipt.request), fact(`Action ${action.name}`, action.cid)),
    folded("Signed block, decoded", h("pre", { tabindex: 0 }, diagnosed(commit.payload)), true),
    folded("Signature", h("pre", { tabindex: 0 }, jws)),
    source(store, action, false),
    trial(store, post),
  ];
}

/** Why nobody but the programs has made a signature of the key: what nodes say alike. @param {About | null} about */
function signers(about) {
  if (!about) return check("wait", "The nodes have not answered yet, so who may use the key is not known now.");
  return [known(writerWords(about)), known(sourceWords(about)), check("tick", `A signature takes ${about.threshold} of ${about.nodes} nodes. Each runs the program for itself, and none has the key.`)];
}

/** @param {{ sign: string, words: string }} what */
export const known = ({ sign, words }) => check(sign, words);

/** @param {string} sign @param {string} sentence */
const check = (sign, sentence) => h("li", { "data-sign": sign }, icon(sign), h("span", {}, sentence));

/** @param {string} name @param {string} value @returns {Child[]} */
export function fact(name, value) {
  const copy = h("button", { type: "button", class: "copy", "aria-label": `Copy: ${name}`, onclick: () => void navigator.clipboard?.writeText(value).then(() => set(copy, "data-done", true), () => undefined) }, icon("copy"), icon("tick"));
  return [h("dt", {}, name), h("dd", {}, h("span", { class: "mono" }, value), copy)];
}

/** @param {string} title @param {Child} content @param {boolean} [isOpen] */
const folded = (title, content, isOpen = false) => h("details", { open: isOpen }, h("summary", {}, title), content);

/** The source of an action, read when somebody looks. @param {Store} store @param {{ name: string, cid: string }} action @param {boolean} isOpen */
function source(store, action, isOpen) {
  const words = h("p", { class: "progress" }, h("span", { class: "spinner" }), "The source is being read …"), content = h("div", {}, words);
  const details = folded(`Source of ${action.name}`, content);
  let read = false;
  details.addEventListener("toggle", async () => {
    if (!details.open || read) return;
    read = true;
    try {
      const text = await store.backend.source(action.cid);
      fill(content, h("p", { class: "checked" }, icon("tick"), "The hash of this text is the action’s name."), h("pre", { class: "source", tabindex: 0 }, text));
    } catch (error) {
      read = false;
      fill(content, h("p", { class: "why", role: "alert" }, icon("stop"), h("span", {}, asFailure(error).message)));
    }
  });
  details.open = isOpen;
  return details;
}

/** Asks for what the rules refuse, so that people see them hold. @param {Store} store @param {Post} post */
function trial(store, post) {
  if (!store.session) return null;
  const words = h("p", { class: "why", role: "status" }), button = h("button", { type: "button", class: "button" }, "Ask for a second like");
  const now = () => store.posts.find(({ id }) => id === post.id)?.liked === true;
  const hint = h("p", { class: "quiet" }, "One like for each person: the action refuses a second one. Like this post, and then ask again.");
  const draw = () => {
    const refusal = store.refusals.get(post.id) ?? "";
    set(button, "aria-disabled", store.likes.has(post.id) || !now());
    if (refusal !== words.textContent) fill(words, refusal && icon("stop"), refusal && h("span", {}, refusal));
  };
  button.addEventListener("click", () => {
    if (now()) store.wish(post.id, true);
  });
  const follow = () => {
    if (button.isConnected) draw();
    else store.removeEventListener("change", follow);
  };
  store.addEventListener("change", follow);
  draw();
  return h("section", { class: "trial" }, h("h3", {}, "Try to break the rule"), hint, button, words);
}
