//! Actions: the engine's effects become orders to the worker pool, the pool's events become inputs.

mod convert;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use quorate_actions::{ActionEvent, HostCall, HostReply, Pool, PoolError, SignKey, SignMessage, WorkerEnd};
use quorate_engine::{ActionEnd, ActionFailure, ActionStart, EcdsaAnswer, RunNumber, SignCall};
use quorate_wire::{ErrorCode, Usage};
use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinSet,
};

use crate::{
    egress::Egress,
    faults::FaultSwitches,
    inbox::Inbox,
    metrics::{Heartbeat, Metrics},
};

/// The order-taking half, used from the engine's thread.
#[derive(Clone)]
pub(crate) struct Workers {
    pool: Pool,
    runs: Arc<Runs>,
    inbox: Inbox,
    runtime: tokio::runtime::Handle,
}

/// What the shell itself knows of the runs in progress.
#[derive(Default)]
struct Runs(Mutex<HashMap<u64, Run>>);

struct Run {
    /// The action; a call under another CID is not of this run.
    cid: String,
    /// Requests to other servers. They end with the run.
    fetches: JoinSet<()>,
    places: Arc<Semaphore>,
}

impl Runs {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Run>> {
        // Each change of the map is one call: it is whole even if a task has panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Workers {
    pub(crate) fn new(pool: Pool, inbox: Inbox, runtime: tokio::runtime::Handle) -> Self {
        Workers { pool, runs: Arc::default(), inbox, runtime }
    }

    /// Starts a run; what goes wrong at once ends it as an event.
    pub(crate) fn start(&self, start: ActionStart) {
        let run = start.run;
        let start = convert::start(start);
        let cid = start.cid.clone();
        let execution = start.execution;
        // Before the pool knows of it: its first event may come at any time after.
        self.runs
            .lock()
            .insert(execution, Run { cid, fetches: JoinSet::new(), places: Arc::new(Semaphore::new(0)) });
        let _in_runtime = self.runtime.enter();
        if let Err(error) = self.pool.start(start) {
            self.runs.lock().remove(&execution);
            let code = match error {
                PoolError::Full | PoolError::Closed | PoolError::Walls => ErrorCode::Overloaded,
                PoolError::TooLarge => ErrorCode::LimitMemory,
                PoolError::Duplicate | PoolError::Mismatch => ErrorCode::Internal,
            };
            self.inbox.action_at_once(run, quorate_engine::ActionEvent::Finished(failed(code)));
        }
    }

    /// Answers a host call.
    pub(crate) fn answer(&self, run: RunNumber, call: u32, answer: Result<EcdsaAnswer, ActionFailure>) {
        let _in_runtime = self.runtime.enter();
        if self.pool.answer(run.0, call, convert::signed(answer)).is_err() {
            // An answer that does not fit its call would leave the action waiting for ever.
            tracing::error!(run = run.0, call, "an answer does not fit its host call");
            self.pool.cancel(run.0);
        }
    }

    /// Stops a run.
    pub(crate) fn cancel(&self, run: RunNumber) {
        self.runs.lock().remove(&run.0);
        let _in_runtime = self.runtime.enter();
        self.pool.cancel(run.0);
    }
}

fn failed(code: ErrorCode) -> ActionEnd {
    let failure = ActionFailure { code, message: code.title().to_owned() };
    ActionEnd { result: Err(failure), logs: String::new(), usage: Usage::default() }
}

/// The event-reading half.
pub(crate) struct Events {
    pub(crate) workers: Workers,
    pub(crate) events: mpsc::Receiver<ActionEvent>,
    pub(crate) egress: Arc<Egress>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) fetches_per_execution: usize,
    pub(crate) faults: FaultSwitches,
}

impl Events {
    /// Carries events to the engine until the pool is gone.
    pub(crate) async fn run(mut self) {
        let heartbeat = self.metrics.heartbeat("workers");
        loop {
            heartbeat.beat();
            let event = tokio::select! {
                event = self.events.recv() => event,
                () = tokio::time::sleep(Heartbeat::INTERVAL) => continue,
            };
            match event {
                Some(event) => self.handle(event).await,
                None => return,
            }
        }
    }

