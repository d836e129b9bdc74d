// Calls every function of every contract once, through a client library that the caller brings along.
import { readFileSync } from "node:fs";
import { equal, placeOf } from "./place.mjs";

const CONTRACTS = [
  "NodeRegistry", "PubkeyRouter", "PKPPermissions", "PKPNFT", "Directory", "PKPHelper", "PriceFeed", "Ledger",
  "PaymentDelegation", "ContractResolver",
];
/** What the Directory calls those that are not in the network file. */
const NAMED = {
  PKPHelper: "contracts/pkp-helper", PriceFeed: "contracts/price-feed", Ledger: "contracts/ledger",
  PaymentDelegation: "contracts/payment-delegation", ContractResolver: "contracts/contract-resolver",
};
const KEY_TYPE = 2n, KEY_SET = "naga-keyset1", REALM = 1n, LOGIN = 6n;
const NOBODY = `0x${"00".repeat(20)}`, ZERO = `0x${"00".repeat(32)}`;
const NO_PAYMENTS = "this network takes no payments";

const hex = (text) => `0x${Buffer.from(text).toString("hex")}`;
const typeOf = ({ type, components }) =>
  type.startsWith("tuple") ? `(${components.map(typeOf)})${type.slice("tuple".length)}` : type;
const signatureOf = ({ name, inputs }) => `${name}(${inputs.map(typeOf)})`;

/** Numbers as bigint, addresses in lower case, structs as lists: as no library and every library has them. */
function plain(value) {
  if (typeof value === "number") return BigInt(value);
  if (typeof value === "string") return value.startsWith("0x") ? value.toLowerCase() : value;
  if (value === null || typeof value !== "object") return value;
  if (value._isBigNumber) return value.toBigInt();
  return Object.values(Array.isArray(value) ? [...value] : value).map(plain);
}

/** The interfaces, each with the errors of all: a refusal passes through the contract that was called. */
function interfaces() {
  const compiled = (name) => JSON.parse(readFileSync(new URL(`../../contracts/artifacts/${name}.json`, import.meta.url))).abi;
  const own = Object.fromEntries(CONTRACTS.map((name) => [name, compiled(name)]));
  const errors = new Map(Object.values(own).flat().filter(({ type }) => type === "error").map((entry) => [signatureOf(entry), entry]));
  return Object.fromEntries(CONTRACTS.map((name) => [name, [...own[name].filter(({ type }) => type !== "error"), ...errors.values()]]));
}

/** `Contract.function`, or `Contract.function(types)` where several have this name. */
class Calls {
  constructor(library) {
    this.library = library;
    this.abis = interfaces();
    this.addresses = {};
    this.open = new Set();
    for (const [contract, abi] of Object.entries(this.abis)) {
      for (const entry of abi) if (entry.type === "function") this.open.add(`${contract}.${signatureOf(entry)}`);
    }
    this.count = this.open.size;
  }

  target(name) {
    const [contract, wanted] = name.split(/\.(.*)/s);
    const found = this.abis[contract].filter((entry) =>
      entry.type === "function" && [entry.name, signatureOf(entry)].includes(wanted));
    if (found.length !== 1) throw new Error(`${name} names ${found.length} functions`);
    const signature = signatureOf(found[0]);
    this.open.delete(`${contract}.${signature}`);
    return [{ address: this.addresses[contract], abi: this.abis[contract], entry: found[0], signature }];
  }

  async read(name, ...args) {
    return plain(await this.library.read(...this.target(name), args));
  }

  /** Sends a transaction; returns the topics of its first log. */
  async write(name, ...args) {
    return (await this.library.write(...this.target(name), args)).map((topic) => topic.toLowerCase());
  }

  /** Sends a transaction that mints: the first log has the token id in topic 1, whatever else it does. */
  async mint(name, ...args) {
    const token = BigInt((await this.write(name, ...args))[1]);
    equal(await this.read("PubkeyRouter.isRouted", token), true, `the first log of ${name}`);
    return token;
  }

  /** The contract refuses it with this error, or this text, and the library decodes which. */
  async refuses(error, name, ...args) {
    const said = await this.library.refusal(...this.target(name), args);
    equal(said, error, `the refusal of ${name}`);
  }
}

