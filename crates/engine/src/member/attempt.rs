//! Signing attempts, as a signer: check the proposal, run the rounds, let the last message go.
//!
//! A proposal is made by a coordinator that is trusted with nothing. The steps' numbers are those of
//! `docs/protocols/execution.md`.

use std::collections::BTreeMap;

use quorate_threshold::{
    EcdsaSign, EcdsaSignature, Failure, Outcome, Outgoing, PartyIndex, SignSecp256k1, SigningInput, Step,
};
use quorate_wire::{
    BanNotice, Intent, NodeIndex, OperationNumber, PeerMessage, Proposal, RequestId, RoundMessage,
    Transcript, limits,
};

use super::{
    Member,
    operation::{Attempt, AttemptId, State},
    vote::may_sign_now,
};
use crate::{
    Report,
    committee::{node, pairs_of, party},
    node::{Node, Scene},
    turn::Turn,
};

/// Why a proposal is declined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Declined {
    /// Our run does not wait in the operation, or holds a signature of it.
    Over,
    /// It does not have the bytes that we offer.
    Fresh,
    /// A living attempt is not disturbed yet.
    Live,
    /// A pair's set-up is another one, or none.
    SetUps,
    /// Two of the signers are banned from each other.
    Banned,
    Operation,
    Intent,
    Attempt,
    Signers,
}

impl Declined {
    /// Two coordinators, an attempt that just ended, or a ban that was told to us alone can make an honest proposal
    /// stale. The others are faults, by these names.
    fn fault(self) -> Option<&'static str> {
        match self {
            Declined::Over | Declined::Fresh | Declined::Live | Declined::SetUps | Declined::Banned => None,
            Declined::Operation => Some("proposal_operation"),
            Declined::Intent => Some("proposal_intent"),
            Declined::Attempt => Some("proposal_attempt"),
            Declined::Signers => Some("proposal_signers"),
        }
    }
}

impl Member {
    /// Joins a proposed attempt, or says no.
    pub(crate) fn on_propose(&mut self, from: NodeIndex, proposal: &Proposal, scene: &mut Scene<'_, '_>) {
        if from != scene.me() && !scene.facts.coordinators.contains_key(&from) {
            scene.turn.fault(from, "not_a_coordinator");
            return;
        }
        let number = proposal.operation;
        let Err(declined) = self.check_proposal(from, proposal, scene) else {
            return self.join(from, proposal, scene);
        };
        if let Some(check) = declined.fault() {
            scene.turn.fault(from, check);
        }
        // Told to the proposer alone: another coordinator may have a live attempt of this number.
        let id = AttemptId { coordinator: from, operation: number, number: proposal.attempt };
        id.tell_failed(Vec::new(), scene);
        self.tell_offer(number, scene);
        self.tell_signature(number, from, scene);
    }

    /// Everything that makes a proposal one that this node may sign under.
    fn check_proposal(
        &self,
        from: NodeIndex,
        proposal: &Proposal,
        scene: &Scene<'_, '_>,
    ) -> Result<(), Declined> {
        let (node, me, now) = (&*scene.node, scene.me(), scene.now());
        // An operation of which peers alone have spoken: our run may have begun anew since it offered.
        let heard = scene.facts.operations.contains_key(&proposal.operation);
        let unknown = if heard { Declined::Over } else { Declined::Operation };
        let operation = self.operations.get(&proposal.operation).ok_or(unknown)?;
        let super::Work::Sign(signing) = &operation.work else {
            return Err(if operation.waits() { Declined::Operation } else { Declined::Over });
        };
        let Some(offered) = signing.offered().filter(|_| scene.facts.running()) else {
            return Err(Declined::Over);
        };
        if operation.vote.body.hash() != proposal.intent {
            return Err(Declined::Intent);
        }
        let joined = signing.joined.get(&from).copied().unwrap_or_default();
        let grows = proposal.attempt > joined.last && proposal.attempt <= limits::PROPOSALS_MAX;
        if proposal.coordinator != from || !grows || joined.count >= limits::ATTEMPTS_MAX {
            return Err(Declined::Attempt);
        }
        // An attempt of a coordinator that comes before this one is not disturbed before it stalls.
        if let State::Live { attempt: live, .. } = signing.state()
            && live.id.coordinator != from
            && now < live.stalls_mono_ms
            && !node.precedes(scene.facts, from, live.id.coordinator)
        {
            return Err(Declined::Live);
        }
        let signers: Vec<NodeIndex> = proposal.signers.iter().map(|(signer, _)| *signer).collect();
        let ascending = signers.windows(2).all(|pair| pair[0] < pair[1]);
        let members = signers.iter().all(|signer| node.committee.is_member(*signer));
        if signers.len() != node.committee.threshold() || !ascending || !members || !signers.contains(&me) {
            return Err(Declined::Signers);
        }
        if !proposal.signers.contains(&(me, offered)) {
            return Err(Declined::Fresh);
        }
        let pairs = pairs_of(&signers);
        if proposal.set_ups.len() != pairs.len() {
            return Err(Declined::SetUps);
        }
        for ((a, b), set_up) in pairs.into_iter().zip(&proposal.set_ups) {
            if node.peers.banned(a, b) {
                return Err(Declined::Banned);
            }
            let peer = if a == me { b } else { a };
            if (a == me || b == me) && node.pairs.id(peer) != Some(*set_up) {
                return Err(Declined::SetUps);
            }
        }
        Ok(())
    }

