// Who is here: the ways to sign in, the account in the head of the page, and its profile.
import { avatar, byId, fill, h, icon, setText } from "./dom.js";
import { asFailure } from "./failure.js";
import { NAME_MAX, countPoints, shown } from "./text.js";
import { nameOf, shortAddress } from "./view-posts.js";

/** @import { Store } from "./store.js" */

/** @param {Store} store */
export function people(store) {
  const welcome = byId("welcome", HTMLElement), ways = byId("ways", HTMLDivElement), fault = byId("signin-fault", HTMLParagraphElement);
  const account = byId("account", HTMLDivElement);
  let signing = "";

  /** @param {string} wallet */
  const signIn = async (wallet) => {
    if (signing === wallet) return;
    signing = wallet;
    setText(fault, "");
    draw();
    try {
      await store.signIn(wallet);
      byId("text", HTMLTextAreaElement).focus();
    } catch (error) {
      // A wallet that was left for another way says nothing any more.
      if (signing === wallet) setText(fault, asFailure(error).message);
    } finally {
      if (signing === wallet) signing = "";
      draw();
    }
  };

  let waysState = "", accountState = "";
  const draw = () => {
    welcome.hidden = store.session !== null || !store.met;
    const state = JSON.stringify([store.wallets, signing]);
    if (state !== waysState) {
      waysState = state;
      drawWays(ways, store, signing, (wallet) => void signIn(wallet));
    }
    const { session } = store, name = session ? nameOf(store, session.user) : "", now = `${session?.user} ${name}`;
    if (now === accountState) return;
    accountState = now;
    fill(account, session && h("button", { type: "button", class: "me", "aria-haspopup": "dialog", "aria-label": `Your profile, ${name}`, onclick: () => profile(store) }, avatar(session.user, name, "small"), h("span", {}, name)));
  };
  store.addEventListener("change", draw);
  draw();
}

/** @param {HTMLElement} ways @param {Store} store @param {string} signing @param {(wallet: string) => void} signIn */
function drawWays(ways, store, signing, signIn) {
  const focused = ways.contains(document.activeElement) ? document.activeElement?.getAttribute("data-way") : null;
  const button = (/** @type {string} */ id, /** @type {string} */ words, /** @type {string} */ kind, /** @type {string | null} */ picture = null) =>
    h("button", { type: "button", class: `button ${kind}`, "data-way": id, "aria-disabled": signing === id, onclick: () => signIn(id) }, picture && h("img", { src: picture, alt: "", width: 20, height: 20 }), signing === id && h("span", { class: "spinner" }), signing === id && id !== "guest" ? "Look at your wallet …" : words);
  const wallets = store.wallets.map(({ id, name, icon: picture }) => button(id, store.wallets.length === 1 ? "Sign in with your wallet" : `Sign in with ${shown(name)}`, "primary", picture));
  const guest = button("guest", "Continue as a guest", wallets.length > 0 ? "plain" : "primary");
  const words = wallets.length > 0 ? "A wallet proves that it is you, and pays nothing. " : "No wallet shows itself in this browser. With one, you could sign in anywhere. ";
  fill(ways, h("div", { class: "buttons" }, wallets, guest), h("p", { class: "quiet" }, words, "A guest’s key is made and kept by this browser: clear the browser, and the guest is gone."));
  const again = focused ? [...ways.querySelectorAll("button")].find((item) => item.getAttribute("data-way") === focused) : null;
  again?.focus();
}

/** One's own profile, in a dialog. @param {Store} store */
function profile(store) {
  const { session } = store, dialog = byId("profile", HTMLDialogElement);
  if (!session) return;
  const name = store.names.get(session.user) ?? "";
  const field = h("input", { id: "name", type: "text", value: name, autocomplete: "nickname", "aria-describedby": "name-hint name-fault", placeholder: "How others see you" });
  const fault = h("p", { id: "name-fault", class: "fault", role: "alert" }), hint = h("span", { id: "name-hint", class: "quiet" });
  const save = h("button", { type: "submit", class: "button primary" }, "Save");
  const count = () => setText(hint, `${countPoints(field.value.trim())} of ${NAME_MAX} characters`);
  field.addEventListener("input", () => {
    setText(fault, "");
    count();
  });
  count();
  /** @param {SubmitEvent} event */
  const submit = async (event) => {
    event.preventDefault();
    if (save.getAttribute("aria-disabled")) return;
    save.setAttribute("aria-disabled", "true");
    fill(save, h("span", { class: "spinner" }), "The nodes are signing …");
    try {
      await store.saveName(field.value);
      dialog.close();
    } catch (error) {
      setText(fault, asFailure(error).message);
    } finally {
      save.removeAttribute("aria-disabled");
      fill(save, "Save");
    }
  };
  const leave = () => {
    dialog.close();
    void store.signOut();
  };
  const kept = session.guest ? "You are a guest: this browser made your key and keeps it. Clear the browser, and the guest is gone." : "You have signed in with your wallet. It keeps your key.";
  fill(
    dialog,
    h("div", { class: "card-head" }, h("h2", { id: "profile-title" }, "Your profile"), h("button", { type: "button", class: "round", "aria-label": "Close", onclick: () => dialog.close() }, icon("cross"))),
    h("form", { onsubmit: submit, novalidate: true }, h("div", { class: "field" }, h("div", { class: "field-head" }, h("label", { for: "name" }, "Name"), hint), field, fault), save),
    h("dl", { class: "facts" }, h("dt", {}, "Your address"), h("dd", { class: "mono", title: session.address }, shortAddress(session.user))),
    h("p", { class: "quiet" }, kept),
    h("button", { type: "button", class: "button plain wide", onclick: leave }, session.guest ? "Leave the page as a guest" : "Sign out"),
  );
  dialog.showModal();
  field.select();
}
