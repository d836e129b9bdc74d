//! One task for each worker process: starts it, reads it, watches it, ends it.

use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot};
use tokio::time::MissedTickBehavior;

use crate::outcome::{ActionOutcome, Finished};
use crate::pool::cgroups::Cgroup;
use crate::pool::ledger::Refused;
use crate::pool::outbox::Frames;
use crate::pool::{ActionEvent, PoolConfig, Shared, WorkerEnd};
use crate::protocol::frame::{self, FROM_WORKER_BYTES_MAX, TO_WORKER_BYTES_MAX};
use crate::protocol::{FromWorker, ToWorker};
use crate::walls::Walls;
use quorate_wire::ErrorCode;

/// How long a worker may take from its start until it is ready: long, as it happens ahead of any need
/// and a machine that starts up has much else to do.
const START: Duration = Duration::from_secs(20);
/// How long a worker may take to end after its socket was closed: longer than the process in front of it
/// gives it.
const LINGER: Duration = Duration::from_millis(500);
/// The signal by which the kernel ends a process for its system call (`SIGSYS`).
const FORBIDDEN: i32 = libc::SIGSYS;
/// Messages of a worker that were read and not yet looked at.
const INBOX_MAX: usize = 16;

/// Waits longer with each start that failed, so that a missing guest does not keep the machine busy.
pub(super) fn start_delay(failed_starts: u32) -> Duration {
    match failed_starts {
        0 => Duration::ZERO,
        n => Duration::from_millis(100).saturating_mul(1 << n.min(7)),
    }
}

/// The life of a worker, from before its start until everybody knows that it is gone.
pub(super) async fn keep(
    shared: Arc<Shared>,
    number: u64,
    delay: Duration,
    frames: Frames,
    mut ending: oneshot::Receiver<WorkerEnd>,
) {
    let mut ready = false;
    let end = if let Ok(why) = tokio::time::timeout(delay, &mut ending).await {
        why.unwrap_or(WorkerEnd::Shutdown)
    } else {
        match start(&shared.config) {
            Ok((child, socket)) => {
                let group = shared.config.cgroup.as_deref();
                let group = group
                    .and_then(|parent| Cgroup::new(parent, number, shared.config.worker_memory_bytes).ok());
                if let (Some(group), Some(process)) = (&group, child.id()) {
                    group.admit(process);
                }
                if let Some(worker) = shared.lock().workers.get_mut(&number) {
                    worker.process = child.id();
                }
                let connection = Connection { socket, frames, ending, group: group.as_ref() };
                let end = serve(&shared, number, connection, &mut ready).await;
                // The group can be removed once the process is gone: it is dropped after this.
                bring_to_end(child, end).await
            }
            Err(_) => WorkerEnd::Died,
        }
    };
    bury(&shared, number, ready, end).await;
}

fn start(config: &PoolConfig) -> io::Result<(Child, UnixStream)> {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    let mut command = Command::new(&config.worker.program);
    command.args(&config.worker.arguments).arg(config.guest.folder());
    command.env_clear().current_dir("/");
    command.stdin(Stdio::from(OwnedFd::from(theirs))).stdout(Stdio::null());
    // A signal to the node's terminal is the node's to handle; workers end when their sockets do.
    command.process_group(0).kill_on_drop(true);
    Ok((command.spawn()?, UnixStream::from_std(ours)?))
}

/// Waits until the process is gone, and says what is now known of its end. Its socket is closed: an honest
/// worker ends at that, and so does the process in front of one that has a process namespace.
async fn bring_to_end(mut child: Child, end: WorkerEnd) -> WorkerEnd {
    let Ok(Ok(status)) = tokio::time::timeout(LINGER, child.wait()).await else {
        // By its handle, so that no other process is ever meant; and it is waited for.
        let _ = child.kill().await;
        return end;
    };
    // The process in front passes a signal on as a code.
    let forbidden = status.signal() == Some(FORBIDDEN) || status.code() == Some(128 + FORBIDDEN);
    if end == WorkerEnd::Died && forbidden { WorkerEnd::Forbidden } else { end }
}

/// The process that serves: the one that was started, or the only child that this one waits for.
fn serving_process(started: u32) -> u32 {
    let children = std::fs::read_to_string(format!("/proc/{started}/task/{started}/children"));
    children.ok().and_then(|text| text.split_whitespace().next()?.parse().ok()).unwrap_or(started)
}

/// What a keeper has of a worker that was started.
struct Connection<'a> {
    socket: UnixStream,
    /// What the pool wants to tell it.
    frames: Frames,
    /// The pool's wish that it ends.
    ending: oneshot::Receiver<WorkerEnd>,
    /// The control group that it was put into.
    group: Option<&'a Cgroup>,
}

