//! `quorate network assemble`: approvals and contracts to a network file.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail, ensure};
use k256::ecdsa::SigningKey;
use quorate_registry::abi::Directory;
use quorate_registry::alloy_primitives::Address as Account;
use quorate_registry::chain::{address_of, genesis_hash};
use quorate_registry::deploy;
use quorate_registry::tx_client::TxClient;
use quorate_wire::{Approval, NetworkFile, NodeIndex, gather};
use serde_json::json;

use super::{known_payer, read_proposal, read_text, terms};
use crate::args::AssembleArgs;
use crate::output::Output;
use crate::state::write_whole;

/// Longest approval, in bytes.
const APPROVAL_BYTES_MAX: usize = 8 << 10;

/// Puts approvals together; with all of them, founds the network on its chain.
pub(crate) async fn assemble(args: &AssembleArgs, output: Output) -> Result<bool> {
    let mut network = read_proposal(&args.proposal)?;
    network.approvals = read_approvals(&network, &args.approvals)?;
    let missing: Vec<NodeIndex> = network
        .indices()
        .filter(|index| network.approvals.iter().all(|approval| approval.word.node != *index))
        .collect();
    let hash = network.id();
    if !missing.is_empty() {
        let names: Vec<String> = missing.iter().map(|index| network.named(*index)).collect();
        let value = json!({ "done": false, "hash": hash, "missing": missing });
        output.result(&value, || {
            format!("waits for the approvals of {}; nothing is deployed yet", names.join(", "))
        });
        return Ok(false);
    }
    network.check_approvals().map_err(anyhow::Error::msg)?;
    if args.out.exists() {
        let known = crate::state::read_network(&args.out)?;
        ensure!(
            known.id() == hash,
            "{} holds another network ({}): name another file with --out",
            args.out.display(),
            known.id()
        );
    }
    deploy_terms(&network, args.chain.expose(), known_payer(&args.payer)?, output).await?;
    write_whole(&args.out, format!("{}\n", serde_json::to_string_pretty(&network)?).as_bytes(), 0o644)?;
    let value = json!({ "done": true, "out": args.out, "hash": hash, "missing": [] });
    output.result(&value, || {
        format!(
            "the network {hash} is founded on its chain\nNext: hand {} to every operator, who puts it into the node's folder and starts \
             the node:\n  quorate node --config node/node.toml",
            args.out.display()
        )
    });
    Ok(true)
}

/// Reads approvals, in the order of the nodes. One that is there twice counts once.
fn read_approvals(proposal: &NetworkFile, paths: &[PathBuf]) -> Result<Vec<Approval>> {
    // What came with the proposal counts if it is what it says; what the operators handed over goes before it.
    let sound = |approval: &&Approval| proposal.check_approval(approval).is_ok();
    let mut approvals: Vec<Approval> = proposal.approvals.iter().filter(sound).cloned().collect();
    for path in paths {
        let shown = || path.display().to_string();
        let text = read_text(path, APPROVAL_BYTES_MAX)?;
        quorate_wire::check_strict(text.as_bytes()).with_context(shown)?;
        let approval: Approval = serde_json::from_str(&text).with_context(shown)?;
        let index = proposal.check_approval(&approval).map_err(anyhow::Error::msg).with_context(shown)?;
        approvals.retain(|known| known.word.node != index);
        approvals.push(approval);
    }
    approvals.sort_by_key(|approval| approval.word.node);
    Ok(approvals)
}

/// Creates what is not created yet, and sets the Directory's first values with the operators' votes.
pub(crate) async fn deploy_terms(
    network: &NetworkFile,
    chain_rpc: &str,
    payer: SigningKey,
    output: Output,
) -> Result<()> {
    let founding = network.founding.as_ref().context("a proposal has a founding")?;
    let client = TxClient::new(chain_rpc, network.chain.id, payer.clone())?;
    let genesis = client.reader().genesis().await?;
    ensure!(
        genesis_hash(&genesis).0 == network.chain.genesis.0,
        "the chain at --chain has another block 0 ({}) than the proposal's ({})",
        genesis_hash(&genesis),
        network.chain.genesis
    );
    ensure!(
        address_of(payer.verifying_key()).into_array() == founding.deployer.0,
        "the payer's account is {}, and the operators approved {}",
        address_of(payer.verifying_key()),
        founding.deployer
    );
    let plan = terms::plan_of(network)?;
    ensure!(
        terms::planned(&plan) == founding.contracts,
        "the approved contracts are not those of this release: assemble with the release that proposed them"
    );
    deploy::deploy_planned(&client, &plan, |name, done, of| {
        output.progress(&format!("contract {done} of {of}: {name}"))
    })
    .await
    .context("deploying the contracts; the same command goes on from here")?;
    set_values(network, &client, output).await
}

async fn set_values(network: &NetworkFile, client: &TxClient, output: Output) -> Result<()> {
    let founding = network.founding.as_ref().context("a proposal has a founding")?;
    let directory = Account::from(network.contracts.directory.address.0);
    let mut standing = 0;
    for value in &founding.values {
        let entry = client.reader().read(directory, &Directory::getCall { name: value.name.clone() }).await?;
        match entry.version {
            0 => {}
            1 if entry.value.as_ref() == value.value.as_bytes() => standing += 1,
            // Nodes have voted since: the network lives.
            2.. => standing += 1,
            _ => bail!("{} has another value in the Directory than the operators approved", value.name),
        }
    }
    if standing == founding.values.len() {
        return Ok(());
    }
    ensure!(
        standing == 0,
        "some of the Directory's first values stand and some do not, which no founding brings about"
    );
    let digest = network.founding_vote_digest().context("a proposal has a founding")?;
    let votes = gather(&digest, network.approvals.iter().map(|approval| approval.vote));
    client
        .set_directory(directory, &founding.changes(), &votes)
        .await
        .context("setting the Directory's first values; the same command goes on from here")?;
    output.progress("the Directory has its first values");
    Ok(())
}
