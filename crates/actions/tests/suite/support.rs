//! What the tests of this crate share.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use quorate_actions::{
    ActionEvent, ActionLimits, ActionOutcome, ActionStart, Engine, EngineOptions, Execution, Finished, Guest,
    Pool, PoolConfig, Progress, RunInputs, WorkerCommand,
};
use quorate_wire::{ErrorCode, HostCall, HostReply};
use tokio::sync::mpsc;

pub(crate) use super::scripted::scripted_host;

/// The guest that `cargo xtask guest` built into the target folder in which this test was built.
pub(crate) fn guest_for_tests() -> Guest {
    Guest::locate(None).and_then(|path| Guest::load(&path)).unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn engine() -> Engine {
    Engine::new(&guest_for_tests(), EngineOptions { instances: 8 }).expect("the guest fits this build")
}

pub(crate) fn inputs(code: &str) -> RunInputs {
    RunInputs {
        code: Arc::from(code.as_bytes()),
        params: "{}".into(),
        auth: "{}".into(),
        time_ms: 1_700_000_000_000,
        random_seed: [7; 32],
        limits: ActionLimits::default(),
    }
}

/// Runs to the end on a thread of its own. Calls that are open together are answered newest first: the
/// order of arrival must not show.
pub(crate) fn run_with(
    engine: &Engine,
    inputs: &RunInputs,
    answer: impl FnMut(u32, &HostCall) -> HostReply + Send,
) -> Finished {
    std::thread::scope(|scope| {
        let run = scope.spawn(|| run_here(engine, inputs, answer));
        run.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn run_here(
    engine: &Engine,
    inputs: &RunInputs,
    mut answer: impl FnMut(u32, &HostCall) -> HostReply,
) -> Finished {
    let cancelled = Arc::new(AtomicBool::new(false));
    let mut calls = Vec::new();
    let (mut execution, mut progress) = Execution::start(engine, inputs, Instant::now(), cancelled);
    loop {
        match progress {
            Progress::Ended(finished) => return finished,
            Progress::Waiting(new) => {
                calls.extend(new.into_iter().map(|call| (call.call, call.op)));
                let mut waiting = execution.take().expect("an execution that waits is there");
                while let Some((call, op)) = calls.pop() {
                    waiting.answer(call, answer(call, &op));
                }
                (execution, progress) = waiting.resume();
            }
        }
    }
}

pub(crate) fn run(code: &str) -> Finished {
    run_with(&engine(), &inputs(code), scripted_host)
}

pub(crate) fn failure(finished: &Finished) -> (ErrorCode, &str) {
    match &finished.outcome {
        ActionOutcome::Failed { code, message, .. } => (*code, message),
        ActionOutcome::Completed { response } => panic!("completed with {response:?}"),
    }
}

pub(crate) fn response(finished: &Finished) -> &str {
    match &finished.outcome {
        ActionOutcome::Completed { response: Some(response) } => response,
        other => panic!("no response: {other:?}"),
    }
}

/// The folder of the action scripts.
pub(crate) fn scripts() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/actions")
}

/// A pool of real worker processes.
pub(crate) fn config() -> PoolConfig {
    let worker = WorkerCommand::new(env!("CARGO_BIN_EXE_quorate-action-worker"), [""; 0]);
    PoolConfig { blank_workers: 0, workers_max: 4, ..PoolConfig::new(worker, guest_for_tests()) }
}

pub(crate) fn start(execution: u64, cid: &str, code: &str) -> ActionStart {
    let inputs = inputs(code);
    ActionStart {
        execution,
        cid: cid.into(),
        code: inputs.code,
        params: inputs.params,
        auth: inputs.auth,
        time_ms: inputs.time_ms,
        random_seed: inputs.random_seed,
        limits: inputs.limits,
        parent: None,
        payers: Vec::new(),
    }
}

/// The next event but what is told of walls; a test that gets none fails instead of hanging.
pub(crate) async fn next(events: &mut mpsc::Receiver<ActionEvent>) -> ActionEvent {
    loop {
        let event = tokio::time::timeout(Duration::from_secs(60), events.recv()).await;
        match event.expect("an event within a minute").expect("the pool is there") {
            ActionEvent::Walls { .. } => {}
            event => return event,
        }
    }
}

/// Answers calls with the scripted host until that execution ends; passes over other events.
pub(crate) async fn finish(pool: &Pool, events: &mut mpsc::Receiver<ActionEvent>, wanted: u64) -> Finished {
    loop {
        match next(events).await {
            ActionEvent::Finished { execution, finished, .. } if execution == wanted => return finished,
            ActionEvent::HostCall { execution, call, op, .. } => {
                pool.answer(execution, call, scripted_host(call, &op)).expect("the call is open");
            }
            ActionEvent::Finished { .. } | ActionEvent::WorkerEnded { .. } | ActionEvent::Walls { .. } => {}
        }
    }
}
