//! Who dials of a pair, where, and which of two connections stays.

use quorate_wire::PrivateEndpoint;

use super::*;

/// Sockets that are free at this moment.
fn free_addresses() -> [SocketAddr; 2] {
    let sockets = [(); 2].map(|()| std::net::UdpSocket::bind(ANY).unwrap());
    sockets.map(|socket| socket.local_addr().unwrap())
}

/// An address at which nobody ever answers, as long as it is held.
fn silent() -> (std::net::UdpSocket, SocketAddr) {
    let socket = std::net::UdpSocket::bind(ANY).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

/// Takes what comes until nothing has for so long; says how often a connection began.
async fn calm(side: &mut Side, quiet: Duration) -> usize {
    let mut begun = 0;
    while let Ok(seen) = tokio::time::timeout(quiet, side.seen.recv()).await {
        begun += usize::from(matches!(seen.unwrap().0, Seen::Connected(_)));
    }
    begun
}

async fn both_dial_at_once() {
    let [of_one, of_two] = free_addresses();
    let eager = (0, 1);
    let settings = [
        Setting { listen: of_one, patience_ms: eager, ..dialling(of_two) },
        Setting { listen: of_two, patience_ms: eager, peer_address: of_one, ..accepting() },
    ];
    let [mut one, mut two] = settings.each_ref().map(start);
    let quiet = Duration::from_millis(700);
    let (at_one, at_two) = tokio::join!(calm(&mut one, quiet), calm(&mut two, quiet));
    // Each may have held the one that the rule ends, and no more.
    assert!((1..=3).contains(&at_one) && (1..=3).contains(&at_two), "{at_one} and {at_two} connections");
    for _ in 0..2 {
        one.links.send(index(2), vec![1]);
        two.links.send(index(1), vec![2]);
        assert_eq!(two.next().await, Seen::Frame(1, vec![1]));
        assert_eq!(one.next().await, Seen::Frame(2, vec![2]));
    }
    // What was ended is forgotten a moment later.
    let mut left = Vec::new();
    for _ in 0..300 {
        left = [&one, &two].map(|side| side.transport.endpoint.open_connections()).to_vec();
        if left == [1, 1] {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(left, [1, 1], "one connection of the pair is left");
    assert!(one.seen.try_recv().is_err() && two.seen.try_recv().is_err(), "and it stands");
    one.transport.stop().await;
    two.transport.stop().await;
}

#[tokio::test]
async fn two_that_dial_at_once_come_to_one_connection() {
    for _ in 0..5 {
        let mut pairs = tokio::task::JoinSet::new();
        for _ in 0..10 {
            pairs.spawn(both_dial_at_once());
        }
        while let Some(ended) = pairs.join_next().await {
            ended.unwrap();
        }
    }
}

#[tokio::test]
async fn higher_index_dials_where_the_lower_one_does_not_find_it() {
    let (_held, nowhere) = silent();
    let mut one = start(&dialling(nowhere));
    let two = Setting { peer_address: one.address, patience_ms: (200, 300), ..accepting() };
    let started = std::time::Instant::now();
    let mut two = start(&two);
    assert_eq!(two.next().await, Seen::Connected(1));
    assert_eq!(one.next().await, Seen::Connected(2));
    assert!(started.elapsed() >= Duration::from_millis(200), "the lower one has its time first");
    one.links.send(index(2), vec![1]);
    assert_eq!(two.next().await, Seen::Frame(1, vec![1]));
    // Both dial no more, and nothing ends.
    assert_eq!(calm(&mut one, Duration::from_secs(1)).await, 0);
    assert!(two.seen.try_recv().is_err());
    // A lower one that is gone is not dialled in vain for ever either: it dials by itself when it is back.
    one.transport.stop().await;
    assert_eq!(two.next().await, Seen::Disconnected(1));
    let mut back = start(&dialling(two.address));
    assert_eq!(back.next().await, Seen::Connected(2));
    assert_eq!(two.next().await, Seen::Connected(1));
    back.transport.stop().await;
    two.transport.stop().await;
}

#[tokio::test]
async fn connection_that_the_lower_index_dialled_stays_against_one_of_the_higher() {
    let (mut one, mut two) = connected().await;
    // Another instance of node 2, which has no connection and dials at once.
    let patient = Setting { peer_address: one.address, patience_ms: (0, 1), ..accepting() };
    let mut other = start(&patient);
    assert_eq!(calm(&mut one, Duration::from_millis(700)).await, 0);
    assert_eq!(calm(&mut two, Duration::from_millis(10)).await, 0);
    other.transport.stop().await;
    // TLS 1.3 lets the dialling side finish first: it may have believed in a connection, and read nothing from it.
    while let Ok((seen, _)) = other.seen.try_recv() {
        assert!(!matches!(seen, Seen::Frame(..)));
    }
    one.transport.stop().await;
    two.transport.stop().await;
}

#[tokio::test]
async fn peer_that_moved_is_found_at_the_next_dial_and_its_connection_is_not_cut() {
    let (mut one, mut two) = connected().await;
    let mut moved = start(&accepting());
    one.endpoints.note(index(2), at(moved.address));
    assert_eq!(calm(&mut one, Duration::from_millis(300)).await, 0);
    one.links.send(index(2), vec![1]);
    assert_eq!(two.next().await, Seen::Frame(1, vec![1]));
    two.transport.stop().await;
    assert_eq!(one.next().await, Seen::Disconnected(2));
    assert_eq!(one.next().await, Seen::Connected(2));
    assert_eq!(moved.next().await, Seen::Connected(1));
    one.transport.stop().await;
    moved.transport.stop().await;
}

#[tokio::test]
async fn private_address_is_dialled_after_a_public_one_in_vain() {
    let (_held, nowhere) = silent();
    let mut two = start(&accepting());
    let shared =
        |quic: SocketAddr| PrivateEndpoint { http: "http://127.0.0.1:1".into(), quic: quic.to_string() };
    let of_two = NodeEndpoint { private: Some(shared(two.address)), ..at(nowhere) };
    let own = NodeEndpoint { private: Some(shared(nowhere)), ..at(nowhere) };
    let setting = dialling(nowhere);
    let listed = BTreeMap::from([(index(1), at(nowhere)), (index(2), of_two)]);
    let endpoints = Arc::new(EndpointBoard::of(listed, index(1)));
    endpoints.note(index(1), own);
    let mut one = start_as(&setting, Membership { endpoints, ..membership(&setting) });
    assert_eq!(one.next().await, Seen::Connected(2));
    assert_eq!(two.next().await, Seen::Connected(1));
    one.transport.stop().await;
    two.transport.stop().await;
}
