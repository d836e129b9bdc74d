// The page begins here.
import { open } from "./backend.js";
import { byId, fill, h, icon, setText } from "./dom.js";
import { AGAIN, Store } from "./store.js";
import { isFrozen, shortened, sourceWords, tokenWords, writerWords } from "./text.js";
import { composer } from "./view-compose.js";
import { people } from "./view-people.js";
import { timeline } from "./view-posts.js";
import { fact, known, sheets, showAction, showProof } from "./view-proof.js";

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
    const frozen = isFrozen(about);
    byId("frozen", HTMLLIElement).hidden = !frozen;
    if (frozen) setText(byId("welcome-title", HTMLHeadingElement), "Short posts, by rules that nobody can change. Not even us.");
    const programs = about.programs.map((program) => h("li", {}, h("button", { type: "button", class: "link", "aria-haspopup": "dialog", onclick: () => showAction(store, program) }, program.name ?? "another program"), h("span", { class: "mono" }, shortened(program.cid))));
    const title = about.grantsBy > 0 ? "Programs that may use the key" : "Programs that this page uses";
    fill(
      place,
      fact("The key", about.did), h("dt", {}, "Its token"), h("dd", {}, tokenWords(about)), h("dt", {}, "Who signs"), h("dd", {}, `${about.threshold} of ${about.nodes} nodes, together`),
      h("dt", {}, title), h("dd", {}, h("ul", { class: "actions" }, programs)), h("dt", { class: "unseen" }, "Who else"),
      h("dd", {}, h("ul", { class: "checks" }, known(writerWords(about)), known(sourceWords(about)))),
    );
  });
}

function toasts() {
  const toast = byId("toast", HTMLDivElement), alarm = byId("alarm", HTMLDivElement);
  let timer = 0;
  // What is no longer true is not left standing beside the trouble.
  store.addEventListener("change", () => store.trouble() && toast.textContent === AGAIN && fill(toast));
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
