//! The registry as this node's engine reads it, and what the nodes have signed for it.

mod contradictions;
mod submit;
mod view;
mod words;

use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use quorate_registry::{
    alloy_primitives::{Address, B256},
    artifacts::Contracts,
    error::{ChainFault, ReadError},
    follow::{CATCH_UP_MAX, FollowConfig, FollowError, Follower, SnapshotFile, StateFile, Trust, follow},
    moment::Moment,
    subject::Committee,
    view::{At, RegistryView},
};
use quorate_wire::{ContractRecord, NetworkFile, SecretUrl};
use sha2::{Digest as _, Sha256};

pub(crate) use contradictions::Contradictions;
pub(crate) use submit::{RootsDesk, Submitter, roots_on_chain};
pub(crate) use view::{EngineView, fresh_logins, is_granted, login_block, logins, pkp as known_pkp};
pub(crate) use words::{BlockSpeaker, Vouchers};

use crate::{
    brain::Halted,
    clock::Clock,
    inbox::Inbox,
    metrics::{Heartbeat, Metrics},
};

/// The contracts' addresses as the registry crate names them.
pub(crate) fn contracts(network: &NetworkFile) -> Contracts {
    let at = |record: ContractRecord| view::address(&record.address);
    Contracts {
        node_registry: at(network.contracts.node_registry),
        pubkey_router: at(network.contracts.pubkey_router),
        pkp_permissions: at(network.contracts.pkp_permissions),
        pkp_nft: at(network.contracts.pkp_nft),
        directory: at(network.contracts.directory),
    }
}

/// The creations that the operators approved: addresses, and the hash of the one code that may create a contract there.
fn creations(network: &NetworkFile) -> Vec<(Address, B256)> {
    let planned = network.founding.iter().flat_map(|founding| &founding.contracts);
    planned.map(|planned| (view::address(&planned.address), B256::from(planned.creation.0))).collect()
}

/// What is wrong with the chain, with the name of the contract where it is about one.
fn told(fault: &ChainFault, network: &NetworkFile) -> String {
    let (address, approved, found) = match fault {
        ChainFault::ForeignCreation { address, approved, found } => (address, approved, found),
        ChainFault::SpentCreation { .. } => return format!("the network cannot be founded: {fault}"),
        _ => return format!("the chain contradicted itself: {fault}"),
    };
    let mut planned = network.founding.iter().flat_map(|founding| &founding.contracts);
    let name = planned.find(|planned| view::address(&planned.address) == *address);
    format!(
        "the contract {} at {address} was created by other code than the operators approved: its hash is {found}, and \
         the network file says {approved}",
        name.map_or("", |planned| planned.name.as_str())
    )
}

/// Why a node ends that saw this of the chain. Only blocks that were not given may be given to the next start.
fn ended_by(fault: &ChainFault, network: &NetworkFile) -> anyhow::Error {
    let reason = told(fault, network);
    match fault {
        ChainFault::Unconfirmed { .. } => anyhow::Error::msg(reason),
        _ => Halted { reason }.into(),
    }
}

/// Where the chain is followed, and from where on.
pub(crate) struct Place {
    pub(crate) rpc_url: SecretUrl,
    pub(crate) trust: Trust,
    pub(crate) state: StateFile,
    pub(crate) snapshot: Option<SnapshotFile>,
}

/// Follows the chain of the network file and tells the engine of each head.
pub(crate) struct Feed {
    view: RegistryView,
    follower: Follower,
    network: Arc<NetworkFile>,
    clock: Clock,
}

