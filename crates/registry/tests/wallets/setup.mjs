// The same past on both chains: the same signed transactions, one after the other, so that numbers, nonces, addresses,
// gas and transactions' hashes are equal and only what a chain adds of its own differs.
import { concat, encodeRlp, keccak256, toBeArray, Transaction, Wallet, ZeroAddress } from "ethers";
import { BYTECODE, face } from "./contract.mjs";
import { ask, result, until } from "./lib.mjs";

const GWEI = 1_000_000_000n;
/** Enough for every base fee that these few blocks can have. */
const PRICE = { maxFeePerGas: 4n * GWEI, maxPriorityFeePerGas: GWEI };
/** Nobody sends from it, so that its balance is what was sent to it. */
const SAVER = "0x00000000000000000000000000000000005a7e12";
const FAILURES = ["failText", "failPanic", "failCustom", "failEmpty", "failInvalid", "failGas"];

export const alice = new Wallet(`0x${"a1".repeat(32)}`);
/** Has nothing. */
export const poor = new Wallet(`0x${"b0".repeat(32)}`);

/** Signs as asked for, whether it makes sense or not. */
export async function sign(wallet, chainId, fields) {
  const { type = 2, ...rest } = fields;
  const price = type >= 2 ? PRICE : { gasPrice: PRICE.maxFeePerGas };
  return wallet.signTransaction({ chainId, type, gasLimit: 100_000, to: SAVER, ...price, ...rest });
}

/** A type 2 transaction whose tip is above its cap, which no library signs. */
export function signTipAboveCap(wallet, chainId, nonce) {
  const fields = [chainId, nonce, 5n * GWEI, 4n * GWEI, 21_000, SAVER, 0, "0x", []];
  const encoded = fields.map((field) => (["bigint", "number"].includes(typeof field) ? toBeArray(field) : field));
  const { yParity, r, s } = wallet.signingKey.sign(keccak256(concat(["0x02", encodeRlp(encoded)])));
  return concat(["0x02", encodeRlp([...encoded, toBeArray(yParity), toBeArray(r), toBeArray(s)])]);
}

async function send(url, raw) {
  const hash = Transaction.from(raw).hash;
  const sent = await result(url, "eth_sendRawTransaction", [raw]);
  if (sent !== hash) throw new Error(`${url} names ${hash} ${sent}`);
  // One block each, on both chains.
  await until(`${hash} is in a block`, async () => (await result(url, "eth_getTransactionReceipt", [hash])) !== null);
  return hash;
}

/** Makes the past on one chain, and returns what requests name of it. */
export async function past(url, ownerKey) {
  const chainId = Number(await result(url, "eth_chainId"));
  const owner = new Wallet(ownerKey);
  const ownerNonce = Number(await result(url, "eth_getTransactionCount", [owner.address, "latest"]));
  await send(url, await sign(owner, chainId, { nonce: ownerNonce, to: alice.address, value: 10n ** 19n }));
  let nonce = 0;
  const of = async (fields) => {
    const hash = await send(url, await sign(alice, chainId, { nonce, ...fields }));
    nonce += 1;
    return hash;
  };
  const hashes = {};
  hashes.deploy = await of({ to: null, data: BYTECODE, gasLimit: 1_000_000 });
  const contract = (await result(url, "eth_getTransactionReceipt", [hashes.deploy])).contractAddress;
  const set = (value) => face.encodeFunctionData("set", [value]);
  hashes.set = await of({ to: contract, data: set(5) });
  hashes.legacy = await of({ to: contract, data: set(6), type: 0 });
  const accessList = [{ address: contract, storageKeys: [`0x${"00".repeat(32)}`] }];
  hashes.listed = await of({ to: contract, data: set(7), type: 1, accessList });
  for (const name of FAILURES) hashes[name] = await of({ to: contract, data: face.encodeFunctionData(name) });
  hashes.plain = await of({ value: 1n, gasLimit: 21_000 });
  const receipt = await result(url, "eth_getTransactionReceipt", [hashes.set]);
  return {
    url,
    chainId,
    contract,
    hashes,
    saver: SAVER,
    alice: alice.address,
    nobody: poor.address,
    zero: ZeroAddress,
    nonce,
    block: receipt.blockNumber,
    blockHash: receipt.blockHash,
    head: await result(url, "eth_blockNumber"),
    genesisHash: (await result(url, "eth_getBlockByNumber", ["0x0", false])).hash,
    /** A filter of each kind, asked before anything else happens. */
    filters: {
      logs: await result(url, "eth_newFilter", [{ fromBlock: "0x0", address: contract }]),
      blocks: await result(url, "eth_newBlockFilter"),
    },
    accounts: (await ask(url, "eth_accounts")).result,
  };
}
