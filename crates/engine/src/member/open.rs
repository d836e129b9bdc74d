//! Opening ciphertexts for an action: shares of t members, each given by that member's own reading of the policy.
//!
//! It needs no coordinator, as a draw needs none. The share is a message of its own, and the vote beside it says only what
//! it is of: votes may be shown to callers. The plaintext never comes here. The value goes to the worker, which opens.

use quorate_policy::{Policy, Reader, may_open, registry_fresh};
use quorate_threshold::{Decrypt, value::Value};
use quorate_wire::{
    ActionCid, Decision, ErrorCode, Identity, OpenRequest, OpenTo, OpenWhat, Opened, OperationNumber,
    PolicyForm, Seen, ValuePoint, Verdict,
};

use super::{
    CallId, Judged, Member, Operation, Work,
    draw::{Came, combine},
    failure,
    operation::{Opening, Waiting},
    run::{Given, json},
    vote::Ballot,
};
use crate::{Answer, node::Scene};

impl Member {
    /// The action wants a ciphertext to be opened.
    pub(super) fn on_open(
        &mut self,
        id: CallId,
        (call, seen): (OpenRequest, Vec<Seen>),
        scene: &mut Scene<'_, '_>,
    ) {
        if self.counts.decryptions >= scene.facts.limits.decryptions {
            return id.answer(Err(failure(ErrorCode::LimitDecryptions)), scene);
        }
        self.counts.decryptions += 1;
        let (verdict, work) = match self.judge_open(id, &call, scene) {
            Ok(opening) => {
                (Verdict::Open { identity: opening.identity, to: opening.to }, Work::Open(opening))
            }
            Err(code) => (Verdict::Denied(code), Work::Denied),
        };
        self.cast(id, Ballot { verdict, seen, work, at_once: false }, scene);
    }

    /// Our share, if our own reading of the policy says yes.
    fn judge_open(
        &self,
        id: CallId,
        call: &OpenRequest,
        scene: &mut Scene<'_, '_>,
    ) -> Result<Opening, ErrorCode> {
        let state = self.runs.get(&id.run).ok_or(ErrorCode::Internal)?;
        let (action, single_node) = (state.action(), state.single_node);
        let policy = parse(&call.policy, call.form)?;
        let hash = policy.hash();
        let identity = match call.what {
            OpenWhat::Lit { data } => Identity::Lit { policy: hash, data },
            OpenWhat::Container { salt } => {
                Identity::Container { network: scene.node.committee.id, policy: hash, salt }
            }
        };
        judge(&policy, (&action, single_node), scene)?;
        let shares = scene.node.founding.shares().ok_or(ErrorCode::NotReady)?;
        let own = shares.of::<Decrypt>().partial(&identity.bytes()).map_err(|_| ErrorCode::Internal)?;
        let judged_mono_ms = scene.now();
        let waiting = Waiting::Yes;
        Ok(Opening { action, identity, to: call.to, policy, single_node, judged_mono_ms, own, waiting })
    }

    /// Whether our share may be said now: at once after it was judged, and later only by the rule of that moment.
    pub(super) fn may_share(&self, number: OperationNumber, scene: &mut Scene<'_, '_>) -> bool {
        self.opening(number).is_some_and(|opening| {
            opening.judged_mono_ms == scene.now()
                || judge(&opening.policy, (&opening.action, opening.single_node), scene).is_ok()
        })
    }

    /// Combines t shares, if there are so many.
    pub(crate) fn open(&mut self, number: OperationNumber, scene: &mut Scene<'_, '_>) {
        let Some(Opening { own, identity, waiting: Waiting::Yes, .. }) = self.opening(number) else { return };
        let (own, text, of) = (*own, identity.bytes(), identity.hash());
        match combine::<Decrypt>(number, (own, &text, of), scene) {
            Came::Value(value) => {
                let opened = Decision::Opened(ValuePoint(value.to_bytes()));
                self.take_decision(number, (scene.me(), opened, Judged::Right), scene);
            }
            Came::Never => self.stop_run(ErrorCode::DecryptionFailed, scene),
            Came::NotYet => {}
        }
    }

