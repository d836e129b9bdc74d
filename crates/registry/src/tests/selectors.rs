//! The committed interface beside what clients call, and beside what this crate calls.

use alloy_primitives::keccak256;
use alloy_sol_types::SolEvent as _;
use serde_json::Value;

use crate::{
    abi::{
        ContractResolver, Directory, NodeRegistry, PKPHelper, PKPHelperWithoutKeySet, PKPNFT,
        PKPNFTWithoutKeySet, PKPPermissions, PriceFeed, PubkeyRouter, Validators, ValidatorsWithoutRealm,
    },
    artifacts,
};

/// Selectors that foreign SDKs call, by contract; recomputed here from the committed interface.
const SELECTORS: &[(&str, &[(&str, &str)])] = &[
    (
        "PKPNFT",
        &[
            ("7ff00d2e", "mintNext(uint256,string)"),
            ("5d228b16", "mintNext(uint256)"),
            ("f641728c", "mintGrantAndBurnNext(uint256,string,bytes)"),
            ("66a306d7", "mintGrantAndBurnNext(uint256,bytes)"),
            ("71aa9acf", "claimAndMint(uint256,uint256,string,bytes32,(bytes32,bytes32,uint8)[],address)"),
            ("6b3a8924", "claimAndMint(uint256,bytes32,(bytes32,bytes32,uint8)[],address)"),
            ("bdb4b848", "mintCost()"),
            ("ef6fd878", "getPubkey(uint256)"),
            ("bd4986a0", "getEthAddress(uint256)"),
            ("4f558e79", "exists(uint256)"),
            ("42966c68", "burn(uint256)"),
            ("72b1b859", "getNextDerivedKeyId()"),
            ("6352211e", "ownerOf(uint256)"),
            ("2f745c59", "tokenOfOwnerByIndex(address,uint256)"),
            ("42842e0e", "safeTransferFrom(address,address,uint256)"),
            ("cf19adaa", "getPkpInfoFromOwnerAddress(address,uint256,uint256)"),
        ],
    ),
    (
        "PKPPermissions",
        &[
            ("8a431578", "addPermittedAction(uint256,bytes,uint256[])"),
            ("1663c121", "addPermittedAddress(uint256,address,uint256[])"),
            ("9dd4349b", "addPermittedAuthMethod(uint256,(uint256,bytes,bytes),uint256[])"),
            ("6821c8e2", "addPermittedAuthMethodScope(uint256,uint256,bytes,uint256)"),
            ("d41a3272", "removePermittedAction(uint256,bytes)"),
            ("b997606f", "removePermittedAddress(uint256,address)"),
            ("66fc6541", "removePermittedAuthMethod(uint256,uint256,bytes)"),
            ("82559561", "removePermittedAuthMethodScope(uint256,uint256,bytes,uint256)"),
            (
                "95e01294",
                "batchAddRemoveAuthMethods(uint256,uint256[],bytes[],bytes[],uint256[][],uint256[],bytes[])",
            ),
            ("bb7a1070", "getPermittedActions(uint256)"),
            ("abc541ae", "getPermittedAddresses(uint256)"),
            ("f34f21ba", "getPermittedAuthMethods(uint256)"),
            ("00221c08", "getPermittedAuthMethodScopes(uint256,uint256,bytes,uint256)"),
            ("fceb3983", "isPermittedAction(uint256,bytes)"),
            ("00008b4f", "isPermittedAddress(uint256,address)"),
            ("557b5eba", "isPermittedAuthMethod(uint256,uint256,bytes)"),
            ("a1c805fa", "isPermittedAuthMethodScopePresent(uint256,uint256,bytes,uint256)"),
            ("5521c452", "getTokenIdsForAuthMethod(uint256,bytes)"),
            ("a1afdc6f", "getUserPubkeyForAuthMethod(uint256,bytes)"),
            ("0a60950d", "getAuthMethodId(uint256,bytes)"),
        ],
    ),
    (
        "PubkeyRouter",
        &[
            ("ef6fd878", "getPubkey(uint256)"),
            ("bd4986a0", "getEthAddress(uint256)"),
            ("de18a508", "ethAddressToPkpId(address)"),
            ("cc609d27", "deriveEthAddressFromPubkey(bytes)"),
            ("01c6d035", "isRouted(uint256)"),
            ("25c836f9", "getRoutingData(uint256)"),
            ("a1d2cf29", "getRootKeys(address,string)"),
            ("88244e4f", "getDerivedPubkey(address,string,bytes32)"),
        ],
    ),
    (
        "NodeRegistry",
        &[
            ("5487c577", "epoch(uint256)"),
            ("3e4f49e6", "state(uint256)"),
            ("eccd9e0e", "getValidatorsInCurrentEpoch(uint256)"),
            ("84bc5324", "getValidatorsInNextEpoch(uint256)"),
            ("5064c127", "isActiveValidatorByNodeAddress(uint256,address)"),
            ("9423f589", "currentValidatorCountForConsensus(uint256)"),
            ("43cb0a0e", "currentValidatorCountForConsensus()"),
            ("d09cd5a8", "getActiveUnkickedValidatorStructsAndCounts(uint256)"),
            ("c51d020e", "getActiveUnkickedValidatorStructsAndCounts()"),
        ],
    ),
    (
        "PKPHelper",
        &[
            (
                "e4f11df6",
                "mintNextAndAddAuthMethods(uint256,string,uint256[],bytes[],bytes[],uint256[][],bool,bool)",
            ),
            (
                "778fe572",
                concat!(
                    "mintNextAndAddAuthMethodsWithTypes((uint256,string,bytes[],uint256[][],address[],uint256[][],",
                    "uint256[],bytes[],bytes[],uint256[][],bool,bool))"
                ),
            ),
            (
                "9fba176b",
                "mintNextAndAddAuthMethods(uint256,uint256[],bytes[],bytes[],uint256[][],bool,bool)",
            ),
            (
                "1f71cb31",
                concat!(
                    "mintNextAndAddAuthMethodsWithTypes(uint256,bytes[],uint256[][],address[],uint256[][],",
                    "uint256[],bytes[],bytes[],uint256[][],bool,bool)"
                ),
            ),
            (
                "13af411b",
                concat!(
                    "claimAndMintNextAndAddAuthMethodsWithTypes((uint256,bytes32,(bytes32,bytes32,uint8)[]),",
                    "(uint256,bytes[],uint256[][],address[],uint256[][],uint256[],bytes[],bytes[],uint256[][],",
                    "bool,bool))"
                ),
            ),
        ],
    ),
    (
        "ContractResolver",
        &[
            ("8e8dfd16", "getContract(bytes32,uint8)"),
            ("51ad0a80", "setContract(bytes32,uint8,address)"),
            ("2c0b8bf7", "PKP_NFT_CONTRACT()"),
            ("9072f838", "PKP_PERMISSIONS_CONTRACT()"),
            ("2668f305", "PUB_KEY_ROUTER_CONTRACT()"),
            ("977a8070", "PKP_HELPER_CONTRACT()"),
            ("da19ddfb", "STAKING_CONTRACT()"),
            ("219c266a", "PRICE_FEED_CONTRACT()"),
        ],
    ),
    ("PriceFeed", &[("224d9449", "getNodesForRequest(uint256,uint256[])")]),
];

