//! Proposals: who signs, in which attempt, with which fresh bytes.

use std::collections::{BTreeMap, BTreeSet};

use quorate_wire::{
    Digest, ErrorCode, NodeIndex, Offer, OperationNumber, PeerMessage, Problem, Proposal, limits,
};

use super::{
    Coordinator, ProposalId,
    tally::{Group, GroupKind},
};
use crate::{
    committee::pairs_of,
    facts::LOOK_MS,
    node::{Node, Scene},
};

/// Signer sets that are looked at before giving up for now.
const SETS_MAX: usize = 2_000;
/// Signers end an attempt by themselves; a coordinator waits a little longer.
const PROPOSAL_GRACE_MS: u64 = 300;
/// How often a wait between proposals doubles at most. Whoever spoils attempts in no time would use all of them up before
/// the others have voted; whoever spoils them one after the other must not make the waits longer than an execution.
const DOUBLINGS_MAX: u32 = 2;
/// How long a coordinator waits at first after a proposal of which a signer says that it failed, and blames nobody.
const UNBLAMED_MS: u64 = limits::HEDGE_MS / 4;
/// By how much coordinators differ in waiting after they were in each other's way.
const TURN_MS: u64 = 50;

const _: () = assert!(
    (UNBLAMED_MS << DOUBLINGS_MAX) * (limits::PROPOSALS_MAX as u64) < limits::EXECUTION_MS_MAX
        && (limits::HEDGE_MS << DOUBLINGS_MAX) * (limits::ATTEMPTS_MAX as u64) < limits::EXECUTION_MS_MAX,
    "a signature has all its attempts within an execution, whoever spoils them"
);

/// The proposals of one operation.
#[derive(Default)]
pub(super) struct Proposing {
    /// The one that may still succeed.
    proposed: Option<Proposed>,
    /// Attempts grow, whether or not they were joined.
    last_proposed: u8,
    /// Attempts that were joined and came to nothing.
    tried: u8,
    /// Before this nothing is proposed.
    not_before_mono_ms: Option<u64>,
    /// Before this no set is proposed of which it is known that it fails, or that two of it are in each other's way, as
    /// long as further votes can come.
    hopeless_until_mono_ms: u64,
    /// How many such sets were proposed all the same.
    hopeless: u32,
    /// Proposals that ended without blame.
    unblamed: u32,
    /// In how many proposals that ended without a signature each signer was. Whoever spoils
    /// attempts goes to the end of the line, whomever it blames.
    spoilt: BTreeMap<NodeIndex, u8>,
    /// The signer sets of these proposals.
    failed_sets: BTreeSet<BTreeSet<NodeIndex>>,
    /// Signers of which one said that the other spoilt or stalled an attempt.
    apart: BTreeSet<(NodeIndex, NodeIndex)>,
}

/// A proposal that may still succeed.
struct Proposed {
    attempt: u8,
    signers: Vec<NodeIndex>,
    until_mono_ms: u64,
}

/// Why there is no signer set.
enum NoSet {
    /// Bans alone are in the way, and everybody has voted.
    Banned,
    /// Something is still to come: an offer, a greeting, a set-up.
    NotYet,
}

impl Proposing {
    /// Gives up the proposal, and remembers who was in it.
    fn give_up(&mut self, now: u64) {
        let Some(proposed) = self.proposed.take() else { return };
        self.hopeless_until_mono_ms = now + (limits::HEDGE_MS << self.hopeless.min(DOUBLINGS_MAX));
        for signer in &proposed.signers {
            let count = self.spoilt.entry(*signer).or_default();
            *count = count.saturating_add(1);
        }
        self.failed_sets.insert(proposed.signers.into_iter().collect());
    }

    /// A signer blames others. Of two honest ones neither blames the other, unless somebody sent something to one only.
    fn keep_apart(&mut self, from: NodeIndex, blamed: &[NodeIndex]) {
        let others = blamed.iter().filter(|node| **node != from);
        self.apart.extend(others.map(|node| (from.min(*node), from.max(*node))));
    }

