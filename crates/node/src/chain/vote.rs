//! The node's vote for the network's root.

use std::{sync::Arc, time::Duration};

use quorate_registry::{
    alloy_primitives::{Bytes, U256},
    artifacts::Contracts,
    subject::{DEFAULT_KEY_SET_ID, KEY_TYPE_ECDSA_K256, RootKey},
    tx_client::TxClient,
    view::{At, RegistryView},
};
use quorate_wire::PublicKey;
use tokio::sync::mpsc;

use super::view;
use crate::metrics::{Heartbeat, Metrics};

const PAUSE_MIN: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Votes with the node's account, until the chain shows the root.
pub(crate) struct Voter {
    pub(crate) client: TxClient,
    pub(crate) contracts: Contracts,
    pub(crate) view: RegistryView,
    pub(crate) wanted: mpsc::Receiver<PublicKey>,
}

impl Voter {
    /// Runs until nobody can want a vote any more.
    pub(crate) async fn run(mut self, metrics: Arc<Metrics>) {
        let heartbeat = metrics.heartbeat("vote");
        loop {
            heartbeat.beat();
            let root = tokio::select! {
                wanted = self.wanted.recv() => match wanted {
                    Some(root) => root,
                    None => return,
                },
                () = tokio::time::sleep(Heartbeat::INTERVAL) => continue,
            };
            self.vote(root, &heartbeat).await;
        }
    }

    /// One vote: sent again with growing pauses until the chain takes it, or a newer wish replaces it. A vote
    /// that was cast already may be cast again: the contract takes the same one twice, and refuses all once
    /// the root stands.
    async fn vote(&mut self, root: PublicKey, heartbeat: &Heartbeat) {
        let key = RootKey {
            public_key: Bytes::copy_from_slice(&root.uncompressed()),
            key_type: U256::from(KEY_TYPE_ECDSA_K256),
        };
        let mut pause = PAUSE_MIN;
        loop {
            heartbeat.beat();
            if view::root(&self.view, At::Latest).is_some() || !self.wanted.is_empty() {
                return;
            }
            let cast = self.client.vote_for_root_keys(
                &self.contracts,
                DEFAULT_KEY_SET_ID,
                std::slice::from_ref(&key),
            );
            match cast.await {
                Ok(_) => {
                    tracing::info!("voted for the network's root");
                    return;
                }
                Err(error) => tracing::debug!(%error, "the vote for the network's root is not on chain yet"),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }
}
