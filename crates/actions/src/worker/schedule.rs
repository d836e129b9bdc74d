//! Which execution runs when. A few run at a time and some more have their turns with them, each on a
//! thread; an execution that waits for answers holds no thread, so a thousand of them can wait.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io::{self, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use quorate_quota::Held;

use crate::engine::Engine;
use crate::execution::{Execution, OpenCall, Progress, RunInputs};
use crate::limits::{Charge, EXECUTIONS_PER_WORKER_MAX, LimitHit, Usage};
use crate::outcome::{ActionOutcome, Finished};
use crate::protocol::frame::{self, FROM_WORKER_BYTES_MAX};
use crate::protocol::{FromWorker, RunMessage, ThreadPayer};
use crate::worker::turns::{End, Turns, is_long, is_lowered};
use quorate_wire::{ErrorCode, HostReply};

/// Executions that run at a time, short ones and long ones each. A worker serves one action: its executions
/// compete with each other, and one action must not have the machine.
const RUNNING_MAX: usize = 2;
/// Threads that run guests: how many executions can have begun to compute and not come to an end or a host
/// call. Further ones wait in their order. Threads cannot be made later, and each that idles costs little. One payer
/// gets a further one only while it has fewer than are free: its long executions leave half to those of others.
const THREADS: usize = 32;
/// A thread that ran a long execution has a low priority for good. With more of them the worker asks to be replaced:
/// with as many as are one payer's share, since what else it asks for waits here for its own long executions.
const LOWERED_MAX: usize = THREADS / 2 - 1;
/// An instance has a stack of its own, so no thread calls anything deep.
const STACK_BYTES: usize = 256 * 1024;
/// How often the clock moves while there are executions: the precision of the wall limit, and the slice
/// that an execution has before others have their turn.
const TICK: Duration = Duration::from_millis(5);

/// The way to the node.
pub(super) struct Outbox(Mutex<UnixStream>);

impl Outbox {
    pub(super) const fn new(socket: UnixStream) -> Self {
        Self(Mutex::new(socket))
    }

    /// Sends a message. A node that does not take it has closed the socket, which the reading side sees.
    pub(super) fn send(&self, message: &FromWorker) {
        if let Ok(bytes) = frame::encode(message, FROM_WORKER_BYTES_MAX) {
            let _ = lock(&self.0).write_all(&bytes);
        }
    }
}

/// Runs the executions of one worker.
pub(super) struct Scheduler {
    shared: Arc<Shared>,
}

struct Shared {
    engine: Engine,
    outbox: Arc<Outbox>,
    state: Mutex<State>,
    /// For threads that ran nothing long, and for those that did.
    fresh: Condvar,
    lowered: Condvar,
    busy: Condvar,
    turns: Arc<Turns>,
}

#[derive(Default)]
struct State {
    executions: HashMap<u64, Slot>,
    short: VecDeque<u64>,
    /// Executions that have used much already.
    long: VecDeque<u64>,
    idle_fresh: usize,
    idle_lowered: usize,
    /// Threads that have an execution.
    taken: usize,
    /// Of these, those of each payer.
    taken_by: Held<ThreadPayer>,
}

struct Slot {
    phase: Phase,
    /// Answers that came while the execution was running.
    replies: BTreeMap<u32, (HostReply, u64)>,
    /// The memory of answers that were not delivered yet.
    charges: BTreeMap<u32, Charge>,
    cancelled: Arc<AtomicBool>,
    /// Why it was cancelled.
    reason: Option<LimitHit>,
    started: Instant,
    deadline: Instant,
    /// Slices of the processor so far.
    used: u32,
    /// In whose shares of the threads it counts.
    payers: Arc<[ThreadPayer]>,
}

enum Phase {
    New(Box<RunInputs>),
    Running,
    Waiting(Box<Execution>),
    /// Waiting no more: it is in the queue.
    Ready(Box<Execution>),
}

