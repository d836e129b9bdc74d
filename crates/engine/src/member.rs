//! The member: it runs the action, votes on each operation, joins attempts, goes on with what a coordinator fixed
//! where that is right, and ends with a statement.
//!
//! It never calls the coordinator of the same node: it says to it what it says to all of them.

mod attempt;
mod decide;
mod draw;
mod end;
mod once;
mod open;
mod operation;
mod run;
mod vote;

use std::collections::{BTreeMap, BTreeSet};

use quorate_wire::{
    ActionCid, Claim, EcdsaBytes, ErrorCode, HostCall, Intent, Lane, NodeIndex, OperationNumber,
    OutcomeMessage, PeerMessage, PublicKey, Refusal, action_key_id,
};

use crate::{
    ActionEvent, ActionFailure, Answer, Call, Effect, RunNumber,
    node::{Node, Scene},
};
pub(crate) use decide::Judged;
pub(crate) use draw::{DRAWN, spoilt};
pub(crate) use open::parse as parse_policy;
use operation::{Operation, Work};
pub(crate) use run::Run;
use run::json;
use vote::derived;

/// Our own part in one execution.
pub(crate) struct Member {
    /// The run that the caller asked for.
    pub(crate) root: RunNumber,
    /// Runs that go on: the root and its children.
    pub(crate) runs: BTreeMap<RunNumber, Run>,
    counts: Counts,
    operations: BTreeMap<OperationNumber, Operation>,
    refusals: Vec<Refusal>,
    claims: Vec<Claim>,
    /// Logs of child runs that have ended.
    logs_of_children: String,
    /// Child runs that came to no good end.
    failed: BTreeSet<Lane>,
    /// How the run ended.
    pub(crate) outcome: Option<OutcomeMessage>,
}

/// What the runs of an execution have used, all together.
#[derive(Default)]
struct Counts {
    signatures: u32,
    collects: u32,
    value_bytes: usize,
    claims: u32,
    randoms: u32,
    decryptions: u32,
    children: u32,
}

/// One host call of one run.
#[derive(Clone, Copy)]
struct CallId {
    run: RunNumber,
    call: u32,
}

impl Member {
    pub(crate) fn new(root: RunNumber, runs: BTreeMap<RunNumber, Run>) -> Self {
        Member {
            root,
            runs,
            counts: Counts::default(),
            operations: BTreeMap::new(),
            refusals: Vec::new(),
            claims: Vec::new(),
            logs_of_children: String::new(),
            failed: BTreeSet::new(),
            outcome: None,
        }
    }

    /// What one of our runs does.
    pub(crate) fn on_action(&mut self, run: RunNumber, event: ActionEvent, scene: &mut Scene<'_, '_>) {
        match event {
            ActionEvent::Call(call) => self.on_call(run, call, scene),
            ActionEvent::Finished(end) => self.on_finished(run, end, scene),
        }
    }

    /// A host call of one of our runs.
    fn on_call(&mut self, run: RunNumber, Call { call, seen, wanted }: Call, scene: &mut Scene<'_, '_>) {
        let id = CallId { run, call };
        match wanted {
            HostCall::ActionKey { cid } => {
                let key = action_key(&cid, scene).map(|key| Answer::Value(json(&key.to_string())));
                id.answer(key.map_err(failure), scene);
            }
            HostCall::RunOnceResult { of, result } => self.on_run_once_result(id, (of, result), scene),
            HostCall::Call { cid, params } => match action_of(&cid) {
                Ok(action) => self.on_child(id, (action, params), scene),
                Err(code) => id.answer(Err(failure(code)), scene),
            },
            HostCall::Claim { key_id } => self.on_claim(id, key_id, scene),
            HostCall::Collect { name, value } => self.on_collect(id, (name, value), seen, scene),
            HostCall::Random => self.on_draw(id, seen, scene),
            HostCall::DecryptRoot => {
                let roots = scene.node.founding.roots().ok_or(ErrorCode::NotReady);
                let key =
                    roots.map(|roots| Answer::Value(json(&format!("0x{}", hex::encode(roots.decrypt)))));
                id.answer(key.map_err(failure), scene);
            }
            HostCall::Open(open) => self.on_open(id, (open, seen), scene),
            HostCall::RunOnce { name, wait } => self.on_run_once(id, (name, wait), seen, scene),
            HostCall::Sign(sign) => self.on_sign(id, (sign, seen), scene),
            // The shell's own: servers, chains and the clock are not the engine's.
            HostCall::Fetch(_) | HostCall::Registry(_) | HostCall::Rpc { .. } | HostCall::Pause { .. } => {
                id.answer(Err(failure(ErrorCode::NotSupported)), scene);
            }
        }
    }

