//! Votes on one operation, counted; and what follows where they differ.

use std::collections::{BTreeMap, BTreeSet};

use quorate_wire::{
    Digest, EcdsaBytes, ErrorCode, Evidence, GUESTS_DIFFER, LeaderValue, NodeIndex, OddNode, Offer,
    OperationNumber, PeerMessage, Problem, Signed, Verdict, Vote,
};

use super::{Coordinator, propose::Proposing};
use crate::{Report, node::Scene};

/// What a coordinator knows of one operation.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) votes: BTreeMap<NodeIndex, Signed<Vote>>,
    /// Voters in order of arrival: the first t equal ones sign.
    pub(super) arrival: Vec<NodeIndex>,
    told_odd: BTreeSet<NodeIndex>,
    pub(super) offers: BTreeMap<NodeIndex, Offer>,
    /// What attempts gave members, by their word; none once it proved to be nothing.
    pub(super) made_by: BTreeMap<NodeIndex, Option<EcdsaBytes>>,
    pub(super) proposing: Proposing,
    pub(super) leaders: BTreeMap<NodeIndex, Signed<LeaderValue>>,
    /// When it is to be looked at again, as long as nothing is fixed.
    pub(super) look_mono_ms: Option<u64>,
}

/// A group of equal votes.
pub(super) struct Group {
    pub(super) hash: Digest,
    pub(super) kind: GroupKind,
    pub(super) nodes: Vec<NodeIndex>,
}

/// What the votes of a group ask for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum GroupKind {
    Intent,
    Denied,
    Observed,
    Once,
    Draw,
    Open,
}

impl Tally {
    /// Votes, grouped by what they say; within a group in order of arrival.
    pub(super) fn groups(&self) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::new();
        for node in &self.arrival {
            let Some(vote) = self.votes.get(node) else { continue };
            let hash = vote.body.hash();
            let kind = match &vote.body.verdict {
                Verdict::Intent(_) => GroupKind::Intent,
                Verdict::Denied(_) => GroupKind::Denied,
                Verdict::Observed { .. } => GroupKind::Observed,
                Verdict::Once { .. } => GroupKind::Once,
                Verdict::Draw { .. } => GroupKind::Draw,
                Verdict::Open { .. } => GroupKind::Open,
            };
            match groups.iter_mut().find(|group| group.hash == hash) {
                Some(group) => group.nodes.push(*node),
                None => groups.push(Group { hash, kind, nodes: vec![*node] }),
            }
        }
        groups
    }

    /// The vote that all of a group have cast.
    pub(super) fn vote_of(&self, group: &Group) -> Option<&Signed<Vote>> {
        self.votes.get(group.nodes.first()?)
    }

    /// The votes that differ from one node's, or from the lowest node's if no quorum agrees.
    ///
    /// Without a quorum the lowest node is listed as well: nobody is right.
    pub(super) fn odd_nodes(&self, quorum: Option<NodeIndex>) -> Vec<OddNode> {
        let reference = quorum.or_else(|| self.votes.keys().next().copied());
        let Some(reference) = reference.and_then(|node| self.votes.get(&node)) else { return Vec::new() };
        let entries = self.votes.values().filter_map(|vote| {
            let field = match reference.body.first_difference(&vote.body) {
                Some(field) => field,
                None if quorum.is_none() => {
                    self.votes.values().find_map(|other| vote.body.first_difference(&other.body))?
                }
                None => return None,
            };
            Some(OddNode {
                node: vote.node,
                operation: vote.body.operation,
                field: field.to_owned(),
                intent: vote.body.hash(),
                vote: vote.clone(),
                against: quorum.is_some().then(|| reference.clone()),
            })
        });
        entries.collect()
    }

    /// When something of it is due, as long as nothing is fixed.
    pub(super) fn next_deadline(&self) -> Option<u64> {
        self.look_mono_ms.into_iter().chain(self.proposing.next_deadline(!self.offers.is_empty())).min()
    }

    /// Bytes of what a peer said, if it said anything.
    pub(super) fn held_for(&self, peer: NodeIndex) -> Option<usize> {
        let vote = self.votes.get(&peer).map(|vote| borsh::object_length(vote).unwrap_or(usize::MAX));
        let value = self.leaders.get(&peer).map(|value| borsh::object_length(value).unwrap_or(usize::MAX));
        let offer = self.offers.get(&peer).map(|_| 0);
        let signature = self.made_by.get(&peer).map(|_| 0);
        [vote, value, offer, signature].into_iter().flatten().reduce(usize::saturating_add)
    }
}

