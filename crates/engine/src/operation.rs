//! Operations: what the action asks keys to do, and what this node makes of it.

use quorate_auth::{eip191, is_login_text};
use quorate_wire::{
    ActionCid, Claim, Digest, EcdsaBytes, ErrorCode, Evidence, Intent, MessageKind, NodeIndex, Offer,
    OperationNumber, PeerMessage, PublicKey, Refusal, RequestId, Scheme, Seen, Signed, Verdict, Vote,
    action_key_id, action_signature_digest, claim_key_id, limits,
};

use crate::{
    ActionEvent, ActionFailure, Answer, Call, EcdsaAnswer, Effect, Engine, Report, RunNumber, SignCall,
    SignKey, SignMessage, Wanted,
    authority::{Right, Wish, derived, may_sign},
    execution::{Execution, Operation, failure},
    run::{Given, Slot, json},
    turn::Turn,
};

/// Order of secp256k1: a digest that is 0 modulo it is refused.
const CURVE_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xba,
    0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
];

/// By what right something is signed, and with which tweak of the root.
type Signing = (Right, [u8; 32]);

impl Engine {
    pub(crate) fn on_action(&mut self, run: RunNumber, event: ActionEvent, turn: &mut Turn<'_>) {
        let Some(id) = self.runs.get(&run).copied() else { return };
        self.with(id, |engine, execution| match event {
            ActionEvent::Call(call) => engine.on_call(execution, run, call, turn),
            ActionEvent::Finished(end) => engine.on_finished(execution, run, end, turn),
        });
    }

    /// A host call of one of our runs.
    fn on_call(&mut self, execution: &mut Execution, run: RunNumber, call: Call, turn: &mut Turn<'_>) {
        let Call { call, seen, wanted } = call;
        let asking = (run, call);
        let verdict = match wanted {
            Wanted::ActionKey { action } => {
                let key = self.decided_by().and_then(|(_, root)| derived(&root, &action_key_id(&action)));
                let answer = key.map(|(key, _)| Answer::Value(json(&key.to_string()))).map_err(failure);
                turn.effects.push(Effect::Answer { run, call, answer });
                return;
            }
            Wanted::RunOnceResult { of, result } => {
                return self.on_run_once_result(execution, asking, (of, result), turn);
            }
            Wanted::Child { action, params } => {
                return self.on_child(execution, run, (call, action, params), turn);
            }
            Wanted::Claim { key_id } => return self.on_claim(execution, asking, key_id, turn),
            Wanted::Collect { name, value } => self.on_collect(execution, asking, (name, value), turn),
            Wanted::RunOnce { name, wait } => self.on_run_once(execution, asking, (name, wait), turn),
            Wanted::Sign(sign) => return self.on_sign(execution, asking, (sign, seen), turn),
        };
        if let Some(verdict) = verdict {
            self.cast(execution, asking, (verdict, seen, None), turn);
        }
    }

    /// A host call on a key: this node's own verdict, signed and told to whoever coordinates.
    fn on_sign(
        &mut self,
        execution: &mut Execution,
        (run, call): (RunNumber, u32),
        (sign, seen): (SignCall, Vec<Seen>),
        turn: &mut Turn<'_>,
    ) {
        if execution.counts.signatures >= limits::OPERATIONS_MAX.min(execution.limits.signatures) {
            let answer = Err(failure(ErrorCode::LimitSignatures));
            turn.effects.push(Effect::Answer { run, call, answer });
            return;
        }
        execution.counts.signatures += 1;
        let judged = self.judge(execution, run, sign, turn);
        let (verdict, signing) = match judged {
            Ok((intent, right, tweak)) => (Verdict::Intent(intent), Some((right, tweak))),
            Err(code) => (Verdict::Denied(code), None),
        };
        self.cast(execution, (run, call), (verdict, seen, signing), turn);
    }

