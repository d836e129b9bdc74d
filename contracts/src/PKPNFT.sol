// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {ERC721Enumerable} from "@openzeppelin/contracts/token/ERC721/extensions/ERC721Enumerable.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {INodeRegistry} from "./INodeRegistry.sol";
import {IPKPMint} from "./IPKPMint.sol";
import {IPKPNFT} from "./IPKPNFT.sol";
import {IPKPPermissions} from "./IPKPPermissions.sol";
import {IPubkeyRouter} from "./IPubkeyRouter.sol";
import {DEFAULT_KEY_SET, KEY_SET_ALIAS, REALM} from "./KeySets.sol";

/// Ownership of PKPs: one token for each key, minted once for ever.
///
/// Nobody has a role here: whoever deployed the contract can do no more than any other account.
///
/// A mint takes the next key. A claim takes a key whose id nodes attest, such as that of somebody's login. What they
/// sign is typed data (EIP-712) that names the key id, for whom the key is, and the account that calls, so that an
/// attestation is of use to nobody else.
contract PKPNFT is ERC721Enumerable, IPKPNFT, IPKPMint {
    /// One line of the listing reads.
    struct PkpInfo {
        uint256 tokenId;
        bytes pubkey;
        address ethAddress;
    }

    /// Emitted before the token's `Transfer`, so that the first log of a mint carries the token id in topic 1.
    event PKPMinted(uint256 indexed tokenId, bytes pubkey);

    /// Emitted between the two for a key that was claimed.
    event PKPClaimed(
        uint256 indexed tokenId, bytes32 indexed derivedKeyId, address indexed receiver, address minter, bool byAll
    );

    error WrongMintCost();
    error UnknownRealm(uint256 realmId);
    error WrongStakingContract();
    error BadReceiver();
    error WrongSignatureCount(uint256 given, uint256 needed);
    error BadSignature(uint256 index);
    error NotNodeSignature(uint256 index, address signer);
    error SignersNotAscending(uint256 index);

    /// The scope with which `mintGrantAndBurnNext` grants: sign anything.
    uint256 private constant SCOPE_SIGN_ANYTHING = 1;
    uint256 private constant PAGE_SIZE_MAX = 1000;
    bytes32 private constant DOMAIN_TYPE =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    /// What nodes sign for a key id that is a tagged hash, which nobody can choose.
    bytes32 private constant CLAIM_TYPE = keccak256(
        "Claim(uint256 keyType,string keySetId,bytes32 derivedKeyId,address receiver,address minter)"
    );
    /// What nodes sign for a key id as existing client libraries compute it, without a tag.
    bytes32 private constant CLAIM_BY_ALL_TYPE = keccak256(
        "ClaimByAll(uint256 keyType,string keySetId,bytes32 derivedKeyId,address receiver,address minter)"
    );
    /// Half the order of the curve: of the two signatures that differ by a sign only the low one counts.
    uint256 private constant S_MAX = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;
    bytes32 private constant MINTED_NOW = keccak256("quorate/minted-in-this-transaction/v1");

    /// What a mint costs, in wei. There is no function that could take money out, so it takes none in.
    uint256 public constant mintCost = 0;

    /// Derives and remembers the keys.
    IPubkeyRouter public immutable router;
    /// Holds the grants.
    IPKPPermissions public immutable permissions;
    /// The committee whose nodes attest.
    INodeRegistry public immutable nodeRegistry;

    /// How many keys were ever minted; only grows.
    uint256 public mintCount;

    constructor(IPubkeyRouter router_, IPKPPermissions permissions_, INodeRegistry nodeRegistry_)
        ERC721("Programmable Key Pair", "PKP")
    {
        router = router_;
        permissions = permissions_;
        nodeRegistry = nodeRegistry_;
    }

    /// Mints the next key to the caller.
    function mintNext(uint256 keyType, string calldata keySetId) external payable returns (uint256) {
        return _mintNext(msg.sender, keyType, keySetId);
    }

    /// The same under the default key set, for the older generation of client libraries.
    function mintNext(uint256 keyType) external payable returns (uint256) {
        return _mintNext(msg.sender, keyType, DEFAULT_KEY_SET);
    }

    /// Mints the next key, grants it to one action and burns the token, all in one transaction: from its first
    /// block on nobody can change who may use the key.
    function mintGrantAndBurnNext(uint256 keyType, string calldata keySetId, bytes calldata ipfsCID)
        external
        payable
        returns (uint256)
    {
        return _mintGrantAndBurnNext(keyType, keySetId, ipfsCID);
    }

    /// The same under the default key set, for the older generation of client libraries.
    function mintGrantAndBurnNext(uint256 keyType, bytes calldata ipfsCID) external payable returns (uint256) {
        return _mintGrantAndBurnNext(keyType, DEFAULT_KEY_SET, ipfsCID);
    }

    /// Mints to the caller the key of an id that nodes attest to be the caller's.
    function claimAndMint(
        uint256 realmId,
        uint256 keyType,
        string calldata keySetId,
        bytes32 derivedKeyId,
        Signature[] calldata signatures,
        address stakingContractAddress
    ) external payable returns (uint256) {
        if (realmId != REALM) revert UnknownRealm(realmId);
        _checkStaking(stakingContractAddress);
        return _claim(keyType, keySetId, derivedKeyId, signatures, msg.sender);
    }

    /// The same under the default key set, for the older generation of client libraries.
    function claimAndMint(
        uint256 keyType,
        bytes32 derivedKeyId,
        Signature[] calldata signatures,
        address stakingContractAddress
    ) external payable returns (uint256) {
        _checkStaking(stakingContractAddress);
        return _claim(keyType, DEFAULT_KEY_SET, derivedKeyId, signatures, msg.sender);
    }

    /// The same as the older generation of client libraries itself calls it.
    function claimAndMint(uint256 keyType, bytes32 derivedKeyId, Signature[] calldata signatures)
        external
        payable
        returns (uint256)
    {
        return _claim(keyType, DEFAULT_KEY_SET, derivedKeyId, signatures, msg.sender);
    }

    /// The same for a contract that acts for `receiver`: the nodes attest that the key is the receiver's, and that
    /// this contract may take it. What becomes of the token is then up to the contract.
    function claimAndMintFor(
        uint256 realmId,
        uint256 keyType,
        string calldata keySetId,
        bytes32 derivedKeyId,
        Signature[] calldata signatures,
        address stakingContractAddress,
        address receiver
    ) external payable returns (uint256) {
        if (realmId != REALM) revert UnknownRealm(realmId);
        if (receiver == address(0)) revert BadReceiver();
        _checkStaking(stakingContractAddress);
        return _claim(keyType, keySetId, derivedKeyId, signatures, receiver);
    }

    /// The digest that a node signs: that the key of this id, under this key set, is for `receiver` and that `minter`
    /// may take it. `byAll` says which of the two texts: the one of which all nodes' signatures are needed, or a
    /// threshold's. The text has the key set's own name, also if the claim uses an alias.
    function claimDigest(
        uint256 keyType,
        string memory keySetId,
        bytes32 derivedKeyId,
        address receiver,
        address minter,
        bool byAll
    ) public view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(DOMAIN_TYPE, keccak256("Quorate"), keccak256("1"), block.chainid, address(this))
        );
        bytes32 keySet = keccak256(bytes(keySetId));
        if (keySet == keccak256(bytes(KEY_SET_ALIAS))) keySet = keccak256(bytes(DEFAULT_KEY_SET));
        bytes32 text = keccak256(
            abi.encode(byAll ? CLAIM_BY_ALL_TYPE : CLAIM_TYPE, keyType, keySet, derivedKeyId, receiver, minter)
        );
        return keccak256(abi.encodePacked(hex"1901", domain, text));
    }

    /// Burns a token; its grants are frozen for ever. For its owner and those whom the owner approved.
    function burn(uint256 tokenId) external {
        _update(address(0), tokenId, msg.sender);
    }

    /// The key id of the next mint.
    function getNextDerivedKeyId() public view returns (bytes32) {
        return keccak256(abi.encode("quorate/key/mint/v1", block.chainid, address(this), mintCount));
    }

    /// @inheritdoc IPKPNFT
    function exists(uint256 tokenId) public view returns (bool) {
        return _ownerOf(tokenId) != address(0);
    }

    /// Owner of a living token; reverts otherwise.
    function ownerOf(uint256 tokenId) public view override(ERC721, IPKPNFT, IERC721) returns (address) {
        return super.ownerOf(tokenId);
    }

    /// The 65-byte public key, also of a burnt token.
    function getPubkey(uint256 tokenId) external view returns (bytes memory) {
        return router.getPubkey(tokenId);
    }

    /// The Ethereum address of the key, also of a burnt token.
    function getEthAddress(uint256 tokenId) external view returns (address) {
        return router.getEthAddress(tokenId);
    }

    /// One page of the tokens that an account owns.
    function getPkpInfoFromOwnerAddress(address owner, uint256 pageSize, uint256 pageIndex)
        public
        view
        returns (PkpInfo[] memory infos)
    {
        uint256 balance = balanceOf(owner);
        if (pageSize > PAGE_SIZE_MAX) pageSize = PAGE_SIZE_MAX;
        // The division keeps `first` from overflowing for any page index.
        if (pageSize == 0 || pageIndex > balance / pageSize) return infos;
        uint256 first = pageIndex * pageSize;
        uint256 count = balance - first < pageSize ? balance - first : pageSize;
        infos = new PkpInfo[](count);
        for (uint256 i = 0; i < count; ++i) {
            infos[i] = _info(tokenOfOwnerByIndex(owner, first + i));
        }
    }

    /// One page of the tokens that a PKP itself owns.
    function getPkpInfoFromOwnerTokenId(uint256 ownerTokenId, uint256 pageSize, uint256 pageIndex)
        external
        view
        returns (PkpInfo[] memory)
    {
        return getPkpInfoFromOwnerAddress(router.getEthAddress(ownerTokenId), pageSize, pageIndex);
    }

    /// What is known of these tokens.
    function getPkpInfoFromTokenIds(uint256[] calldata tokenIds) external view returns (PkpInfo[] memory infos) {
        infos = new PkpInfo[](tokenIds.length);
        for (uint256 i = 0; i < tokenIds.length; ++i) {
            infos[i] = _info(tokenIds[i]);
        }
    }

    /// What is known of the tokens of these Ethereum addresses.
    function getPkpInfoFromEthAddresses(address[] calldata ethAddresses)
        external
        view
        returns (PkpInfo[] memory infos)
    {
        infos = new PkpInfo[](ethAddresses.length);
        for (uint256 i = 0; i < ethAddresses.length; ++i) {
            infos[i] = _info(router.ethAddressToPkpId(ethAddresses[i]));
        }
    }

    /// Plain JSON, no picture.
    function tokenURI(uint256 tokenId) public view override returns (string memory) {
        _requireOwned(tokenId);
        return string.concat(
            'data:application/json;utf8,{"name":"PKP ',
            Strings.toHexString(router.getEthAddress(tokenId)),
            '","description":"A key of a committee of nodes, used as its grants say."}'
        );
    }

    function _mintNext(address to, uint256 keyType, string memory keySetId) private returns (uint256 tokenId) {
        if (msg.value != mintCost) revert WrongMintCost();
        bytes32 derivedKeyId = getNextDerivedKeyId();
        ++mintCount;
        bytes memory pubkey;
        // Reverts if this key was ever minted, burnt or not.
        (tokenId, pubkey) = router.route(keyType, keySetId, derivedKeyId);
        _markMintedNow(tokenId);
        emit PKPMinted(tokenId, pubkey);
        _mint(to, tokenId);
    }

    function _mintGrantAndBurnNext(uint256 keyType, string memory keySetId, bytes calldata ipfsCID)
        private
        returns (uint256 tokenId)
    {
        tokenId = _mintNext(address(this), keyType, keySetId);
        uint256[] memory scopes = new uint256[](1);
        scopes[0] = SCOPE_SIGN_ANYTHING;
        permissions.addPermittedAction(tokenId, ipfsCID, scopes);
        _burn(tokenId);
    }

    /// A claim leaves the counter of the mints alone: its key id is another kind of hash.
    function _claim(
        uint256 keyType,
        string memory keySetId,
        bytes32 derivedKeyId,
        Signature[] calldata signatures,
        address receiver
    ) private returns (uint256 tokenId) {
        if (msg.value != mintCost) revert WrongMintCost();
        bool byAll = _checkAttestations(keyType, keySetId, derivedKeyId, signatures, receiver);
        bytes memory pubkey;
        // Reverts if this key was ever minted, burnt or not.
        (tokenId, pubkey) = router.route(keyType, keySetId, derivedKeyId);
        _markMintedNow(tokenId);
        emit PKPMinted(tokenId, pubkey);
        emit PKPClaimed(tokenId, derivedKeyId, receiver, msg.sender, byAll);
        _mint(msg.sender, tokenId);
    }

    /// Distinct nodes, told by strictly ascending addresses, all signed the same of the two texts; the first
    /// signature tells which.
    function _checkAttestations(
        uint256 keyType,
        string memory keySetId,
        bytes32 derivedKeyId,
        Signature[] calldata signatures,
        address receiver
    ) private view returns (bool byAll) {
        uint256 count = signatures.length;
        uint256 nodeCount = nodeRegistry.nodeCount();
        if (count == 0 || count > nodeCount) revert WrongSignatureCount(count, nodeRegistry.threshold());
        bytes32 digest = claimDigest(keyType, keySetId, derivedKeyId, receiver, msg.sender, false);
        if (!nodeRegistry.isNode(_signer(digest, signatures[0], 0))) {
            byAll = true;
            digest = claimDigest(keyType, keySetId, derivedKeyId, receiver, msg.sender, true);
        }
        uint256 needed = byAll ? nodeCount : nodeRegistry.threshold();
        address last = address(0);
        for (uint256 i = 0; i < count; ++i) {
            address signer = _signer(digest, signatures[i], i);
            if (!nodeRegistry.isNode(signer)) revert NotNodeSignature(i, signer);
            if (signer <= last) revert SignersNotAscending(i);
            last = signer;
        }
        if (count < needed) revert WrongSignatureCount(count, needed);
    }

    function _signer(bytes32 digest, Signature calldata signature, uint256 index) private pure returns (address signer) {
        if (uint256(signature.s) > S_MAX || (signature.v != 27 && signature.v != 28)) revert BadSignature(index);
        signer = ecrecover(digest, signature.v, signature.r, signature.s);
        if (signer == address(0)) revert BadSignature(index);
    }

    function _checkStaking(address stakingContractAddress) private view {
        if (stakingContractAddress != address(nodeRegistry)) revert WrongStakingContract();
    }

    /// Every change of ownership passes here. A transfer voids the grants that the former owner made, except to the
    /// key's own address (a key that is its own owner keeps what was set up for it) and, within the transaction that
    /// minted the token, to the account that sent it (a contract that mints, grants and hands over): anybody else
    /// would be given a key that a stranger may use. `tx.origin` gives no right here; it is who chose the grants.
    /// A burn leaves the grants as they are.
    function _update(address to, uint256 tokenId, address auth) internal override returns (address from) {
        from = super._update(to, tokenId, auth);
        if (from == address(0) || to == address(0)) return from;
        if (to == router.getEthAddress(tokenId) || (to == tx.origin && _isMintedNow(tokenId))) return from;
        permissions.resetOnTransfer(tokenId);
    }

    function _info(uint256 tokenId) private view returns (PkpInfo memory) {
        return PkpInfo(tokenId, router.getPubkey(tokenId), router.getEthAddress(tokenId));
    }

    function _markMintedNow(uint256 tokenId) private {
        bytes32 slot = keccak256(abi.encode(MINTED_NOW, tokenId));
        assembly ("memory-safe") {
            tstore(slot, 1)
        }
    }

    function _isMintedNow(uint256 tokenId) private view returns (bool minted) {
        bytes32 slot = keccak256(abi.encode(MINTED_NOW, tokenId));
        assembly ("memory-safe") {
            minted := tload(slot)
        }
    }
}
