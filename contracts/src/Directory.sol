// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {INodeRegistry} from "./INodeRegistry.sol";
import {NodeVotes} from "./NodeVotes.sol";

/// What changes in a living network: named values, each set with the signatures of t distinct nodes.
///
/// There is no owner. A change names the version that the value is to have, so a signature that came to nothing never
/// counts for a later change, and none counts twice.
contract Directory {
    /// One named value.
    struct Entry {
        /// How often the value was set; zero if never.
        uint64 version;
        bytes value;
    }

    /// A value that is to be set.
    struct Change {
        string name;
        /// One more than the value has.
        uint64 version;
        bytes value;
    }

    /// A value was set with the signatures of t nodes.
    event ValueSet(bytes32 indexed nameHash, string name, uint64 version, bytes value);

    error BadChangesNumber(uint256 number, uint256 most);
    error BadName();
    error BadValue();
    error WrongVersion(uint64 expected);
    error TooManyNames();

    uint256 private constant CHANGES_MAX = 16;
    uint256 private constant NAME_BYTES_MAX = 64;
    uint256 private constant VALUE_BYTES_MAX = 4096;
    uint256 private constant NAMES_MAX = 256;
    /// What nodes sign.
    bytes32 private constant CHANGES_TYPE =
        keccak256("Changes(Change[] changes)Change(string name,uint64 version,bytes value)");
    bytes32 private constant CHANGE_TYPE = keccak256("Change(string name,uint64 version,bytes value)");

    // Slot 0 is read by nodes directly: its place and meaning are part of the interface.
    /// slot 0: hash of a name to its value.
    mapping(bytes32 nameHash => Entry) private _entries;
    string[] private _names;

    /// The committee whose nodes sign.
    INodeRegistry public immutable nodeRegistry;
    /// The founding whose votes count: the salt of what nodes sign.
    bytes32 public immutable salt;

    constructor(INodeRegistry nodeRegistry_, bytes32 salt_) {
        nodeRegistry = nodeRegistry_;
        salt = salt_;
    }

    /// Sets 1 to 16 values, all or none, with the signatures of t nodes. For anybody who has them. Each value has 0 to 4,096
    /// bytes, and a name of 1 to 64 characters of `a-z 0-9 . _ / -`.
    function set(Change[] calldata changes, bytes[] calldata signatures) external {
        if (changes.length == 0 || changes.length > CHANGES_MAX) {
            revert BadChangesNumber(changes.length, CHANGES_MAX);
        }
        NodeVotes.check(nodeRegistry, salt, _text(changes), signatures, nodeRegistry.threshold());
        for (uint256 i = 0; i < changes.length; ++i) {
            _set(changes[i]);
        }
    }

    /// A value and its version: zero and empty if it was never set.
    function get(string calldata name) external view returns (uint64 version, bytes memory value) {
        Entry storage entry = _entries[keccak256(bytes(name))];
        return (entry.version, entry.value);
    }

    /// Every name that was ever set, in order of time.
    function names() external view returns (string[] memory) {
        return _names;
    }

    function _set(Change calldata change) private {
        _checkName(bytes(change.name));
        if (change.value.length > VALUE_BYTES_MAX) revert BadValue();
        bytes32 nameHash = keccak256(bytes(change.name));
        Entry storage entry = _entries[nameHash];
        // A version is set once: this is what keeps signatures from being of use a second time.
        if (change.version != entry.version + 1) revert WrongVersion(entry.version + 1);
        if (change.version == 1) {
            if (_names.length == NAMES_MAX) revert TooManyNames();
            _names.push(change.name);
        }
        entry.version = change.version;
        entry.value = change.value;
        emit ValueSet(nameHash, change.name, change.version, change.value);
    }

    function _text(Change[] calldata changes) private pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](changes.length);
        for (uint256 i = 0; i < hashes.length; ++i) {
            Change calldata change = changes[i];
            hashes[i] = keccak256(
                abi.encode(CHANGE_TYPE, keccak256(bytes(change.name)), change.version, keccak256(change.value))
            );
        }
        return keccak256(abi.encode(CHANGES_TYPE, keccak256(abi.encodePacked(hashes))));
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
