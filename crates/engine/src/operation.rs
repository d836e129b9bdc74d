//! Operations: what the action asks keys to do, and what this node makes of it.

use quorate_wire::{
    Digest, EcdsaBytes, ErrorCode, Evidence, Intent, NodeIndex, Offer, PeerMessage, PublicKey, Refusal,
    RequestId, Scheme, Signed, Verdict, Vote, ecdsa_valid, limits,
};

use crate::{
    ActionEvent, EcdsaAnswer, Effect, Engine, Report, RunNumber, SignCall,
    authority::{Wish, may_sign_digest},
    execution::{Execution, Operation, failure},
    turn::Turn,
};

/// Order of secp256k1: a digest that is 0 modulo it is refused.
const CURVE_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xba,
    0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
];

impl Engine {
    pub(crate) fn on_action(&mut self, run: RunNumber, event: ActionEvent, turn: &mut Turn<'_>) {
        let Some(id) = self.runs.get(&run).copied() else { return };
        self.with(id, |engine, execution| match event {
            ActionEvent::Sign(call) => engine.on_sign(execution, call, turn),
            ActionEvent::Finished(end) => engine.end_run(execution, end, turn),
        });
    }

    /// A host call on a key: this node's own verdict, signed and told to whoever coordinates.
    fn on_sign(&mut self, execution: &mut Execution, call: SignCall, turn: &mut Turn<'_>) {
        let number = execution.next_operation;
        if number >= limits::OPERATIONS_MAX.min(self.committee.limits.signatures) {
            answer(execution.run, call.call, Err(ErrorCode::LimitSignatures), turn);
            return;
        }
        execution.next_operation += 1;
        let verdict = self.judge(execution, &call, turn);
        let (verdict, tweak) = match verdict {
            Ok((intent, tweak)) => (Verdict::Intent(intent), tweak),
            Err(code) => (Verdict::Denied(code), [0; 32]),
        };
        let denied = match &verdict {
            Verdict::Denied(code) => Some(*code),
            Verdict::Intent(_) => None,
        };
        let vote = self.committee.sign(Vote {
            network: self.committee.id,
            epoch: self.committee.epoch,
            request: execution.id,
            operation: number,
            verdict,
        });
        let operation = execution.operations.entry(number).or_default();
        operation.call = Some(call.call);
        operation.own = Some(vote);
        operation.tweak = tweak;
        operation.began_mono_ms = turn.now.mono_ms;
        if let Some(code) = denied {
            self.refuse(execution, number, code, turn);
        } else {
            operation.offered = Some(turn.fresh());
        }
        self.tell_vote(execution, number, turn);
        self.try_unchecked(execution, number, turn);
        if execution.coordinating {
            self.count_own_votes(execution);
            self.evaluate_votes(execution, number, turn);
        }
    }

    /// Is this a thing that can be signed, and may it be?
    fn judge(
        &self,
        execution: &mut Execution,
        call: &SignCall,
        turn: &Turn<'_>,
    ) -> Result<(Intent, [u8; 32]), ErrorCode> {
        let digest = <[u8; 32]>::try_from(call.to_sign.as_slice()).map_err(|_| ErrorCode::DigestLength)?;
        if digest == [0; 32] || digest == CURVE_ORDER {
            return Err(ErrorCode::DigestInvalid);
        }
        if call.name.is_empty() || call.name.len() > limits::SIGNATURE_NAME_BYTES_MAX {
            return Err(ErrorCode::SignatureNameInvalid);
        }
        if !execution.names.insert(call.name.clone()) {
            return Err(ErrorCode::SignatureNameDuplicate);
        }
        let key = PublicKey::from_sec1(&call.public_key).map_err(|_| ErrorCode::PkpUnknown)?;
        let tweak = self.may_sign(execution, &key, turn)?;
        let intent = Intent {
            action: execution.request.action,
            key,
            scheme: Scheme::EcdsaK256Sha256,
            digest: Digest(digest),
            name: call.name.clone(),
            guest: self.committee.guest,
        };
        Ok((intent, tweak))
    }

    /// May this execution use this key, now, at this node's own heads?
    pub(crate) fn may_sign(
        &self,
        execution: &Execution,
        key: &PublicKey,
        turn: &Turn<'_>,
    ) -> Result<[u8; 32], ErrorCode> {
        let (registry, root) = self.decided_by()?;
        let wish = Wish { key, action: &execution.request.action, session: &execution.session };
        may_sign_digest(registry.as_ref(), &root, turn.now.mono_ms, wish)
    }

    /// Refuses an operation to the action.
    pub(crate) fn refuse(
        &mut self,
        execution: &mut Execution,
        number: u32,
        code: ErrorCode,
        turn: &mut Turn<'_>,
    ) {
        turn.report(Report::Denied(code));
        execution.refusals.push(Refusal { operation: number, code });
        let Some(operation) = execution.operations.get_mut(&number) else { return };
        operation.offered = None;
        operation.result = Some(Err(code));
        answer_due(execution, turn);
    }