/** Runs everything on the network in this folder. */
export async function everyCall(named, connect, folder) {
  const place = placeOf(folder);
  const library = await connect(place);
  const calls = new Calls(library);
  const { contracts } = place.network;
  const five = { NodeRegistry: "node_registry", PubkeyRouter: "pubkey_router", PKPPermissions: "pkp_permissions", PKPNFT: "pkp_nft", Directory: "directory" };
  for (const [contract, member] of Object.entries(five)) calls.addresses[contract] = contracts[member].address;
  for (const [contract, name] of Object.entries(NAMED)) {
    const [version, value] = await calls.read("Directory.get", name);
    equal(version >= 1n, true, `the Directory has ${name}`);
    calls.addresses[contract] = JSON.parse(Buffer.from(value.slice(2), "hex")).address;
  }
  const me = library.me.toLowerCase();
  await committee(calls);
  const tokens = await mints(calls, me);
  await keys(calls, tokens.own);
  await grants(calls, me, tokens.own);
  await ownership(calls, me, tokens);
  await directory(calls);
  await others(calls, me);
  equal([...calls.open], [], "functions that were not called");
  console.log(`${named}: ${calls.count} functions of ${CONTRACTS.length} contracts`);
}

async function committee(calls) {
  const addresses = await calls.read("NodeRegistry.nodeAddresses");
  equal(BigInt(addresses.length), await calls.read("NodeRegistry.nodeCount"), "nodes");
  equal((await calls.read("NodeRegistry.nodes")).map(([address]) => address), addresses, "nodes");
  equal(await calls.read("NodeRegistry.isNode", addresses[0]), true, "a node");
  equal(await calls.read("NodeRegistry.REALM_ID"), REALM, "the realm");
  await calls.read("NodeRegistry.epochNumber");
  const threshold = await calls.read("NodeRegistry.threshold");
  const reads = ["currentValidatorCountForConsensus", "epoch", "getKickedValidators", "getValidatorsInCurrentEpoch", "getValidatorsInNextEpoch", "state"];
  const by = {};
  for (const name of reads) {
    by[name] = await calls.read(`NodeRegistry.${name}()`);
    const ofRealm = await calls.read(`NodeRegistry.${name}(uint256)`, REALM);
    // The newer generation's epoch has more members.
    if (name !== "epoch") equal(ofRealm, by[name], name);
  }
  equal(by.currentValidatorCountForConsensus, threshold, "the threshold");
  equal(by.getValidatorsInCurrentEpoch, addresses, "the validators");
  for (const [form, arguments_, members] of [["()", [], 8], ["(uint256)", [REALM], 18]]) {
    const [, needed, validators] = await calls.read(`NodeRegistry.getActiveUnkickedValidatorStructsAndCounts${form}`, ...arguments_);
    equal([needed, validators.length, validators[0].length], [threshold, addresses.length, members], `validators${form}`);
    // 127.0.0.1: each node's URL has it as four numbers.
    equal(validators[0][0], 0x7f000001n, "the first node's address");
  }
  equal(await calls.read("NodeRegistry.isActiveValidatorByNodeAddress(address)", addresses[0]), true, "a validator");
  equal(await calls.read("NodeRegistry.isActiveValidatorByNodeAddress(uint256,address)", REALM, addresses[0]), true, "a validator");
  await calls.refuses("UnknownRealm", "NodeRegistry.epoch(uint256)", 2n);
}

