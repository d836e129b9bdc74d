//! What foreign clients of both generations read.

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::SolCall as _;

use super::harness::{Harness, committee};
use crate::{
    abi::{ContractResolver, NodeRegistry, PriceFeed, Validators, ValidatorsWithoutRealm},
    subject::CommitteeNode,
};

alloy_sol_types::sol! {
    /// Balances, all zero.
    interface Ledger {
        function balance(address user) external view returns (int256);
        function stableBalance(address user) external view returns (int256);
        function userWithdrawDelay() external view returns (uint256);
        function latestWithdrawRequest(address user) external view returns (uint256 timestamp, uint256 amount);
        function deposit() external payable;
        function depositForUser(address user) external payable;
        function requestWithdraw(int256 amount) external;
        function withdraw(int256 amount) external;
    }

    /// Nobody pays for anybody.
    interface PaymentDelegation {
        struct Restriction {
            uint128 totalMaxPrice;
            uint256 requestsPerPeriod;
            uint256 periodSeconds;
        }

        function getPayers(address user) external view returns (address[] memory);
        function getPayersAndRestrictions(address[] users)
            external view returns (address[][] memory, Restriction[][] memory);
        function delegatePayments(address user) external;
        function setRestriction(Restriction restriction) external;
    }
}

/// A committee whose nodes have these URLs.
fn with_urls(urls: &[&str]) -> Vec<CommitteeNode> {
    urls.iter()
        .enumerate()
        .map(|(index, url)| {
            let number = u8::try_from(index).unwrap();
            CommitteeNode {
                address: Address::repeat_byte(number + 1),
                transport_key_hash: B256::repeat_byte(number + 1),
                statement_key: B256::repeat_byte(number + 101),
                url: (*url).to_owned(),
            }
        })
        .collect()
}

#[test]
fn both_generations_read_the_committee_in_their_own_words() {
    let harness = Harness::deployed();
    let registry = harness.contracts.node_registry;
    let newer = Validators::getActiveUnkickedValidatorStructsAndCountsCall { realmId: U256::ONE };
    let newer = harness.call(registry, &newer).unwrap();
    let older = ValidatorsWithoutRealm::getActiveUnkickedValidatorStructsAndCountsCall {};
    let older = harness.call(registry, &older).unwrap();
    assert_eq!((newer._0.number, older._0.number), (U256::ONE, U256::ONE));
    assert_eq!((newer._1, older._1), (U256::from(2), U256::from(2)));
    let expected: Vec<_> =
        committee().iter().zip(7470_u32..).map(|(node, port)| (0x7f00_0001, port, node.address)).collect();
    let found: Vec<_> = newer._2.iter().map(|node| (node.ip, node.port, node.nodeAddress)).collect();
    assert_eq!(found, expected);
    let found: Vec<_> = older._2.iter().map(|node| (node.ip, node.port, node.nodeAddress)).collect();
    assert_eq!(found, expected);
    let count = ValidatorsWithoutRealm::currentValidatorCountForConsensusCall {};
    assert_eq!(harness.call(registry, &count).unwrap(), U256::from(2));
    let current = ValidatorsWithoutRealm::getValidatorsInCurrentEpochCall {};
    let addresses: Vec<_> = committee().iter().map(|node| node.address).collect();
    assert_eq!(harness.call(registry, &current).unwrap(), addresses);
    assert_eq!(harness.call(registry, &ValidatorsWithoutRealm::epochCall {}).unwrap().number, U256::ONE);
    assert_eq!(harness.call(registry, &ValidatorsWithoutRealm::stateCall {}).unwrap(), 0);
    for realm in [U256::ZERO, U256::from(2), U256::MAX] {
        let call = Validators::getActiveUnkickedValidatorStructsAndCountsCall { realmId: realm };
        assert!(harness.call(registry, &call).unwrap_err().contains("UnknownRealm"));
        let call = Validators::currentValidatorCountForConsensusCall { realmId: realm };
        assert!(harness.call(registry, &call).unwrap_err().contains("UnknownRealm"));
    }
}

#[test]
fn address_and_port_are_read_out_of_urls_that_have_them() {
    let cases: [(&str, u32, u32); 24] = [
        ("http://127.0.0.1:7470", 0x7f00_0001, 7470),
        ("https://255.255.255.255:65535/", 0xffff_ffff, 65_535),
        ("http://10.0.0.9", 0x0a00_0009, 80),
        ("https://10.0.0.9/", 0x0a00_0009, 443),
        ("http://0.0.0.0:1", 0, 1),
        ("http://127.0.0.1:0", 0, 0),
        ("http://127.0.0.1:65536", 0, 0),
        ("http://127.0.0.1:07470", 0, 0),
        ("http://127.0.0.1:", 0, 0),
        ("http://127.0.0.1:7470/path", 0, 0),
        ("http://127.0.0.256:7470", 0, 0),
        ("http://127.0.0.01:7470", 0, 0),
        ("http://127.0.1:7470", 0, 0),
        ("http://127.0.0.1.2:7470", 0, 0),
        ("http://127..0.1:7470", 0, 0),
        ("http://127.0.0.", 0, 0),
        ("http://node.example:7470", 0, 0),
        ("http://[::1]:7470", 0, 0),
        ("127.0.0.1:7470", 0, 0),
        ("ftp://127.0.0.1:7470", 0, 0),
        ("http://", 0, 0),
        ("http:///", 0, 0),
        ("", 0, 0),
        ("http://99999999999999999999999999999999999999999999999999999999999999999999999999999999", 0, 0),
    ];
    let urls: Vec<_> = cases.iter().map(|case| case.0).collect();
    let harness = Harness::of(&with_urls(&urls), 2);
    let call = ValidatorsWithoutRealm::getActiveUnkickedValidatorStructsAndCountsCall {};
    let found = harness.call(harness.contracts.node_registry, &call).unwrap()._2;
    for ((url, ip, port), node) in cases.iter().zip(&found) {
        assert_eq!((node.ip, node.port), (*ip, *port), "{url:?}");
    }
    let nodes = harness.call(harness.contracts.node_registry, &NodeRegistry::nodesCall {}).unwrap();
    assert!(nodes.iter().zip(urls).all(|(node, url)| node.url == url));
}

