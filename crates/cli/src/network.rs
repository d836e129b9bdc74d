//! `quorate network`: what the network file and the chain say of a network.

use std::collections::BTreeMap;

use anyhow::Result;
use quorate_registry::abi::Directory;
use quorate_registry::alloy_primitives::keccak256;
use quorate_registry::tx_client::ChainReader;
use quorate_wire::{Address, ContractRecord, NetworkFile};
use serde_json::{Value, json};

use crate::access::contracts;
use crate::args::RegistryAccess;
use crate::directory;
use crate::output::{Output, quoted};

/// Open votes that are shown: any node can open as many as it likes.
const OPEN_VOTES_MAX: usize = 256;
/// Characters of a value that are shown to people.
const SHOWN_CHARS: usize = 120;

/// A value that nodes vote for and that does not stand yet.
struct OpenVote {
    name: String,
    version: u64,
    value: Vec<u8>,
    /// The nodes, by their numbers.
    nodes: Vec<usize>,
}

/// Shows a network.
pub(crate) async fn show(access: &RegistryAccess, output: Output) -> Result<()> {
    let network = access.place.network_file()?;
    let chain = access.reader()?;
    let at = contracts(&network).directory;
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

/// Each node's last vote for the version that a name would have next, grouped by what is voted for.
async fn open_votes(
    chain: &ChainReader,
    network: &NetworkFile,
    values: &[(String, u64, Vec<u8>)],
) -> Result<Vec<OpenVote>> {
    let at = contracts(network).directory;
    let next = |name: &str| values.iter().find(|(known, ..)| known == name).map_or(1, |(_, now, _)| now + 1);
    let mut last = BTreeMap::new();
    for vote in chain.events::<Directory::Voted>(at).await? {
        let voter = |node: &quorate_wire::FoundingNode| node.chain_address.0 == vote.node.into_array();
        let Some(place) = network.nodes.iter().position(voter) else { continue };
        if vote.version == next(&vote.name) {
            last.insert((vote.name, place + 1), (vote.version, vote.value.to_vec()));
        }
    }
    let mut open: BTreeMap<(String, Vec<u8>), OpenVote> = BTreeMap::new();
    for ((name, node), (version, value)) in last {
        let vote = open.entry((name.clone(), value.clone()));
        vote.or_insert(OpenVote { name, version, value, nodes: Vec::new() }).nodes.push(node);
    }
    Ok(open.into_values().take(OPEN_VOTES_MAX).collect())
}

fn records(network: &NetworkFile) -> [(&'static str, ContractRecord); 5] {
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
        let OpenVote { name, version, value, nodes } = vote;
        json!({
            "name": name, "version": version, "value": text(value), "nodes": nodes,
            "value_hash": keccak256(value),
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
        lines.push(format!("directory {name} (version {version}): {}", shown(value)));
    }
    for vote in open {
        let nodes: Vec<String> = vote.nodes.iter().map(ToString::to_string).collect();
        lines.push(format!(
            "open vote {} (version {}): {}: nodes {} of {} needed",
            vote.name,
            vote.version,
            shown(&vote.value),
            nodes.join(", "),
            network.threshold
        ));
    }
    if open.is_empty() {
        lines.push("no open votes".to_owned());
    }
    lines.join("\n")
}
