//! `lit/context-v8.json` and `lit/context-v7.json`: addresses and interfaces, as the published client libraries of two
//! generations read them. Nothing of ours reads these files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use quorate_registry::alloy_primitives::Address as Account;
use quorate_registry::artifacts::{self, Artifact};
use quorate_registry::tx_client::ChainReader;
use quorate_wire::{Address, NetworkFile};
use serde_json::{Map, Value, json};

use crate::directory::{self, NamedContract};
use crate::state::{State, write_whole};

/// A generation of client libraries. Of functions with one name each can use one form only.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Generation {
    /// Names neither key set nor realm.
    V7,
    /// Names both.
    V8,
}

/// What the clients call our contracts.
const CLIENT_NAMES: [(&str, &str); 9] = [
    ("PKPHelper", "PKPHelper"),
    ("PKPNFT", "PKPNFT"),
    ("PKPPermissions", "PKPPermissions"),
    ("PubkeyRouter", "PubkeyRouter"),
    ("NodeRegistry", "Staking"),
    ("PriceFeed", "PriceFeed"),
    ("Ledger", "Ledger"),
    ("PaymentDelegation", "PaymentDelegation"),
    ("ContractResolver", "ContractResolver"),
];
/// What the older clients want an entry for and this network does not have.
const ABSENT_V7: [&str; 6] =
    ["Allowlist", "LITToken", "Multisender", "PKPNFTMetadata", "RateLimitNFT", "StakingBalances"];

/// Where every contract is, by its name: those of the network file, and those that the Directory names.
pub(super) async fn addresses(
    chain: &ChainReader,
    network: &NetworkFile,
) -> Result<BTreeMap<&'static str, Address>> {
    let records = crate::network::records(network);
    let mut found: BTreeMap<_, _> = records.map(|(name, record)| (name, record.address)).into();
    let directory = Account::from(network.contracts.directory.address.0);
    for (contract, name) in directory::COMPANIONS {
        let (_, value) = directory::read(chain, directory, name).await?;
        // Nodes may have voted for something else, which the clients then do without.
        if let Ok(named) = serde_json::from_slice::<NamedContract>(&value) {
            found.insert(contract, Address(named.address.into_array()));
        }
    }
    Ok(found)
}

/// The files' paths, by generation.
pub(super) fn paths(state: &State) -> [(&'static str, PathBuf); 2] {
    ["v7", "v8"].map(|generation| (generation, state.folder().join(format!("lit/context-{generation}.json"))))
}

/// Writes both files.
pub(super) fn write(state: &State, addresses: &BTreeMap<&'static str, Address>) -> Result<()> {
    let folder = state.folder().join("lit");
    std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    for ((_, path), generation) in paths(state).into_iter().zip([Generation::V7, Generation::V8]) {
        let text = serde_json::to_string_pretty(&context(generation, addresses))?;
        write_whole(&path, format!("{text}\n").as_bytes(), 0o644)?;
    }
    Ok(())
}

fn context(generation: Generation, addresses: &BTreeMap<&'static str, Address>) -> Value {
    let mut entries = Map::new();
    for (contract, name) in CLIENT_NAMES {
        // The newer clients read an interface of every entry, and know no resolver.
        if generation == Generation::V8 && contract == "ContractResolver" {
            continue;
        }
        let (Some(address), Some(artifact)) = (addresses.get(contract), artifact(contract)) else { continue };
        let abi = interface(generation, artifact);
        entries.insert(name.to_owned(), json!({ "name": name, "address": address, "abi": abi }));
    }
    if generation == Generation::V7 {
        for name in ABSENT_V7 {
            let nowhere = Address([0; 20]);
            entries.insert(name.to_owned(), json!({ "name": name, "address": nowhere, "abi": [] }));
        }
    }
    Value::Object(entries)
}

fn artifact(contract: &str) -> Option<&'static Artifact> {
    Some(match contract {
        "NodeRegistry" => artifacts::node_registry(),
        "PubkeyRouter" => artifacts::pubkey_router(),
        "PKPPermissions" => artifacts::pkp_permissions(),
        "PKPNFT" => artifacts::pkp_nft(),
        "Directory" => artifacts::directory(),
        "PKPHelper" => artifacts::pkp_helper(),
        "PriceFeed" => artifacts::price_feed(),
        "Ledger" => artifacts::ledger(),
        "PaymentDelegation" => artifacts::payment_delegation(),
        "ContractResolver" => artifacts::contract_resolver(),
        _ => return None,
    })
}

fn entries(artifact: &Artifact) -> impl Iterator<Item = &Value> {
    artifact.abi.as_array().into_iter().flatten()
}

/// A contract's interface with one form of each function, and with the errors of all contracts: a refusal passes through
/// the contract that was called, and a client decodes it by the interface of that one.
fn interface(generation: Generation, artifact: &Artifact) -> Vec<Value> {
    let mut functions: BTreeMap<&str, &Value> = BTreeMap::new();
    let mut abi = Vec::new();
    for entry in entries(artifact) {
        match entry["type"].as_str() {
            Some("function") => {
                let other = functions.entry(entry["name"].as_str().unwrap_or_default()).or_insert(entry);
                // The newer form of each function has more arguments: a key set, a realm, or bytes for the receiver.
                let longer = arguments(entry) > arguments(other);
                if longer == (generation == Generation::V8) {
                    *other = entry;
                }
            }
            Some("event") => abi.push(entry.clone()),
            _ => {}
        }
    }
    abi.extend(functions.into_values().cloned());
    let contracts = CLIENT_NAMES.iter().filter_map(|(contract, _)| self::artifact(contract));
    let errors = contracts.flat_map(entries).filter(|entry| entry["type"] == "error");
    let mut known = BTreeSet::new();
    abi.extend(errors.filter(|error| known.insert(error.to_string())).cloned());
    abi
}

