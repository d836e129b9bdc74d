//! Where the network's own nodes are, which actions must not reach.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use super::Egress;
use crate::{
    endpoints::{EndpointBoard, host_of},
    metrics::Heartbeat,
};

/// How often the nodes' names are resolved, and how often at most when nodes move.
const RESOLVE: Duration = Duration::from_secs(60);
const RESOLVE_MIN: Duration = Duration::from_secs(1);

/// A name that is not found by then is not, this time: one silent server of names holds up nobody for long.
const LOOK_UP: Duration = Duration::from_secs(3);

/// The places of the nodes, as `host:port`, and the addresses that each was last found at.
#[derive(Debug)]
pub(crate) struct NodeNames(BTreeMap<String, BTreeSet<IpAddr>>);

impl NodeNames {
    pub(crate) fn new(places: BTreeSet<String>) -> Self {
        let mut names = NodeNames(BTreeMap::new());
        names.follow(places);
        names
    }

    /// Takes these places for the nodes'. Those that are addresses are known at once.
    fn follow(&mut self, places: BTreeSet<String>) {
        self.0.retain(|place, _| places.contains(place));
        for place in places {
            let written = host_of(&place).parse::<IpAddr>().ok().map(|address| address.to_canonical());
            self.0.entry(place).or_insert_with(|| written.into_iter().collect());
        }
    }

    /// The hosts, in lower case.
    pub(crate) fn hosts(&self) -> BTreeSet<String> {
        self.0.keys().map(|place| host_of(place)).collect()
    }

    /// Looks all of them up, side by side.
    async fn look_up(&mut self) {
        let mut looking = tokio::task::JoinSet::new();
        for place in self.0.keys().cloned() {
            looking.spawn(async move {
                let found = tokio::time::timeout(LOOK_UP, tokio::net::lookup_host(&place)).await;
                let found = found.ok().and_then(Result::ok);
                let found = found.map(|all| all.map(|address| address.ip().to_canonical()).collect());
                (place, found)
            });
        }
        while let Some(looked) = looking.join_next().await {
            if let Ok((place, found)) = looked {
                self.found(&place, found);
            }
        }
    }

    /// A node whose name is not found for a while is still where it was.
    fn found(&mut self, place: &str, found: Option<BTreeSet<IpAddr>>) {
        if let (Some(known), Some(found)) = (self.0.get_mut(place), found) {
            *known = found;
        }
    }

    fn addresses(&self) -> BTreeSet<IpAddr> {
        self.0.values().flatten().copied().collect()
    }

    /// Keeps the nodes out of the reach of actions for ever: where the network file has them, and where they have proven
    /// their keys.
    pub(crate) async fn watch(
        mut self,
        board: Arc<EndpointBoard>,
        egress: Arc<Egress>,
        heartbeat: Heartbeat,
    ) {
        let mut changes = board.changes();
        let mut first = true;
        loop {
            changes.mark_unchanged();
            self.follow(board.places());
            // Nothing is allowed before the first look-up; later ones keep nobody waiting.
            if !std::mem::take(&mut first) {
                egress.set_nodes(self.hosts(), &self.addresses() | &board.proven());
            }
            {
                let mut looking = pin!(self.look_up());
                // Servers of names may keep silent for longer than a loop may.
                while tokio::time::timeout(Heartbeat::INTERVAL, looking.as_mut()).await.is_err() {
                    heartbeat.beat();
                }
            }
            egress.set_nodes(self.hosts(), &self.addresses() | &board.proven());
            let (soonest, again) = (Instant::now() + RESOLVE_MIN, Instant::now() + RESOLVE);
            while Instant::now() < again {
                heartbeat.beat();
                let pause = soonest.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
                tokio::time::sleep(pause.min(RESOLVE_MIN)).await;
                let changed = tokio::time::timeout(Heartbeat::INTERVAL, changes.changed()).await;
                if changed.is_ok() {
                    break;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use quorate_wire::{NodeEndpoint, NodeIndex, PrivateEndpoint};

    use super::*;
    use crate::{
        egress::{AddressGuard, Policy},
        metrics::Metrics,
    };

    #[test]
    fn a_node_whose_name_is_not_found_stays_where_it_was() {
        let place = "Node.example.:443";
        let mut names = NodeNames::new([place.to_owned()].into());
        assert!(names.hosts().contains("node.example"), "{names:?}");
        let (old, new): (IpAddr, IpAddr) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        names.found(place, Some([old].into()));
        names.found(place, None);
        assert!(names.addresses().contains(&old));
        names.found(place, Some([new].into()));
        assert!(names.addresses().contains(&new) && !names.addresses().contains(&old));
        names.follow(BTreeSet::new());
        assert!(names.addresses().is_empty() && names.hosts().is_empty());
    }

    #[tokio::test]
    async fn actions_reach_no_node_where_it_proved_its_key_and_words_deny_nothing() {
        let index = NodeIndex::new(2).unwrap();
        let listed = NodeEndpoint::unsigned("http://8.8.8.1:1", "8.8.8.1:2");
        let board = Arc::new(EndpointBoard::of([(index, listed)].into(), NodeIndex::new(1).unwrap()));
        let names = NodeNames::new(board.places());
        let guard = AddressGuard::default().without_nodes(names.hosts());
        let egress = Arc::new(Egress::new(Policy::default(), guard, 1).unwrap());
        let allows = |host: &str, address: &str| egress.guard.allows(host, address.parse().unwrap());
        assert!(!allows("a", "8.8.8.9"), "nothing is allowed before the nodes are known");
        let watching =
            tokio::spawn(names.watch(board.clone(), egress.clone(), Metrics::new().heartbeat("names")));
        let until = async |ready: &dyn Fn() -> bool| {
            for _ in 0..500 {
                if ready() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            panic!("not in five seconds");
        };
        until(&|| allows("a", "8.8.8.9")).await;
        assert!(!allows("a", "8.8.8.1"));
        let private = PrivateEndpoint { http: "http://8.8.8.3:1".into(), quic: "[2606:4700::3]:1".into() };
        let moved = NodeEndpoint {
            private: Some(private),
            ..NodeEndpoint::unsigned("http://8.8.8.2:1", "8.8.8.2:2")
        };
        board.note(index, moved);
        board.met(index, "8.8.8.4".parse().unwrap());
        until(&|| !allows("a", "8.8.8.4")).await;
        for address in ["8.8.8.2", "8.8.8.3", "2606:4700::3"] {
            assert!(allows("a", address), "{address} is a node's by a word only");
        }
        assert!(!allows("a", "8.8.8.1"), "the network file names it");
        watching.abort();
    }
}
