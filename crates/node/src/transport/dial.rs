//! The socket; accepting and dialling.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

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
    links::Links,
};
use crate::metrics::Heartbeat;

/// A peer that has said nothing for this long is gone.
const IDLE_MS: u32 = 3_000;
/// A connection with nothing to say says so this often.
const KEEP_ALIVE: Duration = Duration::from_millis(500);
/// One attempt to dial: packets are repeated within it after about 0.3 and 0.9 s.
const DIAL: Duration = Duration::from_millis(1_500);
/// Pause between attempts: jittered, so that nodes which start together do not dial in step.
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
    (links, gate): (Arc<Links>, Arc<Gate>),
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
        channels.spawn(async move {
            let Ok(connecting) = incoming.accept() else { return };
            let Ok(Ok(connection)) = tokio::time::timeout(HANDSHAKE, connecting).await else { return };
            drop(permit);
            match identity::peer_of(&connection, &membership) {
                // Of each pair the lower one dials: a connection the other way is nobody's mistake but wrong.
                Some(peer) if peer < membership.me && links.away(peer).is_none() => {
                    gate.met(peer, connection.remote_address().ip());
                    channel::carry(connection, peer, links).await
                }
                _ => connection.close(channel::CLOSE_REFUSED.into(), b"refused"),
            }
        });
    }
}

/// Keeps the channel to one peer.
pub(super) struct Dialer {
    pub(super) endpoint: Endpoint,
    pub(super) client: QuicClientConfig,
    pub(super) address: String,
    pub(super) index: NodeIndex,
    pub(super) links: Arc<Links>,
}

impl Dialer {
    /// Dials for ever.
    pub(super) async fn run(self, heartbeat: Heartbeat) {
        let mut config = quinn::ClientConfig::new(Arc::new(self.client));
        config.transport_config(transport());
        loop {
            heartbeat.beat();
            if let Some(left) = self.links.away(self.index) {
                tokio::time::sleep(left.min(Heartbeat::INTERVAL)).await;
                continue;
            }
            let attempt = dial(&self.endpoint, config.clone(), &self.address);
            if let Ok(Some(connection)) = tokio::time::timeout(DIAL, attempt).await {
                let carried = tokio::spawn(channel::carry(connection, self.index, self.links.clone()));
                tokio::pin!(carried);
                loop {
                    tokio::select! {
                        // A panic in the channel ends the channel only.
                        _ = &mut carried => break,
                        () = tokio::time::sleep(Heartbeat::INTERVAL) => heartbeat.beat(),
                    }
                }
            }
            let (least, most) = PAUSE_MS;
            let pause = least + crate::entropy::number() % (most - least);
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
    }
}

async fn dial(endpoint: &Endpoint, config: quinn::ClientConfig, address: &str) -> Option<quinn::Connection> {
    let address = tokio::net::lookup_host(address).await.ok()?.next()?;
    // The name is not checked: the peer's key is.
    endpoint.connect_with(config, address, "node.quorate").ok()?.await.ok()
}
