// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Endpoint} from "./Endpoint.sol";
import {INodeRegistry} from "./INodeRegistry.sol";
import {IValidators} from "./IValidators.sol";
import {REALM} from "./KeySets.sol";

/// The committee: who the nodes are and how many of them must agree.
///
/// The founding committee is fixed by the constructor. There is no owner and no function that writes: what a
/// deployment says about its committee cannot be changed by whoever deployed it.
contract NodeRegistry is INodeRegistry, IValidators {
    /// One node.
    struct Node {
        /// Address of the key with which the node signs for the contracts.
        address nodeAddress;
        /// SHA-256 of the node's transport key.
        bytes32 transportKeyHash;
        /// Ed25519 key with which the node signs statements.
        bytes32 statementKey;
        /// Where clients reach the node.
        string url;
    }

    /// The epoch record of the older generation of client libraries.
    struct EpochWithoutRealm {
        uint256 epochLength;
        uint256 number;
        uint256 endTime;
        uint256 retries;
        uint256 timeout;
        uint256 startTime;
    }

    /// A node for the older generation.
    struct ValidatorWithoutRealm {
        uint32 ip;
        uint128 ipv6;
        uint32 port;
        address nodeAddress;
        uint256 reward;
        uint256 senderPubKey;
        uint256 receiverPubKey;
        uint256 lastActiveEpoch;
    }

    /// Where a node is, if its URL is that of an IPv4 address; zeros otherwise. One word in storage.
    struct Place {
        address nodeAddress;
        uint32 ip;
        uint32 port;
    }

    /// The reference network's states, in its order.
    enum State {
        Active,
        NextValidatorSetLocked,
        ReadyForNextEpoch,
        Unlocked,
        Paused,
        Restore
    }

    /// Emitted whenever the state changes, at the founding as well.
    event StateChanged(State newState);

    /// Emitted once, by the constructor.
    event CommitteeFounded(uint256 epoch, uint256 nodeCount, uint256 threshold);

    error BadCommitteeSize();
    error BadThreshold();
    error BadNode(uint256 index);
    error UnknownRealm(uint256 realmId);

    /// The only realm there is.
    uint256 public constant REALM_ID = REALM;
    uint256 private constant NODES_MAX = 64;
    uint256 private constant URL_BYTES_MAX = 256;

    /// @inheritdoc INodeRegistry
    uint256 public immutable threshold;
    /// Number of the current epoch; the founding committee is epoch 1.
    uint256 public constant epochNumber = 1;

    Node[] private _nodes;
    Place[] private _places;
    mapping(address account => bool) private _isNode;

    constructor(Node[] memory foundingNodes, uint256 foundingThreshold) {
        uint256 count = foundingNodes.length;
        if (count < 2 || count > NODES_MAX) revert BadCommitteeSize();
        // A threshold of one would be a key in one hand.
        if (foundingThreshold < 2 || foundingThreshold > count) revert BadThreshold();
        threshold = foundingThreshold;
        for (uint256 i = 0; i < count; ++i) {
            Node memory node = foundingNodes[i];
            if (
                node.nodeAddress == address(0) || node.transportKeyHash == 0 || node.statementKey == 0
                    || bytes(node.url).length > URL_BYTES_MAX || _isNode[node.nodeAddress]
            ) revert BadNode(i);
            for (uint256 j = 0; j < i; ++j) {
                if (
                    foundingNodes[j].transportKeyHash == node.transportKeyHash
                        || foundingNodes[j].statementKey == node.statementKey
                ) revert BadNode(i);
            }
            _isNode[node.nodeAddress] = true;
            _nodes.push(node);
            (uint32 ip, uint32 port) = Endpoint.parse(node.url);
            _places.push(Place(node.nodeAddress, ip, port));
        }
        emit CommitteeFounded(epochNumber, count, foundingThreshold);
        emit StateChanged(State.Active);
    }

    /// Every node of the current epoch, in committee order.
    function nodes() external view returns (Node[] memory) {
        return _nodes;
    }

    /// @inheritdoc INodeRegistry
    function nodeCount() external view returns (uint256) {
        return _nodes.length;
    }

    /// @inheritdoc INodeRegistry
    function isNode(address account) external view returns (bool) {
        return _isNode[account];
    }

    /// @inheritdoc INodeRegistry
    function nodeAddresses() public view returns (address[] memory list) {
        list = new address[](_nodes.length);
        for (uint256 i = 0; i < list.length; ++i) {
            list[i] = _nodes[i].nodeAddress;
        }
    }

    // What follows are the reads of existing client libraries, of two generations: the newer one names a realm.

    /// The epoch record; the times are zero because epochs do not end by time.
    function epoch(uint256 realmId) public pure returns (Epoch memory record) {
        _checkRealm(realmId);
        record.number = epochNumber;
    }

    /// The same for the older generation.
    function epoch() public pure returns (EpochWithoutRealm memory record) {
        record.number = epochNumber;
    }

    /// The state of the realm.
    function state(uint256 realmId) external pure returns (State) {
        _checkRealm(realmId);
        return State.Active;
    }

    /// The same for the older generation.
    function state() external pure returns (State) {
        return State.Active;
    }

    /// How many nodes must agree.
    function currentValidatorCountForConsensus(uint256 realmId) external view returns (uint256) {
        _checkRealm(realmId);
        return threshold;
    }

    /// The same for the older generation.
    function currentValidatorCountForConsensus() external view returns (uint256) {
        return threshold;
    }

    /// Addresses of the nodes of the current epoch.
    function getValidatorsInCurrentEpoch(uint256 realmId) external view returns (address[] memory) {
        _checkRealm(realmId);
        return nodeAddresses();
    }

    /// The same for the older generation.
    function getValidatorsInCurrentEpoch() external view returns (address[] memory) {
        return nodeAddresses();
    }

    /// Addresses of the nodes of the next epoch: the same, because nothing changes a committee.
    function getValidatorsInNextEpoch(uint256 realmId) external view returns (address[] memory) {
        _checkRealm(realmId);
        return nodeAddresses();
    }

    /// The same for the older generation.
    function getValidatorsInNextEpoch() external view returns (address[] memory) {
        return nodeAddresses();
    }

    /// Nodes that were thrown out of the current epoch: none.
    function getKickedValidators(uint256 realmId) external pure returns (address[] memory list) {
        _checkRealm(realmId);
        return list;
    }

    /// The same for the older generation.
    function getKickedValidators() external pure returns (address[] memory list) {
        return list;
    }

    /// Whether an address is a node of the current epoch.
    function isActiveValidatorByNodeAddress(uint256 realmId, address account) external view returns (bool) {
        _checkRealm(realmId);
        return _isNode[account];
    }

    /// The same for the older generation.
    function isActiveValidatorByNodeAddress(address account) external view returns (bool) {
        return _isNode[account];
    }

    /// @inheritdoc IValidators
    function getActiveUnkickedValidatorStructsAndCounts(uint256 realmId)
        external
        view
        returns (Epoch memory, uint256, Validator[] memory list)
    {
        list = new Validator[](_places.length);
        for (uint256 i = 0; i < list.length; ++i) {
            Place memory place = _places[i];
            list[i].ip = place.ip;
            list[i].port = place.port;
            list[i].nodeAddress = place.nodeAddress;
        }
        return (epoch(realmId), threshold, list);
    }

    /// The same for the older generation.
    function getActiveUnkickedValidatorStructsAndCounts()
        external
        view
        returns (EpochWithoutRealm memory, uint256, ValidatorWithoutRealm[] memory list)
    {
        list = new ValidatorWithoutRealm[](_places.length);
        for (uint256 i = 0; i < list.length; ++i) {
            Place memory place = _places[i];
            list[i].ip = place.ip;
            list[i].port = place.port;
            list[i].nodeAddress = place.nodeAddress;
        }
        return (epoch(), threshold, list);
    }

    function _checkRealm(uint256 realmId) private pure {
        if (realmId != REALM_ID) revert UnknownRealm(realmId);
    }
}