impl Feed {
    pub(crate) fn start(
        network: Arc<NetworkFile>,
        place: Place,
        clock: Clock,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> anyhow::Result<Self> {
        let Place { rpc_url, trust, state, snapshot } = place;
        let config = FollowConfig {
            rpc_url,
            genesis_hash: B256::from(network.chain.genesis.0),
            head_key: B256::from(network.chain.head_key.0),
            contracts: contracts(&network),
            creations: creations(&network),
            catch_up_max: CATCH_UP_MAX,
            state: Some(state),
            trust,
            snapshot,
        };
        let (view, follower) = follow(config, shutdown).context("the chain cannot be followed")?;
        Ok(Feed { view, follower, network, clock })
    }

    pub(crate) fn view(&self) -> RegistryView {
        self.view.clone()
    }

    /// Runs for ever; ends with an error if the chain is not the one that the network file describes.
    pub(crate) async fn run(self, inbox: Inbox, metrics: Arc<Metrics>) -> anyhow::Result<()> {
        let heartbeat = metrics.heartbeat("chain");
        let mut changed = self.view.watch();
        let mut errors = self.follower.errors();
        let mut checked = false;
        loop {
            heartbeat.beat();
            let number = self.view.head().map_or(0, |head| head.latest.number);
            metrics.head(number, self.view.head_age_ms(Moment::now()));
            if let Some(fault) = self.view.fault() {
                // The view answers nothing more, so the engine denies everything; an operator must look.
                return Err(ended_by(&fault, &self.network));
            }
            if !checked && self.view.head().is_ok() {
                checked = self.check()?;
            }
            if checked {
                inbox.registry(Arc::new(EngineView::new(self.view.clone(), self.clock)));
            }
            tokio::select! {
                seen = changed.changed() => ensure!(seen.is_ok(), "the chain follower has ended"),
                seen = errors.changed() => {
                    ensure!(seen.is_ok(), "the chain follower has ended");
                    if let Some(error) = errors.borrow_and_update().as_ref() {
                        metrics.chain_error(error.code());
                        // Whoever named it has to put that in order.
                        if let FollowError::Snapshot(refused) = error {
                            bail!("chain_snapshot: {refused}");
                        }
                    }
                }
                () = tokio::time::sleep(Heartbeat::INTERVAL) => {}
            }
        }
    }

    /// Compares what was replayed with the network file; `false` while contracts or first values are not there yet. A
    /// difference ends the node, with a sentence that names it: no start after this one heals it.
    fn check(&self) -> anyhow::Result<bool> {
        if let Ok(id) = self.view.chain_id()
            && id != self.network.chain.id
        {
            return Err(Halted {
                reason: format!(
                    "the chain's id is {id}, and the network file says {}",
                    self.network.chain.id
                ),
            }
            .into());
        }
        let records = &self.network.contracts;
        let named = [
            ("PKPNFT", records.pkp_nft),
            ("PubkeyRouter", records.pubkey_router),
            ("PKPPermissions", records.pkp_permissions),
            ("NodeRegistry", records.node_registry),
            ("Directory", records.directory),
        ];
        for (name, record) in named {
            let address = view::address(&record.address);
            match self.view.code_hash(address, At::Latest) {
                Ok(Some(hash)) if hash.0 == record.code_hash.0 => {}
                Ok(Some(hash)) => {
                    let reason = format!(
                        "the contract {name} at {} has the code hash {hash}, the network file says {}",
                        record.address, record.code_hash
                    );
                    return Err(Halted { reason }.into());
                }
                Ok(None) => {
                    tracing::warn!("the contract {name} is not on the chain yet");
                    return Ok(false);
                }
                Err(error) => {
                    tracing::warn!(code = error.code(), "the contract {name} could not be read yet");
                    return Ok(false);
                }
            }
        }
        // The code says how roots and grants are kept, the committee in storage says who may vote them.
        let committee = self.view.committee(At::Latest).context("the committee on chain")?;
        check_committee(&self.network, &committee).map_err(halted)?;
        check_values(&self.network, |name| self.view.named_value(name, At::Latest)).map_err(halted)
    }
}

fn halted(reason: anyhow::Error) -> anyhow::Error {
    Halted { reason: reason.to_string() }.into()
}

/// Whether the Directory began with the values that the operators approved; `false` while it has not all of them. What
/// was voted later is the nodes' own doing.
fn check_values(
    network: &NetworkFile,
    read: impl Fn(&str) -> Result<(u64, Vec<u8>), ReadError>,
) -> anyhow::Result<bool> {
    for approved in network.founding.iter().flat_map(|founding| &founding.values) {
        let name = &approved.name;
        match read(name) {
            Ok((0, _)) => {
                tracing::warn!("the first value of {name} in the Directory is not on the chain yet");
                return Ok(false);
            }
            Ok((1, value)) => ensure!(
                value == approved.value.as_bytes(),
                "the contract Directory has another first value of {name} than the network file"
            ),
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(code = error.code(), "the first value of {name} could not be read yet");
                return Ok(false);
            }
        }
    }
    Ok(true)
}

