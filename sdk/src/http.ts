/** One exchange with a server: bounded in time and in bytes, and aborted with its caller. */

import { fromUtf8 } from "./bytes.js";

/** What every call that waits takes. */
export interface Waiting {
  /** Ends the call; it then throws the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Longest answer of a node: a receipt of the largest committee with the longest response and log. */
export const ANSWER_BYTES_MAX = 4 << 20;

/** Why there is no answer. */
export class ExchangeError extends Error {
  override readonly name = "ExchangeError";
}

/** What is asked, and within which bounds. */
export interface Asked extends Waiting {
  readonly fetch: typeof fetch;
  readonly deadlineMs: number;
  readonly bytesMax: number;
  readonly method?: "GET" | "POST" | "PUT";
  readonly json?: string;
  /** Instead of `json`: the fields of a form. */
  readonly form?: URLSearchParams;
}

/** A signal that comes with the deadline or with the caller's own, and a way to end the wait for both. */
export function bounded(deadlineMs: number, signal: AbortSignal | undefined): { signal: AbortSignal; done: () => void } {
  const control = new AbortController();
  const stop = (): void => control.abort(signal?.reason);
  const timer = setTimeout(() => control.abort(new ExchangeError("it does not answer in time")), deadlineMs);
  if (signal?.aborted === true) stop();
  else signal?.addEventListener("abort", stop, { once: true });
  const done = (): void => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  };
  return { signal: control.signal, done };
}

/**
 * Asks once, and reads the whole answer as a text.
 *
 * @throws ExchangeError; what a server sends makes no other error.
 */
export async function readText(url: string | URL, asked: Asked): Promise<{ status: number; text: string }> {
  const { signal, done } = bounded(asked.deadlineMs, asked.signal);
  try {
    // Not as a method: a browser's `fetch` wants to be called for no object.
    const { fetch, json, form } = asked;
    const body = json ?? form?.toString();
    const kind = json === undefined ? "application/x-www-form-urlencoded" : "application/json";
    const response = await fetch(url, {
      method: asked.method ?? "GET",
      // No cookie, no address of the page, no copy of an old answer, and no way to send the caller elsewhere.
      credentials: "omit",
      referrerPolicy: "no-referrer",
      cache: "no-store",
      redirect: "error",
      signal,
      headers: { accept: "application/json", ...(body === undefined ? {} : { "content-type": kind }) },
      ...(body === undefined ? {} : { body }),
    });
    return { status: response.status, text: fromUtf8(await readBody(response, asked.bytesMax)) };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ExchangeError) throw error;
    throw new ExchangeError("it cannot be reached, or its answer breaks off", { cause: error });
  } finally {
    done();
  }
}

async function readBody(response: Response, bytesMax: number): Promise<Uint8Array> {
  if (response.body === null) return new Uint8Array(0);
  const reader = response.body.getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > bytesMax) {
      // The rest is not waited for: the server may have no end.
      reader.cancel().catch(() => undefined);
      throw new ExchangeError("its answer is too long");
    }
    parts.push(value);
  }
  const all = new Uint8Array(length);
  let place = 0;
  for (const part of parts) {
    all.set(part, place);
    place += part.length;
  }
  return all;
}
