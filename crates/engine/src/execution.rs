//! One execution at one node: what both roles know of it, the member, and the coordinator if a caller asked this node.
//!
//! Messages are handed to the role that they are for, those of this node to itself as those of its peers.

use quorate_threshold::value::Partial;
use quorate_wire::{
    Decision, Digest, ErrorCode, NodeIndex, OperationNumber, PeerMessage, RequestId, Signed, ValuePoint,
    Verdict, Vote,
};

use crate::{
    coordinator::{Coordinator, keep_vote},
    facts::Facts,
    member::{DRAWN, Judged, Member, spoilt},
    node::Scene,
    votes::outcome_bytes,
};

/// How many further words of a member on what an operation came to are judged, beside the first: each costs as many signature
/// checks as there are members.
const FURTHER_WORDS_MAX: u8 = 3;

pub(crate) struct Execution {
    pub(crate) facts: Facts,
    pub(crate) member: Member,
    pub(crate) coordinator: Option<Coordinator>,
}

/// The two roles of this node in one execution.
pub(crate) struct Roles<'a> {
    pub(crate) member: &'a mut Member,
    pub(crate) coordinator: &'a mut Option<Coordinator>,
}

impl Execution {
    /// Whether nobody waits for anything of it here.
    pub(crate) fn idle(&self) -> bool {
        !self.facts.running() && !self.coordinator.as_ref().is_some_and(Coordinator::awaited)
    }

    /// When something of it is due.
    pub(crate) fn next_deadline(&self) -> u64 {
        let decided = |number| self.facts.decided(number);
        let coordinator =
            self.coordinator.as_ref().and_then(|coordinator| coordinator.next_deadline(decided));
        let next = self.member.next_deadline().into_iter().chain(coordinator);
        next.fold(self.facts.deadline_mono_ms, u64::min)
    }

    /// About how many bytes of texts it holds.
    pub(crate) fn weight(&self) -> usize {
        let outcome = self.member.outcome.as_ref();
        let own = outcome.map_or(0, outcome_bytes);
        let coordinator = self.coordinator.as_ref().map_or(0, Coordinator::weight);
        self.facts.request.params.get().len() + self.facts.kept_bytes() + own + coordinator
    }

    /// Operations that are there because of a peer, and bytes of what it said of them.
    pub(crate) fn held_for(&self, peer: NodeIndex) -> (usize, usize) {
        let said = self.facts.operations.keys().filter_map(|number| {
            let counted = self.coordinator.as_ref().and_then(|of| of.held_for(peer, *number));
            let parts = [self.facts.held_for(peer, *number), counted];
            parts.into_iter().flatten().reduce(usize::saturating_add)
        });
        said.fold((0, 0), |(operations, bytes), size| (operations + 1, size.saturating_add(bytes)))
    }
}

