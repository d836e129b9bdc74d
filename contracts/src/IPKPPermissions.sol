// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// What minters and composites ask of the permissions.
interface IPKPPermissions {
    /// Grants an action. Only for the owner of the token.
    function addPermittedAction(uint256 tokenId, bytes calldata ipfsCID, uint256[] calldata scopes) external;

    /// Grants to and takes from any number of subjects: all or nothing. Only for the owner of the token.
    function batchAddRemoveAuthMethods(
        uint256 tokenId,
        uint256[] memory typesToAdd,
        bytes[] memory idsToAdd,
        bytes[] memory userPubkeysToAdd,
        uint256[][] memory scopesToAdd,
        uint256[] memory typesToRemove,
        bytes[] memory idsToRemove
    ) external;

    /// Drops every grant of a token that changes hands. Only for the token's own minter.
    function resetOnTransfer(uint256 tokenId) external;
}
