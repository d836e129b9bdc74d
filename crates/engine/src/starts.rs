//! Starts of nodes: this node's own, and the latest of each peer as the peer itself has signed it.
//!
//! A node whose disk is older than it was uses pairwise state that may have been used already. Only the node itself
//! can have signed that it was further, so nobody else can make it believe so.

use std::collections::{BTreeMap, BTreeSet};

use quorate_wire::{NodeIndex, Signed, StartNotice};
use zeroize::Zeroizing;

use crate::{
    NewerStart, StartError, Stored,
    committee::Committee,
    conduct::{Conducts, NEW_START_PRICE},
    peers::{bytes, read},
    turn::Turn,
};

pub(crate) const INCARNATION: &str = "incarnation";

pub(crate) const NO_NUMBER: &str =
    "this node has no number left for another start: it has used every one since it was last moved";

pub(crate) struct Starts {
    incarnation: u64,
    /// Drawn and signed with the first greeting.
    own: Option<Signed<StartNotice>>,
    remembered: BTreeMap<NodeIndex, Signed<StartNotice>>,
    /// Peers that have taken the present start as this node's latest.
    taken_by: BTreeSet<NodeIndex>,
}

/// What this node's own word of a later start means for it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum OwnStart {
    /// Nothing.
    NoNews,
    /// The disk is older than it was: a later number has been taken.
    Behind,
    /// The node runs elsewhere, so this copy stops: why, and the start there.
    Elsewhere(String, NewerStart),
    /// It has no number left for another start.
    NoNumber,
}

/// What a peer's start is to one that remembers an earlier one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is the latest; it may be new.
    Latest,
    /// The peer was further already, by this word of its own.
    Behind(Box<Signed<StartNotice>>),
    /// Not what an honest node sends.
    Fault(&'static str),
}

impl Starts {
    /// Loads what was remembered and takes the next incarnation number. The caller persists it first.
    pub(crate) fn load(committee: &Committee, stored: &Stored) -> Result<Self, StartError> {
        let previous: u64 = read(stored, INCARNATION)?.unwrap_or(0);
        let mut remembered = BTreeMap::new();
        for peer in committee.peers() {
            let key = remembered_key(committee, peer);
            let Some(notice) = read::<Signed<StartNotice>>(stored, &key)? else { continue };
            if !fits(committee, (peer, &notice)) {
                return Err(StartError::Damaged { key });
            }
            remembered.insert(peer, notice);
        }
        let incarnation = next(previous).ok_or_else(|| StartError::Config(NO_NUMBER.to_owned()))?;
        Ok(Starts { incarnation, own: None, remembered, taken_by: BTreeSet::new() })
    }

    pub(crate) fn incarnation(&self) -> u64 {
        self.incarnation
    }

    pub(crate) fn persist(&self) -> (String, Option<Zeroizing<Vec<u8>>>) {
        (INCARNATION.to_owned(), Some(bytes(&self.incarnation)))
    }

    /// This node's word of its present start.
    pub(crate) fn own(&mut self, committee: &Committee, turn: &mut Turn<'_>) -> Signed<StartNotice> {
        let incarnation = self.incarnation;
        let own = self.own.get_or_insert_with(|| {
            let mut start = [0u8; 16];
            turn.rng.fill_bytes(&mut start);
            let (network, node) = (committee.id, committee.key_of(committee.me));
            committee.sign(StartNotice { network, node, incarnation, start })
        });
        own.clone()
    }

    /// Judges a start of which a peer tells, and remembers it durably if it is a new one. What is remembered already
    /// is not verified again, and what has to be is paid for.
    pub(crate) fn judge(
        &mut self,
        committee: &Committee,
        conducts: &mut Conducts,
        (from, notice): (NodeIndex, &Signed<StartNotice>),
        turn: &mut Turn<'_>,
    ) -> Standing {
        if !fits(committee, (from, notice)) {
            return Standing::Fault("start_notice");
        }
        let before = self.remembered.get(&from);
        if before.is_some_and(|before| before.body == notice.body) {
            return Standing::Latest;
        }
        if !conducts.pays(from, NEW_START_PRICE, turn.now.mono_ms) {
            return Standing::Fault("frames");
        }
        if notice.verify(&notice.body.node).is_err() {
            return Standing::Fault("start_notice");
        }
        if let Some(before) = before
            && notice.body.incarnation <= before.body.incarnation
        {
            return Standing::Behind(Box::new(before.clone()));
        }
        self.remembered.insert(from, notice.clone());
        turn.persist([(remembered_key(committee, from), Some(bytes(notice)))]);
        Standing::Latest
    }

    /// A peer says that it has taken a start as this node's latest.
    pub(crate) fn taken_by(&mut self, peer: NodeIndex, start: [u8; 16]) {
        if self.own.as_ref().is_some_and(|own| own.body.start == start) {
            self.taken_by.insert(peer);
        }
    }

    /// Takes what a peer says that this node signed. If it proves that this start does not come after all others, a
    /// later number is taken, durably. Each such proof counts once, as the next number is above it.
    ///
    /// No number is taken above a move, nor above a start that came after this one: that one is of another copy.
    pub(crate) fn learn_own(
        &mut self,
        committee: &Committee,
        (from, notice): (NodeIndex, &Signed<StartNotice>),
        turn: &mut Turn<'_>,
    ) -> OwnStart {
        let other = self.own.as_ref().is_none_or(|own| own.body.start != notice.body.start);
        let proven = fits(committee, (committee.me, notice))
            && notice.body.incarnation >= self.incarnation
            && other
            && notice.verify(&notice.body.node).is_ok();
        if !proven {
            turn.fault(from, "stale_claim");
            return OwnStart::NoNews;
        }
        let (there, here) = (notice.body.incarnation, self.incarnation);
        let newer = NewerStart { number: there, own: here, told_by: from };
        if notice.body.moves() > moves_of(here) {
            let reason = format!(
                "this node was moved to another machine (start {there} there, shown by {}; this copy is at {here}): stop \
                 this copy and keep its folder from ever starting",
                committee.network.named(from)
            );
            return OwnStart::Elsewhere(reason, newer);
        }
        // The peer had taken this start before the one that it shows: that one came later.
        if self.taken_by.contains(&from) {
            let reason = format!(
                "another copy of this node has started later with the same keys (start {there} there, shown by {}; this \
                 copy is at {here}): decide which of the two goes on, and keep the other from ever starting",
                committee.network.named(from)
            );
            return OwnStart::Elsewhere(reason, newer);
        }
        let Some(later) = next(there) else { return OwnStart::NoNumber };
        self.incarnation = later;
        self.own = None;
        self.taken_by.clear();
        let write = self.persist();
        turn.persist([write]);
        OwnStart::Behind
    }
}

/// The number after this one, of the same move.
fn next(incarnation: u64) -> Option<u64> {
    let later = incarnation.checked_add(1)?;
    (moves_of(later) == moves_of(incarnation)).then_some(later)
}

/// Whether a notice says that it is of this member. The place that it was signed at may be one of an earlier epoch.
fn fits(committee: &Committee, (member, notice): (NodeIndex, &Signed<StartNotice>)) -> bool {
    notice.body.network == committee.id && notice.body.node == committee.key_of(member)
}

/// The moves that a start's number counts.
fn moves_of(incarnation: u64) -> u64 {
    incarnation >> StartNotice::STARTS_BITS
}

fn remembered_key(committee: &Committee, peer: NodeIndex) -> String {
    format!("start/{}", committee.key_of(peer))
}