/** Every way to mint. Returns the tokens that are then the caller's. */
async function mints(calls, me) {
  const before = await calls.read("PKPNFT.balanceOf", me);
  equal(await calls.read("PKPNFT.mintCost"), 0n, "the cost of a mint");
  await calls.read("PKPNFT.mintCount");
  await calls.read("PKPNFT.getNextDerivedKeyId");
  const action = `0x1220${"11".repeat(32)}`, id = hex("login"), given = `0x${"22".repeat(20)}`;
  const logins = [[LOGIN], [id], ["0x"], [[1n, 2n]]];
  const typed = [[action], [[1n]], [given], [[2n]], ...logins];
  const own = await calls.mint("PKPNFT.mintNext(uint256,string)", KEY_TYPE, KEY_SET);
  const plainOne = await calls.mint("PKPNFT.mintNext(uint256)", KEY_TYPE);
  for (const burnt of [
    await calls.mint("PKPNFT.mintGrantAndBurnNext(uint256,string,bytes)", KEY_TYPE, KEY_SET, action),
    await calls.mint("PKPNFT.mintGrantAndBurnNext(uint256,bytes)", KEY_TYPE, action),
  ]) {
    equal(await calls.read("PKPNFT.exists", burnt), false, "a burnt token");
    equal(await calls.read("PKPPermissions.isPermittedAction", burnt, action), true, "its action");
  }
  const older = await calls.mint(
    "PKPHelper.mintNextAndAddAuthMethods(uint256,uint256[],bytes[],bytes[],uint256[][],bool,bool)", KEY_TYPE, ...logins, true, false);
  const itself = await calls.mint(
    "PKPHelper.mintNextAndAddAuthMethods(uint256,string,uint256[],bytes[],bytes[],uint256[][],bool,bool)",
    KEY_TYPE, KEY_SET, ...logins, true, true);
  const address = await calls.read("PKPNFT.getEthAddress", itself);
  equal(await calls.read("PKPNFT.ownerOf", itself), address, "a key that is its own owner");
  equal(await calls.read("PKPPermissions.isPermittedAddress", itself, address), true, "its own address");
  const olderTyped = await calls.mint(
    "PKPHelper.mintNextAndAddAuthMethodsWithTypes(uint256,bytes[],uint256[][],address[],uint256[][],uint256[],bytes[],bytes[],uint256[][],bool,bool)",
    KEY_TYPE, ...typed, false, false);
  const [withTypes] = calls.abis.PKPHelper.filter(({ name, inputs }) => name === "mintNextAndAddAuthMethodsWithTypes" && inputs.length === 1);
  const members = withTypes.inputs[0].components.map(({ name }) => name);
  const terms = Object.fromEntries([KEY_TYPE, KEY_SET, ...typed, false, false].map((value, place) => [members[place], value]));
  const newerTyped = await calls.mint(`PKPHelper.${signatureOf(withTypes)}`, terms);
  for (const token of [olderTyped, newerTyped]) {
    equal(await calls.read("PKPPermissions.getPermittedActions", token), [action], "actions of a mint");
    equal((await calls.read("PKPPermissions.getPermittedAddresses", token)).includes(given), true, "addresses of a mint");
  }
  const burnt = await calls.mint("PKPHelper.mintWith", {
    keyType: KEY_TYPE, keySetId: KEY_SET, methods: [{ authMethodType: LOGIN, id, userPubkey: "0x" }], scopes: [[1n]],
    permitPkpAddress: true, pkpAddressScopes: [2n], sendPkpToItself: false, burnPkp: true,
  });
  equal(await calls.read("PKPNFT.exists", burnt), false, "a token that was burnt when it was minted");
  equal(await calls.read("PKPNFT.balanceOf", calls.addresses.PKPHelper), 0n, "tokens that the helper keeps");
  equal(await calls.read("PKPNFT.balanceOf", me), before + 5n, "tokens of the caller");
  await noClaims(calls, me);
  // Of a mint whose third grant is bad nothing remains.
  const bad = [[LOGIN, LOGIN, LOGIN], [id, hex("two"), hex("three")], ["0x", "0x", "0x"], [[1n], [1n], [256n]]];
  await calls.refuses(
    "InvalidScope", "PKPHelper.mintNextAndAddAuthMethods(uint256,string,uint256[],bytes[],bytes[],uint256[][],bool,bool)",
    KEY_TYPE, KEY_SET, ...bad, true, true);
  equal(await calls.read("PKPNFT.balanceOf", me), before + 5n, "tokens of the caller");
  return { own, further: [plainOne, older, olderTyped, newerTyped] };
}

/** Without signatures of nodes nobody is given a key. */
async function noClaims(calls, me) {
  const { NodeRegistry: staking } = calls.addresses;
  const claims = "(bytes32,bytes32,uint8)[]", error = "WrongSignatureCount";
  equal((await calls.read("PKPNFT.claimDigest", KEY_TYPE, KEY_SET, ZERO, me, me, true)).length, 66, "a digest");
  await calls.refuses(error, `PKPNFT.claimAndMint(uint256,uint256,string,bytes32,${claims},address)`, REALM, KEY_TYPE, KEY_SET, ZERO, [], staking);
  await calls.refuses(error, `PKPNFT.claimAndMint(uint256,bytes32,${claims},address)`, KEY_TYPE, ZERO, [], staking);
  await calls.refuses(error, `PKPNFT.claimAndMint(uint256,bytes32,${claims})`, KEY_TYPE, ZERO, []);
  await calls.refuses(error, "PKPNFT.claimAndMintFor", REALM, KEY_TYPE, KEY_SET, ZERO, [], staking, me);
  const lists = ["IpfsCIDs", "IpfsCIDScopes", "Addresses", "AddressScopes", "AuthMethodTypes", "AuthMethodIds", "AuthMethodPubkeys", "AuthMethodScopes"];
  const nothing = Object.fromEntries(lists.map((name) => [`permitted${name}`, []]));
  await calls.refuses(
    error, "PKPHelper.claimAndMintNextAndAddAuthMethodsWithTypes", { keyType: KEY_TYPE, derivedKeyId: ZERO, signatures: [] },
    { keyType: KEY_TYPE, ...nothing, addPkpEthAddressAsPermittedAddress: true, sendPkpToItself: true });
}

