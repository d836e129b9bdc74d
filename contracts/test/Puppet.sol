// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// Does what tests tell it: any calls, also at the moment at which it receives a token, and it owns to be the minter
/// of whatever it is told.
contract Puppet {
    struct Call {
        address to;
        bytes data;
    }

    mapping(uint256 tokenId => address) public ownerOf;
    Call[] private _whenReceived;

    function act(Call[] calldata calls) external payable {
        for (uint256 i = 0; i < calls.length; ++i) {
            _call(calls[i].to, calls[i].data, i == 0 ? msg.value : 0);
        }
    }

    function setOwner(uint256 tokenId, address owner) external {
        ownerOf[tokenId] = owner;
    }

    function setWhenReceived(Call[] calldata calls) external {
        delete _whenReceived;
        for (uint256 i = 0; i < calls.length; ++i) {
            _whenReceived.push(calls[i]);
        }
    }

    function onERC721Received(address, address, uint256, bytes calldata) external returns (bytes4) {
        for (uint256 i = 0; i < _whenReceived.length; ++i) {
            _call(_whenReceived[i].to, _whenReceived[i].data, 0);
        }
        return this.onERC721Received.selector;
    }

    function _call(address to, bytes memory data, uint256 value) private {
        (bool success, bytes memory output) = to.call{value: value}(data);
        if (success) return;
        assembly ("memory-safe") {
            revert(add(output, 32), mload(output))
        }
    }
}
