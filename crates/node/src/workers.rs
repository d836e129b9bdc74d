//! Actions: the engine's effects become orders to the worker pool, the pool's events become inputs.

mod convert;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use quorate_actions::{ActionEvent, Pool, PoolError, WorkerEnd};
use quorate_door::{Place, Places};
use quorate_engine::{ActionEnd, ActionFailure, ActionStart, Answer, Call, Payers, RunNumber};
use quorate_wire::{
    ActionCid, BlockRef, ErrorCode, FetchRequest, HostCall, HostReply, Payer, Seen, SignMessage, SignRequest,
    Usage, limits,
};
use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinSet,
};

use crate::{
    chains::Chains,
    code::CodeFinder,
    egress::{Egress, FetchError, Fetched},
    faults::FaultSwitches,
    inbox::Inbox,
    metrics::{Heartbeat, Metrics},
};

/// How long a request may wait for one of its execution's places. What comes later finds no time to be answered.
const PLACE_WAIT: Duration = Duration::from_secs(20);

/// The order-taking half, used from the engine's thread.
#[derive(Clone)]
pub(crate) struct Workers {
    pool: Pool,
    runs: Arc<Runs>,
    inbox: Inbox,
    runtime: tokio::runtime::Handle,
    code: CodeFinder,
}

/// What the shell itself knows of the runs in progress.
#[derive(Default)]
struct Runs(Mutex<HashMap<u64, Run>>);

struct Run {
    /// The action; a call under another CID is not of this run.
    cid: String,
    /// Requests to other servers. They end with the run.
    fetches: JoinSet<()>,
    /// Places of its requests; made with the first one.
    places: Option<Arc<Semaphore>>,
    /// The block at which it sees the registry.
    block: BlockRef,
    /// In whose shares its requests count.
    payers: Arc<[Payer]>,
    /// What other servers have answered it with, the newest last.
    seen: Vec<Seen>,
}

impl Runs {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Run>> {
        // Each change of the map is one call: it is whole even if a task has panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Workers {
    pub(crate) fn new(pool: Pool, inbox: Inbox, runtime: tokio::runtime::Handle, code: CodeFinder) -> Self {
        Workers { pool, runs: Arc::default(), inbox, runtime, code }
    }

    /// Starts a run; what goes wrong at once ends it as an event.
    pub(crate) fn start(&self, start: ActionStart) {
        let (run, block) = (start.run, start.block);
        let start = convert::start(start);
        let cid = start.cid.clone();
        let execution = start.execution;
        // Before the pool knows of it: its first event may come at any time after.
        let payers = start.payers.as_slice().into();
        self.runs.lock().insert(execution, Run::new(cid, block, payers));
        let _in_runtime = self.runtime.enter();
        if let Err(error) = self.pool.start(start) {
            self.runs.lock().remove(&execution);
            let code = match error {
                PoolError::Full | PoolError::Share | PoolError::Closed | PoolError::Walls => {
                    ErrorCode::Overloaded
                }
                PoolError::TooLarge => ErrorCode::LimitMemory,
                PoolError::Duplicate | PoolError::Mismatch => ErrorCode::Internal,
            };
            let message = match error {
                PoolError::Full | PoolError::Share | PoolError::Walls => error.to_string(),
                _ => code.title().to_owned(),
            };
            self.inbox.action_at_once(run, quorate_engine::ActionEvent::Finished(failed(code, message)));
        }
    }

    /// Answers a host call.
    pub(crate) fn answer(&self, run: RunNumber, call: u32, answer: Result<Answer, ActionFailure>) {
        let _in_runtime = self.runtime.enter();
        if self.pool.answer(run.0, call, convert::answer(answer)).is_err() {
            // An answer that does not fit its call would leave the action waiting for ever.
            tracing::error!(run = run.0, call, "an answer does not fit its host call");
            self.pool.cancel(run.0);
        }
    }

    /// Looks for the code of a run that came without it.
    pub(crate) fn find_code(&self, run: RunNumber, action: ActionCid, payers: &Payers) {
        let (code, inbox) = (self.code.clone(), self.inbox.clone());
        let payers = payers.all();
        self.runtime.spawn(async move {
            let found = code.find(action, &payers).await;
            inbox.code(run, found.map_err(crate::code::CodeError::code));
        });
    }

