// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {ERC721Enumerable} from "@openzeppelin/contracts/token/ERC721/extensions/ERC721Enumerable.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {IPKPNFT} from "./IPKPNFT.sol";
import {IPKPPermissions} from "./IPKPPermissions.sol";
import {IPubkeyRouter} from "./IPubkeyRouter.sol";

/// Ownership of PKPs: one token for each key, minted once for ever.
///
/// Nobody has a role here: whoever deployed the contract can do no more than any other account.
contract PKPNFT is ERC721Enumerable, IPKPNFT {
    /// One line of the listing reads.
    struct PkpInfo {
        uint256 tokenId;
        bytes pubkey;
        address ethAddress;
    }

    /// Emitted before the token's `Transfer`, so that the first log of a mint carries the token id in topic 1.
    event PKPMinted(uint256 indexed tokenId, bytes pubkey);

    error WrongMintCost();

    /// The scope with which `mintGrantAndBurnNext` grants: sign anything.
    uint256 private constant SCOPE_SIGN_ANYTHING = 1;
    uint256 private constant PAGE_SIZE_MAX = 1000;
    bytes32 private constant MINTED_NOW = keccak256("quorate/minted-in-this-transaction/v1");

    /// What a mint costs, in wei. There is no function that could take money out, so it takes none in.
    uint256 public constant mintCost = 0;

    /// Derives and remembers the keys.
    IPubkeyRouter public immutable router;
    /// Holds the grants.
    IPKPPermissions public immutable permissions;

    /// How many keys were ever minted; only grows.
    uint256 public mintCount;

    constructor(IPubkeyRouter router_, IPKPPermissions permissions_) ERC721("Programmable Key Pair", "PKP") {
        router = router_;
        permissions = permissions_;
    }

    /// Mints the next key to the caller.
    function mintNext(uint256 keyType, string calldata keySetId) external payable returns (uint256) {
        return _mintNext(msg.sender, keyType, keySetId);
    }

    /// Mints the next key, grants it to one action and burns the token, all in one transaction: from its first
    /// block on nobody can change who may use the key.
    function mintGrantAndBurnNext(uint256 keyType, string calldata keySetId, bytes calldata ipfsCID)
        external
        payable
        returns (uint256 tokenId)
    {
        tokenId = _mintNext(address(this), keyType, keySetId);
        uint256[] memory scopes = new uint256[](1);
        scopes[0] = SCOPE_SIGN_ANYTHING;
        permissions.addPermittedAction(tokenId, ipfsCID, scopes);
        _burn(tokenId);
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

    function _mintNext(address to, uint256 keyType, string calldata keySetId) private returns (uint256 tokenId) {
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