async fn serve(shared: &Arc<Shared>, number: u64, connection: Connection<'_>, ready: &mut bool) -> WorkerEnd {
    let Connection { socket, frames, mut ending, group } = connection;
    let (reader, writer) = socket.into_split();
    let (sender, mut inbox) = mpsc::channel(INBOX_MAX);
    let reading = AbortOnDrop(tokio::spawn(read_all(reader, sender)));
    let (pings, to_ping) = mpsc::channel(1);
    let (gate, opened) = oneshot::channel();
    let mut gate = Some(gate);
    let writing = AbortOnDrop(tokio::spawn(async move {
        // Nothing of an action goes to a worker whose walls were not looked at.
        if opened.await.is_ok() {
            write_all(writer, frames, to_ping).await;
        }
    }));
    let mut heartbeat = tokio::time::interval(shared.config.heartbeat);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let started = Instant::now();
    let mut asked: Option<(u64, Instant)> = None;
    // Nobody can answer a ping that it has not read.
    let nonces = RandomState::new();
    let mut pings_sent = 0_u64;
    let end = loop {
        tokio::select! {
            why = &mut ending => break why.unwrap_or(WorkerEnd::Shutdown),
            message = inbox.recv() => match message {
                None | Some(Err(ReadEnd::Closed)) => break WorkerEnd::Died,
                Some(Err(ReadEnd::Malformed)) => break WorkerEnd::Protocol("a malformed frame"),
                Some(Ok(FromWorker::Ready { walls })) => match gate.take() {
                    Some(gate) => match admit(shared, number, walls, group) {
                        Ok(news) => {
                            *ready = true;
                            let _ = gate.send(());
                            if let Some(event) = news && shared.events.send(event).await.is_err() {
                                break WorkerEnd::Shutdown;
                            }
                        }
                        Err(why) => break why,
                    },
                    None => break WorkerEnd::Protocol("ready twice"),
                },
                Some(Ok(FromWorker::Pong { nonce })) => match asked {
                    Some((expected, _)) if nonce == expected => asked = None,
                    _ => break WorkerEnd::Protocol("an answer to nothing"),
                },
                Some(Ok(FromWorker::Worn)) => if !retire(shared, number) {
                    break WorkerEnd::Protocol("worn twice");
                },
                Some(Ok(message)) => match accept(shared, number, message) {
                    Ok(None) => {}
                    // A node that does not take events makes its workers wait, not its memory grow.
                    Ok(Some(event)) => if shared.events.send(event).await.is_err() {
                        break WorkerEnd::Shutdown;
                    },
                    Err(why) => break WorkerEnd::Protocol(why),
                },
            },
            _ = heartbeat.tick() => {
                if let Some(why) = wrong(shared, number, *ready, started, asked) {
                    break why;
                }
                if *ready && asked.is_none() {
                    pings_sent += 1;
                    let nonce = nonces.hash_one(pings_sent);
                    asked = Some((nonce, Instant::now()));
                    let ping = frame::encode(&ToWorker::Ping { nonce }, TO_WORKER_BYTES_MAX);
                    // There is room: the one before was answered.
                    if let Ok(ping) = ping { let _ = pings.try_send(ping); }
                }
            }
        }
    };
    drop((reading, writing));
    end
}

/// Looks at the walls of a worker that is ready. Returns what is to be told of them, if it is new.
fn admit(
    shared: &Shared,
    number: u64,
    told: Walls,
    group: Option<&Cgroup>,
) -> Result<Option<ActionEvent>, WorkerEnd> {
    let mut state = shared.lock();
    let process = state.workers.get(&number).and_then(|worker| worker.process).map(serving_process);
    // It may have been split from the process that was put into the group before.
    let limited = group.zip(process).map_or(Walls::NONE, |(group, process)| group.admit(process));
    let standing = told.union(limited);
    let news = (state.walls != Some(standing)).then_some(ActionEvent::Walls { standing });
    state.walls = Some(standing);
    if !shared.config.required_walls.without(standing).is_empty() {
        return Err(WorkerEnd::Walls);
    }
    state.failed_starts = 0;
    if let Some(worker) = state.workers.get_mut(&number) {
        worker.process = process;
        worker.ready = true;
    }
    Ok(news)
}

/// What the watchdog finds wrong with a worker, if anything.
fn wrong(
    shared: &Shared,
    number: u64,
    ready: bool,
    started: Instant,
    asked: Option<(u64, Instant)>,
) -> Option<WorkerEnd> {
    let grace = shared.config.grace;
    if !ready {
        return (started.elapsed() > START).then_some(WorkerEnd::Unresponsive);
    }
    if asked.is_some_and(|(_, at)| at.elapsed() > grace) {
        return Some(WorkerEnd::Unresponsive);
    }
    let state = shared.lock();
    if state.executions.values().any(|entry| entry.worker == number && entry.is_overdue(grace)) {
        return Some(WorkerEnd::Overdue);
    }
    let worker = state.workers.get(&number)?;
    let idle = worker.cid.is_some() && worker.executions == 0 && worker.used.elapsed() > shared.config.idle;
    idle.then_some(WorkerEnd::Idle)
}

/// Gives a worker nothing new any more. Fails if it asked for that before.
fn retire(shared: &Shared, number: u64) -> bool {
    let mut state = shared.lock();
    let Some(worker) = state.workers.get_mut(&number) else { return true };
    let first = !std::mem::replace(&mut worker.worn, true);
    worker.end_if_worn();
    first
}