async function keys(calls, token) {
  const { NodeRegistry: staking, PKPNFT: nft } = calls.addresses;
  const [pubkey, address] = [await calls.read("PubkeyRouter.getPubkey", token), await calls.read("PubkeyRouter.getEthAddress", token)];
  equal(await calls.read("PKPNFT.getPubkey", token), pubkey, "the public key");
  equal(await calls.read("PubkeyRouter.ethAddressToPkpId", address), token, "the token of an address");
  equal(await calls.read("PubkeyRouter.deriveEthAddressFromPubkey", pubkey), address, "the address of a key");
  const [routed, keyType, derivedKeyId, keySet] = await calls.read("PubkeyRouter.getRoutingData", token);
  equal([routed, keyType], [pubkey, KEY_TYPE], "what is routed");
  equal(keySet, await calls.read("PubkeyRouter.DEFAULT_KEY_SET_ID"), "the key set");
  equal(await calls.read("PubkeyRouter.KEY_TYPE_ECDSA_K256"), KEY_TYPE, "the key type");
  equal(await calls.read("PubkeyRouter.getDerivedPubkey(address,string,bytes32)", staking, KEY_SET, derivedKeyId), pubkey, "the derived key");
  equal(await calls.read("PubkeyRouter.getDerivedPubkey(address,bytes32)", staking, derivedKeyId), pubkey, "the derived key");
  const roots = await calls.read("PubkeyRouter.getRootKeys(address,string)", staking, KEY_SET);
  equal(await calls.read("PubkeyRouter.getRootKeys(address)", staking), roots, "roots");
  equal([await calls.read("PubkeyRouter.pkpNFT"), await calls.read("PubkeyRouter.nodeRegistry")], [nft, staking].map((at) => at.toLowerCase()), "addresses");
  equal([await calls.read("PubkeyRouter.isMinter", nft), await calls.read("PubkeyRouter.isMinter", staking)], [true, false], "minters");
  equal([await calls.read("PubkeyRouter.admissions"), await calls.read("PubkeyRouter.salt")], [0n, await calls.read("Directory.salt")], "admissions, and the founding whose votes count");
  equal(await calls.read("PubkeyRouter.minterOf", token), nft.toLowerCase(), "the minter of a token");
  await calls.refuses("NotMinter", "PubkeyRouter.route", KEY_TYPE, KEY_SET, ZERO);
  equal(await calls.read("PubkeyRouter.keyIdOf", nft, ZERO), ZERO, "the key id of a mint");
  await calls.refuses("AlreadyMinter", "PubkeyRouter.admitMinter", nft, ZERO, 1, []);
  await calls.refuses("RootKeysAlreadySet", "PubkeyRouter.setRootKeys", staking, KEY_SET, [{ pubkey, keyType: KEY_TYPE }], []);
}

