//! Who may shake hands. A packet can bear any address as its sender's, so as soon as some handshakes are open a caller
//! first shows that it hears at its own; and of the places some are for members' addresses alone.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use quorate_wire::NodeIndex;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

use super::Membership;
use crate::metrics::Heartbeat;

/// Handshakes in progress of addresses that are no member's.
const STRANGERS_MAX: usize = 32;
/// From so many of these on, callers show that they hear at their address.
const CALM_MAX: usize = 8;
/// Handshakes in progress of one member's address: members behind one address share them.
const PER_MEMBER_MAX: usize = 8;
/// How often members' names are resolved.
const RESOLVE: Duration = Duration::from_secs(60);
/// How long one look-up of all names may take.
const RESOLVE_WITHIN: Duration = Duration::from_secs(10);

/// What is done with a caller.
#[derive(Debug)]
pub(super) enum Verdict {
    /// It may shake hands, as long as it holds this.
    Enter(OwnedSemaphorePermit),
    /// It has to show first that it hears at its address. Nothing is kept of it.
    Prove,
    /// There is no place.
    Refuse,
}

/// The places for handshakes.
pub(super) struct Gate {
    strangers: Arc<Semaphore>,
    members: Mutex<Members>,
}

#[derive(Default)]
struct Members {
    places: BTreeMap<IpAddr, Arc<Semaphore>>,
    /// By the network file.
    named: BTreeSet<IpAddr>,
    /// From where each has last proven its key: it may not be where the network file says.
    seen: BTreeMap<NodeIndex, IpAddr>,
}

impl Gate {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Gate { strangers: Arc::new(Semaphore::new(STRANGERS_MAX)), members: Mutex::default() })
    }

    /// Decides about a caller. Its address is `proven` if it has shown that it hears there.
    pub(super) fn judge(&self, address: IpAddr, proven: bool) -> Verdict {
        let calm = STRANGERS_MAX - self.strangers.available_permits() < CALM_MAX;
        if !proven && !calm {
            return Verdict::Prove;
        }
        let of_member = self.lock().places.get(&address.to_canonical()).filter(|_| proven).map(Arc::clone);
        let places = [of_member, Some(self.strangers.clone())];
        let free = places.into_iter().flatten().find_map(|places| places.try_acquire_owned().ok());
        match free {
            Some(permit) => Verdict::Enter(permit),
            // A member may be among those that were let in unproven: whoever comes now shows its address first.
            None if !proven => Verdict::Prove,
            None => Verdict::Refuse,
        }
    }

    /// A member has proven its key from this address.
    pub(super) fn met(&self, member: NodeIndex, address: IpAddr) {
        let mut members = self.lock();
        if members.seen.insert(member, address.to_canonical()) != Some(address.to_canonical()) {
            members.arrange();
        }
    }

    fn name(&self, named: BTreeSet<IpAddr>) {
        let mut members = self.lock();
        members.named = named;
        members.arrange();
    }

    /// Resolves for ever where the network file says that members are who dial this node.
    pub(super) async fn watch(self: Arc<Self>, membership: Arc<Membership>, heartbeat: Heartbeat) {
        loop {
            let mut named = BTreeSet::new();
            for (_, peer) in membership.peers.iter().filter(|&(&index, _)| index < membership.me) {
                heartbeat.beat();
                let found = tokio::time::timeout(RESOLVE_WITHIN, tokio::net::lookup_host(&peer.address));
                let found = found.await.ok().and_then(Result::ok).into_iter().flatten();
                named.extend(found.map(|address| address.ip().to_canonical()));
            }
            // A name that is not found for once is none that is gone.
            if !named.is_empty() {
                self.name(named);
            }
            let again = Instant::now() + RESOLVE;
            while Instant::now() < again {
                heartbeat.beat();
                tokio::time::sleep(Heartbeat::INTERVAL).await;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Members> {
        // Each change is whole before anything can panic.
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Members {
    /// Gives each address of a member its places. Those that stay keep what is taken of them.
    fn arrange(&mut self) {
        let wanted: BTreeSet<IpAddr> = self.named.iter().chain(self.seen.values()).copied().collect();
        self.places.retain(|address, _| wanted.contains(address));
        for address in wanted {
            self.places.entry(address).or_insert_with(|| Arc::new(Semaphore::new(PER_MEMBER_MAX)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    fn enters(verdict: Verdict) -> OwnedSemaphorePermit {
        match verdict {
            Verdict::Enter(permit) => permit,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn strangers_take_no_place_of_a_member_and_unproven_addresses_few() {
        let gate = Gate::new();
        gate.name(BTreeSet::from([address(1)]));
        let member = NodeIndex::new(2).unwrap();
        gate.met(member, address(2));
        // Whatever sender a packet bears, a member's included: nothing is kept of what comes after the first few.
        let unproven: Vec<_> = (0..CALM_MAX).map(|_| enters(gate.judge(address(1), false))).collect();
        for last in 0..=255 {
            assert!(matches!(gate.judge(address(last), false), Verdict::Prove));
        }
        let strangers: Vec<_> =
            (CALM_MAX..STRANGERS_MAX).map(|_| enters(gate.judge(address(9), true))).collect();
        assert!(matches!(gate.judge(address(9), true), Verdict::Refuse));
        for last in [1, 2] {
            let held: Vec<_> = (0..PER_MEMBER_MAX).map(|_| enters(gate.judge(address(last), true))).collect();
            assert!(matches!(gate.judge(address(last), true), Verdict::Refuse));
            drop(held);
        }
        // One that comes from elsewhere now has its places there.
        gate.met(member, address(3));
        assert!(matches!(gate.judge(address(2), true), Verdict::Refuse));
        drop(enters(gate.judge(address(3), true)));
        drop((unproven, strangers));
        drop(enters(gate.judge(address(9), false)));
    }
}
