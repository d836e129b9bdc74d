/** The network file: all that a client trusts. */

import {
  type Codec, FormError, type Of, address20, binary, bool, hash32, id32, list, membersOf, nullable, oneOf, struct, tagged, text, u32, u64, u8,
} from "./codec.js";
import { toHex } from "./bytes.js";
import { type NodeEndpoint, checkForm, endpoint, isSaidBy } from "./endpoint.js";
import { LocalError } from "./errors.js";
import { type Approvals, type Founding, approvals, checkApprovals, checkFounding, founding, nameOf, unsalted } from "./founding.js";
import { transcript } from "./hash.js";
import { type Waiting, readText } from "./http.js";
import { parseJson } from "./json.js";

/** The version of the format, and the one before, whose networks go on. */
const VERSION = 5;
const VERSION_BEFORE = 4;
const COMMITTEE_MAX = 32;
const HOSTS_MAX = 1_024;
/** Longest network file. */
const FILE_BYTES_MAX = 256 * 1_024;
/** The values of this release, for limits that a file does not name. */
const LIMITS = {
  wall_ms: 20_000, total_ms: 29_000, fuel: 20_000_000_000, memory_bytes: 134_217_728, stack_bytes: 2_097_152,
  code_bytes: 4_194_304, params_bytes: 262_144, response_bytes: 102_400, log_bytes: 102_400, fetches: 50,
  fetched_bytes: 33_554_432, signatures: 10, collects: 30, contract_calls: 30, claims: 10, randoms: 16, decryptions: 10, children: 15,
  depth: 5, pending: 50, timers: 1_000, host_calls: 250,
} as const;

/** A limit of executions, by its name in the network file. */
export type LimitName = keyof typeof LIMITS;
/** Limits that a request lowers. */
export type LimitsRequest = { readonly [Name in LimitName]?: number };

/** Whether a text is the name of a limit. */
export const isLimitName = (name: string): name is LimitName => Object.hasOwn(LIMITS, name);

const limits: Codec<{ readonly [Name in LimitName]: number }> = (() => {
  const all = struct({
    wall_ms: u64, total_ms: u64, fuel: u64, memory_bytes: u64, stack_bytes: u32, code_bytes: u32, params_bytes: u32,
    response_bytes: u32, log_bytes: u32, fetches: u32, fetched_bytes: u64, signatures: u32, collects: u32,
    contract_calls: u32, claims: u32, randoms: u32, decryptions: u32, children: u32, depth: u32, pending: u32, timers: u32, host_calls: u32,
  });
  return {
    read: (value, place) => all.read({ ...LIMITS, ...Object.fromEntries(membersOf(value, place)) }, place),
    write: all.write,
  };
})();

/** Who may ask for executions. */
export type Admission =
  | "open" | "granted"
  /** These wallets only, by address. */
  | { readonly list: readonly string[] }
  /** These logins only, of any kind, by their ids. */
  | { readonly logins: readonly string[] };

const admission: Codec<Admission> = (() => {
  const words = oneOf("open", "granted");
  const named = tagged({ list: list(address20), logins: list(hash32) });
  return {
    read: (value, place): Admission =>
      typeof value === "object" ? named.read(value, place) : words.read(value, place),
    write: (value) => {
      if (typeof value === "string") return words.write(value);
      const [place = 0, ...items] = named.write(value);
      return [2 + place, ...items];
    },
  };
})();

const contract = struct({ address: address20, code_hash: hash32 });
/** What the network id is a hash of, but for `allow_hosts` and `founding`. */
const HASHED = {
  version: u32,
  name: text(),
  chain: struct({ id: u64, genesis: hash32, head_key: id32 }),
  contracts: struct({
    pkp_nft: contract, pubkey_router: contract, pkp_permissions: contract, node_registry: contract, directory: contract,
  }),
  threshold: u8,
  nodes: list(struct({ transport_key: id32, statement_key: id32, chain_address: address20 }), COMMITTEE_MAX),
  wildcard_sessions: bool,
  admission,
  limits,
} as const;
const hashed = struct(HASHED);
const hosts = list(text(255), HOSTS_MAX);
const endpoints = list(endpoint, COMMITTEE_MAX);

