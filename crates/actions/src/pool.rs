//! The node's side: keeps worker processes, gives each one CID, and believes none of them.

mod cgroups;
mod keeper;
mod ledger;
mod outbox;
mod places;
mod shares;

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::hash::{BuildHasher as _, RandomState};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use quorate_wire::{HostCall, HostReply, Payer, limits};
use tokio::sync::{Notify, mpsc, oneshot};

use crate::guest::Guest;
use crate::limits::{AUTH_BYTES_MAX, ActionLimits, CODE_FRAME_BYTES_MAX, LimitHit, MEMORY_BYTES_MAX};
use crate::outcome::Finished;
use crate::pool::ledger::Entry;
use crate::pool::outbox::Outbox;
use crate::pool::shares::{Pace, Starts};
use crate::protocol::frame::{self, TO_WORKER_BYTES_MAX};
use crate::protocol::{RunMessage, ThreadPayer, ToWorker};
use crate::walls::Walls;

/// Processes that may be started at once before the pace counts.
const STARTS_AT_ONCE: u32 = 8;
/// How long a start may have to wait for its place in the pace. Beyond that, none is promised.
const START_DELAY_MAX: Duration = Duration::from_secs(2);
/// Events that may wait for the node; beyond that the pool stops reading from its workers. Each worker then waits
/// with one event, and they get room in the order in which they came: one that asks for much delays no other.
const EVENTS_MAX: usize = 1024;

/// The program that runs [`worker_main`](crate::worker_main).
#[derive(Clone, Debug)]
pub struct WorkerCommand {
    program: PathBuf,
    arguments: Vec<OsString>,
}

impl WorkerCommand {
    /// `program arguments… GUEST_FOLDER`, with the socket as standard input and nothing else.
    pub fn new<A: Into<OsString>>(
        program: impl Into<PathBuf>,
        arguments: impl IntoIterator<Item = A>,
    ) -> Self {
        Self { program: program.into(), arguments: arguments.into_iter().map(Into::into).collect() }
    }
}

/// Settings of a [`Pool`].
#[derive(Clone, Debug)]
pub struct PoolConfig {
    /// How to start a worker.
    pub worker: WorkerCommand,
    /// What workers run actions in.
    pub guest: Guest,
    /// Most worker processes, blank ones included.
    pub workers_max: usize,
    /// Workers that wait for a CID, started ahead.
    pub blank_workers: usize,
    /// Most executions at a time.
    pub executions_max: usize,
    /// A worker without executions for this long is ended.
    pub idle: Duration,
    /// How often a worker is asked for a sign of life.
    pub heartbeat: Duration,
    /// How long a worker may be silent, or an execution late, before the worker is killed.
    pub grace: Duration,
    /// Worker processes that may be started within a second, a few at once apart.
    pub starts_per_second: u32,
    /// Bytes that all executions of one worker may hold together, with or without a control group.
    pub worker_memory_bytes: u64,
    /// Folder of a control group (version 2) that was handed to this user and has no process of its own; each
    /// worker gets a group below it.
    pub cgroup: Option<PathBuf>,
    /// Walls without which no action runs.
    pub required_walls: Walls,
}

impl PoolConfig {
    /// The defaults.
    #[must_use]
    pub const fn new(worker: WorkerCommand, guest: Guest) -> Self {
        Self {
            worker,
            guest,
            workers_max: 16,
            blank_workers: 1,
            executions_max: 1024,
            idle: Duration::from_secs(60),
            heartbeat: Duration::from_secs(1),
            grace: Duration::from_secs(5),
            starts_per_second: 10,
            worker_memory_bytes: 2 << 30,
            cgroup: None,
            required_walls: Walls::NONE,
        }
    }
}

impl PoolConfig {
    /// Workers of one action, with those that are worn and not at their end.
    fn workers_per_action_max(&self) -> usize {
        (self.workers_max / 4).max(2)
    }

    fn start_interval(&self) -> Duration {
        Duration::from_secs(1) / self.starts_per_second.max(1)
    }
}

