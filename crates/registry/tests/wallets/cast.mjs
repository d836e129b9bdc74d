// The commands of Foundry's cast, on this chain and on anvil: cast.mjs <our url> <their url> <private key>
// What both say has to be equal, but for what is each chain's own.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Wallet } from "ethers";
import { BYTECODE, RUNTIME, face } from "./contract.mjs";
import { check, done, fails } from "./lib.mjs";

const [url, their, key] = process.argv.slice(2);
const program = new URL("node_modules/@foundry-rs/cast-linux-amd64/bin/cast", import.meta.url).pathname;
const run = promisify(execFile);
const to = new Wallet(`0x${"c4".repeat(32)}`).address;
const owner = new Wallet(key).address;

/** What a command says. */
async function on(rpc, words) {
  const { stdout } = await run(program, [words[0], "--rpc-url", rpc, ...words.slice(1)], { timeout: 30_000 });
  return stdout.trim();
}
const both = (...words) => Promise.all([on(url, words), on(their, words)]);
async function equal(...words) {
  const [ours, theirs] = await both(...words);
  check(`cast ${words[0]}: ${ours} and ${theirs}`, ours === theirs);
  return ours;
}
async function works(right, ...words) {
  for (const said of await both(...words)) check(`cast ${words[0]}: ${said}`, right(said));
}
const sent = async (rpc, ...words) => JSON.parse(await on(rpc, ["send", "--private-key", key, "--json", ...words]));

await equal("chain-id");
await works((client) => /^(quorate|anvil)\//.test(client), "client");
await equal("nonce", owner);
await works((price) => BigInt(price) >= 0n, "gas-price");
await works((fee) => BigInt(fee) >= 0n, "base-fee");
await works((block) => JSON.parse(block).number !== undefined, "block", "latest", "--json");
await works((age) => age.length > 10, "age");

// A transfer, a creation, a call: each fills in gas, fees and nonce by itself.
const transfers = await Promise.all([url, their].map((rpc) => sent(rpc, to, "--value", "7")));
check("a transfer", transfers.every(({ status }) => status === "0x1"));
const created = await Promise.all([url, their].map((rpc) => sent(rpc, "--create", BYTECODE)));
const [contract, same] = created.map(({ contractAddress }) => contractAddress);
check("a creation", contract === same && created[0].gasUsed === created[1].gasUsed);
const called = await Promise.all([url, their].map((rpc) => sent(rpc, contract, "set(uint256)", "41")));
check("a call", called.every(({ logs }) => logs.length === 1));
const legacy = await Promise.all([url, their].map((rpc) => sent(rpc, contract, "set(uint256)", "42", "--legacy")));
check("an older kind", legacy.every(({ type, status }) => type === "0x0" && status === "0x1"));

check("balance", (await equal("balance", to)) === "7");
check("code", (await equal("code", contract)) === RUNTIME);
check("codesize", Number(await equal("codesize", contract)) === (RUNTIME.length - 2) / 2);
check("storage", BigInt(await equal("storage", contract, "0")) === 42n);
check("call", (await equal("call", contract, "get()(uint256)")) === "42");
check("call at a block", (await equal("call", contract, "get()(uint256)", "--block", "3")) === "41");
check("estimate of a transfer", (await equal("estimate", to, "--value", "1")) === "21000");
await works((gas) => BigInt(gas) > 21_000n, "estimate", contract, "set(uint256)", "9");
await equal("access-list", contract, "set(uint256)", "9", "--from", owner);
await equal("block-number");
await equal("nonce", owner);
await equal("rpc", "eth_syncing");
await equal("rpc", "net_version");
const topic = face.getEvent("Set").topicHash;
await works((logs) => JSON.parse(logs).length === 2, "logs", "--from-block", "0", "--address", contract, topic, "--json");
await works((logs) => JSON.parse(logs).length === 2, "logs", "--from-block", "0", "Set(address indexed by, uint256 value)", "--json");
for (const [rpc, { transactionHash }] of [[url, called[0]], [their, called[1]]]) {
  check("receipt", JSON.parse(await on(rpc, ["receipt", transactionHash, "--json"])).status === "0x1");
  check("tx", JSON.parse(await on(rpc, ["tx", transactionHash, "--json"])).hash === transactionHash);
  check("tx raw", (await on(rpc, ["tx", transactionHash, "--raw"])).startsWith("0x02"));
}
await works((status) => Number(JSON.parse(status).pending) === 0, "rpc", "txpool_status");

// A failed call says why in the same words on both.
for (const [name, words] of [
  ["failText()", "execution reverted: not today"],
  ["failPanic()", "arithmetic underflow or overflow"],
  ["failCustom()", "custom error 0xc246547f"],
  ["failEmpty()", "execution reverted"],
]) {
  for (const rpc of [url, their]) {
    for (const command of ["call", "estimate"]) {
      const error = await fails(name, () => on(rpc, [command, contract, name]));
      check(`${command} ${name}: ${error.stderr}`, error.stderr.includes(words));
    }
  }
}
const poor = Wallet.createRandom().privateKey;
for (const rpc of [url, their]) {
  const error = await fails("no money", () => on(rpc, ["send", to, "--value", "1", "--private-key", poor]));
  check(`no money: ${error.stderr}`, /insufficient funds/i.test(error.stderr));
}
done("cast");
