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

use crate::{
    ActionEnd, ActionFailure, ActionStart, Answer, Effect, Engine, RunNumber,
    accept::SHARE_TAKEN,
    admission::Payer,
    execution::{Execution, failure},
    turn::Turn,
};

/// A run that goes on.
pub(crate) struct Run {
    pub(crate) lane: Lane,
    /// Actions from the one that the caller asked for to this one.
    pub(crate) stack: Vec<ActionCid>,
    /// The run that called it, and with which host call.
    parent: Option<(RunNumber, u32)>,
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

impl Engine {
    /// Gives a run its result of a slot, and answers what is due.
    pub(crate) fn give(
        &self,
        execution: &mut Execution,
        run: RunNumber,
        (slot, given): (Slot, Given),
        turn: &mut Turn<'_>,
    ) {
        if let Some(state) = execution.runs.get_mut(&run) {
            state.give(slot, given);
        }
        answer_due(execution, run, turn);
    }

    /// Starts a run, or has its code found first.
    pub(crate) fn begin_run(
        &mut self,
        execution: &mut Execution,
        run: RunNumber,
        code: Option<Arc<str>>,
        turn: &mut Turn<'_>,
    ) {
        let payers = execution.payers();
        let Some(state) = execution.runs.get_mut(&run) else { return };
        let action = state.action();
        let Some(code) = code else {
            turn.effects.push(Effect::FindCode { run, action, payers });
            return;
        };
        let Some(params) = state.params.take() else { return };
        turn.effects.push(Effect::StartAction(Box::new(ActionStart {
            run,
            lane: state.lane,
            action,
            code,
            params,
            auth: auth_json(&state.stack, &execution.session),
            time_ms: execution.request.time_ms,
            seed: seed(&execution.id, state.lane),
            limits: state.limits,
            payers,
            parent: state.parent,
            block: execution.request.block,
            request: execution.id,
        })));
    }

    /// The code of a run has been found, or can not be.
    pub(crate) fn on_code(&mut self, run: RunNumber, code: Result<Arc<str>, ErrorCode>, turn: &mut Turn<'_>) {
        let Some(id) = self.runs.get(&run).copied() else { return };
        self.with(id, |engine, execution| match code {
            Ok(code) => engine.begin_run(execution, run, Some(code), turn),
            Err(code) => engine.fail_run(execution, run, code, turn),
        });
    }

    fn fail_run(&mut self, execution: &mut Execution, run: RunNumber, code: ErrorCode, turn: &mut Turn<'_>) {
        let end = ActionEnd { result: Err(failure(code)), logs: String::new(), usage: Usage::default() };
        self.on_finished(execution, run, end, turn);
    }

    /// A host call for a child run.
    pub(crate) fn on_child(
        &mut self,
        execution: &mut Execution,
        run: RunNumber,
        (call, action, params): (u32, ActionCid, String),
        turn: &mut Turn<'_>,
    ) {
        let allowed = &execution.limits;
        let fair = self.runs.len() < limits::EXECUTIONS_RUNNING_MAX
            && self.shares.may_run(Payer::of(&execution.payers()), self.runs.len());
        let Some(parent) = execution.runs.get_mut(&run) else { return };
        let refused = if execution.counts.children >= allowed.children {
            Some(ErrorCode::LimitChildren)
        } else if parent.lane.depth() >= allowed.depth {
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
                turn.effects.push(Effect::Answer { run, call, answer: Err(failure) });
                return;
            }
            (None, Ok(lane)) => lane,
        };
        execution.counts.children += 1;
        parent.next_child += 1;
        let mut stack = parent.stack.clone();
        stack.push(action);
        let single_node = parent.single_node;
        self.next_run += 1;
        let child = RunNumber(self.next_run);
        parent.wait(Some(call), Slot::Child(child));
        // Whoever runs it lowers the limits to what the parent has left.
        let mut state = Run::root(action, params, execution.limits);
        state.parent = Some((run, call));
        (state.lane, state.stack, state.single_node) = (lane, stack, single_node);
        execution.runs.insert(child, state);
        self.runs.insert(child, execution.id);
        for payer in Payer::of(&execution.payers()) {
            self.shares.of(payer).running += 1;
        }
        self.begin_run(execution, child, None, turn);
    }