/// One execution to be started.
#[derive(Clone, Debug)]
pub struct ActionStart {
    /// The node's number for it, never used before in this pool's life while it runs.
    pub execution: u64,
    /// The action's CID.
    pub cid: String,
    /// The action's source text, which the node has compared with the CID.
    pub code: Arc<[u8]>,
    /// JSON text of the parameters: an object.
    pub params: String,
    /// JSON text of what `Lit.Auth` holds: an object.
    pub auth: String,
    /// The request's time in milliseconds since 1970.
    pub time_ms: u64,
    /// Seeds `Math.random`; made from the request id.
    pub random_seed: [u8; 32],
    /// What it may use. That of a child action is lowered to what its parent has left.
    pub limits: ActionLimits,
    /// For a child action: the open call that asked for it.
    pub parent: Option<ParentCall>,
    /// In whose shares it counts. Without any, only the pool itself bounds it.
    pub payers: Vec<Payer>,
}

/// A host call that asks for a child action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParentCall {
    /// The execution that calls.
    pub execution: u64,
    /// The number of the call, a [`HostCall::Call`] that has not been answered.
    pub call: u32,
}

/// What happens in a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActionEvent {
    /// An action asks for something. Answer it with [`Pool::answer`].
    HostCall {
        /// Whose call.
        execution: u64,
        /// The CID that the pool gave to the worker that asks: the only one to judge the call by.
        cid: String,
        /// Number of the call within its execution: 0, 1, 2, …
        call: u32,
        /// What it asks for.
        op: HostCall,
    },
    /// An execution ended. Each that was started ends with exactly one of these.
    Finished {
        /// Which one.
        execution: u64,
        /// The CID that ran.
        cid: String,
        /// How it ended.
        finished: Finished,
    },
    /// A worker has put up its walls, for metrics and logs: told of the first one, and of one that differs.
    Walls {
        /// Those that stand.
        standing: Walls,
    },
    /// A worker process is gone, for metrics and logs. Its executions end with `worker_died`.
    WorkerEnded {
        /// The CID that it served, if it had one.
        cid: Option<String>,
        /// Why it ended.
        end: WorkerEnd,
    },
}

/// Why a worker process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkerEnd {
    /// It had nothing to do, or made place for another CID.
    Idle,
    /// It had served so many long executions that another one took its place.
    Worn,
    /// It could not be started, or died by itself.
    Died,
    /// It was killed because it gave no sign of life.
    Unresponsive,
    /// It was killed because an execution did not end in its time.
    Overdue,
    /// The kernel ended it for a system call that no worker makes.
    Forbidden,
    /// It was killed because a wall that the operator requires does not stand.
    Walls,
    /// It was killed because it said what no worker says.
    Protocol(&'static str),
    /// The pool was shut down.
    Shutdown,
}

/// Why the pool did not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    /// All workers are busy with other actions, or there are too many executions.
    #[error("all action workers of this node are busy; ask again in a moment")]
    Full,
    /// The payer has its share of the workers or of the starts of workers.
    #[error(
        "this login, its address, or the node that passed the request on, has its actions in as many workers as one \
         may have while others could need the rest; ask again when some of them have ended"
    )]
    Share,
    /// The action or its inputs are longer than any limit allows.
    #[error("the action or its inputs are too large")]
    TooLarge,
    /// An execution with that number is running.
    #[error("an execution with that number is running")]
    Duplicate,
    /// The answer, or the child action, does not fit the call: of another kind, too large, or the call is
    /// not open.
    #[error("the answer or the child action does not fit an open call")]
    Mismatch,
    /// A wall that the operator requires does not stand around the workers.
    #[error(
        "this node runs no action: a wall that its operator requires does not stand around its workers; another node \
         may run it"
    )]
    Walls,
    /// The pool was shut down.
    #[error("the action pool is shut down")]
    Closed,
}

/// A pool's figures at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolStatus {
    /// Worker processes.
    pub workers: usize,
    /// Those of them that have no CID yet.
    pub blank_workers: usize,
    /// Those of the blank ones whose walls stand and whose guest is loaded.
    pub ready_blank_workers: usize,
    /// Executions that have not ended.
    pub executions: usize,
    /// Worker processes started since the pool was made.
    pub workers_started: u64,
    /// Workers killed for what they said, since the pool was made.
    pub protocol_violations: u64,
    /// The walls around the worker that was ready last; none before the first.
    pub walls: Option<Walls>,
}

/// Worker processes and the executions in them. Clones are handles of one pool, which is shut down when
/// the last one is dropped. Made and used inside a tokio runtime with I/O and time.
#[derive(Clone, Debug)]
pub struct Pool {
    owner: Arc<Owner>,
}

#[derive(Debug)]
struct Owner(Arc<Shared>);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// What the handles and the keepers of the workers share.
#[derive(Debug)]
struct Shared {
    config: PoolConfig,
    events: mpsc::Sender<ActionEvent>,
    state: Mutex<State>,
    ended: Notify,
    /// What makes a number of a payer, for workers.
    payer_numbers: RandomState,
}

