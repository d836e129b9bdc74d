// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

// The key set that a network uses unless another is named.
string constant DEFAULT_KEY_SET = "quorate-keyset1";

// The name under which existing client libraries ask for the default key set.
string constant KEY_SET_ALIAS = "naga-keyset1";

// The only realm there is: clients of the newer generation name it with every call.
uint256 constant REALM = 1;
