//! The node's vote for the network's roots.

use std::{sync::Arc, time::Duration};

use quorate_registry::{
    artifacts::Contracts,
    subject::{DEFAULT_KEY_SET_ID, RootKey},
    tx_client::TxClient,
    view::{At, RegistryView},
};
use quorate_wire::RootKeys;
use tokio::sync::mpsc;

use super::view;
use crate::metrics::{Heartbeat, Metrics};

const PAUSE_MIN: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Votes with the node's account, until the chain shows the roots.
pub(crate) struct Voter {
    pub(crate) client: TxClient,
    pub(crate) contracts: Contracts,
    pub(crate) view: RegistryView,
    pub(crate) wanted: mpsc::Receiver<RootKeys>,
}

impl Voter {
    /// Runs until nobody can want a vote any more.
    pub(crate) async fn run(mut self, metrics: Arc<Metrics>) {
        let heartbeat = metrics.heartbeat("vote");
        loop {
            heartbeat.beat();
            let roots = tokio::select! {
                wanted = self.wanted.recv() => match wanted {
                    Some(roots) => roots,
                    None => return,
                },
                () = tokio::time::sleep(Heartbeat::INTERVAL) => continue,
            };
            self.vote(roots, &heartbeat).await;
        }
    }

    /// One vote: sent again with growing pauses until the chain takes it, or a newer wish replaces it. A vote
    /// that was cast already may be cast again: the contract takes the same one twice, and refuses all once
    /// the roots stand.
    async fn vote(&mut self, roots: RootKeys, heartbeat: &Heartbeat) {
        let list = RootKey::list(&roots);
        let mut pause = PAUSE_MIN;
        loop {
            heartbeat.beat();
            if view::roots(&self.view, At::Latest).is_some() || !self.wanted.is_empty() {
                return;
            }
            let cast = self.client.vote_for_root_keys(&self.contracts, DEFAULT_KEY_SET_ID, &list);
            match cast.await {
                Ok(_) => {
                    tracing::info!("voted for the network's roots");
                    return;
                }
                Err(error) => {
                    tracing::debug!(%error, "the vote for the network's roots are not on chain yet")
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }
}
