// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// What the token asks of the permissions.
interface IPKPPermissions {
    /// Grants an action. Only for the owner of the token.
    function addPermittedAction(uint256 tokenId, bytes calldata ipfsCID, uint256[] calldata scopes) external;

    /// Drops every grant of a token that changes hands. Only for the token contract.
    function resetOnTransfer(uint256 tokenId) external;
}
