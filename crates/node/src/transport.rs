//! Channels between the nodes of a network: QUIC, mutually authenticated, one per pair.
//!
//! The identity that the TLS handshake proved is the sender of everything that comes over a connection.
//! Of each pair the node with the lower index dials, for ever; the other one accepts. A new connection
//! replaces the older one of its pair, so whichever side restarts or loses its packets, the pair meets again.

mod channel;
mod dial;
mod frame;
mod gate;
mod identity;
mod links;

use std::{collections::BTreeMap, io, net::SocketAddr, sync::Arc};

use ed25519_dalek::SigningKey;
use quinn::Endpoint;
use quorate_wire::{NetworkFile, NodeIndex, TransportKey};
use tokio::task::JoinSet;

pub(crate) use links::{Links, PeerEvents};

use crate::metrics::Metrics;

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
    pub(crate) peers: BTreeMap<NodeIndex, Peer>,
    /// `quorate/1/` and the network id: nodes of another network do not even shake hands.
    pub(crate) alpn: Vec<u8>,
}

/// A member other than this node.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    pub(crate) key: TransportKey,
    /// `host:port`, resolved anew at each dial.
    pub(crate) address: String,
}

impl Membership {
    pub(crate) fn new(network: &NetworkFile, me: NodeIndex) -> Self {
        let peers = network
            .indices()
            .filter(|&index| index != me)
            .filter_map(|index| {
                let key = network.node(index)?.transport_key;
                Some((index, Peer { key, address: network.endpoint(index)?.quic.clone() }))
            })
            .collect();
        Membership { me, peers, alpn: format!("quorate/1/{}", network.id()).into_bytes() }
    }

    /// The member with this key, unless it is this node.
    pub(crate) fn by_key(&self, key: &TransportKey) -> Option<NodeIndex> {
        self.peers.iter().find(|(_, peer)| peer.key == *key).map(|(&index, _)| index)
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
        listen: SocketAddr,
        key: &SigningKey,
        membership: Membership,
        links: Arc<Links>,
        metrics: &Arc<Metrics>,
    ) -> Result<Self, TransportError> {
        let membership = Arc::new(membership);
        let server = identity::server_config(key, &membership)?;
        let endpoint = dial::open(listen, key, server)
            .map_err(|source| TransportError::Bind { address: listen, source })?;
        let gate = gate::Gate::new();
        let mut tasks = JoinSet::new();
        tasks.spawn(dial::accept(
            endpoint.clone(),
            membership.clone(),
            (links.clone(), gate.clone()),
            metrics.heartbeat("accept"),
        ));
        tasks.spawn(gate.watch(membership.clone(), metrics.heartbeat("member-names")));
        for (&index, peer) in membership.peers.iter().filter(|&(&index, _)| membership.me < index) {
            let client = identity::client_config(key, &membership, peer.key)?;
            let heartbeat = metrics.heartbeat(&format!("dial-{index}"));
            let dialer = dial::Dialer {
                endpoint: endpoint.clone(),
                client,
                address: peer.address.clone(),
                index,
                links: links.clone(),
            };
            tasks.spawn(dialer.run(heartbeat));
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
