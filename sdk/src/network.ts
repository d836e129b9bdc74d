/** The network file: all that a client trusts. */

import {
  type Codec, FormError, type Of, address20, binary, bool, hash32, id32, list, membersOf, oneOf, struct, tagged, text, u32, u64, u8,
} from "./codec.js";
import { toHex } from "./bytes.js";
import { LocalError } from "./errors.js";
import { transcript } from "./hash.js";
import { type Waiting, readText } from "./http.js";
import { parseJson } from "./json.js";

/** The version of the format. */
const VERSION = 4;
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
/** What the network id is a hash of, but for `allow_hosts`. */
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
const endpoints = list(struct({ http: text(1_024), quic: text(1_024) }), COMMITTEE_MAX);

/** `network.json`. `limits` has all limits, also where the file leaves some out. */
export type NetworkFile = Of<typeof hashed> & {
  readonly allow_hosts?: readonly string[];
  readonly endpoints: Of<typeof endpoints>;
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
  /** The address of a node, without a slash at its end. */
  endpoint(node: number): string;
  /** The key with which a node signs statements; `null` for a node that the file does not list. */
  statementKey(node: number): string | null;
}

function wrong(message: string, cause?: unknown): LocalError {
  return new LocalError("network_file", `the network file cannot be used: ${message}`, { cause });
}

/**
 * Reads the text of a network file, and computes the network's id.
 *
 * @throws LocalError `network_file` for what is none, `network_other` if the id is not `options.id`.
 */
export function parseNetwork(source: string, options: { readonly id?: string } = {}): Network {
  if (source.length > FILE_BYTES_MAX) throw wrong("it is too long");
  let file: NetworkFile;
  try {
    file = readFile(parseJson(source));
  } catch (error) {
    if (error instanceof FormError || error instanceof SyntaxError) throw wrong(error.message, error);
    throw error;
  }
  const id = toHex(networkHash(file));
  if (options.id !== undefined && options.id !== id) {
    throw new LocalError("network_other", `the network file describes the network ${id}, not ${options.id}`);
  }
  return Object.freeze({
    id,
    file,
    size: file.nodes.length,
    threshold: file.threshold,
    endpoint: (node: number) => {
      const endpoint = file.endpoints[node - 1];
      if (endpoint === undefined) throw new LocalError("argument", `the network has no node ${node}`);
      return endpoint.http.replace(/\/+$/, "");
    },
    statementKey: (node: number) => file.nodes[node - 1]?.statement_key ?? null,
  });
}

function readFile(document: unknown): NetworkFile {
  const members = membersOf(document, "file");
  const version = members.get("version");
  if (version !== VERSION) throw new FormError(`version ${String(version)} of the format is not supported, only ${VERSION}`);
  const allowed = members.get("allow_hosts");
  const places = endpoints.read(members.get("endpoints"), "file.endpoints");
  for (const name of ["allow_hosts", "endpoints"]) members.delete(name);
  if (!members.has("limits")) members.set("limits", {});
  const main = hashed.read(Object.fromEntries(members), "file");
  checkCommittee(main, places);
  const list = allowed === undefined || allowed === null ? {} : { allow_hosts: hosts.read(allowed, "file.allow_hosts") };
  return Object.freeze({ ...main, ...list, endpoints: places });
}

function checkCommittee(file: Of<typeof hashed>, places: Of<typeof endpoints>): void {
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

function networkHash(file: NetworkFile): Uint8Array {
  const { allow_hosts: allowed } = file;
  const first = binary(hashed, file);
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
