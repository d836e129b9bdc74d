// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// What composites of several calls ask of the token contract.
interface IPKPMint {
    /// A node's ECDSA signature.
    struct Signature {
        bytes32 r;
        bytes32 s;
        uint8 v;
    }

    /// Mints the next key to the caller.
    function mintNext(uint256 keyType, string calldata keySetId) external payable returns (uint256);

    /// Mints an attested key to the caller, who acts for `receiver`.
    function claimAndMintFor(
        uint256 realmId,
        uint256 keyType,
        string calldata keySetId,
        bytes32 derivedKeyId,
        Signature[] calldata signatures,
        address stakingContractAddress,
        address receiver
    ) external payable returns (uint256);

    /// Burns a token of the caller.
    function burn(uint256 tokenId) external;

    /// The Ethereum address of the key.
    function getEthAddress(uint256 tokenId) external view returns (address);
}
