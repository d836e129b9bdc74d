/** Passkeys that the browser offers where the field is (conditional mediation), in passing: while the person may do anything else. */

import { explain } from "./failures.js";

/** One wait at a time. */
export class Autofill {
  #running: { readonly control: AbortController; readonly ended: Promise<void> } | null = null;

  /**
   * Waits for a passkey to be chosen, unless it waits already.
   *
   * @param choose ends when a passkey has signed in
   * @param failed what went wrong after the person has chosen something
   */
  start(choose: (signal: AbortSignal) => Promise<void>, failed: (error: unknown) => void): void {
    if (this.#running !== null) return;
    const control = new AbortController();
    const ended = wait(choose, failed, control.signal).finally(() => {
      if (this.#running?.control === control) this.#running = null;
    });
    this.#running = { control, ended };
  }

  /** Ends the wait: a browser has one ceremony at a time. */
  async stop(): Promise<void> {
    const { control, ended } = this.#running ?? {};
    this.#running = null;
    control?.abort();
    await ended;
  }
}

async function wait(choose: (signal: AbortSignal) => Promise<void>, failed: (error: unknown) => void, signal: AbortSignal): Promise<void> {
  if (!(await isOffered())) return;
  while (!signal.aborted) {
    try {
      await choose(signal);
      return;
    } catch (error) {
      const code = explain(error, "passkey-sign-in")?.code ?? "";
      // The challenge names a block that must not be old: a wait that nobody ended begins again.
      if (code === "passkey_refused.ExchangeError") continue;
      // What is offered in passing does not fail aloud, where nobody has chosen anything.
      const quiet = code.startsWith("passkey_refused") || ["passkey_failed.NotSupportedError", "unreachable"].includes(code);
      if (!signal.aborted && !quiet) failed(error);
      return;
    }
  }
}

/** Whether the browser offers passkeys in a form's field. */
async function isOffered(): Promise<boolean> {
  try {
    return (await PublicKeyCredential.isConditionalMediationAvailable()) === true;
  } catch {
    // An older browser: it has the button only.
    return false;
  }
}