    /// Begins the rounds. What was offered is spent here, whatever becomes of the attempt.
    fn join(&mut self, coordinator: NodeIndex, proposal: &Proposal, scene: &mut Scene<'_, '_>) {
        let number = proposal.operation;
        let (Some(roots), Some(shares)) = (scene.node.founding.roots(), scene.node.founding.shares()) else {
            return;
        };
        let (root, share) = (roots.sign_secp256k1, shares.of::<SignSecp256k1>());
        let Some(operation) = self.operations.get_mut(&number) else { return };
        let Some(intent) = operation.intent().cloned() else { return };
        let Some(signing) = operation.signing() else { return };
        let tweak = signing.tweak;
        let session = session_id(scene.node, root.as_bytes(), scene.facts.id, (tweak, &intent), proposal);
        let fresh = scene.turn.fresh();
        let joined = signing.joined.entry(coordinator).or_default();
        joined.last = proposal.attempt;
        joined.count = joined.count.saturating_add(1);
        let signers: Vec<NodeIndex> = proposal.signers.iter().map(|(signer, _)| *signer).collect();
        let parties: Vec<PartyIndex> = signers.iter().map(|signer| party(*signer)).collect();
        let pairs = scene.node.pairs.states();
        let input = SigningInput { share, pairs, tweak, digest: intent.digest.0, signers: &parties, session };
        let started = EcdsaSign::start(input);
        let id = AttemptId { coordinator, operation: number, number: proposal.attempt };
        let now = scene.now();
        let (next, messages) = match started {
            Err(_) => (State::Offered { fresh }, None),
            Ok((driver, messages)) => {
                let set_up = |signer: &NodeIndex| Some((*signer, scene.node.pairs.id(*signer)?));
                let attempt = Attempt {
                    id,
                    set_ups: signers.iter().filter_map(set_up).collect(),
                    session,
                    signers,
                    driver,
                    stalls_mono_ms: now + limits::HEDGE_MS,
                    until_mono_ms: now + limits::SIGNING_ROUND_MS,
                    stall_told: false,
                };
                (State::Live { fresh, attempt: Box::new(attempt) }, Some(messages))
            }
        };
        // At most one attempt of an operation lives; the older one's secrets end here.
        if let Some(State::Live { attempt: old, .. }) = signing.go(next) {
            scene.node.end_session(&old.session);
            // It tried again before that one could stall. One that another's replaces has not failed.
            if old.id.coordinator == coordinator {
                scene.node.stalled(scene.facts, coordinator, now);
            }
        }
        match messages {
            None => id.tell_failed(Vec::new(), scene),
            Some(messages) => {
                scene.node.sessions.insert(session, (scene.facts.id, number));
                send_rounds(session, messages, scene.turn);
                for (from, payload) in scene.node.early_rounds.take(&session) {
                    self.on_round(number, from, &RoundMessage { session, payload }, scene);
                }
            }
        }
        self.tell_offer(number, scene);
    }

