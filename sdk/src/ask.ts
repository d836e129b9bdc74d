/** Asking one node after another: the next one when a node fails, or as well when it is slow. */

import { ProblemError, type QuorateError, type Tried, UnreachableError, VerificationError } from "./errors.js";
import { ExchangeError } from "./http.js";

/** How patient the asking is. */
export interface Pace {
  /** A node that has not answered for so long gets company. */
  readonly hedgeMs: number;
  /** All asking ends after this. */
  readonly deadlineMs: number;
}

/** A node's answer. */
export interface Answer<T> {
  readonly node: number;
  readonly answer: T;
}

/**
 * Asks the nodes in their order until one gives an answer, or two the same refusal that no other can lift.
 *
 * Earlier nodes may still answer while later ones are asked: the first good answer wins, and ends all other exchanges.
 */
export function firstAnswer<T>(
  nodes: readonly number[],
  pace: Pace,
  ask: (node: number, signal: AbortSignal) => Promise<T>,
  signal: AbortSignal | undefined,
): Promise<Answer<T>> {
  return new Promise((resolve, reject) => {
    const queue = [...nodes];
    const waiting = new Set<number>();
    const failures = new Failures();
    const control = new AbortController();
    let hedge: ReturnType<typeof setTimeout> | undefined;
    const end = (settle: () => void): void => {
      clearTimeout(hedge);
      clearTimeout(deadline);
      signal?.removeEventListener("abort", stop);
      settle();
      control.abort(new ExchangeError("it is not needed any more"));
    };
    const give = (error: unknown): void => end(() => reject(error));
    const stop = (): void => give(signal?.reason);
    const deadline = setTimeout(() => give(failures.verdict(waiting)), pace.deadlineMs);
    const next = (): void => {
      const node = queue.shift();
      if (node === undefined) return;
      waiting.add(node);
      clearTimeout(hedge);
      hedge = setTimeout(next, pace.hedgeMs);
      ask(node, control.signal).then((answer) => end(() => resolve({ node, answer })), (error: unknown) => failed(node, error));
    };
    const failed = (node: number, error: unknown): void => {
      if (control.signal.aborted) return;
      waiting.delete(node);
      const verdict = failures.add(node, error);
      if (verdict !== null) give(verdict);
      else if (queue.length > 0) next();
      else if (waiting.size === 0) give(failures.verdict(waiting));
    };
    if (signal?.aborted === true) {
      stop();
      return;
    }
    signal?.addEventListener("abort", stop, { once: true });
    next();
  });
}

/** What went wrong so far, the most telling kept apart. */
export class Failures {
  #unproven: VerificationError | null = null;
  #problem: ProblemError | null = null;
  readonly #tried: Tried[] = [];

  /** Remembers a trouble. One that ends the asking is given back: a proven refusal, one that two nodes give, or a defect. */
  add(node: number, error: unknown): unknown {
    if (error instanceof ExchangeError) {
      this.#tried.push({ node, trouble: error.message });
      return null;
    }
    if (error instanceof VerificationError) {
      this.#unproven = new VerificationError(error.code, error.message, node);
      return null;
    }
    return error instanceof ProblemError ? this.#addProblem(error) : error;
  }

  #addProblem(problem: ProblemError): ProblemError | null {
    if (problem.proven) return problem;
    const earlier = this.#problem;
    // A refusal is one node's word: it counts once a second node says the same.
    if (!problem.retryable && earlier?.code === problem.code) return confirmed(problem);
    if (earlier === null || (earlier.retryable && !problem.retryable)) this.#problem = problem;
    return null;
  }

  /** A false answer tells most, then a node's own word, then silence. */
  verdict(waiting: ReadonlySet<number>): QuorateError {
    const late = [...waiting].map((node) => ({ node, trouble: "it does not answer in time" }));
    return this.#unproven ?? this.#problem ?? new UnreachableError([...this.#tried, ...late]);
  }
}

/** The same problem, as several nodes say it. */
export const confirmed = (problem: ProblemError): ProblemError =>
  new ProblemError(problem.problem, { confirmed: true, ...(problem.node === null ? {} : { node: problem.node }) });