/// How many arguments a function has, members of a struct counted each.
fn arguments(function: &Value) -> usize {
    fn of(parameter: &Value) -> usize {
        match parameter["components"].as_array() {
            Some(components) => components.iter().map(of).sum(),
            None => 1,
        }
    }
    function["inputs"].as_array().into_iter().flatten().map(of).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contexts() -> [Value; 2] {
        let names = CLIENT_NAMES.map(|(contract, _)| contract);
        let addresses = names.into_iter().map(|contract| (contract, Address([7; 20]))).collect();
        [Generation::V7, Generation::V8].map(|generation| context(generation, &addresses))
    }

    /// A function as Solidity writes it.
    fn signatures(context: &Value, contract: &str) -> Vec<String> {
        fn kind(parameter: &Value) -> String {
            let (name, components) =
                (parameter["type"].as_str().unwrap(), parameter["components"].as_array());
            match components {
                Some(components) => {
                    let members: Vec<String> = components.iter().map(kind).collect();
                    format!("({}){}", members.join(","), name.strip_prefix("tuple").unwrap())
                }
                None => name.to_owned(),
            }
        }
        let abi = context[contract]["abi"].as_array().unwrap();
        let functions = abi.iter().filter(|entry| entry["type"] == "function");
        let signature = |entry: &Value| {
            let inputs: Vec<String> = entry["inputs"].as_array().unwrap().iter().map(kind).collect();
            format!("{}({})", entry["name"].as_str().unwrap(), inputs.join(","))
        };
        functions.map(signature).collect()
    }

    #[test]
    fn each_generation_finds_its_form_of_every_function_and_no_other() {
        let [v7, v8] = contexts();
        let helper = "uint256[],bytes[],bytes[],uint256[][],bool,bool)";
        let claims = "(bytes32,bytes32,uint8)[]";
        for (context, contract, signature) in [
            (&v7, "PKPNFT", "mintNext(uint256)".to_owned()),
            (&v8, "PKPNFT", "mintNext(uint256,string)".to_owned()),
            (&v7, "PKPNFT", "mintGrantAndBurnNext(uint256,bytes)".to_owned()),
            (&v8, "PKPNFT", "mintGrantAndBurnNext(uint256,string,bytes)".to_owned()),
            (&v8, "PKPNFT", format!("claimAndMint(uint256,uint256,string,bytes32,{claims},address)")),
            (&v7, "PKPNFT", "safeTransferFrom(address,address,uint256)".to_owned()),
            (&v8, "PKPNFT", "safeTransferFrom(address,address,uint256,bytes)".to_owned()),
            (&v7, "PKPHelper", format!("mintNextAndAddAuthMethods(uint256,{helper}")),
            (&v8, "PKPHelper", format!("mintNextAndAddAuthMethods(uint256,string,{helper}")),
            (&v7, "Staking", "getActiveUnkickedValidatorStructsAndCounts()".to_owned()),
            (&v8, "Staking", "getActiveUnkickedValidatorStructsAndCounts(uint256)".to_owned()),
            (&v8, "PubkeyRouter", "getDerivedPubkey(address,string,bytes32)".to_owned()),
        ] {
            let found = signatures(context, contract);
            assert!(found.contains(&signature), "{contract}: {signature} is not in {found:?}");
        }
        for (context, count) in [(&v7, 15), (&v8, 8)] {
            let contracts = context.as_object().unwrap();
            assert_eq!(contracts.len(), count);
            for contract in contracts.keys() {
                let found = signatures(context, contract);
                let names: BTreeSet<&str> =
                    found.iter().map(|name| name.split('(').next().unwrap()).collect();
                assert_eq!(names.len(), found.len(), "{contract} has a function twice: {found:?}");
            }
        }
    }

    #[test]
    fn a_function_that_changes_something_is_sent_as_a_transaction() {
        let [_, v8] = contexts();
        let writes = [
            ("Ledger", "withdraw"),
            ("Ledger", "requestWithdraw"),
            ("PaymentDelegation", "delegatePayments"),
            ("PaymentDelegation", "setRestriction"),
        ];
        for (contract, name) in writes {
            let abi = v8[contract]["abi"].as_array().unwrap();
            let function = abi.iter().find(|entry| entry["name"] == name).unwrap();
            assert_eq!(function["stateMutability"], "nonpayable", "{contract}.{name}");
        }
    }

    #[test]
    fn every_interface_has_the_errors_of_all_contracts() {
        let [v7, v8] = contexts();
        for context in [v7, v8] {
            for (contract, entry) in context.as_object().unwrap() {
                let abi = entry["abi"].as_array().unwrap();
                let has = |name: &str| {
                    abi.iter().filter(|error| error["name"] == name && error["type"] == "error").count()
                };
                let expected = usize::from(!abi.is_empty());
                for name in ["InvalidScope", "NotOwner", "RootKeysNotSet", "BurnOrSend"] {
                    assert_eq!(has(name), expected, "{contract}: {name}");
                }
            }
        }
    }
}