    /// Tells one new coordinator all that we have told others.
    pub(crate) fn tell_all(&self, to: NodeIndex, scene: &mut Scene<'_, '_>) {
        for (number, operation) in &self.operations {
            scene.turn.send(to, PeerMessage::Vote(operation.vote.clone()));
            if let Some(offer) = operation.offer(scene.facts.id, *number) {
                scene.turn.send(to, PeerMessage::Offer(offer));
            }
            if let Some(value) = operation.stated() {
                scene.turn.send(to, PeerMessage::Led(value.clone()));
            }
        }
        for number in scene.facts.operations.keys().copied().collect::<Vec<_>>() {
            self.tell_signature(number, to, scene);
            scene.facts.tell_decision(number, to, scene.turn);
        }
        if let Some(outcome) = &self.outcome {
            scene.turn.send(to, PeerMessage::Outcome(Box::new(outcome.clone())));
        }
    }

    /// When something of it is due.
    pub(crate) fn next_deadline(&self) -> Option<u64> {
        self.operations.values().filter_map(Operation::next_deadline).min()
    }

    /// What is due of attempts and of values.
    pub(crate) fn tick(&mut self, scene: &mut Scene<'_, '_>) {
        self.tick_attempts(scene);
        self.tick_looks(scene);
    }

    /// Signatures of this node's own runs, in the order of operation numbers.
    fn signed(&self) -> impl Iterator<Item = (&Intent, EcdsaBytes)> {
        self.operations.values().filter_map(|operation| Some((operation.intent()?, operation.signature()?)))
    }

    /// The outermost child runs that failed and in which, or below which, something was signed.
    fn failed_after_signing(&self) -> Vec<Lane> {
        let outermost =
            |lane: &&Lane| !self.failed.iter().any(|other| other != *lane && lane.is_within(*other));
        let signed_in =
            |lane: &&Lane| self.signed().any(|(intent, _)| intent.operation.lane().is_within(**lane));
        self.failed.iter().filter(outermost).filter(signed_in).copied().collect()
    }

    /// The action claims a key: it is derived, and stated.
    fn on_claim(&mut self, id: CallId, key_id: String, scene: &mut Scene<'_, '_>) {
        let claimed = self.claim(id.run, key_id, scene);
        let answer = claimed.map(|key| Answer::Value(json(&key.to_string()))).map_err(failure);
        id.answer(answer, scene);
    }

    fn claim(
        &mut self,
        run: RunNumber,
        key_id: String,
        scene: &mut Scene<'_, '_>,
    ) -> Result<PublicKey, ErrorCode> {
        if self.counts.claims >= scene.facts.limits.claims {
            return Err(ErrorCode::LimitClaims);
        }
        quorate_policy::check_claim_id(&key_id)?;
        let (_, root) = scene.node.decided_by()?;
        let state = self.runs.get_mut(&run).ok_or(ErrorCode::Internal)?;
        let action = state.action();
        let (public_key, _) = derived(&root, &quorate_wire::claim_key_id(&action, &key_id))?;
        let operation = state.number().ok_or(ErrorCode::LimitHostCalls)?;
        self.counts.claims += 1;
        self.claims.push(Claim { operation, action, key_id, public_key });
        Ok(public_key)
    }
}

impl CallId {
    /// Answers the call at once.
    fn answer(self, answer: Result<Answer, ActionFailure>, scene: &mut Scene<'_, '_>) {
        scene.turn.effects.push(Effect::Answer { run: self.run, call: self.call, answer });
    }
}

impl Node {
    /// Ends a signing session: its secret state is gone.
    fn end_session(&mut self, session: &[u8; 32]) {
        self.sessions.remove(session);
    }
}

/// The action that a host call names.
fn action_of(cid: &str) -> Result<ActionCid, ErrorCode> {
    cid.parse().map_err(|_| ErrorCode::MalformedRequest)
}

/// The public key of an action's own key.
fn action_key(cid: &str, scene: &Scene<'_, '_>) -> Result<PublicKey, ErrorCode> {
    let action = action_of(cid)?;
    let (_, root) = scene.node.decided_by()?;
    derived(&root, &action_key_id(&action)).map(|(key, _)| key)
}

/// What a failed host call says.
pub(crate) fn failure(code: ErrorCode) -> ActionFailure {
    ActionFailure { code, message: code.title().to_owned() }
}
