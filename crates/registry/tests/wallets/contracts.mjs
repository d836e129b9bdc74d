// Uses the contracts the way a wallet or dapp does, with ethers v6: contracts.mjs <rpc url> <private key> <contracts>
import { readFileSync } from "node:fs";
import { Contract, ContractFactory, JsonRpcProvider, Wallet, getAddress, isError, keccak256, parseEther } from "ethers";

const [url, privateKey, contractsJson] = process.argv.slice(2);
const contracts = JSON.parse(contractsJson);
const artifact = (name) =>
  JSON.parse(readFileSync(new URL(`../../../../contracts/artifacts/${name}.json`, import.meta.url), "utf8"));

let checks = 0;
const check = (what, ok) => {
  if (!ok) throw new Error(`failed: ${what}`);
  checks += 1;
};

// Blocks come faster than the quarter of a second for which ethers caches nonces.
const provider = new JsonRpcProvider(url, undefined, { pollingInterval: 50, cacheTimeout: -1 });
const wallet = new Wallet(privateKey, provider);
const nft = new Contract(contracts.pkp_nft, artifact("PKPNFT").abi, wallet);
const permissions = new Contract(contracts.pkp_permissions, artifact("PKPPermissions").abi, wallet);
const router = new Contract(contracts.pubkey_router, artifact("PubkeyRouter").abi, wallet);
const registry = new Contract(contracts.node_registry, artifact("NodeRegistry").abi, provider);

const network = await provider.getNetwork();
check("chain id", network.chainId === 7470n);
check("client version", (await provider.send("web3_clientVersion", [])).startsWith("quorate/"));
check("balance", (await provider.getBalance(wallet.address)) > parseEther("1"));
const fees = await provider.getFeeData();
check("fee data", fees.gasPrice !== null);
check("block", (await provider.getBlock("latest")).number === (await provider.getBlockNumber()));
check("code", (await provider.getCode(contracts.pkp_nft)).length > 1000);

// Deploying with a factory: a second registry, of the same founding nodes.
const nodes = (await registry.nodes()).map((node) => node.toObject());
const factory = new ContractFactory(artifact("NodeRegistry").abi, artifact("NodeRegistry").bytecode, wallet);
const second = await factory.deploy(nodes, 2);
await second.waitForDeployment();
check("deployed contract answers", (await second.threshold()) === 2n);
check("struct reads", (await second.nodes()).length === nodes.length);
check("v8 epoch read", (await registry["epoch(uint256)"](1)).number === 1n);
check("v8 threshold read", (await registry["currentValidatorCountForConsensus(uint256)"](1)) === 2n);

// Events through filters: contract.on polls eth_getFilterChanges.
const heard = new Promise((resolve) => {
  nft.on("PKPMinted", (tokenId, pubkey) => resolve({ tokenId, pubkey }));
});
// The filter has to exist before the mint: ethers creates it with its first poll.
const blockSeen = new Promise((resolve) => provider.once("block", resolve));
await wallet.sendTransaction({ to: wallet.address, value: 1n }).then((tx) => tx.wait());
await blockSeen;

const mintNext = nft["mintNext(uint256,string)"];
const gas = await mintNext.estimateGas(2, "naga-keyset1");
check("estimate of a mint", gas > 100_000n && gas < 1_000_000n);
const predicted = await mintNext.staticCall(2, "naga-keyset1");
const mintTx = await mintNext(2, "naga-keyset1");
const mint = await provider.waitForTransaction(mintTx.hash, 1, 20_000);
check("mint mined", mint.status === 1);
check("first log names the token", BigInt(mint.logs[0].topics[1]) === predicted);
const event = nft.interface.parseLog(mint.logs[0]);
check("PKPMinted comes first", event.name === "PKPMinted");
const { tokenId, pubkey } = event.args;
check("token id is the hash of the key", BigInt(keccak256(pubkey)) === tokenId);
check("receipt gas", mint.gasUsed > 0n && mint.gasUsed <= gas);
const heardMint = await heard;
check("contract.on hears the mint", heardMint.tokenId === tokenId && heardMint.pubkey === pubkey);
await nft.off("PKPMinted");
check("queryFilter", (await nft.queryFilter(nft.filters.PKPMinted(tokenId), 0)).length === 1);
check("owner", (await nft.ownerOf(tokenId)) === wallet.address);
check("pkp address", getAddress(`0x${keccak256(`0x${pubkey.slice(4)}`).slice(26)}`) === (await nft.getEthAddress(tokenId)));
check("routing", (await router.getRoutingData(tokenId)).keySetId === "quorate-keyset1");
check("listing", (await nft.getPkpInfoFromOwnerAddress(wallet.address, 10, 0))[0].tokenId === tokenId);
check("token uri", JSON.parse((await nft.tokenURI(tokenId)).split("utf8,")[1]).name.startsWith("PKP 0x"));

