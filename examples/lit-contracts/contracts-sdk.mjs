// Keys, grants and logins through @lit-protocol/contracts-sdk as it is published: npm ci, then: node contracts-sdk.mjs [FOLDER]
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { ethers } from "ethers";
import { equal, placeOf, refused } from "./place.mjs";

const { LitContracts } = createRequire(import.meta.url)("@lit-protocol/contracts-sdk");

const place = placeOf(process.argv[2]);
const context = JSON.parse(readFileSync(place.context("v7")));
const provider = new ethers.providers.StaticJsonRpcProvider({ url: place.rpc, skipFetchSetup: true }, place.chainId);
provider.pollingInterval = 50;
const signer = new ethers.Wallet(place.key, provider);
const settings = { signer, provider, rpc: place.rpc, network: "custom" };
const contracts = new LitContracts({ ...settings, customContext: context });
await contracts.connect();
const { read: permitted } = contracts.pkpPermissionsContract;
const { read, write } = contracts.pkpPermissionsContractUtils;
const sent = async (transaction) => (await transaction).wait();

// A key, which is the wallet's.
const { pkp, res: minting } = await contracts.pkpNftContractUtils.write.mint();
const token = pkp.tokenId;
equal(minting.logs[0].topics[1], token, "the first log of a mint");
equal(ethers.utils.keccak256(`0x${pkp.publicKey}`), token, "the token of a public key");
equal((await contracts.pkpNftContractUtils.read.getTokensByAddress(signer.address)).includes(BigInt(token).toString()), true, "an owner's tokens");
const infos = await contracts.pkpNftContractUtils.read.getTokensInfoByAddress(signer.address);
equal(infos.some(({ ethAddress }) => ethAddress === pkp.ethAddress), true, "an owner's keys");

// Actions.
const action = "QmZKLGf3vgYsboM7WVUS9X56cJSdLzQVacNp841wmEDRkW", other = "QmSQDKRWEXZ9CGoucSTR11Mv6fhGqaytZ1MqrfHdkuS1Vg";
const bytes = (cid) => contracts.utils.getBytesFromMultihash(cid);
await contracts.addPermittedAction({ ipfsId: action, pkpTokenId: token, authMethodScopes: [2] });
await sent(write.addPermittedAction(token, other));
equal(await read.getPermittedActions(token), [bytes(action), bytes(other)], "actions");
equal(await read.isPermittedAction(token, action), true, "an action");
equal(await permitted.getPermittedAuthMethodScopes(token, 2, bytes(action), 3), [false, false, true], "its scopes");
await sent(write.revokePermittedAction(token, action));
equal(await read.isPermittedAction(token, action), false, "a revoked action");

// Addresses.
const address = "0x1111111111111111111111111111111111111111";
await sent(write.addPermittedAddress(token, address));
equal((await read.getPermittedAddresses(token)).includes(address), true, "addresses");
equal(await read.isPermittedAddress(BigInt(token).toString(), address), true, "an address");
await sent(contracts.pkpPermissionsContract.write.removePermittedAddress(token, address));
equal(await permitted.isPermittedAddress(token, address), false, "a removed address");

// Other logins, with the key that proves one.
const login = { kind: 3, id: "somebody", key: `0x04${"22".repeat(64)}` }, id = ethers.utils.toUtf8Bytes(login.id);
const added = { pkpTokenId: token, authMethodType: login.kind, authMethodId: login.id, authMethodScopes: [1], webAuthnPubkey: login.key };
await contracts.addPermittedAuthMethod(added);
const methods = await permitted.getPermittedAuthMethods(token);
equal(methods.some((method) => method.authMethodType.eq(login.kind) && method.userPubkey === login.key), true, "logins");
equal(await permitted.getPermittedAuthMethodScopes(token, login.kind, id, 3), [false, true, false], "its scopes");
await sent(contracts.pkpPermissionsContract.write.addPermittedAuthMethodScope(token, login.kind, id, 2));
equal(await permitted.isPermittedAuthMethodScopePresent(token, login.kind, id, 2), true, "an added scope");
// With another key it is refused, by a name that ethers decodes.
await refused(contracts.addPermittedAuthMethod({ ...added, webAuthnPubkey: "0x01" }), "Adding permitted action failed", "another key");
const another = { authMethodType: login.kind, id, userPubkey: "0x01" };
const why = await contracts.pkpPermissionsContract.write.callStatic.addPermittedAuthMethod(token, another, []).catch((error) => error.errorName);
equal(why, "UserPubkeyMismatch", "why it is refused");
await sent(contracts.pkpPermissionsContract.write.removePermittedAuthMethod(token, login.kind, id));
equal(await permitted.isPermittedAuthMethod(token, login.kind, id), false, "a removed login");

// Keys that are minted with a login.
const custom = await contracts.mintWithCustomAuth({ authMethodId: "custom", authMethodType: 88_911, scopes: [1] });
equal(await contracts.pkpNftContract.read.ownerOf(custom.pkp.tokenId), custom.pkp.ethAddress, "a key that owns itself");
equal(await permitted.isPermittedAddress(custom.pkp.tokenId, custom.pkp.ethAddress), true, "its own address");
const helped = await sent(contracts.pkpHelperContractUtil.write.mintNextAndAddAuthMethods({
  keyType: 2, permittedAuthMethodTypes: [88_911], permittedAuthMethodIds: [id], permittedAuthMethodPubkeys: ["0x"],
  permittedAuthMethodScopes: [[1]], addPkpEthAddressAsPermittedAddress: false, sendPkpToItself: false,
}));
equal(await contracts.pkpNftContract.read.ownerOf(helped.logs[0].topics[1]), signer.address, "a key that was handed over");

// Burnt: what it is granted stays, and nobody changes it any more.
await sent(contracts.pkpNftContract.write.burn(token));
equal(await contracts.pkpNftContract.read.exists(token), false, "a burnt token");
equal(await read.isPermittedAction(token, other), true, "what a burnt key is granted");

// What the client of the nodes asks the chain when it connects.
const connection = await LitContracts.getConnectionInfo({ litNetwork: "custom", networkContext: context, rpcUrl: place.rpc });
equal(connection.bootstrapUrls, place.network.endpoints.map(({ http }) => http), "the nodes' addresses");
equal(connection.minNodeCount, place.network.threshold, "the threshold");

// The same contracts, looked up in the resolver.
const { address: resolverAddress, abi } = context.ContractResolver;
const looked = new LitContracts({ ...settings, customContext: { resolverAddress, abi, environment: 0, contractContext: context, provider } });
await looked.connect();
equal(looked.pkpNftContract.read.address.toLowerCase(), context.PKPNFT.address, "an address of the resolver");
equal(await looked.pkpNftContract.read.exists(custom.pkp.tokenId), true, "a token, by the resolver's address");

console.log("contracts-sdk 7.4.0: minted, permitted, removed, read, listed, burnt");