    /// Whether one of a set and another node were in each other's way.
    fn are_apart(&self, set: &[NodeIndex], new: NodeIndex) -> bool {
        set.iter().any(|other| self.apart.contains(&(new.min(*other), new.max(*other))))
    }

    /// Whether these signers have failed together.
    fn has_failed(&self, set: &[NodeIndex], last: NodeIndex) -> bool {
        let whole: BTreeSet<NodeIndex> = set.iter().copied().chain([last]).collect();
        self.failed_sets.contains(&whole)
    }

    /// Nothing is proposed any more: the operation is decided.
    pub(super) fn over(&mut self) {
        self.proposed = None;
    }

    fn wait_until(&mut self, mono_ms: u64) {
        self.not_before_mono_ms = self.not_before_mono_ms.max(Some(mono_ms));
    }

    fn waits(&self, now: u64) -> bool {
        self.not_before_mono_ms.is_some_and(|not_before| now < not_before)
    }

    /// How long the next proposal waits after one that nobody was blamed for.
    fn waits_unblamed(&mut self) -> u64 {
        let wait_ms = UNBLAMED_MS << self.unblamed.min(DOUBLINGS_MAX);
        self.unblamed = self.unblamed.saturating_add(1);
        wait_ms
    }

    pub(super) fn next_deadline(&self, offered: bool) -> Option<u64> {
        match &self.proposed {
            Some(proposed) => Some(proposed.until_mono_ms),
            None => self.not_before_mono_ms.filter(|_| offered),
        }
    }
}

impl Coordinator {
    /// A member's bytes for its next attempt.
    pub(super) fn take_offer(&mut self, from: NodeIndex, offer: Offer, scene: &mut Scene<'_, '_>) {
        let (me, now) = (scene.me(), scene.now());
        let before_us = |other: &NodeIndex| scene.node.precedes(scene.facts, *other, me);
        let first = scene.facts.coordinators.keys().any(before_us);
        let tally = self.tallies.entry(offer.operation).or_default();
        let proposing = &mut tally.proposing;
        // The attempt of a coordinator that comes before us may be about to succeed: it gets its hedge.
        let joined = first && offer.attempt > 0 && proposing.proposed.is_none();
        if joined && proposing.not_before_mono_ms.is_none() {
            proposing.wait_until(now + limits::HEDGE_MS);
        }
        tally.offers.insert(from, offer);
    }

    /// Proposes a signer set, unless a proposal of ours may still succeed.
    pub(super) fn propose(&mut self, number: OperationNumber, quorum: &Group, scene: &mut Scene<'_, '_>) {
        let now = scene.now();
        let Some(tally) = self.tallies.get(&number) else { return };
        let proposing = &tally.proposing;
        if scene.facts.decided(number) || proposing.proposed.is_some() || proposing.waits(now) {
            return;
        }
        let request = scene.facts.id;
        if proposing.tried >= limits::ATTEMPTS_MAX || proposing.last_proposed >= limits::PROPOSALS_MAX {
            let detail =
                format!("operation {number} has no signature after {} attempts", limits::ATTEMPTS_MAX);
            let problem = Problem::new(ErrorCode::SigningFailed, detail).about(request);
            return self.answer_callers(Err(Box::new(problem)), scene);
        }
        match self.choose(number, quorum, scene) {
            Ok(signers) => self.propose_to(number, (quorum.hash, signers), scene),
            Err(NoSet::NotYet) => {}
            Err(NoSet::Banned) => {
                let problem = Problem::of(ErrorCode::NoUnbannedQuorum).about(request);
                self.answer_callers(Err(Box::new(problem)), scene);
            }
        }
    }