fn canonical_type(parameter: &Value) -> String {
    let kind = parameter["type"].as_str().unwrap();
    match kind.strip_prefix("tuple") {
        None => kind.to_owned(),
        Some(suffix) => {
            let parts: Vec<_> =
                parameter["components"].as_array().unwrap().iter().map(canonical_type).collect();
            format!("({}){suffix}", parts.join(","))
        }
    }
}

fn signatures(abi: &Value, kind: &str) -> Vec<String> {
    abi.as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["type"] == kind)
        .map(|entry| {
            let inputs: Vec<_> = entry["inputs"].as_array().unwrap().iter().map(canonical_type).collect();
            format!("{}({})", entry["name"].as_str().unwrap(), inputs.join(","))
        })
        .collect()
}

fn abi_of(name: &str) -> &'static Value {
    match name {
        "Directory" => &artifacts::directory().abi,
        "PKPNFT" => &artifacts::pkp_nft().abi,
        "PKPPermissions" => &artifacts::pkp_permissions().abi,
        "PubkeyRouter" => &artifacts::pubkey_router().abi,
        "PKPHelper" => &artifacts::pkp_helper().abi,
        "ContractResolver" => &artifacts::contract_resolver().abi,
        "PriceFeed" => &artifacts::price_feed().abi,
        "Ledger" => &artifacts::ledger().abi,
        "PaymentDelegation" => &artifacts::payment_delegation().abi,
        _ => &artifacts::node_registry().abi,
    }
}