    fn opening(&self, number: OperationNumber) -> Option<&Opening> {
        match &self.operations.get(&number)?.work {
            Work::Open(opening) => Some(opening),
            Work::Sign(_) | Work::Collect(_) | Work::Once(_) | Work::Draw(_) | Work::Denied => None,
        }
    }

    /// What our run is given of a value that opens: the value, or nothing where another node is the one that is given it.
    pub(super) fn opened_given(
        &self,
        number: OperationNumber,
        value: &ValuePoint,
        scene: &Scene<'_, '_>,
    ) -> Given {
        let to = self.opening(number).map_or(OpenTo::All, |opening| opening.to);
        let answer = |value: &str| Ok(Answer::Value(value.to_owned()));
        let shown = serde_json::to_string(value).unwrap_or_else(|_| json(""));
        match to {
            OpenTo::All => Given::new(answer(&shown)),
            OpenTo::One => {
                let (order, me) = (scene.facts.ranks(), scene.me());
                let first =
                    order.iter().find(|node| **node == me || scene.node.peers.reachable(**node, scene.now()));
                // What only one knows is a value of one node, for all of them.
                Given::of_one(answer(if first == Some(&me) { &shown } else { "\"\"" }))
            }
        }
    }

    /// What our runs had opened.
    pub(super) fn opened(&self, scene: &Scene<'_, '_>) -> Vec<Opened> {
        let opened = self.operations.iter().filter_map(|(number, operation)| {
            let Work::Open(Opening { action, identity, to, .. }) = &operation.work else { return None };
            let Some(Decision::Opened(_)) = scene.facts.decision(*number) else { return None };
            Some(Opened { operation: *number, action: *action, identity: *identity, to: *to })
        });
        opened.collect()
    }
}

/// This node's own reading of a policy for an action, here and now.
fn judge(
    policy: &Policy,
    (action, single_node): (&ActionCid, bool),
    scene: &mut Scene<'_, '_>,
) -> Result<(), ErrorCode> {
    let (registry, _) = scene.node.decided_by()?;
    scene.turn.by_registry = true;
    let now = scene.turn.now;
    registry_fresh(registry.heard(), now.mono_ms, now.unix_ms)?;
    scene.node.counts(&scene.facts.session, registry.as_ref()).map_err(|problem| problem.code)?;
    let calls = policy.calls().map_err(|error| error.code)?;
    let payers = scene.facts.payers().all();
    scene.node.pay_reads(&payers, calls, now).map_err(|problem| problem.code)?;
    let session = &scene.facts.session;
    let reader = Reader {
        // In an action the person counts only where the session names this policy and this action.
        caller: session.may_open(&policy.hash(), Some(action)).then_some(session),
        action: Some(*action),
        unix_ms: now.unix_ms,
        single_node,
    };
    may_open(policy, registry.as_ref(), &reader).map_err(|denial| denial.code)
}

/// Reads a policy that somebody else wrote.
pub(crate) fn parse(text: &str, form: PolicyForm) -> Result<Policy, ErrorCode> {
    Policy::parse(text, form).map_err(|error| error.code)
}

/// Whether a value that somebody says opens the ciphertext is the one.
pub(super) fn judge_opened(operation: &Operation, value: &ValuePoint, scene: &Scene<'_, '_>) -> Judged {
    let (Work::Open(opening), Some(shares)) = (&operation.work, scene.node.founding.shares()) else {
        return Judged::NotYet;
    };
    let text = opening.identity.bytes();
    let valid = Value::from_bytes(&value.0);
    let key = shares.of::<Decrypt>().value_key();
    let valid = valid.is_ok_and(|value| key.verify(&text, &value));
    // One of another identity is nobody's fault: our own run may be the odd one, and makes its value by itself if it is not.
    if valid { Judged::Right } else { Judged::NotYet }
}