impl Scheduler {
    pub(super) fn start(engine: Engine, outbox: Arc<Outbox>) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            engine,
            outbox,
            state: Mutex::default(),
            fresh: Condvar::new(),
            lowered: Condvar::new(),
            busy: Condvar::new(),
            turns: Turns::new(RUNNING_MAX),
        });
        // What a thread does once when it begins is done before the system calls are restricted.
        let begun = Arc::new(Barrier::new(THREADS + 2));
        let spawn = |name: String, life: fn(&Shared)| {
            let (shared, begun) = (Arc::clone(&shared), Arc::clone(&begun));
            thread::Builder::new().name(name).stack_size(STACK_BYTES).spawn(move || {
                // Takes an arena of the allocator, for which the C library looks at the system.
                drop(std::hint::black_box(Box::new([0_u8; 64])));
                begun.wait();
                life(&shared);
            })
        };
        for number in 0..THREADS {
            spawn(format!("guest-{number}"), Shared::run_guests)?;
        }
        spawn("clock".into(), Shared::run_clock)?;
        begun.wait();
        Ok(Self { shared })
    }

    /// Queues an execution. Fails if its number is taken or there are too many: the node never does that.
    pub(super) fn run(&self, run: RunMessage, code: Arc<[u8]>) -> Result<(), ()> {
        let mut state = lock(&self.shared.state);
        if state.executions.len() >= EXECUTIONS_PER_WORKER_MAX as usize
            || state.executions.contains_key(&run.execution)
        {
            return Err(());
        }
        let started = Instant::now();
        let slot = Slot {
            replies: BTreeMap::new(),
            charges: BTreeMap::new(),
            cancelled: Arc::new(AtomicBool::new(false)),
            reason: None,
            started,
            deadline: started + Duration::from_millis(run.limits.total_ms),
            used: 0,
            payers: run.payers.into(),
            phase: Phase::New(Box::new(RunInputs {
                code,
                params: run.params,
                auth: run.auth,
                time_ms: run.time_ms,
                random_seed: run.random_seed,
                limits: run.limits,
            })),
        };
        state.executions.insert(run.execution, slot);
        state.queue(run.execution);
        self.shared.wake(&state);
        drop(state);
        self.shared.busy.notify_one();
        Ok(())
    }

    /// Sets what all executions may hold together.
    pub(super) fn bound_memory(&self, bytes: u64) {
        self.shared.engine.memory().bound(bytes);
    }

    /// Hands an answer to an execution; one that has ended does not need it. If there is no room for it, the
    /// execution ends.
    pub(super) fn answer(&self, execution: u64, call: u32, reply: HostReply, fuel: u64) {
        let mut charge = self.shared.engine.memory().open();
        if let Err(hit) = charge.grow(reply.size() as u64) {
            return self.cancel(execution, hit);
        }
        let mut state = lock(&self.shared.state);
        let Some(slot) = state.executions.get_mut(&execution) else { return };
        slot.charges.insert(call, charge);
        match &mut slot.phase {
            Phase::Waiting(waiting) => {
                if waiting.answer_of_child(call, reply, fuel) {
                    slot.make_ready();
                    state.queue(execution);
                    self.shared.wake(&state);
                }
            }
            Phase::Ready(ready) => {
                ready.answer_of_child(call, reply, fuel);
            }
            Phase::New(_) | Phase::Running => {
                slot.replies.insert(call, (reply, fuel));
            }
        }
    }

    /// Ends an execution: at once if it waits for an answer or a turn, at the next tick if it runs.
    pub(super) fn cancel(&self, execution: u64, reason: LimitHit) {
        let mut state = lock(&self.shared.state);
        if let Some(slot) = state.executions.get_mut(&execution) {
            slot.cancelled.store(true, Ordering::Relaxed);
            slot.reason.get_or_insert(reason);
            if let Some(slot) = state.take_idle(execution) {
                drop(state);
                self.shared.end_idle(execution, slot, ErrorCode::DeadlineExceeded);
            } else {
                drop(state);
                self.shared.turns.hurry();
            }
        }
    }
}

