//! `quorate network propose`: from cards to a proposal.

use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use quorate_registry::chain::address_of;
use quorate_registry::tx_client::ChainReader;
use quorate_wire::{ActionLimits, Address, Card, LoginDomains, NetworkFile};
use serde_json::json;

use super::{ChainTerms, Wanted, payer, read_text, spoken, terms, words};
use crate::args::ProposeArgs;
use crate::output::Output;
use crate::state::write_whole;

/// Longest file with limits.
const LIMITS_BYTES_MAX: usize = 16 << 10;

/// Writes a proposal.
pub(crate) async fn propose(args: &ProposeArgs, output: Output) -> Result<()> {
    let cards = read_cards(args)?;
    let count = u8::try_from(cards.len()).ok();
    let threshold = match (args.threshold, count) {
        (Some(threshold), Some(count)) => {
            ensure!(
                threshold <= count,
                "a threshold of {threshold} needs at least {threshold} nodes, and there are {count} cards"
            );
            threshold
        }
        (None, Some(count)) => NetworkFile::default_threshold(count)?,
        (_, None) => bail!("{} cards; a committee has 2 to 32 nodes", cards.len()),
    };
    let wanted = wanted(args, threshold)?;
    let key = payer(&args.payer)?;
    let reader = ChainReader::new(args.chain.expose())?;
    let genesis = reader.genesis().await.context(
        "the chain does not say what its block 0 is: name one that `quorate chain` serves with --chain",
    )?;
    let chain = ChainTerms { genesis, deployer: Address(address_of(key.verifying_key()).into_array()) };
    let sent = reader.next_nonce(chain.deployer.0.into(), "latest").await?;
    if sent > 0 {
        output.progress(&format!(
            "warning: the payer {} has sent {sent} transactions on this chain already, and the contracts' places follow from its first \
             ones: `assemble` goes on only with the proposal that it began with",
            chain.deployer
        ));
    }
    let proposal = terms::draft(cards, &chain, terms::guest_hash(None)?, wanted)?;
    write(&args.out, &proposal)?;
    let hash = proposal.id();
    let value = json!({ "out": args.out, "hash": hash, "payer": chain.deployer, "proposal": proposal });
    output.result(&value, || {
        format!(
            "{}\n\nhash      {}\nNext: hand {} to every operator, and read the hash out to each other. Each runs\n  quorate network approve {}",
            words::terms(&proposal).join("\n"),
            spoken(&hash.to_string()),
            args.out.display(),
            args.out.display(),
        )
    });
    Ok(())
}

fn read_cards(args: &ProposeArgs) -> Result<Vec<Card>> {
    let mut cards: Vec<Card> = Vec::new();
    for path in &args.cards {
        let text = read_text(path, Card::BYTES_MAX)?;
        let card =
            Card::parse(&text).map_err(anyhow::Error::msg).with_context(|| path.display().to_string())?;
        for (other, known) in args.cards.iter().zip(&cards) {
            let shared = [
                ("keys", known.keys == card.keys),
                ("transport key", known.keys.transport_key == card.keys.transport_key),
                ("statement key", known.keys.statement_key == card.keys.statement_key),
                ("chain key", known.keys.chain_address == card.keys.chain_address),
                ("HTTP address", known.endpoint.http == card.endpoint.http),
                ("QUIC address", known.endpoint.quic == card.endpoint.quic),
            ];
            if let Some((what, _)) = shared.iter().find(|(_, same)| *same) {
                bail!("{} and {} have one {what}: each node needs its own", other.display(), path.display());
            }
        }
        cards.push(card);
    }
    Ok(cards)
}

fn wanted(args: &ProposeArgs, threshold: u8) -> Result<Wanted> {
    let limits = match &args.limits {
        Some(path) => {
            let text = read_text(path, LIMITS_BYTES_MAX)?;
            serde_json::from_str(&text).with_context(|| path.display().to_string())?
        }
        None => ActionLimits::default(),
    };
    Ok(Wanted {
        name: args.name.clone(),
        threshold,
        wildcard_sessions: args.wildcard_sessions,
        admission: terms::admission(&args.admission)?,
        limits,
        allow_hosts: (!args.allow_host.is_empty()).then(|| args.allow_host.clone()),
        login_domains: LoginDomains::new(args.login_domain.clone()).map_err(anyhow::Error::msg)?,
        issuers: args.issuers.as_deref().map(terms::read_issuers).transpose()?,
    })
}

/// Writes a proposal, unless another one lies there.
fn write(path: &Path, proposal: &NetworkFile) -> Result<()> {
    if path.exists() {
        let known = super::read_proposal(path)?;
        if let Some(difference) = known.first_difference(proposal) {
            bail!(
                "{} holds another proposal ({difference}, the file first): name another file with --out, or take it away",
                path.display()
            );
        }
    }
    write_whole(path, format!("{}\n", serde_json::to_string_pretty(proposal)?).as_bytes(), 0o644)
}
