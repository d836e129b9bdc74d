// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {NO_PAYMENTS} from "./Payments.sol";

/// Balances for client libraries that ask for them: all zero, and nothing can be paid in.
contract Ledger {
    /// A wish to be paid out.
    struct WithdrawRequest {
        uint256 timestamp;
        uint256 amount;
    }

    /// Zero.
    function balance(address) external pure returns (int256) {
        return 0;
    }

    /// Zero.
    function stableBalance(address) external pure returns (int256) {
        return 0;
    }

    /// Zero.
    function userWithdrawDelay() external pure returns (uint256) {
        return 0;
    }

    /// Zeros.
    function latestWithdrawRequest(address) external pure returns (WithdrawRequest memory request) {
        return request;
    }

    /// Always refused.
    function deposit() external payable {
        revert(NO_PAYMENTS);
    }

    /// Always refused.
    function depositForUser(address) external payable {
        revert(NO_PAYMENTS);
    }

    /// Always refused.
    function requestWithdraw(int256) external {
        revert(NO_PAYMENTS);
    }

    /// Always refused.
    function withdraw(int256) external {
        revert(NO_PAYMENTS);
    }
}
