// MetaMask's requests in their order, after what users recorded and published of it: adding the network, looking at an
// account, confirming a transaction, speeding it up and cancelling it: metamask.mjs <rpc url> <private key>
import { Wallet } from "ethers";
import { form } from "./compare.mjs";
import { BYTECODE, face } from "./contract.mjs";
import { ask, check, done, fees, post, result, until } from "./lib.mjs";

const [url, key] = process.argv.slice(2);
const owner = new Wallet(key);
const wallet = Wallet.createRandom();
// Its ids are numbers of sixteen digits, which have to come back as they are.
let id = 7_914_793_740_834_359;
const send = async (method, params = []) => {
  id += 1;
  const { status, json } = await post(url, { id, jsonrpc: "2.0", method, params }, { origin: "chrome-extension://nkbihfbeogaeaoehlefnkodbefgpgknn" });
  check(`${method}: its own id`, status === 200 && json.jsonrpc === "2.0" && json.id === id);
  if (json.error) throw new Error(`${method}: ${JSON.stringify(json.error)}`);
  return json.result;
};
const is = (what, value, wanted) => check(`${what}: ${JSON.stringify(value)}`, form(value) === wanted);

// Before the network is added, from a page of the extension: the browser asks first whether it may.
const preflight = await fetch(url, { method: "OPTIONS", headers: { origin: "chrome-extension://x", "access-control-request-method": "POST", "access-control-request-headers": "content-type" } });
check("the browser may ask", preflight.ok && preflight.headers.get("access-control-allow-origin") === "*");
check("with its header", preflight.headers.get("access-control-allow-headers").includes("content-type"));
const chainId = await send("eth_chainId");
check("one chain id", Number(await send("net_version")) === Number(chainId));

// Money for the account, from elsewhere.
const price = await fees(url);
const from = async (signer, fields) => {
  const nonce = Number(await result(url, "eth_getTransactionCount", [signer.address, "pending"]));
  return result(url, "eth_sendRawTransaction", [await signer.signTransaction({ chainId, nonce, gasLimit: 21_000, type: 2, ...price, ...fields })]);
};
await from(owner, { to: wallet.address, value: 10n ** 18n });
const deployed = await from(owner, { data: BYTECODE, gasLimit: 1_000_000 });
let contract;
await until("the contract is there", async () => {
  contract = (await result(url, "eth_getTransactionReceipt", [deployed]))?.contractAddress;
  return contract;
});

// Looking at the account: the polling tracker, the balance, what kind of fees there are.
const head = await send("eth_blockNumber");
const block = await send("eth_getBlockByNumber", [head, false]);
check("the tracker's block", block.number === head && form(block.hash) === "32 bytes");
is("fees of type 2", block.baseFeePerGas, "quantity");
is("the limit", block.gasLimit, "quantity");
check("balance", BigInt(await send("eth_getBalance", [wallet.address.toLowerCase(), head])) === 10n ** 18n);
// A contract for many balances, which is not there: MetaMask then asks one by one.
check("no balance checker", (await send("eth_call", [{ to: `0x${"b1".repeat(20)}`, data: `0xf0002ea9${"00".repeat(64)}` }, head])) === "0x");

// Confirming a call of a contract.
is("gas price", await send("eth_gasPrice"), "quantity");
check("no code, no contract", (await send("eth_getCode", [wallet.address.toLowerCase(), head])) === "0x");
check("code", (await send("eth_getCode", [contract, head])).length > 100);
for (const kind of ["80ac58cd", "5b5e139f", "d9b67a26"]) {
  const params = [{ to: contract, data: `0x01ffc9a7${kind.padEnd(64, "0")}` }, head];
  const answer = await ask(url, "eth_call", params);
  check("no kind of token", answer.error.code === 3 && answer.error.message.startsWith("execution reverted"));
}
const data = face.encodeFunctionData("set", [7]);
const gas = await send("eth_estimateGas", [{ from: wallet.address, to: contract, value: "0x0", data }]);
is("estimate", gas, "quantity");
const history = await send("eth_feeHistory", ["0x5", "latest", [10, 20, 30]]);
const blocks = history.gasUsedRatio.length;
check("history", history.baseFeePerGas.length === blocks + 1 && history.reward.length === blocks && history.reward.every((row) => row.length === 3));
is("oldest block", history.oldestBlock, "quantity");
is("tip", await send("eth_maxPriorityFeePerGas"), "quantity");

// Its nonce tracker asks at a block and for what waits, and sends.
const now = await send("eth_blockNumber");
check("nonce", (await send("eth_getTransactionCount", [wallet.address, now])) === "0x0");
check("nonce with what waits", (await send("eth_getTransactionCount", [wallet.address, "pending"])) === "0x0");
const sign = (nonce, fields) => wallet.signTransaction({ chainId, nonce, type: 2, gasLimit: (BigInt(gas) * 3n) / 2n, ...price, ...fields });
const hash = await send("eth_sendRawTransaction", [await sign(0, { to: contract, data })]);
let receipt;
await until("it is in a block", async () => {
  receipt = await send("eth_getTransactionReceipt", [hash]);
  return receipt !== null;
});
check("done", receipt.status === "0x1" && receipt.logs.length === 1);
check("what its block cost", form((await send("eth_getBlockByHash", [receipt.blockHash, false])).baseFeePerGas) === "quantity");
check("its place", (await send("eth_getTransactionByHash", [hash])).blockNumber === receipt.blockNumber);

// Two wait behind a gap: one is sped up, one is cancelled, as its buttons do: each pays a tenth more.
const tenth = { maxFeePerGas: (price.maxFeePerGas * 11n) / 10n, maxPriorityFeePerGas: (price.maxPriorityFeePerGas * 11n) / 10n };
const [slow, unwanted] = [await sign(2, { to: contract, data }), await sign(3, { to: contract, data })];
const waiting = [await send("eth_sendRawTransaction", [slow]), await send("eth_sendRawTransaction", [unwanted])];
check("it waits", (await send("eth_getTransactionReceipt", [waiting[0]])) === null);
check("and is known", (await send("eth_getTransactionByHash", [waiting[0]])).blockHash === null);
const faster = await send("eth_sendRawTransaction", [await sign(2, { to: contract, data, ...tenth })]);
const cancel = await send("eth_sendRawTransaction", [await sign(3, { to: wallet.address, gasLimit: 21_000, ...tenth })]);
await send("eth_sendRawTransaction", [await sign(1, { to: contract, data })]);
await until("both are in blocks", async () => (await send("eth_getTransactionReceipt", [cancel])) !== null);
check("sped up", (await send("eth_getTransactionReceipt", [faster])).status === "0x1");
for (const gone of waiting) check("dropped", (await send("eth_getTransactionReceipt", [gone])) === null);
check("all four count", (await send("eth_getTransactionCount", [wallet.address, "latest"])) === "0x4");
done("MetaMask");
