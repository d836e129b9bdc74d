//! Coordinating: counting votes, choosing signers, proposing attempts. Nobody has to believe any of it.

use std::collections::BTreeSet;

use quorate_wire::{
    ErrorCode, Evidence, GUESTS_DIFFER, NodeIndex, OddNode, OperationNumber, PeerMessage, Problem, Proposal,
    RequestId, limits,
};

use crate::{
    Engine, Report,
    attempt::pairs_of,
    execution::{Attempt, Execution, Group, GroupKind, Proposed},
    turn::Turn,
};

/// Signer sets that are looked at before giving up for now.
const SETS_MAX: usize = 2_000;
/// Signers end an attempt by themselves; a coordinator waits a little longer.
const PROPOSAL_GRACE_MS: u64 = 300;

/// By how much coordinators differ in waiting after they were in each other's way.
const TURN_MS: u64 = 50;

/// Why there is no signer set.
enum NoSet {
    /// Bans alone are in the way, and everybody has voted.
    Banned,
    /// Something is still to come: an offer, a greeting, a set-up.
    NotYet,
}

impl Engine {
    /// Looks at the votes on an operation and does what follows from them.
    pub(crate) fn evaluate_votes(
        &mut self,
        execution: &mut Execution,
        number: OperationNumber,
        turn: &mut Turn<'_>,
    ) {
        if !execution.coordinating {
            return;
        }
        let groups = execution.groups(number);
        let threshold = self.committee.threshold();
        if let Some(quorum) = groups.iter().find(|group| group.nodes.len() >= threshold) {
            // A late vote that differs is named, and its run ended, though the caller has its answer.
            self.tell_odd(execution, number, quorum, &groups, turn);
            if execution.reply.is_some() {
                return;
            }
            match quorum.kind {
                GroupKind::Intent => {
                    self.fix_value(execution, number, quorum, turn);
                    self.propose(execution, number, quorum, turn);
                }
                GroupKind::Observed | GroupKind::Once => self.fix_value(execution, number, quorum, turn),
                GroupKind::Denied => {}
            }
            return;
        }
        if execution.reply.is_some() {
            return;
        }
        let unknown = self.committee.members().filter(|&node| execution.may_vote(node, number)).count();
        let best = groups.iter().map(|group| group.nodes.len()).max().unwrap_or(0);
        if best > 0 && best + unknown < threshold && !self.may_end_without(execution, number) {
            self.diverged(execution, number, &groups, turn);
        }
    }

    /// Whether t runs can still end alike without the members that voted on an operation. Fewer than t may have made
    /// it up, when honest runs have ended or are about to.
    fn may_end_without(&self, execution: &Execution, number: OperationNumber) -> bool {
        let ended = execution.outcomes.keys().any(|node| !self.voted(execution, number, *node));
        let without = self.committee.members().filter(|node| {
            !self.voted(execution, number, *node)
                && !execution.outcomes.contains_key(node)
                && !execution.refused.contains_key(node)
        });
        let alike = Self::ended_alike(execution).len();
        ended && alike + without.count() >= self.committee.threshold()
    }

    fn voted(&self, execution: &Execution, number: OperationNumber, node: NodeIndex) -> bool {
        execution.operations.get(&number).is_some_and(|operation| operation.votes.contains_key(&node))
    }

    /// Names the nodes outside the quorum, and gives them the proof that their run is over.
    fn tell_odd(
        &mut self,
        execution: &mut Execution,
        number: OperationNumber,
        quorum: &Group,
        groups: &[Group],
        turn: &mut Turn<'_>,
    ) {
        let odd: Vec<NodeIndex> = groups
            .iter()
            .filter(|group| group.hash != quorum.hash)
            .flat_map(|group| group.nodes.iter().copied())
            .collect();
        let evidence = evidence(execution, number);
        let Some(operation) = execution.operations.get_mut(&number) else { return };
        let untold: Vec<NodeIndex> =
            odd.into_iter().filter(|node| operation.told_odd.insert(*node)).collect();
        let named = odd_nodes(execution, number, quorum.nodes.first().copied());
        for entry in named.into_iter().filter(|entry| untold.contains(&entry.node)) {
            turn.report(Report::OddNode { request: execution.id, node: entry.node, field: entry.field });
        }
        for node in untold {
            let evidence = evidence.clone();
            turn.send(node, PeerMessage::Diverged { request: execution.id, operation: number, evidence });
        }
    }

