// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IValidators} from "./IValidators.sol";

/// What client libraries of the newer generation ask while connecting: the nodes, and what each of them costs.
/// Every price is 1, which means nothing: this network takes no payments.
contract PriceFeed {
    /// A node and its prices, in the order of the products that were asked for.
    struct NodeInfoAndPrices {
        IValidators.Validator validator;
        uint256[] prices;
    }

    error TooManyProducts();

    uint256 private constant PRICE = 1;
    uint256 private constant PRODUCTS_MAX = 64;

    /// The committee.
    IValidators public immutable nodeRegistry;

    constructor(IValidators nodeRegistry_) {
        nodeRegistry = nodeRegistry_;
    }

    /// Number of the epoch, how many nodes must agree, and every node with its prices.
    function getNodesForRequest(uint256 realmId, uint256[] calldata productIds)
        external
        view
        returns (uint256 epochId, uint256 minNodeCount, NodeInfoAndPrices[] memory nodesAndPrices)
    {
        if (productIds.length > PRODUCTS_MAX) revert TooManyProducts();
        (IValidators.Epoch memory epoch, uint256 needed, IValidators.Validator[] memory nodes) =
            nodeRegistry.getActiveUnkickedValidatorStructsAndCounts(realmId);
        uint256[] memory prices = new uint256[](productIds.length);
        for (uint256 i = 0; i < prices.length; ++i) {
            prices[i] = PRICE;
        }
        nodesAndPrices = new NodeInfoAndPrices[](nodes.length);
        for (uint256 i = 0; i < nodes.length; ++i) {
            nodesAndPrices[i] = NodeInfoAndPrices(nodes[i], prices);
        }
        return (epoch.number, needed, nodesAndPrices);
    }

    /// The address of the committee's contract.
    function getStakingAddress() external view returns (address) {
        return address(nodeRegistry);
    }
}
