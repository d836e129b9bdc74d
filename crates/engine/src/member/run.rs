//! The runs of an execution: the one that the caller asked for, and its children.
//!
//! A child has a worker of its own CID, its own lane of operation numbers and its own rights: a parent
//! lends it nothing but a share of what the execution may use.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
};

use quorate_auth::{Session, checksum_address};
use quorate_wire::{
    ActionCid, ActionLimits, ErrorCode, Lane, OperationNumber, RequestId, Transcript, Usage, limits,
};

use super::{CallId, Member, failure};
use crate::{
    ActionEnd, ActionFailure, ActionStart, Answer, Effect, RunNumber, admission::SHARE_TAKEN, node::Scene,
};

/// A run that goes on.
pub(crate) struct Run {
    pub(crate) lane: Lane,
    /// Actions from the one that the caller asked for to this one.
    pub(crate) stack: Vec<ActionCid>,
    /// The run that called it, and with which host call.
    parent: Option<CallId>,
    /// What it was started with. Dropped once it is under way.
    params: Option<String>,
    limits: ActionLimits,
    next_operation: u32,
    next_child: u32,
    pub(crate) names: BTreeSet<String>,
    /// Whether it knows a value that was taken from one node.
    pub(crate) single_node: bool,
    /// Calls whose answers come in the order in which they were made.
    open: VecDeque<Open>,
}

/// What an open call waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    Operation(OperationNumber),
    Child(RunNumber),
}

struct Open {
    /// Which call is to be answered; none while this node runs the function that `runOnce` was given.
    call: Option<u32>,
    slot: Slot,
    result: Option<Given>,
}

/// A result, and what taking it does to the run.
pub(crate) struct Given {
    pub(crate) answer: Result<Answer, ActionFailure>,
    /// Whether it is, or comes from, a value of one node.
    pub(crate) single_node: bool,
}

impl Given {
    pub(crate) fn new(answer: Result<Answer, ActionFailure>) -> Self {
        Given { answer, single_node: false }
    }

    /// A value of one node.
    pub(super) fn of_one(answer: Result<Answer, ActionFailure>) -> Self {
        Given { answer, single_node: true }
    }
}

impl Run {
    pub(crate) fn root(action: ActionCid, params: String, limits: ActionLimits) -> Self {
        Run {
            lane: Lane::ROOT,
            stack: vec![action],
            parent: None,
            params: Some(params),
            limits,
            next_operation: 0,
            next_child: 0,
            names: BTreeSet::new(),
            single_node: false,
            open: VecDeque::new(),
        }
    }

    /// The running action.
    pub(crate) fn action(&self) -> ActionCid {
        self.stack.last().copied().expect("a run is of an action")
    }

    /// The number of the run's next operation.
    pub(crate) fn number(&mut self) -> Option<OperationNumber> {
        let number = self.lane.operation(self.next_operation)?;
        self.next_operation += 1;
        Some(number)
    }

    /// The number that the run's next operation will have.
    pub(crate) fn next_number(&self) -> Option<OperationNumber> {
        self.lane.operation(self.next_operation)
    }

    /// Notes a call whose answer waits for its turn.
    pub(crate) fn wait(&mut self, call: Option<u32>, slot: Slot) {
        self.open.push_back(Open { call, slot, result: None });
    }

    /// Names the call under which a slot is to be answered from now on.
    pub(crate) fn answer_under(&mut self, slot: Slot, call: Option<u32>) {
        if let Some(open) = self.open.iter_mut().find(|open| open.slot == slot) {
            open.call = call;
        }
    }

    fn give(&mut self, slot: Slot, given: Given) {
        if let Some(open) = self.open.iter_mut().find(|open| open.slot == slot && open.result.is_none()) {
            open.result = Some(given);
        }
    }

    /// Answers that are due: in the order in which the run asked, whatever order the results came in.
    ///
    /// A run that waits for several results at once so goes on alike on all nodes.
    pub(crate) fn due(&mut self) -> Vec<(u32, Result<Answer, ActionFailure>)> {
        let mut due = Vec::new();
        while let Some(Open { call: Some(call), result, .. }) = self.open.front_mut() {
            let Some(given) = result.take() else { break };
            due.push((*call, given.answer));
            self.single_node |= given.single_node;
            self.open.pop_front();
        }
        due
    }
}