    /// Proposes the next attempt to these signers.
    fn propose_to(
        &mut self,
        number: OperationNumber,
        (intent, signers): (Digest, Vec<NodeIndex>),
        scene: &mut Scene<'_, '_>,
    ) {
        let now = scene.now();
        let Some(tally) = self.tallies.get_mut(&number) else { return };
        let attempt = tally.proposing.last_proposed + 1;
        let mut offered = Vec::with_capacity(signers.len());
        for signer in &signers {
            // An offer is good for one proposal; the signer makes another when it has joined or declined.
            let Some(offer) = tally.offers.remove(signer) else { return };
            offered.push((*signer, offer.fresh));
        }
        let set_up = |(a, b)| scene.node.set_up_of(a, b);
        let set_ups = pairs_of(&signers).into_iter().filter_map(set_up).collect();
        tally.proposing.last_proposed = attempt;
        tally.proposing.proposed = Some(Proposed {
            attempt,
            signers: signers.clone(),
            until_mono_ms: now + limits::SIGNING_ROUND_MS + PROPOSAL_GRACE_MS,
        });
        let proposal = Proposal {
            request: scene.facts.id,
            operation: number,
            coordinator: scene.me(),
            attempt,
            intent,
            signers: offered,
            set_ups,
        };
        scene.turn.send_all(signers, PeerMessage::Propose(proposal));
    }

    /// Who of a quorum can sign now; those that failed lately go last.
    fn candidates(
        &self,
        number: OperationNumber,
        quorum: &Group,
        scene: &Scene<'_, '_>,
    ) -> Option<Vec<NodeIndex>> {
        let (node, me, now) = (&*scene.node, scene.me(), scene.now());
        let tally = self.tallies.get(&number)?;
        let usable = |signer: &NodeIndex| {
            // A run that has ended takes back what it offered.
            tally.offers.contains_key(signer)
                && !self.outcomes.contains_key(signer)
                && (*signer == me || node.peers.reachable(*signer, now))
        };
        let mut candidates: Vec<NodeIndex> = quorum.nodes.iter().copied().filter(usable).collect();
        candidates.sort_by_key(|signer| {
            let spoilt = tally.proposing.spoilt.get(signer).copied().unwrap_or_default();
            (spoilt, node.peers.failed_lately(*signer, now))
        });
        Some(candidates)
    }