    /// Gives an operation its number and our vote on it, and tells whoever has to know.
    fn cast(
        &mut self,
        execution: &mut Execution,
        (run, call): (RunNumber, u32),
        (mut verdict, mut seen, signing): (Verdict, Vec<Seen>, Option<Signing>),
        turn: &mut Turn<'_>,
    ) {
        let Some(state) = execution.runs.get_mut(&run) else { return };
        let Some(number) = state.number() else {
            let answer = Err(failure(ErrorCode::LimitHostCalls));
            turn.effects.push(Effect::Answer { run, call, answer });
            return;
        };
        state.wait(Some(call), Slot::Operation(number));
        if let Verdict::Intent(intent) = &mut verdict {
            intent.operation = number;
        }
        seen.drain(..seen.len().saturating_sub(limits::SEEN_MAX));
        let vote = self.committee.sign(Vote {
            network: self.committee.id,
            epoch: self.committee.epoch,
            request: execution.id,
            operation: number,
            verdict,
            seen,
        });
        for peer in execution.reached(number) {
            self.peers.release(peer, limits::OPERATION_BYTES);
        }
        let operation = execution.operations.entry(number).or_default();
        operation.run = Some(run);
        operation.began_mono_ms = turn.now.mono_ms;
        let verdict = vote.body.verdict.clone();
        operation.own = Some(vote);
        if let Some((right, tweak)) = signing {
            (operation.right, operation.tweak) = (Some(right), tweak);
            operation.offered = Some(turn.fresh());
        }
        self.tell_vote(execution, number, turn);
        match verdict {
            Verdict::Denied(code) => self.refuse(execution, number, code, turn),
            Verdict::Intent(_) | Verdict::Observed { .. } | Verdict::Once { .. } => {
                self.begin_value(execution, number, call, turn);
            }
        }
    }

    /// Is this a thing that can be signed, and may it be?
    fn judge(
        &self,
        execution: &mut Execution,
        run: RunNumber,
        sign: SignCall,
        turn: &mut Turn<'_>,
    ) -> Result<(Intent, Right, [u8; 32]), ErrorCode> {
        let state = execution.runs.get_mut(&run).ok_or(ErrorCode::Internal)?;
        let action = state.action();
        let SignCall { key, message, name, recipient } = sign;
        let (kind, digest) = digest(&action, &key, message, &self.committee.network.login_domains)?;
        if name.is_empty() || name.len() > limits::SIGNATURE_NAME_BYTES_MAX {
            return Err(ErrorCode::SignatureNameInvalid);
        }
        if !state.names.insert(name.clone()) {
            return Err(ErrorCode::SignatureNameDuplicate);
        }
        let right = match key {
            SignKey::Own => Right::Own { action },
            SignKey::Pkp(key) => Right::Granted(Wish {
                key: PublicKey::from_sec1(&key).map_err(|_| ErrorCode::PkpUnknown)?,
                action,
                kind,
                single_node: state.single_node,
            }),
        };
        let (key, tweak) = self.may_sign(execution, &right, turn)?;
        let intent = Intent {
            // Given with the number, when the vote is cast.
            operation: OperationNumber::FIRST,
            action,
            key,
            scheme: Scheme::EcdsaK256Sha256,
            kind,
            digest: Digest(digest),
            name,
            recipient,
            guest: self.committee.guest,
        };
        Ok((intent, right, tweak))
    }

    /// Does this right stand, for this execution, now, at this node's own heads?
    pub(crate) fn may_sign(
        &self,
        execution: &Execution,
        right: &Right,
        turn: &mut Turn<'_>,
    ) -> Result<(PublicKey, [u8; 32]), ErrorCode> {
        let (registry, root) = self.decided_by()?;
        turn.by_registry = true;
        may_sign(registry.as_ref(), &root, turn.now, (right, &execution.session))
    }

    /// The action claims a key: it is derived, and stated.
    fn on_claim(
        &mut self,
        execution: &mut Execution,
        (run, call): (RunNumber, u32),
        key_id: String,
        turn: &mut Turn<'_>,
    ) {
        let claimed = self.claim(execution, run, key_id);
        let answer = claimed.map(|key| Answer::Value(json(&key.to_string()))).map_err(failure);
        turn.effects.push(Effect::Answer { run, call, answer });
    }

    fn claim(
        &self,
        execution: &mut Execution,
        run: RunNumber,
        key_id: String,
    ) -> Result<PublicKey, ErrorCode> {
        if execution.counts.claims >= execution.limits.claims {
            return Err(ErrorCode::LimitClaims);
        }
        let length = (1..=limits::CLAIM_KEY_ID_BYTES_MAX).contains(&key_id.len());
        if !length || key_id.chars().any(char::is_control) {
            return Err(ErrorCode::ClaimInvalid);
        }
        let (_, root) = self.decided_by()?;
        let state = execution.runs.get_mut(&run).ok_or(ErrorCode::Internal)?;
        let action = state.action();
        let (public_key, _) = derived(&root, &claim_key_id(&action, &key_id))?;
        let operation = state.number().ok_or(ErrorCode::LimitHostCalls)?;
        execution.counts.claims += 1;
        execution.claims.push(Claim { operation, action, key_id, public_key });
        Ok(public_key)
    }