    /// Stops a run.
    pub(crate) fn cancel(&self, run: RunNumber) {
        self.runs.lock().remove(&run.0);
        let _in_runtime = self.runtime.enter();
        self.pool.cancel(run.0);
    }
}

impl Run {
    fn new(cid: String, block: BlockRef, payers: Arc<[Payer]>) -> Self {
        Run { block, cid, payers, fetches: JoinSet::new(), places: None, seen: Vec::new() }
    }

    /// Notes what another server has answered with. Of all that a run was told only the newest is kept.
    fn saw(&mut self, seen: Seen) {
        if self.seen.len() >= limits::SEEN_MAX {
            self.seen.remove(0);
        }
        self.seen.push(seen);
    }
}

fn failed(code: ErrorCode, message: String) -> ActionEnd {
    let failure = ActionFailure { code, message };
    ActionEnd { result: Err(failure), logs: String::new(), usage: Usage::default() }
}

/// The event-reading half.
pub(crate) struct Events {
    pub(crate) workers: Workers,
    pub(crate) events: mpsc::Receiver<ActionEvent>,
    pub(crate) egress: Arc<Egress>,
    pub(crate) chains: Chains,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) fetches_per_execution: usize,
    /// Room for requests to other servers and chains, in bytes, from their coming to their end.
    pub(crate) room: Arc<Places>,
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
                if !matches!(end, WorkerEnd::Idle | WorkerEnd::Worn | WorkerEnd::Shutdown) {
                    tracing::warn!(cid, ?end, "an action worker ended");
                }
            }
        }
    }

    async fn call(&self, execution: u64, cid: &str, call: u32, op: HostCall) {
        let (seen, payers) = match self.workers.runs.lock().get(&execution).filter(|run| run.cid == cid) {
            Some(run) => (run.seen.clone(), run.payers.clone()),
            None => return,
        };
        let size = op.size();
        let wanted = match op {
            HostCall::Fetch(fetch) => {
                let room = self.room.try_take(&payers, size);
                return self.fetch((execution, call), fetch, room);
            }
            HostCall::Registry(query) => {
                let chains = self.chains.clone();
                return self.read(execution, call, move |block, payers| async move {
                    (chains.registry(block, query, &payers).await, 0)
                });
            }
            HostCall::Rpc { chain, method } => {
                let Some(room) = self.room.try_take(&payers, size) else {
                    return self.refuse(execution, call, ErrorCode::RpcFailed);
                };
                let chains = self.chains.clone();
                return self.read(execution, call, move |block, payers| async move {
                    let _room = room;
                    chains.rpc(&block, &chain, method, &payers).await
                });
            }
            HostCall::Pause { ms } => return self.pause(execution, call, ms),
            other => self.faulted(other),
        };
        let event = quorate_engine::ActionEvent::Call(Call { call, seen, wanted });
        self.tell(execution, event).await;
    }

    /// What the engine is shown in a build with faults.
    fn faulted(&self, wanted: HostCall) -> HostCall {
        match wanted {
            HostCall::Sign(SignRequest { key, message: SignMessage::Digest(digest), name, recipient }) => {
                let message = SignMessage::Digest(self.faults.digest(digest));
                HostCall::Sign(SignRequest { key, message, name, recipient })
            }
            other => other,
        }
    }

    /// Answers a call that this node does not serve.
    fn refuse(&self, execution: u64, call: u32, code: ErrorCode) {
        // An execution that has ended does not need the answer.
        let _ = self.workers.pool.answer(execution, call, refusal(code, code.title()));
    }

    /// Starts to read a chain for a run, which pays the fuel that it cost; it ends with its run at the latest.
    fn read<F>(&self, execution: u64, call: u32, reading: impl FnOnce(BlockRef, Arc<[Payer]>) -> F)
    where
        F: Future<Output = (Result<String, ErrorCode>, u64)> + Send + 'static,
    {
        let mut runs = self.workers.runs.lock();
        let Some(run) = runs.get_mut(&execution) else { return };
        while run.fetches.try_join_next().is_some() {}
        let reading = reading(run.block, run.payers.clone());
        let pool = self.workers.pool.clone();
        run.fetches.spawn(async move {
            let (answer, fuel) = reading.await;
            let reply = match answer {
                Ok(json) => HostReply::Value(json),
                Err(code) => refusal(code, code.title()),
            };
            if pool.answer_for(execution, call, reply, fuel).is_err() {
                let code = ErrorCode::RpcFailed;
                let _ = pool.answer(execution, call, refusal(code, code.title()));
            }
        });
    }

    /// Answers after a while, during which a run waits for something elsewhere; ends with its run at the latest.
    fn pause(&self, execution: u64, call: u32, ms: u32) {
        let mut runs = self.workers.runs.lock();
        let Some(run) = runs.get_mut(&execution) else { return };
        while run.fetches.try_join_next().is_some() {}
        let pool = self.workers.pool.clone();
        run.fetches.spawn(async move {
            tokio::time::sleep(Duration::from_millis(ms.into())).await;
            // A run that has ended needs no answer.
            let _ = pool.answer(execution, call, HostReply::Value("null".to_owned()));
        });
    }

    /// Starts a request if there is room for it; it ends with its run at the latest.
    fn fetch(&self, (execution, call): (u64, u32), fetch: FetchRequest, room: Option<Place>) {
        let mut runs = self.workers.runs.lock();
        let Some(run) = runs.get_mut(&execution) else { return };
        // Requests that have ended leave room; how many there can be at all is one of the action's limits.
        while run.fetches.try_join_next().is_some() {}
        let new = || Arc::new(Semaphore::new(self.fetches_per_execution));
        let places = run.places.get_or_insert_with(new).clone();
        let (egress, metrics, pool) = (self.egress.clone(), self.metrics.clone(), self.workers.pool.clone());
        let (runs, payers) = (self.workers.runs.clone(), run.payers.clone());
        let url = fetch.url.clone();
        // Without room nothing of it is kept.
        let admitted = room.map(|room| (fetch, room));
        run.fetches.spawn(async move {
            let outcome = match admitted {
                Some(admitted) => carry_out(&egress, admitted, (&places, PLACE_WAIT), &payers).await,
                None => Err(FetchError::Failed),
            };
            if let Some(run) = runs.lock().get_mut(&execution) {
                run.saw(convert::seen(&url, outcome.as_ref().ok()));
            }
            metrics.fetch(match &outcome {
                Ok(_) => "answered",
                Err(error) => error.code().as_str(),
            });
            if pool.answer(execution, call, convert::fetched(outcome)).is_err() {
                let failed = Err(FetchError::Failed);
                let _ = pool.answer(execution, call, convert::fetched(failed));
            }
        });
    }

    async fn tell(&self, execution: u64, event: quorate_engine::ActionEvent) {
        self.workers.inbox.action(RunNumber(execution), event).await;
    }
}

