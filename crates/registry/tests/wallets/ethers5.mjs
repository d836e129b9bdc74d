// ethers v5 as older pages, bots and actions use it: ethers5.mjs <rpc url> <private key>
import { ethers } from "ethers5";
import { ABI, BYTECODE, TEXT } from "./contract.mjs";
import { BEFORE, amongOthers, check, counted, done, fails, fees, listening, shuffled, until } from "./lib.mjs";

const [url, key] = process.argv.slice(2);
const provider = new ethers.providers.JsonRpcProvider(url);
provider.pollingInterval = 50;
// v5 asks for the logs of ten blocks at most, and never for those before: here ten blocks are ten transactions.
provider._maxFilterBlockRange = 1_000;
const owner = new ethers.Wallet(key, provider);
const { chainId } = await provider.getNetwork();
const price = await fees(url);

async function account() {
  const wallet = ethers.Wallet.createRandom().connect(provider);
  const sent = await owner.sendTransaction({ to: wallet.address, value: ethers.utils.parseEther("1") });
  await sent.wait();
  return wallet;
}
const transfer = (nonce, more = {}) => ({ to: owner.address, value: 1, nonce, gasLimit: 21_000, chainId, type: 2, ...price, ...more });
const dearer = (times) => ({ maxFeePerGas: price.maxFeePerGas * times, maxPriorityFeePerGas: price.maxPriorityFeePerGas * times });

const { maxFeePerGas, maxPriorityFeePerGas, lastBaseFeePerGas } = await provider.getFeeData();
check("fee data", maxFeePerGas.gte(lastBaseFeePerGas) && maxPriorityFeePerGas.lte(maxFeePerGas));
check("gas price", (await provider.getGasPrice()).gte(lastBaseFeePerGas));

// Nonces in any order, all at once.
{
  const wallet = await account();
  const sent = await Promise.all(shuffled(16).map((nonce) => wallet.sendTransaction(transfer(nonce))));
  const mined = await Promise.all(sent.map((tx) => tx.wait()));
  check("16 in any order", mined.every((receipt) => receipt.status === 1));
  check("all count", (await wallet.getTransactionCount("latest")) === 16);
  check("an older kind", (await (await wallet.sendTransaction({ to: owner.address, value: 1, type: 0 })).wait()).type === 0);
}
// Replaced, cancelled, and a replacement that pays too little.
{
  const wallet = await account();
  const replaced = await wallet.sendTransaction(transfer(1));
  const cancelled = await wallet.sendTransaction(transfer(2));
  const cheap = await fails("underpriced", () => wallet.sendTransaction(transfer(1, { value: 2 })));
  check("underpriced is named", cheap.code === "REPLACEMENT_UNDERPRICED");
  const instead = await wallet.sendTransaction(transfer(1, dearer(2n)));
  const cancel = await wallet.sendTransaction(transfer(2, { to: wallet.address, value: 0, ...dearer(2n) }));
  const waits = [replaced, cancelled].map((tx) => fails(`${tx.hash} is replaced`, () => tx.wait()));
  await wallet.sendTransaction(transfer(0));
  const [first, second] = await amongOthers(waits, async () => (await owner.sendTransaction({ to: owner.address, value: 1 })).wait());
  check("the replacement is named", first.code === "TRANSACTION_REPLACED" && first.replacement.hash === instead.hash);
  check("it only pays more", first.reason === "repriced" && first.cancelled === false);
  check("the cancellation is named", second.reason === "cancelled" && second.replacement.hash === cancel.hash);
}
// 200 that were signed before.
{
  const wallet = await account();
  const raw = await Promise.all(Array.from({ length: 200 }, (_, nonce) => wallet.signTransaction(transfer(nonce))));
  const sent = await Promise.all(raw.map((bytes) => provider.sendTransaction(bytes)));
  await until("200 count", async () => (await wallet.getTransactionCount("latest")) === 200);
  const receipts = await Promise.all(sent.map((tx) => provider.getTransactionReceipt(tx.hash)));
  check("none is lost", receipts.every((receipt) => receipt?.status === 1));
}
// Events: live, and again from the past.
const wallet = await account();
const contract = await new ethers.ContractFactory(ABI, BYTECODE, wallet).deploy();
await contract.deployed();
{
  const heard = [];
  contract.on("Set", (by, value) => heard.push(value.toNumber()));
  await listening(async () => (await contract.set(BEFORE)).wait(), heard);
  const nonce = await wallet.getTransactionCount();
  await Promise.all(Array.from({ length: 20 }, (_, at) => contract.set(at, { nonce: nonce + at, gasLimit: 100_000, ...price })));
  // It passes over a block while it still asks about the one before, and comes back with the next.
  await amongOthers([until("20 events are heard", () => counted(heard).length === 20)], async () => (await contract.set(BEFORE)).wait());
  check("in their order", counted(heard).join() === Array.from({ length: 20 }, (_, at) => at).join());
  contract.removeAllListeners();
  const old = await contract.queryFilter(contract.filters.Set(wallet.address), 0);
  check("20 events of the past", counted(old.map(({ args }) => args.value)).join() === counted(heard).join());
}
// Why a call fails, by a call, an estimate and a transaction.
for (const [name, right] of [
  ["failText", (error) => error.reason === TEXT],
  ["failPanic", (error) => error.errorName === "Panic" && error.errorArgs[0].eq(0x11)],
  ["failCustom", (error) => error.errorName === "Refused" && error.errorArgs[1].eq(7)],
  // Of a function without results, v5 takes a revert without data for success: on every chain.
  ["failEmpty", undefined],
]) {
  if (right !== undefined) {
    const called = await fails(`${name} called`, () => contract.callStatic[name]());
    check(`${name} by a call: ${called.message}`, called.code === "CALL_EXCEPTION" && right(called));
  }
  const estimated = await fails(`${name} estimated`, () => contract.estimateGas[name]());
  check(`${name} by an estimate: ${estimated.message}`, estimated.code === "UNPREDICTABLE_GAS_LIMIT");
  const sent = await contract[name]({ gasLimit: 100_000 });
  const mined = await fails(`${name} mined`, () => sent.wait());
  check(`${name} in a block`, mined.code === "CALL_EXCEPTION" && mined.receipt.status === 0);
}
// Refusals have the codes of ethers.
{
  const poor = ethers.Wallet.createRandom().connect(provider);
  const broke = await fails("no money", () => poor.sendTransaction(transfer(0)));
  check(`no money: ${broke.message}`, broke.code === "INSUFFICIENT_FUNDS");
  const used = await fails("a used nonce", () => wallet.sendTransaction(transfer(0, { value: 5 })));
  check(`a used nonce: ${used.message}`, used.code === "NONCE_EXPIRED");
}
// A batch of reads.
const batch = new ethers.providers.JsonRpcBatchProvider(url);
const blocks = await Promise.all(Array.from({ length: 20 }, (_, number) => batch.getBlock(number)));
check("20 blocks in one batch", blocks.every((block, number) => block.number === number));
provider.removeAllListeners();
done("ethers v5");
