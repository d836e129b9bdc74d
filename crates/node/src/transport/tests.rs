//! Two transports over real sockets.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use ed25519_dalek::SigningKey;
use quorate_wire::{NodeEndpoint, NodeIndex, TransportKey, limits::PEER_FRAME_BYTES_MAX};
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::{Links, Membership, PATIENCE_MS, PeerEvents, Transport};
use crate::{endpoints::EndpointBoard, metrics::Metrics};

mod pairs;

#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Connected(u8),
    Disconnected(u8),
    Frame(u8, Vec<u8>),
}

struct Recorder {
    seen: mpsc::UnboundedSender<(Seen, Option<OwnedSemaphorePermit>)>,
}

impl PeerEvents for Recorder {
    fn connected(&self, peer: NodeIndex) {
        let _ = self.seen.send((Seen::Connected(peer.get()), None));
    }

    fn disconnected(&self, peer: NodeIndex) {
        let _ = self.seen.send((Seen::Disconnected(peer.get()), None));
    }

    fn frame(&self, peer: NodeIndex, frame: Vec<u8>, permit: OwnedSemaphorePermit) {
        let _ = self.seen.send((Seen::Frame(peer.get(), frame), Some(permit)));
    }
}

/// One running side.
struct Side {
    transport: Transport,
    links: Arc<Links>,
    seen: mpsc::UnboundedReceiver<(Seen, Option<OwnedSemaphorePermit>)>,
    address: SocketAddr,
    endpoints: Arc<EndpointBoard>,
}

impl Side {
    async fn next(&mut self) -> Seen {
        let (seen, permit) =
            tokio::time::timeout(Duration::from_secs(10), self.seen.recv()).await.unwrap().unwrap();
        drop(permit);
        seen
    }
}

fn index(number: u8) -> NodeIndex {
    NodeIndex::new(number).unwrap()
}

