/** Asking the nodes of a network. */

import { secp256k1 } from "@noble/curves/secp256k1.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { addressOfKey } from "./account.js";
import { type Answer, Failures, confirmed, firstAnswer } from "./ask.js";
import { to0x, toHex } from "./bytes.js";
import { FormError } from "./codec.js";
import { LocalError, ProblemError, QuorateError, type Tried, VerificationError, refusal } from "./errors.js";
import { cidHash, cidOf } from "./hash.js";
import { ANSWER_BYTES_MAX, ExchangeError, type Waiting, readText } from "./http.js";
import { agreedHead } from "./head.js";
import { parseJson } from "./json.js";
import { mayRun } from "./login.js";
import type { Network } from "./network.js";
import { Places } from "./places.js";
import { Reach } from "./reach.js";
import {
  type CodeStored, type Execution, type Head, type KeyView, type NodeView, type Reply, readCodeStored, readKeyView,
  readNodeView, readProblem, readReply,
} from "./reply.js";
import { CODE_BYTES_MAX, type Call, type PreparedRequest, actionOf, cidOfSource, signCode, signRequest } from "./request.js";
import type { Session } from "./session.js";
import {
  type Revocation, type SignOutScope, type SignedOut, holders, readRevocationReply, signRevocation,
} from "./signout.js";
import { readAs, verifyReply } from "./verify.js";

/** How a client asks. */
export interface ClientOptions {
  /** The node that is asked first; the others follow in the committee's order. */
  readonly first?: number;
  /** A node that has not answered an execution for so long gets company: 5,000. */
  readonly hedgeMs?: number;
  /** An execution ends after this, whatever the nodes do: 35,000. */
  readonly deadlineMs?: number;
  /** A read ends after this: 10,000. */
  readonly readDeadlineMs?: number;
  /** Another `fetch` than the platform's. */
  readonly fetch?: typeof fetch;
  /** Another clock than the machine's, in milliseconds. */
  readonly now?: () => number;
}

/** Which nodes have taken an action's source. Each entry is that node's own word. */
export interface StoredBy {
  readonly action: string;
  /** The nodes that have it now. */
  readonly nodes: readonly (CodeStored & { readonly node: number })[];
  /** The nodes that refused it. */
  readonly refused: readonly ProblemError[];
  /** The nodes that gave no answer that is understood. */
  readonly silent: readonly Tried[];
  /** Whether as many nodes have it as it takes to sign: then an honest one does. */
  readonly enough: boolean;
}

interface Ask {
  readonly method?: "POST" | "PUT";
  readonly json?: string;
  readonly deadlineMs?: number;
  readonly bytesMax?: number;
  readonly signal: AbortSignal | undefined;
}

/** A read that a node has not answered after this gets company. */
const READ_HEDGE_MS = 1_000;
/** A client of one network. It trusts the network file, and no node. */
export class Client {
  readonly network: Network;
  readonly #options: Required<ClientOptions>;
  /** Where the nodes are now, by their newest words. */
  readonly #places: Places;
  readonly #nodes: Reach;

  /** @throws LocalError `argument` if `first` is no node of the network */
  constructor(network: Network, options: ClientOptions = {}) {
    this.network = network;
    this.#options = {
      first: options.first ?? 1,
      hedgeMs: options.hedgeMs ?? 5_000,
      deadlineMs: options.deadlineMs ?? 35_000,
      readDeadlineMs: options.readDeadlineMs ?? 10_000,
      fetch: options.fetch ?? globalThis.fetch.bind(globalThis),
      now: options.now ?? Date.now,
    };
    network.endpoint(this.#options.first);
    this.#places = new Places(network);
    this.#nodes = new Reach(this.#places, this.#order(), (node, address, attempt) => this.#viewAt(node, address, attempt));
  }

