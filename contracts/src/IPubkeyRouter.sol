// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// What minters and the permissions ask of the router.
interface IPubkeyRouter {
    /// Derives and records a key. Only for minters; reverts if the key was ever recorded.
    function route(uint256 keyType, string calldata keySetId, bytes32 derivedKeyId)
        external
        returns (uint256 tokenId, bytes memory pubkey);

    /// The 65-byte public key of a token, empty if it was never routed.
    function getPubkey(uint256 tokenId) external view returns (bytes memory);

    /// The Ethereum address of a token's key, zero if it was never routed.
    function getEthAddress(uint256 tokenId) external view returns (address);

    /// The token of the key with this Ethereum address, zero if none.
    function ethAddressToPkpId(address ethAddress) external view returns (uint256);

    /// Which contract minted a token, also a burnt one; zero if it was never routed.
    function minterOf(uint256 tokenId) external view returns (address);

    /// Whether a key was ever recorded for this token; burning does not change it.
    function isRouted(uint256 tokenId) external view returns (bool);

    /// The 65-byte public key that a key id gives under a key set.
    function getDerivedPubkey(address stakingContract, string calldata keySetId, bytes32 derivedKeyId)
        external
        view
        returns (bytes memory);
}
