//! Signing attempts, as a signer: check the proposal, run the rounds, let the last message go.
//!
//! A proposal is made by a coordinator that is trusted with nothing. The steps' numbers are those of
//! `docs/protocols/execution.md`.

use std::collections::BTreeMap;

use quorate_threshold::{
    EcdsaSign, EcdsaSignature, Failure, Outcome, Outgoing, PartyIndex, SigningInput, Step,
};
use quorate_wire::{
    BanNotice, ErrorCode, Intent, NodeIndex, OperationNumber, PeerMessage, Proposal, RequestId, RoundMessage,
    Transcript, limits,
};

use crate::{
    Engine, Report,
    committee::{node, party},
    execution::{Attempt, Execution, split_last},
    turn::Turn,
};

impl Engine {
    pub(crate) fn on_propose(&mut self, from: NodeIndex, proposal: Proposal, turn: &mut Turn<'_>) {
        let id = proposal.request;
        self.with(id, |engine, execution| {
            if from == engine.committee.me || execution.coordinators.contains_key(&from) {
                engine.consider(execution, from, &proposal, turn);
            } else {
                turn.fault(from, "not_a_coordinator");
            }
        });
    }

    /// Joins a proposed attempt, or says no.
    fn consider(
        &mut self,
        execution: &mut Execution,
        from: NodeIndex,
        proposal: &Proposal,
        turn: &mut Turn<'_>,
    ) {
        if let Err(check) = self.check_proposal(execution, from, proposal, turn.now.mono_ms) {
            // Two coordinators, an attempt that just ended, or a ban that was told to us alone can make an honest proposal stale.
            let stale =
                ["proposal_over", "proposal_fresh", "proposal_live", "proposal_set_ups", "proposal_banned"];
            if !stale.contains(&check) {
                turn.fault(from, check);
            }
            // Told to the proposer alone: another coordinator may have a live attempt of this number.
            let place = (from, proposal.operation, proposal.attempt);
            tell_failed(execution.id, place, Vec::new(), turn);
            self.tell_offer(execution, proposal.operation, turn);
            self.tell_signature(execution, proposal.operation, from, turn);
            return;
        }
        self.join(execution, from, proposal, turn);
    }