#[derive(Debug, Default)]
struct State {
    workers: HashMap<u64, Worker>,
    executions: HashMap<u64, Entry>,
    next_worker: u64,
    failed_starts: u32,
    pace: Pace,
    starts: Starts,
    protocol_violations: u64,
    walls: Option<Walls>,
    closed: bool,
}

#[derive(Debug)]
struct Worker {
    /// Fixed when the first execution is given to it, before the worker reads a byte of the action.
    cid: Option<String>,
    process: Option<u32>,
    ready: bool,
    /// Whether it asked for nothing new.
    worn: bool,
    outbox: Outbox,
    end: Option<oneshot::Sender<WorkerEnd>>,
    executions: u32,
    /// Whose executions they are, and how many.
    payers: BTreeMap<Payer, u32>,
    used: Instant,
}

impl Worker {
    /// Ends it if it has asked for nothing new and has nothing left.
    fn end_if_worn(&mut self) {
        if self.worn && self.executions == 0 {
            self.end(WorkerEnd::Worn);
        }
    }

    /// An execution of these payers begins.
    fn enter(&mut self, payers: &[Payer]) {
        self.executions += 1;
        self.used = Instant::now();
        for payer in payers {
            *self.payers.entry(*payer).or_default() += 1;
        }
    }

    /// An execution of these payers has ended.
    fn leave(&mut self, payers: &[Payer]) {
        self.executions = self.executions.saturating_sub(1);
        self.used = Instant::now();
        for payer in payers {
            if let Some(count) = self.payers.get_mut(payer) {
                *count = count.saturating_sub(1);
            }
        }
        self.payers.retain(|_, count| *count > 0);
    }

    fn end(&mut self, why: WorkerEnd) {
        if let Some(end) = self.end.take() {
            // A keeper that is gone has ended its worker already.
            let _ = end.send(why);
        }
    }
}

impl Pool {
    /// Makes a pool and starts its blank workers. The receiver must be read: when it is full, workers wait.
    #[must_use]
    pub fn new(config: PoolConfig) -> (Self, mpsc::Receiver<ActionEvent>) {
        let (events, receiver) = mpsc::channel(EVENTS_MAX);
        let shared = Arc::new(Shared {
            config,
            events,
            state: Mutex::default(),
            ended: Notify::new(),
            payer_numbers: RandomState::new(),
        });
        shared.keep_blank(&mut shared.lock());
        (Self { owner: Arc::new(Owner(shared)) }, receiver)
    }

    /// Starts an execution in a worker of its CID.
    ///
    /// # Errors
    /// If it does not fit; nothing was started then, and no event follows.
    pub fn start(&self, start: ActionStart) -> Result<(), PoolError> {
        let shared = &self.owner.0;
        if start.code.len() > CODE_FRAME_BYTES_MAX
            || start.params.len() > limits::PARAMS_FRAME_BYTES_MAX
            || start.auth.len() > AUTH_BYTES_MAX
            || start.cid.len() > limits::CID_TEXT_BYTES_MAX
            || start.limits.memory_bytes > MEMORY_BYTES_MAX
        {
            return Err(PoolError::TooLarge);
        }
        let mut state = shared.lock();
        if state.closed {
            return Err(PoolError::Closed);
        }
        // Until a worker is ready nothing is known; it is given nothing before it was looked at.
        if state.walls.is_some_and(|standing| !shared.config.required_walls.without(standing).is_empty()) {
            return Err(PoolError::Walls);
        }
        if state.executions.contains_key(&start.execution) {
            return Err(PoolError::Duplicate);
        }
        if state.executions.len() >= shared.config.executions_max {
            return Err(PoolError::Full);
        }
        let mut limits = start.limits;
        if let Some(parent) = start.parent {
            let entry = state.executions.get(&parent.execution).ok_or(PoolError::Mismatch)?;
            limits = entry.child_limits(parent.call, limits).ok_or(PoolError::Mismatch)?;
        }
        let number = shared.worker_for(&mut state, &start)?;
        let run = ToWorker::Run(RunMessage {
            execution: start.execution,
            params: start.params,
            auth: start.auth,
            time_ms: start.time_ms,
            random_seed: start.random_seed,
            limits,
            payers: start
                .payers
                .iter()
                .map(|payer| ThreadPayer {
                    number: shared.payer_numbers.hash_one(payer),
                    multiple: payer.multiple(),
                })
                .collect(),
        });
        state.send(number, &run)?;
        if let Some(worker) = state.workers.get_mut(&number) {
            worker.enter(&start.payers);
        }
        let relative = start.parent.and_then(|call| Some((state.executions.get(&call.execution)?, call)));
        let mut entry = match relative {
            Some((parent, call)) => parent.of_parent(number, start.cid, limits, call),
            None => Entry::new(number, start.cid, limits),
        };
        entry.payers = start.payers;
        state.executions.insert(start.execution, entry);
        shared.keep_blank(&mut state);
        Ok(())
    }

