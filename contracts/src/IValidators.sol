// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// The committee in the words of existing client libraries, whose member names are what they decode by.
interface IValidators {
    /// The epoch record of the newer generation; what has no meaning here is zero.
    struct Epoch {
        uint256 epochLength;
        uint256 number;
        uint256 rewardEpochNumber;
        uint256 nextRewardEpochNumber;
        uint256 endTime;
        uint256 retries;
        uint256 timeout;
        uint256 startTime;
        uint256 lastAdvanceVoteTime;
    }

    /// A node for the newer generation; what has no meaning here is zero.
    struct Validator {
        uint32 ip;
        uint128 ipv6;
        uint32 port;
        address nodeAddress;
        uint256 reward;
        uint256 senderPubKey;
        uint256 receiverPubKey;
        uint256 lastActiveEpoch;
        uint256 commissionRate;
        uint256 lastRewardEpoch;
        uint256 lastRealmId;
        uint256 delegatedStakeAmount;
        uint256 delegatedStakeWeight;
        uint256 lastRewardEpochClaimedFixedCostRewards;
        uint256 lastRewardEpochClaimedCommission;
        address operatorAddress;
        uint256 uniqueDelegatingStakerCount;
        bool registerAttestedWalletDisabled;
    }

    /// The epoch, how many nodes must agree, and every node with its address on the network.
    function getActiveUnkickedValidatorStructsAndCounts(uint256 realmId)
        external
        view
        returns (Epoch memory, uint256, Validator[] memory);
}
