// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {NO_PAYMENTS} from "./Payments.sol";

/// Who pays for whom, for client libraries that ask for it: nobody for anybody.
contract PaymentDelegation {
    /// How much a payer would pay.
    struct Restriction {
        uint128 totalMaxPrice;
        uint256 requestsPerPeriod;
        uint256 periodSeconds;
    }

    error TooManyUsers();

    uint256 private constant USERS_MAX = 1000;

    /// Nobody.
    function getPayers(address) external pure returns (address[] memory payers) {
        return payers;
    }

    /// Nobody for each of them.
    function getPayersAndRestrictions(address[] calldata users)
        external
        pure
        returns (address[][] memory payers, Restriction[][] memory restrictions)
    {
        if (users.length > USERS_MAX) revert TooManyUsers();
        return (new address[][](users.length), new Restriction[][](users.length));
    }

    /// Zeros.
    function getRestriction(address) external pure returns (Restriction memory restriction) {
        return restriction;
    }

    /// Nobody.
    function getUsers(address) external pure returns (address[] memory users) {
        return users;
    }

    /// Always refused.
    function delegatePayments(address) external {
        revert(NO_PAYMENTS);
    }

    /// Always refused.
    function delegatePaymentsBatch(address[] calldata) external {
        revert(NO_PAYMENTS);
    }

    /// Always refused.
    function undelegatePayments(address) external {
        revert(NO_PAYMENTS);
    }

    /// Always refused.
    function undelegatePaymentsBatch(address[] calldata) external {
        revert(NO_PAYMENTS);
    }

    /// Always refused.
    function setRestriction(Restriction calldata) external {
        revert(NO_PAYMENTS);
    }
}
