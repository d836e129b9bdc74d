// Where a post is typed. What was typed is kept until it is out, also over a reload.
import { avatar, byId, fill, h, set, setText } from "./dom.js";
import { POST_MAX, countPoints, tidyPost } from "./text.js";
import { nameOf } from "./view-posts.js";

/** @import { Store } from "./store.js" */

/** @param {Store} store */
export function composer(store) {
  const form = byId("composer", HTMLFormElement), text = byId("text", HTMLTextAreaElement), fault = byId("composer-fault", HTMLParagraphElement);
  const counter = byId("counter", HTMLSpanElement), words = byId("counter-words", HTMLSpanElement), sign = byId("composer-avatar", HTMLSpanElement);
  const guest = byId("guest", HTMLParagraphElement);

  const measure = () => {
    const points = countPoints(tidyPost(text.value)), left = POST_MAX - points;
    set(counter, "data-level", left < 0 ? "over" : left <= 20 ? "near" : points > 0 ? "some" : "none");
    counter.style.setProperty("--part", `${Math.min(1, points / POST_MAX)}`);
    setText(counter, left <= 20 ? `${left}` : "");
    setText(words, left < 0 ? `${-left} characters too many` : left <= 20 ? `${left} characters left` : "");
    text.style.setProperty("height", "auto");
    text.style.setProperty("height", `${Math.min(text.scrollHeight, 320)}px`);
  };
  /** @param {string} sentence */
  const complain = (sentence) => {
    setText(fault, sentence);
    set(text, "aria-invalid", sentence ? "true" : null);
  };
  /** @param {string} value */
  const write = (value) => {
    text.value = value;
    store.keepDraft(value);
    measure();
  };

  text.addEventListener("input", () => {
    store.keepDraft(text.value);
    complain("");
    measure();
  });
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const wrong = store.post(text.value);
    complain(wrong ?? "");
    if (!wrong) write("");
    text.focus();
  });

  let user = "";
  const draw = () => {
    const { session } = store, name = session ? nameOf(store, session.user) : "";
    form.hidden = !session;
    guest.hidden = !session?.guest;
    if (session && user !== `${session.user} ${name}`) {
      user = `${session.user} ${name}`;
      fill(sign, avatar(session.user, name));
      if (session.guest) fill(guest, h("strong", {}, "You are a guest. "), "This browser made your key and keeps it: clear the browser, and the guest is gone.");
      measure();
    }
  };
  store.addEventListener("change", draw);
  write(store.draft());
  draw();
  return {
    /** Puts a text back into the box, above what is there. @param {string} back */
    edit(back) {
      write(text.value.trim() ? `${back}\n${text.value}` : back);
      text.focus();
    },
  };
}
