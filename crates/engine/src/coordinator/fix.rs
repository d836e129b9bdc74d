//! Fixing what an operation comes to: a set of values, one node's value, or one signature.
//!
//! Everybody checks in full what is fixed. What another coordinator has fixed is taken over: two would part the nodes.

use std::collections::BTreeSet;

use quorate_wire::{
    Decision, EcdsaBytes, NodeIndex, OperationNumber, PeerMessage, Signed, Vote, ecdsa_valid, limits,
};

use super::{
    Coordinator,
    tally::{Group, GroupKind, Tally},
};
use crate::{facts::LOOK_MS, node::Scene, order::PATIENCE_MS};

/// By how much a coordinator waits longer for each that may fix the set as well.
const TURN_MS: u64 = 300;
/// For so many at most: members that coordinate what they overheard could have it wait for longer than it is
/// waited for.
const TURNS_MAX: usize = 2;
/// For how much longer the next coordinator is waited for, once one was passed over.
const NEXT_MS: u64 = limits::COLLECT_GRACE_MS + LOOK_MS;

const _: () = assert!(
    2 * limits::COLLECT_GRACE_MS + TURN_MS * 2 + LOOK_MS < PATIENCE_MS,
    "whoever asked first is waited for until it has fixed its set"
);

impl Coordinator {
    /// A quorum has come to an operation: fixes what it comes to, if it can be.
    pub(super) fn fix(&mut self, number: OperationNumber, quorum: &Group, scene: &mut Scene<'_, '_>) {
        let now = scene.now();
        let known = scene.facts.operations.entry(number).or_default();
        if known.decided() {
            return;
        }
        let since = *known.succession.quorum_mono_ms.get_or_insert(now);
        let Some(tally) = self.tallies.get_mut(&number) else { return };
        tally.look_mono_ms.get_or_insert(now + LOOK_MS);
        let awaited = match quorum.kind {
            GroupKind::Observed => self.awaits(number, since, scene),
            GroupKind::Intent | GroupKind::Denied | GroupKind::Once | GroupKind::Draw | GroupKind::Open => {
                Vec::new()
            }
        };
        let first = if quorum.kind == GroupKind::Observed { whose_set(since, scene) } else { None };
        let elsewhere = self.fixed_elsewhere(number, (quorum, &awaited, first), scene);
        let Some(tally) = self.tallies.get_mut(&number) else { return };
        let decision = elsewhere.or_else(|| match quorum.kind {
            GroupKind::Observed if first.is_some() || !awaited.is_empty() => None,
            GroupKind::Observed => Some(tally.collected(quorum)),
            GroupKind::Once => tally.led(number, quorum, scene),
            GroupKind::Intent => tally.signature_made(quorum),
            GroupKind::Denied | GroupKind::Draw | GroupKind::Open => None,
        });
        let Some(decision) = decision else { return };
        tally.proposing.over();
        tally.look_mono_ms = None;
        if let Some(known) = scene.facts.operations.get_mut(&number) {
            known.fixed = Some(decision.clone());
        }
        let message = PeerMessage::Decided { request: scene.facts.id, operation: number, decision };
        scene.turn.send_all(scene.node.committee.members(), message);
    }

    /// Members whose votes are still waited for: those that can come, as long as they have time.
    fn awaits(&self, number: OperationNumber, since: u64, scene: &Scene<'_, '_>) -> Vec<NodeIndex> {
        let (node, me, now) = (&*scene.node, scene.me(), scene.now());
        // Another coordinator may fix a set as well; of two, one comes first.
        let before = scene.facts.coordinators.keys().filter(|other| **other < me).count().min(TURNS_MAX);
        let turns = u64::try_from(before).unwrap_or(u64::MAX).saturating_mul(TURN_MS);
        if now >= since.saturating_add(limits::COLLECT_GRACE_MS).saturating_add(turns) {
            return Vec::new();
        }
        let there = |member: &NodeIndex| {
            if *member == me { scene.facts.running() } else { node.peers.reachable(*member, now) }
        };
        let members = node.committee.members();
        members.filter(|member| self.may_vote(*member, number) && there(member)).collect()
    }

