//! Founding a network with other operators: cards, a proposal, approvals, and the network file that comes of them.
//!
//! Nothing that operators hand to each other is secret, and nothing of it is believed: each command checks what it is
//! given against signatures, this release and the chain.

mod approve;
mod assemble;
mod init;
mod propose;
mod terms;
mod words;

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use k256::ecdsa::SigningKey;
use quorate_node::{Config, KeyFiles, NodeKeys};
use quorate_registry::rpc_client::RpcClient;
use quorate_registry::tx_client::ChainReader;
use quorate_wire::limits::NETWORK_FILE_BYTES_MAX;
use quorate_wire::{Approval, CardKeys, NetworkApproval, NetworkFile, NodeIndex, NodeVote, Signed};

pub(crate) use approve::approve;
pub(crate) use assemble::{assemble, deploy_terms};
pub(crate) use init::{NewNode, init, make_card};
pub(crate) use propose::propose;
pub(crate) use terms::{ChainTerms, Wanted, draft, guest_hash, read_issuers};

/// The files of a node's keys in its folder.
pub(crate) fn key_files(folder: &Path) -> KeyFiles {
    let KeyFiles { transport, statement, chain, sealing } = KeyFiles::default();
    let [transport, statement, chain, sealing] =
        [transport, statement, chain, sealing].map(|path| folder.join(path));
    KeyFiles { transport, statement, chain, sealing }
}

/// The keys that sign a card.
pub(crate) fn card_keys(keys: &NodeKeys) -> CardKeys<'_> {
    CardKeys { transport: &keys.transport, statement: &keys.statement, chain: &keys.chain }
}

/// Reads a file that somebody else may have made, as far as it may be long.
pub(crate) fn read_text(path: &Path, bytes_max: usize) -> Result<String> {
    let reading = || format!("reading {}", path.display());
    let mut bytes = Vec::new();
    let most = bytes_max as u64 + 1;
    File::open(path).with_context(reading)?.take(most).read_to_end(&mut bytes).with_context(reading)?;
    ensure!(bytes.len() <= bytes_max, "{}: longer than {bytes_max} bytes", path.display());
    String::from_utf8(bytes).with_context(|| format!("{}: no text", path.display()))
}

/// Reads and checks a proposal: a network file that may have no approvals yet.
pub(crate) fn read_proposal(path: &Path) -> Result<NetworkFile> {
    let text = read_text(path, NETWORK_FILE_BYTES_MAX)?;
    let proposal =
        NetworkFile::parse(&text).map_err(anyhow::Error::msg).with_context(|| path.display().to_string())?;
    ensure!(
        proposal.founding.is_some(),
        "{} is of an earlier release, whose networks had no approvals: it is no proposal",
        path.display()
    );
    Ok(proposal)
}

/// Which member of a network file has these keys.
///
/// # Errors
/// If none has, or only some of them fit.
pub(crate) fn place_of(network: &NetworkFile, keys: &NodeKeys) -> Result<NodeIndex> {
    let own = keys.public();
    for (index, node) in network.indices().zip(&network.nodes) {
        let same = [
            ("transport key", node.transport_key == own.transport_key),
            ("statement key", node.statement_key == own.statement_key),
            ("chain address", node.chain_address == own.chain_address),
        ];
        let differs = same.iter().find(|(_, same)| !same);
        match differs {
            None => return Ok(index),
            Some((key, _)) if same.iter().any(|(_, same)| *same) => {
                bail!("{} has some of this node's keys and another {key}", network.named(index))
            }
            Some(_) => {}
        }
    }
    bail!("none of the {} nodes has this node's keys", network.nodes.len())
}

/// Signs a proposal with a node's keys.
pub(crate) fn sign_approval(proposal: &NetworkFile, me: NodeIndex, keys: &NodeKeys) -> Result<Approval> {
    let digest = proposal.founding_vote_digest().context("a proposal has a founding")?;
    Ok(Approval {
        word: Signed::new(me, NetworkApproval { network: proposal.id() }, &keys.statement),
        vote: NodeVote::sign(&digest, &keys.chain),
    })
}

/// The chain of a node's configuration, with whom that trusts.
pub(crate) fn chain_of(config: &Config) -> Result<ChainReader> {
    Ok(ChainReader::by(RpcClient::trusting(config.chain_rpc.expose(), &config.chain_trust()?)?))
}

/// The account that paid for a founding before, or is to.
pub(crate) fn known_payer(path: &Path) -> Result<SigningKey> {
    let secret =
        quorate_node::read_secret(path).with_context(|| format!("the payer's key {}", path.display()))?;
    SigningKey::from_slice(secret.as_ref()).with_context(|| format!("{} is no secp256k1 key", path.display()))
}

/// The account that pays for a founding, made if there is none.
pub(crate) fn payer(path: &Path) -> Result<SigningKey> {
    let secret = crate::state::secret_at(path)?;
    SigningKey::from_slice(secret.as_ref()).with_context(|| format!("{} is no secp256k1 key", path.display()))
}

/// The hash of a proposal in groups that can be read out.
pub(crate) fn spoken(hash: &str) -> String {
    let groups: Vec<&str> =
        hash.as_bytes().chunks(8).filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join(" ")
}