fn check_committee(network: &NetworkFile, committee: &Committee) -> anyhow::Result<()> {
    let (on_chain, listed) = (committee.threshold, network.threshold);
    ensure!(
        on_chain == u32::from(listed),
        "the contract NodeRegistry has the threshold {on_chain}, the network file says {listed}"
    );
    let (on_chain, listed) = (committee.nodes.len(), network.nodes.len());
    ensure!(
        on_chain == listed,
        "the contract NodeRegistry has {on_chain} nodes, the network file says {listed}"
    );
    for ((index, on_chain), node) in network.indices().zip(&committee.nodes).zip(&network.nodes) {
        let transport_key_hash = <[u8; 32]>::from(Sha256::digest(node.transport_key.0));
        let fields = [
            ("chain address", on_chain.address.into_array() == node.chain_address.0),
            ("statement key", on_chain.statement_key.0 == node.statement_key.0),
            ("transport key", on_chain.transport_key_hash.0 == transport_key_hash),
        ];
        for (field, same) in fields {
            ensure!(
                same,
                "the contract NodeRegistry has another {field} of {} than the network file",
                network.named(index)
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use quorate_registry::subject::CommitteeNode;

    use super::*;

    fn committee(network: &NetworkFile) -> Committee {
        let node = |node: &quorate_wire::FoundingNode| CommitteeNode {
            address: view::address(&node.chain_address),
            transport_key_hash: B256::from(<[u8; 32]>::from(Sha256::digest(node.transport_key.0))),
            statement_key: B256::from(node.statement_key.0),
            url: String::new(),
        };
        Committee {
            epoch: 1,
            threshold: u32::from(network.threshold),
            nodes: network.nodes.iter().map(node).collect(),
        }
    }

    #[test]
    fn a_difference_between_chain_and_network_file_is_named() {
        let network = crate::testing::founded(1).0;
        check_committee(&network, &committee(&network)).unwrap();
        type Change = (fn(&mut Committee), &'static str);
        let changes: [Change; 5] = [
            (|on_chain| on_chain.threshold = 3, "has the threshold 3, the network file says 2"),
            (|on_chain| drop(on_chain.nodes.pop()), "has 2 nodes, the network file says 3"),
            (
                |on_chain| on_chain.nodes[0].address = Address::ZERO,
                "another chain address of node 1 (Operator 1)",
            ),
            (
                |on_chain| on_chain.nodes[1].statement_key = B256::ZERO,
                "another statement key of node 2 (Operator 2)",
            ),
            (|on_chain| on_chain.nodes[2].transport_key_hash = B256::ZERO, "another transport key of node 3"),
        ];
        for (change, said) in changes {
            let mut on_chain = committee(&network);
            change(&mut on_chain);
            let refused = check_committee(&network, &on_chain).unwrap_err().to_string();
            assert!(refused.contains("NodeRegistry") && refused.contains(said), "{refused}");
        }
    }

    #[test]
    fn the_directory_has_to_begin_with_what_was_approved() {
        let network = crate::testing::founded(1).0;
        let approved = network.founding.as_ref().unwrap().values.clone();
        let with = |version: u64, change: &'static [u8]| {
            let approved = approved.clone();
            check_values(&network, move |name| {
                let value = &approved.iter().find(|value| value.name == name).unwrap().value;
                Ok((version, [value.as_bytes(), change].concat()))
            })
        };
        assert!(!with(0, b"").unwrap(), "none is there yet");
        assert!(with(1, b"").unwrap() && with(2, b"another").unwrap());
        let said = with(1, b" ").unwrap_err().to_string();
        assert!(said.contains(&approved[0].name) && said.contains("Directory"), "{said}");
        assert!(!check_values(&network, |_| Err(ReadError::Ahead(1))).unwrap());
    }

    #[test]
    fn only_blocks_that_were_not_given_are_asked_for_again() {
        let network = crate::testing::network();
        let status = |fault| crate::run::exit_status(&ended_by(&fault, &network));
        assert_eq!(status(ChainFault::RolledBack { known: 2, announced: 1 }), crate::run::EXIT_HALTED);
        assert_eq!(status(ChainFault::Unconfirmed { number: 1 }), 1);
    }

    #[test]
    fn every_planned_creation_is_checked_and_a_foreign_one_is_named() {
        let network = crate::testing::founded(1).0;
        let listed = creations(&network);
        assert_eq!(listed.len(), 5);
        let (address, approved) = listed[1];
        assert_eq!(approved, B256::repeat_byte(102));
        let found = B256::ZERO;
        let said = told(&ChainFault::ForeignCreation { address, approved, found }, &network);
        assert!(
            said.contains("the contract PubkeyRouter at") && said.contains(&approved.to_string()),
            "{said}"
        );
        assert!(creations(&crate::testing::network()).is_empty());
    }
}
