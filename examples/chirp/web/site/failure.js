// What can go wrong, in words: each failure is one sentence that says what is wrong and what happens next.

/**
 * `refused`: asking again changes nothing. `raced`: asking again soon may succeed. `silent`: something does not answer, and is asked
 * again. `ended`: the session is over. `declined`: the person said no in the wallet.
 * @typedef {"refused" | "raced" | "silent" | "ended" | "declined"} Kind
 */

export class Failure extends Error {
  /** @param {Kind} kind @param {string} sentence @param {{ cause?: unknown }} [options] */
  constructor(kind, sentence, options) {
    super(sentence, options);
    this.name = "Failure";
    this.kind = kind;
  }
}

/** Any error as a failure; one that nobody foresaw has a sentence as well. @param {unknown} error */
export function asFailure(error) {
  if (error instanceof Failure) return error;
  return new Failure("refused", "Something went wrong in this page. Nothing was changed; try it again.", { cause: error });
}
