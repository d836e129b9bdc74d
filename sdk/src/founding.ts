/** What operators approve before a network is founded, and their approvals: members of a network file of version 5. */

import { keccak_256 } from "@noble/hashes/sha3.js";
import { signerOfHash } from "./account.js";
import { concat, fromHex, utf8 } from "./bytes.js";
import { FormError, type Of, address20, binary, digits, hash32, id32, list, nodeNumber, struct, text } from "./codec.js";
import { bigEndian, numberField, transcript } from "./hash.js";
import { ed25519Valid } from "./signature.js";

/** Most contracts that a founding deploys, and most values that a Directory begins with. */
const [CONTRACTS_MAX, VALUES_MAX] = [16, 16];
/** Longest name of an operator, in bytes. */
const OPERATOR_BYTES_MAX = 64;
const COMMITTEE_MAX = 32;

export const founding = struct({
  guest: hash32,
  deployer: address20,
  contracts: list(struct({ name: text(), address: address20, creation: hash32, code_hash: hash32 }), CONTRACTS_MAX),
  values: list(struct({ name: text(), value: text() }), VALUES_MAX),
  operators: list(text(OPERATOR_BYTES_MAX), COMMITTEE_MAX),
});
/** What a founding does beside choosing its members: part of the network's id. */
export type Founding = Of<typeof founding>;

const approved = struct({ network: id32 });
export const approvals = list(
  struct({ word: struct({ node: nodeNumber, body: approved, signature: digits(64, "") }), vote: digits(65, "0x") }), COMMITTEE_MAX,
);
/** What every operator has signed of the network, in the order of the nodes. */
export type Approvals = Of<typeof approvals>;

/** A node for people: its number, and its operator if there is a name of it. */
export const nameOf = (node: number, operator: string | null): string => (operator === null ? `node ${node}` : `node ${node} (${operator})`);

/** What is looked at of a network file. */
interface Founded {
  readonly chain: { readonly id: number };
  readonly contracts: { readonly [name: string]: { readonly address: string; readonly code_hash: string } };
  readonly nodes: readonly { readonly statement_key: string; readonly chain_address: string }[];
}

/** The contracts of the file, by their names in the founding. */
const PLANNED = {
  node_registry: "NodeRegistry", pubkey_router: "PubkeyRouter", pkp_permissions: "PKPPermissions", pkp_nft: "PKPNFT", directory: "Directory",
} as const;

/**
 * Checks what a founding says: an operator for every node, and that it creates the contracts that the file lists.
 *
 * @throws FormError
 */
export function checkFounding({ contracts, nodes }: Founded, { contracts: planned, values, operators }: Founding): void {
  if (operators.length !== nodes.length) throw new FormError(`${operators.length} operators for ${nodes.length} nodes`);
  for (const name of operators) {
    const plain = /^[\p{Alphabetic}\p{N} .,\-_&'()+@]+$/u.test(name) && name.trim() === name;
    if (!plain || utf8(name).length > OPERATOR_BYTES_MAX) throw new FormError(`${JSON.stringify(name)} is no name of an operator`);
  }
  if (values.length === 0) throw new FormError(`a Directory has 1 to ${VALUES_MAX} first values`);
  for (const [member, name] of Object.entries(PLANNED)) {
    const [found, listed] = [planned.find((one) => one.name === name), contracts[member]];
    if (found === undefined || found.address !== listed?.address || found.code_hash !== listed.code_hash) {
      throw new FormError(`the contract ${name} is not the one that the founding creates`);
    }
  }
}

/**
 * Checks that every operator has approved the network: with the node's statement key, and with the vote of its account for the
 * Directory's first values, which is for the founding with this salt only.
 *
 * @throws FormError with the first node, and its operator, whose approval is missing or wrong
 */
export function checkApprovals(file: Founded, terms: Founding, id: string, salt: Uint8Array, given: Approvals): void {
  const digest = voteDigest(file, terms, salt);
  const named = (node: number): string => nameOf(node, terms.operators[node - 1] ?? null);
  for (const [place, { word, vote }] of given.entries()) {
    const node = file.nodes[word.node - 1];
    if (node === undefined) throw new FormError(`an approval names node ${word.node}, and there are ${file.nodes.length} nodes`);
    const who = named(word.node);
    if (word.body.network !== id) throw new FormError(`${who} approved another proposal: ${word.body.network}, and this one is ${id}`);
    const hash = transcript("quorate/approval/v1", numberField(word.node), binary(approved, word.body));
    if (!ed25519Valid(fromHex(word.signature), hash, fromHex(node.statement_key))) {
      throw new FormError(`the approval of ${who} is not signed with its statement key`);
    }
    const bytes = fromHex(vote);
    // Contracts take 27 and 28 only.
    if (signerOfHash(digest, bytes.subarray(0, 64), (bytes[64] ?? 0) - 27) !== node.chain_address) {
      throw new FormError(`the approval of ${who} is not signed with its chain key for this founding`);
    }
    if (word.node !== place + 1) throw new FormError(`the approvals are not in the order of the nodes: ${who} is at place ${place + 1}`);
  }
  if (given.length < file.nodes.length) throw new FormError(`the approval of ${named(given.length + 1)} is missing`);
}

/** The contracts that have the salt as an argument: their code follows from it. */
const SALTED: readonly string[] = [PLANNED.pubkey_router, PLANNED.directory];
const ZEROS = `0x${"00".repeat(32)}`;

/** What the salt of a founding is a hash of: its network file, with zeros in place of what follows from the salt. */
export function unsalted<File extends Salted>(file: File): File {
  const { contracts, founding: terms } = file;
  const [router, directory] = [contracts.pubkey_router, contracts.directory].map(({ address }) => ({ address, code_hash: ZEROS }));
  const planned = terms.contracts.map((one) => (SALTED.includes(one.name) ? { ...one, creation: ZEROS, code_hash: ZEROS } : one));
  return {
    ...file, contracts: { ...contracts, pubkey_router: router, directory }, founding: { ...terms, contracts: planned },
  };
}

interface Salted {
  readonly contracts: { readonly pubkey_router: Contract; readonly directory: Contract };
  readonly founding: Founding;
}
interface Contract { readonly address: string; readonly code_hash: string }

const CHANGE_TYPE = "Change(string name,uint64 version,bytes value)";
const word = (bytes: Uint8Array): Uint8Array => concat(new Uint8Array(32 - bytes.length), bytes);
const hashOf = (...words: readonly (string | Uint8Array)[]): Uint8Array =>
  keccak_256(concat(...words.map((one) => (typeof one === "string" ? keccak_256(utf8(one)) : one))));

/** What the nodes' accounts sign to set the Directory's first values (EIP-712). */
function voteDigest({ chain, contracts }: Founded, { values }: Founding, salt: Uint8Array): Uint8Array {
  const changes = values.map(({ name, value }) => hashOf(CHANGE_TYPE, name, word(bigEndian(1, 8)), value));
  const contract = fromHex(contracts["directory"]?.address ?? "");
  const domain = hashOf(
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)", "Quorate", "1",
    word(bigEndian(chain.id, 8)), word(contract), salt,
  );
  return hashOf(Uint8Array.of(0x19, 0x01), domain, hashOf(`Changes(Change[] changes)${CHANGE_TYPE}`, hashOf(...changes)));
}
