// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// Where client libraries of the older generation look contracts up. Fixed for ever by its constructor.
///
/// Nodes never look here: they know the contracts from the network file and from the Directory.
contract ContractResolver {
    /// The contracts of one deployment.
    struct Contracts {
        address staking;
        address pkpNFT;
        address pkpPermissions;
        address pubkeyRouter;
        address pkpHelper;
        address priceFeed;
        address ledger;
        address paymentDelegation;
    }

    /// There is no function that changes an address.
    error Fixed();

    bytes32 public constant STAKING_CONTRACT = keccak256("STAKING");
    bytes32 public constant PKP_NFT_CONTRACT = keccak256("PKP_NFT");
    bytes32 public constant PKP_PERMISSIONS_CONTRACT = keccak256("PKP_PERMISSIONS");
    bytes32 public constant PUB_KEY_ROUTER_CONTRACT = keccak256("PUB_KEY_ROUTER");
    bytes32 public constant PKP_HELPER_CONTRACT = keccak256("PKP_HELPER");
    bytes32 public constant PRICE_FEED_CONTRACT = keccak256("PRICE_FEED");
    bytes32 public constant LEDGER_CONTRACT = keccak256("LEDGER");
    bytes32 public constant PAYMENT_DELEGATION_CONTRACT = keccak256("PAYMENT_DELEGATION");
    // Contracts that clients ask for and that there are none of: their address is zero.
    bytes32 public constant ALLOWLIST_CONTRACT = keccak256("ALLOWLIST");
    bytes32 public constant LIT_TOKEN_CONTRACT = keccak256("LIT_TOKEN");
    bytes32 public constant MULTI_SENDER_CONTRACT = keccak256("MULTI_SENDER");
    bytes32 public constant PKP_NFT_METADATA_CONTRACT = keccak256("PKP_NFT_METADATA");
    bytes32 public constant RATE_LIMIT_NFT_CONTRACT = keccak256("RATE_LIMIT_NFT");
    bytes32 public constant STAKING_BALANCES_CONTRACT = keccak256("STAKING_BALANCES");

    mapping(bytes32 kind => address) private _addresses;

    constructor(Contracts memory contracts) {
        _addresses[STAKING_CONTRACT] = contracts.staking;
        _addresses[PKP_NFT_CONTRACT] = contracts.pkpNFT;
        _addresses[PKP_PERMISSIONS_CONTRACT] = contracts.pkpPermissions;
        _addresses[PUB_KEY_ROUTER_CONTRACT] = contracts.pubkeyRouter;
        _addresses[PKP_HELPER_CONTRACT] = contracts.pkpHelper;
        _addresses[PRICE_FEED_CONTRACT] = contracts.priceFeed;
        _addresses[LEDGER_CONTRACT] = contracts.ledger;
        _addresses[PAYMENT_DELEGATION_CONTRACT] = contracts.paymentDelegation;
    }

    /// The address of a kind of contract, in every environment; zero if there is none.
    function getContract(bytes32 kind, uint8) external view returns (address) {
        return _addresses[kind];
    }

    /// Always refused.
    function setContract(bytes32, uint8, address) external {
        revert Fixed();
    }
}
