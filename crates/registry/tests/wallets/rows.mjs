// What wallets and tools ask: one row each, for both chains and for the table in docs/chain.md.
import { face } from "./contract.mjs";
import { alice, poor, sign, signTipAboveCap } from "./setup.mjs";

/** Equal answers; members of a chain's own, hashes of blocks and fees for instance, are compared by form. */
const same = (note = "", but = []) => ({ kind: "same", note, but });
/** The same members, with values of the same form. */
const shape = (note = "", but = []) => ({ kind: "shape", note, but });
/** Errors of the same code, with the same words in both. */
const code = (number, words, note = "") => ({ kind: "code", code: number, words, note });
/** On purpose unlike the other chain. An error of ours has this code and these words; theirs has those of `theirs`. */
const ours = (note, { code, words, result, theirs }) => ({ kind: "ours", note, code, words, result, theirs });

const NO_METHOD = -32601;
/** There on anvil, and not here. */
const absent = (note, words = "does not exist") => ours(note, { code: NO_METHOD, words });
/** Not there on either. */
const unknown = (note = "") => code(NO_METHOD, "", note);
const call = (name, values) => face.encodeFunctionData(name, values);
const to = (p, name, values = []) => ({ from: p.alice, to: p.contract, data: call(name, values) });
const quantity = (number) => `0x${number.toString(16)}`;
/** A transaction of alice, so many nonces after the next. */
const tx = (p, fields, after = 0) => sign(alice, p.chainId, { nonce: p.nonce + after, ...fields });

const GETH = "code of go-ethereum";
const NO_KEYS = "the chain holds no keys";
const TEST_ONLY = "nobody changes time or state here";
const NO_TRACES = "no traces are kept";
/** What anvil adds to every receipt; one of them is a number there, and no quantity. */
const ANVIL_ONLY = ["blobGasPrice", "blockTimestamp"];
/** What old tools read, and anvil has no more; what only headers of the Prague fork have. */
const HEADER = ["totalDifficulty"];

const metamask = [
  ["eth_chainId", "", () => [], same()],
  ["net_version", "", () => [], same()],
  ["eth_blockNumber", "", () => [], same()],
  ["eth_getBlockByNumber", "by number", (p) => [p.block, false], same("", HEADER)],
  ["eth_getBlockByNumber", "the newest", () => ["latest", false], same("", HEADER)],
  ["eth_getBalance", "newest block", (p) => [p.saver, "latest"], same()],
  ["eth_getBalance", "older block", (p) => [p.saver, p.block], same()],
  ["eth_gasPrice", "", () => [], shape()],
  ["eth_maxPriorityFeePerGas", "", () => [], shape()],
  ["eth_feeHistory", "5 blocks, percentiles 10, 20, 30", () => ["0x5", "latest", [10, 20, 30]], shape()],
  ["eth_feeHistory", "a number as count, no percentiles", () => [4, "latest", []], shape("without `reward`, as go-ethereum", ["reward"])],
  ["eth_getCode", "of an account", (p) => [p.alice, "latest"], same()],
  ["eth_getCode", "of a contract", (p) => [p.contract, "latest"], same()],
  ["eth_call", "supportsInterface of a contract without it", (p) => [{ to: p.contract, data: `0x01ffc9a780ac58cd${"00".repeat(28)}` }, p.head], same()],
  ["eth_call", "of an address without code", (p) => [{ to: p.nobody, data: "0x06fdde03" }, "latest"], same()],
  ["eth_estimateGas", "a transfer", (p) => [{ from: p.alice, to: p.saver, value: "0x1" }], same()],
  ["eth_estimateGas", "a call", (p) => [{ from: p.alice, to: p.contract, value: "0x0", data: call("set", [9]) }], shape("bisection ends within 0.3 %")],
  ["eth_getTransactionCount", "pending", (p) => [p.alice, "pending"], same()],
  ["eth_getTransactionCount", "older block", (p) => [p.alice, p.block], same()],
  ["eth_sendRawTransaction", "type 2", async (p) => [await tx(p, { value: 2n })], same()],
  ["eth_getTransactionReceipt", "type 2, with a log", (p) => [p.hashes.set], same("", ANVIL_ONLY)],
  ["eth_getTransactionReceipt", "unknown hash", (p) => [p.genesisHash], same()],
  ["eth_getTransactionByHash", "type 2", (p) => [p.hashes.set], same()],
  ["eth_getTransactionByHash", "unknown hash", (p) => [p.genesisHash], same()],
  ["eth_getBlockByHash", "without transactions", (p) => [p.blockHash, false], same("", HEADER)],
  ["eth_accounts", "", () => [], ours(NO_KEYS, { result: [] })],
];

