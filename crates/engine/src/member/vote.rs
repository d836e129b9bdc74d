//! Votes: this node's own verdict on what its run asks for, signed and told to whoever coordinates.

use quorate_policy::{Message, SigningKey, Wish, check_signature_name, digest, may_sign, registry_fresh};
use quorate_threshold::derive;
use quorate_wire::{
    ActionCid, Digest, ErrorCode, Intent, KeyId, MessageKind, OperationNumber, PeerMessage, PublicKey,
    Refusal, Scheme, Seen, SignKey, SignMessage, SignRequest, ValuePoint, Verdict, Vote, action_key_id,
    limits,
};

use super::{
    CallId, Member, Operation, Work, failure,
    operation::{Leading, Opening, Signing, State, Waiting},
    run::{Given, Slot},
};
use crate::{Report, facts::LOOK_MS, node::Scene, succession::OwnPart};

/// By what right a run wants a signature. It is judged anew each time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Right {
    /// The key is the running action's own.
    Own(ActionCid),
    /// The key is of the registry.
    Registered(Wish),
}

/// What this node's own verdict allows to be signed.
struct Allowed {
    intent: Intent,
    right: Right,
    tweak: [u8; 32],
}

/// What is voted on, and what was seen before.
pub(super) struct Ballot {
    pub(super) verdict: Verdict,
    pub(super) seen: Vec<Seen>,
    pub(super) work: Work,
    /// Whether the run stands still inside the call.
    pub(super) at_once: bool,
}

impl Member {
    /// A host call on a key: this node's own verdict, signed and told to whoever coordinates.
    pub(super) fn on_sign(
        &mut self,
        id: CallId,
        (sign, seen): (SignRequest, Vec<Seen>),
        scene: &mut Scene<'_, '_>,
    ) {
        if self.counts.signatures >= limits::OPERATIONS_MAX.min(scene.facts.limits.signatures) {
            return id.answer(Err(failure(ErrorCode::LimitSignatures)), scene);
        }
        self.counts.signatures += 1;
        let ballot = match self.judge(id, sign, scene) {
            Ok(Allowed { intent, right, tweak }) => {
                let work = Work::Sign(Signing::new(right, tweak, scene.turn.fresh()));
                Ballot { verdict: Verdict::Intent(intent), seen, work, at_once: false }
            }
            Err(code) => Ballot { verdict: Verdict::Denied(code), seen, work: Work::Denied, at_once: false },
        };
        self.cast(id, ballot, scene);
    }

    /// The action gives a value of this node.
    pub(super) fn on_collect(
        &mut self,
        id: CallId,
        (name, value): (String, String),
        seen: Vec<Seen>,
        scene: &mut Scene<'_, '_>,
    ) {
        if !self.count_value(id, scene) {
            return;
        }
        let bytes = &mut self.counts.value_bytes;
        *bytes = bytes.saturating_add(value.len());
        let long = value.len() > limits::VALUE_BYTES_MAX || *bytes > limits::OWN_VALUES_BYTES_MAX;
        let ballot = if long || name.len() > limits::VALUE_NAME_BYTES_MAX {
            Ballot {
                verdict: Verdict::Denied(ErrorCode::ValueTooLarge),
                seen,
                work: Work::Denied,
                at_once: false,
            }
        } else {
            Ballot {
                verdict: Verdict::Observed { name, value },
                seen,
                work: Work::Collect(Waiting::Yes),
                at_once: false,
            }
        };
        self.cast(id, ballot, scene);
    }

    /// The action wants a function to be run by one node, and waits for its value.
    pub(super) fn vote_once(&mut self, id: CallId, name: String, seen: Vec<Seen>, scene: &mut Scene<'_, '_>) {
        let ballot = if name.len() > limits::VALUE_NAME_BYTES_MAX {
            Ballot {
                verdict: Verdict::Denied(ErrorCode::ValueTooLarge),
                seen,
                work: Work::Denied,
                at_once: false,
            }
        } else {
            let leading = Leading { asked_by: id.call, waiting: Waiting::Yes, leads: false, stated: None };
            Ballot { verdict: Verdict::Once { name }, seen, work: Work::Once(leading), at_once: false }
        };
        self.cast(id, ballot, scene);
    }

    /// Whether the run may ask for one more value; tells it if not.
    pub(super) fn count_value(&mut self, id: CallId, scene: &mut Scene<'_, '_>) -> bool {
        let room = self.counts.collects < scene.facts.limits.collects;
        if room {
            self.counts.collects += 1;
        } else {
            id.answer(Err(failure(ErrorCode::LimitCollects)), scene);
        }
        room
    }

