//! `quorate network approve`: what one operator checks, reads and signs.

use std::io::{BufRead as _, IsTerminal as _};
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use quorate_node::{Config, NodeKeys};
use quorate_registry::chain::genesis_hash;
use quorate_wire::{Card, FoundingTerms, NetworkFile, NodeIndex};
use serde_json::json;

use super::{key_files, place_of, read_proposal, read_text, sign_approval, spoken, terms, words};
use crate::args::ApproveArgs;
use crate::directory::{self, COMPANIONS, NamedContract};
use crate::output::{Output, quoted};
use crate::state::write_whole;

/// What was approved, in the node's folder.
const APPROVED: &str = "approved.json";

/// Checks a proposal, shows it, asks, and signs it.
pub(crate) async fn approve(args: &ApproveArgs, output: Output) -> Result<()> {
    let proposal = read_proposal(&args.proposal)?;
    let folder = std::path::absolute(&args.dir)?;
    let keys = NodeKeys::load(&key_files(&folder)).with_context(|| {
        format!("{} is no node's folder: make one with quorate node init", folder.display())
    })?;
    let me = place_of(&proposal, &keys)?;
    let config = Config::load(&folder.join("node.toml"))?;
    check_own(&proposal, me, &folder)?;
    check_before(&proposal, (&folder, &config), args.replace)?;
    check_release(&proposal, &config)?;
    check_chain(&proposal, &config, args.without_chain, output).await?;
    let hash = proposal.id();
    let confirmed = match args.hash {
        Some(expected) => {
            ensure!(expected == hash, "this proposal has the hash {hash}, not {expected}: nothing is signed");
            show(&proposal, me, output);
            true
        }
        None => tokio::task::block_in_place(|| ask(&proposal, me, output))?,
    };
    ensure!(confirmed, "nothing is signed");
    let approval = sign_approval(&proposal, me, &keys)?;
    let out = args.out.clone().unwrap_or_else(|| folder.join("approval.json"));
    write_whole(&out, format!("{}\n", serde_json::to_string_pretty(&approval)?).as_bytes(), 0o644)?;
    // What was approved stays here: a network file that says something else is refused by what differs.
    let approved = serde_json::to_string_pretty(&NetworkFile { approvals: Vec::new(), ..proposal.clone() })?;
    write_whole(&folder.join(APPROVED), format!("{approved}\n").as_bytes(), 0o644)?;
    demand_approved(&folder)?;
    let value = json!({ "out": out, "hash": hash, "node": me });
    output.result(&value, || {
        format!(
            "{} has approved {hash}\nNext: hand {} to whoever assembles the network, and wait for network.json",
            proposal.named(me),
            out.display()
        )
    });
    Ok(())
}

/// One node founds one network: what it approved before, and what it has begun, is not replaced unasked.
fn check_before(proposal: &NetworkFile, (folder, config): (&Path, &Config), replace: bool) -> Result<()> {
    let path = folder.join(APPROVED);
    if !path.exists() {
        return Ok(());
    }
    let before = read_proposal(&path)?;
    if before.id() == proposal.id() {
        return Ok(());
    }
    let difference = before.first_difference(proposal).unwrap_or_default();
    ensure!(
        !config.data_folder.join("store.redb").exists(),
        "this node has begun to found the network {}, and takes part in no other ({difference}, that network first)",
        before.id()
    );
    ensure!(
        replace,
        "this node has approved {} before, and its approval stays good ({difference}, the earlier one first): approve this one as well \
         with --replace, if the earlier founding was given up",
        before.id()
    );
    Ok(())
}

/// A start without what was approved is refused from now on.
fn demand_approved(folder: &Path) -> Result<()> {
    let path = folder.join("node.toml");
    let config = Config::as_written(&path)?;
    if config.approved_file.is_some() {
        return Ok(());
    }
    let config = Config { approved_file: Some(APPROVED.into()), ..config };
    write_whole(&path, config.to_toml().as_bytes(), 0o600)
}

/// What the proposal says of this node must be what its card says.
fn check_own(proposal: &NetworkFile, me: NodeIndex, folder: &Path) -> Result<()> {
    let path = folder.join("card.json");
    let text = read_text(&path, Card::BYTES_MAX)?;
    let card = Card::parse(&text).map_err(anyhow::Error::msg).with_context(|| path.display().to_string())?;
    let operator = proposal.operator(me).unwrap_or_default();
    ensure!(
        operator == card.operator,
        "the proposal says that node {me} is of {}, and its card says {}",
        quoted(operator),
        quoted(&card.operator)
    );
    let endpoint = proposal.endpoint(me).context("every node has an endpoint")?;
    ensure!(
        endpoint.same_place(&card.endpoint),
        "the proposal says that node {me} is at {} and {}, and its card says {} and {}: it was made with an older card",
        endpoint.http,
        endpoint.quic,
        card.endpoint.http,
        card.endpoint.quic
    );
    Ok(())
}

