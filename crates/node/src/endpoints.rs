//! Where the members are reached now, and which of their addresses this node uses.
//!
//! The network file says it first; then each node's newest signed word does, which the engine has checked. A word is
//! still the word of a peer: it sends this node to no address of this machine, and to no private one unasked.
//!
//! - Public addresses are reached for every peer.
//! - Private ones are reached for a peer that the network file has in a private network; and as the private endpoint of a
//!   peer, if this node has one itself.
//! - Loopback is reached only if the network file has both the peer and this node there.
//! - Unspecified, link-local, multicast and broadcast addresses are reached for nobody.
//!
//! The rules hold for what a name resolves to, each time that it is resolved.
//!
//! A word keeps nothing out of the reach of actions: the network file does, and where a member has proven its key.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    net::{IpAddr, SocketAddr},
    sync::{PoisonError, RwLock},
    time::Duration,
};

use quorate_wire::{NetworkFile, NodeEndpoint, NodeIndex};
use tokio::sync::watch;

use crate::egress::is_public;

/// Addresses of one name that are used, at most.
const ADDRESSES_MAX: usize = 8;
/// A name that is not resolved by then is not, this time.
const LOOK_UP: Duration = Duration::from_secs(2);
/// Addresses at which a member has proven its key that are remembered, at most.
const PROVEN_MAX: usize = 4;

/// The endpoints of all members, and who waits for their changes.
#[derive(Debug)]
pub(crate) struct EndpointBoard {
    me: NodeIndex,
    /// What the network file says.
    listed: BTreeMap<NodeIndex, NodeEndpoint>,
    /// Members that are in a private network by what the network file's names resolve to.
    found_private: RwLock<BTreeSet<NodeIndex>>,
    current: RwLock<BTreeMap<NodeIndex, NodeEndpoint>>,
    /// Where each peer has proven its key, the newest last.
    proven: RwLock<BTreeMap<NodeIndex, VecDeque<IpAddr>>>,
    changed: watch::Sender<()>,
}

impl EndpointBoard {
    /// Begins with what the network file says.
    pub(crate) fn new(network: &NetworkFile, me: NodeIndex) -> Self {
        let listed = network.indices().filter_map(|index| Some((index, network.endpoint(index)?.clone())));
        EndpointBoard::of(listed.collect(), me)
    }

    pub(crate) fn of(listed: BTreeMap<NodeIndex, NodeEndpoint>, me: NodeIndex) -> Self {
        EndpointBoard {
            me,
            current: RwLock::new(listed.clone()),
            listed,
            found_private: RwLock::default(),
            proven: RwLock::default(),
            changed: watch::Sender::new(()),
        }
    }

    /// The members other than this node.
    pub(crate) fn peers(&self) -> Vec<NodeIndex> {
        self.read().keys().copied().filter(|&node| node != self.me).collect()
    }

    /// A member is reached elsewhere now, or this node is. Says whether that is news.
    pub(crate) fn note(&self, node: NodeIndex, endpoint: NodeEndpoint) -> bool {
        let before = self.write().insert(node, endpoint.clone());
        let news = before.is_none_or(|before| !before.same_place(&endpoint));
        if news {
            self.changed.send_replace(());
        }
        news
    }

    /// A peer has a channel from or to this address: it has proven its key there.
    pub(crate) fn met(&self, peer: NodeIndex, address: IpAddr) {
        let address = address.to_canonical();
        let mut proven = self.proven.write().unwrap_or_else(PoisonError::into_inner);
        let places = proven.entry(peer).or_default();
        let known = places.iter().position(|known| *known == address);
        if let Some(known) = known {
            places.remove(known);
        }
        places.push_back(address);
        if places.len() > PROVEN_MAX {
            places.pop_front();
        }
        drop(proven);
        if known.is_none() {
            self.changed.send_replace(());
        }
    }

    /// All addresses at which peers have proven their keys.
    pub(crate) fn proven(&self) -> BTreeSet<IpAddr> {
        let proven = self.proven.read().unwrap_or_else(PoisonError::into_inner);
        proven.values().flatten().copied().collect()
    }