    /// A run has ended by itself.
    pub(crate) fn on_finished(
        &mut self,
        execution: &mut Execution,
        run: RunNumber,
        end: ActionEnd,
        turn: &mut Turn<'_>,
    ) {
        if run == execution.root {
            self.end_run(execution, end, turn);
            return;
        }
        let Some(state) = self.forget_run(execution, run, turn) else { return };
        let logs = &mut execution.logs_of_children;
        let room = limits::LOG_BYTES_MAX.saturating_sub(logs.len());
        logs.push_str(&end.logs[..end.logs.floor_char_boundary(room)]);
        let answer = match end.result {
            Ok(response) if response.as_ref().is_none_or(|text| text.len() <= limits::RESPONSE_BYTES_MAX) => {
                Ok(Answer::Value(response.map_or_else(|| "null".to_owned(), |text| json(&text))))
            }
            Ok(_) => Err(failure(ErrorCode::LimitResponse)),
            Err(mut failure) => {
                failure.code = self.cause(execution, state.lane, failure.code);
                Err(failure)
            }
        };
        if answer.is_err() {
            execution.failed.insert(state.lane);
        }
        if let Some((parent, _)) = state.parent {
            let given = Given { answer, single_node: state.single_node };
            self.give(execution, parent, (Slot::Child(run), given), turn);
        }
    }

    /// An uncaught refusal reaches us as a thrown error: the refusal is what ended the run.
    pub(crate) fn cause(&self, execution: &Execution, lane: Lane, code: ErrorCode) -> ErrorCode {
        let of_lane = |refusal: &&quorate_wire::Refusal| refusal.operation.lane() == lane;
        // The last one as the run made them, not as their refusals arrived.
        let last = execution.refusals.iter().filter(of_lane).max_by_key(|refusal| refusal.operation);
        match (code, last) {
            (ErrorCode::ActionThrew, Some(refusal)) => refusal.code,
            (code, _) => code,
        }
    }

    /// Ends all that belongs to a run but the run's worker: the runs below it, and their part in operations.
    pub(crate) fn forget_run(
        &mut self,
        execution: &mut Execution,
        run: RunNumber,
        turn: &mut Turn<'_>,
    ) -> Option<Run> {
        let lane = execution.runs.get(&run)?.lane;
        // The innermost first: a run has a higher number than the one that called it.
        let below: Vec<RunNumber> = execution
            .runs
            .iter()
            .rev()
            .filter(|(number, other)| **number != run && other.lane.is_within(lane))
            .map(|(number, _)| *number)
            .collect();
        for child in below {
            turn.effects.push(Effect::CancelAction { run: child });
            if let Some(state) = self.remove_run(execution, child, turn) {
                execution.failed.insert(state.lane);
            }
        }
        self.remove_run(execution, run, turn)
    }

    fn remove_run(&mut self, execution: &mut Execution, run: RunNumber, turn: &mut Turn<'_>) -> Option<Run> {
        let state = execution.runs.remove(&run)?;
        self.runs.remove(&run);
        for payer in Payer::of(&execution.payers()) {
            let held = self.shares.of(payer);
            held.running = held.running.saturating_sub(1);
        }
        self.withdraw(execution, run, turn);
        Some(state)
    }
}

/// Answers what is due to a run.
pub(crate) fn answer_due(execution: &mut Execution, run: RunNumber, turn: &mut Turn<'_>) {
    let Some(state) = execution.runs.get_mut(&run) else { return };
    for (call, answer) in state.due() {
        turn.effects.push(Effect::Answer { run, call, answer });
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
        "authSigAddress": own.then(|| checksum_address(&session.wallet)),
        "authMethodContexts": [],
        "resources": capabilities.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "customAuthResource": "",
    })
    .to_string()
}
