// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// What the other contracts ask of a minter.
interface IPKPNFT {
    /// Whether the token was minted and not burnt.
    function exists(uint256 tokenId) external view returns (bool);

    /// Owner of a living token; reverts otherwise.
    function ownerOf(uint256 tokenId) external view returns (address);
}