#[test]
fn committed_interface_has_the_selectors_that_clients_call() {
    for (contract, entries) in SELECTORS {
        let functions = signatures(abi_of(contract), "function");
        for (selector, signature) in *entries {
            assert_eq!(&alloy_primitives::hex::encode(&keccak256(signature)[..4]), selector, "{signature}");
            assert!(functions.iter().any(|function| function == signature), "{contract} lacks {signature}");
        }
    }
}

#[test]
fn typed_calls_errors_and_events_are_in_the_committed_interface() {
    fn check(contract: &str, kind: &str, wanted: &[[u8; 4]]) {
        // An error that a library raises through a contract is in that contract's interface as well.
        let present: Vec<_> =
            signatures(abi_of(contract), kind).iter().map(|entry| keccak256(entry)[..4].to_vec()).collect();
        for selector in wanted {
            assert!(present.contains(&selector.to_vec()), "{contract}: {kind} {selector:02x?}");
        }
    }
    check("PKPNFT", "function", PKPNFT::PKPNFTCalls::SELECTORS);
    check("PKPNFT", "function", PKPNFTWithoutKeySet::PKPNFTWithoutKeySetCalls::SELECTORS);
    check("PKPNFT", "error", PKPNFT::PKPNFTErrors::SELECTORS);
    check("PKPPermissions", "function", PKPPermissions::PKPPermissionsCalls::SELECTORS);
    check("PKPPermissions", "error", PKPPermissions::PKPPermissionsErrors::SELECTORS);
    check("PubkeyRouter", "function", PubkeyRouter::PubkeyRouterCalls::SELECTORS);
    check("PubkeyRouter", "error", PubkeyRouter::PubkeyRouterErrors::SELECTORS);
    check("NodeRegistry", "function", NodeRegistry::NodeRegistryCalls::SELECTORS);
    check("NodeRegistry", "function", Validators::ValidatorsCalls::SELECTORS);
    check("NodeRegistry", "function", ValidatorsWithoutRealm::ValidatorsWithoutRealmCalls::SELECTORS);
    check("NodeRegistry", "error", NodeRegistry::NodeRegistryErrors::SELECTORS);
    check("Directory", "function", Directory::DirectoryCalls::SELECTORS);
    check("Directory", "error", Directory::DirectoryErrors::SELECTORS);
    check("PKPHelper", "function", PKPHelper::PKPHelperCalls::SELECTORS);
    check("PKPHelper", "function", PKPHelperWithoutKeySet::PKPHelperWithoutKeySetCalls::SELECTORS);
    check("PKPHelper", "error", PKPHelper::PKPHelperErrors::SELECTORS);
    check("ContractResolver", "function", ContractResolver::ContractResolverCalls::SELECTORS);
    check("PriceFeed", "function", PriceFeed::PriceFeedCalls::SELECTORS);
    for (contract, event) in [
        ("PKPNFT", PKPNFT::PKPMinted::SIGNATURE),
        ("PKPNFT", PKPNFT::PKPClaimed::SIGNATURE),
        ("NodeRegistry", Validators::StateChanged::SIGNATURE),
        ("PubkeyRouter", PubkeyRouter::MinterAdmitted::SIGNATURE),
        ("Directory", Directory::ValueSet::SIGNATURE),
    ] {
        assert!(signatures(abi_of(contract), "event").iter().any(|found| found == event), "{event}");
    }
}

