// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

// What every attempt to pay is answered with.
string constant NO_PAYMENTS = "this network takes no payments";
