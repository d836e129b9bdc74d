// The page begins here.
import { open } from "./backend.js";
import { byId, fill, h, icon, setText } from "./dom.js";
import { Store } from "./store.js";
import { shortened, tokenWords } from "./text.js";
import { composer } from "./view-compose.js";
import { people } from "./view-people.js";
import { timeline } from "./view-posts.js";
import { fact, sheets, showAction, showProof } from "./view-proof.js";

const POLL_MS = 4_000, TOAST_MS = 5_000;

const world = { now: () => Date.now(), after: (/** @type {number} */ ms, /** @type {() => void} */ act) => void setTimeout(act, ms), random: () => crypto.randomUUID() };
const store = new Store(open(), shelf(), world);

/** Where text is kept: the browser's storage, or this page's memory where there is none. */
function shelf() {
  const kept = new Map();
  const attempt = (/** @type {() => any} */ act, /** @type {any} */ otherwise) => {
    try {
      return act();
    } catch {
      return otherwise;
    }
  };
  return {
    getItem: (/** @type {string} */ key) => attempt(() => localStorage.getItem(key), null) ?? kept.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ value) => {
      kept.set(key, value);
      attempt(() => localStorage.setItem(key, value), undefined);
    },
    removeItem: (/** @type {string} */ key) => {
      kept.delete(key);
      attempt(() => localStorage.removeItem(key), undefined);
    },
  };
}

function trouble() {
  const place = byId("trouble", HTMLDivElement);
  let seen = "";
  store.addEventListener("change", () => {
    const sentence = store.trouble() ?? "";
    if (sentence === seen) return;
    seen = sentence;
    fill(place, sentence && h("p", {}, icon("wait"), h("span", {}, sentence)));
  });
}

function facts() {
  const place = byId("facts", HTMLDListElement);
  let seen = "";
  store.addEventListener("change", () => {
    const { about } = store, state = JSON.stringify(about);
    if (!about || state === seen) return;
    seen = state;
    byId("frozen", HTMLLIElement).hidden = about.burnt !== true;
    if (about.burnt === true) setText(byId("welcome-title", HTMLHeadingElement), "Short posts, by rules that nobody can change. Not even us.");
    const actions = about.actions.map((action) => h("li", {}, h("button", { type: "button", class: "link", "aria-haspopup": "dialog", onclick: () => showAction(store, action) }, action.name), h("span", { class: "mono" }, shortened(action.cid))));
    fill(place, fact("The key", about.did), h("dt", {}, "Its token"), h("dd", {}, tokenWords(about)), h("dt", {}, "Who signs"), h("dd", {}, `${about.threshold} of ${about.nodes} nodes, together`), h("dt", {}, "Programs that this page uses"), h("dd", {}, h("ul", { class: "actions" }, actions)));
  });
}

function toasts() {
  const toast = byId("toast", HTMLDivElement), alarm = byId("alarm", HTMLDivElement);
  let timer = 0;
  store.addEventListener("tell", (event) => {
    const { sentence, tone } = /** @type {CustomEvent} */ (event).detail;
    clearTimeout(timer);
    setText(alarm, "");
    fill(toast);
    if (tone === "bad") setText(alarm, sentence);
    else fill(toast, h("p", {}, icon("tick"), sentence));
    timer = setTimeout(() => fill(toast), TOAST_MS);
  });
}

/** Reads on while somebody looks. */
function poll() {
  const look = () => void (document.visibilityState === "visible" && store.refresh());
  setInterval(look, POLL_MS);
  document.addEventListener("visibilitychange", look);
  window.addEventListener("online", look);
}

const { edit } = composer(store);
timeline(store, { prove: (post) => void showProof(store, post), edit });
people(store);
trouble();
facts();
toasts();
sheets();
poll();
void store.start();
