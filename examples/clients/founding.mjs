// How a client after docs/http.md believes a network file: who has approved it, and whose endpoints it names.
import { ed25519 } from "@noble/curves/ed25519.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { approvalDigest, endpointDigest, foundingSalt, hex, networkId } from "./encoding.mjs";

const digits = (bytes) => Buffer.from(bytes).toString("hex");
const signedBy = (key, signature, hash) => ed25519.verify(hex(signature), hash, hex(key), { zip215: false });

/** Throws unless all operators have approved a file of version 5, and its endpoints are signed by their nodes. */
export function checkFounding(file) {
  const { version, nodes, endpoints, approvals = [], founding } = file, id = digits(networkId(file));
  // Earlier files have neither: whoever hands one out is trusted for all of it.
  if (version === 4) return;
  if (approvals.length > nodes.length) throw new Error("more approvals than nodes");
  for (const [place, { statement_key: key, chain_address: address }] of nodes.entries()) {
    const node = place + 1, must = (holds, what) => { if (!holds) throw new Error(`node ${node} (${founding.operators[place]}): ${what}`); };
    const { http, word: said } = endpoints[place] ?? {}, { word, vote } = approvals[place] ?? {};
    must(said?.number >= 1 && signedBy(key, said.signature, endpointDigest(key, endpoints[place])), `endpoint ${http}`);
    must(word?.node === node, "no approval");
    if (word.body.network !== id) throw new Error(`wrong_network: node ${node} (${founding.operators[place]}) has approved ${word.body.network}`);
    must(signedBy(key, word.signature, approvalDigest(node, id)), "approval");
    must(voter(voteDigest(file), hex(vote)) === address, "vote");
  }
}

/** The account that has signed a digest by r ‖ s ‖ v. */
function voter(digest, vote) {
  const signature = Buffer.concat([Buffer.from([vote[64] - 27]), vote.subarray(0, 64)]);
  if (vote[64] !== 27 && vote[64] !== 28) return null;
  if (secp256k1.Signature.fromBytes(signature, "recovered").hasHighS()) return null;
  const key = secp256k1.Point.fromBytes(secp256k1.recoverPublicKey(signature, digest, { prehash: false })).toBytes(false);
  return `0x${digits(keccak_256(key.subarray(1)).subarray(12))}`;
}

const keccak = (...parts) => Buffer.from(keccak_256(Buffer.concat(parts.map((part) => Buffer.from(part)))));
const hashes = (...texts) => texts.map((text) => keccak(text));
const word = (bytes) => Buffer.concat([Buffer.alloc(32 - bytes.length), bytes]);
const number = (value) => hex(BigInt(value).toString(16).padStart(64, "0"));
const CHANGE = "Change(string name,uint64 version,bytes value)";

/** What the nodes' accounts sign for the Directory's first values. */
export function voteDigest(file) {
  const { chain, contracts, founding } = file;
  const domain = keccak(
    ...hashes("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)", "Quorate", "1"),
    number(chain.id), word(hex(contracts.directory.address)), foundingSalt(file),
  );
  const changes = founding.values.map(({ name, value }) => keccak(...hashes(CHANGE, name), number(1), keccak(value)));
  return keccak("\x19\x01", domain, keccak(...hashes(`Changes(Change[] changes)${CHANGE}`), keccak(...changes)));
}
