// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// What the other contracts ask of the committee.
interface INodeRegistry {
    /// Number of nodes of the current epoch.
    function nodeCount() external view returns (uint256);

    /// How many nodes must agree.
    function threshold() external view returns (uint256);

    /// Whether `account` is the address of a node of the current epoch.
    function isNode(address account) external view returns (bool);

    /// Addresses of the nodes of the current epoch, in committee order.
    function nodeAddresses() external view returns (address[] memory);
}