/** `network.json`. `limits` has all limits, also where the file leaves some out. */
export type NetworkFile = Of<typeof hashed> & {
  readonly allow_hosts?: readonly string[];
  /** What the founding creates, and who the operators are: of version 5. */
  readonly founding?: Founding;
  /** Where the nodes are reached. No part of the id. */
  readonly endpoints: readonly NodeEndpoint[];
  /** What every operator has signed, in the order of the nodes: of version 5. No part of the id. */
  readonly approvals?: Approvals;
};

/** A network that a client trusts by its file. */
export interface Network {
  /** The network id: 64 digits, computed from the file. */
  readonly id: string;
  readonly file: NetworkFile;
  /** The number of nodes. */
  readonly size: number;
  /** How many nodes must say the same. */
  readonly threshold: number;
  /** The address of a node in the file, without a slash at its end. */
  endpoint(node: number): string;
  /** The operator of a node; `null` where the file names none, and for a node that it does not list. */
  operator(node: number): string | null;
  /** A node for people: its number, and its operator where the file names operators. */
  named(node: number): string;
  /** The key with which a node signs statements; `null` for a node that the file does not list. */
  statementKey(node: number): string | null;
}

function wrong(message: string, cause?: unknown): LocalError {
  return new LocalError("network_file", `the network file cannot be used: ${message}`, { cause });
}

/**
 * Reads the text of a network file, of version 5 or 4, and computes the network's id.
 *
 * A file of version 5 is used only if every operator has approved exactly it, with both of the node's keys, and every endpoint is
 * signed by its node.
 *
 * @throws LocalError `network_file` for what is none, `network_other` if the id is not `options.id`.
 */
export function parseNetwork(source: string, options: { readonly id?: string } = {}): Network {
  if (source.length > FILE_BYTES_MAX) throw wrong("it is too long");
  let [file, id]: [NetworkFile | null, string] = [null, ""];
  try {
    file = readFile(parseJson(source));
    id = toHex(networkHash(file));
    if (file.founding !== undefined) checkApprovals(file, file.founding, id, foundingSalt(file, file.founding), file.approvals ?? []);
  } catch (error) {
    if (error instanceof FormError || error instanceof SyntaxError) throw wrong(error.message, error);
    throw error;
  }
  if (options.id !== undefined && options.id !== id) {
    throw new LocalError("network_other", `the network file describes the network ${id}, not ${options.id}`);
  }
  return networkOf(file, id);
}

function networkOf(file: NetworkFile, id: string): Network {
  const operator = (node: number): string | null => file.founding?.operators[node - 1] ?? null;
  return Object.freeze({
    id,
    file,
    size: file.nodes.length,
    threshold: file.threshold,
    endpoint: (node: number) => {
      const found = file.endpoints[node - 1];
      if (found === undefined) throw new LocalError("argument", `the network has no node ${node}`);
      return withoutSlash(found.http);
    },
    operator,
    named: (node: number) => nameOf(node, operator(node)),
    statementKey: (node: number) => file.nodes[node - 1]?.statement_key ?? null,
  });
}

/** A base address, to which paths are added. */
export const withoutSlash = (address: string): string => address.replace(/\/+$/, "");

