// ethers v6 as wallets, bots and pages use it: ethers6.mjs <rpc url> <private key>
import { Contract, ContractFactory, JsonRpcProvider, NonceManager, Transaction, Wallet, isError, parseEther } from "ethers";
import { ABI, BYTECODE, TEXT } from "./contract.mjs";
import { BEFORE, amongOthers, check, counted, done, fails, fees, listening, shuffled, until } from "./lib.mjs";

const [url, key] = process.argv.slice(2);
// Blocks come faster than the quarter of a second for which ethers keeps answers.
const provider = new JsonRpcProvider(url, undefined, { pollingInterval: 50, cacheTimeout: -1 });
const owner = new Wallet(key, provider);
const { chainId } = await provider.getNetwork();
const price = await fees(url);
check("fee data", (await provider.getFeeData()).gasPrice !== null);

/** An account with money of its own. */
async function account(ether = "1") {
  const wallet = Wallet.createRandom(provider);
  await (await owner.sendTransaction({ to: wallet.address, value: parseEther(ether) })).wait();
  return wallet;
}
const transfer = (nonce, more = {}) => ({ to: owner.address, value: 1n, nonce, gasLimit: 21_000n, chainId, type: 2, ...price, ...more });
const dearer = (times) => ({ maxFeePerGas: price.maxFeePerGas * times, maxPriorityFeePerGas: price.maxPriorityFeePerGas * times });

// Nonces in any order, all at once.
{
  const wallet = await account();
  const sent = await Promise.all(shuffled(16).map((nonce) => wallet.sendTransaction(transfer(nonce))));
  const mined = await Promise.all(sent.map((tx) => tx.wait()));
  check("16 in any order", mined.every((receipt) => receipt.status === 1));
  check("all count", (await wallet.getNonce("latest")) === 16);
}
// A nonce manager, which numbers by itself.
{
  const manager = new NonceManager(await account());
  const sent = await Promise.all(Array.from({ length: 10 }, () => manager.sendTransaction({ to: owner.address, value: 1n })));
  await Promise.all(sent.map((tx) => tx.wait()));
  check("the nonce manager's ten", (await provider.getTransactionCount(await manager.getAddress())) === 10);
}
// Replaced, cancelled, and a replacement that pays too little.
{
  const wallet = await account();
  const replaced = await wallet.sendTransaction(transfer(1));
  const cancelled = await wallet.sendTransaction(transfer(2));
  check("what waits is found", (await provider.getTransaction(replaced.hash)).blockNumber === null);
  const cheap = await fails("underpriced", () => wallet.sendTransaction(transfer(1, { value: 2n })));
  check("underpriced is named", isError(cheap, "REPLACEMENT_UNDERPRICED"));
  const instead = await wallet.sendTransaction(transfer(1, { value: 3n, ...dearer(2n) }));
  const cancel = await wallet.sendTransaction(transfer(2, { to: wallet.address, value: 0n, ...dearer(2n) }));
  const waits = [replaced, cancelled].map((tx) => fails(`${tx.hash} is replaced`, () => tx.wait()));
  await wallet.sendTransaction(transfer(0));
  const [first, second] = await amongOthers(waits, async () => (await owner.sendTransaction({ to: owner.address, value: 1n })).wait());
  check("the replacement is named", isError(first, "TRANSACTION_REPLACED") && first.replacement.hash === instead.hash);
  check("it is no cancellation", first.reason === "replaced" && first.cancelled === true);
  check("the cancellation is named", second.reason === "cancelled" && second.replacement.hash === cancel.hash);
  check("the replaced one is gone", (await provider.getTransactionReceipt(replaced.hash)) === null);
}
// 200 that were signed before, without a look at what came of those before.
{
  const wallet = await account();
  const raw = await Promise.all(Array.from({ length: 200 }, (_, nonce) => wallet.signTransaction(transfer(nonce))));
  const hashes = raw.map((bytes) => Transaction.from(bytes).hash);
  const sent = await Promise.all(raw.map((bytes) => provider.broadcastTransaction(bytes)));
  check("200 are named by their hashes", sent.every((tx, at) => tx.hash === hashes[at]));
  await until("200 count", async () => (await wallet.getNonce("latest")) === 200);
  const receipts = await Promise.all(hashes.map((hash) => provider.getTransactionReceipt(hash)));
  check("none is lost", receipts.every((receipt) => receipt?.status === 1));
}
// Events: live, and again from the past.
const wallet = await account();
const contract = await new ContractFactory(ABI, BYTECODE, wallet).deploy();
await contract.waitForDeployment();
{
  const heard = [];
  await contract.on("Set", (by, value) => heard.push(value));
  await listening(async () => (await contract.set(BEFORE)).wait(), heard);
  const nonce = await wallet.getNonce();
  await Promise.all(Array.from({ length: 20 }, (_, at) => contract.set(at, { nonce: nonce + at, gasLimit: 100_000n, ...price })));
  await until("20 events are heard", () => counted(heard).length === 20);
  check("in their order", counted(heard).join() === Array.from({ length: 20 }, (_, at) => at).join());
  await contract.off("Set");
  const old = await contract.queryFilter(contract.filters.Set(wallet.address), 0);
  check("20 events of the past", counted(old.map(({ args }) => args.value)).join() === counted(heard).join());
}
// Why a call fails, by a call, an estimate and a transaction.
for (const [name, right] of [
  ["failText", (error) => error.reason === TEXT],
  ["failPanic", (error) => error.reason.includes("OVERFLOW")],
  ["failCustom", (error) => error.revert.name === "Refused" && error.revert.args[1] === 7n],
  ["failEmpty", (error) => error.data === "0x" || error.data === null],
]) {
  const called = await fails(`${name} called`, () => contract[name].staticCall());
  check(`${name} by a call: ${called.message}`, isError(called, "CALL_EXCEPTION") && right(called));
  const estimated = await fails(`${name} estimated`, () => contract[name].estimateGas());
  check(`${name} by an estimate: ${estimated.message}`, isError(estimated, "CALL_EXCEPTION"));
  const sent = await contract[name]({ gasLimit: 100_000n });
  const mined = await fails(`${name} mined`, () => sent.wait());
  check(`${name} in a block`, isError(mined, "CALL_EXCEPTION") && mined.receipt.status === 0);
}
// Refusals have the codes of ethers.
{
  const poor = Wallet.createRandom(provider);
  const broke = await fails("no money", () => poor.sendTransaction(transfer(0)));
  check(`no money: ${broke.message}`, isError(broke, "INSUFFICIENT_FUNDS"));
  const used = await fails("a used nonce", () => wallet.sendTransaction(transfer(0, { value: 5n })));
  check(`a used nonce: ${used.message}`, isError(used, "NONCE_EXPIRED"));
  for (const method of ["eth_noSuchMethod", "eth_sendTransaction", "evm_mine"]) {
    const error = await fails(method, () => provider.send(method, []));
    check(`${method}: ${error.message}`, isError(error, "UNSUPPORTED_OPERATION"));
  }
}
// A batch of reads, which ethers makes of what is asked at the same time.
const blocks = await Promise.all(Array.from({ length: 20 }, (_, number) => provider.getBlock(number)));
check("20 blocks in one batch", blocks.every((block, number) => block.number === number));
provider.destroy();
done("ethers v6");