const cast = [
  ["web3_clientVersion", "", () => [], shape()],
  ["eth_syncing", "", () => [], same()],
  ["web3_sha3", "", () => ["0x68656c6c6f"], same()],
  ["eth_call", "a view", (p) => [to(p, "get"), "latest"], same()],
  ["eth_call", "at an older block", (p) => [to(p, "get"), p.block], same()],
  ["eth_call", "at a block by its hash", (p) => [to(p, "get"), { blockHash: p.blockHash }], same()],
  ["eth_call", "`input` in place of `data`", (p) => [{ to: p.contract, input: call("get") }], same()],
  ["eth_call", "state override", (p) => [to(p, "get"), "latest", { [p.contract]: { stateDiff: { [`0x${"00".repeat(32)}`]: `0x${"00".repeat(31)}2a` } } }], same()],
  ["eth_call", "creation", () => [{ data: "0x602a5f5260205ff3" }, "latest"], same()],
  ["eth_getStorageAt", "slot as a word", (p) => [p.contract, `0x${"00".repeat(32)}`, "latest"], same()],
  ["eth_getStorageAt", "slot as a quantity", (p) => [p.contract, "0x0", p.block], same()],
  ["eth_getProof", "account and slot at the head", (p) => [p.contract, [`0x${"00".repeat(32)}`], "latest"], same("as EIP-1186", ["accountProof"])],
  ["eth_createAccessList", "a call that writes", (p) => [to(p, "set", [8]), "latest"], shape()],
  ["eth_getLogs", "by range, address and topic", (p) => [{ fromBlock: "0x0", toBlock: "latest", address: p.contract, topics: [face.getEvent("Set").topicHash] }], same()],
  ["eth_getLogs", "by the block's hash", (p) => [{ blockHash: p.blockHash }], same()],
  ["eth_getLogs", "alternatives, places left open", (p) => [{ fromBlock: "earliest", address: [p.contract, p.nobody], topics: [[face.getEvent("Set").topicHash], null] }], same()],
  ["eth_getLogs", "nothing fits", (p) => [{ fromBlock: "0x0", address: p.nobody }], same()],
  ["eth_getBlockByNumber", "finalized", () => ["finalized", false], shape("here the newest block is final", [...HEADER, "transactions"])],
  ["eth_getBlockByNumber", "safe", () => ["safe", false], shape("as final", [...HEADER, "transactions"])],
  ["eth_getBlockByNumber", "pending", () => ["pending", false], shape("the newest block", [...HEADER, "transactions"])],
  ["eth_getBlockByNumber", "earliest", () => ["earliest", false], shape("", [...HEADER, "extraData"])],
  ["eth_getRawTransactionByHash", "", (p) => [p.hashes.set], same()],
  ["eth_getTransactionByHash", "type 0", (p) => [p.hashes.legacy], same()],
  ["eth_getTransactionByHash", "type 1", (p) => [p.hashes.listed], same()],
  ["eth_getTransactionReceipt", "creation", (p) => [p.hashes.deploy], same("", ANVIL_ONLY)],
  ["eth_sendRawTransactionSync", "answers with the receipt", async (p) => [await tx(p, { value: 3n }, 1)], shape("", ANVIL_ONLY)],
  ["eth_getTransactionBySenderAndNonce", "", (p) => [p.alice, "0x0"], absent("no index by nonce is kept")],
];

