// What may be typed: the rules of the actions, told before anything is asked. The actions decide; the page only says it sooner.
// And words for what is known.

/** @import { About } from "../types.js" */

/** Code points of a post at most. */
export const POST_MAX = 280;
/** Code points of a name at most. */
export const NAME_MAX = 40;

/** How many Unicode code points a text has. A lone surrogate counts as one. @param {string} text */
export function countPoints(text) {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** Whether half of a surrogate pair stands alone. @param {string} text */
export const hasLoneSurrogate = (text) => /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text);

/** Whether a control character is in it. A line feed is one. @param {string} text */
export const hasControl = (text) => /[\u0000-\u001f\u007f-\u009f]/.test(text);

/** A typed post as it is sent: lines become one line, as a post has no line feed. @param {string} typed */
export const tidyPost = (typed) => typed.replace(/\s*[\r\n\u2028\u2029]+\s*/g, " ").trim();

/**
 * What is wrong with a post, as a sentence; nothing if it may be sent.
 * @param {string} text
 * @returns {string | null}
 */
export function postFault(text) {
  const points = countPoints(text);
  if (points === 0) return "A post needs at least one character. Write something first.";
  if (points > POST_MAX) return `This is ${points - POST_MAX} too long: a post has ${POST_MAX} characters at most. Shorten it and post again.`;
  return unprintable(text, "post");
}

/**
 * What is wrong with a name, as a sentence; nothing if it may be kept.
 * @param {string} text
 * @returns {string | null}
 */
export function nameFault(text) {
  const points = countPoints(text);
  if (points === 0) return "A name needs at least one character. Type one first.";
  if (points > NAME_MAX) return `This is ${points - NAME_MAX} too long: a name has ${NAME_MAX} characters at most. Shorten it and save again.`;
  return unprintable(text, "name");
}

/** @param {string} text @param {string} what */
function unprintable(text, what) {
  if (hasLoneSurrogate(text)) return `This ${what} has half a character in it, which cannot be stored. Delete it and type it again.`;
  if (hasControl(text)) return `This ${what} has a character that cannot be seen, which is not allowed. Delete it and try again.`;
  return null;
}

/** Scripts whose letters join or part by characters that cannot be seen. */
const JOINING = ["Arabic", "Devanagari", "Bengali", "Tamil", "Telugu", "Kannada", "Malayalam", "Sinhala"].map((name) => `\\p{Script=${name}}`).join("");
/** What cannot be seen and belongs to what stands around it: parts of emoji, and joiners of those scripts. */
const BELONGS = [
  "(?<=\\p{Emoji})[\\ufe0e\\ufe0f]",
  "(?<=[\\p{Extended_Pictographic}\\p{Emoji_Modifier}\\ufe0f])\\u200d(?=\\p{Extended_Pictographic})",
  "(?<=\\u{1f3f4}[\\u{e0020}-\\u{e007e}]{0,8})[\\u{e0020}-\\u{e007f}]",
  `(?<=[${JOINING}])[\\u200c\\u200d](?=[${JOINING}])`,
].join("|");
const UNSEEN = new RegExp(`(?!${BELONGS})\\p{Default_Ignorable_Code_Point}`, "gu");

/** A stranger's text as it is shown: nothing in it turns the letters around it, or makes a name that looks like another one. @param {string} text */
export const shown = (text) => text.replace(UNSEEN, "");

/** The short form of an id: its ends. @param {string} id */
export const shortened = (id) => (id.length > 12 ? `${id.slice(0, 6)}…${id.slice(-4)}` : id);

/**
 * How long ago, in few letters.
 * @param {number} then @param {number} now
 */
export function ago(then, now) {
  const seconds = Math.max(0, Math.round((now - then) / 1000));
  if (seconds < 45) return "now";
  if (seconds < 3600) return `${Math.max(1, Math.round(seconds / 60))} min`;
  if (seconds < 86_400) return `${Math.round(seconds / 3600)} h`;
  return new Date(then).toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" });
}

/** A list as people write it: "1, 2 and 3". @param {(string | number)[]} items */
export const listed = (items) => (items.length < 2 ? `${items[0] ?? "none"}` : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`);

/** Whose word it is. @param {number} count @param {number} nodes */
const saidBy = (count, nodes) => `${count} of ${nodes} nodes ${count === 1 ? "says" : "say"} so`;

/** What is known of the key's token, and whose word it is. @param {Pick<About, "burnt" | "burntBy" | "unburntBy" | "nodes" | "threshold">} about */
export function tokenWords({ burnt, burntBy, unburntBy, nodes, threshold }) {
  const by = (/** @type {number} */ count) => saidBy(count, nodes);
  if (burnt === true) return `burnt, ${by(burntBy)}: frozen for ever`;
  if (burnt === false) return `not burnt, ${by(unburntBy)}: its owner can still change who may write`;
  const words = [burntBy > 0 && `burnt, ${by(burntBy)}`, unburntBy > 0 && `not burnt, ${by(unburntBy)}`].filter(Boolean);
  return `not known now: ${[...words, `it takes ${threshold} that agree`].join("; ")}`;
}

const SCOPES = ["", "sign anything", "sign texts", "sign nothing after a value of one node", "sign logins", "open what is encrypted to it"];

/** What a grant allows. @param {readonly number[]} scopes */
export const scopeWords = (scopes) => listed(scopes.length > 0 ? scopes.map((scope) => SCOPES[scope] ?? `scope ${scope}`) : ["nothing"]);

/** Whether only the programs of this page may use the key, and nobody can change that: so many nodes say so that one is honest. @param {About} about */
export const isFrozen = ({ burnt, grantsBy, programs, others }) =>
  burnt === true && grantsBy > 0 && others.length === 0 && programs.every(({ name, scopes }) => name !== null && scopes !== null);

/**
 * Who may use the key, in a sentence with a sign: `tick` where it is only this page's programs and stays so.
 * @param {About} about
 */
export function writerWords(about) {
  const { burnt, grantsBy, programs, others, nodes, threshold } = about, by = saidBy(grantsBy, nodes);
  if (grantsBy === 0) return { sign: "wait", words: `Who may use the key is not known now: it takes ${threshold} nodes that agree.` };
  const foreign = programs.filter(({ name }) => name === null).map(({ cid }) => `program ${shortened(cid)}`);
  if (foreign.length + others.length > 0) return { sign: "stop", words: `Somebody else may use the key as well, ${by}: ${listed([...foreign, ...others.map(shortenedWords)])}.` };
  const missing = programs.filter(({ scopes }) => scopes === null).map(({ name }) => `${name}`);
  if (missing.length > 0) return { sign: "stop", words: `This page asks for what the key does not permit, ${by}: ${listed(missing)}.` };
  const only = `Only the ${programs.length} programs of this page may use the key, ${by}`;
  if (burnt === true) return { sign: "tick", words: `${only}; nobody can change that any more.` };
  return { sign: "wait", words: burnt === false ? `${only}; but the key’s owner may as well, and can change it.` : `${only}; whether that can change is not known now.` };
}

/** Whether every source could be read, in a sentence with a sign. @param {About} about */
export function sourceWords({ programs, grantsBy }) {
  if (!programs.every(({ published }) => published)) return { sign: "wait", words: "Not every source could be read now." };
  return { sign: "tick", words: `Their sources are published: each was read in this page, and has the hash that ${grantsBy > 0 ? "its grant" : "this page"} names.` };
}

/** @param {string} words a kind and an id */
const shortenedWords = (words) => words.split(" ").map((word, at) => (at === 0 ? word : shortened(word))).join(" ");