    /// Refuses an operation to the action.
    pub(crate) fn refuse(
        &mut self,
        execution: &mut Execution,
        number: OperationNumber,
        code: ErrorCode,
        turn: &mut Turn<'_>,
    ) {
        turn.report(Report::Denied(code));
        execution.refusals.push(Refusal { operation: number, code });
        let Some(operation) = execution.operations.get_mut(&number) else { return };
        operation.offered = None;
        self.settle(execution, number, Err(failure(code)), turn);
    }

    /// Our own run has its result of an operation.
    fn settle(
        &self,
        execution: &mut Execution,
        number: OperationNumber,
        answer: Result<Answer, ActionFailure>,
        turn: &mut Turn<'_>,
    ) {
        let Some(operation) = execution.operations.get_mut(&number) else { return };
        operation.settled = true;
        if let Some(run) = operation.run {
            self.give(execution, run, (Slot::Operation(number), Given::new(answer)), turn);
        }
    }

    /// A run of ours has ended: nothing more comes of the operations that it still waited for.
    pub(crate) fn withdraw(&mut self, execution: &mut Execution, run: RunNumber, turn: &mut Turn<'_>) {
        let numbers: Vec<OperationNumber> = execution
            .operations
            .iter()
            .filter(|(_, operation)| operation.run == Some(run))
            .map(|(number, _)| *number)
            .collect();
        for number in numbers {
            self.drop_attempt(execution, number);
            self.give_up_value(execution, number, turn);
            if let Some(operation) = execution.operations.get_mut(&number) {
                operation.settled = true;
                operation.offered = None;
            }
        }
    }

    /// Tells everybody who coordinates how we saw an operation, and offers fresh bytes for it.
    fn tell_vote(&self, execution: &Execution, number: OperationNumber, turn: &mut Turn<'_>) {
        let Some(operation) = execution.operations.get(&number) else { return };
        let Some(vote) = &operation.own else { return };
        let message = PeerMessage::Vote(vote.clone());
        if matches!(vote.body.verdict, Verdict::Once { .. }) {
            // Who runs the function depends on who is there: everybody has to know.
            turn.send_all(self.committee.members(), message);
        } else {
            turn.send_all(execution.coordinated_by(turn.me), message);
        }
        self.tell_offer(execution, number, turn);
    }

    pub(crate) fn tell_offer(&self, execution: &Execution, number: OperationNumber, turn: &mut Turn<'_>) {
        let Some(offer) = own_offer(execution, number) else { return };
        turn.send_all(execution.coordinated_by(turn.me), PeerMessage::Offer(offer));
    }

    /// Tells one new coordinator all that we have told others.
    pub(crate) fn tell_all(&self, execution: &mut Execution, to: NodeIndex, turn: &mut Turn<'_>) {
        for (number, operation) in &execution.operations {
            let Some(vote) = &operation.own else { continue };
            turn.send(to, PeerMessage::Vote(vote.clone()));
            if let Some(offer) = own_offer(execution, *number) {
                turn.send(to, PeerMessage::Offer(offer));
            }
            if let Some(value) = operation.values.stated() {
                turn.send(to, PeerMessage::Led(value.clone()));
            }
        }
        let numbers: Vec<OperationNumber> = execution.operations.keys().copied().collect();
        for number in numbers {
            self.tell_signature(execution, number, to, turn);
            self.tell_decision(execution, number, to, turn);
        }
        if let Some(outcome) = execution.outcomes.get(&self.committee.me) {
            turn.send(to, PeerMessage::Outcome(Box::new(outcome.clone())));
        }
    }

    /// The operation has its signature: the action goes on.
    pub(crate) fn complete(
        &mut self,
        execution: &mut Execution,
        number: OperationNumber,
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
        if let Some(attempt) = operation.live.take() {
            self.sessions.remove(&attempt.session);
        }
        turn.report(Report::Signed {
            request: execution.id,
            duration_ms: turn.now.mono_ms.saturating_sub(operation.began_mono_ms),
            attempt: operation.attempts(),
        });
        self.settle(execution, number, Ok(Answer::Signed(ecdsa_answer(signature))), turn);
    }

