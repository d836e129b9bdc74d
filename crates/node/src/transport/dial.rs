//! The socket; accepting and dialling.

use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use ed25519_dalek::SigningKey;
use quinn::{
    ConnectionId, ConnectionIdGenerator, Endpoint, EndpointConfig, IdleTimeout, TokioRuntime,
    TransportConfig, VarInt,
    crypto::rustls::{QuicClientConfig, QuicServerConfig},
};
use quorate_wire::NodeIndex;
use sha2::{Digest as _, Sha256};
use tokio::task::JoinSet;

use super::{
    Membership, channel,
    gate::{Gate, Verdict},
    identity,
    links::{Dialled, Links},
    probe::{Answerer, is_probe},
};
use crate::metrics::Heartbeat;

/// A peer that has said nothing for this long is gone.
const IDLE_MS: u32 = 3_000;
/// A connection with nothing to say says so this often.
const KEEP_ALIVE: Duration = Duration::from_millis(500);
/// One attempt to dial: packets are repeated within it after about 0.3 and 0.9 s.
const DIAL: Duration = Duration::from_millis(1_500);
/// Pause of the lower index between attempts: jittered, so that nodes which start together do not dial in step.
const PAUSE_MS: (u64, u64) = (50, 500);
/// First packets that wait for the loop that accepts; it does nothing but decide about them.
const INCOMING_MAX: usize = 1_024;
/// An incoming handshake that takes longer is given up.
const HANDSHAKE: Duration = Duration::from_secs(3);
/// What a peer may send before the engine has read it; the largest frame fits well.
const STREAM_WINDOW_BYTES: u32 = 8 << 20;
/// Enough that two connections of one socket never meet.
const CONNECTION_ID_BYTES: usize = 12;

/// Opens the socket.
pub(super) fn open(listen: SocketAddr, key: &SigningKey, server: QuicServerConfig) -> io::Result<Endpoint> {
    let mut config = quinn::ServerConfig::with_crypto(Arc::new(server));
    config.transport_config(transport());
    config.max_incoming(INCOMING_MAX);
    // Nodes do not move: an authenticated peer at a new address connects anew.
    config.migration(false);
    Endpoint::new(
        endpoint_config(key),
        Some(config),
        std::net::UdpSocket::bind(listen)?,
        Arc::new(TokioRuntime),
    )
}

/// A restarted node answers packets of its former connections with resets that its peers believe, because the key of
/// the reset tokens comes from its transport key, and because it takes every connection id for one that
/// may be its own. So its peers dial again at once instead of waiting for the silence to become long.
fn endpoint_config(key: &SigningKey) -> EndpointConfig {
    let secret = Sha256::new().chain_update("quorate/quic-reset/v1").chain_update(key.as_bytes()).finalize();
    let reset = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &secret);
    let mut config = EndpointConfig::new(Arc::new(reset));
    config.cid_generator(|| Box::new(RandomIds));
    config
}

/// Connection ids that say nothing. (Those of the library carry a checksum under a key of one process: the next
/// one would take them for noise and stay silent.)
struct RandomIds;

impl ConnectionIdGenerator for RandomIds {
    fn generate_cid(&mut self) -> ConnectionId {
        let mut id = [0u8; CONNECTION_ID_BYTES];
        crate::entropy::fill(&mut id);
        ConnectionId::new(&id)
    }

    fn cid_len(&self) -> usize {
        CONNECTION_ID_BYTES
    }

    fn cid_lifetime(&self) -> Option<Duration> {
        None
    }
}

/// How a member is dialled.
pub(super) fn client(tls: Arc<QuicClientConfig>) -> quinn::ClientConfig {
    let mut config = quinn::ClientConfig::new(tls);
    config.transport_config(transport());
    config
}

fn transport() -> Arc<TransportConfig> {
    let mut config = TransportConfig::default();
    config
        .max_idle_timeout(Some(IdleTimeout::from(VarInt::from_u32(IDLE_MS))))
        .keep_alive_interval(Some(KEEP_ALIVE))
        .initial_rtt(Duration::from_millis(100))
        .max_concurrent_uni_streams(VarInt::from_u32(1))
        .max_concurrent_bidi_streams(VarInt::from_u32(0))
        .datagram_receive_buffer_size(None)
        .stream_receive_window(VarInt::from_u32(STREAM_WINDOW_BYTES))
        .receive_window(VarInt::from_u32(STREAM_WINDOW_BYTES))
        .send_window(u64::from(STREAM_WINDOW_BYTES));
    Arc::new(config)
}