impl Roles<'_> {
    /// Handles what a node says of the execution to one role of ours, or to both.
    pub(crate) fn on_message(&mut self, from: NodeIndex, message: PeerMessage, scene: &mut Scene<'_, '_>) {
        match message {
            PeerMessage::Vote(vote) => self.on_vote(from, vote, scene),
            PeerMessage::Decided { operation, decision, .. } => {
                self.on_decided(from, operation, decision, scene);
            }
            PeerMessage::Propose(proposal) => self.member.on_propose(from, &proposal, scene),
            PeerMessage::Diverged { operation, evidence, .. } => {
                self.member.on_diverged(from, operation, &evidence, scene);
            }
            PeerMessage::Leading { operation, .. } => {
                if scene.facts.running() && scene.keep((from, operation), 0) {
                    let known = scene.facts.operations.entry(operation).or_default();
                    known.succession.leading.entry(from).or_insert(scene.turn.now.mono_ms);
                }
            }
            PeerMessage::Stalled { operation, attempt, waiting_for, .. } => {
                self.on_trouble(from, (operation, attempt), (waiting_for, false), scene);
            }
            PeerMessage::AttemptFailed { operation, attempt, culprits, .. } => {
                self.on_trouble(from, (operation, attempt), (culprits, true), scene);
            }
            PeerMessage::Signature { operation, signature, recovery_id, .. } => {
                if scene.facts.decided(operation) {
                    scene.facts.tell_decision(operation, from, scene.turn);
                } else if let Some(coordinator) = self.coordinator {
                    coordinator.on_signature(from, (operation, (signature, recovery_id)), scene);
                }
            }
            PeerMessage::Share { operation, identity, share, .. } => {
                self.on_share(from, (operation, identity), &share, scene);
            }
            PeerMessage::Offer(offer) => {
                if let Some(coordinator) = self.coordinator {
                    coordinator.on_offer(from, offer, scene);
                }
            }
            PeerMessage::Led(value) => {
                if let Some(coordinator) = self.coordinator {
                    coordinator.on_led(from, value, scene);
                }
            }
            PeerMessage::Refused { code, detail, .. } => {
                if let Some(coordinator) = self.coordinator {
                    coordinator.on_refused(from, (code, detail), scene);
                }
            }
            PeerMessage::Outcome(outcome) => {
                if let Some(coordinator) = self.coordinator {
                    coordinator.on_outcome(from, *outcome, scene);
                }
            }
            PeerMessage::Hello(_)
            | PeerMessage::Stale(_)
            | PeerMessage::Ping(_)
            | PeerMessage::Execute(_)
            | PeerMessage::Round(_)
            | PeerMessage::Ban(_)
            | PeerMessage::Revocation(_)
            | PeerMessage::HeldRevocation(_)
            | PeerMessage::RefusedRevocation { .. }
            | PeerMessage::StartKeygen { .. }
            | PeerMessage::StartPair { .. }
            | PeerMessage::JoinPair { .. }
            | PeerMessage::Keygen(_)
            | PeerMessage::Pair(_)
            | PeerMessage::Confirm(_)
            | PeerMessage::Refuse(_)
            | PeerMessage::Certificate(_)
            | PeerMessage::RootsVote { .. }
            | PeerMessage::Head(_) => scene.turn.fault(from, "message_kind"),
        }
    }

    /// A vote: a coordinator counts it, and of a function that one node runs a member notes who came.
    fn on_vote(&mut self, from: NodeIndex, vote: Signed<Vote>, scene: &mut Scene<'_, '_>) {
        let number = vote.body.operation;
        let own = from == scene.me();
        let drawing = matches!(vote.body.verdict, Verdict::Draw { .. });
        if drawing && scene.facts.decision(number).is_some() {
            // It may have come late: whatever it gives, the value stands.
            scene.facts.tell_decision(number, from, scene.turn);
        }
        if drawing && !own && scene.facts.spoilt_by(number, from) {
            // Named once; every further one costs it, too.
            return scene.turn.fault(from, "partial");
        }
        let counting = self.coordinator.as_ref();
        // Looked up first: a signature is verified only where the vote can still count.
        let known = counting.and_then(|coordinator| coordinator.vote_of(from, number));
        match known.map(|known| *known == vote) {
            // Said again: it may not have heard what the operation came to.
            Some(true) => return scene.facts.tell_decision(number, from, scene.turn),
            Some(false) if !scene.node.committee.sound_vote(&vote) => return scene.turn.fault(from, "vote"),
            Some(false) => return scene.stated_otherwise(number, (from, "two_votes")),
            None => {}
        }
        let once = matches!(vote.body.verdict, Verdict::Once { .. });
        let wanted = match counting {
            // After the answer, where it can name an odd node, or our own run has come to the operation.
            Some(coordinator) => coordinator.counts(number) || scene.facts.operations.contains_key(&number),
            // Where nobody coordinates a vote is only heard, once.
            None => {
                let first = once && !scene.facts.came(number, from)
                    || drawing
                        && scene.facts.decision(number).is_none()
                        && !scene.facts.gave_partial(number, from);
                first && scene.facts.running()
            }
        };
        if !wanted {
            return;
        }
        if !own && !scene.node.committee.sound_vote(&vote) {
            return scene.turn.fault(from, "vote");
        }
        if !keep_vote(&vote, scene) {
            return;
        }
        if !take_partial(&vote, scene) {
            // One more can be the one too many.
            return self.member.draw(number, scene);
        }
        scene.node.note_came(scene.facts, &vote, scene.turn.now.mono_ms);
        if let Some(coordinator) = self.coordinator {
            coordinator.on_vote(vote, scene);
        }
        if drawing {
            self.member.draw(number, scene);
        }
    }

    /// A member's share of what opens a ciphertext.
    fn on_share(
        &mut self,
        from: NodeIndex,
        (number, identity): (OperationNumber, Digest),
        share: &ValuePoint,
        scene: &mut Scene<'_, '_>,
    ) {
        if scene.facts.decision(number).is_some() {
            // It may have come late: the value is made.
            return scene.facts.tell_decision(number, from, scene.turn);
        }
        if scene.facts.spoilt_by(number, from) {
            return scene.turn.fault(from, "partial");
        }
        if scene.facts.gave_partial(number, from) || !scene.facts.running() {
            return;
        }
        if !scene.keep((from, number), share.0.len() + identity.0.len()) {
            return;
        }
        match Partial::from_bytes(&share.0) {
            Ok(partial) => {
                let known = scene.facts.operations.entry(number).or_default();
                known.partials.give(from, identity, partial);
            }
            Err(_) => spoilt(number, from, scene),
        }
        self.member.open(number, scene);
    }

    /// A member says what an operation came to: our own run goes on with it, and a coordinator may take it over.
    fn on_decided(
        &mut self,
        from: NodeIndex,
        number: OperationNumber,
        decision: Decision,
        scene: &mut Scene<'_, '_>,
    ) {
        let own = from == scene.me();
        // A threshold value proves itself, whoever says it.
        let heard = own
            || scene.facts.coordinating()
            || scene.facts.coordinators.contains_key(&from)
            || matches!(decision, Decision::Drawn(_) | Decision::Opened(_));
        let known = scene.facts.operations.get(&number);
        // Another word of the same member is looked at: the first may be one that nobody can take yet, or ever.
        let known =
            known.is_some_and(|of| of.decision.is_some() || of.candidates.get(&from) == Some(&decision));
        if !heard || known || !scene.facts.running() {
            return;
        }
        if !own && !scene.node.committee.bounded_decision(&decision) {
            return scene.turn.fault(from, "too_much");
        }
        let known = scene.facts.operations.get_mut(&number);
        let again = known.filter(|of| of.candidates.contains_key(&from));
        let further = again.map(|of| of.further.entry(from).or_default());
        let again = further.is_some();
        if let Some(further) = further {
            if *further >= FURTHER_WORDS_MAX {
                return;
            }
            *further += 1;
        }
        let judged = self.member.judge_decision(number, (from, &decision), scene);
        // The first word is kept until one can be judged.
        if again && judged == Judged::NotYet {
            return;
        }
        let fits = scene.keep((from, number), crate::facts::bytes_of(&decision));
        // What our own run goes on with at once is never dropped for what else the peer carries.
        if !fits && judged == Judged::NotYet {
            return;
        }
        self.member.take_decision(number, (from, decision, judged), scene);
        if let Some(coordinator) = self.coordinator {
            coordinator.evaluate(number, scene);
        }
    }

    fn on_trouble(
        &mut self,
        from: NodeIndex,
        (operation, attempt): (OperationNumber, u8),
        (nodes, ended): (Vec<NodeIndex>, bool),
        scene: &mut Scene<'_, '_>,
    ) {
        if scene.facts.decided(operation) {
            // It lost the last message of an attempt that went well for us.
            scene.facts.tell_decision(operation, from, scene.turn);
        } else if let Some(coordinator) = self.coordinator {
            coordinator.on_trouble(from, (operation, attempt), (&nodes, ended), scene);
        }
    }

    /// What is due.
    pub(crate) fn tick(&mut self, scene: &mut Scene<'_, '_>) {
        self.member.tick(scene);
        if let Some(coordinator) = self.coordinator {
            coordinator.tick(scene);
        }
        let over = scene.now() >= scene.facts.deadline_mono_ms;
        if over && scene.facts.running() {
            // What it states is heard before callers are told that the time is over.
            self.member.stop_run(ErrorCode::DeadlineExceeded, scene);
        } else if let Some(coordinator) = self.coordinator {
            if over {
                coordinator.on_deadline(scene);
            } else {
                coordinator.check_quorum(scene);
                coordinator.check_runners(scene);
            }
        }
    }
}

