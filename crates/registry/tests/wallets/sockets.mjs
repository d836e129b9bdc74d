// WebSockets by ethers v5, ethers v6, viem, and without a library: sockets.mjs <rpc url> <private key>
import { Contract, ContractFactory, JsonRpcProvider, Wallet, WebSocketProvider } from "ethers";
import { ethers as v5 } from "ethers5";
import { createPublicClient, parseAbi, webSocket } from "viem";
import { ABI, BYTECODE } from "./contract.mjs";
import { BEFORE, check, counted, done, fails, fees, listening, post, until } from "./lib.mjs";
import { Socket } from "./socket.mjs";

const [url, key] = process.argv.slice(2);
const address = url.replace("http", "ws");
const provider = new JsonRpcProvider(url, undefined, { cacheTimeout: -1 });
const owner = new Wallet(key, provider);
const price = await fees(url);
const contract = await new ContractFactory(ABI, BYTECODE, owner).deploy();
await contract.waitForDeployment();
const at = await contract.getAddress();
const count = 40;
const values = Array.from({ length: count }, (_, number) => number).join();
/** So many transactions with an event each, all at once: many to a block, and many blocks. */
async function sets() {
  const nonce = await owner.getNonce("pending");
  const all = Array.from({ length: count }, (_, value) => contract.set(value, { nonce: nonce + value, gasLimit: 100_000n, ...price }));
  const sent = await Promise.all(all);
  const { blockNumber } = await sent[count - 1].wait();
  return blockNumber;
}
const gapless = (numbers) => numbers.every((number, place) => place === 0 || Number(number) === Number(numbers[place - 1]) + 1);

// Everybody listens at the same time.
const six = new WebSocketProvider(address, undefined, { cacheTimeout: -1 });
const five = new v5.providers.WebSocketProvider(address);
const client = createPublicClient({ transport: webSocket(address) });
const plain = await Socket.open(url);
const heard = { six: [], five: [], viem: [] };
const blocks = { six: [], five: [], viem: [] };
const pending = [];
await new Contract(at, ABI, six).on("Set", (by, value) => heard.six.push(value));
await six.on("block", (number) => blocks.six.push(number));
await six.on("pending", (hash) => pending.push(hash));
new v5.Contract(at, ABI, five).on("Set", (by, value) => heard.five.push(value.toBigInt()));
five.on("block", (number) => blocks.five.push(number));
const stops = [
  client.watchContractEvent({ address: at, abi: parseAbi(ABI), eventName: "Set", onLogs: (logs) => heard.viem.push(...logs.map(({ args }) => args.value)) }),
  client.watchBlockNumber({ onBlockNumber: (number) => blocks.viem.push(number) }),
];
const heads = (await plain.ask("eth_subscribe", ["newHeads"])).result;
const logs = (await plain.ask("eth_subscribe", ["logs", { address: at }])).result;
const nothing = (await plain.ask("eth_subscribe", ["logs", { address: owner.address }])).result;
await listening(async () => (await contract.set(BEFORE, price)).wait(), ...Object.values(heard), ...Object.values(blocks), pending);

const last = await sets();
const valuesOf = (id) => counted(told(id).map(({ data }) => BigInt(data)));
const told = (id) => plain.heard.filter(({ subscription }) => subscription === id).map(({ result }) => result);
await until("the last block is told", () => told(heads).some(({ number }) => Number(number) >= last));
check("no block is left out", gapless(told(heads).map(({ number }) => number)));
check("each names the one before", told(heads).every(({ parentHash }, place) => place === 0 || parentHash === told(heads)[place - 1].hash));
await until("every log is told", () => valuesOf(logs).length === count);
check("in order", valuesOf(logs).join() === values);
check("and no other", told(nothing).length === 0);
for (const name of ["six", "five", "viem"]) {
  await until(`${name} hears every event`, () => counted(heard[name]).length === count);
  check(`${name} hears them in order`, counted(heard[name]).join() === values);
  await until(`${name} hears of the last block`, () => blocks[name].some((number) => Number(number) >= last));
  check(`${name} hears of every block: ${blocks[name]}`, gapless(blocks[name]));
}
check("transactions are told", pending.length >= count && new Set(pending).size === pending.length);

// All that HTTP answers is answered here.
check("v6 reads", (await six.getBalance(owner.address)) > 0n && (await six.getCode(at)).length > 2);
check("v5 reads", (await five.getBlock(last)).transactions.length > 0);
check("viem reads", (await client.getBlock({ blockNumber: BigInt(last) })).number === BigInt(last));
const sender = owner.connect(six);
check("v6 sends", (await (await sender.sendTransaction({ to: owner.address, value: 1n })).wait()).status === 1);
const many = await Promise.all(Array.from({ length: 200 }, () => plain.ask("eth_blockNumber")));
check("200 calls at once on one socket", many.every(({ result }) => Number(result) >= last));

// Who ends a subscription hears no more.
check("ended", (await plain.ask("eth_unsubscribe", [logs])).result === true);
const before = told(logs).length;
await (await contract.set(7, price)).wait();
await until("the others go on", () => counted(heard.six).length === count + 1);
check("silence", told(logs).length === before);
check("not twice", (await plain.ask("eth_unsubscribe", [logs])).result === false);
for (let number = 2; number < 32; number += 1) await plain.ask("eth_subscribe", ["newHeads"]);
check("32 subscriptions", (await plain.ask("eth_subscribe", ["newHeads"])).error.code === -32005);

// A page of any origin may; one that reaches the chain under a name of its own may not.
const page = await Socket.open(url, { origin: "https://a.example" });
check("any origin", (await page.ask("eth_chainId")).result !== undefined);
const rebound = await fails("a name of its own", () => Socket.open(url, { headers: { host: "rebound.example" } }));
check(`refused: ${rebound.message}`, rebound.message.includes("403"));
check("no socket, no page", (await fetch(url)).status === 405);
check("by HTTP there is none", (await post(url, { id: 1, jsonrpc: "2.0", method: "eth_subscribe", params: ["newHeads"] })).json.error.code === -32601);

// A message that is too long, and sockets that are too many.
const long = await Socket.open(url);
long.ask("web3_sha3", [`0x${"00".repeat(600_000)}`]);
check("too long", (await long.closed) === 1009);
const more = [];
const full = await fails("more sockets than one address has", async () => {
  for (let number = 0; number < 65; number += 1) more.push(await Socket.open(url));
});
check(`refused: ${full.message}`, full.message.includes("503"));
more.forEach((socket) => socket.close());
await until("places are free again", () =>
  Socket.open(url).then((socket) => socket.close()).then(() => true, () => false),
);

stops.forEach((stop) => stop());
for (const socket of [plain, page]) socket.close();
await six.destroy();
await five.destroy();
provider.destroy();
done("WebSockets");
process.exit(0);