impl Member {
    /// Gives a run its result of a slot, and answers what is due.
    pub(super) fn give(&mut self, run: RunNumber, (slot, given): (Slot, Given), scene: &mut Scene<'_, '_>) {
        if let Some(state) = self.runs.get_mut(&run) {
            state.give(slot, given);
        }
        self.answer_due(run, scene);
    }

    /// Answers what is due to a run.
    pub(super) fn answer_due(&mut self, run: RunNumber, scene: &mut Scene<'_, '_>) {
        let Some(state) = self.runs.get_mut(&run) else { return };
        for (call, answer) in state.due() {
            scene.turn.effects.push(Effect::Answer { run, call, answer });
        }
    }

    /// Starts a run, or has its code found first.
    pub(crate) fn begin_run(&mut self, run: RunNumber, code: Option<Arc<str>>, scene: &mut Scene<'_, '_>) {
        let payers = scene.facts.payers();
        let Some(state) = self.runs.get_mut(&run) else { return };
        let action = state.action();
        let Some(code) = code else {
            scene.turn.effects.push(Effect::FindCode { run, action, payers });
            return;
        };
        let Some(params) = state.params.take() else { return };
        let facts = &*scene.facts;
        scene.turn.effects.push(Effect::StartAction(Box::new(ActionStart {
            run,
            lane: state.lane,
            action,
            code,
            params,
            auth: auth_json(&state.stack, &facts.session),
            time_ms: facts.request.time_ms,
            seed: seed(&facts.id, state.lane),
            limits: state.limits,
            payers,
            parent: state.parent.map(|CallId { run, call }| (run, call)),
            block: facts.request.block,
            request: facts.id,
        })));
    }

    /// The code of a run has been found, or cannot be.
    pub(crate) fn on_code(
        &mut self,
        run: RunNumber,
        code: Result<Arc<str>, ErrorCode>,
        scene: &mut Scene<'_, '_>,
    ) {
        match code {
            Ok(code) => self.begin_run(run, Some(code), scene),
            Err(code) => {
                let usage = Usage::default();
                let end = ActionEnd { result: Err(failure(code)), logs: String::new(), usage };
                self.on_finished(run, end, scene);
            }
        }
    }

    /// A host call for a child run.
    pub(super) fn on_child(
        &mut self,
        id: CallId,
        (action, params): (ActionCid, String),
        scene: &mut Scene<'_, '_>,
    ) {
        let (node, facts) = (&mut *scene.node, &*scene.facts);
        let running = node.runs.len();
        let fair =
            running < limits::EXECUTIONS_RUNNING_MAX && node.shares.may_run(facts.payers().all(), running);
        let Some(parent) = self.runs.get_mut(&id.run) else { return };
        let refused = if self.counts.children >= facts.limits.children {
            Some(ErrorCode::LimitChildren)
        } else if parent.lane.depth() >= facts.limits.depth {
            Some(ErrorCode::LimitDepth)
        } else if params.len() > limits::REQUEST_BYTES_MAX {
            Some(ErrorCode::LimitParams)
        } else if !fair {
            Some(ErrorCode::Overloaded)
        } else {
            None
        };
        let lane = parent.lane.child(parent.next_child + 1).ok_or(ErrorCode::LimitChildren);
        let lane = match (refused, lane) {
            (Some(code), _) | (None, Err(code)) => {
                let mut failure = failure(code);
                if code == ErrorCode::Overloaded {
                    failure.message = SHARE_TAKEN.to_owned();
                }
                return id.answer(Err(failure), scene);
            }
            (None, Ok(lane)) => lane,
        };
        self.counts.children += 1;
        parent.next_child += 1;
        let mut stack = parent.stack.clone();
        stack.push(action);
        let single_node = parent.single_node;
        let child = node.new_run(facts.id);
        parent.wait(Some(id.call), Slot::Child(child));
        // Whoever runs it lowers the limits to what the parent has left.
        let mut state = Run::root(action, params, facts.limits);
        state.parent = Some(id);
        (state.lane, state.stack, state.single_node) = (lane, stack, single_node);
        self.runs.insert(child, state);
        for payer in facts.payers().all() {
            node.shares.of(payer).running += 1;
        }
        self.begin_run(child, None, scene);
    }