impl State {
    /// Takes an execution out that no thread is running.
    fn take_idle(&mut self, execution: u64) -> Option<Slot> {
        if matches!(self.executions.get(&execution)?.phase, Phase::Running) {
            return None;
        }
        self.short.retain(|queued| *queued != execution);
        self.long.retain(|queued| *queued != execution);
        self.executions.remove(&execution)
    }

    /// Puts an execution that can go on into its line.
    fn queue(&mut self, execution: u64) {
        let long = self.executions.get(&execution).is_some_and(|slot| is_long(slot.used));
        let line = if long { &mut self.long } else { &mut self.short };
        line.push_back(execution);
    }

    /// What a thread is to run. Threads of the other kind come first where one is idle: a short execution is to
    /// have a thread that the kernel lets run at once, and a long one must not spoil another such thread.
    fn next(&mut self, lowered: bool) -> Option<u64> {
        let idle = if lowered { self.idle_fresh } else { self.idle_lowered };
        self.first(lowered).or_else(|| if idle == 0 { self.first(!lowered) } else { None })
    }

    /// Takes the first of a line out that no payer's share forbids.
    fn first(&mut self, long: bool) -> Option<u64> {
        let free = THREADS.saturating_sub(self.taken);
        let (executions, taken_by) = (&self.executions, &self.taken_by);
        let may_run = |number: &u64| {
            executions.get(number).is_none_or(|slot| taken_by.may_enter(&slot.payers, 1, free))
        };
        let line = if long { &mut self.long } else { &mut self.short };
        let place = line.iter().position(may_run)?;
        line.remove(place)
    }

    /// An execution of these payers gets a thread.
    fn take_thread(&mut self, payers: &[ThreadPayer]) {
        self.taken += 1;
        self.taken_by.enter(payers, 1);
    }

    /// A thread has brought an execution of these payers to its end, or to a host call.
    fn leave_thread(&mut self, payers: &[ThreadPayer]) {
        self.taken = self.taken.saturating_sub(1);
        self.taken_by.leave(payers, 1);
    }

    fn idle(&mut self, lowered: bool) -> &mut usize {
        if lowered { &mut self.idle_lowered } else { &mut self.idle_fresh }
    }
}

impl Slot {
    fn make_ready(&mut self) {
        if let Phase::Waiting(execution) = std::mem::replace(&mut self.phase, Phase::Running) {
            self.phase = Phase::Ready(execution);
        }
    }
}

impl Shared {
    /// The life of a thread that runs guests.
    fn run_guests(&self) {
        loop {
            let lowered = is_lowered();
            let mut state = lock(&self.state);
            let (number, phase, end, started, used, payers) = loop {
                if let Some(number) = state.next(lowered) {
                    if let Some(slot) = state.executions.get_mut(&number) {
                        let phase = std::mem::replace(&mut slot.phase, Phase::Running);
                        let cancelled = Arc::clone(&slot.cancelled);
                        break (
                            number,
                            phase,
                            End { deadline: slot.deadline, cancelled },
                            slot.started,
                            slot.used,
                            Arc::clone(&slot.payers),
                        );
                    }
                } else {
                    let runnable = if lowered { &self.lowered } else { &self.fresh };
                    *state.idle(lowered) += 1;
                    state = runnable.wait(state).unwrap_or_else(PoisonError::into_inner);
                    *state.idle(lowered) -= 1;
                }
            };
            state.take_thread(&payers);
            // There may be more that the kind of thread for which it was meant has no hands for.
            self.wake(&state);
            drop(state);
            let cancelled = Arc::clone(&end.cancelled);
            let ((execution, progress), used) = self.turns.run(used, end, || match phase {
                Phase::New(inputs) => Execution::start(&self.engine, &inputs, started, cancelled),
                Phase::Ready(execution) | Phase::Waiting(execution) => execution.resume(),
                Phase::Running => unreachable!("what runs is not in the queue"),
            });
            self.settle(number, execution, progress, used);
            let mut state = lock(&self.state);
            state.leave_thread(&payers);
            // It may be in a share of the other kind of thread that there is room now.
            self.wake(&state);
        }
    }