function readFile(document: unknown): NetworkFile {
  const members = membersOf(document, "file");
  const version = members.get("version");
  if (version !== VERSION && version !== VERSION_BEFORE) {
    throw new FormError(`version ${String(version)} of the format is not supported, only ${VERSION_BEFORE} and ${VERSION}`);
  }
  const take = <T>(name: string, of: Codec<T>): T | null => {
    const value = members.get(name) ?? null;
    members.delete(name);
    return value === null ? null : of.read(value, `file.${name}`);
  };
  const [allowed, terms, given] = [take("allow_hosts", hosts), take("founding", founding), take("approvals", approvals)];
  const places = take("endpoints", endpoints) ?? [];
  if (!members.has("limits")) members.set("limits", {});
  const main = hashed.read(Object.fromEntries(members), "file");
  checkCommittee(main, places);
  const list = allowed === null ? {} : { allow_hosts: allowed };
  if (version === VERSION_BEFORE) {
    if (terms !== null || (given ?? []).length > 0) throw new FormError(`a file of version ${version} has no founding and no approvals`);
    return Object.freeze({ ...main, ...list, endpoints: places });
  }
  if (terms === null) throw new FormError("the founding is missing");
  checkFounding(main, terms);
  for (const [place, { statement_key: key }] of main.nodes.entries()) {
    const said = places[place];
    if (said === undefined || !isSaidBy(said, key)) throw new FormError(`the endpoint of node ${place + 1} is not signed by that node`);
    checkForm(said);
  }
  return Object.freeze({ ...main, ...list, founding: terms, endpoints: places, approvals: given ?? [] });
}

function checkCommittee(file: Of<typeof hashed>, places: readonly NodeEndpoint[]): void {
  const { nodes, threshold } = file;
  if (nodes.length < 2) throw new FormError(`a committee has 2 to ${COMMITTEE_MAX} nodes`);
  if (threshold < 2 || threshold > nodes.length) throw new FormError(`threshold ${threshold} does not fit ${nodes.length} nodes`);
  if (places.length !== nodes.length) throw new FormError(`${places.length} endpoints for ${nodes.length} nodes`);
  for (const { http } of places) {
    if (!/^https?:\/\/[^/?#@\s][^?#@\s]*$/.test(http)) throw new FormError(`${JSON.stringify(http)} is no address of a node`);
  }
  // With one key in two places, one node would count for two.
  for (const of of ["transport_key", "statement_key", "chain_address"] as const) {
    if (new Set(nodes.map((node) => node[of])).size !== nodes.length) throw new FormError(`two nodes have one ${of}`);
  }
}

/** What tells a founding from another whose contracts would have the same addresses. */
function foundingSalt(file: NetworkFile, terms: Founding): Uint8Array {
  return foundedHash("quorate/founding/v1", unsalted({ ...file, founding: terms }));
}

function foundedHash(domain: string, file: NetworkFile & { readonly founding: Founding }): Uint8Array {
  const rest = { allowed: file.allow_hosts ?? null, terms: file.founding };
  return transcript(domain, binary(hashed, file), binary(struct({ allowed: nullable(hosts), terms: founding }), rest));
}

function networkHash(file: NetworkFile): Uint8Array {
  const { allow_hosts: allowed, founding: terms } = file;
  const first = binary(hashed, file);
  if (terms !== undefined) return foundedHash("quorate/network/v2", { ...file, founding: terms });
  return allowed === undefined
    ? transcript("quorate/network/v1", first)
    : transcript("quorate/network/v1", first, binary(hosts, allowed));
}

/**
 * Fetches a network file from the page's own server, and reads it.
 *
 * A page that names the id in its own code need not trust the place of the file.
 *
 * @throws LocalError as {@link parseNetwork} does, and `fetch_failed`.
 */
export async function fetchNetwork(
  url: string | URL,
  options: { readonly id?: string; readonly deadlineMs?: number; readonly fetch?: typeof globalThis.fetch } & Waiting = {},
): Promise<Network> {
  const { deadlineMs = 10_000, fetch = globalThis.fetch, signal } = options;
  const asked = { fetch, deadlineMs, bytesMax: FILE_BYTES_MAX, ...(signal === undefined ? {} : { signal }) };
  let answer: { readonly status: number; readonly text: string };
  try {
    answer = await readText(url, asked);
  } catch (error) {
    signal?.throwIfAborted();
    throw new LocalError("fetch_failed", "the network file could not be fetched", { cause: error });
  }
  if (answer.status !== 200) throw new LocalError("fetch_failed", `the network file's server answers ${answer.status}`);
  return parseNetwork(answer.text, options);
}
