//! The registry as this node's engine reads it, and the node's votes on chain.

mod view;
mod vote;

use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use quorate_registry::{
    alloy_primitives::B256,
    artifacts::Contracts,
    follow::{CATCH_UP_MAX, FollowConfig, Follower, StateFile, follow},
    moment::Moment,
    view::{At, RegistryView},
};
use quorate_wire::{ContractRecord, NetworkFile, SecretUrl};
use sha2::{Digest as _, Sha256};

pub(crate) use view::{EngineView, fresh_logins, is_granted, login_block, logins, pkp as known_pkp};
pub(crate) use vote::Voter;

use crate::{
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
        rpc_url: &SecretUrl,
        state: StateFile,
        clock: Clock,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> anyhow::Result<Self> {
        let config = FollowConfig {
            rpc_url: rpc_url.clone(),
            genesis_hash: B256::from(network.chain.genesis.0),
            head_key: B256::from(network.chain.head_key.0),
            contracts: contracts(&network),
            catch_up_max: CATCH_UP_MAX,
            state: Some(state),
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
                bail!("the chain contradicted itself: {fault}");
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
                    }
                }
                () = tokio::time::sleep(Heartbeat::INTERVAL) => {}
            }
        }
    }

    /// Compares what was replayed with the network file; `false` while the contracts are not there yet.
    fn check(&self) -> anyhow::Result<bool> {
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
                Ok(Some(hash)) => bail!(
                    "the contract {name} at {} has the code hash {hash}, the network file says {}",
                    record.address,
                    record.code_hash
                ),
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
        ensure!(
            committee.threshold == u32::from(self.network.threshold)
                && committee.nodes.len() == self.network.nodes.len(),
            "the committee on chain has another size or threshold than the network file"
        );
        for (place, (on_chain, node)) in committee.nodes.iter().zip(&self.network.nodes).enumerate() {
            ensure!(
                on_chain.address.into_array() == node.chain_address.0
                    && on_chain.statement_key.0 == node.statement_key.0
                    && on_chain.transport_key_hash.0
                        == <[u8; 32]>::from(Sha256::digest(node.transport_key.0)),
                "node {} on chain is not the one of the network file",
                place + 1
            );
        }
        Ok(true)
    }
}