    /// Wakes its holder at each change.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// The base URLs at which a peer is asked, without a slash at their end.
    pub(crate) fn http(&self, peer: NodeIndex) -> Vec<String> {
        let bases = self.used(peer, |endpoint| &endpoint.http, |private| &private.http);
        bases.into_iter().map(|base| base.trim_end_matches('/').to_owned()).collect()
    }

    /// The addresses at which a peer is dialled now: each that its names have and that may be reached for it.
    pub(crate) async fn quic_addresses(&self, peer: NodeIndex) -> Vec<SocketAddr> {
        let mut found = Vec::new();
        for place in self.used(peer, |endpoint| &endpoint.quic, |private| &private.quic) {
            let (host, resolved) = (host_of(&place), resolve(&place).await);
            if resolved.iter().any(|address| !self.may_reach(peer, &host, address.ip())) {
                self.look_where_listed(peer).await;
            }
            let allowed = resolved.into_iter().filter(|address| self.may_reach(peer, &host, address.ip()));
            for address in allowed.take(ADDRESSES_MAX) {
                if !found.contains(&address) {
                    found.push(address);
                }
            }
        }
        found
    }

    /// Looks whether the network file has a peer in a private network, if it has it by a name.
    async fn look_where_listed(&self, peer: NodeIndex) {
        let Some(listed) = self.listed.get(&peer) else { return };
        let resolved = resolve(&listed.quic).await;
        if resolved.iter().any(|address| Kind::of(address.ip()) == Kind::Private) {
            self.found_private.write().unwrap_or_else(PoisonError::into_inner).insert(peer);
        }
    }

    /// Whether this node goes to an address of this host because a peer says that it is there.
    pub(crate) fn may_reach(&self, peer: NodeIndex, host: &str, address: IpAddr) -> bool {
        let listed = |node: NodeIndex| self.listed.get(&node);
        match Kind::of(address) {
            Kind::Public => true,
            Kind::Nowhere => false,
            Kind::Loopback => [peer, self.me].map(listed).iter().all(|node| node.is_some_and(names_loopback)),
            Kind::Private => {
                listed(peer).is_some_and(|listed| is_private_by(listed, host))
                    || self.found_private.read().unwrap_or_else(PoisonError::into_inner).contains(&peer)
                    || self.shared_hosts(peer).contains(host)
            }
        }
    }

    /// The hosts of a peer's private endpoint, if this node has one, too.
    fn shared_hosts(&self, peer: NodeIndex) -> BTreeSet<String> {
        let current = self.read();
        let private = |node| current.get(&node).and_then(|endpoint| endpoint.private.as_ref());
        let shared = private(peer).filter(|_| private(self.me).is_some());
        shared.into_iter().flat_map(|shared| hosts(&shared.http, &shared.quic)).collect()
    }