async function grants(calls, me, token) {
  const permissions = (name) => `PKPPermissions.${name}`;
  const action = `0x1220${"33".repeat(32)}`, address = `0x${"44".repeat(20)}`, id = hex("somebody"), userPubkey = `0x04${"55".repeat(64)}`;
  equal([await calls.read(permissions("AUTH_METHOD_ADDRESS")), await calls.read(permissions("AUTH_METHOD_ACTION"))], [1n, 2n], "types");
  await calls.write(permissions("addPermittedAction"), token, action, [1n]);
  await calls.write(permissions("addPermittedAddress"), token, address, [1n, 2n]);
  await calls.write(permissions("addPermittedAuthMethod"), token, { authMethodType: LOGIN, id, userPubkey }, [1n]);
  await calls.write(permissions("addPermittedAuthMethodScope"), token, LOGIN, id, 2n);
  const scopes = () => calls.read(permissions("getPermittedAuthMethodScopes"), token, LOGIN, id, 4n);
  equal(await scopes(), [false, true, true, false], "scopes");
  equal(await calls.read(permissions("isPermittedAuthMethodScopePresent"), token, LOGIN, id, 2n), true, "a scope");
  equal(await calls.read(permissions("grantBits"), token, LOGIN, id), 7n, "a grant's bits");
  equal(await calls.read(permissions("grantedBy"), token, LOGIN, id), me, "who granted");
  equal(await calls.read(permissions("getUserPubkey"), token, LOGIN, id), userPubkey, "a login's key");
  await calls.read(permissions("getUserPubkeyForAuthMethod"), LOGIN, id);
  equal((await calls.read(permissions("getPermittedAuthMethods"), token)).length, 3, "what is permitted");
  equal((await calls.read(permissions("getTokenIdsForAuthMethod"), LOGIN, id)).includes(token), true, "tokens of a login");
  equal((await calls.read(permissions("getAuthMethodId"), LOGIN, id)).length, 66, "a login's hash");
  equal(await calls.read(permissions("isPermittedAuthMethod"), token, LOGIN, id), true, "a login");
  equal(await calls.read(permissions("isPermittedAction"), token, action), true, "an action");
  equal(await calls.read(permissions("isPermittedAddress"), token, address), true, "an address");
  equal(await calls.read(permissions("permEpoch"), token), 0n, "resets");
  equal([await calls.read(permissions("pkpNFT")), await calls.read(permissions("router"))],
    [calls.addresses.PKPNFT, calls.addresses.PubkeyRouter].map((at) => at.toLowerCase()), "addresses");

  await calls.refuses("UserPubkeyMismatch", permissions("addPermittedAuthMethod"), token, { authMethodType: LOGIN, id, userPubkey: "0x01" }, []);
  await calls.refuses("InvalidScope", permissions("addPermittedAction"), token, action, [0n]);
  await calls.refuses("InvalidSubject", permissions("addPermittedAction"), token, "0x01", [1n]);
  await calls.refuses("NotMinter", permissions("resetOnTransfer"), token);

  await calls.write(permissions("removePermittedAuthMethodScope"), token, LOGIN, id, 2n);
  equal(await scopes(), [false, true, false, false], "scopes");
  await calls.write(permissions("removePermittedAuthMethod"), token, LOGIN, id);
  await calls.write(permissions("removePermittedAddress"), token, address);
  await calls.write(permissions("removePermittedAction"), token, action);
  equal(await calls.read(permissions("getPermittedActions"), token), [], "actions");
  await calls.write(permissions("batchAddRemoveAuthMethods"), token, [LOGIN], [id], ["0x"], [[1n]], [], []);
  await calls.write(permissions("batchAddRemoveAuthMethods"), token, [], [], [], [], [LOGIN], [id]);
  equal(await calls.read(permissions("getPermittedAuthMethods"), token), [], "what is permitted");
}

async function ownership(calls, me, { own, further: [first, second, third, fourth] }) {
  const nft = (name) => `PKPNFT.${name}`, somebody = `0x${"66".repeat(20)}`;
  const list = [];
  const count = Number(await calls.read(nft("balanceOf"), me));
  for (let place = 0; place < count; place++) list.push(await calls.read(nft("tokenOfOwnerByIndex"), me, BigInt(place)));
  equal([own, first, second, third, fourth].every((token) => list.includes(token)), true, "an owner's tokens");
  const infos = await calls.read(nft("getPkpInfoFromOwnerAddress"), me, 100n, 0n);
  equal(infos.slice(0, count).map(([token]) => token), list.slice(0, 100), "an owner's keys");
  const [[, , address]] = await calls.read(nft("getPkpInfoFromTokenIds"), [own]);
  equal((await calls.read(nft("getPkpInfoFromEthAddresses"), [address]))[0][0], own, "the key of an address");
  equal(await calls.read(nft("getPkpInfoFromOwnerTokenId"), own, 10n, 0n), [], "keys of a key");
  await calls.read(nft("tokenByIndex"), 0n);
  equal((await calls.read(nft("totalSupply"))) >= BigInt(count), true, "all tokens");
  for (const name of ["name", "symbol", "nodeRegistry", "permissions", "router"]) await calls.read(nft(name));
  equal((await calls.read(nft("tokenURI"), own)).startsWith("data:application/json"), true, "a description");
  equal(await calls.read(nft("supportsInterface"), "0x780e9d63"), true, "ERC-721 Enumerable");

  await calls.write(nft("approve"), somebody, own);
  equal(await calls.read(nft("getApproved"), own), somebody, "an approval");
  await calls.write(nft("setApprovalForAll"), somebody, true);
  equal(await calls.read(nft("isApprovedForAll"), me, somebody), true, "an approval");
  await calls.write(nft("setApprovalForAll"), somebody, false);
  await calls.write(nft("transferFrom"), me, somebody, first);
  await calls.write(nft("safeTransferFrom(address,address,uint256)"), me, somebody, second);
  await calls.write(nft("safeTransferFrom(address,address,uint256,bytes)"), me, somebody, third, "0x");
  equal(await calls.read(nft("ownerOf"), third), somebody, "the new owner");
  await calls.refuses("NotOwner", "PKPPermissions.addPermittedAddress", third, me, [1n]);
  await calls.refuses("ERC721InsufficientApproval", nft("transferFrom"), somebody, me, third);
  await calls.write(nft("burn"), fourth);
  equal(await calls.read(nft("exists"), fourth), false, "a burnt token");
  await calls.refuses("ERC721NonexistentToken", nft("burn"), fourth);
}