    /// Tells everybody who coordinates how we saw an operation, and offers fresh bytes for it.
    fn tell_vote(&self, execution: &Execution, number: u32, turn: &mut Turn<'_>) {
        let Some(operation) = execution.operations.get(&number) else { return };
        let Some(vote) = &operation.own else { return };
        turn.send_all(execution.coordinators.iter().copied(), &PeerMessage::Vote(vote.clone()));
        self.tell_offer(execution, number, turn);
    }

    pub(crate) fn tell_offer(&self, execution: &Execution, number: u32, turn: &mut Turn<'_>) {
        let Some(offer) = own_offer(execution, number) else { return };
        turn.send_all(execution.coordinators.iter().copied(), &PeerMessage::Offer(offer));
    }

    /// Tells one new coordinator all that we have told others.
    pub(crate) fn tell_all(&self, execution: &Execution, to: NodeIndex, turn: &mut Turn<'_>) {
        for (number, operation) in &execution.operations {
            let Some(vote) = &operation.own else { continue };
            turn.send(to, &PeerMessage::Vote(vote.clone()));
            if let Some((signature, recovery_id)) = operation.signature {
                let (request, operation) = (execution.id, *number);
                turn.send(to, &PeerMessage::Signature { request, operation, signature, recovery_id });
            } else if let Some(offer) = own_offer(execution, *number) {
                turn.send(to, &PeerMessage::Offer(offer));
            }
        }
        if let Some(outcome) = execution.outcomes.get(&self.committee.me) {
            turn.send(to, &PeerMessage::Outcome(Box::new(outcome.clone())));
        }
    }

    /// A signature that another node made. Whoever has the same intent can check it alone.
    pub(crate) fn on_signature(
        &mut self,
        from: NodeIndex,
        place: (RequestId, u32),
        signature: EcdsaBytes,
        turn: &mut Turn<'_>,
    ) {
        let (id, number) = place;
        if number >= limits::OPERATIONS_MAX {
            turn.fault(from, "operation_number");
            return;
        }
        self.with(id, |engine, execution| {
            if !execution.running() {
                return;
            }
            let operation = execution.operations.entry(number).or_default();
            if operation.signature.is_none() {
                operation.unchecked.insert(from, signature);
                engine.try_unchecked(execution, number, turn);
            }
        });
    }

    /// Takes a signature that fits our own intent, if one has come.
    fn try_unchecked(&mut self, execution: &mut Execution, number: u32, turn: &mut Turn<'_>) {
        let Some(operation) = execution.operations.get_mut(&number) else { return };
        let Some(intent) = operation.intent() else { return };
        let fits = |signature: &&EcdsaBytes| ecdsa_valid(&intent.key, &intent.digest, signature);
        let found = operation.unchecked.values().find(fits).copied();
        operation.unchecked.clear();
        if let Some(signature) = found {
            self.complete(execution, number, signature, turn);
        }
    }

    /// The operation has its signature: the action goes on.
    pub(crate) fn complete(
        &mut self,
        execution: &mut Execution,
        number: u32,
        signature: EcdsaBytes,
        turn: &mut Turn<'_>,
    ) {
        let Some(operation) = execution.operations.get_mut(&number) else { return };
        // Nothing waits for it if it was refused meanwhile: what is stated refused is never stated signed.
        if operation.signature.is_some() || !operation.waits() {
            return;
        }
        operation.signature = Some(signature);
        operation.offered = None;
        operation.proposed = None;
        let attempt = operation.live.take();
        if let Some(attempt) = &attempt {
            self.sessions.remove(&attempt.session);
        }
        turn.report(Report::Signed {
            request: execution.id,
            duration_ms: turn.now.mono_ms.saturating_sub(operation.began_mono_ms),
            attempt: operation.attempts(),
        });
        operation.result = Some(Ok(signature));
        answer_due(execution, turn);
    }

    pub(crate) fn on_vote(&mut self, from: NodeIndex, vote: Signed<Vote>, turn: &mut Turn<'_>) {
        let body = &vote.body;
        let (id, number) = (body.request, body.operation);
        if vote.node != from || number >= limits::OPERATIONS_MAX || !self.sound_vote(&vote) {
            turn.fault(from, "vote");
            return;
        }
        self.with(id, |engine, execution| {
            if !execution.coordinating {
                return;
            }
            execution.refused.remove(&from);
            let operation = execution.operations.entry(number).or_default();
            match operation.votes.get(&from) {
                Some(first) if *first == vote => {}
                Some(_) => turn.fault(from, "two_votes"),
                None => {
                    operation.votes.insert(from, vote);
                    operation.arrival.push(from);
                    engine.evaluate_votes(execution, number, turn);
                }
            }
        });
    }

