// viem as pages and bots use it: viem.mjs <rpc url> <private key>
import { createPublicClient, createWalletClient, defineChain, getAddress, http, keccak256, nonceManager, parseAbi, parseEther } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { ABI, BYTECODE, RUNTIME, TEXT } from "./contract.mjs";
import { BEFORE, amongOthers, check, counted, done, fails, fees, listening, result, shuffled, until } from "./lib.mjs";

const [url, key] = process.argv.slice(2);
const abi = parseAbi(ABI);
const id = Number(await result(url, "eth_chainId"));
const nativeCurrency = { name: "Ether", symbol: "ETH", decimals: 18 };
const chain = defineChain({ id, name: "quorate", nativeCurrency, rpcUrls: { default: { http: [url] } } });
const asked = [];
const onFetchRequest = (_, { body }) => void asked.push(body);
const reads = createPublicClient({ chain, transport: http(url, { onFetchRequest }), pollingInterval: 50, cacheTime: 0 });
const batched = createPublicClient({ chain, transport: http(url, { batch: true }), cacheTime: 0 });
const of = (account) => createWalletClient({ chain, account, transport: http(url) });
const owner = of(privateKeyToAccount(key));
const price = await fees(url);
const mined = (hash) => reads.waitForTransactionReceipt({ hash, timeout: 30_000 });

async function account(options) {
  const wallet = of(privateKeyToAccount(generatePrivateKey(), options));
  await mined(await owner.sendTransaction({ to: wallet.account.address, value: parseEther("1") }));
  return wallet;
}
const transfer = (nonce, more = {}) => ({ to: owner.account.address, value: 1n, nonce, gas: 21_000n, ...price, ...more });
const dearer = (times) => ({ maxFeePerGas: price.maxFeePerGas * times, maxPriorityFeePerGas: price.maxPriorityFeePerGas * times });
const count = (wallet, blockTag = "latest") => reads.getTransactionCount({ address: wallet.account.address, blockTag });
/** Whether an error, or one that it comes from, has this name. */
const named = (error, name) => error.walk?.((inner) => inner.name === name) != null;

const estimated = await reads.estimateFeesPerGas();
check("fees", estimated.maxFeePerGas >= (await reads.getBlock()).baseFeePerGas);
check("history", (await reads.getFeeHistory({ blockCount: 4, rewardPercentiles: [25, 75] })).baseFeePerGas.length <= 5);