/// What the proposal creates must be what this release would.
fn check_release(proposal: &NetworkFile, config: &Config) -> Result<()> {
    let founding = proposal.founding.as_ref().context("a proposal has a founding")?;
    let guest = terms::guest_hash(config.guest.as_deref())?;
    ensure!(
        founding.guest == guest,
        "the proposal's guest is {}, and this release's is {guest}: all operators need one release",
        founding.guest
    );
    check_values(founding)?;
    let ours = terms::planned(&terms::plan_of(proposal)?);
    for (ours, theirs) in ours.iter().zip(&founding.contracts) {
        if ours != theirs {
            bail!(
                "the proposal's contract {} (creation {}, code {}) is not the one of this release (creation {}, code {})",
                quoted(&theirs.name),
                theirs.creation,
                theirs.code_hash,
                ours.creation,
                ours.code_hash
            );
        }
    }
    ensure!(
        ours.len() == founding.contracts.len(),
        "the proposal has {} contracts, and this release creates {}",
        founding.contracts.len(),
        ours.len()
    );
    Ok(())
}

/// What the Directory begins with must be in its one form, and name the contracts of the proposal.
fn check_values(founding: &FoundingTerms) -> Result<()> {
    for value in &founding.values {
        let canonical = directory::canonical(&value.name, value.value.as_bytes())?;
        ensure!(
            canonical == value.value.as_bytes(),
            "the value of {} is not in its one form",
            quoted(&value.name)
        );
        let companion = COMPANIONS.iter().find(|(_, name)| *name == value.name);
        let named: Option<NamedContract> = serde_json::from_str(&value.value).ok();
        let Some((contract, _)) = companion else {
            ensure!(
                named.is_none(),
                "the value {} names a contract that the founding does not create",
                quoted(&value.name)
            );
            continue;
        };
        let planned = founding.contracts.iter().find(|planned| planned.name == *contract);
        let fits = planned.zip(named).is_some_and(|(planned, named)| {
            planned.address.0 == named.address.into_array() && planned.code_hash.0 == named.code_hash.0
        });
        ensure!(fits, "the value of {} is another contract than the founding creates", quoted(&value.name));
    }
    Ok(())
}

/// What the proposal says of its chain must be what the chain of this node's configuration says of itself.
async fn check_chain(proposal: &NetworkFile, config: &Config, without: bool, output: Output) -> Result<()> {
    let asked = async { Ok::<_, anyhow::Error>(super::chain_of(config)?.genesis().await?) };
    let genesis = match asked.await {
        Err(error) if !without => {
            return Err(error).context(
                "the chain of node.toml is not reached, and what the proposal says of it is not checked: approve all the same with \
                 --without-chain",
            );
        }
        Ok(genesis) => genesis,
        Err(error) => {
            output.progress(&format!(
                "warning: the chain of node.toml is not reached ({error}); what the proposal says of it is checked when the node starts"
            ));
            return Ok(());
        }
    };
    ensure!(
        genesis_hash(&genesis).0 == proposal.chain.genesis.0,
        "the proposal's chain has block 0 {}, and the one of node.toml has {}",
        proposal.chain.genesis,
        genesis_hash(&genesis)
    );
    ensure!(
        genesis.chain_id == proposal.chain.id && genesis.head_key.0 == proposal.chain.head_key.0,
        "the proposal has another id, or another key of heads, than the chain's block 0"
    );
    for line in words::chain(proposal, &genesis) {
        output.progress(&line);
    }
    Ok(())
}

/// Shows a proposal.
fn show(proposal: &NetworkFile, me: NodeIndex, output: Output) {
    for line in words::terms(proposal) {
        output.progress(&line);
    }
    output.progress(&format!("you are   {}", proposal.named(me)));
    output.progress(&format!("hash      {}", spoken(&proposal.id().to_string())));
}

/// Shows a proposal and asks a person.
fn ask(proposal: &NetworkFile, me: NodeIndex, output: Output) -> Result<bool> {
    let hash = proposal.id().to_string();
    show(proposal, me, output);
    ensure!(
        std::io::stdin().is_terminal(),
        "nobody is there to be asked: read the proposal, and approve it with --hash {hash}"
    );
    let first = &hash[..8];
    output.progress(&format!(
        "{} of {} nodes, any {} act. Compare the hash with the other operators. To sign, type its first 8 characters ({} …):",
        quoted(&proposal.name),
        proposal.nodes.len(),
        proposal.threshold,
        &first[..2]
    ));
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).context("reading the answer")?;
    Ok(answer.trim().eq_ignore_ascii_case(first))
}
