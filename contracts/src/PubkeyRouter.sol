// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {INodeRegistry} from "./INodeRegistry.sol";
import {IPubkeyRouter} from "./IPubkeyRouter.sol";
import {DEFAULT_KEY_SET, KEY_SET_ALIAS} from "./KeySets.sol";
import {NodeVotes} from "./NodeVotes.sol";
import {Secp256k1} from "./Secp256k1.sol";

/// Which public key belongs to which token, and the roots from which keys are derived.
///
/// Roots are set with the signatures of all founding nodes and never change. A route is written once and never
/// changes: no function, for nobody, overwrites or deletes one.
///
/// Routes are added by minters: PKPNFT, and further contracts that the nodes admit with their signatures. So minting can
/// be replaced without losing a key. A further minter adds tokens of its own and has no say over those of another.
contract PubkeyRouter is IPubkeyRouter {
    /// One root of a key set.
    struct RootKey {
        /// 65 bytes (0x04, x, y) for secp256k1, the curve's compressed encoding for others.
        bytes pubkey;
        /// What the root is for; 2 is ECDSA on secp256k1.
        uint256 keyType;
    }

    /// Everything known about a routed key.
    struct PubkeyRoutingData {
        bytes pubkey;
        uint256 keyType;
        bytes32 derivedKeyId;
        string keySetId;
    }

    struct Route {
        uint256 x;
        uint256 y;
        bytes32 derivedKeyId;
        bytes32 keySetHash;
    }

    struct KeySet {
        string id;
        // Affine coordinates of the secp256k1 root; x is zero until the roots are set.
        uint256 rootX;
        uint256 rootY;
        RootKey[] roots;
    }

    /// All nodes signed: the roots of this key set are final. One event for each root.
    event RootKeySet(address stakingContract, string keySetId, RootKey rootKey);
    /// Enough nodes signed: this contract may add routes, for ever.
    event MinterAdmitted(address minter);

    error NotMinter();
    error BadMinter();
    error AlreadyMinter();
    error WrongNumber(uint64 expected);
    error WrongStakingContract();
    error BadKeySetId();
    error BadRootKeysNumber(uint256 number, uint256 expected);
    error BadRootKey(uint256 place, uint256 expectedKeyType, uint256 expectedLength);
    error BadPublicKey();
    error RootKeysAlreadySet();
    error RootKeysNotSet();
    error UnsupportedKeyType(uint256 keyType);
    error AlreadyRouted(uint256 tokenId);

    /// ECDSA on secp256k1.
    uint256 public constant KEY_TYPE_ECDSA_K256 = 2;
    /// The key set that a network uses unless another is named.
    string public constant DEFAULT_KEY_SET_ID = DEFAULT_KEY_SET;
    uint256 private constant KEY_SET_ID_BYTES_MAX = 64;
    uint256 private constant ROOTS = 6;
    /// What all nodes sign for the roots of a key set, which is named by its own name.
    bytes32 private constant ROOT_KEYS_TYPE =
        keccak256("RootKeys(string keySetId,RootKey[] rootKeys)RootKey(bytes pubkey,uint256 keyType)");
    bytes32 private constant ROOT_KEY_TYPE = keccak256("RootKey(bytes pubkey,uint256 keyType)");
    /// What enough nodes sign for a further minter.
    bytes32 private constant MINTER_TYPE = keccak256("Minter(address minter,bytes32 codeHash,uint64 number)");

    /// The committee whose nodes sign.
    INodeRegistry public immutable nodeRegistry;
    /// The minter of the deployment.
    address public immutable pkpNFT;
    /// The founding whose votes count: the salt of what nodes sign.
    bytes32 public immutable salt;

    // Nodes read the slots of `_routes`, `_tokenOf`, `_keySets`, `_minters` and `_isAdmitted` directly, in every network
    // that there is: their places are part of the interface.
    mapping(uint256 tokenId => Route) private _routes;
    mapping(address ethAddress => uint256 tokenId) private _tokenOf;
    mapping(bytes32 keySetHash => KeySet) private _keySets;
    /// Never written. It holds the slot in which votes were once, so that what comes after keeps its place.
    mapping(bytes32 => bytes32) private _formerVotes;
    /// Who routed a token; zero for PKPNFT, which so pays nothing for it.
    mapping(uint256 tokenId => address minter) private _minters;
    mapping(address minter => bool) private _isAdmitted;
    /// How many further minters were admitted.
    uint64 public admissions;

    constructor(INodeRegistry nodeRegistry_, address pkpNFT_, bytes32 salt_) {
        nodeRegistry = nodeRegistry_;
        pkpNFT = pkpNFT_;
        salt = salt_;
    }

    /// Sets the roots of a key set for ever, with the signatures of all nodes. For anybody who has them.
    function setRootKeys(
        address stakingContract,
        string calldata keySetId,
        RootKey[] calldata rootKeys,
        bytes[] calldata signatures
    ) external {
        _checkStaking(stakingContract);
        (string memory id, bytes32 keySetHash) = _canonical(keySetId);
        if (bytes(id).length == 0 || bytes(id).length > KEY_SET_ID_BYTES_MAX) revert BadKeySetId();
        KeySet storage keySet = _keySets[keySetHash];
        // The roots are set once, so the signatures cannot be of use a second time.
        if (keySet.rootX != 0) revert RootKeysAlreadySet();

        (uint256 rootX, uint256 rootY) = _checkRoots(rootKeys);
        bytes32 text = _rootsText(keySetHash, rootKeys);
        NodeVotes.check(nodeRegistry, salt, text, signatures, nodeRegistry.nodeCount());
        keySet.id = id;
        keySet.rootX = rootX;
        keySet.rootY = rootY;
        for (uint256 i = 0; i < rootKeys.length; ++i) {
            keySet.roots.push(rootKeys[i]);
            emit RootKeySet(stakingContract, id, rootKeys[i]);
        }
    }

    /// Admits a further minter with the code of this hash for ever, with the signatures of as many nodes as act together.
    /// For anybody who has them. The number is one more than minters were admitted: signatures that came to nothing are
    /// void once another minter was admitted.
    function admitMinter(address minter, bytes32 codeHash, uint64 number, bytes[] calldata signatures) external {
        if (isMinter(minter)) revert AlreadyMinter();
        if (minter.code.length == 0 || minter.codehash != codeHash) revert BadMinter();
        if (number != admissions + 1) revert WrongNumber(admissions + 1);
        bytes32 text = keccak256(abi.encode(MINTER_TYPE, minter, codeHash, number));
        NodeVotes.check(nodeRegistry, salt, text, signatures, nodeRegistry.threshold());
        admissions = number;
        _isAdmitted[minter] = true;
        emit MinterAdmitted(minter);
    }

    /// @inheritdoc IPubkeyRouter
    function route(uint256 keyType, string calldata keySetId, bytes32 derivedKeyId)
        external
        returns (uint256 tokenId, bytes memory pubkey)
    {
        bool further = msg.sender != pkpNFT;
        if (further && !_isAdmitted[msg.sender]) revert NotMinter();
        if (keyType != KEY_TYPE_ECDSA_K256) revert UnsupportedKeyType(keyType);
        (, bytes32 keySetHash) = _canonical(keySetId);
        derivedKeyId = keyIdOf(msg.sender, derivedKeyId);
        (uint256 x, uint256 y) = _derive(keySetHash, derivedKeyId);
        pubkey = _encode(x, y);
        tokenId = uint256(keccak256(pubkey));
        // A route is never deleted, so this is what makes a key minted once for ever, also after a burn.
        if (_routes[tokenId].x != 0) revert AlreadyRouted(tokenId);
        _routes[tokenId] = Route(x, y, derivedKeyId, keySetHash);
        _tokenOf[_ethAddress(x, y)] = tokenId;
        if (further) _minters[tokenId] = msg.sender;
    }

    /// The key id under which a minter's id is routed. Those of PKPNFT are hashes of its own making, and are taken as
    /// they are. A further minter's are mixed with its address: it reaches no key of an action, of a login or of
    /// another minter, whatever it asks for.
    function keyIdOf(address minter, bytes32 derivedKeyId) public view returns (bytes32) {
        if (minter == pkpNFT) return derivedKeyId;
        return keccak256(abi.encode("quorate/key/minter/v1", block.chainid, address(this), minter, derivedKeyId));
    }

    /// Whether a contract may add routes.
    function isMinter(address account) public view returns (bool) {
        return account == pkpNFT || _isAdmitted[account];
    }

    /// @inheritdoc IPubkeyRouter
    function minterOf(uint256 tokenId) external view returns (address minter) {
        if (_routes[tokenId].x == 0) return address(0);
        minter = _minters[tokenId];
        if (minter == address(0)) minter = pkpNFT;
    }

    /// @inheritdoc IPubkeyRouter
    function getPubkey(uint256 tokenId) public view returns (bytes memory) {
        Route storage entry = _routes[tokenId];
        return entry.x == 0 ? bytes("") : _encode(entry.x, entry.y);
    }

    /// @inheritdoc IPubkeyRouter
    function getEthAddress(uint256 tokenId) public view returns (address) {
        Route storage entry = _routes[tokenId];
        return entry.x == 0 ? address(0) : _ethAddress(entry.x, entry.y);
    }

    /// @inheritdoc IPubkeyRouter
    function ethAddressToPkpId(address ethAddress) external view returns (uint256) {
        return _tokenOf[ethAddress];
    }

    /// @inheritdoc IPubkeyRouter
    function isRouted(uint256 tokenId) external view returns (bool) {
        return _routes[tokenId].x != 0;
    }

    /// Everything known about a token's key; empty if it was never routed.
    function getRoutingData(uint256 tokenId) external view returns (PubkeyRoutingData memory data) {
        Route storage entry = _routes[tokenId];
        if (entry.x == 0) return data;
        data = PubkeyRoutingData(
            _encode(entry.x, entry.y), KEY_TYPE_ECDSA_K256, entry.derivedKeyId, _keySets[entry.keySetHash].id
        );
    }

    /// The roots of a key set; empty until they are set.
    function getRootKeys(address stakingContract, string memory keySetId) public view returns (RootKey[] memory) {
        _checkStaking(stakingContract);
        (, bytes32 keySetHash) = _canonical(keySetId);
        return _keySets[keySetHash].roots;
    }

    /// The same of the default key set, for the older generation of client libraries.
    function getRootKeys(address stakingContract) external view returns (RootKey[] memory) {
        return getRootKeys(stakingContract, DEFAULT_KEY_SET);
    }

    /// @inheritdoc IPubkeyRouter
    function getDerivedPubkey(address stakingContract, string memory keySetId, bytes32 derivedKeyId)
        public
        view
        returns (bytes memory)
    {
        _checkStaking(stakingContract);
        (, bytes32 keySetHash) = _canonical(keySetId);
        (uint256 x, uint256 y) = _derive(keySetHash, derivedKeyId);
        return _encode(x, y);
    }

    /// The same under the default key set, for the older generation of client libraries.
    function getDerivedPubkey(address stakingContract, bytes32 derivedKeyId) external view returns (bytes memory) {
        return getDerivedPubkey(stakingContract, DEFAULT_KEY_SET, derivedKeyId);
    }

    /// The Ethereum address of a 65-byte public key.
    function deriveEthAddressFromPubkey(bytes calldata pubkey) external pure returns (address) {
        (uint256 x, uint256 y) = _decode(pubkey);
        return _ethAddress(x, y);
    }

    function _derive(bytes32 keySetHash, bytes32 derivedKeyId) private view returns (uint256, uint256) {
        KeySet storage keySet = _keySets[keySetHash];
        if (keySet.rootX == 0) revert RootKeysNotSet();
        return Secp256k1.derive(keySet.rootX, keySet.rootY, derivedKeyId);
    }

    function _rootsText(bytes32 keySetHash, RootKey[] calldata rootKeys) private pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](rootKeys.length);
        for (uint256 i = 0; i < hashes.length; ++i) {
            hashes[i] = keccak256(abi.encode(ROOT_KEY_TYPE, keccak256(rootKeys[i].pubkey), rootKeys[i].keyType));
        }
        return keccak256(abi.encode(ROOT_KEYS_TYPE, keySetHash, keccak256(abi.encodePacked(hashes))));
    }

    /// One root for each purpose, in one order. The point of the secp256k1 root is checked here, because keys are derived
    /// from it here; that all members hold shares of the others, their certificate says.
    function _checkRoots(RootKey[] calldata rootKeys) private pure returns (uint256 rootX, uint256 rootY) {
        if (rootKeys.length != ROOTS) revert BadRootKeysNumber(rootKeys.length, ROOTS);
        for (uint256 i = 0; i < ROOTS; ++i) {
            (uint256 keyType, uint256 length) = _rootForm(i);
            if (rootKeys[i].keyType != keyType || rootKeys[i].pubkey.length != length) {
                revert BadRootKey(i, keyType, length);
            }
        }
        // No point of the curve has x = 0, because 7 is not a square modulo p.
        (rootX, rootY) = _decode(rootKeys[0].pubkey);
    }

    /// Key type and length of the root at a place: signatures over secp256k1, P-256 and Ed25519; decryption, sessions
    /// and agreed randomness over BLS12-381.
    function _rootForm(uint256 place) private pure returns (uint256 keyType, uint256 length) {
        if (place == 0) return (KEY_TYPE_ECDSA_K256, 65);
        if (place == 1) return (3, 33);
        if (place == 2) return (5, 32);
        if (place == 3) return (1, 48);
        if (place == 4) return (65537, 48);
        return (65538, 48);
    }

    function _checkStaking(address stakingContract) private view {
        if (stakingContract != address(nodeRegistry)) revert WrongStakingContract();
    }

    function _canonical(string memory keySetId) private pure returns (string memory id, bytes32 hash) {
        hash = keccak256(bytes(keySetId));
        if (hash == keccak256(bytes(KEY_SET_ALIAS))) {
            return (DEFAULT_KEY_SET, keccak256(bytes(DEFAULT_KEY_SET)));
        }
        return (keySetId, hash);
    }

    function _decode(bytes calldata pubkey) private pure returns (uint256 x, uint256 y) {
        if (pubkey.length != 65 || pubkey[0] != 0x04) revert BadPublicKey();
        x = uint256(bytes32(pubkey[1:33]));
        y = uint256(bytes32(pubkey[33:65]));
        if (!Secp256k1.isOnCurve(x, y)) revert BadPublicKey();
    }

    function _encode(uint256 x, uint256 y) private pure returns (bytes memory) {
        return abi.encodePacked(uint8(4), x, y);
    }

    function _ethAddress(uint256 x, uint256 y) private pure returns (address) {
        return address(uint160(uint256(keccak256(abi.encodePacked(x, y)))));
    }
}