  /**
   * Runs an action: {@link prepare}, then {@link submit}.
   *
   * @throws ProblemError also if the run failed; VerificationError, UnreachableError
   */
  async execute(session: Session, call: Call, options: Waiting = {}): Promise<Execution> {
    return this.submit(await this.prepare(session, call, options), options);
  }

  /**
   * Makes a signed request at the chain's head. It is good for one minute.
   *
   * @throws ProblemError with `node` null for what nodes would refuse; UnreachableError
   */
  async prepare(session: Session, call: Call, options: Waiting = {}): Promise<PreparedRequest> {
    const { cid } = actionOf(call);
    if (session.network !== this.network.id) throw refusal("wrong_network", "the session is of another network");
    if (session.expiresMs <= this.#options.now()) throw refusal("session_expired", "the session has ended: log in again");
    if (!mayRun(session.capabilities, cid)) throw refusal("session_scope", "the session does not allow this action");
    const head = await this.head(options);
    const nonce = globalThis.crypto.getRandomValues(new Uint8Array(16));
    return signRequest(this.network, session, call, { head, timeMs: this.#options.now(), nonce });
  }

  /**
   * Sends a request to one node after another, always the same bytes, until one gives an answer that proves itself.
   * Sending it again later gives the same outcome, not a second execution.
   *
   * @throws ProblemError also if the run failed; VerificationError, UnreachableError
   */
  async submit(request: PreparedRequest, options: Waiting = {}): Promise<Execution> {
    const { hedgeMs, deadlineMs } = this.#options;
    const ask = (node: number, signal: AbortSignal): Promise<Execution> => this.#submitTo(node, request, signal);
    return (await firstAnswer(this.#order(), { hedgeMs, deadlineMs }, ask, options.signal)).answer;
  }

  async #submitTo(node: number, request: PreparedRequest, signal: AbortSignal): Promise<Execution> {
    const json = request.body;
    const answer = await this.#exchange(node, "/v1/executions", { method: "POST", json, deadlineMs: this.#options.deadlineMs, signal });
    if (answer.status !== 200) throw this.#problemOf(node, answer, request);
    return this.#executionOf(node, request, readAs(() => readReply(answer.document)));
  }

  /** Checks a reply. A run that failed is a problem, whatever status a node gave it. */
  #executionOf(node: number, request: PreparedRequest, reply: Reply): Execution {
    const execution = this.#checked(node, request, reply);
    if (reply.error !== null || reply.status !== "completed") throw failedRun(node, reply, execution, null);
    return execution;
  }

  #checked(node: number, request: PreparedRequest, reply: Reply): Execution {
    const { members, operators, statement } = verifyReply(this.network, request.bytes, reply);
    const { response, signatures, claims, receipt, logs, usage } = reply;
    return Object.freeze({
      requestId: request.id, node, members, operators, statement, response, signatures, claims, receipt, logs, usage,
    });
  }

  /** A node's problem document, as far as it is believed; with what it proves of a run. */
  #problemOf(node: number, { status, document }: { status: number; document: unknown }, request?: PreparedRequest): Error {
    let problem: ReturnType<typeof readProblem>;
    try {
      problem = readProblem(document);
    } catch (error) {
      if (error instanceof FormError) return new ExchangeError(`it answers ${status} with something else`);
      throw error;
    }
    if (problem.requestId !== null && request !== undefined && problem.requestId !== request.id) {
      return new VerificationError("wrong_request", "the answer is about another request");
    }
    if (problem.execution === null || request === undefined) return new ProblemError(problem, { node });
    const reply = readAs(() => readReply(problem.execution));
    if (reply.error !== problem.code) {
      return new VerificationError("status_mismatch", "the problem's code is not the one that the nodes signed");
    }
    return failedRun(node, reply, this.#checked(node, request, reply), problem);
  }

  /**
   * The chain's head: one that n − t + 1 nodes tell alike, so that a liar alone cannot name one that nodes refuse. Where
   * nodes do not agree for a while, the most told one.
   *
   * @throws UnreachableError if no node tells one
   */
  head(options: Waiting = {}): Promise<Head> {
    const { readDeadlineMs } = this.#options;
    const view = (node: number, signal: AbortSignal): Promise<NodeView> => this.#viewOf(node, signal);
    return agreedHead(this.network, this.#order(), readDeadlineMs, view, options.signal);
  }

  /**
   * How one node sees the network: its own word.
   *
   * @throws VerificationError for a node of another network, or another node
   */
  async nodeView(node: number, options: Waiting = {}): Promise<NodeView> {
    this.network.endpoint(node);
    return (await this.#read([node], (one, signal) => this.#viewOf(one, signal), options)).answer;
  }

  async #viewOf(node: number, signal: AbortSignal): Promise<NodeView> {
    return this.#reach(node, { signal }, async (address, at) => this.#viewAt(node, address, at));
  }

  async #viewAt(node: number, address: string, ask: Ask): Promise<NodeView> {
    const view = await this.#readAt(node, `${address}/v1/network`, readNodeView, ask);
    if (view.network !== this.network.id) throw new VerificationError("wrong_network", "it is a node of another network");
    if (view.node !== node) throw new VerificationError("other_node", `${this.network.named(view.node)} answers at this address`);
    this.#places.learn(view);
    return view;
  }

  /**
   * A key. That token, public key and address belong together is checked; owner, `burnt` and `grants` are one node's word.
   *
   * @param id its token id, or its public key
   * @throws ProblemError `pkp_unknown`
   */
  async key(id: string, options: Waiting = {}): Promise<KeyView> {
    return this.#keyFrom(this.#order(), id, options);
  }

  /**
   * A key, as {@link key}, asked of one node alone. Of t nodes that tell the same, one is honest.
   *
   * @throws ProblemError `pkp_unknown`
   */
  async keyView(node: number, id: string, options: Waiting = {}): Promise<KeyView> {
    this.network.endpoint(node);
    return this.#keyFrom([node], id, options);
  }

  async #keyFrom(nodes: readonly number[], id: string, options: Waiting): Promise<KeyView> {
    const token = tokenOf(id);
    const ask = async (node: number, signal: AbortSignal): Promise<KeyView> => {
      const view = await this.#get(node, `/v1/pkps/${token}`, readKeyView, signal);
      const bytes = pointOf(view.public_key);
      const same = view.token_id === token && bytes !== null && to0x(keccak_256(bytes)) === token && addressOfKey(bytes) === view.address;
      if (!same) throw new VerificationError("other_key", "the answer is about another key");
      return view;
    };
    return (await this.#read(nodes, ask, options)).answer;
  }

  /**
   * Stores an action's source with all nodes at once. The session must be allowed to run the action.
   *
   * What a single node answers is in the result, also if none has taken it.
   *
   * @throws ProblemError with `node` null for what nodes would refuse
   */
  async putCode(session: Session, code: string, options: Waiting = {}): Promise<StoredBy> {
    const action = cidOfSource(code);
    if (session.network !== this.network.id) throw refusal("wrong_network", "the session is of another network");
    const json = await signCode(this.network, session, { cid: action, code }, this.#options.now());
    const all = await Promise.allSettled(this.#order().map((node) => this.#putTo(node, action, json, options.signal)));
    options.signal?.throwIfAborted();
    const nodes: (CodeStored & { node: number })[] = [];
    const refused: ProblemError[] = [];
    const silent: Tried[] = [];
    for (const [place, node] of this.#order().entries()) {
      const one = all[place];
      if (one?.status === "fulfilled") nodes.push({ node, ...one.value });
      else if (one?.reason instanceof ProblemError) refused.push(one.reason);
      else silent.push({ node, trouble: troubleOf(one?.reason) });
    }
    return Object.freeze({ action, nodes, refused, silent, enough: nodes.length >= this.network.threshold });
  }

  async #putTo(node: number, action: string, json: string, signal: AbortSignal | undefined): Promise<CodeStored> {
    const answer = await this.#exchange(node, "/v1/code", { method: "PUT", json, signal });
    if (answer.status !== 200) throw this.#problemOf(node, answer);
    const stored = readAs(() => readCodeStored(answer.document));
    if (stored.action !== action) throw new ExchangeError("it answers for another action");
    return stored;
  }

  /**
   * Signs out: this session, or with it everything that its login has allowed up to now, on any device. All nodes are told at
   * once; those that have it hand it on. It is given as soon as it is done, or when every node has answered.
   *
   * Everything of a login ends by the login's own methods: a wallet or a passkey that logs in later is not touched. What this
   * browser keeps of the session stays until `forgetSession`.
   *
   * @throws ProblemError `session_expired` before nodes are asked; what a node refused, if none has it; UnreachableError
   */
  async signOut(session: Session, { scope, signal }: { readonly scope: SignOutScope } & Waiting): Promise<SignedOut> {
    if (session.network !== this.network.id) throw refusal("wrong_network", "the session is of another network");
    if (session.expiresMs <= this.#options.now()) throw refusal("session_expired", "the session has ended by itself");
    const revocation = await signRevocation(this.network, session, scope, this.#options.now());
    const { size: of, threshold } = this.network;
    const held = new Set<number>();
    const refused: ProblemError[] = [];
    const failures = new Failures();
    const result = (): SignedOut => Object.freeze({ nodes: held.size, of, done: of - held.size < threshold });
    // So many have said it that the others are too few to sign: one node's word ends no session.
    const agreed = (): ProblemError | undefined =>
      refused.find(({ code }) => of - refused.filter((other) => other.code === code).length < threshold);
    return new Promise((resolve, reject) => {
      let left = of;
      const settled = (): void => {
        left -= 1;
        const said = agreed();
        if (signal?.aborted === true) reject(signal.reason);
        else if (result().done || (left === 0 && held.size > 0)) resolve(result());
        else if (left === 0) reject(said === undefined ? failures.verdict(new Set()) : confirmed(said));
      };
      for (const node of this.#order()) {
        this.#signOutAt(node, revocation, signal).then((nodes) => {
          nodes.forEach((one) => held.add(one));
          settled();
        }, (error: unknown) => {
          if (error instanceof ProblemError) refused.push(error);
          failures.add(node, error);
          settled();
        });
      }
    });
  }

  async #signOutAt(node: number, { id, body }: Revocation, signal: AbortSignal | undefined): Promise<readonly number[]> {
    const answer = await this.#exchange(node, "/v1/revocations", { method: "POST", json: body, signal });
    if (answer.status !== 200) throw this.#problemOf(node, answer);
    const nodes = holders(this.network, id, readAs(() => readRevocationReply(answer.document)));
    if (nodes.length === 0) throw new VerificationError("not_held", "it does not sign that it has the revocation");
    return nodes;
  }

  /**
   * An action's source, checked against its name.
   *
   * @throws ProblemError `code_missing`; VerificationError
   */
  async getCode(cid: string, options: Waiting = {}): Promise<string> {
    actionOf({ action: { cid } });
    const wanted = toHex(cidHash(cid));
    const ask = async (node: number, signal: AbortSignal): Promise<string> => {
      const { status, text } = await this.#reach(node, { bytesMax: CODE_BYTES_MAX, signal }, (address, at) =>
        this.#textAt(`${address}/v1/code/${cid}`, at));
      if (status !== 200) throw this.#problemOf(node, { status, document: parseAnswer(status, text) });
      if (toHex(cidHash(cidOf(text))) !== wanted) throw new VerificationError("other_code", "the answer is another action's source");
      return text;
    };
    return (await this.#read(this.#order(), ask, options)).answer;
  }

  /** All nodes, the preferred one first. */
  #order(): number[] {
    const nodes = Array.from({ length: this.network.size }, (_, place) => place + 1);
    return [...nodes.slice(this.#options.first - 1), ...nodes.slice(0, this.#options.first - 1)];
  }

  #read<T>(nodes: readonly number[], ask: (node: number, signal: AbortSignal) => Promise<T>, { signal }: Waiting): Promise<Answer<T>> {
    return firstAnswer(nodes, { hedgeMs: READ_HEDGE_MS, deadlineMs: this.#options.readDeadlineMs }, ask, signal);
  }

  #get<T>(node: number, path: string, read: (document: unknown) => T, signal: AbortSignal): Promise<T> {
    return this.#reach(node, { signal }, (address, at) => this.#readAt(node, `${address}${path}`, read, at));
  }

  async #readAt<T>(node: number, url: string, read: (document: unknown) => T, ask: Ask): Promise<T> {
    const answer = await this.#exchangeAt(url, ask);
    if (answer.status !== 200) throw this.#problemOf(node, answer);
    return readAs(() => read(answer.document));
  }

  #exchange(node: number, path: string, ask: Ask): Promise<{ status: number; document: unknown }> {
    return this.#reach(node, ask, (address, at) => this.#exchangeAt(`${address}${path}`, at));
  }

  async #exchangeAt(url: string, ask: Ask): Promise<{ status: number; document: unknown }> {
    const { status, text } = await this.#textAt(url, ask);
    return { status, document: parseAnswer(status, text) };
  }

  #textAt(url: string, ask: Ask): Promise<{ status: number; text: string }> {
    const { signal, method = "GET", json, deadlineMs = this.#options.readDeadlineMs, bytesMax = ANSWER_BYTES_MAX } = ask;
    return readText(url, {
      fetch: this.#options.fetch, method, deadlineMs, bytesMax,
      ...(json === undefined ? {} : { json }), ...(signal === undefined ? {} : { signal }),
    });
  }

  #reach<T>(node: number, ask: Ask, act: (address: string, ask: Ask) => Promise<T>): Promise<T> {
    const { deadlineMs = this.#options.readDeadlineMs, json, signal } = ask;
    return this.#nodes.ask(node, { deadlineMs, isRead: json === undefined, signal }, (address, attempt) => act(address, { ...ask, ...attempt }));
  }
}

/** Whoever answers with something that is no JSON is no node: a proxy, or another server. */
function parseAnswer(status: number, text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    throw new ExchangeError(`it answers ${status} with something else`);
  }
}