    async fn handle(&self, event: ActionEvent) {
        match event {
            ActionEvent::HostCall { execution, cid, call, op } => self.call(execution, &cid, call, op).await,
            ActionEvent::Finished { execution, cid, finished } => {
                let run = self.workers.runs.lock().remove(&execution);
                // A run that was cancelled is not expected to end.
                if run.is_some_and(|run| run.cid == cid) {
                    let end = convert::end(finished);
                    self.tell(execution, quorate_engine::ActionEvent::Finished(end)).await;
                }
            }
            ActionEvent::Walls { standing } => self.metrics.walls(standing),
            ActionEvent::WorkerEnded { cid, end } => {
                self.metrics.worker_ended(reason(end));
                if !matches!(end, WorkerEnd::Idle | WorkerEnd::Shutdown) {
                    tracing::warn!(cid, ?end, "an action worker ended");
                }
            }
        }
    }

    async fn call(&self, execution: u64, cid: &str, call: u32, op: HostCall) {
        let sign = match op {
            HostCall::Sign(sign) => sign,
            HostCall::Fetch(fetch) => return self.fetch(execution, cid, call, fetch),
            HostCall::ActionKey { .. }
            | HostCall::Registry(_)
            | HostCall::Claim { .. }
            | HostCall::Collect { .. }
            | HostCall::RunOnce { .. }
            | HostCall::RunOnceResult { .. }
            | HostCall::Call { .. }
            | HostCall::Rpc { .. } => return self.refuse(execution, call),
        };
        if self.workers.runs.lock().get(&execution).is_none_or(|run| run.cid != cid) {
            return;
        }
        let (SignKey::Pkp(public_key), SignMessage::Digest(digest)) = (sign.key, sign.message) else {
            return self.refuse(execution, call);
        };
        let to_sign = self.faults.digest(digest.to_vec());
        let sign = SignCall { call, public_key, to_sign, name: sign.name };
        self.tell(execution, quorate_engine::ActionEvent::Sign(sign)).await;
    }

    /// Answers a call that this node does not serve.
    fn refuse(&self, execution: u64, call: u32) {
        let code = ErrorCode::NotSupported;
        // An execution that has ended does not need the answer.
        let _ = self.workers.pool.answer(execution, call, refusal(code, code.title()));
    }

    /// Starts a request; it ends with its run at the latest.
    fn fetch(&self, execution: u64, cid: &str, call: u32, fetch: quorate_actions::FetchRequest) {
        let mut runs = self.workers.runs.lock();
        let Some(run) = runs.get_mut(&execution).filter(|run| run.cid == cid) else { return };
        if run.fetches.is_empty() && run.places.available_permits() == 0 {
            run.places = Arc::new(Semaphore::new(self.fetches_per_execution));
        }
        // Requests that have ended leave room; how many there can be at all is one of the action's limits.
        while run.fetches.try_join_next().is_some() {}
        let places = run.places.clone();
        let (egress, metrics, pool) = (self.egress.clone(), self.metrics.clone(), self.workers.pool.clone());
        run.fetches.spawn(async move {
            let Ok(_place) = places.acquire().await else { return };
            let outcome = egress.fetch(convert::fetch(fetch)).await;
            metrics.fetch(match &outcome {
                Ok(_) => "answered",
                Err(error) => error.code().as_str(),
            });
            if pool.answer(execution, call, convert::fetched(outcome)).is_err() {
                let failed = Err(crate::egress::FetchError::Failed);
                let _ = pool.answer(execution, call, convert::fetched(failed));
            }
        });
    }

    async fn tell(&self, execution: u64, event: quorate_engine::ActionEvent) {
        self.workers.inbox.action(RunNumber(execution), event).await;
    }
}

fn reason(end: WorkerEnd) -> &'static str {
    match end {
        WorkerEnd::Idle => "idle",
        WorkerEnd::Died => "died",
        WorkerEnd::Unresponsive => "unresponsive",
        WorkerEnd::Overdue => "overdue",
        WorkerEnd::Forbidden => "forbidden",
        WorkerEnd::Walls => "walls",
        WorkerEnd::Protocol(_) => "protocol",
        WorkerEnd::Shutdown => "shutdown",
    }
}

/// An answer that refuses a call.
fn refusal(code: ErrorCode, message: &str) -> HostReply {
    HostReply::Error { code: code.as_str().to_owned(), message: message.to_owned() }
}