    pub(crate) fn on_vote(&mut self, from: NodeIndex, vote: Signed<Vote>, turn: &mut Turn<'_>) {
        let body = &vote.body;
        let (id, number) = (body.request, body.operation);
        if vote.node != from {
            turn.fault(from, "vote");
            return;
        }
        // Looked up first: a signature is verified only where the vote can still count.
        self.with(id, |engine, execution| {
            let own = from == engine.committee.me;
            // Said again: it may not have heard what the operation came to.
            let known = execution.operations.get(&number).and_then(|operation| operation.votes.get(&from));
            match known.map(|known| *known == vote) {
                Some(true) => return engine.tell_decision(execution, number, from, turn),
                Some(false) if !engine.sound_vote(&vote) => return turn.fault(from, "vote"),
                Some(false) => {
                    return engine.stated_otherwise(execution, number, (from, "two_votes"), turn);
                }
                None => {}
            }
            let once = matches!(vote.body.verdict, Verdict::Once { .. });
            let wanted = execution.coordinating || (once && execution.running());
            // Where nobody coordinates a vote is only heard, once.
            if !wanted || (!execution.coordinating && execution.heard(number, from)) {
                return;
            }
            // After the answer only what can name an odd node is of use.
            if execution.reply.is_some() && !execution.operations.contains_key(&number) {
                return;
            }
            if !own {
                if !engine.sound_vote(&vote) {
                    return turn.fault(from, "vote");
                }
                if !engine.keep(execution, (from, number), vote_bytes(&vote), turn) {
                    return;
                }
                engine.heard(execution, &vote, turn);
            }
            if !execution.coordinating {
                return;
            }
            execution.refused.remove(&from);
            let operation = execution.operations.entry(number).or_default();
            operation.votes.insert(from, vote);
            operation.arrival.push(from);
            engine.tell_decision(execution, number, from, turn);
            engine.evaluate_votes(execution, number, turn);
        });
    }

    /// Whether a vote is of this network and epoch, bounded, and signed by the member it names.
    pub(crate) fn sound_vote(&self, vote: &Signed<Vote>) -> bool {
        vote.body.network == self.committee.id
            && vote.body.epoch == self.committee.epoch
            && bounded_vote(vote)
            && self.committee.signed_by_member(vote)
    }

    pub(crate) fn on_offer(&mut self, from: NodeIndex, offer: Offer, turn: &mut Turn<'_>) {
        self.with(offer.request, |engine, execution| {
            let over = execution.reply.is_some() && !execution.operations.contains_key(&offer.operation);
            if execution.coordinating && !over {
                if from != engine.committee.me && !engine.keep(execution, (from, offer.operation), 0, turn) {
                    return;
                }
                engine.take_offer(execution, from, offer, turn);
                engine.evaluate_votes(execution, offer.operation, turn);
            }
        });
    }

    fn take_offer(&self, execution: &mut Execution, from: NodeIndex, offer: Offer, turn: &Turn<'_>) {
        let me = self.committee.me;
        let first = execution.coordinators.keys().any(|other| self.precedes(execution, *other, me));
        let operation = execution.operations.entry(offer.operation).or_default();
        // The attempt of a coordinator that comes before us may be about to succeed: it gets its hedge.
        if first && offer.attempt > 0 && operation.proposed.is_none() && operation.not_before_mono_ms == 0 {
            operation.not_before_mono_ms = turn.now.mono_ms + limits::HEDGE_MS;
        }
        operation.offers.insert(from, offer);
    }