/** A run that ended badly: its code is proven by the receipt, its words are the node's. */
function failedRun(node: number, reply: Reply, execution: Execution, problem: ReturnType<typeof readProblem> | null): ProblemError {
  if (reply.error === null) throw new VerificationError("status_mismatch", "a run that failed has a code");
  const title = problem?.title ?? `the run ${reply.status}: ${reply.error}`;
  const { detail = title, retryAfterMs = null, nodes = [] } = problem ?? {};
  return new ProblemError({ code: reply.error, title, detail, retryAfterMs, nodes }, { node, execution });
}

function troubleOf(error: unknown): string {
  if (error instanceof QuorateError || error instanceof ExchangeError) return error.message;
  throw error;
}

/** The bytes of a public key, uncompressed; `null` for what is no point of the curve. */
function pointOf(key: string): Uint8Array | null {
  try {
    return secp256k1.Point.fromHex(key.slice(2)).toBytes(false);
  } catch {
    return null;
  }
}

/** The token id of a key that is named by it or by its public key. */
export function tokenOf(id: string): string {
  if (/^0x[0-9a-f]{64}$/.test(id)) return id;
  const point = /^0x(?:0[23][0-9a-f]{64}|04[0-9a-f]{128})$/.test(id) ? pointOf(id) : null;
  if (point === null) throw new LocalError("argument", "a key is named by its token id or its public key, 0x and small letters");
  return to0x(keccak_256(point));
}