impl Coordinator {
    /// Looks at the votes on an operation and does what follows from them.
    pub(crate) fn evaluate(&mut self, number: OperationNumber, scene: &mut Scene<'_, '_>) {
        let Some(tally) = self.tallies.get(&number) else { return };
        let groups = tally.groups();
        let threshold = scene.node.committee.threshold();
        if let Some(quorum) = groups.iter().find(|group| group.nodes.len() >= threshold) {
            // A late vote that differs is named, and its run ended, though the caller has its answer.
            self.tell_odd(number, quorum, &groups, scene);
            if self.reply.is_some() {
                return;
            }
            match quorum.kind {
                GroupKind::Intent => {
                    self.fix(number, quorum, scene);
                    self.propose(number, quorum, scene);
                }
                GroupKind::Observed | GroupKind::Once => self.fix(number, quorum, scene),
                // Members make threshold values by themselves.
                GroupKind::Denied | GroupKind::Draw | GroupKind::Open => {}
            }
            return;
        }
        if self.reply.is_some() {
            return;
        }
        let unknown = scene.node.committee.members().filter(|&node| self.may_vote(node, number)).count();
        let best = groups.iter().map(|group| group.nodes.len()).max().unwrap_or(0);
        if best > 0 && best + unknown < threshold && !self.may_end_without(number, scene) {
            self.diverged(number, groups.len(), scene);
        }
    }

    /// Whether t runs can still end alike without the members that voted on an operation. Fewer than t may have made
    /// it up, when honest runs have ended or are about to.
    fn may_end_without(&self, number: OperationNumber, scene: &Scene<'_, '_>) -> bool {
        let voted = |node: &NodeIndex| self.vote_of(*node, number).is_some();
        let ended = self.outcomes.keys().any(|node| !voted(node));
        let without = scene.node.committee.members().filter(|node| self.may_vote(*node, number));
        ended && self.ended_alike().len() + without.count() >= scene.node.committee.threshold()
    }

    /// Names the nodes outside the quorum, and gives them the proof that their run is over.
    fn tell_odd(
        &mut self,
        number: OperationNumber,
        quorum: &Group,
        groups: &[Group],
        scene: &mut Scene<'_, '_>,
    ) {
        if groups.len() < 2 {
            return;
        }
        let evidence = self.evidence(number);
        let Some(tally) = self.tallies.get_mut(&number) else { return };
        let odd = groups.iter().filter(|group| group.hash != quorum.hash);
        let odd = odd.flat_map(|group| group.nodes.iter().copied());
        let untold: Vec<NodeIndex> = odd.filter(|node| tally.told_odd.insert(*node)).collect();
        let request = scene.facts.id;
        for entry in tally.odd_nodes(quorum.nodes.first().copied()) {
            if untold.contains(&entry.node) {
                scene.turn.report(Report::OddNode { request, node: entry.node, field: entry.field });
            }
        }
        scene.turn.send_all(untold, PeerMessage::Diverged { request, operation: number, evidence });
    }

    /// No group of t can agree any more: everybody is told, with the proof.
    fn diverged(&mut self, number: OperationNumber, groups: usize, scene: &mut Scene<'_, '_>) {
        let request = scene.facts.id;
        let message = PeerMessage::Diverged { request, operation: number, evidence: self.evidence(number) };
        let committee = &scene.node.committee;
        scene.turn.send_all(committee.members(), message);
        let odd = self.tallies.get(&number).map(|tally| tally.odd_nodes(None)).unwrap_or_default();
        for entry in &odd {
            let field = entry.field.clone();
            scene.turn.report(Report::OddNode { request, node: entry.node, field });
        }
        let mut detail =
            format!("operation {number}: {groups} different votes, no {} alike", committee.threshold());
        if odd.iter().any(|entry| entry.field == "guest") {
            detail = format!("{detail}; {GUESTS_DIFFER}");
        }
        let mut problem = Problem::new(ErrorCode::IntentsDiverged, detail).about(request);
        problem.nodes = odd.iter().map(|entry| entry.node).collect();
        problem.odd = odd;
        self.answer_callers(Err(Box::new(problem)), scene);
    }

    fn evidence(&self, number: OperationNumber) -> Evidence {
        let votes = self.tallies.get(&number).map(|tally| tally.votes.values().cloned().collect());
        let ended = self.outcomes.iter().filter(|(node, _)| self.vote_of(**node, number).is_none());
        Evidence {
            votes: votes.unwrap_or_default(),
            statements: ended.map(|(_, outcome)| outcome.statement.clone()).collect(),
        }
    }
}