    /// No group of t can agree any more: everybody is told, with the proof.
    fn diverged(
        &mut self,
        execution: &mut Execution,
        number: OperationNumber,
        groups: &[Group],
        turn: &mut Turn<'_>,
    ) {
        let evidence = evidence(execution, number);
        let message = PeerMessage::Diverged { request: execution.id, operation: number, evidence };
        turn.send_all(self.committee.members(), message);
        let odd = odd_nodes(execution, number, None);
        for entry in &odd {
            turn.report(Report::OddNode {
                request: execution.id,
                node: entry.node,
                field: entry.field.clone(),
            });
        }
        let mut detail = format!(
            "operation {number}: {} different votes, no {} alike",
            groups.len(),
            self.committee.threshold()
        );
        if odd.iter().any(|entry| entry.field == "guest") {
            detail = format!("{detail}; {GUESTS_DIFFER}");
        }
        let mut problem = Problem::new(ErrorCode::IntentsDiverged, detail).about(execution.id);
        problem.nodes = odd.iter().map(|entry| entry.node).collect();
        problem.odd = odd;
        self.answer_callers(execution, Err(Box::new(problem)), turn);
    }

    /// Proposes a signer set, unless a proposal of ours may still succeed.
    fn propose(
        &mut self,
        execution: &mut Execution,
        number: OperationNumber,
        quorum: &Group,
        turn: &mut Turn<'_>,
    ) {
        let now = turn.now.mono_ms;
        let me = self.committee.me;
        // An attempt in which we are, of a coordinator that comes before us, gets its chance first.
        let first =
            |live: &&Attempt| live.stalls_mono_ms > now && self.precedes(execution, live.coordinator, me);
        let live = execution.operations.get(&number).and_then(|operation| operation.live.as_ref());
        let not_before = live.filter(first).map_or(0, |live| live.stalls_mono_ms);
        let Some(operation) = execution.operations.get_mut(&number) else { return };
        operation.not_before_mono_ms = operation.not_before_mono_ms.max(not_before);
        if operation.decided() || operation.proposed.is_some() || now < operation.not_before_mono_ms {
            return;
        }
        let attempt = operation.last_proposed + 1;
        if operation.tried >= limits::ATTEMPTS_MAX || attempt > limits::PROPOSALS_MAX {
            let detail =
                format!("operation {number} has no signature after {} attempts", limits::ATTEMPTS_MAX);
            let problem = Problem::new(ErrorCode::SigningFailed, detail).about(execution.id);
            self.answer_callers(execution, Err(Box::new(problem)), turn);
            return;
        }
        let signers = match self.choose(execution, number, quorum, now) {
            Ok(signers) => signers,
            Err(NoSet::NotYet) => return,
            Err(NoSet::Banned) => {
                let problem = Problem::of(ErrorCode::NoUnbannedQuorum).about(execution.id);
                self.answer_callers(execution, Err(Box::new(problem)), turn);
                return;
            }
        };
        let Some(operation) = execution.operations.get_mut(&number) else { return };
        let mut offered = Vec::with_capacity(signers.len());
        for signer in &signers {
            // An offer is good for one proposal; the signer makes another when it has joined or declined.
            let Some(offer) = operation.offers.remove(signer) else { return };
            offered.push((*signer, offer.fresh));
        }
        let set_ups = pairs_of(&signers).into_iter().filter_map(|(a, b)| self.set_up_of(a, b)).collect();
        operation.last_proposed = attempt;
        operation.proposed = Some(Proposed {
            attempt,
            signers: signers.clone(),
            until_mono_ms: now + limits::SIGNING_ROUND_MS + PROPOSAL_GRACE_MS,
        });
        let proposal = Proposal {
            request: execution.id,
            operation: number,
            coordinator: me,
            attempt,
            intent: quorum.hash,
            signers: offered,
            set_ups,
        };
        turn.send_all(signers, PeerMessage::Propose(proposal));
    }