/// Accepts connections for ever.
pub(super) async fn accept(
    endpoint: Endpoint,
    membership: Arc<Membership>,
    (links, gate, answerer): (Arc<Links>, Arc<Gate>, Arc<Answerer>),
    heartbeat: Heartbeat,
) {
    let mut channels = JoinSet::new();
    loop {
        heartbeat.beat();
        let incoming = tokio::select! {
            incoming = endpoint.accept() => incoming,
            // A channel that has ended frees its task; a panic in one ends that channel only.
            Some(_) = channels.join_next() => continue,
            () = tokio::time::sleep(Heartbeat::INTERVAL) => continue,
        };
        let Some(incoming) = incoming else { return };
        let address = incoming.remote_address().ip();
        let permit = match gate.judge(address, incoming.remote_address_validated()) {
            Verdict::Enter(permit) => permit,
            Verdict::Prove => {
                // The only error is that it was proven already.
                let _ = incoming.retry();
                continue;
            }
            Verdict::Refuse => {
                incoming.refuse();
                continue;
            }
        };
        let (membership, links, gate) = (membership.clone(), links.clone(), gate.clone());
        let answerer = answerer.clone();
        channels.spawn(async move {
            let Ok(connecting) = incoming.accept() else { return };
            let Ok(Ok(connection)) = tokio::time::timeout(HANDSHAKE, connecting).await else { return };
            drop(permit);
            match identity::peer_of(&connection, &membership) {
                Some(peer) if links.away(peer).is_some() => refuse(&connection),
                Some(peer) if is_probe(&connection, &membership) => {
                    if !answerer.serve(&connection, peer).await {
                        refuse(&connection);
                    }
                }
                Some(peer) => {
                    gate.met(peer, connection.remote_address().ip());
                    let dialled_by = if peer < membership.me { Dialled::Lower } else { Dialled::Higher };
                    if let Some(attached) = links.attach(peer, &connection, dialled_by) {
                        membership.endpoints.met(peer, connection.remote_address().ip());
                        channel::carry(connection, attached, links).await;
                    }
                }
                None => refuse(&connection),
            }
        });
    }
}

fn refuse(connection: &quinn::Connection) {
    connection.close(channel::CLOSE_REFUSED.into(), b"refused");
}

/// Keeps the channel to one peer.
pub(super) struct Dialer {
    pub(super) endpoint: Endpoint,
    pub(super) client: Arc<QuicClientConfig>,
    pub(super) peer: NodeIndex,
    pub(super) membership: Arc<Membership>,
    pub(super) links: Arc<Links>,
}

impl Dialer {
    /// Dials for ever, while no channel stands.
    pub(super) async fn run(self, heartbeat: Heartbeat) {
        let config = client(self.client.clone());
        let mut channels = JoinSet::new();
        let mut changes = self.links.changes();
        let mut good = None;
        let mut stood = false;
        // The higher one gives the lower one time from its own start, too.
        let mut due = Instant::now() + if self.first() { Duration::ZERO } else { self.pause() };
        loop {
            heartbeat.beat();
            // A panic in a channel ends the channel only.
            while channels.try_join_next().is_some() {}
            changes.mark_unchanged();
            let wait = if self.links.stands(self.peer) {
                stood = true;
                Heartbeat::INTERVAL
            } else {
                if std::mem::take(&mut stood) {
                    due = Instant::now() + self.pause();
                }
                let away = self.links.away(self.peer).unwrap_or_default();
                away.max(due.saturating_duration_since(Instant::now()))
            };
            if !wait.is_zero() {
                tokio::select! {
                    _ = changes.changed() => {}
                    () = tokio::time::sleep(wait.min(Heartbeat::INTERVAL)) => {}
                }
                continue;
            }
            if let Some(connection) = self.dial(&config, &mut good, &heartbeat).await
                && let Some(attached) = self.links.attach(self.peer, &connection, self.side())
            {
                self.membership.endpoints.met(self.peer, connection.remote_address().ip());
                channels.spawn(channel::carry(connection, attached, self.links.clone()));
            }
            due = Instant::now() + self.pause();
        }
    }

    /// One attempt at each address at which the peer may be, beginning with the one where it was found last.
    async fn dial(
        &self,
        config: &quinn::ClientConfig,
        good: &mut Option<SocketAddr>,
        heartbeat: &Heartbeat,
    ) -> Option<quinn::Connection> {
        let mut addresses = self.membership.endpoints.quic_addresses(self.peer).await;
        addresses.sort_by_key(|address| Some(*address) != *good);
        for address in addresses {
            heartbeat.beat();
            // The peer may have dialled meanwhile.
            if self.links.stands(self.peer) {
                return None;
            }
            // The name is not checked: the peer's key is.
            let Ok(attempt) = self.endpoint.connect_with(config.clone(), address, "node.quorate") else {
                continue;
            };
            if let Ok(Ok(connection)) = tokio::time::timeout(DIAL, attempt).await {
                *good = Some(address);
                return Some(connection);
            }
        }
        None
    }

    /// Whether this node dials without waiting for the other one.
    fn first(&self) -> bool {
        self.membership.me < self.peer
    }

    fn side(&self) -> Dialled {
        if self.first() { Dialled::Lower } else { Dialled::Higher }
    }

    fn pause(&self) -> Duration {
        let (least, most) = if self.first() { PAUSE_MS } else { self.membership.patience_ms };
        Duration::from_millis(least + crate::entropy::number() % (most - least))
    }
}