    /// Whether a vote is of this network and epoch, and signed by the member it names.
    fn sound_vote(&self, vote: &Signed<Vote>) -> bool {
        let name_fits =
            vote.body.intent().is_none_or(|intent| intent.name.len() <= limits::SIGNATURE_NAME_BYTES_MAX);
        vote.body.network == self.committee.id
            && vote.body.epoch == self.committee.epoch
            && name_fits
            && self.committee.signed_by_member(vote)
    }

    pub(crate) fn on_offer(&mut self, from: NodeIndex, offer: Offer, turn: &mut Turn<'_>) {
        if offer.operation >= limits::OPERATIONS_MAX {
            turn.fault(from, "offer");
            return;
        }
        self.with(offer.request, |engine, execution| {
            if execution.coordinating {
                engine.take_offer(execution, from, offer, turn);
                engine.evaluate_votes(execution, offer.operation, turn);
            }
        });
    }

    fn take_offer(&self, execution: &mut Execution, from: NodeIndex, offer: Offer, turn: &Turn<'_>) {
        let operation = execution.operations.entry(offer.operation).or_default();
        // Another coordinator's attempt may be about to succeed: it gets its hedge.
        if offer.attempt > 0 && operation.proposed.is_none() && operation.not_before_mono_ms == 0 {
            operation.not_before_mono_ms = turn.now.mono_ms + limits::HEDGE_MS;
        }
        operation.offers.insert(from, offer);
    }

    /// Our own votes and offers, as a coordinator counts them.
    pub(crate) fn count_own_votes(&mut self, execution: &mut Execution) {
        let me = self.committee.me;
        let numbers: Vec<u32> = execution.operations.keys().copied().collect();
        for number in numbers {
            let offer = own_offer(execution, number);
            let Some(operation) = execution.operations.get_mut(&number) else { continue };
            if let Some(vote) = operation.own.clone()
                && operation.votes.insert(me, vote).is_none()
            {
                operation.arrival.push(me);
            }
            match offer {
                Some(offer) => operation.offers.insert(me, offer),
                None => operation.offers.remove(&me),
            };
        }
    }

    /// Proof that our run cannot be of any quorum: it ends. Nothing of the others' is adopted.
    pub(crate) fn on_diverged(
        &mut self,
        id: RequestId,
        number: u32,
        evidence: &Evidence,
        turn: &mut Turn<'_>,
    ) {
        let bound = self.committee.size();
        if evidence.votes.len() > bound || evidence.statements.len() > bound {
            return;
        }
        self.with(id, |engine, execution| {
            let Some(own) = execution.operations.get(&number).and_then(|operation| operation.own.as_ref())
            else {
                return;
            };
            let intent = own.body.intent().cloned();
            let own = own.body.hash();
            let mut others = std::collections::BTreeMap::new();
            for vote in &evidence.votes {
                if (vote.body.request, vote.body.operation) == (id, number) && engine.sound_vote(vote) {
                    others.insert(vote.node, vote.body.hash() == own);
                }
            }
            for statement in &evidence.statements {
                let ended = statement.body.request == id
                    && statement.body.network == engine.committee.id
                    && statement.body.epoch == engine.committee.epoch
                    && engine.committee.signed_by_member(statement);
                if ended {
                    // A run that ended after it had signed the same is no witness against us: its
                    // vote may only have been kept back.
                    let signed = intent.as_ref().is_some_and(|own| statement.body.intents.contains(own));
                    others.entry(statement.node).or_insert(signed);
                }
            }
            others.insert(engine.committee.me, true);
            let equal = others.values().filter(|equal| **equal).count();
            let unknown = engine.committee.size() - others.len();
            let waits = execution.operations.get(&number).is_some_and(Operation::waits);
            if waits && equal + unknown < engine.committee.threshold() {
                engine.stop_run(execution, ErrorCode::IntentsDiverged, turn);
            }
        });
    }
}

fn own_offer(execution: &Execution, number: u32) -> Option<Offer> {
    let operation: &Operation = execution.operations.get(&number)?;
    if !execution.running() || operation.signature.is_some() {
        return None;
    }
    let fresh = operation.offered?;
    Some(Offer { request: execution.id, operation: number, attempt: operation.attempts(), fresh })
}

fn answer_due(execution: &mut Execution, turn: &mut Turn<'_>) {
    for (call, result) in execution.due_answers() {
        answer(execution.run, call, result, turn);
    }
}

/// Answers a host call.
fn answer(run: RunNumber, call: u32, result: Result<EcdsaBytes, ErrorCode>, turn: &mut Turn<'_>) {
    let answer = match result {
        Err(code) => Err(failure(code)),
        Ok((signature, recovery_id)) => {
            let (mut r, mut s) = ([0u8; 32], [0u8; 32]);
            r.copy_from_slice(&signature[..32]);
            s.copy_from_slice(&signature[32..]);
            Ok(EcdsaAnswer { r, s, recovery_id })
        }
    };
    turn.effects.push(Effect::Answer { run, call, answer });
}