    /// Answers a host call. An answer for an execution that has ended is dropped.
    ///
    /// # Errors
    /// [`PoolError::Mismatch`] if the call is not open or the answer is of another kind or too large.
    pub fn answer(&self, execution: u64, call: u32, reply: HostReply) -> Result<(), PoolError> {
        self.answer_for(execution, call, reply, 0)
    }

    /// The same for a call for which this node did work: the execution pays so much fuel for it.
    ///
    /// # Errors
    /// As [`Pool::answer`].
    pub fn answer_for(
        &self,
        execution: u64,
        call: u32,
        reply: HostReply,
        fuel: u64,
    ) -> Result<(), PoolError> {
        let mut state = self.owner.0.lock();
        let Some(entry) = state.executions.get_mut(&execution) else { return Ok(()) };
        entry.did_work(call, fuel);
        match entry.close_call(call, &reply) {
            None => Err(PoolError::Mismatch),
            Some(Err(hit)) => {
                state.end(execution, hit);
                Ok(())
            }
            Some(Ok(fuel)) => {
                let worker = entry.worker;
                state.send(worker, &ToWorker::HostReply { execution, call, reply, fuel })
            }
        }
    }

    /// Gives an execution up. It still ends with an event, soon, with the code `deadline_exceeded` unless it ended
    /// by itself first; no further call of it is reported.
    pub fn cancel(&self, execution: u64) {
        self.owner.0.lock().end(execution, LimitHit::cancelled());
    }

    /// Ends all workers and waits until they are gone. Executions end with `worker_died`.
    pub async fn shutdown(&self) {
        let shared = &self.owner.0;
        shared.close();
        loop {
            let ended = shared.ended.notified();
            tokio::pin!(ended);
            ended.as_mut().enable();
            if shared.lock().workers.is_empty() {
                return;
            }
            ended.await;
        }
    }

    /// The process numbers of the workers, for figures about memory and processor.
    #[must_use]
    pub fn processes(&self) -> Vec<u32> {
        self.owner.0.lock().workers.values().filter_map(|worker| worker.process).collect()
    }

    /// The pool's figures.
    #[must_use]
    pub fn status(&self) -> PoolStatus {
        let state = self.owner.0.lock();
        PoolStatus {
            workers: state.workers.len(),
            blank_workers: state.blank().count(),
            ready_blank_workers: state.blank().filter(|number| state.is_ready(*number)).count(),
            executions: state.executions.len(),
            workers_started: state.next_worker,
            protocol_violations: state.protocol_violations,
            walls: state.walls,
        }
    }
}

impl Shared {
    /// No code panics while it holds this lock with a half-made change.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        for worker in state.workers.values_mut() {
            worker.end(WorkerEnd::Shutdown);
        }
    }
}

impl State {
    /// Gives an execution up, for a reason with which it then ends.
    fn end(&mut self, execution: u64, why: LimitHit) {
        let Some(entry) = self.executions.get_mut(&execution) else { return };
        entry.cancelled = true;
        let worker = entry.worker;
        let LimitHit { code, message } = why;
        // If the worker does not even take this, it is being killed, which ends the execution too.
        let _ = self.send(worker, &ToWorker::Cancel { execution, code, message });
    }

    /// Queues a message for a worker. One whose queue is full is not reading: it is ended.
    fn send(&mut self, number: u64, message: &ToWorker) -> Result<(), PoolError> {
        let frame = frame::encode(message, TO_WORKER_BYTES_MAX).map_err(|_| PoolError::TooLarge)?;
        let worker = self.workers.get_mut(&number).ok_or(PoolError::Full)?;
        if worker.outbox.push(frame) {
            return Ok(());
        }
        worker.end(WorkerEnd::Unresponsive);
        Err(PoolError::Full)
    }
}