const action = `0x1220${"ab".repeat(32)}`;
await (await permissions.addPermittedAction(tokenId, action, [1, 2])).wait();
check("granted", await permissions.isPermittedAction(tokenId, action));
check("scopes", (await permissions.getPermittedAuthMethodScopes(tokenId, 2, action, 4)).join() === "false,true,true,false");
check("listed", (await permissions.getPermittedActions(tokenId))[0] === action);
check("owner listed first", (await permissions.getPermittedAddresses(tokenId))[0] === wallet.address);

// Reverts are decoded from the interface.
const stranger = Wallet.createRandom().connect(provider);
try {
  await permissions.connect(stranger).addPermittedAction(tokenId, action, [1]);
  check("a stranger is refused", false);
} catch (error) {
  check("revert of the stranger", isError(error, "CALL_EXCEPTION"));
  check("reason of the stranger's revert", permissions.interface.parseError(error.data).name === "NotOwner");
}
try {
  await permissions.addPermittedAction.staticCall(tokenId, action, [256]);
  check("scope 256 is refused", false);
} catch (error) {
  check("revert of scope 256", error.revert?.name === "InvalidScope" && error.revert.args[0] === 256n);
}

// Kinds of transactions.
const legacy = await (await wallet.sendTransaction({ to: wallet.address, type: 0 })).wait();
check("legacy transaction", legacy.status === 1 && legacy.type === 0);
const base = (await provider.getBlock("latest")).baseFeePerGas;
const modern = { to: wallet.address, type: 2, maxFeePerGas: 2n * base, maxPriorityFeePerGas: 0n };
check("1559 transaction", (await (await wallet.sendTransaction(modern)).wait()).type === 2);
const listed = await wallet.sendTransaction({
  to: contracts.pkp_nft,
  data: nft.interface.encodeFunctionData("totalSupply"),
  type: 1,
  accessList: [{ address: contracts.pkp_nft, storageKeys: [] }],
});
check("access list transaction", (await listed.wait()).type === 1);
const read = await provider.getTransaction(listed.hash);
check("transaction read back", read.from === wallet.address && read.accessList.length === 1);

// Reads at an older block.
await (await permissions.removePermittedAction(tokenId, action)).wait();
check("revoked", !(await permissions.isPermittedAction(tokenId, action)));
const granted = await permissions.queryFilter(permissions.filters.PermittedAuthMethodAdded(tokenId), 0);
check("granted at the older block", await permissions.isPermittedAction(tokenId, action, { blockTag: granted[0].blockNumber }));

await (await nft.burn(tokenId)).wait();
try {
  await permissions.addPermittedAction(tokenId, action, [1]);
  check("a burnt token is refused", false);
} catch (error) {
  check("revert of a burnt token", error.code === "CALL_EXCEPTION");
}
const frozen = await (await nft["mintGrantAndBurnNext(uint256,string,bytes)"](2, "naga-keyset1", action)).wait();
const frozenId = BigInt(frozen.logs[0].topics[1]);
check("mint, grant and burn", (await permissions.isPermittedAction(frozenId, action)) && !(await nft.exists(frozenId)));

provider.destroy();
console.log(`ethers v6: ${checks} checks`);
