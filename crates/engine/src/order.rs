//! Which coordinator is believed: whoever fixes what an operation comes to, and whose attempts come first.
//!
//! Of several coordinators, one that a caller asked and one that coordinates what it overheard, nobody else can say
//! which is which. The caller's comes first, as a rule: it hears of the request before the others do.

use std::collections::BTreeSet;

use quorate_wire::{NodeIndex, limits};

use crate::{facts::Facts, node::Node};

/// For how long whoever asked first is waited for. Our run may be a second before its t-th vote; from there on
/// it waits a second itself, and its turns; what is left is for looking at intervals, and for the way.
pub(crate) const PATIENCE_MS: u64 = 3 * limits::COLLECT_GRACE_MS;

/// A member that asked us on behalf of a caller.
#[derive(Clone, Copy)]
pub(crate) struct Asking {
    /// How many had asked before it. Clocks do not tell who was first: two can ask in one millisecond.
    pub(crate) place: usize,
    /// In which start of its own; in a later one it knows nothing of it.
    pub(crate) start: Option<[u8; 16]>,
    /// Whether attempts of its came to nothing.
    pub(crate) stalls: bool,
    /// Whether an operation was decided by another one because nothing was heard of it.
    pub(crate) silent: bool,
}

impl Asking {
    /// Its place among those that may fix what an operation comes to.
    pub(crate) fn turn(&self) -> (bool, usize) {
        (self.silent, self.place)
    }
}

impl Node {
    /// Whoever of those that can be reached, still know of it, were not silent and were not passed over asked us first;
    /// we ourselves, if a caller did.
    pub(crate) fn first_coordinator(
        &self,
        facts: &Facts,
        passed: &BTreeSet<NodeIndex>,
        now: u64,
    ) -> Option<NodeIndex> {
        if facts.coordinating() {
            return Some(self.committee.me);
        }
        let there = facts.coordinators.iter().filter(|(node, asking)| {
            !passed.contains(node)
                && self.peers.reachable(**node, now)
                && self.peers.start_of(**node) == asking.start
        });
        there.min_by_key(|(_, asking)| asking.turn()).map(|(node, _)| *node)
    }

    /// Whether a coordinator's attempts go before another's: that whose attempts came to nothing goes last.
    pub(crate) fn precedes(&self, facts: &Facts, one: NodeIndex, other: NodeIndex) -> bool {
        let place = |node: NodeIndex| {
            if let Some(place) = facts.own_place.filter(|_| node == self.committee.me) {
                return (false, place);
            }
            let asking = facts.coordinators.get(&node);
            asking.map_or((true, usize::MAX), |asking| (asking.stalls, asking.place))
        };
        place(one) < place(other)
    }

    /// An attempt came to nothing. Whether its coordinator or a signer is to blame nobody can know; if it was a signer,
    /// whoever comes before this coordinator now has its own attempts stall, and is behind it again.
    pub(crate) fn stalled(&mut self, facts: &mut Facts, coordinator: NodeIndex, now: u64) {
        self.peers.stalled(coordinator, now);
        if let Some(asking) = facts.coordinators.get_mut(&coordinator) {
            asking.stalls = true;
        }
    }
}

impl Node {
    /// Whose set of values this node waits for as a coordinator: whoever asked first, if it can be reached.
    pub(crate) fn sets_come_from(&self, facts: &Facts, now: u64) -> Option<NodeIndex> {
        let there = facts.asked_before_us().filter(|(node, asking)| {
            self.peers.reachable(*node, now) && self.peers.start_of(*node) == asking.start
        });
        there.min_by_key(|(_, asking)| asking.turn()).map(|(node, _)| node)
    }
}

impl Facts {
    /// Whoever asked before a caller of this very node did, and was not silent: as a coordinator this node fixes no set
    /// of values beside theirs.
    pub(crate) fn asked_before_us(&self) -> impl Iterator<Item = (NodeIndex, &Asking)> {
        let own = self.own_place.unwrap_or_default();
        let before = self.coordinators.iter().filter(move |(_, asking)| asking.turn() < (false, own));
        before.map(|(node, asking)| (*node, asking))
    }

    /// How many asked before our own caller and were silent.
    pub(crate) fn silent_before_us(&self) -> usize {
        let own = self.own_place.unwrap_or_default();
        self.coordinators.values().filter(|asking| asking.silent && asking.place < own).count()
    }

    /// An operation was decided by another than those that were waited for: they go last in what follows.
    pub(crate) fn note_silent(&mut self, passed: &BTreeSet<NodeIndex>) {
        for node in passed {
            if let Some(asking) = self.coordinators.get_mut(node) {
                asking.silent = true;
            }
        }
    }
}
