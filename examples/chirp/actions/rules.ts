// What the four actions of Chirp have in common: where the data is, whose it is, and what may be written.
import { documentOf, fromBase64, fromBase36, isCommitCid, isCommitOf, isEnvelopeCid, signCommit, utf8 } from './ceramic.ts';
declare const Lit: any;

/** Part of the actions, never a parameter: who could choose the server could choose its answers. */
const CERAMIC = 'http://127.0.0.1:7707/api/v0';
/** The ids of ../ceramic/models/models.json. */
export const PROFILE = 'kjzl6hvfrbw6c7smgid133e3czlus7c0tk8qu07jljb4ftgpghlcbtpowswea50';
export const POST = 'kjzl6hvfrbw6c6q0v5toauqfhz9feo16hhqk7bh0aczd3fij0693exmpdyfd1f1';
export const LIKE = 'kjzl6hvfrbw6caqxvqhdnsqy6w3ug6m8h1uuy3d5093azgzxt7ym5on6m7ezuun';

/** A "no" of the rules, with a code for programs and a sentence for people. */
export class Refusal extends Error {
  constructor(readonly code: string, reason: string) { super(reason); }
}

/** Runs the rules of an action; what comes of it is the response. Anything but a refusal is a fault, and ends the run. */
export async function answer(rules: (user: string) => Promise<object>): Promise<object> {
  try {
    const address = Lit.Auth.authSigAddress;
    if (typeof address !== 'string') throw new Refusal('login_missing', 'Sign in first.');
    return { ok: true, ...await rules(`wallet:${address.toLowerCase()}`) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { ok: false, code: error.code, reason: error.message };
  }
}

/** A text of 1 to `most` code points without control characters and lone surrogates. */
export function plainText(text: unknown, what: string, most: number): string {
  if (typeof text !== 'string' || text === '') throw new Refusal('text_empty', `A ${what} has at least one character.`);
  if (text.length > 2 * most || [...text].length > most) throw new Refusal('text_too_long', `A ${what} has at most ${most} characters.`);
  if (/[\u0000-\u001f\u007f-\u009f\ud800-\udfff]/u.test(text)) {
    throw new Refusal('text_not_plain', `A ${what} has no control characters and no halves of characters.`);
  }
  return text;
}

const unavailable = () => new Refusal('store_unavailable', 'The data store does not answer as it should. Try again later.');

/** An answer of the Ceramic node, which may be anything; `null` where it says that it finds no such stream. */
async function ask(path: string, body?: object): Promise<any> {
  const options = body && { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
  let response, answer;
  try {
    response = await fetch(CERAMIC + path, { redirect: 'error', ...options });
    answer = JSON.parse(await response.text());
  } catch { throw unavailable(); }
  if (response.ok && typeof answer === 'object' && answer !== null) return answer;
  if (!body && response.status === 500 && /^Timeout error while loading CID /.test(answer?.error)) return null;
  throw unavailable();
}

/**
 * A document as the Ceramic node shows it: what it holds, and the commit that the next one follows. Refuses if the caller has
 * seen another one last. The index knows documents with content only; who has seen a commit knows that the stream is there.
 */
export async function current(publicKey: string, model: string, fields: Record<string, string>, seen: unknown) {
  const { stream, link, genesis } = documentOf(publicKey, model, utf8(Object.values(fields).join('|')));
  const empty = { stream, genesis, link, content: null, tip: link };
  const state = seen === undefined || seen === link ? await indexed(genesis.header.controllers[0], model, fields) : await shown(stream);
  const document = state === null ? empty : { ...empty, ...latest(state, link) };
  if (seen !== undefined && seen !== document.tip) throw new Refusal('stale_tip', 'Somebody was faster. Look at it again.');
  return document;
}

async function indexed(account: string, model: string, fields: Record<string, string>): Promise<any> {
  const where = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, { equalTo: value }]));
  const { edges } = await ask('/collection', { model, account, last: 1, queryFilters: { where } });
  if (!Array.isArray(edges)) throw unavailable();
  return edges.length === 0 ? null : edges[0]?.node ?? {};
}

const shown = async (stream: string): Promise<any> => {
  const answer = await ask(`/streams/${stream}`);
  return answer === null ? null : answer.state ?? {};
};

/**
 * Content and tip of a state. A wrong tip does no harm: nobody takes a commit that follows another document's. What a key has
 * signed has content: a state that has none behind such a tip would get a first commit signed where there is one.
 */
function latest(state: any, link: string) {
  const log = state.log, tip = Array.isArray(log) ? log[log.length - 1]?.cid : null;
  const content = state.next?.content ?? state.content ?? null;
  if (log?.[0]?.cid !== link || !isCommitCid(tip) || typeof content !== 'object') throw unavailable();
  if (content === null && isEnvelopeCid(tip)) throw unavailable();
  return { content, tip };
}

/**
 * Refuses an id that is no post of this key: model and controller follow from the id, the post from the key's signature, since of
 * this model `createPost` alone signs anything. Anchors, which anybody may ask for, can stand before the commit.
 */
export async function mustExist(publicKey: string, post: string): Promise<void> {
  const answer = await ask(`/commits/${post}`), commits: any[] = Array.isArray(answer?.commits) ? answer.commits : [];
  const unique = fromBase64(commits[0]?.value?.header?.unique), signed = commits.find((one) => one?.value?.jws);
  if (unique && unique.length <= 128) {
    const { stream, link } = documentOf(publicKey, POST, unique);
    if (stream === post && isCommitOf(publicKey, link, signed?.value)) return;
  }
  throw new Refusal('post_missing', 'There is no such post.');
}

type Current = Awaited<ReturnType<typeof current>>;

/** Signs the document's next commit: all members if it is the first, otherwise the one that can change. */
export async function write(publicKey: string, document: Current, content: Record<string, unknown>, changes?: string) {
  const first = document.content === null, names = first ? Object.keys(content) : [changes!];
  const data = names.map((name) => ({ op: first ? 'add' : 'replace', path: `/${name}`, value: content[name] }));
  const payload = { data, id: { '/': document.link }, prev: { '/': document.tip } };
  const commit = await signCommit(publicKey, payload, 'commit');
  const { stream, genesis, tip } = document;
  return { stream, did: genesis.header.controllers[0], content, prev: tip, genesis, commit };
}