    /// A run has ended by itself.
    pub(super) fn on_finished(&mut self, run: RunNumber, end: ActionEnd, scene: &mut Scene<'_, '_>) {
        if run == self.root {
            return self.end_run(end, scene);
        }
        let Some(state) = self.forget_run(run, scene) else { return };
        let logs = &mut self.logs_of_children;
        let room = limits::LOG_BYTES_MAX.saturating_sub(logs.len());
        logs.push_str(&end.logs[..end.logs.floor_char_boundary(room)]);
        let answer = match end.result {
            Ok(response) if response.as_ref().is_none_or(|text| text.len() <= limits::RESPONSE_BYTES_MAX) => {
                Ok(Answer::Value(response.map_or_else(|| "null".to_owned(), |text| json(&text))))
            }
            Ok(_) => Err(failure(ErrorCode::LimitResponse)),
            Err(mut failure) => {
                failure.code = self.cause(state.lane, failure.code);
                Err(failure)
            }
        };
        if answer.is_err() {
            self.failed.insert(state.lane);
        }
        if let Some(parent) = state.parent {
            let given = Given { answer, single_node: state.single_node };
            self.give(parent.run, (Slot::Child(run), given), scene);
        }
    }

    /// An uncaught refusal reaches us as a thrown error: the refusal is what ended the run.
    pub(super) fn cause(&self, lane: Lane, code: ErrorCode) -> ErrorCode {
        let of_lane = |refusal: &&quorate_wire::Refusal| refusal.operation.lane() == lane;
        // The last one as the run made them, not as their refusals arrived.
        let last = self.refusals.iter().filter(of_lane).max_by_key(|refusal| refusal.operation);
        match (code, last) {
            (ErrorCode::ActionThrew, Some(refusal)) => refusal.code,
            (code, _) => code,
        }
    }

    /// Ends all that belongs to a run but the run's worker: the runs below it, and their part in operations.
    pub(super) fn forget_run(&mut self, run: RunNumber, scene: &mut Scene<'_, '_>) -> Option<Run> {
        let lane = self.runs.get(&run)?.lane;
        // The innermost first: a run has a higher number than the one that called it.
        let below = self.runs.iter().rev();
        let below = below.filter(|(number, other)| **number != run && other.lane.is_within(lane));
        for child in below.map(|(number, _)| *number).collect::<Vec<_>>() {
            scene.turn.effects.push(Effect::CancelAction { run: child });
            if let Some(state) = self.remove_run(child, scene) {
                self.failed.insert(state.lane);
            }
        }
        self.remove_run(run, scene)
    }

    fn remove_run(&mut self, run: RunNumber, scene: &mut Scene<'_, '_>) -> Option<Run> {
        let state = self.runs.remove(&run)?;
        scene.node.runs.remove(&run);
        for payer in scene.facts.payers().all() {
            let held = scene.node.shares.of(payer);
            held.running = held.running.saturating_sub(1);
        }
        self.withdraw(run, scene);
        Some(state)
    }
}

/// A JSON string.
pub(crate) fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Seed of `Math.random`: equal on all nodes, and another one for each run.
fn seed(request: &RequestId, lane: Lane) -> [u8; 32] {
    let transcript = Transcript::new("quorate/math-random/v1").field(&request.0);
    if lane == Lane::ROOT { transcript.finish() } else { transcript.number(lane.get().into()).finish() }
}

/// `Lit.Auth`, as the action sees it.
///
/// A child sees its caller only if the session allows the child as well: a parent lends it no caller, either.
fn auth_json(stack: &[ActionCid], session: &Session) -> String {
    let own = stack.last().is_some_and(|action| session.may_run(action));
    let capabilities = if own { session.capabilities.as_slice() } else { &[] };
    serde_json::json!({
        "actionIpfsIdStack": stack,
        "authSigAddress": session.wallet().filter(|_| own).map(|wallet| checksum_address(&wallet)),
        "authMethodContexts": if own { quorate_policy::contexts(session) } else { Vec::new() },
        "resources": capabilities.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "customAuthResource": "",
    })
    .to_string()
}