/// Takes the partial that comes with a vote, if there is one. False if it is none: then nothing of the vote is kept.
fn take_partial(vote: &Signed<Vote>, scene: &mut Scene<'_, '_>) -> bool {
    let Verdict::Draw { partial } = &vote.body.verdict else { return true };
    let number = vote.body.operation;
    // Our own run has its own, and a value that stands needs no more.
    if vote.node == scene.me() || scene.facts.decision(number).is_some() {
        return true;
    }
    match Partial::from_bytes(&partial.0) {
        Ok(partial) => {
            scene.facts.operations.entry(number).or_default().partials.give(vote.node, DRAWN, partial);
            true
        }
        Err(_) => {
            spoilt(number, vote.node, scene);
            false
        }
    }
}

/// The execution that a message is about, if it is about one.
pub(crate) fn execution_of(message: &PeerMessage) -> Option<RequestId> {
    match message {
        PeerMessage::Refused { request, .. }
        | PeerMessage::Stalled { request, .. }
        | PeerMessage::AttemptFailed { request, .. }
        | PeerMessage::Signature { request, .. }
        | PeerMessage::Diverged { request, .. }
        | PeerMessage::Leading { request, .. }
        | PeerMessage::Share { request, .. }
        | PeerMessage::Decided { request, .. } => Some(*request),
        PeerMessage::Vote(vote) => Some(vote.body.request),
        PeerMessage::Offer(offer) => Some(offer.request),
        PeerMessage::Propose(proposal) => Some(proposal.request),
        PeerMessage::Led(value) => Some(value.body.request),
        PeerMessage::Outcome(outcome) => Some(outcome.statement.body.request),
        PeerMessage::Hello(_)
        | PeerMessage::Stale(_)
        | PeerMessage::Ping(_)
        | PeerMessage::Execute(_)
        | PeerMessage::Round(_)
        | PeerMessage::Ban(_)
        | PeerMessage::Revocation(_)
        | PeerMessage::HeldRevocation(_)
        | PeerMessage::RefusedRevocation { .. }
        | PeerMessage::StartKeygen { .. }
        | PeerMessage::StartPair { .. }
        | PeerMessage::JoinPair { .. }
        | PeerMessage::Keygen(_)
        | PeerMessage::Pair(_)
        | PeerMessage::Confirm(_)
        | PeerMessage::Refuse(_)
        | PeerMessage::Certificate(_)
        | PeerMessage::RootsVote { .. }
        | PeerMessage::Head(_) => None,
    }
}