#[test]
fn every_price_is_one_and_every_node_is_there() {
    let harness = Harness::deployed();
    let products = vec![U256::ZERO, U256::from(1), U256::from(2), U256::from(3)];
    let call = PriceFeed::getNodesForRequestCall { realmId: U256::ONE, productIds: products };
    let found = harness.call(harness.companions.price_feed, &call).unwrap();
    assert_eq!((found.epochId, found.minNodeCount), (U256::ONE, U256::from(2)));
    let addresses: Vec<_> = found.nodesAndPrices.iter().map(|entry| entry.validator.nodeAddress).collect();
    assert_eq!(addresses, committee().iter().map(|node| node.address).collect::<Vec<_>>());
    assert!(found.nodesAndPrices.iter().all(|entry| entry.prices == [U256::ONE; 4]));
    let call = PriceFeed::getNodesForRequestCall { realmId: U256::ONE, productIds: vec![U256::ZERO; 65] };
    assert!(harness.call(harness.companions.price_feed, &call).unwrap_err().contains("TooManyProducts"));
}

#[test]
fn balances_are_zero_and_nothing_can_be_paid() {
    let mut harness = Harness::deployed();
    let (ledger, delegation) = (harness.companions.ledger, harness.companions.payment_delegation);
    let user = harness.address(50);
    assert!(harness.call(ledger, &Ledger::balanceCall { user }).unwrap().is_zero());
    assert!(harness.call(ledger, &Ledger::stableBalanceCall { user }).unwrap().is_zero());
    assert!(harness.call(ledger, &Ledger::userWithdrawDelayCall {}).unwrap().is_zero());
    let request = harness.call(ledger, &Ledger::latestWithdrawRequestCall { user }).unwrap();
    assert!(request.timestamp.is_zero() && request.amount.is_zero());
    assert!(harness.call(delegation, &PaymentDelegation::getPayersCall { user }).unwrap().is_empty());
    let users = vec![user, user];
    let call = PaymentDelegation::getPayersAndRestrictionsCall { users };
    let both = harness.call(delegation, &call).unwrap();
    assert_eq!((both._0, both._1.len()), (vec![Vec::new(), Vec::new()], 2));
    let restriction = PaymentDelegation::Restriction {
        totalMaxPrice: 1,
        requestsPerPeriod: U256::ONE,
        periodSeconds: U256::ONE,
    };
    let amount = alloy_primitives::I256::ONE;
    let writes: [(Address, Vec<u8>); 6] = [
        (ledger, Ledger::depositCall {}.abi_encode()),
        (ledger, Ledger::depositForUserCall { user }.abi_encode()),
        (ledger, Ledger::requestWithdrawCall { amount }.abi_encode()),
        (ledger, Ledger::withdrawCall { amount }.abi_encode()),
        (delegation, PaymentDelegation::delegatePaymentsCall { user }.abi_encode()),
        (delegation, PaymentDelegation::setRestrictionCall { restriction }.abi_encode()),
    ];
    for (to, data) in writes {
        let refused = harness.send(50, Some(to), data.into()).unwrap_err();
        assert!(refused.contains("this network takes no payments"), "{refused}");
    }
}

#[test]
fn the_resolver_names_the_deployment_and_never_another() {
    let mut harness = Harness::deployed();
    let resolver = harness.companions.contract_resolver;
    for (name, expected) in [
        ("STAKING", harness.contracts.node_registry),
        ("PKP_NFT", harness.contracts.pkp_nft),
        ("PKP_PERMISSIONS", harness.contracts.pkp_permissions),
        ("PUB_KEY_ROUTER", harness.contracts.pubkey_router),
        ("PKP_HELPER", harness.companions.pkp_helper),
        ("PRICE_FEED", harness.companions.price_feed),
        ("LEDGER", harness.companions.ledger),
        ("PAYMENT_DELEGATION", harness.companions.payment_delegation),
        ("ALLOWLIST", Address::ZERO),
    ] {
        let getter = keccak256(format!("{name}_CONTRACT()"));
        let output = {
            let state = harness.view.read().unwrap();
            let ledger = state.ledger.as_ref().unwrap();
            let data = Bytes::copy_from_slice(&getter[..4]);
            let call = crate::chain::evm::Call { to: Some(resolver), data, ..Default::default() };
            ledger.call(&call, ledger.head()).unwrap().unwrap().output
        };
        assert_eq!(B256::from_slice(&output), keccak256(name), "{name}");
        let call = ContractResolver::getContractCall { kind: keccak256(name), environment: 2 };
        assert_eq!(harness.call(resolver, &call).unwrap(), expected, "{name}");
    }
    for from in [50, 100] {
        let call = ContractResolver::setContractCall {
            kind: keccak256("PKP_NFT"),
            environment: 0,
            contractAddress: Address::repeat_byte(1),
        };
        let refused = harness.send(from, Some(resolver), call.abi_encode().into()).unwrap_err();
        assert!(refused.contains("Fixed"), "{refused}");
    }
}
