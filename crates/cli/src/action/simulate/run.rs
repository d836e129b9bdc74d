//! Drives the guest: the same one, in the same engine, as in the worker of a node.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use quorate_actions::{
    ActionLimits, ActionOutcome, ChildBudget, Engine, EngineOptions, Execution, Finished, Guest, OpenCall,
    Progress, RunInputs, Usage,
};
use quorate_wire::{ActionCid, ErrorCode, HostCall, HostReply};
use serde_json::{Value, json};

use super::host::{Host, coded, malformed};

/// Executions at a time: an action, its child actions below one another, and the test that runs it.
const INSTANCES: u32 = 8;
/// How often the clock moves by which a running guest notices that it is late.
const TICK: Duration = Duration::from_millis(10);

/// The guest that `cargo xtask guest` built.
pub(crate) fn engine() -> Result<Engine> {
    let guest = Guest::locate(None).and_then(|path| Guest::load(&path)).context("loading the guest")?;
    Engine::new(&guest, EngineOptions { instances: INSTANCES }).context("loading the guest")
}

/// Runs something on a thread with room for guests, while the engine's clock moves.
pub(crate) fn on_guest_thread<T: Send>(engine: &Engine, work: impl FnOnce() -> T + Send) -> Result<T> {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                std::thread::sleep(TICK);
                engine.tick();
            }
        });
        let thread = std::thread::Builder::new().spawn_scoped(scope, work);
        let result = thread
            .context("starting a thread")
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        done.store(true, Ordering::Relaxed);
        result
    })
}

/// An answer, and the work that a child action did for it.
pub(crate) struct Answer {
    pub(crate) reply: HostReply,
    pub(crate) child_fuel: u64,
}

impl From<HostReply> for Answer {
    fn from(reply: HostReply) -> Self {
        Self { reply, child_fuel: 0 }
    }
}

/// Drives one execution; calls are answered in the order in which they are made.
pub(crate) fn drive(
    engine: &Engine,
    inputs: &RunInputs,
    mut answer: impl FnMut(&OpenCall) -> Answer,
) -> Finished {
    let cancelled = Arc::new(AtomicBool::new(false));
    let (mut execution, mut progress) = Execution::start(engine, inputs, Instant::now(), cancelled);
    loop {
        match progress {
            Progress::Ended(finished) => return finished,
            Progress::Waiting(calls) => {
                let Some(mut waiting) = execution.take() else {
                    // The engine hands the execution back whenever it says that it waits.
                    return broken();
                };
                for open in calls {
                    let Answer { reply, child_fuel } = answer(&open);
                    waiting.answer_of_child(open.call, reply, child_fuel);
                }
                (execution, progress) = waiting.resume();
            }
        }
    }
}

/// One action of the simulated execution, and the way to it.
pub(super) struct Run<'a> {
    pub(super) engine: &'a Engine,
    pub(super) stack: Vec<ActionCid>,
    pub(super) params: String,
    pub(super) time_ms: u64,
    pub(super) random_seed: [u8; 32],
    pub(super) limits: ActionLimits,
}

