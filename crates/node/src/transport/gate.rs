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
/// How often members' names are resolved, and how often at most when members move.
const RESOLVE: Duration = Duration::from_secs(60);
const RESOLVE_MIN: Duration = Duration::from_secs(1);

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
    /// Where each is by its newest word.
    named: BTreeMap<NodeIndex, BTreeSet<IpAddr>>,
    /// From where each has last proven its key: it may not be where it says.
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

    fn name(&self, member: NodeIndex, named: BTreeSet<IpAddr>) {
        let mut members = self.lock();
        members.named.insert(member, named);
        members.arrange();
    }

    /// Resolves for ever where members are by their words.
    pub(super) async fn watch(self: Arc<Self>, membership: Arc<Membership>, heartbeat: Heartbeat) {
        let mut changes = membership.endpoints.changes();
        loop {
            changes.mark_unchanged();
            for &peer in membership.peers.keys() {
                heartbeat.beat();
                let found = membership.endpoints.quic_addresses(peer).await;
                let found: BTreeSet<_> = found.iter().map(|address| address.ip().to_canonical()).collect();
                // A name that is not found for once is none that is gone.
                if !found.is_empty() {
                    self.name(peer, found);
                }
            }
            let (soonest, again) = (Instant::now() + RESOLVE_MIN, Instant::now() + RESOLVE);
            while Instant::now() < again
                && !(changes.has_changed().unwrap_or(false) && Instant::now() >= soonest)
            {
                heartbeat.beat();
                tokio::time::sleep(RESOLVE_MIN).await;
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
        let wanted: BTreeSet<IpAddr> =
            self.named.values().flatten().chain(self.seen.values()).copied().collect();
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
        let member = NodeIndex::new(2).unwrap();
        gate.name(member, BTreeSet::from([address(1)]));
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