/// Checks a message against what the node knows: a worker may speak of its own executions only.
fn accept(shared: &Shared, number: u64, message: FromWorker) -> Result<Option<ActionEvent>, &'static str> {
    let mut state = shared.lock();
    let (FromWorker::HostCall { execution, .. } | FromWorker::Finished { execution, .. }) = &message else {
        return Err("a message out of place");
    };
    let execution = *execution;
    let entry = state.executions.get_mut(&execution).filter(|entry| entry.worker == number);
    let entry = entry.ok_or("an execution that is not its own")?;
    match message {
        FromWorker::HostCall { call, op, budget, .. } => {
            match entry.open_call(call, &op, budget) {
                Ok(()) => {}
                Err(Refused::Violation(why)) => return Err(why),
                Err(Refused::Limit(hit)) => {
                    state.end(execution, hit);
                    return Ok(None);
                }
            }
            let cid = entry.cid.clone();
            Ok((!entry.cancelled).then_some(ActionEvent::HostCall { execution, cid, call, op }))
        }
        FromWorker::Finished { mut finished, .. } => {
            if !entry.admits(&finished) {
                return Err("an end beyond its limits");
            }
            let cid = entry.cid.clone();
            finished.usage = entry.usage(finished.usage);
            // What its children did is known, also if its worker keeps silent about it.
            finished.usage.fuel = finished.usage.fuel.max(entry.fuel_of_children());
            let parent = entry.parent;
            let payers = state.executions.remove(&execution).map(|entry| entry.payers).unwrap_or_default();
            if let Some(parent) = parent
                && let Some(entry) = state.executions.get_mut(&parent.execution)
            {
                entry.did_work(parent.call, finished.usage.fuel);
            }
            if let Some(worker) = state.workers.get_mut(&number) {
                worker.leave(&payers);
                worker.end_if_worn();
            }
            Ok(Some(ActionEvent::Finished { execution, cid, finished }))
        }
        FromWorker::Ready { .. } | FromWorker::Pong { .. } | FromWorker::Worn => {
            Err("a message out of place")
        }
    }
}

/// Takes a worker that is gone out of the books and ends its executions.
async fn bury(shared: &Arc<Shared>, number: u64, ready: bool, end: WorkerEnd) {
    let (cid, orphans) = {
        let mut state = shared.lock();
        let cid = state.workers.remove(&number).and_then(|worker| worker.cid);
        let mut numbers: Vec<u64> = state
            .executions
            .iter()
            .filter(|(_, entry)| entry.worker == number)
            .map(|(execution, _)| *execution)
            .collect();
        numbers.sort_unstable();
        let orphans: Vec<_> = numbers
            .into_iter()
            .filter_map(|execution| Some((execution, state.executions.remove(&execution)?)))
            .collect();
        for (_, entry) in &orphans {
            if let Some(parent) = entry.parent
                && let Some(caller) = state.executions.get_mut(&parent.execution)
            {
                caller.did_work(parent.call, entry.fuel_max());
            }
        }
        if !ready && end != WorkerEnd::Shutdown {
            state.failed_starts = state.failed_starts.saturating_add(1);
        }
        if matches!(end, WorkerEnd::Protocol(_)) {
            state.protocol_violations += 1;
        }
        shared.keep_blank(&mut state);
        (cid, orphans)
    };
    shared.ended.notify_waiters();
    for (execution, entry) in orphans {
        let finished = Finished {
            outcome: ActionOutcome::Failed {
                code: ErrorCode::WorkerDied,
                message: "the process that ran the action ended".into(),
                cause: None,
            },
            logs: String::new(),
            usage: entry.usage_of_the_dead(),
        };
        let event = ActionEvent::Finished { execution, cid: entry.cid, finished };
        let _ = shared.events.send(event).await;
    }
    let _ = shared.events.send(ActionEvent::WorkerEnded { cid, end }).await;
}

enum ReadEnd {
    Closed,
    Malformed,
}

async fn read_all(mut reader: OwnedReadHalf, inbox: mpsc::Sender<Result<FromWorker, ReadEnd>>) {
    loop {
        let message = frame::read_async(&mut reader, FROM_WORKER_BYTES_MAX).await.map_err(|error| {
            if error.kind() == io::ErrorKind::InvalidData { ReadEnd::Malformed } else { ReadEnd::Closed }
        });
        let last = message.is_err();
        if inbox.send(message).await.is_err() || last {
            return;
        }
    }
}

async fn write_all(mut writer: OwnedWriteHalf, mut frames: Frames, mut pings: mpsc::Receiver<Vec<u8>>) {
    loop {
        let (next, queued) = tokio::select! {
            biased;
            ping = pings.recv() => (ping, false),
            frame = frames.recv() => (frame, true),
        };
        let Some(frame) = next else { return };
        if frame::write_async(&mut writer, &frame).await.is_err() {
            return;
        }
        if queued {
            frames.written(frame.len());
        }
    }
}

/// A task that ends with its owner.
struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