    /// Wakes a thread for each line that is not empty: one of its own kind, or, if all are busy, another.
    fn wake(&self, state: &State) {
        for (line, own, idle, other) in [
            (&state.short, &self.fresh, state.idle_fresh, &self.lowered),
            (&state.long, &self.lowered, state.idle_lowered, &self.fresh),
        ] {
            if !line.is_empty() {
                if idle > 0 { own } else { other }.notify_one();
            }
        }
    }

    fn settle(&self, number: u64, execution: Option<Box<Execution>>, progress: Progress, used: u32) {
        match (execution, progress) {
            (Some(mut execution), Progress::Waiting(calls)) => {
                // Sent before the execution can be answered, and in order.
                for OpenCall { call, op, budget } in calls {
                    self.outbox.send(&FromWorker::HostCall { execution: number, call, op, budget });
                }
                let mut state = lock(&self.state);
                let Some(slot) = state.executions.get_mut(&number) else { return };
                slot.used = used;
                slot.charges.retain(|call, _| !execution.is_delivered(*call));
                let mut ready = false;
                for (call, (reply, fuel)) in std::mem::take(&mut slot.replies) {
                    ready = execution.answer_of_child(call, reply, fuel);
                }
                slot.phase = Phase::Waiting(execution);
                if ready {
                    slot.make_ready();
                    state.queue(number);
                    self.wake(&state);
                } else if slot.cancelled.load(Ordering::Relaxed)
                    && let Some(slot) = state.take_idle(number)
                {
                    drop(state);
                    self.end_idle(number, slot, ErrorCode::DeadlineExceeded);
                }
            }
            (_, Progress::Ended(mut finished)) => {
                let slot = lock(&self.state).executions.remove(&number);
                give_reason(&mut finished, slot.and_then(|slot| slot.reason));
                self.outbox.send(&FromWorker::Finished { execution: number, finished });
            }
            (None, Progress::Waiting(_)) => unreachable!("an execution that waits is there"),
        }
    }

    fn end_idle(&self, number: u64, slot: Slot, code: ErrorCode) {
        let mut finished = match slot.phase {
            Phase::Waiting(execution) | Phase::Ready(execution) => execution.abandon(code),
            Phase::New(_) | Phase::Running => {
                let message = match code {
                    ErrorCode::LimitTotal => "the action's time was over before it could start",
                    _ => "the execution was cancelled",
                };
                Finished {
                    outcome: ActionOutcome::Failed { code, message: message.into(), cause: None },
                    logs: String::new(),
                    usage: Usage::default(),
                }
            }
        };
        give_reason(&mut finished, slot.reason);
        self.outbox.send(&FromWorker::Finished { execution: number, finished });
    }

    /// Moves the engine's clock and ends what waited too long, as long as there is anything. Tells the node when
    /// the worker is worn: not the threads that were lowered, as they may compute for long yet.
    fn run_clock(&self) {
        let mut worn = false;
        loop {
            let mut state = lock(&self.state);
            while state.executions.is_empty() {
                state = self.busy.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            let now = Instant::now();
            let late: Vec<u64> = state
                .executions
                .iter()
                .filter(|(_, slot)| slot.deadline <= now)
                .map(|(number, _)| *number)
                .collect();
            let late: Vec<(u64, Slot)> =
                late.into_iter().filter_map(|number| Some((number, state.take_idle(number)?))).collect();
            drop(state);
            for (number, slot) in late {
                self.end_idle(number, slot, ErrorCode::LimitTotal);
            }
            if !worn && self.turns.lowered() > LOWERED_MAX {
                worn = true;
                self.outbox.send(&FromWorker::Worn);
            }
            self.engine.tick();
            thread::sleep(TICK);
        }
    }
}

/// An execution that the node ended because of a limit ends with that limit.
fn give_reason(finished: &mut Finished, reason: Option<LimitHit>) {
    if let ActionOutcome::Failed { code, message, .. } = &mut finished.outcome
        && *code == ErrorCode::DeadlineExceeded
        && let Some(reason) = reason
    {
        (*code, *message) = (reason.code, reason.message);
    }
}

/// No code panics while it holds one of these locks with a half-made change.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