    fn fixed_elsewhere(
        &self,
        number: OperationNumber,
        (quorum, awaited, first): (&Group, &[NodeIndex], Option<NodeIndex>),
        scene: &Scene<'_, '_>,
    ) -> Option<Decision> {
        let (committee, facts) = (&scene.node.committee, &*scene.facts);
        let order = facts.ranks();
        let tally = self.tallies.get(&number)?;
        let sound = |(from, decision): &(&NodeIndex, &Decision)| match decision {
            Decision::Collected(votes) => {
                committee.sound_set(facts.id, number, votes).is_ok()
                    && votes[0].body.hash() == quorum.hash
                    && (first == Some(**from) || covers(votes, quorum, awaited))
            }
            Decision::Led(value) => {
                quorum.kind == GroupKind::Once
                    && (value.body.request, value.body.operation) == (facts.id, number)
                    && value.body.intent == quorum.hash
                    && committee.sound_leader_value(value)
                    // Not before all that come first in order are out: else anybody could lead.
                    && scene.node.passed_over(facts, number, (&order, value.node), scene.now())
            }
            Decision::Signed(signature) => tally.fits(quorum, signature),
            // Nothing is fixed of it.
            Decision::Drawn(_) | Decision::Opened(_) => false,
        };
        facts.operations.get(&number)?.candidates.iter().find(sound).map(|(_, decision)| decision.clone())
    }
}

/// Who alone fixes a set of values, for as long as it is waited for: whoever asked before our own caller. Members wait for
/// that one as well, and of two sets each would find its own.
///
/// Whoever is silent is passed over once for an execution. The next one has waited for it as we did, and gets a moment more.
fn whose_set(since: u64, scene: &mut Scene<'_, '_>) -> Option<NodeIndex> {
    let now = scene.now();
    loop {
        let first = scene.node.sets_come_from(scene.facts, now)?;
        let passed = scene.facts.silent_before_us().min(TURNS_MAX);
        let moments = u64::try_from(passed).unwrap_or(u64::MAX).saturating_mul(NEXT_MS);
        if now < since.saturating_add(PATIENCE_MS).saturating_add(moments) {
            return Some(first);
        }
        scene.facts.note_silent(&BTreeSet::from([first]));
    }
}

impl Tally {
    /// The set of all values that have come.
    fn collected(&self, quorum: &Group) -> Decision {
        let mut nodes = quorum.nodes.clone();
        nodes.sort_unstable();
        Decision::Collected(nodes.iter().filter_map(|node| self.votes.get(node)).cloned().collect())
    }

    /// The value of the first in the order who is not out of it.
    fn led(&self, number: OperationNumber, quorum: &Group, scene: &Scene<'_, '_>) -> Option<Decision> {
        let order = scene.facts.ranks();
        let of_quorum = |node| self.leaders.get(node).filter(|value| value.body.intent == quorum.hash);
        let first = order.iter().find_map(of_quorum)?;
        let passed = scene.node.passed_over(scene.facts, number, (&order, first.node), scene.now());
        passed.then(|| Decision::Led(first.clone()))
    }

    /// A signature that fits what t members want signed, if one is known. Of each member one is checked.
    fn signature_made(&mut self, quorum: &Group) -> Option<Decision> {
        let intent = self.vote_of(quorum)?.body.intent()?.clone();
        for said in self.made_by.values_mut() {
            let signature = said.take();
            if let Some(signature) = signature.filter(|made| ecdsa_valid(&intent.key, &intent.digest, made)) {
                return Some(Decision::Signed(signature));
            }
        }
        None
    }

    /// Whether a signature is one of what t members want signed.
    fn fits(&self, quorum: &Group, signature: &EcdsaBytes) -> bool {
        let intent = self.vote_of(quorum).and_then(|vote| vote.body.intent());
        intent.is_some_and(|intent| ecdsa_valid(&intent.key, &intent.digest, signature))
    }
}

/// Whether another coordinator's set has all values that we have, and all that we wait for: else ours is
/// the better one.
fn covers(votes: &[Signed<Vote>], quorum: &Group, awaited: &[NodeIndex]) -> bool {
    quorum.nodes.iter().chain(awaited).all(|node| votes.iter().any(|vote| vote.node == *node))
}