    /// Everything that makes a proposal one that this node may sign under.
    fn check_proposal(
        &self,
        execution: &Execution,
        from: NodeIndex,
        proposal: &Proposal,
        now_mono_ms: u64,
    ) -> Result<(), &'static str> {
        let me = self.committee.me;
        let operation = execution.operations.get(&proposal.operation).ok_or("proposal_operation")?;
        if !execution.running()
            || !operation.waits()
            || operation.signature.is_some()
            || operation.made.is_some()
        {
            return Err("proposal_over");
        }
        let own =
            operation.own.as_ref().filter(|vote| vote.body.intent().is_some()).ok_or("proposal_denied")?;
        if own.body.hash() != proposal.intent {
            return Err("proposal_intent");
        }
        let joined = operation.joined.get(&from).copied().unwrap_or_default();
        let grows = proposal.attempt > joined.last && proposal.attempt <= limits::PROPOSALS_MAX;
        if proposal.coordinator != from || !grows || joined.count >= limits::ATTEMPTS_MAX {
            return Err("proposal_attempt");
        }
        // An attempt of a coordinator that comes before this one is not disturbed before it stalls.
        let undisturbed = |live: &Attempt| {
            live.coordinator != from
                && now_mono_ms < live.stalls_mono_ms
                && !self.precedes(execution, from, live.coordinator)
        };
        if operation.live.as_ref().is_some_and(undisturbed) {
            return Err("proposal_live");
        }
        let signers: Vec<NodeIndex> = proposal.signers.iter().map(|(signer, _)| *signer).collect();
        let ascending = signers.windows(2).all(|pair| pair[0] < pair[1]);
        let members = signers.iter().all(|signer| self.committee.is_member(*signer));
        if signers.len() != self.committee.threshold() || !ascending || !members || !signers.contains(&me) {
            return Err("proposal_signers");
        }
        let own_bytes = proposal.signers.iter().find(|(signer, _)| *signer == me).map(|(_, fresh)| *fresh);
        if operation.offered.is_none() || own_bytes != operation.offered {
            return Err("proposal_fresh");
        }
        let pairs = pairs_of(&signers);
        if proposal.set_ups.len() != pairs.len() {
            return Err("proposal_set_ups");
        }
        for ((a, b), set_up) in pairs.into_iter().zip(&proposal.set_ups) {
            if self.peers.banned(a, b) {
                return Err("proposal_banned");
            }
            let peer = if a == me { b } else { a };
            if (a == me || b == me) && self.pairs.id(peer) != Some(*set_up) {
                return Err("proposal_set_ups");
            }
        }
        Ok(())
    }

    /// Begins the rounds. What was offered is spent here, whatever becomes of the attempt.
    fn join(
        &mut self,
        execution: &mut Execution,
        coordinator: NodeIndex,
        proposal: &Proposal,
        turn: &mut Turn<'_>,
    ) {
        let Some(root) = self.founding.root() else { return };
        let Some(operation) = execution.operations.get_mut(&proposal.operation) else { return };
        let Some(intent) = operation.intent() else { return };
        let session = session_id(self, root.as_bytes(), execution.id, operation.tweak, intent, proposal);
        let digest = intent.digest.0;
        let tweak = operation.tweak;
        operation.offered = Some(turn.fresh());
        let joined = operation.joined.entry(coordinator).or_default();
        joined.last = proposal.attempt;
        joined.count = joined.count.saturating_add(1);
        // At most one attempt of an operation lives; the older one's secrets end here.
        let replaced = operation.live.take();
        if let Some(old) = &replaced {
            self.sessions.remove(&old.session);
        }
        let signers: Vec<NodeIndex> = proposal.signers.iter().map(|(signer, _)| *signer).collect();
        let parties: Vec<PartyIndex> = signers.iter().map(|signer| party(*signer)).collect();
        // It tried again before that one could stall. One that another's replaces has not failed.
        if replaced.is_some_and(|old| old.coordinator == coordinator) {
            self.stalled(execution, coordinator, turn.now.mono_ms);
        }
        let Some(operation) = execution.operations.get_mut(&proposal.operation) else { return };
        let Some(share) = self.founding.share() else { return };
        let input =
            SigningInput { share, pairs: self.pairs.states(), tweak, digest, signers: &parties, session };
        match EcdsaSign::start(input) {
            Err(_) => {
                let place = (coordinator, proposal.operation, proposal.attempt);
                tell_failed(execution.id, place, Vec::new(), turn);
            }
            Ok((driver, messages)) => {
                operation.live = Some(Attempt {
                    number: proposal.attempt,
                    coordinator,
                    set_ups: signers
                        .iter()
                        .filter_map(|signer| Some((*signer, self.pairs.id(*signer)?)))
                        .collect(),
                    session,
                    signers,
                    driver,
                    stalls_mono_ms: turn.now.mono_ms + limits::HEDGE_MS,
                    until_mono_ms: turn.now.mono_ms + limits::SIGNING_ROUND_MS,
                    stall_told: false,
                });
                self.sessions.insert(session, (execution.id, proposal.operation));
                send_rounds(session, messages, turn);
                for (from, payload) in self.early_rounds.take(&session) {
                    self.receive_round(
                        execution,
                        proposal.operation,
                        from,
                        &RoundMessage { session, payload },
                        turn,
                    );
                }
            }
        }
        self.tell_offer(execution, proposal.operation, turn);
    }

    pub(crate) fn on_round(&mut self, from: NodeIndex, message: RoundMessage, turn: &mut Turn<'_>) {
        if message.payload.len() > limits::ROUND_PAYLOAD_BYTES_MAX {
            turn.fault(from, "round_length");
            return;
        }
        match self.sessions.get(&message.session).copied() {
            None => self.early_rounds.keep(message.session, from, message.payload, turn.now.mono_ms),
            Some((id, number)) => {
                self.with(id, |engine, execution| {
                    engine.receive_round(execution, number, from, &message, turn);
                });
            }
        }
    }

    fn receive_round(
        &mut self,
        execution: &mut Execution,
        number: OperationNumber,
        from: NodeIndex,
        message: &RoundMessage,
        turn: &mut Turn<'_>,
    ) {
        let live = execution.operations.get_mut(&number).and_then(|operation| operation.live.as_mut());
        let Some(attempt) = live.filter(|attempt| attempt.session == message.session) else { return };
        match attempt.driver.receive(party(from), &message.payload) {
            Err(_) => turn.fault(from, "round_sender"),
            Ok(step) => self.advance(execution, number, step, turn),
        }
    }

    fn advance(
        &mut self,
        execution: &mut Execution,
        number: OperationNumber,
        step: Step<EcdsaSignature>,
        turn: &mut Turn<'_>,
    ) {
        let Some(operation) = execution.operations.get(&number) else { return };
        let Some(attempt) = operation.live.as_ref() else { return };
        let (session, signers) = (attempt.session, attempt.signers.clone());
        let place = (attempt.coordinator, number, attempt.number);
        let Some(right) = operation.right else { return };
        let (messages, last) = split_last(step.messages);
        send_rounds(session, messages, turn);
        if !last.is_empty() {
            // Is it still allowed? After these messages the signature is out of this node's hands.
            if let Err(code) = self.may_sign(execution, &right, turn) {
                self.drop_attempt(execution, number);
                self.refuse(execution, number, code, turn);
                let me = self.committee.me;
                tell_failed(execution.id, place, vec![me], turn);
                return;
            }
            send_rounds(session, last, turn);
        }
        match step.outcome {
            None => {}
            Some(Outcome::Done(signature)) => {
                let bytes = (signature.to_bytes(), signature.recovery_id);
                self.drop_attempt(execution, number);
                self.made(execution, number, (bytes, &signers), turn);
            }
            Some(Outcome::Failed(failure)) => {
                let attempt = self.drop_attempt(execution, number);
                self.stalled(execution, place.0, turn.now.mono_ms);
                let set_ups = attempt.map(|attempt| attempt.set_ups).unwrap_or_default();
                self.on_failure(execution, place, (&failure, &set_ups), turn);
            }
        }
    }

    fn on_failure(
        &mut self,
        execution: &mut Execution,
        place: (NodeIndex, OperationNumber, u8),
        failure: (&Failure, &BTreeMap<NodeIndex, [u8; 32]>),
        turn: &mut Turn<'_>,
    ) {
        let (failure, set_ups) = failure;
        if let Failure::Ban { counterparty, .. } = failure {
            let counterparty = node(*counterparty);
            if let Some(set_up) = set_ups.get(&counterparty).copied() {
                let notice = BanNotice {
                    network: self.committee.id,
                    epoch: self.committee.epoch,
                    counterparty,
                    set_up,
                };
                self.peers.ban(&self.committee, notice, turn);
            }
        }
        let culprits: Vec<NodeIndex> = failure.culprits().iter().map(|culprit| node(*culprit)).collect();
        turn.report(Report::AttemptFailed { request: execution.id, culprits: culprits.clone() });
        tell_failed(execution.id, place, culprits, turn);
    }

    pub(crate) fn drop_attempt(
        &mut self,
        execution: &mut Execution,
        number: OperationNumber,
    ) -> Option<Attempt> {
        let attempt = execution.operations.get_mut(&number)?.live.take()?;
        self.sessions.remove(&attempt.session);
        Some(attempt)
    }

    /// Ends every attempt of a run that has ended.
    pub(crate) fn drop_attempts(&mut self, execution: &mut Execution) {
        let numbers: Vec<OperationNumber> = execution.operations.keys().copied().collect();
        for number in numbers {
            self.drop_attempt(execution, number);
        }
    }

    /// Tells of attempts that wait too long, and ends those that have waited long enough.
    pub(crate) fn tick_attempts(&mut self, execution: &mut Execution, turn: &mut Turn<'_>) {
        let now = turn.now.mono_ms;
        let numbers: Vec<OperationNumber> = execution.operations.keys().copied().collect();
        for number in numbers {
            let live = execution.operations.get_mut(&number).and_then(|operation| operation.live.as_mut());
            let Some(attempt) = live else { continue };
            let silent: Vec<NodeIndex> = attempt.driver.waiting_for().into_iter().map(node).collect();
            let place = (attempt.coordinator, number, attempt.number);
            if now >= attempt.until_mono_ms {
                self.drop_attempt(execution, number);
                turn.report(Report::AttemptFailed { request: execution.id, culprits: silent.clone() });
                tell_failed(execution.id, place, silent, turn);
            } else if now >= attempt.stalls_mono_ms && !attempt.stall_told {
                attempt.stall_told = true;
                let (coordinator, operation, attempt) = place;
                self.stalled(execution, coordinator, now);
                let request = execution.id;
                let message = PeerMessage::Stalled { request, operation, attempt, waiting_for: silent };
                turn.send(coordinator, message);
            }
        }
    }

    /// A host call of a run that has ended is never answered with a signature.
    pub(crate) fn stop_run(&mut self, execution: &mut Execution, code: ErrorCode, turn: &mut Turn<'_>) {
        turn.effects.push(crate::Effect::CancelAction { run: execution.root });
        let end = crate::ActionEnd {
            result: Err(crate::execution::failure(code)),
            logs: String::new(),
            usage: Default::default(),
        };
        self.end_run(execution, end, turn);
    }
}