const libraries = [
  ["eth_feeHistory", "hardhat: one block and its median", () => ["0x1", "latest", [50]], shape()],
  ["eth_feeHistory", "cast: ten blocks", () => ["0xa", "latest", [20.0]], shape()],
  ["eth_blobBaseFee", "", () => [], same()],
  ["net_listening", "", () => [], same()],
  ["net_peerCount", "", () => [], ours("there are no peers", { result: "0x0" })],
  ["eth_getBlockByNumber", "with transactions", (p) => [p.block, true], same("", HEADER)],
  ["eth_getBlockByNumber", "not there yet", () => ["0xffffff", false], same()],
  ["eth_getFilterChanges", "logs", (p) => [p.filters.logs], same()],
  ["eth_getFilterChanges", "blocks", (p) => [p.filters.blocks], shape()],
  ["eth_getFilterLogs", "", (p) => [p.filters.logs], same()],
  ["eth_newFilter", "", () => [{}], shape("an id that nobody guesses")],
  ["eth_newPendingTransactionFilter", "", () => [], shape("hears of a transaction in its block")],
  ["eth_uninstallFilter", "", (p) => [p.filters.logs], same()],
  ["eth_uninstallFilter", "again", (p) => [p.filters.logs], same()],
  ["eth_getFilterChanges", "gone", (p) => [p.filters.logs], code(-32000, "filter not found")],
  ["eth_simulateV1", "", (p) => [{ blockStateCalls: [{ calls: [to(p, "get")] }] }, "latest"], absent("`eth_call` takes overrides")],
  ["eth_fillTransaction", "viem tries it first", (p) => [{ from: p.alice, to: p.saver }], absent("libraries fill in by themselves")],
  ["wallet_getCapabilities", "", (p) => [p.alice], unknown("a wallet's method")],
  ["wallet_sendCalls", "", () => [{}], unknown("a wallet's method")],
  ["eth_sendTransaction", "", (p) => [{ from: p.nobody, to: p.saver }], absent(NO_KEYS, "holds no keys")],
  ["eth_signTransaction", "", (p) => [{ from: p.nobody, to: p.saver }], absent(NO_KEYS, "holds no keys")],
  ["eth_sign", "", (p) => [p.nobody, "0x00"], absent(NO_KEYS, "holds no keys")],
  ["personal_sign", "", (p) => ["0x00", p.nobody], absent(NO_KEYS, "holds no keys")],
  ["eth_signTypedData_v4", "", (p) => [p.nobody, {}], absent(NO_KEYS, "holds no keys")],
];

const SET = () => face.getEvent("Set").topicHash;
/** Asked on a WebSocket; with a transaction, what is compared is what the subscription tells of its block. */
const sockets = [
  ["eth_subscribe", "by HTTP", () => ["newHeads"], code(NO_METHOD, "", "a WebSocket is needed")],
  ["eth_chainId", "", () => [], same(), { socket: true }],
  ["eth_subscribe", "`newHeads`", () => ["newHeads"], shape(), { socket: true }],
  ["eth_subscribe", "`newHeads`: what is told", () => ["newHeads"], shape("a header only, as go-ethereum", [...HEADER, "size", "transactions", "uncles", "withdrawals"]), { socket: true, tx: (p) => tx(p, { value: 4n }, 2) }],
  ["eth_subscribe", "`logs`", (p) => ["logs", { address: p.contract }], shape(), { socket: true }],
  ["eth_subscribe", "`logs`: what is told", (p) => ["logs", { address: p.contract, topics: [SET()] }], same(), { socket: true, tx: (p) => tx(p, { to: p.contract, data: call("set", [8]) }, 3) }],
  ["eth_subscribe", "`newPendingTransactions`", () => ["newPendingTransactions"], shape("hears of a transaction in its block"), { socket: true }],
  ["eth_subscribe", "`logs` of everything", () => ["logs"], shape(), { socket: true }],
  ["eth_subscribe", "`syncing`", () => ["syncing"], ours("it never is", { code: NO_METHOD, words: "no \"syncing\" subscription" }), { socket: true }],
  ["eth_subscribe", "of another kind", () => ["everything"], ours(GETH, { code: NO_METHOD, words: "no \"everything\" subscription" }), { socket: true }],
  ["eth_unsubscribe", "unknown", () => [`0x${"11".repeat(16)}`], same(), { socket: true }],
  ["eth_noSuchMethod", "", () => [], absent("the code is as by HTTP"), { socket: true }],
];