impl Run<'_> {
    /// Runs the action at the end of the stack, and those that it calls.
    pub(super) fn run(self, host: &mut Host<'_>) -> Finished {
        let Some((action, code)) =
            self.stack.last().and_then(|cid| Some((*cid, host.world.sources.get(cid)?.clone())))
        else {
            return broken();
        };
        let inputs = RunInputs {
            code,
            params: self.params.clone(),
            auth: host.auth(&self.stack),
            time_ms: self.time_ms,
            random_seed: self.random_seed,
            limits: self.limits,
        };
        host.begin();
        let mut of_children = Usage::default();
        let mut finished = drive(self.engine, &inputs, |open| match &open.op {
            HostCall::Call { cid, params } => {
                let child = self.child(host, &open.op, cid);
                // The engine puts something aside for every call of a child action.
                let budget = open.budget.unwrap_or(ChildBudget { fuel: 0, wall_ms: 0, total_ms: 0 });
                child.map_or_else(Answer::from, |stack| {
                    self.call(host, &open.op, Child { stack, params, budget }, &mut of_children)
                })
            }
            other => host.answer(action, open.call, other).into(),
        });
        host.end(matches!(finished.outcome, ActionOutcome::Completed { .. }));
        finished.usage = sum(&finished.usage, &of_children);
        finished
    }

    /// The way to a child action, if there is one.
    fn child(&self, host: &mut Host<'_>, op: &HostCall, cid: &str) -> Result<Vec<ActionCid>, HostReply> {
        let Ok(child) = cid.parse::<ActionCid>() else {
            return Err(host.refuse(op, malformed("this is not the CID of an action")));
        };
        if let Err(refused) = host.count(op) {
            return Err(host.refuse(op, refused));
        }
        if host.world.nowhere.contains(&child) {
            return Err(host.refuse(op, coded(ErrorCode::CodeMissing)));
        }
        if !host.world.sources.contains_key(&child) {
            let add = json!({ "NAME": { "file": format!("the file with the CID {child}") } });
            let refused = host.missing("actions", add, &format!("the code of {child}"));
            return Err(host.refuse(op, refused));
        }
        Ok([self.stack.as_slice(), &[child]].concat())
    }

    fn call(&self, host: &mut Host<'_>, op: &HostCall, child: Child<'_>, used: &mut Usage) -> Answer {
        let Child { stack, params, budget } = child;
        let action = stack.last().copied();
        let depth = self.stack.len();
        let run = Run {
            engine: self.engine,
            stack,
            params: params.to_owned(),
            time_ms: self.time_ms,
            random_seed: self.random_seed,
            limits: ActionLimits {
                fuel: budget.fuel.min(self.limits.fuel),
                wall_ms: budget.wall_ms.min(self.limits.wall_ms),
                total_ms: budget.total_ms.min(self.limits.total_ms),
                depth: self.limits.depth.saturating_sub(1),
                ..self.limits
            },
        };
        let finished = run.run(host);
        let child_fuel = finished.usage.fuel;
        *used = sum(used, &finished.usage);
        host.events.called.push(json!({
            "action": action, "depth": depth, "outcome": outcome_value(&finished.outcome), "log": finished.logs,
        }));
        let reply = match finished.outcome {
            ActionOutcome::Completed { response } => HostReply::Value(json!(response).to_string()),
            ActionOutcome::Failed { message, cause: Some(cause), .. } => host.refuse(op, (cause, message)),
            ActionOutcome::Failed { code, message, cause: None } => {
                host.refuse(op, (code.to_string(), message))
            }
        };
        Answer { reply, child_fuel }
    }
}

/// A child action to run.
struct Child<'a> {
    stack: Vec<ActionCid>,
    params: &'a str,
    budget: ChildBudget,
}

/// How an execution ended, for reports.
pub(super) fn outcome_value(outcome: &ActionOutcome) -> Value {
    match outcome {
        ActionOutcome::Completed { response } => json!({ "status": "completed", "response": response }),
        ActionOutcome::Failed { code, message, cause } => {
            let mut error = json!({ "code": code.as_str(), "message": message });
            if let Some(cause) = cause {
                error["cause"] = json!(cause);
            }
            json!({ "status": "failed", "error": error })
        }
    }
}

fn broken() -> Finished {
    let outcome = ActionOutcome::Failed {
        code: quorate_wire::ErrorCode::Internal,
        message: "the engine said nothing more".to_owned(),
        cause: None,
    };
    Finished { outcome, logs: String::new(), usage: Usage::default() }
}

/// What an action used, with what its child actions did: the counts of both, and of what is held at one time the
/// larger. Work is not added: what a child has done is in its parent's figure already.
fn sum(a: &Usage, b: &Usage) -> Usage {
    let members = |usage: &Usage| match serde_json::to_value(usage) {
        Ok(Value::Object(members)) => members,
        _ => serde_json::Map::new(),
    };
    let (a, b) = (members(a), members(b));
    let added = a.into_iter().map(|(name, used)| {
        let (x, y) = (used.as_u64().unwrap_or(0), b.get(&name).and_then(Value::as_u64).unwrap_or(0));
        let both = match name.as_str() {
            "memory_bytes" | "pending" | "timers" | "response_bytes" => x.max(y),
            "fuel" => x,
            _ => x.saturating_add(y),
        };
        (name, json!(both))
    });
    serde_json::from_value(Value::Object(added.collect())).unwrap_or_default()
}
