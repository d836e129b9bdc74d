//! What must hold of pairwise set-ups (`docs/protocols/signing.md`, Starts and renewals).

use std::collections::{BTreeMap, BTreeSet};

use quorate_wire::NodeIndex;

use super::{Checker, Life};

/// Set-ups of one pair that may start at once.
const AT_ONCE: u64 = 4;
/// One more may start in each of these.
const RETURN_US: u64 = 30_000_000;

/// What is known of pairwise set-ups.
#[derive(Default)]
pub(super) struct Seen {
    /// Those that one life of a node has begun with a peer.
    begun: BTreeMap<(Life, NodeIndex), BTreeSet<[u8; 32]>>,
}

impl Checker {
    /// An honest node that has lived for so long sent a message of a set-up.
    pub(crate) fn sets_up(&mut self, life: Life, peer: NodeIndex, session: [u8; 32], lived_us: u64) {
        let begun = self.pairs.begun.entry((life, peer)).or_default();
        begun.insert(session);
        let count = u64::try_from(begun.len()).unwrap_or(u64::MAX);
        if count > AT_ONCE + lived_us / RETURN_US {
            let detail = format!("{life:?} begins {count} with {peer:?} in {lived_us} us");
            self.broken("set-ups of a pair are bounded, whoever wants them", detail);
        }
    }

    /// An honest node threw its set-up with a peer away; `behind` tells whether one of the two came back with an old
    /// store, or twice.
    pub(crate) fn thrown_away(&mut self, life: Life, peer: NodeIndex, behind: bool) {
        if !behind && !self.dishonest.contains(&peer) {
            self.broken(
                "set-ups of honest pairs are kept",
                format!("{life:?} throws that with {peer:?} away"),
            );
        }
    }

    /// An honest node in a world in which nothing but lies about starts is wrong: what it has not got for an honest
    /// peer, or at all.
    pub(crate) fn lacks(&mut self, life: Life, what: Option<String>) {
        if let Some(what) = what {
            self.broken("pairs of honest nodes stay ready", format!("{life:?}: {what}"));
        }
    }
}