    /// Gives an operation its number and our vote on it, and tells whoever has to know.
    pub(super) fn cast(&mut self, id: CallId, ballot: Ballot, scene: &mut Scene<'_, '_>) {
        let Ballot { mut verdict, mut seen, work, at_once } = ballot;
        let Some(state) = self.runs.get_mut(&id.run) else { return };
        let Some(number) = state.number() else {
            return id.answer(Err(failure(ErrorCode::LimitHostCalls)), scene);
        };
        if !at_once {
            state.wait(Some(id.call), Slot::Operation(number));
        }
        if let Verdict::Intent(intent) = &mut verdict {
            intent.operation = number;
        }
        seen.drain(..seen.len().saturating_sub(limits::SEEN_MAX));
        let committee = &scene.node.committee;
        let vote = committee.sign(Vote {
            network: committee.id,
            epoch: committee.epoch,
            request: scene.facts.id,
            operation: number,
            verdict,
            seen,
        });
        for peer in scene.facts.reached(number) {
            scene.node.peers.release(peer, limits::OPERATION_BYTES);
        }
        let now = scene.now();
        let denied = if let Verdict::Denied(code) = vote.body.verdict { Some(code) } else { None };
        let own =
            OwnPart { vote: vote.body.hash(), began_mono_ms: now, waits: denied.is_none(), leads: false };
        scene.facts.operations.entry(number).or_default().succession.own = Some(own);
        let operation = Operation {
            run: id.run,
            vote,
            began_mono_ms: now,
            look_mono_ms: denied.is_none().then_some(now + LOOK_MS),
            passed: Default::default(),
            patience_mono_ms: now,
            at_once: at_once.then_some(id.call),
            work,
        };
        self.operations.insert(number, operation);
        self.tell_vote(number, scene);
        self.tell_offer(number, scene);
        match denied {
            Some(code) => self.refuse(number, code, scene),
            None => self.begin_value(number, scene),
        }
    }

    /// Tells coordinators how we saw an operation; of a function that one node runs, and of a value that all draw,
    /// everybody. Our share of what is to be opened goes to everybody, beside the vote.
    pub(super) fn tell_vote(&self, number: OperationNumber, scene: &mut Scene<'_, '_>) {
        let Some(operation) = self.operations.get(&number) else { return };
        let message = PeerMessage::Vote(operation.vote.clone());
        if operation.told_to_all() {
            scene.turn.send_all(scene.node.committee.members(), message);
        } else {
            scene.turn.send_all(scene.facts.coordinated_by(scene.node.committee.me), message);
        }
        if let Work::Open(Opening { own, identity, .. }) = &operation.work
            && self.may_share(number, scene)
        {
            let share = ValuePoint(own.to_bytes());
            let (request, identity) = (scene.facts.id, identity.hash());
            let message = PeerMessage::Share { request, operation: number, identity, share };
            scene.turn.send_all(scene.node.committee.peers(), message);
        }
    }

    /// Offers coordinators fresh bytes for the next attempt.
    pub(super) fn tell_offer(&self, number: OperationNumber, scene: &mut Scene<'_, '_>) {
        let offer =
            self.operations.get(&number).and_then(|operation| operation.offer(scene.facts.id, number));
        if let Some(offer) = offer {
            scene
                .turn
                .send_all(scene.facts.coordinated_by(scene.node.committee.me), PeerMessage::Offer(offer));
        }
    }

    /// Is this a thing that can be signed, and may it be?
    fn judge(
        &mut self,
        id: CallId,
        sign: SignRequest,
        scene: &mut Scene<'_, '_>,
    ) -> Result<Allowed, ErrorCode> {
        let state = self.runs.get_mut(&id.run).ok_or(ErrorCode::Internal)?;
        let action = state.action();
        let SignRequest { key, message, name, recipient } = sign;
        let committee = &scene.node.committee;
        let (registry, _) = scene.node.decided_by()?;
        let login_domains = committee.logins(registry.as_ref()).names();
        let (kind, digest) = digest_of(&action, (&key, &message), &login_domains)?;
        let guest = committee.guest;
        check_signature_name(&name)?;
        if !state.names.insert(name.clone()) {
            return Err(ErrorCode::SignatureNameDuplicate);
        }
        let right = match key {
            SignKey::Own => Right::Own(action),
            SignKey::Pkp(key) => Right::Registered(Wish {
                key: PublicKey::from_sec1(&key).map_err(|_| ErrorCode::PkpUnknown)?,
                action,
                kind,
                single_node: state.single_node,
            }),
        };
        let (key, tweak) = may_sign_now(&right, scene)?;
        let intent = Intent {
            // Given with the number, when the vote is cast.
            operation: OperationNumber::FIRST,
            action,
            key,
            scheme: Scheme::EcdsaK256Sha256,
            kind,
            digest,
            name,
            recipient,
            guest,
        };
        Ok(Allowed { intent, right, tweak })
    }