// Nonces in any order, all at once; and a nonce manager, which numbers by itself.
{
  const wallet = await account();
  const sent = await Promise.all(shuffled(16).map((nonce) => wallet.sendTransaction(transfer(nonce))));
  check("16 in any order", (await Promise.all(sent.map(mined))).every(({ status }) => status === "success"));
  check("all count", (await count(wallet)) === 16);
  const managed = await account({ nonceManager });
  const ten = await Promise.all(Array.from({ length: 10 }, () => managed.sendTransaction({ to: owner.account.address, value: 1n })));
  await Promise.all(ten.map(mined));
  check("the nonce manager's ten", (await count(managed)) === 10);
}
// Replaced, cancelled, and a replacement that pays too little.
{
  const wallet = await account();
  const replaced = await wallet.sendTransaction(transfer(1));
  const cancelled = await wallet.sendTransaction(transfer(2));
  const cheap = await fails("underpriced", () => wallet.sendTransaction(transfer(1, { value: 2n })));
  check("underpriced is named", cheap.details.includes("replacement transaction underpriced"));
  const found = [];
  const waits = [replaced, cancelled].map((hash) =>
    reads.waitForTransactionReceipt({ hash, timeout: 30_000, onReplaced: ({ reason, transaction }) => found.push([reason, transaction.hash]) }),
  );
  // It has to have seen them before they are replaced, and looks when it hears of a block.
  const seen = (hash) => asked.some((body) => body.includes("eth_getTransactionByHash") && body.includes(hash));
  const another = () => owner.sendTransaction({ to: owner.account.address, value: 1n });
  await amongOthers([until("it has asked for both", () => seen(replaced) && seen(cancelled))], another);
  await new Promise((wake) => setTimeout(wake, 300));
  const instead = await wallet.sendTransaction(transfer(1, { ...dearer(2n), value: 3n }));
  const cancel = await wallet.sendTransaction(transfer(2, { to: wallet.account.address, value: 0n, ...dearer(2n) }));
  await wallet.sendTransaction(transfer(0));
  await amongOthers(waits, another);
  const reasons = Object.fromEntries(found.map(([reason, hash]) => [hash, reason]));
  check("both are named", reasons[instead] === "replaced" && reasons[cancel] === "cancelled");
}
// 200 that were signed before, and sent as batches.
{
  const wallet = await account();
  const sign = (_, nonce) => wallet.account.signTransaction({ ...transfer(nonce), chainId: id, type: "eip1559" });
  const raw = await Promise.all(Array.from({ length: 200 }, sign));
  const hashes = await Promise.all(raw.map((serializedTransaction) => batched.sendRawTransaction({ serializedTransaction })));
  check("200 are named by their hashes", hashes.every((hash, at) => hash === keccak256(raw[at])));
  await until("200 count", async () => (await count(wallet)) === 200);
  const receipts = await Promise.all(hashes.map((hash) => batched.getTransactionReceipt({ hash })));
  check("none is lost", receipts.every(({ status }) => status === "success"));
  check("nothing waits", (await count(wallet, "pending")) === 200);
}
// Events: live, and again from the past.
const wallet = await account();
const { contractAddress: address } = await mined(await wallet.deployContract({ abi, bytecode: BYTECODE }));
check("code", (await reads.getCode({ address })) === RUNTIME);
{
  const heard = [];
  const blocks = [];
  const stops = [
    reads.watchContractEvent({ address, abi, eventName: "Set", onLogs: (logs) => heard.push(...logs.map(({ args }) => args.value)) }),
    reads.watchBlocks({ emitMissed: true, onBlock: ({ number }) => blocks.push(number) }),
  ];
  await listening(async () => mined(await wallet.writeContract({ address, abi, functionName: "set", args: [BigInt(BEFORE)] })), heard, blocks);
  const nonce = await count(wallet);
  const set = (value, at) => wallet.writeContract({ address, abi, functionName: "set", args: [value], nonce: nonce + at, gas: 100_000n, ...price });
  const values = Array.from({ length: 20 }, (_, at) => BigInt(at));
  const hashes = await Promise.all(values.map(set));
  await until("20 events are heard", () => counted(heard).length === 20);
  check("in their order", counted(heard).join() === values.join());
  const last = (await mined(hashes[19])).blockNumber;
  await until("the last block is heard", () => blocks.includes(last));
  check("no block is left out", blocks.every((number, at) => at === 0 || number === blocks[at - 1] + 1n));
  stops.forEach((stop) => stop());
  const old = await reads.getContractEvents({ address, abi, eventName: "Set", args: { by: wallet.account.address }, fromBlock: 0n });
  check("20 events of the past", counted(old.map(({ args }) => args.value)).join() === values.join());
  const filter = await reads.createContractEventFilter({ address, abi, eventName: "Set", fromBlock: 0n });
  check("a filter's logs", (await reads.getFilterLogs({ filter })).length === old.length);
  check("and its changes", (await reads.getFilterChanges({ filter })).length === old.length);
  check("it is taken away", await reads.uninstallFilter({ filter }));
}
// Why a call fails, by a call, an estimate and a transaction.
for (const [functionName, right] of [
  ["failText", ({ reason }) => reason === TEXT],
  ["failPanic", ({ data }) => data.errorName === "Panic" && data.args[0] === 0x11n],
  ["failCustom", ({ data }) => data.errorName === "Refused" && data.args[1] === 7n],
  ["failEmpty", ({ data }) => data === undefined],
]) {
  const request = { address, abi, functionName, account: wallet.account };
  const called = await fails(`${functionName} called`, () => reads.simulateContract(request));
  const reverted = called.walk((inner) => inner.name === "ContractFunctionRevertedError");
  check(`${functionName} by a call: ${called.message}`, reverted !== null && right(reverted));
  const tried = await fails(`${functionName} estimated`, () => reads.estimateContractGas(request));
  check(`${functionName} by an estimate: ${tried.message}`, named(tried, "ContractFunctionRevertedError") || named(tried, "ExecutionRevertedError"));
  const hash = await wallet.writeContract({ address, abi, functionName, gas: 100_000n });
  check(`${functionName} in a block`, (await mined(hash)).status === "reverted");
}
// Refusals have the names of viem.
{
  const poor = of(privateKeyToAccount(generatePrivateKey()));
  const raw = await wallet.account.signTransaction({ ...transfer(0), chainId: 1, type: "eip1559" });
  for (const [name, act] of [
    ["InsufficientFundsError", () => poor.sendTransaction(transfer(0))],
    ["NonceTooLowError", () => wallet.sendTransaction(transfer(0, { value: 5n }))],
    ["IntrinsicGasTooLowError", () => wallet.sendTransaction(transfer(undefined, { gas: 20_000n }))],
    ["IntrinsicGasTooHighError", () => wallet.sendTransaction(transfer(undefined, { gas: 40_000_000n }))],
    ["InvalidInputRpcError", () => reads.sendRawTransaction({ serializedTransaction: raw })],
    ["MethodNotFoundRpcError", () => reads.request({ method: "evm_mine", params: [] })],
    ["InvalidParamsRpcError", () => reads.request({ method: "eth_getBalance", params: ["0x12"] })],
  ]) {
    const error = await fails(name, act);
    check(`${name}: ${error.message}`, named(error, name));
  }
}
// What only newer libraries ask.
{
  const request = await wallet.prepareTransactionRequest({ to: owner.account.address, value: 1n });
  check("a request is filled in", request.gas === 21_000n && request.nonce === (await count(wallet)));
  const serializedTransaction = await wallet.signTransaction(request);
  check("sent and mined at once", (await wallet.sendRawTransactionSync({ serializedTransaction })).status === "success");
  const { accessList } = await reads.createAccessList({ to: address, data: "0x6d4ce63c" });
  check("access list", accessList.every((item) => getAddress(item.address) === getAddress(address)));
  const stateOverride = [{ address: poorAddress(), code: RUNTIME, stateDiff: [{ slot: `0x${"00".repeat(32)}`, value: `0x${"00".repeat(31)}2a` }] }];
  const read = await reads.readContract({ address: poorAddress(), abi, functionName: "get", stateOverride });
  check("state override", read === 42n);
  const message = "hello";
  const signature = await wallet.signMessage({ message });
  check("a signature is judged on the chain", await reads.verifyMessage({ address: wallet.account.address, message, signature }));
  const blocks = await Promise.all(Array.from({ length: 20 }, (_, number) => batched.getBlock({ blockNumber: BigInt(number) })));
  check("20 blocks in a batch", blocks.every(({ number }, at) => number === BigInt(at)));
}
function poorAddress() {
  return `0x${"77".repeat(20)}`;
}
done("viem");
process.exit(0);