/// Waits for one of the execution's places and carries a request out. Its room is free when it has ended.
async fn carry_out(
    egress: &Egress,
    (fetch, _room): (FetchRequest, Place),
    (places, wait): (&Semaphore, Duration),
    payers: &[Payer],
) -> Result<Fetched, FetchError> {
    match tokio::time::timeout(wait, places.acquire()).await {
        Ok(Ok(_place)) => egress.fetch(fetch.into(), payers).await,
        Ok(Err(_)) | Err(_) => Err(FetchError::Failed),
    }
}

fn reason(end: WorkerEnd) -> &'static str {
    match end {
        WorkerEnd::Idle => "idle",
        WorkerEnd::Worn => "worn",
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

#[cfg(test)]
mod tests {
    use std::{pin::pin, task::Poll};

    use quorate_wire::Redirect;

    use super::*;
    use crate::egress::{AddressGuard, Policy};

    #[tokio::test]
    async fn a_request_that_waits_has_room_and_does_not_wait_for_ever() {
        const WAIT: Duration = Duration::from_millis(1);
        let egress = Egress::new(Policy::default(), AddressGuard::default(), 1).unwrap();
        let fetch = FetchRequest {
            method: "POST".to_owned(),
            url: "https://192.0.2.1".to_owned(),
            headers: Vec::new(),
            body: vec![0; 1000],
            redirect: Redirect::Follow,
        };
        let (room, places) = (Places::new(1000), Semaphore::new(1));
        let other = places.acquire().await.unwrap();
        let admitted = || (fetch.clone(), room.try_take(&[], 1000).unwrap());
        {
            let mut waits = pin!(carry_out(&egress, admitted(), (&places, WAIT), &[]));
            let first = std::future::poll_fn(|context| Poll::Ready(waits.as_mut().poll(context))).await;
            assert!(first.is_pending() && room.try_take(&[], 1).is_none());
            assert_eq!(waits.await.unwrap_err(), FetchError::Failed);
        }
        drop(other);
        assert_eq!(
            carry_out(&egress, admitted(), (&places, WAIT), &[]).await.unwrap_err(),
            FetchError::Refused
        );
        assert!(room.try_take(&[], 1000).is_some(), "what has ended holds nothing");
    }
}
