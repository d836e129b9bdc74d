// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {INodeRegistry} from "./INodeRegistry.sol";

/// What changes in a living network: named values, each set by equal votes of t distinct nodes.
///
/// There is no owner. A vote names the version that the value is to have, so a vote that came to nothing never counts
/// for a later change.
contract Directory {
    /// One named value.
    struct Entry {
        /// How often the value was set; zero if never.
        uint64 version;
        bytes value;
    }

    /// A node voted for a value. The event has the whole value, so that other operators can read what is voted on.
    event Voted(address indexed node, string name, uint64 version, bytes value);
    /// A value was set by t votes.
    event ValueSet(bytes32 indexed nameHash, string name, uint64 version, bytes value);

    error NotNode();
    error BadName();
    error BadValue();
    error WrongVersion(uint64 expected);
    error TooManyNames();

    uint256 private constant NAME_BYTES_MAX = 64;
    uint256 private constant VALUE_BYTES_MAX = 4096;
    uint256 private constant NAMES_MAX = 256;

    // Slot 0 is read by nodes directly: its place and meaning are part of the interface.
    /// slot 0: hash of a name to its value.
    mapping(bytes32 nameHash => Entry) private _entries;
    mapping(bytes32 ballot => mapping(address node => bytes32 valueHash)) private _votes;
    string[] private _names;

    /// The committee whose nodes vote.
    INodeRegistry public immutable nodeRegistry;

    constructor(INodeRegistry nodeRegistry_) {
        nodeRegistry = nodeRegistry_;
    }

    /// Votes for a value of 0 to 4,096 bytes under a name of 1 to 64 characters of `a-z 0-9 . _ / -`. The vote of the
    /// t-th node for the same bytes sets them. A node may change its vote until then.
    function vote(string calldata name, uint64 version, bytes calldata value) external {
        if (!nodeRegistry.isNode(msg.sender)) revert NotNode();
        _checkName(bytes(name));
        if (value.length > VALUE_BYTES_MAX) revert BadValue();
        bytes32 nameHash = keccak256(bytes(name));
        Entry storage entry = _entries[nameHash];
        if (version != entry.version + 1) revert WrongVersion(entry.version + 1);

        bytes32 valueHash = keccak256(value);
        mapping(address node => bytes32) storage votes = _votes[_ballot(nameHash, version)];
        votes[msg.sender] = valueHash;
        emit Voted(msg.sender, name, version, value);

        address[] memory nodes = nodeRegistry.nodeAddresses();
        uint256 equal = 0;
        for (uint256 i = 0; i < nodes.length; ++i) {
            if (votes[nodes[i]] == valueHash) ++equal;
        }
        if (equal < nodeRegistry.threshold()) return;
        if (version == 1) {
            if (_names.length == NAMES_MAX) revert TooManyNames();
            _names.push(name);
        }
        entry.version = version;
        entry.value = value;
        emit ValueSet(nameHash, name, version, value);
    }

    /// A value and its version: zero and empty if it was never set.
    function get(string calldata name) external view returns (uint64 version, bytes memory value) {
        Entry storage entry = _entries[keccak256(bytes(name))];
        return (entry.version, entry.value);
    }

    /// The Keccak-256 of the value that a node voted for; zero if it has not voted.
    function voteOf(string calldata name, uint64 version, address node) external view returns (bytes32 valueHash) {
        return _votes[_ballot(keccak256(bytes(name)), version)][node];
    }

    /// Every name that was ever set, in order of time.
    function names() external view returns (string[] memory) {
        return _names;
    }

    function _ballot(bytes32 nameHash, uint64 version) private pure returns (bytes32) {
        return keccak256(abi.encode(nameHash, version));
    }

    function _checkName(bytes calldata name) private pure {
        if (name.length == 0 || name.length > NAME_BYTES_MAX) revert BadName();
        for (uint256 i = 0; i < name.length; ++i) {
            bytes1 letter = name[i];
            bool plain = (letter >= "a" && letter <= "z") || (letter >= "-" && letter <= "9") || letter == "_";
            if (!plain) revert BadName();
        }
    }
}