const explorers = [
  ["eth_getBlockReceipts", "by number", (p) => [p.block], same("", ANVIL_ONLY)],
  ["eth_getBlockReceipts", "by hash", (p) => [p.blockHash], same("", ANVIL_ONLY)],
  ["eth_getBlockReceipts", "not there yet", () => ["0xffffff"], same()],
  ["eth_getBlockTransactionCountByNumber", "", (p) => [p.block], same()],
  ["eth_getBlockTransactionCountByHash", "", (p) => [p.blockHash], same()],
  ["eth_getTransactionByBlockNumberAndIndex", "", (p) => [p.block, "0x0"], same()],
  ["eth_getTransactionByBlockHashAndIndex", "", (p) => [p.blockHash, "0x0"], same()],
  ["eth_getTransactionByBlockHashAndIndex", "past the last", (p) => [p.blockHash, "0x1"], same()],
  ["eth_getUncleCountByBlockNumber", "", (p) => [p.block], same()],
  ["eth_getUncleCountByBlockHash", "", (p) => [p.blockHash], same()],
  ["eth_getUncleByBlockNumberAndIndex", "", (p) => [p.block, "0x0"], same()],
  ["eth_getUncleByBlockHashAndIndex", "", (p) => [p.blockHash, "0x0"], same()],
  ["txpool_status", "nothing waits", () => [], same()],
  ["txpool_content", "", () => [], absent("only numbers of what waits are told")],
  ["txpool_inspect", "", () => [], absent("only numbers of what waits are told")],
  ["debug_traceTransaction", "", (p) => [p.hashes.set], absent(NO_TRACES)],
  ["debug_traceCall", "", (p) => [to(p, "get"), "latest"], absent(NO_TRACES)],
  ["debug_traceBlockByNumber", "", (p) => [p.block], absent(NO_TRACES)],
  ["trace_block", "", (p) => [p.block], absent(NO_TRACES)],
  ["trace_transaction", "", (p) => [p.hashes.set], absent(NO_TRACES)],
  ["ots_getApiLevel", "", () => [], absent("not an Otterscan node")],
  ["eth_mining", "", () => [], unknown("nobody mines")],
  ["eth_hashrate", "", () => [], absent("nobody mines")],
  ["erigon_getHeaderByNumber", "", (p) => [p.block], absent("not an Erigon node")],
];

const failures = [
  ...["eth_call", "eth_estimateGas"].flatMap((method) => [
    [method, "`Error(string)`", (p) => [to(p, "failText"), "latest"], same()],
    [method, "`Panic(uint256)`", (p) => [to(p, "failPanic"), "latest"], same()],
    [method, "custom error", (p) => [to(p, "failCustom"), "latest"], code(3, "execution reverted: custom error 0xc246547f", "with the same data; anvil appends raw bytes")],
    [method, "revert without data", (p) => [to(p, "failEmpty"), "latest"], same()],
    [method, "invalid instruction", (p) => [to(p, "failInvalid"), "latest"], ours(GETH, { code: -32000, words: "invalid opcode" })],
  ]),
  ["eth_call", "endless loop", (p) => [to(p, "failGas"), "latest"], ours(GETH, { code: -32000, words: "out of gas" })],
  ["eth_estimateGas", "endless loop", (p) => [to(p, "failGas"), "latest"], ours(GETH, { code: -32000, words: "gas required exceeds allowance", theirs: "gas required exceeds allowance" })],
  ...["failText", "failPanic", "failCustom", "failEmpty", "failInvalid", "failGas"].map((name) => [
    "eth_getTransactionReceipt",
    `a block has the transaction of \`${name}\``,
    (p) => [p.hashes[name]],
    same("", ANVIL_ONLY),
  ]),
];

