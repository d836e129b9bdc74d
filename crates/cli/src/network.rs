//! `quorate network`: what the network file and the chain say of a network.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use quorate_registry::abi::Directory;
use quorate_wire::{Address, ContractRecord, NetworkFile, NodeIndex};
use serde_json::{Value, json};

use crate::access::contracts;
use crate::args::{RegistryAccess, WalletKey};
use crate::directory;
use crate::founding::read_text;
use crate::output::{Output, quoted};
use crate::votes::{Ballot, SignedVote};

/// Characters of a value that are shown to people.
const SHOWN_CHARS: usize = 120;

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
    let value = document(&network, &values);
    output.result(&value, || words(&network, &values));
    Ok(())
}

/// Sends the votes of enough nodes: a value is set, or a minter admitted.
pub(crate) async fn vote(
    (access, wallet): (&RegistryAccess, &WalletKey),
    paths: &[PathBuf],
    output: Output,
) -> Result<bool> {
    let network = access.place.network_file()?;
    let votes = read_votes(&network, paths)?;
    let ballot = votes.first().context("no votes")?.ballot()?;
    let gathered = ballot.gather(&network, &votes);
    let needed = usize::from(network.threshold);
    let done = gathered.len() >= needed;
    if done && !ballot.stands(&network, &access.reader()?).await? {
        ballot.send(&network, &access.chain(wallet)?, &gathered).await?;
    }
    let nodes: BTreeSet<NodeIndex> = votes.iter().map(|vote| vote.node).collect();
    let (name, version) = ballot.name();
    let value = json!({ "name": name, "version": version, "done": done, "nodes": nodes, "needed": needed });
    output.result(&value, || match (&ballot, done) {
        (Ballot::Value(_), true) => format!("{name} is set (version {version})"),
        (Ballot::Minter(admission), true) => format!("{} is a minter", admission.minter),
        (_, false) => {
            format!("{} of the {needed} votes that it takes are there; nothing was sent", gathered.len())
        }
    });
    Ok(done)
}

/// Reads votes, all of which have to be for one thing.
fn read_votes(network: &NetworkFile, paths: &[PathBuf]) -> Result<Vec<SignedVote>> {
    let mut votes: Vec<SignedVote> = Vec::new();
    for path in paths {
        let shown = || path.display().to_string();
        let text = read_text(path, SignedVote::BYTES_MAX)?;
        let vote: SignedVote = serde_json::from_str(&text).with_context(shown)?;
        vote.check(network).with_context(shown)?;
        if let Some(first) = votes.first() {
            ensure!(
                first.ballot()? == vote.ballot()?,
                "{} and {} are for different values",
                paths[0].display(),
                shown()
            );
        }
        votes.push(vote);
    }
    Ok(votes)
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

fn document(network: &NetworkFile, values: &[(String, u64, Vec<u8>)]) -> Value {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let nodes =
        network.indices().zip(&network.nodes).zip(&network.endpoints).map(|((index, node), endpoint)| {
            json!({
                "index": index, "operator": network.operator(index), "http": endpoint.http, "quic": endpoint.quic,
                "chain_address": node.chain_address, "statement_key": node.statement_key,
            })
        });
    let contracts = records(network).map(|(name, record)| {
        (name.to_owned(), json!({ "address": record.address, "code_hash": record.code_hash }))
    });
    let values = values
        .iter()
        .map(|(name, version, value)| json!({ "name": name, "version": version, "value": text(value) }));
    json!({
        "network": network.id(), "name": network.name, "threshold": network.threshold,
        "chain": { "id": network.chain.id, "genesis": network.chain.genesis },
        "nodes": nodes.collect::<Vec<_>>(), "contracts": contracts.into_iter().collect::<serde_json::Map<_, _>>(),
        "directory": values.collect::<Vec<_>>(),
    })
}

fn words(network: &NetworkFile, values: &[(String, u64, Vec<u8>)]) -> String {
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
        let operator =
            network.operator(index).map(|name| format!("   of {}", quoted(name))).unwrap_or_default();
        lines.push(format!("node {index}    {}   votes as {account}{operator}", endpoint.http));
    }
    for (name, record) in records(network) {
        lines.push(format!("contract  {name:<15} {}", record.address));
    }
    for (name, version, value) in values {
        lines.push(format!("directory {} (version {version}): {}", quoted(name), shown(value)));
    }
    lines.join("\n")
}
