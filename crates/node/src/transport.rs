//! Channels between the nodes of a network: QUIC, mutually authenticated, one per pair.
//!
//! The identity that the TLS handshake proved is the sender of everything that comes over a connection.
//! Of each pair the node with the lower index dials at once. The other one dials when the pair has had no connection for
//! some seconds: the lower one may not find it, because it moved or is behind address translation.
//!
//! Both sides keep one connection of a pair by the same rule. One that the lower index dialled stays against one that the
//! higher index dialled; of two the same way the newer stays. So both may dial at once, and whichever side restarts or
//! loses its packets, the pair meets again.

mod channel;
mod dial;
mod frame;
mod gate;
mod identity;
mod links;
mod probe;

use std::{collections::BTreeMap, io, net::SocketAddr, sync::Arc};

use ed25519_dalek::SigningKey;
use quinn::Endpoint;
use quorate_wire::{NetworkFile, NodeIndex, ProbeWord, TransportKey};
use tokio::task::JoinSet;

pub(crate) use links::{Links, PeerEvents};
pub use probe::{Probed, Reached, probe};

use crate::{endpoints::EndpointBoard, metrics::Metrics};

/// Milliseconds without a connection after which the higher index of a pair dials. Nodes that start together do not dial
/// in step.
const PATIENCE_MS: (u64, u64) = (3_000, 5_000);

/// Why the transport does not start.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The socket could not be opened.
    #[error("the QUIC socket {address}")]
    Bind {
        /// The address of the configuration.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The TLS library refuses the configuration.
    #[error("the TLS configuration: {0}")]
    Tls(String),
}

/// The members that this node talks to.
#[derive(Debug, Clone)]
pub(crate) struct Membership {
    pub(crate) me: NodeIndex,
    pub(crate) peers: BTreeMap<NodeIndex, TransportKey>,
    /// `quorate/1/` and the network id: nodes of another network do not even shake hands.
    pub(crate) alpn: Vec<u8>,
    /// The same for probes.
    pub(crate) probe_alpn: Vec<u8>,
    /// Where they are now; looked at and resolved anew at each dial.
    pub(crate) endpoints: Arc<EndpointBoard>,
    /// Least and most milliseconds that the higher index of a pair waits before it dials.
    pub(crate) patience_ms: (u64, u64),
}

impl Membership {
    pub(crate) fn new(network: &NetworkFile, me: NodeIndex, endpoints: Arc<EndpointBoard>) -> Self {
        let peers = network.indices().filter(|&index| index != me);
        let peers = peers.filter_map(|index| Some((index, network.node(index)?.transport_key))).collect();
        let alpn = format!("quorate/1/{}", network.id()).into_bytes();
        let probe_alpn = format!("quorate/probe/1/{}", network.id()).into_bytes();
        Membership { me, peers, alpn, probe_alpn, endpoints, patience_ms: PATIENCE_MS }
    }

    /// The same members, probed: no channel comes of a connection.
    fn for_probes(self) -> Self {
        Membership { alpn: self.probe_alpn.clone(), ..self }
    }

    /// The member with this key, unless it is this node.
    pub(crate) fn by_key(&self, key: &TransportKey) -> Option<NodeIndex> {
        self.peers.iter().find(|&(_, known)| known == key).map(|(&index, _)| index)
    }
}

/// The running transport.
pub(crate) struct Transport {
    endpoint: Endpoint,
    tasks: JoinSet<()>,
}

impl Transport {
    /// Opens the socket, accepts and dials.
    pub(crate) fn start(
        (listen, key): (SocketAddr, &SigningKey),
        (membership, word): (Membership, ProbeWord),
        links: Arc<Links>,
        metrics: &Arc<Metrics>,
    ) -> Result<Self, TransportError> {
        let membership = Arc::new(membership);
        let server = identity::server_config(key, &membership)?;
        let endpoint = dial::open(listen, key, server)
            .map_err(|source| TransportError::Bind { address: listen, source })?;
        let gate = gate::Gate::new();
        let answerer = Arc::new(probe::Answerer::new(endpoint.clone(), key, &membership, word)?);
        let mut tasks = JoinSet::new();
        tasks.spawn(dial::accept(
            endpoint.clone(),
            membership.clone(),
            (links.clone(), gate.clone(), answerer),
            metrics.heartbeat("accept"),
        ));
        tasks.spawn(gate.watch(membership.clone(), metrics.heartbeat("member-names")));
        for (&peer, &peer_key) in &membership.peers {
            let client = Arc::new(identity::client_config(key, &membership, peer_key)?);
            let heartbeat = metrics.heartbeat(&format!("dial-{peer}"));
            let (endpoint, membership, links) = (endpoint.clone(), membership.clone(), links.clone());
            tasks.spawn(dial::Dialer { endpoint, client, peer, membership, links }.run(heartbeat));
        }
        Ok(Transport { endpoint, tasks })
    }

    /// Where the socket is.
    pub(crate) fn local_address(&self) -> io::Result<SocketAddr> {
        self.endpoint.local_addr()
    }

    /// Ends when a loop of the transport has ended, which only a defect can bring about.
    pub(crate) async fn ended(&mut self) {
        self.tasks.join_next().await;
    }

    /// Closes all connections and says so to the peers.
    pub(crate) async fn stop(mut self) {
        self.tasks.abort_all();
        self.endpoint.close(channel::CLOSE_STOPPED.into(), b"stopped");
        // The close frames get one moment to leave; a peer that does not hear notices the silence.
        let _ = tokio::time::timeout(std::time::Duration::from_millis(200), self.endpoint.wait_idle()).await;
    }
}

#[cfg(test)]
mod tests;
