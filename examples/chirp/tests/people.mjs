// People of Chirp, for tests: a wallet each, sessions, executions whose receipts are checked, and what goes to Ceramic.
// The configuration is that of the page (config.json); the client is the one of ../../clients.
import { randomBytes } from 'node:crypto';
import { addressOf } from '../../clients/wallet.mjs';
import { logIn, sign } from '../../clients/node.mjs';
import { networkId, requestId } from '../../clients/encoding.mjs';
import { check } from '../../clients/receipt.mjs';
import { base32, envelopeOf } from '../check.mjs';

const digits = (bytes) => Buffer.from(bytes).toString('hex');
const OPTS = { anchor: false, publish: false, pin: true };
/** After these the same is asked again: nodes saw a document at different moments, or they or Ceramic have too much to do. */
const AGAIN = [
  'intents_diverged', 'outcomes_diverged', 'overloaded', 'rate_limited', 'no_quorum', 'not_ready', 'limit_total', 'deadline_exceeded', 'store_unavailable',
];
const ATTEMPTS = 5;
export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

export async function post(url, body, timeout = 20_000) {
  const answer = await fetch(url, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body), signal: AbortSignal.timeout(timeout),
  });
  return { status: answer.status, body: await answer.json() };
}

export class Person {
  constructor(config, network, wallet = randomBytes(32)) {
    Object.assign(this, { config, network, wallet });
    this.user = `wallet:${addressOf(wallet).toLowerCase()}`;
    const cids = Object.values(config.actions).map(({ cid }) => `quorate:key/*/action/${cid}`);
    this.login = logIn(network, wallet, cids, { domain: 'localhost' });
  }

  /** One execution: the action's answer, or the problem. */
  async once(action, params, { node = 0, code, cid = this.config.actions[action].cid, change = (bytes) => bytes } = {}) {
    const base = this.config.nodes[node], { head } = await (await fetch(`${base}/v1/network`)).json();
    const request = {
      v: 1, network: digits(networkId(this.network)), session: this.login.key, login: this.login.hash, action: cid,
      block: { number: head.number, hash: head.hash }, time_ms: Date.now(), nonce: digits(randomBytes(16)),
    };
    const text = JSON.stringify({ publicKey: this.config.key.public_key, ...params });
    const bytes = change(`${JSON.stringify(request).slice(0, -1)},"params":${text}}`);
    const sig = sign(this.login, requestId(this.network, bytes));
    const { status, body } = await post(`${base}/v1/executions`, { request: Buffer.from(bytes).toString('base64url'), sig, login: this.login.proof, code }, 40_000);
    if (status !== 200) return { problem: body.code, body };
    check(this.network, bytes, text, body);
    if (body.status !== 'completed') return { problem: body.error, body };
    return { answer: JSON.parse(body.response), reply: body };
  }

  /** Executions until there is an answer, publishing what was signed: what the page does. */
  async does(action, params, options = {}) {
    let last;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (attempt > 0) await pause(100 * 2 ** attempt * Math.random());
      last = await this.once(action, params, options);
      if (AGAIN.includes(last.problem ?? last.answer.code)) continue;
      if (last.problem || !last.answer.ok) return last;
      const published = await publish(this.config, last.answer);
      if (published.ok) return { ...last, published };
      if (params.tip !== undefined) return { ...last, answer: { ok: false, code: 'stale_tip' } };
    }
    return { ...last, problem: last.problem ?? 'somebody was faster five times' };
  }

  createProfile = (name, more) => this.does('createProfile', { name, ...more });
  createPost = (text, number = 0, more, options) => this.does('createPost', { text, number, ...more }, options);
  likePost = (post, more, options) => this.does('likePost', { post, ...more }, options);
  unlikePost = (post, more) => this.does('unlikePost', { post, ...more });
}

/** Writes a signed commit to Ceramic: it is there afterwards, or somebody else's is. */
export async function publish({ ceramic }, { stream, genesis, commit }) {
  await post(`${ceramic}/streams`, { type: 3, genesis, opts: OPTS });
  const { status, body } = await post(`${ceramic}/commits`, { streamId: stream, commit, opts: OPTS });
  if (status === 200 && body.state.log.some(({ cid }) => cid === base32(envelopeOf(commit.jws)))) return { ok: true, status };
  return { ok: (await links(ceramic, stream)).includes(commit.jws.link), status, error: body.error };
}

/** The signed commits of a stream, and `undefined` for what is not signed. */
export const links = async (ceramic, stream) => {
  const { commits } = await (await fetch(`${ceramic}/commits/${stream}`)).json();
  return (commits ?? []).map(({ value }) => value.jws?.link);
};

/** What the index has of a model. */
export async function indexed({ ceramic, key, models }, model, where) {
  const body = { model: models[model], account: key.did, last: 1000, ...(where && { queryFilters: { where } }) };
  const { edges } = (await post(`${ceramic}/collection`, body)).body;
  return edges.map(({ node }) => node.next?.content ?? node.content);
}
