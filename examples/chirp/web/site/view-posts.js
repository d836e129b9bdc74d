// The timeline: one element for each post, kept as long as the post is there, so that neither focus nor place is lost.
import { avatar, byId, fill, h, icon, set, setText } from "./dom.js";
import { ago, shortened, shown } from "./text.js";

/** @import { Post } from "../types.js" */
/** @import { Outgoing, Store } from "./store.js" */

/** The name of a user, or the short form of the address. @param {Store} store @param {string} user */
export const nameOf = (store, user) => shown(store.names.get(user) ?? "").trim() || shortAddress(user);
/** @param {string} user */
export const shortAddress = (user) => shortened(user.replace(/^wallet:/, ""));

/** @param {Store} store @param {{ prove(post: Post): void, edit(text: string): void }} acts */
export function timeline(store, acts) {
  const list = byId("posts", HTMLOListElement), fresh = byId("fresh", HTMLDivElement), rest = byId("rest", HTMLDivElement);
  /** @type {Map<string, { element: HTMLLIElement, update(item: any): void }>} */
  const items = new Map();
  let restState = "";

  const draw = () => {
    const wanted = [
      ...store.outbox.map((out) => ({ key: `out:${out.ticket}`, item: out, make: () => outgoing(store, acts.edit) })),
      ...store.posts.map((post) => ({ key: post.id, item: post, make: () => posted(store, acts.prove) })),
    ];
    const keys = new Set(wanted.map(({ key }) => key));
    for (const [key, { element }] of items) {
      if (keys.has(key)) continue;
      element.remove();
      items.delete(key);
    }
    let place = list.firstElementChild;
    for (const { key, item, make } of wanted) {
      const made = items.get(key) ?? make();
      items.set(key, made);
      made.update(item);
      if (made.element === place) place = place.nextElementSibling;
      else list.insertBefore(made.element, place);
    }
    drawFresh();
    drawRest();
  };

  let freshCount = 0;
  const drawFresh = () => {
    if (store.fresh.length === freshCount) return;
    freshCount = store.fresh.length;
    const words = freshCount === 1 ? "Show 1 new post" : `Show ${freshCount} new posts`;
    const show = () => {
      store.showFresh();
      byId("timeline", HTMLElement).focus({ preventScroll: true });
    };
    fill(fresh, freshCount > 0 && h("button", { type: "button", class: "pill", onclick: show }, words));
  };

  const drawRest = () => {
    const empty = store.posts.length === 0 && store.outbox.length === 0;
    const state = store.phase === "loading" ? (store.health.ceramic ? "loading" : "silent") : empty ? "empty" : store.older ? `older ${store.busy}` : "end";
    const now = `${state} ${store.ignored} ${store.session !== null}`;
    if (now === restState) return;
    restState = now;
    set(rest, "aria-busy", state === "loading" ? "true" : null);
    fill(rest, ...remainder(store, state));
  };

  store.addEventListener("change", draw);
  // The ages of posts go on while nothing else happens.
  setInterval(draw, 20_000);
  draw();
}

/** What stands below the posts. @param {Store} store @param {string} state */
function remainder(store, state) {
  const left = store.ignored > 0 && h("p", { class: "quiet" }, `${store.ignored === 1 ? "One document was" : `${store.ignored} documents were`} left out, since the bytes do not add up to a signature of the key.`);
  if (state === "loading") return [h("p", { class: "unseen" }, "The posts are being read."), skeleton(), skeleton(), skeleton()];
  if (state === "silent") return [h("div", { class: "empty" }, icon("wait"), h("p", {}, "The posts show up here as soon as the Ceramic node answers."))];
  if (state === "empty") return [h("div", { class: "empty" }, icon("feather"), h("p", {}, h("strong", {}, "Nobody has written anything yet."), h("br"), store.session ? "The first post could be yours." : "Sign in, and the first post could be yours.")), left];
  if (state === "end") return [left, h("p", { class: "quiet end" }, "That is everything.")];
  const busy = state.endsWith("true");
  return [left, h("button", { type: "button", class: "button plain", "aria-disabled": busy, onclick: () => void store.readOlder() }, busy ? "Reading …" : "Show older posts")];
}

