/** Where a node is reached, by its own signed and numbered word; and which of such words a client follows. */

import { fromHex } from "./bytes.js";
import { type Codec, FormError, type Of, binary, digits, membersOf, nullable, struct, text, u64 } from "./codec.js";
import { numberField, transcript } from "./hash.js";
import { ed25519Valid } from "./signature.js";

/** Longest address. */
const ADDRESS_MAX = 256;

const places = { http: text(1_024), quic: text(1_024) };
const privatePlaces = struct(places);
/** What a node signs. */
const signed = struct({ ...places, private: nullable(privatePlaces) });
const exact = struct({ ...places, private: nullable(privatePlaces), word: nullable(struct({ number: u64, signature: digits(64, "") })) });

/** Where a node is reached. `private` and `word` are `null` where the file has none. */
export type NodeEndpoint = Of<typeof exact>;

/** An endpoint in the network file, or in a node's answer. */
export const endpoint: Codec<NodeEndpoint> = {
  read: (value, place) => exact.read({ private: null, word: null, ...Object.fromEntries(membersOf(value, place)) }, place),
  write: exact.write,
};

/** The number of the word; 0 without one. */
export const numberOfWord = ({ word }: NodeEndpoint): number => word?.number ?? 0;

/** Whether the node with this statement key says so. */
export function isSaidBy(said: NodeEndpoint, statementKey: string): boolean {
  const { word } = said;
  if (word === null || word.number === 0) return false;
  const key = fromHex(statementKey);
  const hash = transcript("quorate/endpoint/v1", key, numberField(word.number), binary(signed, said));
  return ed25519Valid(fromHex(word.signature), hash, key);
}

/**
 * Checks the form of every address.
 *
 * @throws FormError
 */
export function checkForm(said: NodeEndpoint): void {
  for (const { http, quic } of said.private === null ? [said] : [said, said.private]) {
    if (http.length > ADDRESS_MAX || !/^https?:\/\/[^/?#@"\\<>]+(?:\/[^?#@"\\<>]*)?$/.test(http) || !/^[!-~]+$/.test(http)) {
      throw new FormError(`${JSON.stringify(http)} is no base URL of a node`);
    }
    const port = /^(?:[0-9A-Za-z.-]+|\[[0-9A-Fa-f:.]+\]):([1-9][0-9]{0,4})$/.exec(quic)?.[1];
    if (quic.length > ADDRESS_MAX || port === undefined || Number(port) > 65_535) {
      throw new FormError(`${JSON.stringify(quic)} is no address of a node`);
    }
  }
}

/**
 * How far an address reaches: everywhere; in networks of their own, such as 10.0.0.1 or a name without a dot; or on one machine
 * or link, such as 127.0.0.1. `null` for what is no address.
 */
export type Range = "everywhere" | "network" | "machine";

export function rangeOf(address: string): Range | null {
  let host: string;
  try {
    // It writes every form of an IP address in one way: 0x7f.1 and 2130706433 are 127.0.0.1.
    host = new URL(address).hostname.replace(/\.$/, "");
  } catch {
    return null;
  }
  if (host.startsWith("[")) return rangeOfV6(host.slice(1, -1));
  const numbers = /^(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(host);
  if (numbers !== null) return rangeOfV4(Number(numbers[1]), Number(numbers[2]), Number(numbers[3]));
  if (host === "localhost" || host.endsWith(".localhost")) return "machine";
  return host.includes(".") && !/\.(?:local|internal|home\.arpa)$/.test(host) ? "everywhere" : "network";
}

function rangeOfV4(first: number, second: number, third: number): Range {
  if (first === 0 || first === 127 || (first === 169 && second === 254) || first >= 224) return "machine";
  const shared = first === 10 || (first === 172 && second >> 4 === 1) || (first === 192 && second === 168)
    || (first === 100 && second >> 6 === 1) || (first === 198 && second >> 1 === 9) || (first === 192 && second === 0 && third === 0);
  return shared ? "network" : "everywhere";
}

/** Of the text that `URL` gives: IPv4 inside it stands in its last two groups. */
function rangeOfV6(host: string): Range {
  const [head = "", tail] = host.split("::", 2);
  const groups = (part: string): number[] => (part === "" ? [] : part.split(":").map((digits) => Number.parseInt(digits, 16)));
  const [before, after] = [groups(head), groups(tail ?? "")];
  const all = [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after];
  const [first = 0, second = 0, high = 0, low = 0] = [all[0], all[1], all[6], all[7]];
  const inside = rangeOfV4(high >> 8, high & 0xff, low >> 8);
  const zeros = all.slice(0, 5).every((group) => group === 0);
  // ::, ::1 and IPv4 written in IPv6, also by way of a translator.
  if (zeros && (all[5] === 0xffff || all[5] === 0)) return inside;
  if (first === 0x64 && second === 0xff9b) return inside;
  if (first >= 0xff00 || (first & 0xffc0) === 0xfe80) return "machine";
  return (first & 0xfe00) === 0xfc00 ? "network" : "everywhere";
}

/**
 * Whether a client may go where a node's word leads it. `home` is the node's address in the network file, which whoever runs the
 * client has chosen; a word is only the node's own, and one node may be anybody's.
 *
 * - Never from https to http: requests would go readable over the network.
 * - An address that reaches everywhere may be followed. What stands there is proven by its answers.
 * - Any other is a place on the caller's own machine, or in the caller's own network: a word must not make a page, or a
 *   program, call what runs there. It may be followed if `home` reaches no further either, as in a development network.
 * - A node's private address, which is there for callers in its network, may also be followed by a program. A page is in the
 *   network of whoever looks at it, and does not.
 *
 * A name is judged by its form alone: where it leads, a page cannot see.
 */
export function mayFollow(home: string, address: string, as: { readonly isPrivate: boolean; readonly inPage: boolean }): boolean {
  if (home === address) return true;
  if (home.startsWith("https:") && !address.startsWith("https:")) return false;
  const [own, other] = [rangeOf(home), rangeOf(address)];
  if (other === null) return false;
  return other === "everywhere" || other === own || (as.isPrivate && !as.inPage && other === "network");
}

/** Whether this runs in a page or its workers, and not in Node.js or the like. */
export function inPage(): boolean {
  const { document, process } = globalThis as { readonly document?: unknown; readonly process?: { readonly versions?: { readonly node?: string } } };
  return document !== undefined || process?.versions?.node === undefined;
}
