// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IPKPNFT} from "./IPKPNFT.sol";
import {IPKPPermissions} from "./IPKPPermissions.sol";
import {IPubkeyRouter} from "./IPubkeyRouter.sol";

/// Who may use a PKP.
///
/// A grant is one storage word. Its key is keccak256(abi.encode(tokenId, permEpoch[tokenId], subject)) with
/// subject = keccak256(abi.encode(type, id)); bit 0 says that the subject is permitted, bit s that it has scope s.
/// Only the token's owner writes, so the grants of a burnt token are frozen for ever. A transfer starts a new
/// permission epoch: the new owner starts without the grants of the old one.
///
/// Whose token it is says the contract that minted it. For tokens of PKPNFT nobody else is ever asked.
contract PKPPermissions is IPKPPermissions {
    /// A subject: how it authenticates, its identifier, and optionally the key that proves it.
    struct AuthMethod {
        uint256 authMethodType;
        bytes id;
        bytes userPubkey;
    }

    event PermittedAuthMethodAdded(uint256 indexed tokenId, uint256 authMethodType, bytes id, bytes userPubkey);
    event PermittedAuthMethodRemoved(uint256 indexed tokenId, uint256 authMethodType, bytes id);
    event PermittedAuthMethodScopeAdded(
        uint256 indexed tokenId, uint256 authMethodType, bytes id, uint256 scopeId
    );
    event PermittedAuthMethodScopeRemoved(
        uint256 indexed tokenId, uint256 authMethodType, bytes id, uint256 scopeId
    );
    /// All earlier grants of the token are void: it changed hands.
    event PermissionsReset(uint256 indexed tokenId, uint256 permEpoch);

    error NotOwner(uint256 tokenId, address caller);
    error NotMinter();
    error InvalidScope(uint256 scopeId);
    error InvalidSubject(uint256 authMethodType);
    error NotPermitted();
    error UserPubkeyMismatch();
    error LengthMismatch();

    /// Subject type of an Ethereum address; the id is its 20 bytes.
    uint256 public constant AUTH_METHOD_ADDRESS = 1;
    /// Subject type of an action; the id is its 34-byte sha2-256 multihash (a decoded CIDv0).
    uint256 public constant AUTH_METHOD_ACTION = 2;
    /// Gas in which a further minter says who owns a token; nodes ask it with as much.
    uint256 private constant OWNER_GAS = 100_000;
    uint256 private constant ID_BYTES_MAX = 1024;
    uint256 private constant USER_PUBKEY_BYTES_MAX = 1024;

    /// Where a subject stands in its list, and which owner first permitted it.
    struct Entry {
        address grantedBy;
        uint96 indexPlusOne;
    }

    /// A subject in its token's list.
    struct Listed {
        uint256 authMethodType;
        bytes id;
    }

    // Slots 0 to 2 are read by nodes directly: their place and meaning are part of the interface.
    /// slot 0: grant key to member bit and scope bits.
    mapping(bytes32 grantKey => uint256 bits) private _grants;
    /// slot 1: how often the token changed hands.
    mapping(uint256 tokenId => uint256) public permEpoch;
    /// slot 2: grant key to the key that proves the subject; empty if none was recorded.
    mapping(bytes32 grantKey => bytes userPubkey) private _userPubkeys;

    // What follows only serves enumeration.
    mapping(bytes32 listKey => Listed[]) private _lists;
    mapping(bytes32 grantKey => Entry) private _entries;
    mapping(bytes32 subject => uint256[] tokenIds) private _tokensOf;
    mapping(bytes32 subject => mapping(uint256 tokenId => bool)) private _everListed;

    /// The minter of the deployment, whose owners write here.
    IPKPNFT public immutable pkpNFT;
    /// Knows who minted the other tokens.
    IPubkeyRouter public immutable router;

    constructor(IPKPNFT pkpNFT_, IPubkeyRouter router_) {
        pkpNFT = pkpNFT_;
        router = router_;
    }

    modifier onlyOwner(uint256 tokenId) {
        // `_ownerOf` reverts for a token that does not live, so nothing is ever written for a burnt one.
        if (_ownerOf(tokenId) != msg.sender) revert NotOwner(tokenId, msg.sender);
        _;
    }

    // Writes.

    /// Permits an action, or adds scopes to one that is permitted.
    function addPermittedAction(uint256 tokenId, bytes calldata ipfsCID, uint256[] calldata scopes)
        external
        onlyOwner(tokenId)
    {
        _add(tokenId, AuthMethod(AUTH_METHOD_ACTION, ipfsCID, ""), scopes);
    }

    /// Permits an address, or adds scopes to one that is permitted.
    function addPermittedAddress(uint256 tokenId, address user, uint256[] calldata scopes)
        external
        onlyOwner(tokenId)
    {
        _add(tokenId, AuthMethod(AUTH_METHOD_ADDRESS, abi.encodePacked(user), ""), scopes);
    }

    /// Permits an auth method, or adds scopes to one that is permitted.
    function addPermittedAuthMethod(uint256 tokenId, AuthMethod calldata authMethod, uint256[] calldata scopes)
        external
        onlyOwner(tokenId)
    {
        _add(tokenId, authMethod, scopes);
    }

    /// Adds one scope to a subject that is permitted.
    function addPermittedAuthMethodScope(
        uint256 tokenId,
        uint256 authMethodType,
        bytes calldata id,
        uint256 scopeId
    ) external onlyOwner(tokenId) {
        bytes32 key = _grantKey(tokenId, getAuthMethodId(authMethodType, id));
        if (_grants[key] == 0) revert NotPermitted();
        _grants[key] |= _scopeBit(scopeId);
        emit PermittedAuthMethodScopeAdded(tokenId, authMethodType, id, scopeId);
    }

    /// Removes an action with all its scopes.
    function removePermittedAction(uint256 tokenId, bytes calldata ipfsCID) external onlyOwner(tokenId) {
        _remove(tokenId, AUTH_METHOD_ACTION, ipfsCID);
    }

    /// Removes an address with all its scopes.
    function removePermittedAddress(uint256 tokenId, address user) external onlyOwner(tokenId) {
        _remove(tokenId, AUTH_METHOD_ADDRESS, abi.encodePacked(user));
    }

    /// Removes an auth method with all its scopes.
    function removePermittedAuthMethod(uint256 tokenId, uint256 authMethodType, bytes calldata id)
        external
        onlyOwner(tokenId)
    {
        _remove(tokenId, authMethodType, id);
    }

    /// Removes one scope; the subject stays permitted.
    function removePermittedAuthMethodScope(
        uint256 tokenId,
        uint256 authMethodType,
        bytes calldata id,
        uint256 scopeId
    ) external onlyOwner(tokenId) {
        bytes32 key = _grantKey(tokenId, getAuthMethodId(authMethodType, id));
        if (_grants[key] == 0) revert NotPermitted();
        _grants[key] &= ~_scopeBit(scopeId);
        emit PermittedAuthMethodScopeRemoved(tokenId, authMethodType, id, scopeId);
    }

    /// Adds and removes any number of subjects in one transaction: all or nothing.
    function batchAddRemoveAuthMethods(
        uint256 tokenId,
        uint256[] memory typesToAdd,
        bytes[] memory idsToAdd,
        bytes[] memory userPubkeysToAdd,
        uint256[][] memory scopesToAdd,
        uint256[] memory typesToRemove,
        bytes[] memory idsToRemove
    ) external onlyOwner(tokenId) {
        _addAll(tokenId, typesToAdd, idsToAdd, userPubkeysToAdd, scopesToAdd);
        if (typesToRemove.length != idsToRemove.length) revert LengthMismatch();
        for (uint256 i = 0; i < typesToRemove.length; ++i) {
            _remove(tokenId, typesToRemove[i], idsToRemove[i]);
        }
    }

    /// @inheritdoc IPKPPermissions
    function resetOnTransfer(uint256 tokenId) external {
        if (msg.sender != address(pkpNFT) && msg.sender != router.minterOf(tokenId)) revert NotMinter();
        emit PermissionsReset(tokenId, ++permEpoch[tokenId]);
    }

    // Reads.

    /// The word that decides: bit 0 member, bit s scope s; zero if not permitted.
    function grantBits(uint256 tokenId, uint256 authMethodType, bytes calldata id)
        external
        view
        returns (uint256)
    {
        return _bits(tokenId, authMethodType, id);
    }

    /// Who owned the token when the subject was first permitted; zero if it is not permitted. Where this is not
    /// the present owner, a grant came with the key.
    function grantedBy(uint256 tokenId, uint256 authMethodType, bytes calldata id) external view returns (address) {
        return _entries[_grantKey(tokenId, getAuthMethodId(authMethodType, id))].grantedBy;
    }

    /// Whether an action was granted.
    function isPermittedAction(uint256 tokenId, bytes calldata ipfsCID) external view returns (bool) {
        return _bits(tokenId, AUTH_METHOD_ACTION, ipfsCID) != 0;
    }

    /// Whether an address was granted, or owns the token.
    function isPermittedAddress(uint256 tokenId, address user) external view returns (bool) {
        if (_bits(tokenId, AUTH_METHOD_ADDRESS, abi.encodePacked(user)) != 0) return true;
        return user != address(0) && _livingOwner(tokenId) == user;
    }

    /// Whether an auth method was granted.
    function isPermittedAuthMethod(uint256 tokenId, uint256 authMethodType, bytes calldata id)
        external
        view
        returns (bool)
    {
        return _bits(tokenId, authMethodType, id) != 0;
    }

    /// Whether a permitted subject has a scope. A subject that is not permitted has none.
    function isPermittedAuthMethodScopePresent(
        uint256 tokenId,
        uint256 authMethodType,
        bytes calldata id,
        uint256 scopeId
    ) external view returns (bool) {
        return _bits(tokenId, authMethodType, id) & _scopeBit(scopeId) != 0;
    }

    /// The first `maxScopeId` scopes as flags; index s is scope s. Index 0 is always false: there is no scope 0.
    function getPermittedAuthMethodScopes(
        uint256 tokenId,
        uint256 authMethodType,
        bytes calldata id,
        uint256 maxScopeId
    ) external view returns (bool[] memory scopes) {
        if (maxScopeId > 256) revert InvalidScope(maxScopeId);
        uint256 bits = _bits(tokenId, authMethodType, id);
        scopes = new bool[](maxScopeId);
        for (uint256 i = 1; i < maxScopeId; ++i) {
            scopes[i] = (bits >> i) & 1 == 1;
        }
    }

    /// Every permitted action.
    function getPermittedActions(uint256 tokenId) external view returns (bytes[] memory ids) {
        ids = _idsOfType(tokenId, AUTH_METHOD_ACTION);
    }

    /// Every permitted address; the owner of a living token comes first.
    function getPermittedAddresses(uint256 tokenId) external view returns (address[] memory addresses) {
        bytes[] memory ids = _idsOfType(tokenId, AUTH_METHOD_ADDRESS);
        address owner = _livingOwner(tokenId);
        uint256 offset = owner == address(0) ? 0 : 1;
        addresses = new address[](ids.length + offset);
        if (offset == 1) addresses[0] = owner;
        for (uint256 i = 0; i < ids.length; ++i) {
            addresses[i + offset] = address(bytes20(ids[i]));
        }
    }

    /// Every permitted subject, actions and addresses included.
    function getPermittedAuthMethods(uint256 tokenId) external view returns (AuthMethod[] memory methods) {
        Listed[] storage list = _lists[_listKey(tokenId)];
        methods = new AuthMethod[](list.length);
        for (uint256 i = 0; i < methods.length; ++i) {
            methods[i].authMethodType = list[i].authMethodType;
            methods[i].id = list[i].id;
            methods[i].userPubkey = _userPubkey(tokenId, getAuthMethodId(methods[i].authMethodType, methods[i].id));
        }
    }

    /// The key that was recorded with a token's auth method; empty if none.
    function getUserPubkey(uint256 tokenId, uint256 authMethodType, bytes calldata id)
        external
        view
        returns (bytes memory)
    {
        return _userPubkey(tokenId, getAuthMethodId(authMethodType, id));
    }

    /// Tokens that permit an auth method. Informative only: anybody can mint a token and permit anything on it.
    function getTokenIdsForAuthMethod(uint256 authMethodType, bytes calldata id)
        public
        view
        returns (uint256[] memory tokenIds)
    {
        bytes32 subject = getAuthMethodId(authMethodType, id);
        uint256[] storage ever = _tokensOf[subject];
        uint256 count = 0;
        for (uint256 i = 0; i < ever.length; ++i) {
            if (_grants[_grantKey(ever[i], subject)] != 0) ++count;
        }
        tokenIds = new uint256[](count);
        count = 0;
        for (uint256 i = 0; i < ever.length; ++i) {
            if (_grants[_grantKey(ever[i], subject)] != 0) tokenIds[count++] = ever[i];
        }
    }

    /// The key recorded for an auth method if all tokens that permit it recorded the same; empty otherwise.
    /// Informative only, for the same reason: use `getUserPubkey` with the token.
    function getUserPubkeyForAuthMethod(uint256 authMethodType, bytes calldata id)
        external
        view
        returns (bytes memory userPubkey)
    {
        uint256[] memory tokenIds = getTokenIdsForAuthMethod(authMethodType, id);
        bytes32 subject = getAuthMethodId(authMethodType, id);
        for (uint256 i = 0; i < tokenIds.length; ++i) {
            bytes memory recorded = _userPubkey(tokenIds[i], subject);
            if (i != 0 && keccak256(recorded) != keccak256(userPubkey)) return "";
            userPubkey = recorded;
        }
    }

    /// The hash that names a subject in grant keys.
    function getAuthMethodId(uint256 authMethodType, bytes memory id) public pure returns (bytes32) {
        return keccak256(abi.encode(authMethodType, id));
    }

    // Inside.

    function _addAll(
        uint256 tokenId,
        uint256[] memory types,
        bytes[] memory ids,
        bytes[] memory userPubkeys,
        uint256[][] memory scopes
    ) private {
        uint256 count = types.length;
        if (count != ids.length || count != userPubkeys.length || count != scopes.length) revert LengthMismatch();
        for (uint256 i = 0; i < count; ++i) {
            AuthMethod memory method;
            method.authMethodType = types[i];
            method.id = ids[i];
            method.userPubkey = userPubkeys[i];
            _add(tokenId, method, scopes[i]);
        }
    }

    function _add(uint256 tokenId, AuthMethod memory method, uint256[] memory scopes) private {
        _checkSubject(method);
        bytes32 subject = getAuthMethodId(method.authMethodType, method.id);
        bytes32 key = _grantKey(tokenId, subject);
        uint256 bits = _grants[key];
        if (bits == 0) {
            bits = 1;
            if (method.userPubkey.length != 0) _userPubkeys[key] = method.userPubkey;
            Listed[] storage list = _lists[_listKey(tokenId)];
            list.push(Listed(method.authMethodType, method.id));
            _entries[key] = Entry(msg.sender, uint96(list.length));
            if (!_everListed[subject][tokenId]) {
                _everListed[subject][tokenId] = true;
                _tokensOf[subject].push(tokenId);
            }
            emit PermittedAuthMethodAdded(tokenId, method.authMethodType, method.id, method.userPubkey);
        } else if (keccak256(_userPubkeys[key]) != keccak256(method.userPubkey)) {
            // To drop the new key silently would leave the caller believing that it counts; to take it would let an
            // addition of scopes change who can log in. Whoever means it removes the login first.
            revert UserPubkeyMismatch();
        }
        for (uint256 i = 0; i < scopes.length; ++i) {
            bits |= _scopeBit(scopes[i]);
            emit PermittedAuthMethodScopeAdded(tokenId, method.authMethodType, method.id, scopes[i]);
        }
        _grants[key] = bits;
    }

    function _remove(uint256 tokenId, uint256 authMethodType, bytes memory id) private {
        bytes32 key = _grantKey(tokenId, getAuthMethodId(authMethodType, id));
        if (_grants[key] == 0) revert NotPermitted();
        delete _grants[key];
        if (_userPubkeys[key].length != 0) delete _userPubkeys[key];
        Listed[] storage list = _lists[_listKey(tokenId)];
        uint256 index = _entries[key].indexPlusOne - 1;
        uint256 last = list.length - 1;
        if (index != last) {
            Listed storage moved = list[last];
            bytes32 movedKey = _grantKey(tokenId, getAuthMethodId(moved.authMethodType, moved.id));
            _entries[movedKey].indexPlusOne = uint96(index + 1);
            list[index] = moved;
        }
        list.pop();
        delete _entries[key];
        emit PermittedAuthMethodRemoved(tokenId, authMethodType, id);
    }

    /// A grant to something that can never be an address or an action would be a mistake, and after a burn one
    /// that nobody can mend.
    function _checkSubject(AuthMethod memory method) private pure {
        uint256 length = method.id.length;
        bool ok = length != 0 && length <= ID_BYTES_MAX && method.userPubkey.length <= USER_PUBKEY_BYTES_MAX;
        if (method.authMethodType == AUTH_METHOD_ADDRESS) ok = ok && length == 20;
        if (method.authMethodType == AUTH_METHOD_ACTION) {
            ok = ok && length == 34 && method.id[0] == 0x12 && method.id[1] == 0x20;
        }
        if (!ok) revert InvalidSubject(method.authMethodType);
    }

    /// Shifting by 256 or more would silently lose the scope, and bit 0 is membership.
    function _scopeBit(uint256 scopeId) private pure returns (uint256) {
        if (scopeId == 0 || scopeId > 255) revert InvalidScope(scopeId);
        return 1 << scopeId;
    }

    function _bits(uint256 tokenId, uint256 authMethodType, bytes memory id) private view returns (uint256) {
        return _grants[_grantKey(tokenId, getAuthMethodId(authMethodType, id))];
    }

    function _grantKey(uint256 tokenId, bytes32 subject) private view returns (bytes32) {
        return keccak256(abi.encode(tokenId, permEpoch[tokenId], subject));
    }

    function _listKey(uint256 tokenId) private view returns (bytes32) {
        return keccak256(abi.encode(tokenId, permEpoch[tokenId]));
    }

    function _idsOfType(uint256 tokenId, uint256 authMethodType) private view returns (bytes[] memory ids) {
        Listed[] storage list = _lists[_listKey(tokenId)];
        uint256 count = 0;
        for (uint256 i = 0; i < list.length; ++i) {
            if (list[i].authMethodType == authMethodType) ++count;
        }
        ids = new bytes[](count);
        count = 0;
        for (uint256 i = 0; i < list.length; ++i) {
            if (list[i].authMethodType == authMethodType) ids[count++] = list[i].id;
        }
    }

    function _userPubkey(uint256 tokenId, bytes32 subject) private view returns (bytes memory) {
        return _userPubkeys[_grantKey(tokenId, subject)];
    }

    /// Owner of a living token; reverts otherwise, with the minter's own error. PKPNFT is asked first: for its tokens
    /// nobody else ever answers, also after a burn.
    function _ownerOf(uint256 tokenId) private view returns (address) {
        try pkpNFT.ownerOf(tokenId) returns (address owner) {
            return owner;
        } catch (bytes memory reason) {
            address minter = router.minterOf(tokenId);
            if (minter != address(0) && minter != address(pkpNFT)) return IPKPNFT(minter).ownerOf{gas: OWNER_GAS}(tokenId);
            assembly ("memory-safe") {
                revert(add(reason, 32), mload(reason))
            }
        }
    }

    /// The same with zero for a token that does not live.
    function _livingOwner(uint256 tokenId) private view returns (address) {
        try pkpNFT.ownerOf(tokenId) returns (address owner) {
            return owner;
        } catch {
            address minter = router.minterOf(tokenId);
            if (minter == address(0) || minter == address(pkpNFT)) return address(0);
            try IPKPNFT(minter).ownerOf{gas: OWNER_GAS}(tokenId) returns (address owner) {
                return owner;
            } catch {
                return address(0);
            }
        }
    }
}
