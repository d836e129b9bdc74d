//! Sends the nodes' votes for the network's roots to the chain, where this node's operator pays for it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use quorate_registry::{
    artifacts::Contracts,
    subject::{DEFAULT_KEY_SET_ID, RootKey},
    tx_client::TxClient,
    view::{At, RegistryView},
};
use quorate_wire::{NodeVote, RootKeys};
use tokio::sync::watch;

use super::view;
use crate::metrics::{Heartbeat, Metrics};

const PAUSE_MIN: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// The roots with the votes of all nodes, for whoever sends them: this node, or anybody who asks for them.
#[derive(Debug)]
pub(crate) struct RootsDesk(watch::Sender<Option<Arc<SignedRoots>>>);

/// What the contract takes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SignedRoots {
    pub(crate) roots: RootKeys,
    pub(crate) votes: Vec<NodeVote>,
}

impl Default for RootsDesk {
    fn default() -> Self {
        RootsDesk(watch::Sender::new(None))
    }
}

impl RootsDesk {
    /// The engine has the votes of all, and the chain does not show the roots yet.
    pub(crate) fn put(&self, roots: RootKeys, votes: Vec<NodeVote>) {
        let signed = Arc::new(SignedRoots { roots, votes });
        self.0.send_if_modified(|there| {
            let news = there.as_ref() != Some(&signed);
            if news {
                *there = Some(signed);
            }
            news
        });
    }

    pub(crate) fn read(&self) -> Option<Arc<SignedRoots>> {
        self.0.borrow().clone()
    }
}

/// Sends what is on the desk, until the chain shows the roots.
pub(crate) struct Submitter {
    pub(crate) client: TxClient,
    pub(crate) contracts: Contracts,
    pub(crate) view: RegistryView,
    pub(crate) desk: Arc<RootsDesk>,
}

impl Submitter {
    /// Runs for ever. Several nodes may pay: all but the first find the roots set, or are refused by the contract before
    /// they have paid for anything.
    pub(crate) async fn run(self, metrics: Arc<Metrics>) {
        let heartbeat = metrics.heartbeat("pay");
        let mut wanted = self.desk.0.subscribe();
        let mut pause = PAUSE_MIN;
        loop {
            heartbeat.beat();
            let signed = wanted.borrow_and_update().clone();
            let Some(signed) = signed.filter(|_| !set(&self.view)) else {
                pause = PAUSE_MIN;
                let _ = tokio::time::timeout(Heartbeat::INTERVAL, wanted.changed()).await;
                continue;
            };
            self.send(&signed, &heartbeat).await;
            // Jittered, so that nodes which pay do not send in step. What was sent is seen within the pause.
            let part = crate::entropy::number() % 500;
            let until = Instant::now() + pause + pause * u32::try_from(part).unwrap_or(0) / 1_000;
            while Instant::now() < until && !set(&self.view) {
                heartbeat.beat();
                tokio::time::sleep(PAUSE_MIN.min(until.saturating_duration_since(Instant::now()))).await;
            }
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    async fn send(&self, signed: &SignedRoots, heartbeat: &Heartbeat) {
        let list = RootKey::list(&signed.roots);
        let sending = self.client.set_root_keys(&self.contracts, DEFAULT_KEY_SET_ID, &list, &signed.votes);
        tokio::pin!(sending);
        let sent = loop {
            // A chain may take longer for a block than a loop may.
            match tokio::time::timeout(Heartbeat::INTERVAL, &mut sending).await {
                Ok(sent) => break sent,
                Err(_) => heartbeat.beat(),
            }
        };
        match sent {
            Ok(_) => tracing::info!(payer = %self.client.address(), "set the network's roots on the chain"),
            Err(_) if set(&self.view) => tracing::debug!("somebody else has set the network's roots"),
            Err(error) => {
                let payer = self.client.address();
                tracing::warn!(%error, %payer, "the network's roots could not be set on the chain; it is tried again");
            }
        }
    }
}

/// The roots, once the chain's latest block shows them.
pub(crate) fn roots_on_chain(view: &RegistryView) -> Option<RootKeys> {
    view::roots(view, At::Latest)
}

fn set(view: &RegistryView) -> bool {
    roots_on_chain(view).is_some()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use quorate_registry::{
        alloy_primitives::B256,
        follow::{FollowConfig, follow},
    };
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[test]
    fn what_is_put_again_wakes_nobody() {
        let desk = RootsDesk::default();
        let seen = desk.0.subscribe();
        let roots = crate::testing::roots();
        desk.put(roots, vec![NodeVote([1; 65])]);
        assert!(seen.has_changed().unwrap());
        assert_eq!(desk.read().unwrap().votes, [NodeVote([1; 65])]);
        let seen = desk.0.subscribe();
        desk.put(roots, vec![NodeVote([1; 65])]);
        assert!(!seen.has_changed().unwrap());
        desk.put(roots, vec![NodeVote([2; 65])]);
        assert!(seen.has_changed().unwrap());
    }

    /// A chain that says no to everything, and how often it was asked.
    async fn refusing() -> (String, Arc<AtomicUsize>) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (url, asked) =
            (format!("http://{}", listener.local_addr().unwrap()), Arc::new(AtomicUsize::new(0)));
        let counted = asked.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                let mut read = vec![0; 64 << 10];
                let _ = stream.read(&mut read).await;
                let _ = stream
                    .write_all(b"HTTP/1.1 500 x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                    .await;
            }
        });
        (url, asked)
    }

    #[tokio::test]
    async fn nothing_is_sent_before_all_have_voted_and_then_it_is_tried_with_growing_pauses() {
        let (url, asked) = refusing().await;
        let network = crate::testing::founded(1).0;
        let nowhere = FollowConfig {
            rpc_url: "http://127.0.0.1:1".into(),
            genesis_hash: B256::ZERO,
            head_key: B256::from(network.chain.head_key.0),
            catch_up_max: Duration::from_secs(1),
            contracts: crate::chain::contracts(&network),
            creations: Vec::new(),
            state: None,
            trust: quorate_registry::follow::Trust::default(),
            snapshot: None,
        };
        let (view, _follower) = follow(nowhere, std::future::pending()).unwrap();
        let desk = Arc::new(RootsDesk::default());
        let payer = k256::ecdsa::SigningKey::from_slice(&[1; 32]).unwrap();
        let client = TxClient::new(&url, 1, payer).unwrap();
        let contracts = crate::chain::contracts(&network);
        let submitter = Submitter { client, contracts, view, desk: desk.clone() };
        let running = tokio::spawn(submitter.run(Metrics::new()));
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(asked.load(Ordering::Relaxed), 0);
        desk.put(crate::testing::roots(), vec![NodeVote([1; 65])]);
        let tried = async |times: usize| {
            let begun = Instant::now();
            while asked.load(Ordering::Relaxed) < times {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            begun.elapsed()
        };
        tokio::time::timeout(Duration::from_secs(20), tried(4)).await.unwrap();
        let so_far = asked.load(Ordering::Relaxed);
        let next = tokio::time::timeout(Duration::from_secs(20), tried(so_far + 1)).await.unwrap();
        assert!(next >= PAUSE_MIN, "{next:?}");
        assert!(!running.is_finished());
        running.abort();
    }
}
