/** Where the nodes of a network are now: by the file, and by the newest words of the nodes themselves. */

import { FormError } from "./codec.js";
import { type NodeEndpoint, checkForm, inPage, isSaidBy, mayFollow, numberOfWord } from "./endpoint.js";
import { type Network, withoutSlash } from "./network.js";
import type { NodeView } from "./reply.js";

/** The newest word of each node that was seen and checked. */
export class Places {
  readonly #network: Network;
  readonly #newest: NodeEndpoint[];
  readonly #inPage: boolean;

  constructor(network: Network, page = inPage()) {
    this.#network = network;
    this.#newest = [...network.file.endpoints];
    this.#inPage = page;
  }

  /** The number of a node's newest word; 0 without one. */
  number(node: number): number {
    const newest = this.#newest[node - 1];
    return newest === undefined ? 0 : numberOfWord(newest);
  }

  /** The addresses to ask a node at, in their order: its public one, and its private one for when that does not answer. */
  of(node: number): readonly string[] {
    const home = this.#network.endpoint(node);
    const newest = this.#newest[node - 1];
    const may = (address: string, isPrivate: boolean): boolean => mayFollow(home, address, { isPrivate, inPage: this.#inPage });
    const open = newest === undefined ? home : withoutSlash(newest.http);
    const first = may(open, false) ? open : home;
    const hidden = newest?.private ?? null;
    if (hidden === null || !may(withoutSlash(hidden.http), true)) return [first];
    return [first, withoutSlash(hidden.http)];
  }

  /** Takes the words of a node's view that are newer, of the right form, and signed by the nodes that they are about. */
  learn(view: NodeView): void {
    for (const { index, endpoint: said } of view.nodes) {
      const key = this.#network.statementKey(index);
      if (said === null || key === null || numberOfWord(said) <= this.number(index)) continue;
      if (hasForm(said) && isSaidBy(said, key)) this.#newest[index - 1] = said;
    }
  }
}

function hasForm(said: NodeEndpoint): boolean {
  try {
    checkForm(said);
    return true;
  } catch (error) {
    if (error instanceof FormError) return false;
    throw error;
  }
}