async function directory(calls) {
  const names = await calls.read("Directory.names");
  equal(Object.values(NAMED).every((name) => names.includes(name)), true, "names");
  equal(await calls.read("Directory.nodeRegistry"), calls.addresses.NodeRegistry.toLowerCase(), "the committee");
  await calls.refuses("TooFewSignatures", "Directory.set", [{ name: "a-name", version: 1n, value: hex("value") }], []);
}

/** What only foreign client libraries ask for. */
async function others(calls, me) {
  const { addresses } = calls;
  const [, , validators] = await calls.read("PriceFeed.getNodesForRequest", REALM, [0n, 1n, 2n, 3n]);
  equal(validators[0][1], [1n, 1n, 1n, 1n], "prices");
  equal(await calls.read("PriceFeed.getStakingAddress"), addresses.NodeRegistry.toLowerCase(), "the committee");
  await calls.read("PriceFeed.nodeRegistry");
  for (const name of ["nodeRegistry", "permissions", "pkpNFT"]) await calls.read(`PKPHelper.${name}`);

  for (const name of ["balance", "stableBalance"]) equal(await calls.read(`Ledger.${name}`, me), 0n, name);
  await calls.read("Ledger.userWithdrawDelay");
  equal(await calls.read("Ledger.latestWithdrawRequest", me), [0n, 0n], "a withdrawal");
  await calls.refuses(NO_PAYMENTS, "Ledger.deposit");
  await calls.refuses(NO_PAYMENTS, "Ledger.depositForUser", me);
  await calls.refuses(NO_PAYMENTS, "Ledger.requestWithdraw", 1n);
  await calls.refuses(NO_PAYMENTS, "Ledger.withdraw", 1n);

  const restriction = { totalMaxPrice: 1n, requestsPerPeriod: 1n, periodSeconds: 1n };
  for (const name of ["getPayers", "getUsers"]) equal(await calls.read(`PaymentDelegation.${name}`, me), [], name);
  equal(await calls.read("PaymentDelegation.getRestriction", me), [0n, 0n, 0n], "a restriction");
  equal(await calls.read("PaymentDelegation.getPayersAndRestrictions", [me]), [[[]], [[]]], "payers");
  for (const name of ["delegatePayments", "undelegatePayments"]) {
    await calls.refuses(NO_PAYMENTS, `PaymentDelegation.${name}`, me);
    await calls.refuses(NO_PAYMENTS, `PaymentDelegation.${name}Batch`, [me]);
  }
  await calls.refuses(NO_PAYMENTS, "PaymentDelegation.setRestriction", restriction);

  const kinds = {
    STAKING: "NodeRegistry", PKP_NFT: "PKPNFT", PKP_PERMISSIONS: "PKPPermissions", PUB_KEY_ROUTER: "PubkeyRouter",
    PKP_HELPER: "PKPHelper", PRICE_FEED: "PriceFeed", LEDGER: "Ledger", PAYMENT_DELEGATION: "PaymentDelegation",
    ALLOWLIST: null, LIT_TOKEN: null, MULTI_SENDER: null, PKP_NFT_METADATA: null, RATE_LIMIT_NFT: null, STAKING_BALANCES: null,
  };
  for (const [kind, contract] of Object.entries(kinds)) {
    const hash = await calls.read(`ContractResolver.${kind}_CONTRACT`);
    const found = await calls.read("ContractResolver.getContract", hash, 0n);
    equal(found, contract ? addresses[contract].toLowerCase() : NOBODY, `the contract ${kind}`);
  }
  await calls.refuses("Fixed", "ContractResolver.setContract", ZERO, 0n, me);
}