const refusals = [
  ["eth_sendRawTransaction", "nonce used", (p) => tx(p, { value: 9n }, -1).then((raw) => [raw]), ours(GETH, { code: -32000, words: "nonce too low", theirs: "nonce too low" })],
  ["eth_sendRawTransaction", "known already", (p) => tx(p, { value: 1n, gasLimit: 21_000 }, -1).then((raw) => [raw]), ours("tells a second sending from a used nonce", { code: -32000, words: "already known" })],
  ["eth_sendRawTransaction", "no money", (p) => sign(poor, p.chainId, { nonce: 0 }).then((raw) => [raw]), ours(GETH, { code: -32000, words: "insufficient funds for gas * price + value", theirs: "insufficient funds for gas * price + value" })],
  ["eth_sendRawTransaction", "less gas than a transfer", (p) => tx(p, { gasLimit: 20_000 }, 4).then((raw) => [raw]), code(-32000, "intrinsic gas too low")],
  ["eth_sendRawTransaction", "less gas than its data", (p) => tx(p, { gasLimit: 21_000, data: `0x${"ff".repeat(100)}` }, 4).then((raw) => [raw]), ours("anvil takes it, and drops it", { code: -32000, words: "intrinsic gas too low" })],
  ["eth_sendRawTransaction", "more gas than a block", (p) => tx(p, { gasLimit: 30_000_001 }, 4).then((raw) => [raw]), code(-32000, "intrinsic gas too high")],
  ["eth_sendRawTransaction", "tip above the cap", (p) => [signTipAboveCap(alice, p.chainId, p.nonce + 4)], ours(GETH, { code: -32000, words: "max priority fee per gas higher than max fee per gas", theirs: "max priority fee per gas higher than max fee per gas" })],
  ["eth_sendRawTransaction", "cap below the base fee", (p) => tx(p, { maxFeePerGas: 1n, maxPriorityFeePerGas: 0n }, 4).then((raw) => [raw]), ours(GETH, { code: -32000, words: "max fee per gas less than block base fee", theirs: "max fee per gas less than block base fee" })],
  ["eth_sendRawTransaction", "of another chain", (p) => tx({ ...p, chainId: 1 }, {}, 4).then((raw) => [raw]), ours(GETH, { code: -32000, words: "invalid chain id", theirs: "invalid chain id" })],
  ["eth_sendRawTransaction", "type 3", (p) => tx(p, { type: 3, maxFeePerBlobGas: 1n, blobVersionedHashes: [`0x01${"00".repeat(31)}`] }, 4).then((raw) => [raw]), ours("no blobs here", { code: -32000, words: "transaction type not supported" })],
  ["eth_sendRawTransaction", "type 4", async (p) => [await tx(p, { type: 4, authorizationList: [await alice.authorize({ address: p.contract, chainId: p.chainId, nonce: p.nonce + 5 })] }, 4)], ours("no delegations here", { code: -32000, words: "transaction type not supported" })],
  ["eth_sendRawTransaction", "undecodable", () => ["0xdeadbeef"], ours(GETH, { code: -32000, words: "malformed" })],
  ["eth_sendRawTransaction", "no bytes", () => ["0x"], ours(GETH, { code: -32000, words: "malformed" })],
  ["eth_sendRawTransaction", "no hexadecimal", () => ["hello"], code(-32602, "")],
  ["eth_getBalance", "no address", () => [], code(-32602, "")],
  ["eth_getBalance", "no such address", () => ["0x12", "latest"], code(-32602, "")],
  ["eth_getBalance", "no such tag", (p) => [p.alice, "newest"], code(-32602, "")],
  ["eth_getBalance", "a block that is not there", (p) => [p.alice, "0xffffff"], ours(GETH, { code: -32000, words: "header not found" })],
  ["eth_call", "a block that is not there", (p) => [to(p, "get"), "0xffffff"], ours(GETH, { code: -32000, words: "header not found" })],
  ["eth_call", "`input` and `data` differ", (p) => [{ to: p.contract, data: "0x01", input: "0x02" }], ours("as go-ethereum refuses", { code: -32602, words: "input and data differ" })],
  ["eth_getLogs", "a hash beside a range", (p) => [{ blockHash: p.blockHash, fromBlock: "0x0" }], code(-32602, "")],
  ["eth_getLogs", "from after to", () => [{ fromBlock: "0x2", toBlock: "0x1" }], ours("as go-ethereum refuses", { code: -32602, words: "invalid block range" })],
  ["eth_feeHistory", "a block that is not there", () => ["0x1", "0xffffff", []], ours(GETH, { code: -32000, words: "request beyond head block" })],
  ["eth_feeHistory", "percentiles fall", () => ["0x1", "latest", [50, 10]], ours(GETH, { code: -32000, words: "invalid reward percentile" })],
  ["eth_chainId", "a parameter too many", () => [1], code(-32602, "")],
  ["eth_noSuchMethod", "", () => [], unknown()],
];

