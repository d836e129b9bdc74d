//! What the tests of this crate share.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use quorate_actions::{
    ActionLimits, ActionOutcome, Engine, EngineOptions, Execution, FailureCode, Finished, Guest, HostCall, HostReply,
    Progress, RunInputs, THREAD_STACK_BYTES,
};

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

/// Runs to the end on a thread of its own, answering every call with `answer`.
pub(crate) fn run_with(
    engine: &Engine,
    inputs: &RunInputs,
    answer: impl FnMut(u32, &HostCall) -> HostReply + Send,
) -> Finished {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(THREAD_STACK_BYTES);
        let run = thread.spawn_scoped(scope, || run_here(engine, inputs, answer)).expect("a thread starts");
        run.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn run_here(engine: &Engine, inputs: &RunInputs, mut answer: impl FnMut(u32, &HostCall) -> HostReply) -> Finished {
    let stopped = Arc::new(AtomicBool::new(false));
    let ticker = Ticker::start(engine);
    let mut calls = VecDeque::new();
    let (mut execution, mut progress) = Execution::start(engine, inputs, Instant::now(), stopped);
    loop {
        match progress {
            Progress::Ended(finished) => {
                drop(ticker);
                return finished;
            }
            Progress::Waiting(new) => {
                calls.extend(new);
                let mut waiting = execution.take().expect("an execution that waits is there");
                // All that is open, the newest first: the order of arrival must not show.
                while let Some((call, op)) = calls.pop_back() {
                    waiting.answer(call, answer(call, &op));
                }
                (execution, progress) = waiting.resume();
            }
        }
    }
}

pub(crate) fn run(code: &str) -> Finished {
    run_with(&engine(), &inputs(code), |call, op| panic!("no call expected, but {call} came: {op:?}"))
}

pub(crate) fn failure(finished: &Finished) -> (FailureCode, &str) {
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

/// Moves the engine's clock until it is dropped.
struct Ticker {
    stop: std::sync::mpsc::Sender<()>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Ticker {
    fn start(engine: &Engine) -> Self {
        let engine = engine.clone();
        let (stop, stopped) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            while let Err(std::sync::mpsc::RecvTimeoutError::Timeout) =
                stopped.recv_timeout(std::time::Duration::from_millis(10))
            {
                engine.tick();
            }
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        let _ = self.stop.send(());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The folder of this crate's test files.
pub(crate) fn files(folder: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder)
}