    /// Proof that our run cannot be of any quorum: it ends. Nothing of the others' is adopted.
    ///
    /// What others need proof of, a coordinator that is this node has counted itself.
    pub(crate) fn on_diverged(
        &mut self,
        from: NodeIndex,
        (id, number): (RequestId, OperationNumber),
        evidence: &Evidence,
        turn: &mut Turn<'_>,
    ) {
        let bound = self.committee.size();
        if evidence.votes.len() > bound || evidence.statements.len() > bound {
            return;
        }
        self.with(id, |engine, execution| {
            let operation = execution.operations.get(&number).filter(|operation| operation.waits());
            let Some(own) = operation.and_then(|operation| operation.own.as_ref()) else { return };
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
                    let body = &statement.body;
                    let signed = match &intent {
                        Some(own) => body.intents.contains(own),
                        None => {
                            body.collected.iter().any(|collected| collected.operation == number)
                                || body.single_node.iter().any(|single| single.operation == number)
                        }
                    };
                    others.entry(statement.node).or_insert(signed);
                }
            }
            others.insert(engine.committee.me, true);
            let equal = others.values().filter(|equal| **equal).count();
            let unknown = engine.committee.size() - others.len();
            if from == engine.committee.me || equal + unknown < engine.committee.threshold() {
                engine.stop_run(execution, ErrorCode::IntentsDiverged, turn);
            }
        });
    }
}

fn own_offer(execution: &Execution, number: OperationNumber) -> Option<Offer> {
    let operation: &Operation = execution.operations.get(&number)?;
    if !execution.running() || operation.signature.is_some() || operation.made.is_some() {
        return None;
    }
    let fresh = operation.offered?;
    Some(Offer { request: execution.id, operation: number, attempt: operation.attempts(), fresh })
}

/// What of a call's message is signed, and from what it was made. An action's own key signs only what it is
/// told to be a message of that action; a key of the registry never signs one of those.
fn digest(
    action: &ActionCid,
    key: &SignKey,
    message: SignMessage,
    login_domains: &[String],
) -> Result<(MessageKind, [u8; 32]), ErrorCode> {
    match (key, message) {
        (SignKey::Own, message) => {
            let bytes = match message {
                SignMessage::Digest(bytes) | SignMessage::Bytes(bytes) => bytes,
                SignMessage::Personal(text) => text.into_bytes(),
            };
            let digest = action_signature_digest(action, &bytes);
            Ok((MessageKind::Action, digest.0))
        }
        (SignKey::Pkp(_), SignMessage::Digest(bytes)) => {
            let digest = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| ErrorCode::DigestLength)?;
            if digest == [0; 32] || digest == CURVE_ORDER {
                return Err(ErrorCode::DigestInvalid);
            }
            Ok((MessageKind::Digest, digest))
        }
        (SignKey::Pkp(_), SignMessage::Personal(text)) => {
            // A login made by a key acts for the key's address elsewhere: it has a scope of its own.
            let login = is_login_text(text.as_bytes(), login_domains);
            let kind = if login { MessageKind::Login } else { MessageKind::Personal };
            Ok((kind, eip191::hash(text.as_bytes())))
        }
        (SignKey::Pkp(_), SignMessage::Bytes(_)) => Err(ErrorCode::DigestLength),
    }
}

fn ecdsa_answer((signature, recovery_id): EcdsaBytes) -> EcdsaAnswer {
    let (mut r, mut s) = ([0u8; 32], [0u8; 32]);
    r.copy_from_slice(&signature[..32]);
    s.copy_from_slice(&signature[32..]);
    EcdsaAnswer { r, s, recovery_id }
}

/// About how much a vote holds of what its node may choose freely.
fn vote_bytes(vote: &Signed<Vote>) -> usize {
    let seen: usize = vote.body.seen.iter().map(|seen| seen.url.len() + 80).sum();
    let value = match &vote.body.verdict {
        Verdict::Observed { name, value } => name.len() + value.len(),
        Verdict::Intent(_) | Verdict::Denied(_) | Verdict::Once { .. } => 0,
    };
    seen + value
}

/// Whether what a vote holds has sizes that an honest vote can have.
pub(crate) fn bounded_vote(vote: &Signed<Vote>) -> bool {
    let verdict = match &vote.body.verdict {
        Verdict::Intent(intent) => {
            intent.name.len() <= limits::SIGNATURE_NAME_BYTES_MAX && intent.operation == vote.body.operation
        }
        Verdict::Denied(_) => true,
        Verdict::Observed { name, value } => {
            name.len() <= limits::VALUE_NAME_BYTES_MAX && value.len() <= limits::VALUE_BYTES_MAX
        }
        Verdict::Once { name } => name.len() <= limits::VALUE_NAME_BYTES_MAX,
    };
    let seen = &vote.body.seen;
    verdict
        && seen.len() <= limits::SEEN_MAX
        && seen.iter().all(|seen| seen.url.len() <= limits::SEEN_URL_BYTES_MAX)
}