    /// The first t equal votes whose nodes can sign together; those that failed lately go last.
    fn choose(
        &self,
        execution: &Execution,
        number: OperationNumber,
        quorum: &Group,
        now_mono_ms: u64,
    ) -> Result<Vec<NodeIndex>, NoSet> {
        let operation = execution.operations.get(&number).ok_or(NoSet::NotYet)?;
        let usable = |node: &NodeIndex| {
            // A run that has ended takes back what it offered.
            operation.offers.contains_key(node)
                && !execution.outcomes.contains_key(node)
                && (*node == self.committee.me || self.peers.reachable(*node, now_mono_ms))
        };
        let mut candidates: Vec<NodeIndex> = quorum.nodes.iter().copied().filter(usable).collect();
        candidates.sort_by_key(|node| {
            let spoilt = operation.spoilt.get(node).copied().unwrap_or_default();
            (spoilt, self.peers.failed_lately(*node, now_mono_ms))
        });
        let fits = |set: &[NodeIndex], node: NodeIndex| {
            set.iter().all(|other| !self.peers.banned(*other, node) && self.set_up_of(*other, node).is_some())
        };
        let threshold = self.committee.threshold();
        // A set that has failed is chosen again only when all have: whoever spoils attempts, and whomever it
        // blames, a set of honest nodes has its turn.
        let fresh = |set: &[NodeIndex], node: NodeIndex| {
            if set.len() + 1 < threshold {
                return fits(set, node);
            }
            let whole: BTreeSet<NodeIndex> = set.iter().copied().chain([node]).collect();
            !operation.failed_sets.contains(&whole) && fits(set, node)
        };
        let rules: [&Fits<'_>; 2] = [&fresh, &fits];
        for rule in rules {
            if let Some(mut set) = first_set(&candidates, threshold, rule, SETS_MAX) {
                set.sort_unstable();
                return Ok(set);
            }
        }
        // Only bans are in the way if nobody is missing and without them there would be a set.
        let gone = |node| node != self.committee.me && !self.peers.reachable(node, now_mono_ms);
        let everybody = self.committee.members().all(|node| !execution.may_vote(node, number) || gone(node));
        let unbanned =
            |set: &[NodeIndex], node: NodeIndex| set.iter().all(|other| !self.peers.banned(*other, node));
        let possible = first_set(&quorum.nodes, threshold, &unbanned, SETS_MAX).is_some();
        Err(if everybody && !possible { NoSet::Banned } else { NoSet::NotYet })
    }

    /// The set-up of a pair, if both sides say the same (of our own pairs we know our side).
    fn set_up_of(&self, a: NodeIndex, b: NodeIndex) -> Option<[u8; 32]> {
        let said = |by: NodeIndex, of: NodeIndex| {
            if by == self.committee.me { self.pairs.id(of) } else { self.peers.announced_set_up(by, of) }
        };
        said(a, b).filter(|id| said(b, a) == Some(*id))
    }

    pub(crate) fn on_trouble(
        &mut self,
        from: NodeIndex,
        place: (RequestId, OperationNumber, u8),
        nodes: Vec<NodeIndex>,
        ended: bool,
        turn: &mut Turn<'_>,
    ) {
        let (id, number, attempt) = place;
        if nodes.len() > self.committee.size() {
            turn.fault(from, "trouble_size");
            return;
        }
        self.with(id, |engine, execution| {
            let Some(operation) = execution.operations.get(&number) else { return };
            if operation.decided() {
                // It lost the last message of an attempt that went well for us.
                return engine.tell_decision(execution, number, from, turn);
            }
            let ours = operation.proposed.as_ref();
            if ours.is_some_and(|proposed| proposed.attempt == attempt && proposed.signers.contains(&from)) {
                engine.consider_trouble(execution, (number, attempt), &nodes, ended, turn);
            }
        });
    }

    /// A signer says that an attempt of ours stalls or has ended: another set is tried.
    fn consider_trouble(
        &mut self,
        execution: &mut Execution,
        place: (OperationNumber, u8),
        nodes: &[NodeIndex],
        ended: bool,
        turn: &mut Turn<'_>,
    ) {
        let (number, attempt) = place;
        let Some(operation) = execution.operations.get_mut(&number) else { return };
        let Some(proposed) = operation.proposed.as_ref().filter(|proposed| proposed.attempt == attempt)
        else {
            return;
        };
        // A signer can only blame those it was to sign with, and blame moves them back in line, no more.
        let blamed: Vec<NodeIndex> =
            nodes.iter().copied().filter(|node| proposed.signers.contains(node)).collect();
        self.peers.failed(&blamed, turn.now.mono_ms);
        if ended {
            operation.give_up_proposal();
            // One of its signers is out of it: our own part of it would only be in others' way.
            let me = self.committee.me;
            if operation.live.as_ref().is_some_and(|live| live.coordinator == me && live.number == attempt)
                && let Some(dead) = operation.live.take()
            {
                self.sessions.remove(&dead.session);
            }
            if nodes.is_empty() {
                // Another coordinator came first, as a rule, and is not disturbed before it stalls. Each
                // waits for another while, so that two that were in each other's way are not again.
                let turn_ms = (u64::from(self.committee.me.get()) * TURN_MS).min(limits::HEDGE_MS);
                let wait = limits::HEDGE_MS / 4 + turn_ms;
                operation.not_before_mono_ms = operation.not_before_mono_ms.max(turn.now.mono_ms + wait);
            } else {
                operation.tried = operation.tried.saturating_add(1);
            }
            self.evaluate_votes(execution, number, turn);
            return;
        }
        // Only stalled: it may still end well, so it is given up only for a set without those it waits for.
        let Some(quorum) = execution
            .groups(number)
            .into_iter()
            .find(|group| group.kind == GroupKind::Intent && group.nodes.len() >= self.committee.threshold())
        else {
            return;
        };
        let better = self
            .choose(execution, number, &quorum, turn.now.mono_ms)
            .is_ok_and(|set| blamed.iter().all(|node| !set.contains(node)));
        if better && !blamed.is_empty() {
            if let Some(operation) = execution.operations.get_mut(&number) {
                operation.give_up_proposal();
                operation.tried = operation.tried.saturating_add(1);
            }
            self.evaluate_votes(execution, number, turn);
        }
    }

    /// Gives up proposals of which nothing was heard.
    pub(crate) fn tick_proposals(&mut self, execution: &mut Execution, turn: &mut Turn<'_>) {
        if !execution.coordinating {
            return;
        }
        let now = turn.now.mono_ms;
        let numbers: Vec<OperationNumber> = execution.operations.keys().copied().collect();
        for number in numbers {
            let Some(operation) = execution.operations.get_mut(&number) else { continue };
            if operation.proposed.as_ref().is_some_and(|proposed| now >= proposed.until_mono_ms) {
                operation.give_up_proposal();
                operation.tried = operation.tried.saturating_add(1);
            }
            if !operation.decided() && operation.proposed.is_none() {
                if now >= operation.not_before_mono_ms {
                    operation.not_before_mono_ms = 0;
                }
                self.evaluate_votes(execution, number, turn);
            }
        }
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

fn evidence(execution: &Execution, number: OperationNumber) -> Evidence {
    let votes =
        execution.operations.get(&number).map(|operation| operation.votes.values().cloned().collect());
    let voted = |node: &NodeIndex| {
        execution.operations.get(&number).is_some_and(|operation| operation.votes.contains_key(node))
    };
    let ended = execution.outcomes.iter().filter(|(node, _)| !voted(node));
    Evidence {
        votes: votes.unwrap_or_default(),
        statements: ended.map(|(_, outcome)| outcome.statement.clone()).collect(),
    }
}

/// The votes that differ from one node's, or from the lowest node's if no quorum agrees.
///
/// Without a quorum the lowest node is listed as well: nobody is right.
pub(crate) fn odd_nodes(
    execution: &Execution,
    number: OperationNumber,
    quorum: Option<NodeIndex>,
) -> Vec<OddNode> {
    let Some(operation) = execution.operations.get(&number) else { return Vec::new() };
    let reference = quorum.or_else(|| operation.votes.keys().next().copied());
    let Some(reference) = reference.and_then(|node| operation.votes.get(&node)) else { return Vec::new() };
    let entries = operation.votes.values().filter_map(|vote| {
        let field = match reference.body.first_difference(&vote.body) {
            Some(field) => field,
            None if quorum.is_none() => {
                operation.votes.values().find_map(|other| vote.body.first_difference(&other.body))?
            }
            None => return None,
        };
        Some(OddNode {
            node: vote.node,
            operation: number,
            field: field.to_owned(),
            intent: vote.body.hash(),
            vote: vote.clone(),
            against: quorum.is_some().then(|| reference.clone()),
        })
    });
    entries.collect()
}
