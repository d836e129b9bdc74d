//! Which coordinator is believed: whoever fixes what an operation comes to, and whose attempts come first.
//!
//! Of several coordinators, one that a caller asked and one that coordinates what it overheard, nobody else can say
//! which is which. The caller's comes first, as a rule: it hears of the request before the others do.

use std::collections::BTreeSet;

use quorate_wire::{NodeIndex, OperationNumber, Verdict, limits};

use crate::{
    Engine,
    execution::{Asking, Execution, Operation},
};

/// For how long whoever asked first is waited for. Our run may be a second before its t-th vote; from there on
/// it waits a second itself, and its turns; what is left is for looking at intervals, and for the way.
pub(super) const PATIENCE_MS: u64 = 3 * limits::COLLECT_GRACE_MS;

impl Asking {
    /// Its place among those that may fix what an operation comes to.
    pub(super) fn turn(&self) -> (bool, usize) {
        (self.silent, self.place)
    }
}

impl Engine {
    /// Whether what a member says was fixed has to wait, because it is not from whoever asked us first.
    ///
    /// A corrupt member that coordinates what it overheard could fix a set at once, of its friends' values
    /// and one honest one, while the node that the caller asked waits for everybody; or give each node another
    /// set, or another valid signature, and so part them.
    pub(super) fn waits_for_first(
        &self,
        execution: &Execution,
        operation: &Operation,
        from: NodeIndex,
        now: u64,
    ) -> bool {
        self.first_coordinator(execution, &operation.values.passed, now).is_some_and(|first| first != from)
    }

    /// Whoever of those that can be reached, still know of it and were not silent asked us first; we ourselves,
    /// if a caller did.
    fn first_coordinator(
        &self,
        execution: &Execution,
        passed: &BTreeSet<NodeIndex>,
        now: u64,
    ) -> Option<NodeIndex> {
        if execution.coordinating {
            return Some(self.committee.me);
        }
        let there = execution.coordinators.iter().filter(|(node, asking)| {
            !passed.contains(node)
                && self.peers.reachable(**node, now)
                && self.peers.start_of(**node) == asking.start
        });
        there.min_by_key(|(_, asking)| asking.turn()).map(|(node, _)| *node)
    }

    /// Passes over the coordinator that our own run has waited for long enough; the next one has as long.
    pub(super) fn pass_over_silent(&self, execution: &mut Execution, number: OperationNumber, now: u64) {
        let Some(operation) = execution.operations.get(&number) else { return };
        let waits = operation.own.as_ref().is_some_and(|vote| {
            matches!(vote.body.verdict, Verdict::Intent(_) | Verdict::Observed { .. }) && operation.waits()
        });
        if !waits || now < operation.values.patience_mono_ms.saturating_add(PATIENCE_MS) {
            return;
        }
        let first = self.first_coordinator(execution, &operation.values.passed, now);
        let Some(first) = first.filter(|first| *first != self.committee.me) else { return };
        if let Some(operation) = execution.operations.get_mut(&number) {
            operation.values.passed.insert(first);
            operation.values.patience_mono_ms = now;
        }
    }

    /// Whether a coordinator's attempts go before another's: that whose attempts came to nothing goes last.
    pub(crate) fn precedes(&self, execution: &Execution, one: NodeIndex, other: NodeIndex) -> bool {
        let place = |node: NodeIndex| {
            if node == self.committee.me && execution.coordinating {
                return (false, execution.own_place);
            }
            execution
                .coordinators
                .get(&node)
                .map_or((true, usize::MAX), |asking| (asking.stalls, asking.place))
        };
        place(one) < place(other)
    }

    /// An attempt came to nothing. Whether its coordinator or a signer is to blame nobody can know; if it was a signer,
    /// whoever comes before this coordinator now has its own attempts stall, and is behind it again.
    pub(crate) fn stalled(&mut self, execution: &mut Execution, coordinator: NodeIndex, now: u64) {
        self.peers.stalled(coordinator, now);
        if let Some(asking) = execution.coordinators.get_mut(&coordinator) {
            asking.stalls = true;
        }
    }
}

impl Execution {
    /// An operation was decided by another than those that were waited for: they go last in what follows.
    pub(super) fn note_silent(&mut self, number: OperationNumber) {
        let Some(operation) = self.operations.get(&number) else { return };
        for node in &operation.values.passed {
            if let Some(asking) = self.coordinators.get_mut(node) {
                asking.silent = true;
            }
        }
    }
}