    /// A message of another signer, of a session that we are in.
    pub(crate) fn on_round(
        &mut self,
        number: OperationNumber,
        from: NodeIndex,
        message: &RoundMessage,
        scene: &mut Scene<'_, '_>,
    ) {
        let signing = self.operations.get_mut(&number).and_then(super::Operation::signing);
        let live = signing.and_then(super::operation::Signing::live);
        let Some(attempt) = live.filter(|attempt| attempt.session == message.session) else { return };
        match attempt.driver.receive(party(from), &message.payload) {
            Err(_) => scene.turn.fault(from, "round_sender"),
            Ok(step) => self.advance(number, step, scene),
        }
    }

    fn advance(&mut self, number: OperationNumber, step: Step<EcdsaSignature>, scene: &mut Scene<'_, '_>) {
        let signing = self.operations.get_mut(&number).and_then(super::Operation::signing);
        let Some(signing) = signing else { return };
        let right = signing.right;
        let Some(attempt) = signing.live() else { return };
        let (session, id) = (attempt.session, attempt.id);
        let (last, messages): (Vec<Outgoing>, Vec<Outgoing>) =
            step.messages.into_iter().partition(|message| message.last);
        send_rounds(session, messages, scene.turn);
        if !last.is_empty() {
            // Is it still allowed? After these messages the signature is out of this node's hands.
            if let Err(code) = may_sign_now(&right, scene) {
                scene.node.end_session(&session);
                self.refuse(number, code, scene);
                return id.tell_failed(vec![scene.me()], scene);
            }
            send_rounds(session, last, scene.turn);
        }
        match step.outcome {
            None => {}
            Some(Outcome::Done(signature)) => {
                let made = (signature.to_bytes(), signature.recovery_id);
                if let Some(State::Live { attempt, .. }) = signing.go(State::Made(made)) {
                    scene.node.end_session(&session);
                    self.tell_made(number, &attempt.signers, scene);
                }
            }
            Some(Outcome::Failed(failure)) => {
                let Some(attempt) = signing.drop_attempt() else { return };
                scene.node.end_session(&session);
                scene.node.stalled(scene.facts, id.coordinator, scene.turn.now.mono_ms);
                attempt_failed(id, (&failure, &attempt.set_ups), scene);
            }
        }
    }

    /// An attempt has given us a signature: whoever fixes it and was not in the attempt is told.
    fn tell_made(&self, number: OperationNumber, signers: &[NodeIndex], scene: &mut Scene<'_, '_>) {
        let me = scene.me();
        for to in scene.facts.coordinated_by(me) {
            if to == me || !signers.contains(&to) {
                self.tell_signature(number, to, scene);
            }
        }
    }

    /// Tells a coordinator the signature that we hold: what we go on with, or what an attempt gave.
    pub(super) fn tell_signature(&self, number: OperationNumber, to: NodeIndex, scene: &mut Scene<'_, '_>) {
        let Some(operation) = self.operations.get(&number) else { return };
        let super::Work::Sign(signing) = &operation.work else { return };
        match signing.state() {
            State::Signed(_) => scene.facts.tell_decision(number, to, scene.turn),
            State::Made((signature, recovery_id)) => {
                let request = scene.facts.id;
                let (signature, recovery_id) = (*signature, *recovery_id);
                let message = PeerMessage::Signature { request, operation: number, signature, recovery_id };
                scene.turn.send(to, message);
            }
            State::Offered { .. } | State::Live { .. } | State::Denied | State::Withdrawn => {}
        }
    }

    /// A coordinator of this node gives up an attempt: our own part in it would only be in others' way.
    pub(crate) fn on_abandoned(&mut self, number: OperationNumber, attempt: u8, scene: &mut Scene<'_, '_>) {
        let me = scene.me();
        let Some(signing) = self.operations.get_mut(&number).and_then(super::Operation::signing) else {
            return;
        };
        if signing.live().is_some_and(|live| live.id.coordinator == me && live.id.number == attempt)
            && let Some(dead) = signing.drop_attempt()
        {
            scene.node.end_session(&dead.session);
        }
    }

    /// Ends every attempt.
    pub(crate) fn drop_attempts(&mut self, node: &mut Node) {
        for operation in self.operations.values_mut() {
            if let Some(dead) = operation.signing().and_then(super::operation::Signing::drop_attempt) {
                node.end_session(&dead.session);
            }
        }
    }