    /// Refuses an operation to the action.
    pub(super) fn refuse(&mut self, number: OperationNumber, code: ErrorCode, scene: &mut Scene<'_, '_>) {
        scene.turn.report(Report::Denied(code));
        self.refusals.push(Refusal { operation: number, code });
        let Some(operation) = self.operations.get_mut(&number) else { return };
        operation.look_mono_ms = None;
        if let Some(signing) = operation.signing() {
            signing.go(State::Denied);
        }
        self.settle(number, Given::new(Err(failure(code))), scene);
    }

    /// Our own run has its result of an operation.
    pub(super) fn settle(&mut self, number: OperationNumber, given: Given, scene: &mut Scene<'_, '_>) {
        let Some(operation) = self.operations.get_mut(&number) else { return };
        match &mut operation.work {
            Work::Collect(waiting) => *waiting = Waiting::No,
            Work::Once(leading) => leading.waiting = Waiting::No,
            Work::Draw(drawing) => drawing.waiting = Waiting::No,
            Work::Open(opening) => opening.waiting = Waiting::No,
            Work::Sign(_) | Work::Denied => {}
        }
        let (run, at_once) = (operation.run, operation.at_once);
        no_longer_waits(number, scene);
        match at_once {
            Some(call) => CallId { run, call }.answer(given.answer, scene),
            None => self.give(run, (Slot::Operation(number), given), scene),
        }
    }
}

/// Notes for both roles that our own run does not wait for an operation any more.
pub(super) fn no_longer_waits(number: OperationNumber, scene: &mut Scene<'_, '_>) {
    let known = scene.facts.operations.get_mut(&number);
    if let Some(own) = known.and_then(|known| known.succession.own.as_mut()) {
        own.waits = false;
    }
}

/// The key and its tweak, if the right stands for this execution, now, at this node's own heads.
///
/// # Errors
/// `registry_stale`, `session_revoked`, `login_invalid`, and those of [`may_sign`].
pub(super) fn may_sign_now(
    right: &Right,
    scene: &mut Scene<'_, '_>,
) -> Result<(PublicKey, [u8; 32]), ErrorCode> {
    let (registry, root) = scene.node.decided_by()?;
    scene.turn.by_registry = true;
    let now = scene.turn.now;
    registry_fresh(registry.heard(), now.mono_ms, now.unix_ms)?;
    scene.node.counts(&scene.facts.session, registry.as_ref()).map_err(|problem| problem.code)?;
    let wish = match right {
        Right::Own(action) => return derived(&root, &action_key_id(action)),
        Right::Registered(wish) => wish,
    };
    // The registry names the key's id; that the id gives this very key is computed here.
    let (key, tweak) = derived(&root, &may_sign(registry.as_ref(), wish, &scene.facts.session)?)?;
    if key == wish.key { Ok((key, tweak)) } else { Err(ErrorCode::PkpUnknown) }
}

/// The key of an id under the root, and its tweak.
pub(super) fn derived(root: &PublicKey, id: &KeyId) -> Result<(PublicKey, [u8; 32]), ErrorCode> {
    let key = derive::public_key(root.as_bytes(), &id.0).map_err(|_| ErrorCode::PkpUnknown)?;
    let key = PublicKey::from_sec1(&key).map_err(|_| ErrorCode::PkpUnknown)?;
    let tweak = derive::tweak(&id.0).map_err(|_| ErrorCode::PkpUnknown)?;
    Ok((key, tweak))
}

/// What of a call's message is signed, and from what it was made.
fn digest_of(
    action: &ActionCid,
    (key, message): (&SignKey, &SignMessage),
    login_domains: &[String],
) -> Result<(MessageKind, Digest), ErrorCode> {
    let key = match key {
        SignKey::Own => SigningKey::Own(action),
        SignKey::Pkp(_) => SigningKey::Registered { login_domains },
    };
    let message = match message {
        SignMessage::Digest(bytes) => Message::Digest(bytes),
        SignMessage::Personal(text) => Message::Personal(text),
        SignMessage::Bytes(bytes) => Message::Bytes(bytes),
    };
    digest(key, message)
}
