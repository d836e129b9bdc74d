// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {INodeRegistry} from "./INodeRegistry.sol";

/// Votes of nodes that are gathered off chain: signatures of typed data (EIP-712), handed over together by anybody.
///
/// Who sends them has no say in what they are for: the text names the chain, the contract, the founding and all that is to
/// happen. The founding is told by a salt, because two of one account would have contracts at the same addresses.
library NodeVotes {
    error TooFewSignatures(uint256 got, uint256 needed);
    error TooManySignatures(uint256 got, uint256 most);
    /// It has another length than 65 bytes, a high s, another v than 27 and 28, or nobody's.
    error BadSignature(uint256 place);
    /// It is that of somebody else, or on another text.
    error NotNode(uint256 place, address signer);
    /// The signer's address is not above the one before.
    error NotAscending(uint256 place);

    uint256 private constant SIGNATURE_BYTES = 65;
    /// Half the order of the curve: of the two signatures that differ by a sign only the low one counts.
    uint256 private constant S_MAX = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;
    bytes32 private constant DOMAIN_TYPE = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)"
    );

    /// The digest that nodes of a founding sign of a text for the calling contract.
    function digestOf(bytes32 salt, bytes32 text) internal view returns (bytes32) {
        // Computed at each call: a chain that splits off has another id, and no vote counts on both.
        bytes32 domain = keccak256(
            abi.encode(DOMAIN_TYPE, keccak256("Quorate"), keccak256("1"), block.chainid, address(this), salt)
        );
        return keccak256(abi.encodePacked(hex"1901", domain, text));
    }

    /// Reverts unless this many distinct nodes at least, told by strictly ascending addresses, signed the text. One
    /// signature that is not a node's spoils all: it is not passed over.
    function check(
        INodeRegistry nodeRegistry,
        bytes32 salt,
        bytes32 text,
        bytes[] calldata signatures,
        uint256 needed
    ) internal view {
        uint256 count = signatures.length;
        if (count < needed) revert TooFewSignatures(count, needed);
        uint256 most = nodeRegistry.nodeCount();
        if (count > most) revert TooManySignatures(count, most);
        bytes32 digest = digestOf(salt, text);
        address last = address(0);
        for (uint256 i = 0; i < count; ++i) {
            address signer = _signer(digest, signatures[i], i);
            if (!nodeRegistry.isNode(signer)) revert NotNode(i, signer);
            if (signer <= last) revert NotAscending(i);
            last = signer;
        }
    }

    function _signer(bytes32 digest, bytes calldata signature, uint256 place) private pure returns (address signer) {
        if (signature.length != SIGNATURE_BYTES) revert BadSignature(place);
        bytes32 s = bytes32(signature[32:64]);
        uint8 v = uint8(signature[64]);
        if (uint256(s) > S_MAX || (v != 27 && v != 28)) revert BadSignature(place);
        signer = ecrecover(digest, v, bytes32(signature[0:32]), s);
        if (signer == address(0)) revert BadSignature(place);
    }
}