const skeleton = () =>
  h("div", { class: "post skeleton", "aria-hidden": "true" }, h("span", { class: "avatar" }), h("div", { class: "post-body" }, h("span", { class: "bar short" }), h("span", { class: "bar" }), h("span", { class: "bar half" })));

/** @param {Store} store @param {(post: Post) => void} prove */
function posted(store, prove) {
  /** @type {Post} */
  let post;
  const name = h("strong", { class: "name" }), address = h("span", { class: "address" }), time = h("time", { class: "time" });
  const text = h("p", { class: "text", dir: "auto" }), count = h("span", { class: "count", "aria-hidden": "true" }), sign = h("span", { class: "sign" });
  const like = h("button", { type: "button", class: "act like", onclick: () => store.toggleLike(post.id) }, icon("heart"), count);
  const seal = h("button", { type: "button", class: "act seal", onclick: () => prove(post) }, icon("seal"), "Show the commit");
  const refusal = h("div", { class: "refusal" });
  const element = h("li", {}, h("article", { class: "post" }, sign, h("div", { class: "post-body" }, h("p", { class: "post-head" }, name, address, time), text, h("p", { class: "post-foot" }, like, seal), refusal)));
  let author = "", why = "";
  return {
    element,
    /** @param {Post} next */
    update(next) {
      post = next;
      const shownName = nameOf(store, post.author);
      if (author !== `${post.author} ${shownName}`) fill(sign, avatar(post.author, shownName));
      author = `${post.author} ${shownName}`;
      setText(name, shownName);
      setText(address, store.names.has(post.author) ? shortAddress(post.author) : "");
      setText(text, shown(post.text));
      setText(time, ago(post.createdAt, store.world.now()));
      set(time, "datetime", new Date(post.createdAt).toISOString());
      setText(count, post.likes > 0 ? `${post.likes}` : "");
      set(like, "aria-pressed", `${post.liked}`);
      set(like, "aria-label", `Like the post of ${shownName}, ${post.likes === 1 ? "1 like" : `${post.likes} likes`}`);
      set(like, "data-sending", store.likes.has(post.id));
      set(seal, "aria-label", `Show the commit of the post of ${shownName}`);
      const now = store.refusals.get(post.id) ?? "";
      if (now !== why) fill(refusal, now && h("p", {}, icon("stop"), h("span", {}, now), h("button", { type: "button", class: "link", onclick: () => store.forgetRefusal(post.id) }, "Close")));
      why = now;
    },
  };
}

/** @param {Store} store @param {(text: string) => void} edit */
function outgoing(store, edit) {
  /** @type {Outgoing} */
  let out;
  const text = h("p", { class: "text", dir: "auto" }), state = h("div", { class: "outgoing" });
  const user = store.session?.user ?? "you", name = store.session ? nameOf(store, user) : "You";
  const element = h("li", {}, h("article", { class: "post", "aria-label": "Your post, on its way" }, avatar(user, name), h("div", { class: "post-body" }, h("p", { class: "post-head" }, h("strong", { class: "name" }, name)), text, state)));
  const back = () => {
    const typed = store.takeBack(out.ticket);
    if (typed !== null) edit(typed);
  };
  let seen = "";
  return {
    element,
    /** @param {Outgoing} next */
    update(next) {
      out = next;
      setText(text, out.text);
      set(element, "data-state", out.state);
      const now = `${out.state} ${out.why}`;
      if (now === seen) return;
      seen = now;
      if (out.state === "sending") return fill(state, h("p", { class: "progress" }, h("span", { class: "spinner" }), "The nodes are signing …"));
      const again = h("button", { type: "button", class: "button small", onclick: () => store.sendAgain(out.ticket) }, "Post again");
      fill(state, h("p", { class: "why" }, icon(out.state === "waiting" ? "wait" : "stop"), h("span", {}, out.why)), h("p", { class: "buttons" }, again, h("button", { type: "button", class: "button plain small", onclick: back }, "Edit")));
    },
  };
}