const hardhat = [
  ["hardhat_metadata", "", () => [], absent(TEST_ONLY)],
  ["hardhat_getAutomine", "", () => [], absent(TEST_ONLY)],
  ["hardhat_setBalance", "", (p) => [p.nobody, "0x0"], absent(TEST_ONLY)],
  ["hardhat_setCode", "", (p) => [p.nobody, "0x"], absent(TEST_ONLY)],
  ["hardhat_setNonce", "", (p) => [p.nobody, "0x0"], absent(TEST_ONLY)],
  ["hardhat_setStorageAt", "", (p) => [p.nobody, "0x0", `0x${"00".repeat(32)}`], absent(TEST_ONLY)],
  ["hardhat_impersonateAccount", "", (p) => [p.nobody], absent(TEST_ONLY)],
  ["hardhat_stopImpersonatingAccount", "", (p) => [p.nobody], absent(TEST_ONLY)],
  ["anvil_nodeInfo", "", () => [], absent(TEST_ONLY)],
  ["evm_snapshot", "", () => [], absent(TEST_ONLY)],
  ["evm_revert", "", () => ["0x0"], absent(TEST_ONLY)],
  ["evm_setAutomine", "", () => [true], absent(TEST_ONLY)],
  ["evm_increaseTime", "", () => [quantity(1)], absent(TEST_ONLY)],
  ["evm_setNextBlockTimestamp", "", () => [quantity(99_999_999_999)], absent(TEST_ONLY)],
  ["hardhat_mine", "", () => ["0x1"], absent(TEST_ONLY)],
  ["evm_mine", "", () => [], absent(TEST_ONLY)],
];

/** All rows, in the order in which they are asked: what changes the other chain's time and state comes last. */
export const ROWS = [
  ["MetaMask", metamask],
  ["cast", cast],
  ["libraries", libraries],
  ["libraries, by WebSocket", sockets],
  ["explorers", explorers],
  ["all, when a call fails", failures],
  ["all, when they are refused", refusals],
  ["hardhat, foundry", hardhat],
].flatMap(([by, rows]) => rows.map(([method, what, params, expect, how = {}]) => ({ by, method, what, params, expect, how })));