/// Tells an attempt's coordinator, which may be this node, that it has ended without a signature.
fn tell_failed(
    request: RequestId,
    (coordinator, operation, attempt): (NodeIndex, OperationNumber, u8),
    culprits: Vec<NodeIndex>,
    turn: &mut Turn<'_>,
) {
    turn.send(coordinator, PeerMessage::AttemptFailed { request, operation, attempt, culprits });
}

/// All pairs of an ascending list, in ascending order.
pub(crate) fn pairs_of(signers: &[NodeIndex]) -> Vec<(NodeIndex, NodeIndex)> {
    let mut pairs = Vec::new();
    for (place, a) in signers.iter().enumerate() {
        pairs.extend(signers[place + 1..].iter().map(|b| (*a, *b)));
    }
    pairs
}

fn send_rounds(session: [u8; 32], messages: Vec<Outgoing>, turn: &mut Turn<'_>) {
    for Outgoing { to, payload, .. } in messages {
        turn.send(node(to), PeerMessage::Round(RoundMessage { session, payload }));
    }
}

/// The id of one attempt. Every signer computes it from what it holds itself: a coordinator that
/// tells signers different things only makes their ids differ, and nothing is signed.
fn session_id(
    engine: &Engine,
    root: &[u8; 33],
    request: RequestId,
    tweak: [u8; 32],
    intent: &Intent,
    proposal: &Proposal,
) -> [u8; 32] {
    let mut transcript = Transcript::new("quorate/session/v1")
        .field(&engine.committee.id.0)
        .number(engine.committee.epoch)
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
