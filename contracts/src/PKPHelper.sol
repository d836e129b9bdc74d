// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {INodeRegistry} from "./INodeRegistry.sol";
import {IPKPMint} from "./IPKPMint.sol";
import {IPKPPermissions} from "./IPKPPermissions.sol";
import {DEFAULT_KEY_SET, REALM} from "./KeySets.sol";

/// Mints a key, says who may use it, and hands it over or burns it, in one transaction: all of it or nothing.
///
/// It has no role and keeps nothing, neither state nor a token. Anybody could deploy another one.
contract PKPHelper {
    /// Who is permitted.
    struct AuthMethod {
        uint256 authMethodType;
        bytes id;
        bytes userPubkey;
    }

    /// Everything that `mintWith` does.
    struct MintTerms {
        uint256 keyType;
        string keySetId;
        /// Actions, addresses and logins, each with its scopes.
        AuthMethod[] methods;
        uint256[][] scopes;
        /// Whether the key's own address is permitted, and with which scopes.
        bool permitPkpAddress;
        uint256[] pkpAddressScopes;
        /// Whether the key becomes its own owner; otherwise the caller becomes it.
        bool sendPkpToItself;
        /// Whether the token is burnt instead: then nothing of this can ever be changed.
        bool burnPkp;
    }

    /// The newer generation's terms of a mint.
    struct MintNextAndAddAuthMethodsWithTypesParams {
        uint256 keyType;
        string keySetId;
        bytes[] permittedIpfsCIDs;
        uint256[][] permittedIpfsCIDScopes;
        address[] permittedAddresses;
        uint256[][] permittedAddressesScopes;
        uint256[] permittedAuthMethodTypes;
        bytes[] permittedAuthMethodIds;
        bytes[] permittedAuthMethodPubkeys;
        uint256[][] permittedAuthMethodScopes;
        bool addPkpEthAddressAsPermittedAddress;
        bool sendPkpToItself;
    }

    /// What both generations claim.
    struct ClaimMaterial {
        uint256 keyType;
        bytes32 derivedKeyId;
        IPKPMint.Signature[] signatures;
    }

    /// Both generations' terms of a claim.
    struct AuthMethodData {
        uint256 keyType;
        bytes[] permittedIpfsCIDs;
        uint256[][] permittedIpfsCIDScopes;
        address[] permittedAddresses;
        uint256[][] permittedAddressScopes;
        uint256[] permittedAuthMethodTypes;
        bytes[] permittedAuthMethodIds;
        bytes[] permittedAuthMethodPubkeys;
        uint256[][] permittedAuthMethodScopes;
        bool addPkpEthAddressAsPermittedAddress;
        bool sendPkpToItself;
    }

    /// Whom to permit, as the permissions take it.
    struct Grants {
        uint256[] types;
        bytes[] ids;
        bytes[] userPubkeys;
        uint256[][] scopes;
        uint256 count;
    }

    error LengthMismatch();
    error KeyTypeMismatch();
    /// To burn a token and to hand it over exclude each other.
    error BurnOrSend();
    /// Only the account that sends the transaction can be handed a token with its grants: of a token that goes to
    /// anybody else the grants of its minting are void. A contract mints for itself, or makes the key its own owner.
    error ReceiverMustSend(address receiver);

    uint256 private constant AUTH_METHOD_ADDRESS = 1;
    uint256 private constant AUTH_METHOD_ACTION = 2;

    /// Mints.
    IPKPMint public immutable pkpNFT;
    /// Holds the grants.
    IPKPPermissions public immutable permissions;
    /// The committee whose nodes attest claims.
    INodeRegistry public immutable nodeRegistry;

    constructor(IPKPMint pkpNFT_, IPKPPermissions permissions_, INodeRegistry nodeRegistry_) {
        pkpNFT = pkpNFT_;
        permissions = permissions_;
        nodeRegistry = nodeRegistry_;
    }

    /// Mints a key and does with it what the terms say.
    function mintWith(MintTerms calldata terms) external payable returns (uint256 tokenId) {
        if (terms.burnPkp && terms.sendPkpToItself) revert BurnOrSend();
        if (!terms.burnPkp) _checkReceiver(terms.sendPkpToItself);
        uint256 count = terms.methods.length;
        if (terms.scopes.length != count) revert LengthMismatch();
        if (!terms.permitPkpAddress && terms.pkpAddressScopes.length != 0) revert LengthMismatch();
        Grants memory grants = _open(count);
        for (uint256 i = 0; i < count; ++i) {
            AuthMethod calldata method = terms.methods[i];
            _put(grants, method.authMethodType, method.id, method.userPubkey, terms.scopes[i]);
        }
        tokenId = pkpNFT.mintNext{value: msg.value}(terms.keyType, terms.keySetId);
        _permit(tokenId, grants, terms.permitPkpAddress, terms.pkpAddressScopes);
        if (terms.burnPkp) pkpNFT.burn(tokenId);
        else _handOver(tokenId, terms.sendPkpToItself);
    }

    /// Mints a key, permits logins, and hands it over.
    function mintNextAndAddAuthMethods(
        uint256 keyType,
        string memory keySetId,
        uint256[] memory permittedAuthMethodTypes,
        bytes[] memory permittedAuthMethodIds,
        bytes[] memory permittedAuthMethodPubkeys,
        uint256[][] memory permittedAuthMethodScopes,
        bool addPkpEthAddressAsPermittedAddress,
        bool sendPkpToItself
    ) public payable returns (uint256 tokenId) {
        _checkReceiver(sendPkpToItself);
        Grants memory grants = _open(permittedAuthMethodTypes.length);
        _putLogins(
            grants,
            permittedAuthMethodTypes,
            permittedAuthMethodIds,
            permittedAuthMethodPubkeys,
            permittedAuthMethodScopes
        );
        tokenId = pkpNFT.mintNext{value: msg.value}(keyType, keySetId);
        _permit(tokenId, grants, addPkpEthAddressAsPermittedAddress, new uint256[](0));
        _handOver(tokenId, sendPkpToItself);
    }

    /// The same under the default key set, for the older generation of client libraries.
    function mintNextAndAddAuthMethods(
        uint256 keyType,
        uint256[] memory permittedAuthMethodTypes,
        bytes[] memory permittedAuthMethodIds,
        bytes[] memory permittedAuthMethodPubkeys,
        uint256[][] memory permittedAuthMethodScopes,
        bool addPkpEthAddressAsPermittedAddress,
        bool sendPkpToItself
    ) external payable returns (uint256) {
        return mintNextAndAddAuthMethods(
            keyType,
            DEFAULT_KEY_SET,
            permittedAuthMethodTypes,
            permittedAuthMethodIds,
            permittedAuthMethodPubkeys,
            permittedAuthMethodScopes,
            addPkpEthAddressAsPermittedAddress,
            sendPkpToItself
        );
    }

    /// Mints a key, permits actions, addresses and logins, and hands it over.
    function mintNextAndAddAuthMethodsWithTypes(MintNextAndAddAuthMethodsWithTypesParams memory params)
        external
        payable
        returns (uint256)
    {
        AuthMethodData memory data = AuthMethodData(
            params.keyType,
            params.permittedIpfsCIDs,
            params.permittedIpfsCIDScopes,
            params.permittedAddresses,
            params.permittedAddressesScopes,
            params.permittedAuthMethodTypes,
            params.permittedAuthMethodIds,
            params.permittedAuthMethodPubkeys,
            params.permittedAuthMethodScopes,
            params.addPkpEthAddressAsPermittedAddress,
            params.sendPkpToItself
        );
        return _mintWithTypes(params.keySetId, data);
    }

    /// The same under the default key set, for the older generation of client libraries.
    function mintNextAndAddAuthMethodsWithTypes(
        uint256 keyType,
        bytes[] memory permittedIpfsCIDs,
        uint256[][] memory permittedIpfsCIDScopes,
        address[] memory permittedAddresses,
        uint256[][] memory permittedAddressScopes,
        uint256[] memory permittedAuthMethodTypes,
        bytes[] memory permittedAuthMethodIds,
        bytes[] memory permittedAuthMethodPubkeys,
        uint256[][] memory permittedAuthMethodScopes,
        bool addPkpEthAddressAsPermittedAddress,
        bool sendPkpToItself
    ) external payable returns (uint256) {
        AuthMethodData memory data;
        data.keyType = keyType;
        data.permittedIpfsCIDs = permittedIpfsCIDs;
        data.permittedIpfsCIDScopes = permittedIpfsCIDScopes;
        data.permittedAddresses = permittedAddresses;
        data.permittedAddressScopes = permittedAddressScopes;
        data.permittedAuthMethodTypes = permittedAuthMethodTypes;
        data.permittedAuthMethodIds = permittedAuthMethodIds;
        data.permittedAuthMethodPubkeys = permittedAuthMethodPubkeys;
        data.permittedAuthMethodScopes = permittedAuthMethodScopes;
        data.addPkpEthAddressAsPermittedAddress = addPkpEthAddressAsPermittedAddress;
        data.sendPkpToItself = sendPkpToItself;
        return _mintWithTypes(DEFAULT_KEY_SET, data);
    }

    /// Takes a key of the default key set that nodes attest to be the caller's, permits, and hands it over.
    function claimAndMintNextAndAddAuthMethodsWithTypes(
        ClaimMaterial calldata claimMaterial,
        AuthMethodData memory authMethodData
    ) external payable returns (uint256 tokenId) {
        if (claimMaterial.keyType != authMethodData.keyType) revert KeyTypeMismatch();
        _checkReceiver(authMethodData.sendPkpToItself);
        Grants memory grants = _grantsOf(authMethodData);
        tokenId = pkpNFT.claimAndMintFor{value: msg.value}(
            REALM,
            claimMaterial.keyType,
            DEFAULT_KEY_SET,
            claimMaterial.derivedKeyId,
            claimMaterial.signatures,
            address(nodeRegistry),
            msg.sender
        );
        _permit(tokenId, grants, authMethodData.addPkpEthAddressAsPermittedAddress, new uint256[](0));
        _handOver(tokenId, authMethodData.sendPkpToItself);
    }

    function _mintWithTypes(string memory keySetId, AuthMethodData memory data) private returns (uint256 tokenId) {
        _checkReceiver(data.sendPkpToItself);
        Grants memory grants = _grantsOf(data);
        tokenId = pkpNFT.mintNext{value: msg.value}(data.keyType, keySetId);
        _permit(tokenId, grants, data.addPkpEthAddressAsPermittedAddress, new uint256[](0));
        _handOver(tokenId, data.sendPkpToItself);
    }

    function _grantsOf(AuthMethodData memory data) private pure returns (Grants memory grants) {
        uint256 actions = data.permittedIpfsCIDs.length;
        uint256 addresses = data.permittedAddresses.length;
        if (data.permittedIpfsCIDScopes.length != actions || data.permittedAddressScopes.length != addresses) {
            revert LengthMismatch();
        }
        grants = _open(actions + addresses + data.permittedAuthMethodTypes.length);
        for (uint256 i = 0; i < actions; ++i) {
            _put(grants, AUTH_METHOD_ACTION, data.permittedIpfsCIDs[i], "", data.permittedIpfsCIDScopes[i]);
        }
        for (uint256 i = 0; i < addresses; ++i) {
            bytes memory id = abi.encodePacked(data.permittedAddresses[i]);
            _put(grants, AUTH_METHOD_ADDRESS, id, "", data.permittedAddressScopes[i]);
        }
        _putLogins(
            grants,
            data.permittedAuthMethodTypes,
            data.permittedAuthMethodIds,
            data.permittedAuthMethodPubkeys,
            data.permittedAuthMethodScopes
        );
    }

    function _putLogins(
        Grants memory grants,
        uint256[] memory types,
        bytes[] memory ids,
        bytes[] memory userPubkeys,
        uint256[][] memory scopes
    ) private pure {
        uint256 count = types.length;
        if (ids.length != count || userPubkeys.length != count || scopes.length != count) revert LengthMismatch();
        for (uint256 i = 0; i < count; ++i) {
            _put(grants, types[i], ids[i], userPubkeys[i], scopes[i]);
        }
    }

    /// Room for `count` subjects and for the key's own address, which comes first and last.
    function _open(uint256 count) private pure returns (Grants memory grants) {
        grants.types = new uint256[](count + 1);
        grants.ids = new bytes[](count + 1);
        grants.userPubkeys = new bytes[](count + 1);
        grants.scopes = new uint256[][](count + 1);
    }

    function _put(
        Grants memory grants,
        uint256 authMethodType,
        bytes memory id,
        bytes memory userPubkey,
        uint256[] memory scopes
    ) private pure {
        uint256 place = grants.count++;
        grants.types[place] = authMethodType;
        grants.ids[place] = id;
        grants.userPubkeys[place] = userPubkey;
        grants.scopes[place] = scopes;
    }

    function _permit(uint256 tokenId, Grants memory grants, bool pkpAddress, uint256[] memory pkpAddressScopes)
        private
    {
        if (pkpAddress) {
            bytes memory id = abi.encodePacked(pkpNFT.getEthAddress(tokenId));
            _put(grants, AUTH_METHOD_ADDRESS, id, "", pkpAddressScopes);
        }
        uint256 count = grants.count;
        if (count == 0) return;
        if (count < grants.types.length) _shorten(grants);
        permissions.batchAddRemoveAuthMethods(
            tokenId, grants.types, grants.ids, grants.userPubkeys, grants.scopes, new uint256[](0), new bytes[](0)
        );
    }

    /// Takes away the room that was kept for the key's own address.
    function _shorten(Grants memory grants) private pure {
        (uint256[] memory types, bytes[] memory ids) = (grants.types, grants.ids);
        (bytes[] memory userPubkeys, uint256[][] memory scopes) = (grants.userPubkeys, grants.scopes);
        uint256 count = grants.count;
        assembly ("memory-safe") {
            mstore(types, count)
            mstore(ids, count)
            mstore(userPubkeys, count)
            mstore(scopes, count)
        }
    }

    function _checkReceiver(bool sendPkpToItself) private view {
        // Not a right, but what the token contract will go by.
        if (!sendPkpToItself && msg.sender != tx.origin) revert ReceiverMustSend(msg.sender);
    }

    function _handOver(uint256 tokenId, bool sendPkpToItself) private {
        address receiver = sendPkpToItself ? pkpNFT.getEthAddress(tokenId) : msg.sender;
        IERC721(address(pkpNFT)).transferFrom(address(this), receiver, tokenId);
    }
}