    /// A set that has not failed yet, of these candidates. Whoever spoils attempts, and whomever it blames, a set of
    /// honest nodes has its turn; those that blame each other go last, so that its turn comes soon.
    fn untried(
        &self,
        number: OperationNumber,
        (candidates, patient): (&[NodeIndex], bool),
        scene: &Scene<'_, '_>,
    ) -> Option<Vec<NodeIndex>> {
        let proposing = &self.tallies.get(&number)?.proposing;
        let threshold = scene.node.committee.threshold();
        let untried = |set: &[NodeIndex], new: NodeIndex| {
            let whole = set.len() + 1 == threshold;
            scene.node.can_join(set, new) && !(whole && proposing.has_failed(set, new))
        };
        let at_peace =
            |set: &[NodeIndex], new: NodeIndex| !proposing.are_apart(set, new) && untried(set, new);
        let rules: [&Fits<'_>; 2] = [&at_peace, &untried];
        let rules = if patient { &rules[..1] } else { &rules[..] };
        rules.iter().find_map(|rule| first_set(candidates, threshold, rule, SETS_MAX))
    }

    /// Whether members that can be reached may still vote on an operation.
    fn more_may_come(&self, number: OperationNumber, scene: &Scene<'_, '_>) -> bool {
        let (node, me, now) = (&*scene.node, scene.me(), scene.now());
        let there = |member: NodeIndex| {
            if member == me { scene.facts.running() } else { node.peers.reachable(member, now) }
        };
        node.committee.members().any(|member| self.may_vote(member, number) && there(member))
    }

    /// The first t equal votes whose nodes can sign together. A set that has failed is chosen again only when all have, and
    /// while further votes can come, at growing intervals.
    fn choose(
        &mut self,
        number: OperationNumber,
        quorum: &Group,
        scene: &Scene<'_, '_>,
    ) -> Result<Vec<NodeIndex>, NoSet> {
        let (node, me, now) = (&*scene.node, scene.me(), scene.now());
        let threshold = node.committee.threshold();
        let candidates = self.candidates(number, quorum, scene).ok_or(NoSet::NotYet)?;
        let again = || {
            let fits = |set: &[NodeIndex], new: NodeIndex| node.can_join(set, new);
            first_set(&candidates, threshold, &fits, SETS_MAX)
        };
        if let Some(mut set) = self.untried(number, (&candidates, true), scene) {
            set.sort_unstable();
            return Ok(set);
        }
        let failed = self.tallies.get(&number).is_some_and(|tally| !tally.proposing.failed_sets.is_empty());
        let more = failed && self.more_may_come(number, scene);
        if more && self.tallies.get(&number).is_some_and(|tally| now < tally.proposing.hopeless_until_mono_ms)
        {
            return Err(NoSet::NotYet);
        }
        if let Some(mut set) = self.untried(number, (&candidates, false), scene).or_else(again) {
            if let Some(tally) = self.tallies.get_mut(&number).filter(|_| more) {
                tally.proposing.hopeless = tally.proposing.hopeless.saturating_add(1);
            }
            set.sort_unstable();
            return Ok(set);
        }
        // Only bans are in the way if nobody is missing and without them there would be a set.
        let gone = |member| member != me && !node.peers.reachable(member, now);
        let everybody = node.committee.members().all(|member| !self.may_vote(member, number) || gone(member));
        let unbanned =
            |set: &[NodeIndex], new: NodeIndex| set.iter().all(|other| !node.peers.banned(*other, new));
        let possible = first_set(&quorum.nodes, threshold, &unbanned, SETS_MAX).is_some();
        Err(if everybody && !possible { NoSet::Banned } else { NoSet::NotYet })
    }

    /// A signer says that an attempt of ours stalls or has ended: another set is tried.
    pub(crate) fn on_trouble(
        &mut self,
        from: NodeIndex,
        (operation, attempt): (OperationNumber, u8),
        (nodes, ended): (&[NodeIndex], bool),
        scene: &mut Scene<'_, '_>,
    ) {
        let ours = self.tallies.get(&operation).and_then(|tally| tally.proposing.proposed.as_ref());
        let Some(proposed) = ours.filter(|ours| ours.attempt == attempt && ours.signers.contains(&from))
        else {
            return;
        };
        // A signer can only blame those it was to sign with, and blame moves them back in line, no more.
        let blamed: Vec<NodeIndex> =
            nodes.iter().copied().filter(|node| proposed.signers.contains(node)).collect();
        scene.node.peers.failed(&blamed, scene.turn.now.mono_ms);
        let id = ProposalId { operation, attempt };
        let own = from == scene.me();
        if let Some(tally) = self.tallies.get_mut(&operation) {
            tally.proposing.keep_apart(from, &blamed);
        }
        if ended {
            self.proposal_ended(id, (nodes.is_empty(), own), scene)
        } else {
            self.proposal_stalls(id, &blamed, scene)
        }
    }

    fn proposal_ended(&mut self, id: ProposalId, (unblamed, own): (bool, bool), scene: &mut Scene<'_, '_>) {
        let (me, now) = (scene.me(), scene.now());
        let ProposalId { operation, attempt } = id;
        let Some(tally) = self.tallies.get_mut(&operation) else { return };
        tally.proposing.give_up(now);
        // One of its signers is out of it.
        scene.turn.abandon(scene.facts.id, operation, attempt);
        if unblamed {
            // Another coordinator came first, as a rule, and is not disturbed before it stalls. Each
            // waits for another while, so that two that were in each other's way are not again.
            let turn_ms = (u64::from(me.get()) * TURN_MS).min(limits::HEDGE_MS);
            // Our own member declines for the living attempt of another one, which gets its hedge.
            let wait_ms = if own { limits::HEDGE_MS } else { tally.proposing.waits_unblamed() };
            tally.proposing.wait_until(now + wait_ms + turn_ms);
        } else {
            tally.proposing.tried = tally.proposing.tried.saturating_add(1);
        }
        self.evaluate(operation, scene);
    }

    /// It may still end well, so it is given up only for a set without those it waits for. That set must not have
    /// failed: where everything is slow, the last attempt has the whole of its time.
    fn proposal_stalls(&mut self, id: ProposalId, blamed: &[NodeIndex], scene: &mut Scene<'_, '_>) {
        let Some(tally) = self.tallies.get(&id.operation) else { return };
        let threshold = scene.node.committee.threshold();
        let quorum = tally
            .groups()
            .into_iter()
            .find(|group| group.kind == GroupKind::Intent && group.nodes.len() >= threshold);
        let Some(quorum) = quorum else { return };
        let last = tally.proposing.tried + 1 >= limits::ATTEMPTS_MAX
            || tally.proposing.last_proposed >= limits::PROPOSALS_MAX;
        if last || blamed.is_empty() || self.reply.is_some() || scene.facts.decided(id.operation) {
            return;
        }
        let Some(mut candidates) = self.candidates(id.operation, &quorum, scene) else { return };
        candidates.retain(|node| !blamed.contains(node));
        let patient = self.more_may_come(id.operation, scene);
        let Some(mut set) = self.untried(id.operation, (&candidates, patient), scene) else { return };
        set.sort_unstable();
        let now = scene.now();
        let Some(tally) = self.tallies.get_mut(&id.operation) else { return };
        tally.proposing.give_up(now);
        tally.proposing.tried += 1;
        self.propose_to(id.operation, (quorum.hash, set), scene);
    }

    /// Gives up proposals of which nothing was heard, and looks again at what is not decided.
    pub(crate) fn tick(&mut self, scene: &mut Scene<'_, '_>) {
        let now = scene.now();
        for number in self.tallies.keys().copied().collect::<Vec<_>>() {
            if scene.facts.decided(number) {
                continue;
            }
            let Some(tally) = self.tallies.get_mut(&number) else { continue };
            let proposing = &mut tally.proposing;
            if proposing.proposed.as_ref().is_some_and(|proposed| now >= proposed.until_mono_ms) {
                proposing.give_up(now);
                proposing.tried = proposing.tried.saturating_add(1);
            }
            if !proposing.waits(now) {
                proposing.not_before_mono_ms = None;
            }
            let look = tally.look_mono_ms.is_some_and(|look| now >= look);
            if look {
                tally.look_mono_ms = self.reply.is_none().then_some(now + LOOK_MS);
            }
            if look || tally.proposing.proposed.is_none() {
                self.evaluate(number, scene);
            }
        }
    }
}

impl Node {
    /// Whether no ban is between a node and those that are chosen, and all its pairs with them are set up.
    fn can_join(&self, set: &[NodeIndex], new: NodeIndex) -> bool {
        set.iter().all(|other| !self.peers.banned(*other, new) && self.set_up_of(*other, new).is_some())
    }
}

/// Whether a node may join those that are chosen.
type Fits<'a> = dyn Fn(&[NodeIndex], NodeIndex) -> bool + 'a;

/// The first `size` candidates, in order, that fit together, by a search in depth. It ends when the budget is used up.
fn first_set(
    candidates: &[NodeIndex],
    size: usize,
    fits: &Fits<'_>,
    mut budget: usize,
) -> Option<Vec<NodeIndex>> {
    let (mut set, mut places, mut next) = (Vec::new(), Vec::new(), 0);
    while set.len() < size {
        if budget == 0 {
            return None;
        }
        match candidates.get(next).filter(|_| candidates.len() - next + set.len() >= size) {
            // Too few are left for the last one that was chosen: the next one takes its place.
            None => {
                set.pop();
                next = places.pop()? + 1;
            }
            Some(candidate) => {
                budget -= 1;
                if fits(&set, *candidate) {
                    set.push(*candidate);
                    places.push(next);
                }
                next += 1;
            }
        }
    }
    Some(set)
}
