/** The chain's head, as several nodes tell it. */

import { QuorateError, type Tried, UnreachableError, VerificationError } from "./errors.js";
import { ExchangeError, bounded } from "./http.js";
import type { Network } from "./network.js";
import type { Head, NodeView } from "./reply.js";

/** Nodes hear of a block at slightly different moments: they are asked again so often, after this wait each time. */
const ROUNDS = 3;
const ROUND_MS = 250;
/** Nodes that have not answered for so long after the first that has are not waited for. */
const GRACE_MS = 1_000;

/**
 * A head that n − t + 1 nodes tell alike. An execution needs t honest nodes, so at most n − t are not: one of those that
 * agree is honest, and the head is real. A head that a node makes up would have the other nodes refuse the request.
 *
 * Where nodes do not agree, it is the head that most of them tell, and of several the lowest.
 */
export async function agreedHead(
  network: Network,
  nodes: readonly number[],
  deadlineMs: number,
  view: (node: number, signal: AbortSignal) => Promise<NodeView>,
  outer: AbortSignal | undefined,
): Promise<Head> {
  const { signal, done } = bounded(deadlineMs, outer);
  try {
    const needed = network.size - network.threshold + 1;
    let best: Head | null = null;
    for (let round = 1; ; round += 1) {
      const told = await askRound(nodes, needed, view, signal);
      if (told.agreed !== null) return told.agreed;
      best = told.best ?? best;
      if (best === null) throw told.failure;
      // Fewer answers than it takes do not become more by asking again.
      if (round === ROUNDS || told.answers < needed) return best;
      await new Promise((resolve) => setTimeout(resolve, ROUND_MS));
      signal.throwIfAborted();
    }
  } catch (error) {
    if (error instanceof ExchangeError) throw new UnreachableError(nodes.map((node) => ({ node, trouble: error.message })));
    throw error;
  } finally {
    done();
  }
}

interface Round {
  readonly agreed: Head | null;
  readonly best: Head | null;
  readonly answers: number;
  readonly failure: QuorateError;
}

/** Asks all nodes at once, until enough of them agree, all have answered, or the rest is too slow. */
function askRound(
  nodes: readonly number[], needed: number, view: (node: number, signal: AbortSignal) => Promise<NodeView>, outer: AbortSignal,
): Promise<Round> {
  return new Promise((resolve, reject) => {
    const heads: Head[] = [];
    const tried: Tried[] = [];
    const control = new AbortController();
    let [unproven, left, grace]: [VerificationError | null, number, ReturnType<typeof setTimeout> | undefined] =
      [null, nodes.length, undefined];
    const end = (settle: () => void): void => {
      clearTimeout(grace);
      outer.removeEventListener("abort", stop);
      settle();
      control.abort(new ExchangeError("it is not needed any more"));
    };
    const finish = (agreed: Head | null): void => {
      const failure = unproven ?? new UnreachableError(tried);
      end(() => resolve({ agreed, best: mostTold(heads), answers: heads.length, failure }));
    };
    const stop = (): void => end(() => (heads.length > 0 ? finish(null) : reject(outer.reason)));
    const ended = (): void => {
      left -= 1;
      if (left === 0) finish(null);
    };
    const told = (node: number, { head }: NodeView): void => {
      if (head === null) tried.push({ node, trouble: "it has no head of the chain yet" });
      else {
        heads.push(head);
        grace ??= setTimeout(() => finish(null), GRACE_MS);
        if (heads.filter((other) => isSame(other, head)).length >= needed) {
          finish(head);
          return;
        }
      }
      ended();
    };
    const failed = (node: number, error: unknown): void => {
      if (control.signal.aborted) return;
      if (!(error instanceof QuorateError) && !(error instanceof ExchangeError)) {
        end(() => reject(error));
        return;
      }
      if (error instanceof VerificationError) unproven = new VerificationError(error.code, error.message, node);
      tried.push({ node, trouble: error.message });
      ended();
    };
    if (outer.aborted) {
      stop();
      return;
    }
    outer.addEventListener("abort", stop, { once: true });
    for (const node of nodes) {
      view(node, control.signal).then((one) => (control.signal.aborted ? undefined : told(node, one)), (error: unknown) => failed(node, error));
    }
  });
}

const isSame = (one: Head, other: Head): boolean => one.number === other.number && one.hash === other.hash;

function mostTold(heads: readonly Head[]): Head | null {
  const told = (head: Head): number => heads.filter((other) => isSame(other, head)).length;
  const sorted = [...heads].sort((one, other) => told(other) - told(one) || one.number - other.number);
  return sorted[0] ?? null;
}
