//! `quorate network`: what the network file and the chain say of a network.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use quorate_registry::abi::Directory;
use quorate_registry::alloy_primitives::{B256, keccak256};
use quorate_registry::tx_client::ChainReader;
use quorate_wire::{Address, ContractRecord, Issuers, LoginDomains, NetworkFile};
use serde_json::{Value, json};

use crate::access::contracts;
use crate::args::RegistryAccess;
use crate::directory;
use crate::output::{Output, quoted};

/// Characters of a value that are shown to people.
const SHOWN_CHARS: usize = 120;

/// A value that nodes vote for and that does not stand yet.
struct OpenVote {
    name: String,
    version: u64,
    hash: B256,
    /// The value, if one of the voters' newest events has it.
    value: Option<Vec<u8>>,
    /// The nodes, by their numbers.
    nodes: Vec<usize>,
}

/// Shows a network.
pub(crate) async fn show(access: &RegistryAccess, output: Output) -> Result<()> {
    let network = access.place.network_file()?;
    let chain = access.reader()?;
    let at = contracts(&network).directory;
    access.must_be_its_chain(&chain).await?;
    let mut values = Vec::new();
    for name in chain.read(at, &Directory::namesCall {}).await? {
        let (version, value) = directory::read(&chain, at, &name).await?;
        values.push((name, version, value));
    }
    let open = open_votes(&chain, &network, &values).await?;
    let value = document(&network, &values, &open);
    output.result(&value, || words(&network, &values, &open));
    Ok(())
}

/// The votes for the version that each name would have next, grouped by what is voted for. Names are those that something
/// reads: a node may vote for any other as often as it likes, and hides nothing by it.
async fn open_votes(
    chain: &ChainReader,
    network: &NetworkFile,
    values: &[(String, u64, Vec<u8>)],
) -> Result<Vec<OpenVote>> {
    let at = contracts(network).directory;
    let known = values.iter().map(|(name, ..)| name.as_str());
    let companions = directory::COMPANIONS.iter().map(|(_, name)| *name);
    let names: BTreeSet<&str> = known.chain([LoginDomains::NAME, Issuers::NAME]).chain(companions).collect();
    let mut open: BTreeMap<(&str, B256), OpenVote> = BTreeMap::new();
    for name in names {
        let version = values.iter().find(|(known, ..)| known == name).map_or(1, |(_, now, _)| now + 1);
        for (place, node) in network.nodes.iter().enumerate() {
            let call =
                Directory::voteOfCall { name: name.to_owned(), version, node: node.chain_address.0.into() };
            let hash = chain.read(at, &call).await?;
            if !hash.is_zero() {
                let new =
                    || OpenVote { name: name.to_owned(), version, hash, value: None, nodes: Vec::new() };
                open.entry((name, hash)).or_insert_with(new).nodes.push(place + 1);
            }
        }
    }
    let mut open: Vec<OpenVote> = open.into_values().collect();
    for vote in &mut open {
        for node in &vote.nodes {
            let voter = network.nodes[node - 1].chain_address;
            let topic = quorate_registry::alloy_primitives::Address::from(voter.0).into_word();
            let value = &mut vote.value;
            let look = |event: Directory::Voted| {
                if keccak256(&event.value) == vote.hash {
                    *value = Some(event.value.to_vec());
                }
                value.is_none()
            };
            // A vote counts whether or not its event is found.
            let _ = chain.look_back(at, topic, look).await;
            if vote.value.is_some() {
                break;
            }
        }
    }
    Ok(open)
}

/// The contracts of the network file, by their names.
pub(crate) fn records(network: &NetworkFile) -> [(&'static str, ContractRecord); 5] {
    let records = &network.contracts;
    [
        ("NodeRegistry", records.node_registry),
        ("PubkeyRouter", records.pubkey_router),
        ("PKPPermissions", records.pkp_permissions),
        ("PKPNFT", records.pkp_nft),
        ("Directory", records.directory),
    ]
}

fn document(network: &NetworkFile, values: &[(String, u64, Vec<u8>)], open: &[OpenVote]) -> Value {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let nodes =
        network.indices().zip(&network.nodes).zip(&network.endpoints).map(|((index, node), endpoint)| {
            json!({
                "index": index, "http": endpoint.http, "quic": endpoint.quic,
                "chain_address": node.chain_address, "statement_key": node.statement_key,
            })
        });
    let contracts = records(network).map(|(name, record)| {
        (name.to_owned(), json!({ "address": record.address, "code_hash": record.code_hash }))
    });
    let values = values
        .iter()
        .map(|(name, version, value)| json!({ "name": name, "version": version, "value": text(value) }));
    let open = open.iter().map(|vote| {
        let OpenVote { name, version, hash, value, nodes } = vote;
        json!({
            "name": name, "version": version, "value": value.as_deref().map(text), "nodes": nodes,
            "value_hash": hash,
        })
    });
    json!({
        "network": network.id(), "name": network.name, "threshold": network.threshold,
        "chain": { "id": network.chain.id, "genesis": network.chain.genesis },
        "nodes": nodes.collect::<Vec<_>>(), "contracts": contracts.into_iter().collect::<serde_json::Map<_, _>>(),
        "directory": values.collect::<Vec<_>>(), "open_votes": open.collect::<Vec<_>>(),
    })
}

fn words(network: &NetworkFile, values: &[(String, u64, Vec<u8>)], open: &[OpenVote]) -> String {
    let shown = |value: &[u8]| {
        let text = String::from_utf8_lossy(value);
        match text.char_indices().nth(SHOWN_CHARS) {
            Some((end, _)) => format!("{} … ({} bytes)", quoted(&text[..end]), value.len()),
            None => quoted(&text),
        }
    };
    let mut lines = vec![
        format!("network   {} ({})", network.id(), quoted(&network.name)),
        format!("threshold {} of {} nodes", network.threshold, network.nodes.len()),
        format!("chain     id {}, genesis {}", network.chain.id, network.chain.genesis),
    ];
    for ((index, node), endpoint) in network.indices().zip(&network.nodes).zip(&network.endpoints) {
        let account: Address = node.chain_address;
        lines.push(format!("node {index}    {}   votes as {account}", endpoint.http));
    }
    for (name, record) in records(network) {
        lines.push(format!("contract  {name:<15} {}", record.address));
    }
    for (name, version, value) in values {
        lines.push(format!("directory {} (version {version}): {}", quoted(name), shown(value)));
    }
    for vote in open {
        let nodes: Vec<String> = vote.nodes.iter().map(ToString::to_string).collect();
        lines.push(format!(
            "open vote {} (version {}): {}: by nodes {}; {} are needed",
            quoted(&vote.name),
            vote.version,
            vote.value.as_deref().map_or_else(|| format!("bytes with the hash {}", vote.hash), shown),
            nodes.join(", "),
            network.threshold
        ));
    }
    if open.is_empty() {
        lines.push("no open votes".to_owned());
    }
    lines.join("\n")
}