    /// The places that the network file names, and this node's own, as `host:port`, private ones included: what actions
    /// must not reach.
    pub(crate) fn places(&self) -> BTreeSet<String> {
        let web = |base: &String| {
            let url = url::Url::parse(base).ok()?;
            Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?))
        };
        let mut places = BTreeSet::new();
        let current = self.read();
        for endpoint in self.listed.values().chain(current.get(&self.me)) {
            let private = endpoint.private.iter().map(|private| (&private.http, &private.quic));
            for (http, quic) in std::iter::once((&endpoint.http, &endpoint.quic)).chain(private) {
                places.extend(web(http).into_iter().chain([quic.clone()]));
            }
        }
        places
    }

    fn used(
        &self,
        peer: NodeIndex,
        public: impl Fn(&NodeEndpoint) -> &String,
        private: impl Fn(&quorate_wire::PrivateEndpoint) -> &String,
    ) -> Vec<String> {
        let current = self.read();
        let Some(endpoint) = current.get(&peer) else { return Vec::new() };
        let shares = current.get(&self.me).is_some_and(|own| own.private.is_some());
        let shared = endpoint.private.iter().filter(|_| shares).map(private);
        std::iter::once(public(endpoint)).chain(shared).cloned().collect()
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<NodeIndex, NodeEndpoint>> {
        // Each change is one insertion.
        self.current.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, BTreeMap<NodeIndex, NodeEndpoint>> {
        self.current.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The host of `host:port`, without brackets, a last dot and capital letters.
pub(crate) fn host_of(place: &str) -> String {
    let host = place.rsplit_once(':').map_or(place, |(host, _)| host);
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
}

async fn resolve(place: &str) -> Vec<SocketAddr> {
    let resolved = tokio::time::timeout(LOOK_UP, tokio::net::lookup_host(place)).await;
    resolved.ok().and_then(Result::ok).into_iter().flatten().collect()
}

/// Where an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Public,
    /// Neither of the others: private networks, those behind address translation, and what is for documents.
    Private,
    Loopback,
    /// Where no node is.
    Nowhere,
}

impl Kind {
    fn of(address: IpAddr) -> Kind {
        let address = address.to_canonical();
        let nowhere = match address {
            IpAddr::V4(address) => {
                let this_network = address.octets()[0] == 0;
                this_network || address.is_link_local() || address.is_multicast() || address.is_broadcast()
            }
            IpAddr::V6(address) => {
                address.is_unspecified() || address.is_unicast_link_local() || address.is_multicast()
            }
        };
        match address {
            _ if nowhere => Kind::Nowhere,
            address if address.is_loopback() => Kind::Loopback,
            address if is_public(address) => Kind::Public,
            _ => Kind::Private,
        }
    }
}

/// The hosts of a URL and of a place.
fn hosts(http: &str, quic: &str) -> impl Iterator<Item = String> {
    let web = url::Url::parse(http).ok();
    let web = web.as_ref().and_then(|url| url.host_str()).map(|host| host_of(&format!("{host}:0")));
    [Some(host_of(quic)), web].into_iter().flatten()
}

/// Whether one of the public addresses is loopback by what is written there.
fn names_loopback(endpoint: &NodeEndpoint) -> bool {
    hosts(&endpoint.http, &endpoint.quic).any(|host| {
        host == "localhost" || host.parse().is_ok_and(|address| Kind::of(address) == Kind::Loopback)
    })
}

/// Whether one of the public addresses is private by what is written there, or is this very name.
fn is_private_by(listed: &NodeEndpoint, name: &str) -> bool {
    hosts(&listed.http, &listed.quic)
        .any(|host| host == name || host.parse().is_ok_and(|address| Kind::of(address) == Kind::Private))
}

#[cfg(test)]
mod tests {
    use quorate_wire::PrivateEndpoint;

    use super::*;

    fn index(number: u8) -> NodeIndex {
        NodeIndex::new(number).unwrap()
    }

    fn shared(quic: &str) -> Option<PrivateEndpoint> {
        Some(PrivateEndpoint { http: "http://10.0.0.2:7470/".into(), quic: quic.into() })
    }

    fn board(of_two: &str) -> EndpointBoard {
        board_of("8.8.1.1", of_two)
    }

    fn board_of(of_one: &str, of_two: &str) -> EndpointBoard {
        let public = |host: &str| NodeEndpoint::unsigned(format!("https://{host}/"), format!("{host}:7570"));
        let listed = BTreeMap::from([(index(1), public(of_one)), (index(2), public(of_two))]);
        EndpointBoard::of(listed, index(1))
    }

    #[tokio::test]
    async fn a_private_address_is_used_only_by_a_node_that_has_one() {
        let place =
            NodeEndpoint { private: shared("10.0.0.1:7570"), ..NodeEndpoint::unsigned("https://a", "a:1") };
        for (place, used) in [(None, false), (Some(place), true)] {
            let board = board("8.8.2.2");
            if let Some(place) = place {
                board.note(index(1), place);
            }
            let said = NodeEndpoint {
                private: shared("10.0.0.2:7570"),
                ..NodeEndpoint::unsigned("https://b.example/", "8.8.2.3:7570")
            };
            assert!(board.note(index(2), said.clone()) && !board.note(index(2), said));
            let private: SocketAddr = "10.0.0.2:7570".parse().unwrap();
            let addresses = board.quic_addresses(index(2)).await;
            assert_eq!(addresses[0], "8.8.2.3:7570".parse().unwrap());
            assert_eq!(addresses.contains(&private), used);
            assert_eq!(board.http(index(2)).len(), 1 + usize::from(used));
            assert_eq!(board.http(index(2))[0], "https://b.example");
            let by_http = board.may_reach(index(2), "10.0.0.2", private.ip());
            assert_eq!(by_http, used);
            assert!(!board.may_reach(index(2), "10.0.0.3", "10.0.0.3".parse().unwrap()));
            let places = board.places();
            assert!(places.contains("8.8.2.2:7570") && !places.contains("10.0.0.2:7570"), "{places:?}");
        }
    }

    #[tokio::test]
    async fn a_word_leads_to_this_machine_only_where_the_network_file_does() {
        let cases = [
            ("127.0.0.1", "8.8.2.2", false),
            ("8.8.1.1", "127.0.0.1", false),
            ("10.0.0.1", "127.0.0.1", false),
            ("localhost", "localhost", true),
            ("[::1]", "127.0.0.1", true),
            ("127.0.0.1", "[::1]", true),
        ];
        for (own, listed, led) in cases {
            let board = board_of(own, listed);
            for quic in ["127.0.0.1:1", "localhost:1", "[::1]:1", "[::ffff:127.0.0.1]:1", "127.9.9.9:1"] {
                board.note(index(2), NodeEndpoint::unsigned("https://b", quic));
                assert_eq!(!board.quic_addresses(index(2)).await.is_empty(), led, "{listed} {quic}");
            }
            for quic in
                ["0.0.0.0:1", "0.1.2.3:1", "[::]:1", "169.254.169.254:1", "[fe80::1]:1", "224.0.0.1:1"]
            {
                board.note(index(2), NodeEndpoint::unsigned("https://b", quic));
                assert!(board.quic_addresses(index(2)).await.is_empty(), "{listed} {quic}");
            }
        }
    }

    #[tokio::test]
    async fn a_word_leads_into_a_private_network_only_where_the_network_file_does() {
        for (listed, led) in [
            ("8.8.2.2", false),
            ("127.0.0.1", false),
            ("10.77.0.2", true),
            ("[fd00::2]", true),
            ("100.64.0.2", true),
        ] {
            let board = board(listed);
            for quic in ["10.77.0.9:1", "192.168.1.1:1", "[fd00::9]:1", "100.64.1.1:1"] {
                board.note(index(2), NodeEndpoint::unsigned("https://b", quic));
                assert_eq!(!board.quic_addresses(index(2)).await.is_empty(), led, "{listed} {quic}");
            }
            board.note(index(2), NodeEndpoint::unsigned("https://b", "8.8.4.4:1"));
            assert!(!board.quic_addresses(index(2)).await.is_empty(), "{listed}");
        }
        let board = board("node.internal");
        let address = "10.77.0.9".parse().unwrap();
        assert!(board.may_reach(index(2), "node.internal", address), "the network file names it");
        assert!(!board.may_reach(index(2), "other.internal", address));
    }

    #[test]
    fn the_newest_addresses_at_which_a_key_was_proven_are_remembered() {
        let board = board("8.8.2.2");
        let changes = board.changes();
        let address = |last: u8| IpAddr::from([8, 8, 3, last]);
        for last in [1, 2, 3, 1, 4, 5] {
            board.met(index(2), address(last));
        }
        assert_eq!(board.proven(), [1, 3, 4, 5].map(address).into());
        assert!(changes.has_changed().unwrap());
        let changes = board.changes();
        board.met(index(2), "::ffff:8.8.3.1".parse().unwrap());
        assert!(!changes.has_changed().unwrap());
    }

    #[test]
    fn a_change_wakes_those_who_wait_and_the_same_place_does_not() {
        let board = board("192.0.2.2");
        let changes = board.changes();
        board.note(index(2), NodeEndpoint::unsigned("https://192.0.2.2/", "192.0.2.2:7570"));
        assert!(!changes.has_changed().unwrap());
        board.note(index(2), NodeEndpoint::unsigned("https://192.0.2.2/", "192.0.2.2:7571"));
        assert!(changes.has_changed().unwrap());
    }
}