/// What clients of the newer generation refuse to work without, if the committed interface lacks it.
const NEEDED_BY_NAME: &[(&str, &[&str])] = &[
    ("NodeRegistry", &["getActiveUnkickedValidatorStructsAndCounts"]),
    ("PriceFeed", &["getNodesForRequest"]),
    ("PKPNFT", &["claimAndMint", "mintCost", "tokenOfOwnerByIndex", "mintNext", "safeTransferFrom"]),
    ("PKPHelper", &["mintNextAndAddAuthMethods", "claimAndMintNextAndAddAuthMethodsWithTypes"]),
    (
        "PubkeyRouter",
        &[
            "deriveEthAddressFromPubkey",
            "ethAddressToPkpId",
            "getEthAddress",
            "getDerivedPubkey",
            "getPubkey",
        ],
    ),
    (
        "Ledger",
        &[
            "balance",
            "deposit",
            "depositForUser",
            "latestWithdrawRequest",
            "requestWithdraw",
            "stableBalance",
            "userWithdrawDelay",
            "withdraw",
        ],
    ),
    (
        "PaymentDelegation",
        &[
            "delegatePayments",
            "delegatePaymentsBatch",
            "undelegatePayments",
            "undelegatePaymentsBatch",
            "getPayers",
            "getPayersAndRestrictions",
            "getRestriction",
            "getUsers",
            "setRestriction",
        ],
    ),
];

#[test]
fn committed_interface_has_what_clients_look_for_by_name() {
    for (contract, names) in NEEDED_BY_NAME {
        let functions = signatures(abi_of(contract), "function");
        for name in *names {
            let start = format!("{name}(");
            assert!(functions.iter().any(|function| function.starts_with(&start)), "{contract}: {name}");
        }
    }
}

/// Members of a struct that a function returns or takes, by name.
fn members(contract: &str, function: &str, side: &str, place: usize) -> Vec<String> {
    let entry = abi_of(contract)
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| {
            let inputs: Vec<_> =
                entry["inputs"].as_array().into_iter().flatten().map(canonical_type).collect();
            entry["name"].as_str().is_some_and(|name| format!("{name}({})", inputs.join(",")) == function)
        })
        .expect("the function is there");
    let components = entry[side][place]["components"].as_array().unwrap();
    components.iter().map(|member| member["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn structs_have_the_member_names_by_which_clients_decode() {
    let both = "getActiveUnkickedValidatorStructsAndCounts";
    let (epoch, validator) = (
        members("NodeRegistry", &format!("{both}(uint256)"), "outputs", 0),
        members("NodeRegistry", &format!("{both}(uint256)"), "outputs", 2),
    );
    let named = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(
        epoch,
        named(
            "epochLength number rewardEpochNumber nextRewardEpochNumber endTime retries timeout startTime lastAdvanceVoteTime"
        )
    );
    assert_eq!(validator.len(), 18);
    assert_eq!(
        validator[..8],
        named("ip ipv6 port nodeAddress reward senderPubKey receiverPubKey lastActiveEpoch")
    );
    assert_eq!(
        members("NodeRegistry", &format!("{both}()"), "outputs", 0),
        named("epochLength number endTime retries timeout startTime")
    );
    assert_eq!(members("NodeRegistry", &format!("{both}()"), "outputs", 2), validator[..8]);
    let signature =
        members("PKPNFT", "claimAndMint(uint256,bytes32,(bytes32,bytes32,uint8)[],address)", "inputs", 2);
    assert_eq!(signature, named("r s v"));
    let price = "getNodesForRequest(uint256,uint256[])";
    assert_eq!(members("PriceFeed", price, "outputs", 2), named("validator prices"));
    let restriction = members("PaymentDelegation", "getRestriction(address)", "outputs", 0);
    assert_eq!(restriction, named("totalMaxPrice requestsPerPeriod periodSeconds"));
}

#[test]
fn no_contract_is_above_twenty_kilobytes() {
    for (name, artifact) in [
        ("ContractResolver", artifacts::contract_resolver()),
        ("Directory", artifacts::directory()),
        ("Ledger", artifacts::ledger()),
        ("NodeRegistry", artifacts::node_registry()),
        ("PKPHelper", artifacts::pkp_helper()),
        ("PKPNFT", artifacts::pkp_nft()),
        ("PKPPermissions", artifacts::pkp_permissions()),
        ("PaymentDelegation", artifacts::payment_delegation()),
        ("PriceFeed", artifacts::price_feed()),
        ("PubkeyRouter", artifacts::pubkey_router()),
    ] {
        assert!(artifact.deployed_bytecode.len() <= 20_000, "{name}: {}", artifact.deployed_bytecode.len());
    }
}
