//! What peers do wrong, told once a minute for each peer and check: whoever floods does not fill the log.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use quorate_wire::{NetworkFile, NodeIndex};

const INTERVAL: Duration = Duration::from_secs(60);

struct Told {
    at: Instant,
    since: u64,
}

/// Faults that were told, and those since.
pub(crate) struct FaultLog {
    network: Arc<NetworkFile>,
    told: BTreeMap<(NodeIndex, &'static str), Told>,
    next_flush: Option<Instant>,
}

impl FaultLog {
    pub(crate) fn new(network: Arc<NetworkFile>) -> Self {
        FaultLog { network, told: BTreeMap::new(), next_flush: None }
    }

    /// Counts a fault; the first of a minute is told at once.
    pub(crate) fn note(&mut self, peer: NodeIndex, check: &'static str, now: Instant) {
        if self.counts(peer, check, now) {
            tracing::warn!(peer = self.network.named(peer), check, "a peer broke the protocol");
        }
    }

    /// Tells how many more there were, once their minute is over.
    pub(crate) fn flush(&mut self, now: Instant) {
        if self.next_flush.is_none_or(|next| now < next) {
            return;
        }
        for (peer, check, count) in self.due(now) {
            let peer = self.network.named(peer);
            tracing::warn!(peer, check, count, "a peer broke the protocol again in the last minute");
        }
    }

    fn counts(&mut self, peer: NodeIndex, check: &'static str, now: Instant) -> bool {
        if let Some(told) = self.told.get_mut(&(peer, check)) {
            told.since += 1;
            return false;
        }
        self.told.insert((peer, check), Told { at: now, since: 0 });
        self.next_flush.get_or_insert(now + INTERVAL);
        true
    }

    fn due(&mut self, now: Instant) -> Vec<(NodeIndex, &'static str, u64)> {
        let mut due = Vec::new();
        self.told.retain(|(peer, check), told| {
            if now.saturating_duration_since(told.at) < INTERVAL {
                return true;
            }
            if told.since > 0 {
                due.push((*peer, *check, told.since));
            }
            // One that goes on is told again a minute later, with its count.
            let goes_on = told.since > 0;
            *told = Told { at: now, since: 0 };
            goes_on
        });
        self.next_flush = self.told.values().map(|told| told.at + INTERVAL).min();
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_told_once_a_minute_with_their_count() {
        let network = Arc::new(crate::testing::network());
        let (mut log, start) = (FaultLog::new(network), Instant::now());
        let peer = NodeIndex::new(2).unwrap();
        let told = (0..5_000).filter(|_| log.counts(peer, "frames", start)).count();
        assert_eq!(told, 1);
        assert!(log.counts(peer, "vote", start), "another check is told by itself");
        assert!(log.due(start + INTERVAL / 2).is_empty());
        assert_eq!(log.due(start + INTERVAL), [(peer, "frames", 4_999)]);
        assert!(!log.counts(peer, "frames", start + INTERVAL), "not at once again");
        assert_eq!(log.due(start + INTERVAL * 2), [(peer, "frames", 1)]);
        assert!(log.due(start + INTERVAL * 3).is_empty());
        assert!(log.counts(peer, "frames", start + INTERVAL * 4));
    }
}