    /// Tells of attempts that wait too long, and ends those that have waited long enough.
    pub(super) fn tick_attempts(&mut self, scene: &mut Scene<'_, '_>) {
        let (now, request) = (scene.now(), scene.facts.id);
        for operation in self.operations.values_mut() {
            let Some(signing) = operation.signing() else { continue };
            let Some(attempt) = signing.live() else { continue };
            let silent: Vec<NodeIndex> = attempt.driver.waiting_for().into_iter().map(node).collect();
            let id = attempt.id;
            if now >= attempt.until_mono_ms {
                if let Some(dead) = signing.drop_attempt() {
                    scene.node.end_session(&dead.session);
                }
                scene.turn.report(Report::AttemptFailed { request, culprits: silent.clone() });
                id.tell_failed(silent, scene);
            } else if now >= attempt.stalls_mono_ms && !attempt.stall_told {
                attempt.stall_told = true;
                scene.node.stalled(scene.facts, id.coordinator, now);
                let AttemptId { coordinator, operation, number: attempt } = id;
                let message = PeerMessage::Stalled { request, operation, attempt, waiting_for: silent };
                scene.turn.send(coordinator, message);
            }
        }
    }
}

impl AttemptId {
    /// Tells the attempt's coordinator, which may be this node, that it has ended without a signature.
    fn tell_failed(self, culprits: Vec<NodeIndex>, scene: &mut Scene<'_, '_>) {
        let AttemptId { coordinator, operation, number: attempt } = self;
        let request = scene.facts.id;
        scene.turn.send(coordinator, PeerMessage::AttemptFailed { request, operation, attempt, culprits });
    }
}

/// An attempt has failed by what others sent: bans where the oblivious transfer did, and tells its coordinator.
fn attempt_failed(
    id: AttemptId,
    (failure, set_ups): (&Failure, &BTreeMap<NodeIndex, [u8; 32]>),
    scene: &mut Scene<'_, '_>,
) {
    if let Failure::Ban { counterparty, .. } = failure {
        let counterparty = node(*counterparty);
        if let Some(set_up) = set_ups.get(&counterparty).copied() {
            let committee = &scene.node.committee;
            let notice = BanNotice {
                network: committee.id,
                epoch: committee.epoch,
                by: committee.key_of(committee.me),
                counterparty: committee.key_of(counterparty),
                set_up,
            };
            scene.node.peers.ban(committee, notice, scene.turn);
        }
    }
    let culprits: Vec<NodeIndex> = failure.culprits().iter().map(|culprit| node(*culprit)).collect();
    scene.turn.report(Report::AttemptFailed { request: scene.facts.id, culprits: culprits.clone() });
    id.tell_failed(culprits, scene);
}

fn send_rounds(session: [u8; 32], messages: Vec<Outgoing>, turn: &mut Turn<'_>) {
    for Outgoing { to, payload, .. } in messages {
        turn.send(node(to), PeerMessage::Round(RoundMessage { session, payload }));
    }
}

/// The id of one attempt. Every signer computes it from what it holds itself: a coordinator that
/// tells signers different things only makes their ids differ, and nothing is signed.
fn session_id(
    node: &Node,
    root: &[u8; 33],
    request: RequestId,
    (tweak, intent): ([u8; 32], &Intent),
    proposal: &Proposal,
) -> [u8; 32] {
    let mut transcript = Transcript::new("quorate/session/v1")
        .field(&node.committee.id.0)
        .number(node.committee.epoch)
        .field(root)
        .field(&tweak)
        .field(intent.key.as_bytes())
        .number(intent.scheme.number())
        .field(&intent.digest.0)
        .field(&proposal.intent.0)
        .field(&request.0)
        .number(proposal.operation.get().into())
        .number(proposal.coordinator.get().into())
        .number(proposal.attempt.into())
        .number(proposal.signers.len() as u64);
    for (signer, fresh) in &proposal.signers {
        transcript = transcript.number(signer.get().into()).field(fresh);
    }
    for set_up in &proposal.set_ups {
        transcript = transcript.field(set_up);
    }
    transcript.finish()
}
