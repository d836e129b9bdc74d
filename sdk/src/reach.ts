/** Asking a node where it is, and where else it may be if it does not answer there. */

import { VerificationError } from "./errors.js";
import { ExchangeError } from "./http.js";
import type { Places } from "./places.js";

/** A node that has not answered a read for so long may have moved: it is looked for, and asked at its other places as well. */
const SILENT_MS = 2_000;
/** Nodes are asked where others are so often at most, and have this long to tell. */
const LOOK_EVERY_MS = 60_000;
const LOOK_MS = 1_500;

/** One exchange with a node. */
export interface Reaching {
  /** All its attempts end after this. */
  readonly deadlineMs: number;
  /** Whether it is a read: then silence alone is a reason to ask elsewhere as well. What acts may take its time. */
  readonly isRead: boolean;
  readonly signal: AbortSignal | undefined;
}

/** What is left for one attempt. */
export interface Attempt {
  readonly deadlineMs: number;
  readonly signal: AbortSignal | undefined;
}

/** Asks nodes at their places, and has others told when one is not there. */
export class Reach {
  readonly #places: Places;
  readonly #nodes: readonly number[];
  readonly #view: (node: number, address: string, attempt: Attempt) => Promise<unknown>;
  #look: { readonly sinceMs: number; readonly done: Promise<void> } | null = null;

  /** @param view asks a node for its view, from which the places learn */
  constructor(
    places: Places, nodes: readonly number[], view: (node: number, address: string, attempt: Attempt) => Promise<unknown>,
  ) {
    this.#places = places;
    this.#nodes = nodes;
    this.#view = view;
  }

  /** Asks a node at its places in turn, until one of them answers. */
  ask<T>(node: number, { deadlineMs, isRead, signal }: Reaching, act: (address: string, attempt: Attempt) => Promise<T>): Promise<T> {
    const endMs = performance.now() + deadlineMs;
    const at = (address: string, one: AbortSignal): Promise<T> =>
      act(address, { signal: one, deadlineMs: Math.max(1, endMs - performance.now()) });
    return firstPlace(this.#addresses(node), isRead ? SILENT_MS : null, at, signal);
  }

  async *#addresses(node: number): AsyncGenerator<string, undefined> {
    const told = new Set<string>();
    for (let round = 1; round <= 2; round += 1) {
      for (const address of this.#places.of(node)) {
        if (told.has(address)) continue;
        told.add(address);
        yield address;
      }
      if (round === 1) await this.#lookFor(node);
    }
    return undefined;
  }

  /** Asks the other nodes where this one is, at most once a minute; whoever else looks for a node meanwhile waits as well. */
  #lookFor(node: number): Promise<void> {
    const nowMs = performance.now();
    if (this.#look === null || nowMs - this.#look.sinceMs >= LOOK_EVERY_MS) this.#look = { sinceMs: nowMs, done: this.#askWhere(node) };
    return this.#look.done;
  }

  /** It ends with the first news of the node, or when all have answered, or had the time for it. */
  #askWhere(node: number): Promise<void> {
    const known = this.#places.number(node);
    return new Promise((resolve) => {
      const others = this.#nodes.filter((other) => other !== node);
      let left = others.length;
      // What one node answers wrongly, another tells.
      const told = (): void => {
        left -= 1;
        if (left === 0 || this.#places.number(node) > known) resolve();
      };
      for (const other of others) {
        const [address = ""] = this.#places.of(other);
        this.#view(other, address, { deadlineMs: LOOK_MS, signal: undefined }).then(told, told);
      }
    });
  }
}

/** Whether a node may be at another address, when this comes from the one that was asked. */
const mayBeElsewhere = (error: unknown): boolean =>
  error instanceof ExchangeError || (error instanceof VerificationError && (error.code === "wrong_network" || error.code === "other_node"));

/**
 * Asks at one address after another: at the next one when the one before has not answered, or as well when it is silent for
 * `silentMs` (`null`: then not). The first answer wins, and so does the first trouble that another address does not help with.
 */
function firstPlace<T>(
  addresses: AsyncIterator<string>, silentMs: number | null,
  ask: (address: string, signal: AbortSignal) => Promise<T>, outer: AbortSignal | undefined,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const control = new AbortController();
    let [running, isOver]: [number, boolean] = [0, false];
    let first: { readonly error: unknown } | null = null;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      outer?.removeEventListener("abort", stop);
      settle();
      control.abort(new ExchangeError("it is not needed any more"));
    };
    const stop = (): void => {
      end(() => reject(outer?.reason));
    };
    const failed = (error: unknown): void => {
      if (control.signal.aborted) return;
      running -= 1;
      first ??= { error };
      if (!mayBeElsewhere(error)) end(() => reject(error));
      else if (isOver && running === 0) end(() => reject(first?.error));
      else if (!isOver) next();
    };
    const next = (): void => {
      clearTimeout(timer);
      addresses.next().then(({ value, done }) => {
        if (control.signal.aborted) return;
        if (done === true) {
          isOver = true;
          if (running === 0) end(() => reject(first?.error));
          return;
        }
        running += 1;
        if (silentMs !== null) timer = setTimeout(next, silentMs);
        ask(value, control.signal).then((answer) => end(() => resolve(answer)), failed);
      }, (error: unknown) => end(() => reject(error)));
    };
    if (outer?.aborted === true) {
      stop();
      return;
    }
    outer?.addEventListener("abort", stop, { once: true });
    next();
  });
}
