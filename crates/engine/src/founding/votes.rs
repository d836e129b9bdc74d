//! Votes for roots, before the chain shows any (`docs/protocols/dkg.md`, 7.3): one of each member, the newest.
//!
//! A vote counts only for roots of which this node has a certified share: then every honest member has one.

use std::collections::BTreeMap;

use quorate_wire::{Digest, NodeIndex, NodeVote, PeerMessage, RootKeys, gather, root_keys_digest};

use crate::{committee::Committee, turn::Turn};

/// Under which name the contract keeps the network's roots.
const KEY_SET: &str = "quorate-keyset1";

type Vote = (RootKeys, NodeVote);

#[derive(Default)]
pub(super) struct Votes {
    counted: BTreeMap<NodeIndex, Vote>,
    /// Votes for roots that are not certified here, yet or ever: one of each peer.
    early: BTreeMap<NodeIndex, Vote>,
}

impl Votes {
    /// Takes a peer's vote. What is known is not verified again.
    pub(super) fn take(
        &mut self,
        committee: &Committee,
        certified: &[RootKeys],
        (from, vote): (NodeIndex, Vote),
        turn: &mut Turn<'_>,
    ) {
        if self.counted.get(&from) == Some(&vote) || self.early.get(&from) == Some(&vote) {
            return;
        }
        let (roots, signature) = &vote;
        if signature.signer(&digest(committee, roots)) != Some(committee.account_of(from)) {
            turn.fault(from, "roots_vote");
            return;
        }
        self.early.insert(from, vote);
        self.count(certified);
    }

    /// Counts what was early, once its roots are certified here.
    pub(super) fn count(&mut self, certified: &[RootKeys]) {
        let counted = self.early.extract_if(.., |_, (roots, _)| certified.contains(roots));
        self.counted.extend(counted);
    }

    /// This node's own vote, which it tells others.
    pub(super) fn cast(&mut self, committee: &Committee, roots: &RootKeys) -> PeerMessage {
        let vote = match self.counted.get(&committee.me) {
            Some((before, vote)) if before == roots => *vote,
            _ => committee.vote(&digest(committee, roots)),
        };
        self.counted.insert(committee.me, (*roots, vote));
        PeerMessage::RootsVote { roots: Box::new(*roots), vote }
    }

    /// Whose votes for these roots are missing.
    pub(super) fn missing(&self, committee: &Committee, roots: &RootKeys) -> Vec<NodeIndex> {
        let voted =
            |member: &NodeIndex| self.counted.get(member).is_some_and(|(for_roots, _)| for_roots == roots);
        committee.members().filter(|member| !voted(member)).collect()
    }

    /// The votes of all members for these roots, as the contract takes them.
    pub(super) fn all(&self, committee: &Committee, roots: &RootKeys) -> Option<Vec<NodeVote>> {
        if !self.missing(committee, roots).is_empty() {
            return None;
        }
        Some(gather(&digest(committee, roots), self.counted.values().map(|(_, vote)| *vote)))
    }

    pub(super) fn forget(&mut self) {
        self.counted.clear();
        self.early.clear();
    }
}

fn digest(committee: &Committee, roots: &RootKeys) -> Digest {
    root_keys_digest(&committee.network.router_domain(), KEY_SET, roots)
}
