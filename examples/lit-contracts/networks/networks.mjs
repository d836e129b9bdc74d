// The same through @lit-protocol/networks as it is published; the chain's id must be 31337:
//   quorate dev --chain-id 31337, npm ci, then: node networks.mjs [FOLDER]
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { createPublicClient, createWalletClient, http, keccak256 } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { equal, placeOf, refused } from "../place.mjs";

// The clients tell of everything that they do, on standard output.
const say = console.log;
console.log = () => {};
process.env.LOG_LEVEL = "silent";
const { nagaLocal } = createRequire(import.meta.url)("@lit-protocol/networks");

const place = placeOf(process.argv[2]);
const account = privateKeyToAccount(place.key);
const network = nagaLocal.withLocalContext({ networkContextPath: place.context("v8"), rpcUrlOverride: place.rpc });
const { chainApi } = network;

// A key, which is the wallet's: mintNext(2, "naga-keyset1").
const minted = await chainApi.mintWithEoa({ account });
const { tokenId, pubkey, ethAddress } = minted.data;
equal(BigInt(minted._raw.receipt.logs[0].topics[1]), tokenId, "the first log of a mint");
equal(BigInt(keccak256(pubkey)), tokenId, "the token of a public key");
const owned = await chainApi.getPKPsByAddress({ account, ownerAddress: account.address, pagination: { limit: 100 } });
equal(owned.pkps.some((pkp) => pkp.tokenId === tokenId && pkp.ethAddress === ethAddress), true, "an owner's keys");

const key = await chainApi.getPKPPermissionsManager({ account, pkpIdentifier: { tokenId } });
// Actions.
const action = "QmZKLGf3vgYsboM7WVUS9X56cJSdLzQVacNp841wmEDRkW";
await key.addPermittedAction({ ipfsId: action, scopes: ["sign-anything"] });
equal(await key.isPermittedAction({ ipfsId: action }), true, "an action");
equal((await key.getPermittedActions()).length, 1, "actions");
await key.removePermittedAction({ ipfsId: action });
equal(await key.isPermittedAction({ ipfsId: action }), false, "a removed action");
// Addresses.
const address = "0x1111111111111111111111111111111111111111";
await key.addPermittedAddress({ address, scopes: ["sign-anything"] });
equal(await key.isPermittedAddress({ address }), true, "an address");
equal((await key.getPermittedAddresses()).includes(address), true, "addresses");
await key.removePermittedAddress({ address });
equal(await key.isPermittedAddress({ address }), false, "a removed address");
// Other logins.
const login = { authMethodType: 88_911, authMethodId: "0x1234" };
await key.addPermittedAuthMethod({ ...login, userPubkey: "0x", scopes: ["sign-anything"] });
await key.addPermittedAuthMethodScope({ ...login, scopeId: 2 });
equal(await key.getPermittedAuthMethodScopes({ ...login, scopeId: 3 }), [false, true, true], "scopes");
equal((await key.getPermittedAuthMethods())[0].id, login.authMethodId, "logins");
const everything = await key.getPermissionsContext();
equal(everything.authMethods.length, 1, "everything that is permitted");
await refused(key.addPermittedAuthMethod({ ...login, userPubkey: "0x01", scopes: [] }), "reverted", "another key");
await key.removePermittedAuthMethodScope({ ...login, scopeId: 2 });
await key.removePermittedAuthMethod(login);
equal(await key.getPermittedAuthMethods(), [], "removed logins");

// Keys that own themselves: mintNextAndAddAuthMethods(…, true, true).
const authData = { authMethodType: 6, authMethodId: "0x5678", publicKey: "0x" };
const own = await chainApi.mintWithAuth({ account, authData, scopes: ["sign-anything"] });
const several = await chainApi.mintWithMultiAuths({
  account, authMethodIds: ["0x9a"], authMethodTypes: [88_911], authMethodScopes: [["personal-sign"]], pubkeys: ["0x"],
  addPkpEthAddressAsPermittedAddress: true, sendPkpToItself: true,
});
for (const { data, _raw } of [own, several]) {
  equal(BigInt(_raw.receipt.logs[0].topics[1]), data.tokenId, "the first log of a mint");
  const itself = await chainApi.getPKPPermissionsManager({ account, pkpIdentifier: { address: data.ethAddress } });
  equal(await itself.isPermittedAddress({ address: data.ethAddress }), true, "its own address");
  const found = await chainApi.getPKPsByAddress({ account, ownerAddress: data.ethAddress });
  equal(found.pkps.map((pkp) => pkp.tokenId), [data.tokenId], "a key that owns itself");
}
const byLogin = await chainApi.getPKPsByAuthData({ account, authData, pagination: { limit: 100, offset: 0 } });
equal(byLogin.pkps.some((pkp) => BigInt(pkp.tokenId) === own.data.tokenId), true, "keys of a login");

// This network takes no payments: balances are zero, and a payment is refused by a sentence.
const payments = await chainApi.getPaymentManager({ account });
equal((await payments.getBalance({ userAddress: account.address })).raw.totalBalance, 0n, "a balance");
equal(await payments.getUsers({ payerAddress: account.address }), [], "users who are paid for");
for (const payment of [payments.deposit({ amountInEth: "1" }), payments.delegatePayments({ userAddress: address })]) {
  await refused(payment, "this network takes no payments", "a payment");
}

// What the client of the nodes asks the chain when it connects: the nodes and their prices. It is let go no further.
const CONNECTING = "connecting";
let connection;
const connecting = network.createStateManager({
  networkModule: network,
  callback: async (found) => {
    connection = found;
    throw new Error(CONNECTING);
  },
});
await refused(connecting, CONNECTING, "connecting");
equal(connection.bootstrapUrls, place.network.endpoints.map(({ http: url }) => url), "the nodes' addresses");

// These clients have no call that burns; the written file has it, for every client library.
const { abi, address: nft } = JSON.parse(readFileSync(place.context("v8"))).PKPNFT;
const chain = network.getChainConfig(), transport = http(place.rpc), pkpnft = { address: nft, abi };
const [client, wallet] = [createPublicClient({ chain, transport }), createWalletClient({ chain, transport, account })];
const burning = await wallet.writeContract({ ...pkpnft, functionName: "burn", args: [tokenId] });
await client.waitForTransactionReceipt({ hash: burning });
equal(await client.readContract({ ...pkpnft, functionName: "exists", args: [tokenId] }), false, "a burnt token");

say("networks 8.4.1: minted, permitted, removed, read, listed, burnt");
process.exit(0);
