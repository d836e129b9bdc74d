// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// For how long an account has not reported: what a dead man's switch asks (docs/encryption.md).
contract Silence {
    mapping(address who => uint256) public reported;

    /// The caller is alive.
    function report() external {
        reported[msg.sender] = block.timestamp;
    }

    /// Seconds since the last report, by the chain's clock; 0 for who never reported, so that nothing opens by mistake.
    function silent(address who) external view returns (uint256) {
        uint256 last = reported[who];
        return last == 0 ? 0 : block.timestamp - last;
    }
}