fn key(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

fn public(number: u8) -> TransportKey {
    TransportKey(key(number).verifying_key().to_bytes())
}

/// How one side is set up: who it is, with which key, whom it expects where.
struct Setting {
    me: u8,
    key: u8,
    peer: u8,
    peer_key: u8,
    peer_address: SocketAddr,
    listen: SocketAddr,
    network: &'static str,
    patience_ms: (u64, u64),
}

const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

/// An endpoint that is on this machine by its HTTP address.
fn at(quic: SocketAddr) -> NodeEndpoint {
    NodeEndpoint::unsigned("http://127.0.0.1:1", quic.to_string())
}

fn membership(setting: &Setting) -> Membership {
    let (me, peer) = (index(setting.me), index(setting.peer));
    let listed = BTreeMap::from([(me, at(ANY)), (peer, at(setting.peer_address))]);
    Membership {
        me,
        peers: BTreeMap::from([(peer, public(setting.peer_key))]),
        alpn: setting.network.as_bytes().to_vec(),
        probe_alpn: b"probe".to_vec(),
        endpoints: Arc::new(EndpointBoard::of(listed, me)),
        patience_ms: setting.patience_ms,
    }
}

fn start(setting: &Setting) -> Side {
    start_as(setting, membership(setting))
}

fn start_as(setting: &Setting, membership: Membership) -> Side {
    let endpoints = membership.endpoints.clone();
    let (sender, seen) = mpsc::unbounded_channel();
    let links = Links::new(
        Arc::new(Recorder { seen: sender }),
        BTreeMap::from([(index(setting.peer), "the peer".to_owned())]),
    );
    let metrics = Metrics::new();
    let transport = {
        let word = quorate_wire::ProbeWord {
            time_ms: 0,
            release: "test".to_owned(),
            guest: quorate_wire::Digest([0; 32]),
            running: true,
        };
        Transport::start((setting.listen, &key(setting.key)), (membership, word), links.clone(), &metrics)
    }
    .unwrap();
    let address = transport.local_address().unwrap();
    Side { transport, links, seen, address, endpoints }
}

fn accepting() -> Setting {
    Setting { me: 2, key: 2, peer: 1, peer_key: 1, peer_address: ANY, ..dialling(ANY) }
}

fn dialling(to: SocketAddr) -> Setting {
    Setting {
        me: 1,
        key: 1,
        peer: 2,
        peer_key: 2,
        peer_address: to,
        listen: ANY,
        network: "quorate/1/a",
        patience_ms: PATIENCE_MS,
    }
}

async fn connected() -> (Side, Side) {
    let mut two = start(&accepting());
    let mut one = start(&dialling(two.address));
    assert_eq!(one.next().await, Seen::Connected(2));
    assert_eq!(two.next().await, Seen::Connected(1));
    (one, two)
}

#[tokio::test]
async fn frames_arrive_in_order_from_the_peer_that_proved_its_key() {
    let (mut one, mut two) = connected().await;
    let long = vec![7u8; PEER_FRAME_BYTES_MAX];
    for frame in [vec![1], vec![2, 2], long.clone(), vec![3]] {
        one.links.send(index(2), frame.clone());
        two.links.send(index(1), frame);
    }
    for frame in [vec![1], vec![2, 2], long, vec![3]] {
        assert_eq!(two.next().await, Seen::Frame(1, frame.clone()));
        assert_eq!(one.next().await, Seen::Frame(2, frame));
    }
    one.transport.stop().await;
    assert_eq!(two.next().await, Seen::Disconnected(1));
    two.transport.stop().await;
}

/// Whether a dialler of this setting gets through to an accepting side of that one.
async fn reaches(accepting: &Setting, dialling: impl FnOnce(SocketAddr) -> Setting) -> bool {
    let mut two = start(accepting);
    let mut one = start(&dialling(two.address));
    let within = Duration::from_millis(1_200);
    let got = tokio::time::timeout(within, two.seen.recv()).await.is_ok();
    // The dialler alone may believe in a connection for a moment: TLS 1.3 lets the client finish first.
    while let Ok((seen, _)) = one.seen.try_recv() {
        assert!(!matches!(seen, Seen::Frame(..)));
    }
    one.transport.stop().await;
    two.transport.stop().await;
    got
}

#[tokio::test]
async fn refuses_dialler_with_a_key_of_no_member() {
    assert!(!reaches(&accepting(), |to| Setting { key: 9, ..dialling(to) }).await);
}

#[tokio::test]
async fn refuses_listener_with_another_key_than_expected() {
    assert!(!reaches(&Setting { key: 9, ..accepting() }, dialling).await);
}

#[tokio::test]
async fn refuses_node_of_another_network() {
    assert!(!reaches(&Setting { network: "quorate/1/b", ..accepting() }, dialling).await);
}

#[tokio::test]
async fn newer_connection_replaces_the_older() {
    let (one, mut two) = connected().await;
    // Another instance of node 1, as after a restart whose former connection nobody has closed yet.
    let mut again = start(&dialling(two.address));
    assert_eq!(again.next().await, Seen::Connected(2));
    assert_eq!(two.next().await, Seen::Connected(1));
    two.links.send(index(1), vec![5]);
    assert_eq!(again.next().await, Seen::Frame(2, vec![5]));
    one.transport.stop().await;
    again.transport.stop().await;
    two.transport.stop().await;
}

#[tokio::test]
async fn restarted_listener_is_found_again_at_once() {
    // Its runtime ends without finishing anything, as a killed process does: not a packet says so.
    let killed = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let two = {
        let _within = killed.enter();
        start(&accepting())
    };
    let mut one = start(&dialling(two.address));
    assert_eq!(one.next().await, Seen::Connected(2));
    let address = two.address;
    killed.shutdown_background();
    drop(two);
    let mut again = loop {
        // The system may hold the port for a moment.
        match std::net::UdpSocket::bind(address) {
            Ok(socket) => {
                drop(socket);
                break start(&Setting { listen: address, ..accepting() });
            }
            Err(_) => tokio::task::yield_now().await,
        }
    };
    let started = std::time::Instant::now();
    assert_eq!(one.next().await, Seen::Disconnected(2));
    assert_eq!(one.next().await, Seen::Connected(2));
    assert_eq!(again.next().await, Seen::Connected(1));
    // Well below the three seconds after which silence alone would show it.
    assert!(started.elapsed() < Duration::from_millis(1_800), "{:?}", started.elapsed());
    one.transport.stop().await;
    again.transport.stop().await;
}

#[tokio::test]
async fn frame_above_the_limit_ends_the_connection() {
    let (mut one, mut two) = connected().await;
    one.links.send(index(2), vec![0u8; PEER_FRAME_BYTES_MAX + 1]);
    assert_eq!(two.next().await, Seen::Disconnected(1));
    assert_eq!(one.next().await, Seen::Disconnected(2));
    // And it comes back: one bad frame is not for ever.
    assert_eq!(two.next().await, Seen::Connected(1));
    one.transport.stop().await;
    two.transport.stop().await;
}

#[tokio::test]
async fn peer_that_does_not_read_is_cut_off() {
    let (mut one, two) = connected().await;
    // Nothing takes what arrives at node 2: its room fills, then the flow control, then node 1's queue.
    let mut unread = two.seen;
    let frame = vec![0u8; 1 << 20];
    let cut = async {
        loop {
            for _ in 0..8 {
                one.links.send(index(2), frame.clone());
            }
            tokio::select! {
                biased;
                seen = one.next() => return seen,
                () = tokio::task::yield_now() => {}
            }
        }
    };
    let seen = tokio::time::timeout(Duration::from_secs(10), cut).await.unwrap();
    assert_eq!(seen, Seen::Disconnected(2));
    let mut frames = 0;
    while let Ok((seen, permit)) = unread.try_recv() {
        frames += usize::from(matches!(seen, Seen::Frame(..)));
        // Kept: what was unread at one time is what is counted.
        std::mem::forget(permit);
    }
    assert!(frames <= 16, "{frames} frames of 1 MiB were taken in unread");
    one.transport.stop().await;
    two.transport.stop().await;
}

#[tokio::test]
async fn more_submissions_than_a_peer_takes_are_left_out_and_hold_up_nothing_that_is_said() {
    let (mut one, mut two) = connected().await;
    let submission: Arc<[u8]> = vec![7u8; 1 << 20].into();
    for _ in 0..200 {
        one.links.pass_on(index(2), submission.clone());
    }
    one.links.send(index(2), vec![1]);
    let mut before = None;
    let mut came = 0;
    // All that was queued has come when nothing more does for a while.
    while let Ok(Some((seen, _permit))) = tokio::time::timeout(Duration::from_secs(2), two.seen.recv()).await
    {
        match seen {
            Seen::Frame(1, frame) if frame == [1] => before = Some(came),
            Seen::Frame(1, frame) => came += usize::from(frame[..] == submission[..]),
            other => panic!("{other:?}"),
        }
    }
    assert!((64..200).contains(&came), "{came} submissions came");
    assert!(
        before.is_some_and(|before| before < came),
        "what is said waits for no queue of submissions: {before:?}"
    );
    // The room is free again, and a short one keeps its place among what is said.
    one.links.send(index(2), vec![2]);
    one.links.pass_on(index(2), vec![3].into());
    one.links.send(index(2), vec![4]);
    for frame in [2, 3, 4] {
        assert_eq!(two.next().await, Seen::Frame(1, vec![frame]));
    }
    one.links.pass_on(index(2), submission.clone());
    assert_eq!(two.next().await, Seen::Frame(1, submission.to_vec()));
    assert!(one.seen.try_recv().is_err(), "the channel stands");
    one.transport.stop().await;
    two.transport.stop().await;
}

/// First packets of handshakes that nobody will go on with, each of another connection.
async fn first_packets(count: usize) -> Vec<Vec<u8>> {
    let target = tokio::net::UdpSocket::bind(ANY).await.unwrap();
    let to = target.local_addr().unwrap();
    let membership = membership(&dialling(to));
    let endpoint = quinn::Endpoint::client(ANY).unwrap();
    let mut packets = Vec::new();
    for _ in 0..count {
        let client = super::identity::client_config(&key(1), &membership, public(2)).unwrap();
        let config = quinn::ClientConfig::new(Arc::new(client));
        let connecting = endpoint.connect_with(config, to, "node.quorate").unwrap();
        let mut packet = vec![0; 2_048];
        let length = target.recv(&mut packet).await.unwrap();
        packet.truncate(length);
        packets.push(packet);
        drop(connecting);
    }
    packets
}

#[tokio::test]
async fn packets_of_handshakes_that_never_go_on_keep_no_member_away() {
    let packets = first_packets(400).await;
    let mut two = start(&accepting());
    let to = two.address;
    let (stop, mut stopped) = tokio::sync::oneshot::channel::<()>();
    let flood = tokio::spawn(async move {
        let socket = tokio::net::UdpSocket::bind(ANY).await.unwrap();
        for packet in packets.iter().cycle() {
            let _ = socket.send_to(packet, to).await;
            tokio::time::sleep(Duration::from_millis(3)).await;
            if stopped.try_recv().is_ok() {
                return;
            }
        }
    });
    // Time to fill what there is to fill.
    tokio::time::sleep(Duration::from_millis(700)).await;
    for _ in 0..5 {
        let mut one = start(&dialling(to));
        let begun = std::time::Instant::now();
        let got = tokio::time::timeout(Duration::from_millis(1_000), one.seen.recv()).await;
        assert!(got.is_ok(), "no connection within {:?}", begun.elapsed());
        assert_eq!(two.next().await, Seen::Connected(1));
        one.transport.stop().await;
        assert_eq!(two.next().await, Seen::Disconnected(1));
    }
    let _ = stop.send(());
    flood.await.unwrap();
    two.transport.stop().await;
}
