//! How much a peer may say, and how often it may break the protocol before it has to stay away.
//!
//! The engine counts frames and faults here; what handling them costs in time is shared out by the shell. Both are
//! on the virtual clock, so that the simulator covers them.

use std::collections::BTreeMap;

use quorate_quota::{Bucket, Rate};
use quorate_wire::{NodeFault, NodeIndex, PeerMessage};

use crate::{Effect, Report};

/// Frames of one peer, by their prices. An execution that signs takes about twenty.
const FRAMES: Rate = Rate::per_second(32_768, 16_384);
/// Faults of one peer. An honest one that has started anew may cause a few.
const FAULTS: Rate = Rate::per_second(64, 1);
/// What a hello that names a new start costs beside its frame: it is written to disk.
pub(crate) const NEW_START_PRICE: u64 = 2_048;
/// What a word of a member costs that is new here: it is verified, and written to disk.
pub(crate) const NEW_WORD_PRICE: u64 = 256;
/// The first time that a peer has to stay away; each further one is twice as long.
const AWAY_MS: u64 = 1_000;
const AWAY_MS_MAX: u64 = 60_000;
/// Whoever has behaved for this long begins anew.
const FORGIVEN_MS: u64 = 10 * 60_000;

#[derive(Default)]
struct Conduct {
    frames: Option<Bucket>,
    faults: Option<Bucket>,
    sent_away: u32,
    away_until_mono_ms: u64,
    /// The newest check that the peer failed, and how often it failed any.
    newest: Option<(&'static str, u64)>,
}

#[derive(Default)]
pub(crate) struct Conducts(BTreeMap<NodeIndex, Conduct>);

impl Conducts {
    /// Takes what a message costs; false if the peer has said too much.
    pub(crate) fn pays(&mut self, peer: NodeIndex, price: u64, now_mono_ms: u64) -> bool {
        let frames = &mut self.0.entry(peer).or_default().frames;
        frames.get_or_insert_with(|| Bucket::full(&FRAMES, now_mono_ms)).take(&FRAMES, price, now_mono_ms)
    }

    /// Counts a fault of a peer. If it was one too many: for how long the peer has to stay away.
    pub(crate) fn fault(&mut self, peer: NodeIndex, now_mono_ms: u64) -> Option<u64> {
        let conduct = self.0.entry(peer).or_default();
        let faults = conduct.faults.get_or_insert_with(|| Bucket::full(&FAULTS, now_mono_ms));
        if faults.take(&FAULTS, 1, now_mono_ms) {
            return None;
        }
        if now_mono_ms > conduct.away_until_mono_ms.saturating_add(FORGIVEN_MS) {
            conduct.sent_away = 0;
        }
        let for_ms = AWAY_MS_MAX.min(AWAY_MS << conduct.sent_away.min(6));
        conduct.sent_away = conduct.sent_away.saturating_add(1);
        conduct.away_until_mono_ms = now_mono_ms + for_ms;
        Some(for_ms)
    }

    /// Notes for operators who has failed which check in a turn.
    pub(crate) fn note_faults(&mut self, effects: &[Effect]) {
        for effect in effects {
            if let Effect::Report(Report::PeerFault { peer, check }) = effect {
                let newest = &mut self.0.entry(*peer).or_default().newest;
                let before = newest.map_or(0, |(_, count)| count);
                *newest = Some((check, before.saturating_add(1)));
            }
        }
    }

    /// What a peer is at fault for.
    pub(crate) fn newest_fault(&self, peer: NodeIndex) -> Option<NodeFault> {
        let (check, count) = self.0.get(&peer)?.newest?;
        Some(NodeFault { check: check.to_owned(), count })
    }

    /// For how long the peer still has to stay away.
    pub(crate) fn away(&self, peer: NodeIndex, now_mono_ms: u64) -> Option<u64> {
        let left = self.0.get(&peer)?.away_until_mono_ms.saturating_sub(now_mono_ms);
        (left > 0).then_some(left)
    }
}

/// What a message costs beside its frame. Messages of every execution cost nothing more.
pub(crate) fn price(message: &PeerMessage) -> u64 {
    match message {
        // One whenever a set-up stands, so about as many as there are members at a start.
        PeerMessage::Hello(_) => 512,
        PeerMessage::Stale(_)
        | PeerMessage::StartKeygen { .. }
        | PeerMessage::Confirm(_)
        | PeerMessage::Refuse(_)
        | PeerMessage::Certificate(_)
        | PeerMessage::RootsVote { .. }
        | PeerMessage::Head(_) => 128,
        // Read, checked and written to disk.
        PeerMessage::Revocation(_) => 256,
        PeerMessage::Ban(_)
        | PeerMessage::StartPair { .. }
        | PeerMessage::JoinPair { .. }
        | PeerMessage::Keygen(_)
        | PeerMessage::Pair(_) => 32,
        PeerMessage::Ping(_)
        | PeerMessage::Execute(_)
        | PeerMessage::Refused { .. }
        | PeerMessage::Vote(_)
        | PeerMessage::Offer(_)
        | PeerMessage::Propose(_)
        | PeerMessage::Round(_)
        | PeerMessage::Stalled { .. }
        | PeerMessage::AttemptFailed { .. }
        | PeerMessage::Signature { .. }
        | PeerMessage::Diverged { .. }
        | PeerMessage::Outcome(_)
        | PeerMessage::Led(_)
        | PeerMessage::Leading { .. }
        | PeerMessage::HeldRevocation(_)
        | PeerMessage::RefusedRevocation { .. }
        | PeerMessage::Share { .. }
        | PeerMessage::Decided { .. } => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_breaks_the_protocol_again_and_again_stays_away_for_longer_and_longer() {
        let (peer, other) = (NodeIndex::new(2).unwrap(), NodeIndex::new(3).unwrap());
        let mut conducts = Conducts::default();
        let faults = |conducts: &mut Conducts, now| {
            (1..=FAULTS.burst() + 1).filter_map(|_| conducts.fault(peer, now)).collect::<Vec<_>>()
        };
        assert_eq!(faults(&mut conducts, 0), [AWAY_MS]);
        assert_eq!(conducts.away(peer, AWAY_MS - 1), Some(1));
        assert_eq!(conducts.away(peer, AWAY_MS), None);
        assert_eq!(conducts.away(other, 0), None);
        let again = FAULTS.burst() * 1_000;
        assert_eq!(faults(&mut conducts, again), [2 * AWAY_MS]);
        for round in 2..20 {
            faults(&mut conducts, round * again);
        }
        assert_eq!(faults(&mut conducts, 20 * again), [AWAY_MS_MAX]);
        assert_eq!(faults(&mut conducts, 20 * again + FORGIVEN_MS + AWAY_MS_MAX + 1), [AWAY_MS]);
    }

    #[test]
    fn frames_of_a_peer_are_bounded_by_its_own_bucket() {
        let (peer, other) = (NodeIndex::new(2).unwrap(), NodeIndex::new(3).unwrap());
        let mut conducts = Conducts::default();
        assert!(conducts.pays(peer, FRAMES.burst(), 0) && !conducts.pays(peer, 1, 0));
        assert!(conducts.pays(other, 1, 0));
        assert!(
            conducts.pays(peer, FRAMES.most_in(1_000) - FRAMES.burst(), 1_000)
                && !conducts.pays(peer, 1, 1_000)
        );
    }
}
