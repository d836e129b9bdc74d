//! A worker that was broken into: it speaks the protocol and says what no worker says. The pool must stop
//! it, and nothing of another worker's execution may move.

use std::io::Write as _;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use quorate_actions::worker_protocol::frame::{self, FROM_WORKER_BYTES_MAX, TO_WORKER_BYTES_MAX};
use quorate_actions::worker_protocol::{FromWorker, ToWorker};
use quorate_actions::{
    ActionEvent, ActionOutcome, ChildBudget, Finished, Pool, PoolConfig, Usage, Walls, WorkerCommand,
    WorkerEnd,
};
use quorate_wire::{
    ErrorCode, FetchRequest, HostCall, Recipient, Redirect, SignKey, SignMessage, SignRequest,
};

use super::support::{config, failure, next, start};

/// The execution that the stub goes for; it belongs to an honest worker of another CID.
const VICTIM: u64 = 1;
const OWN: u64 = 2;

/// This test program as a worker: the pool starts it with this one test.
fn stub_config() -> PoolConfig {
    let program = std::env::current_exe().expect("this program");
    let arguments = ["--quiet", "--ignored", "--exact", "suite::stub_worker::the_stub_itself"];
    PoolConfig { worker: WorkerCommand::new(program, arguments), ..config() }
}

#[test]
#[ignore = "this is the program that the other tests start as a worker"]
fn the_stub_itself() {
    let descriptor = std::io::stdin().as_fd().try_clone_to_owned().expect("the socket");
    let mut socket = UnixStream::from(descriptor);
    if socket.peer_addr().is_ok() {
        // It ends with the socket, at whatever point that is.
        let _ = misbehave(&mut socket);
    }
}

fn misbehave(socket: &mut UnixStream) -> std::io::Result<()> {
    let say =
        |socket: &mut UnixStream, message: &FromWorker| frame::write(socket, message, FROM_WORKER_BYTES_MAX);
    let call = |execution, call, op| FromWorker::HostCall { execution, call, op, budget: None };
    let mut deed = String::new();
    let mut runs = 0;
    say(socket, &FromWorker::Ready { walls: Walls::NONE })?;
    loop {
        match frame::read(socket, TO_WORKER_BYTES_MAX)? {
            ToWorker::Assign { code, .. } => deed = String::from_utf8_lossy(&code).into_owned(),
            ToWorker::Ping { nonce } => say(socket, &FromWorker::Pong { nonce })?,
            ToWorker::HostReply { .. } | ToWorker::Cancel { .. } => {}
            ToWorker::Run(run) => match deed.as_str() {
                "is worn and goes on" => {
                    runs += 1;
                    if runs == 1 {
                        say(socket, &FromWorker::Worn)?;
                    }
                    say(socket, &call(run.execution, 0, sign("a")))?;
                }
                "is worn twice" => {
                    say(socket, &FromWorker::Worn)?;
                    say(socket, &FromWorker::Worn)?;
                }
                "calls as the victim" => say(socket, &call(VICTIM, 0, sign("a")))?,
                "calls as nobody" => say(socket, &call(77, 0, sign("a")))?,
                "ends the victim" => {
                    say(socket, &FromWorker::Finished { execution: VICTIM, finished: end(1) })?
                }
                "skips a call" => say(socket, &call(OWN, 1, sign("a")))?,
                "repeats a call" => {
                    say(socket, &call(OWN, 0, sign("a")))?;
                    say(socket, &call(OWN, 0, sign("b")))?;
                }
                "uses a name twice" => {
                    say(socket, &call(OWN, 0, sign("a")))?;
                    say(socket, &call(OWN, 1, sign("a")))?;
                }
                "signs too often" => {
                    for number in 0..20 {
                        say(socket, &call(OWN, number, sign(&number.to_string())))?;
                    }
                }
                "names a key that is none" => {
                    let public_key = vec![4; 64];
                    say(socket, &call(OWN, 0, sign_with(public_key, "a")))?;
                }
                "asks for a long address" => {
                    let url = "x".repeat(100_000);
                    let fetch = FetchRequest {
                        method: "GET".into(),
                        url,
                        headers: vec![],
                        body: vec![],
                        redirect: Redirect::Follow,
                    };
                    say(socket, &call(OWN, 0, HostCall::Fetch(fetch)))?;
                }
                "answers at length" => {
                    say(socket, &FromWorker::Finished { execution: OWN, finished: end(200_000) })?
                }
                "ends as the node alone may say" => {
                    let (code, message) = (ErrorCode::NotGranted, String::new());
                    let outcome = ActionOutcome::Failed { code, message, cause: None };
                    let finished = Finished { outcome, ..end(0) };
                    say(socket, &FromWorker::Finished { execution: OWN, finished })?;
                }
                "ends twice" => {
                    say(socket, &FromWorker::Finished { execution: OWN, finished: end(1) })?;
                    say(socket, &FromWorker::Finished { execution: OWN, finished: end(1) })?;
                }
                "is ready twice" => say(socket, &FromWorker::Ready { walls: Walls::NONE })?,
                "answers no ping" => say(socket, &FromWorker::Pong { nonce: 99 })?,
                "guesses what it is asked" => {
                    // The answer to one ping, and what would be the next one's if they were counted.
                    let mut guess = None;
                    loop {
                        let nonce = next_ping(socket)?;
                        say(socket, &FromWorker::Pong { nonce: guess.unwrap_or(nonce) })?;
                        guess = Some(nonce.wrapping_add(1));
                    }
                }
                "lends all of its work to each child" => {
                    let lends = |call| FromWorker::HostCall {
                        execution: OWN,
                        call,
                        op: HostCall::Call { cid: "QmChild".into(), params: "{}".into() },
                        budget: Some(ChildBudget { fuel: 10_000_000_000, wall_ms: 10, total_ms: 10 }),
                    };
                    say(socket, &lends(0))?;
                    say(socket, &lends(1))?;
                }
                "sends garbage" => socket.write_all(&[3, 0, 0, 0, 1, 9, 9])?,
                "announces four gigabytes" => socket.write_all(&[0xff; 64])?,
                "speaks another version" => socket.write_all(&[2, 0, 0, 0, 2, 0])?,
                "adds bytes" => socket.write_all(&[3, 0, 0, 0, 1, 0, 0])?,
                "is stopped for a call" => {
                    // As the kernel does it; the walls are not up in this program.
                    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::SYS)?;
                }
                "dies" => return Ok(()),
                "falls silent" => loop {
                    std::thread::park();
                },
                // "waits": an honest worker whose action does not end.
                _ => {}
            },
        }
    }
}

fn next_ping(socket: &mut UnixStream) -> std::io::Result<u64> {
    loop {
        if let ToWorker::Ping { nonce } = frame::read(socket, TO_WORKER_BYTES_MAX)? {
            return Ok(nonce);
        }
    }
}

fn sign(name: &str) -> HostCall {
    let mut public_key = vec![4];
    public_key.extend([1; 64]);
    sign_with(public_key, name)
}

fn sign_with(public_key: Vec<u8>, name: &str) -> HostCall {
    HostCall::Sign(SignRequest {
        key: SignKey::Pkp(public_key),
        message: SignMessage::Digest([0; 32]),
        name: name.into(),
        recipient: Recipient::Caller,
    })
}

fn end(response_bytes: usize) -> Finished {
    Finished {
        outcome: ActionOutcome::Completed { response: Some("x".repeat(response_bytes)) },
        logs: String::new(),
        usage: Usage::default(),
    }
}

/// Runs the deed beside a victim and returns why the pool ended the worker.
async fn end_of(deed: &str, config: PoolConfig) -> WorkerEnd {
    let (pool, mut events) = Pool::new(config);
    pool.start(start(VICTIM, "victim", "waits")).expect("there is room");
    let mut own = start(OWN, "stub", deed);
    own.limits.total_ms = 200;
    pool.start(own).expect("there is room");
    let mut finished = 0;
    let why = loop {
        match next(&mut events).await {
            ActionEvent::WorkerEnded { cid, end } => {
                assert_eq!(cid.as_deref(), Some("stub"), "{deed}: the wrong worker ended: {end:?}");
                break end;
            }
            ActionEvent::HostCall { execution, cid, .. } => {
                assert_eq!((execution, cid.as_str()), (OWN, "stub"), "{deed}: it spoke for another");
            }
            ActionEvent::Finished { execution, cid, finished: end } => {
                assert_eq!((execution, cid.as_str()), (OWN, "stub"), "{deed}: it ended another");
                if deed != "ends twice" {
                    assert_eq!(failure(&end).0, ErrorCode::WorkerDied, "{deed}");
                }
                finished += 1;
            }
            ActionEvent::Walls { .. } => {}
        }
    };
    assert_eq!(finished, 1, "{deed}: one end for one execution");
    assert_eq!((pool.status().executions, pool.status().workers), (1, 1), "{deed}: the victim runs on");
    pool.shutdown().await;
    why
}

#[tokio::test]
async fn a_worker_that_says_what_no_worker_says_is_killed() {
    let deeds = [
        ("calls as the victim", "an execution that is not its own"),
        ("calls as nobody", "an execution that is not its own"),
        ("ends the victim", "an execution that is not its own"),
        ("skips a call", "a call out of order"),
        ("repeats a call", "a call out of order"),
        ("uses a name twice", "a signature's name used twice"),
        ("signs too often", "more calls than the limits allow"),
        ("names a key that is none", "a malformed call"),
        ("asks for a long address", "a malformed call"),
        ("answers at length", "an end beyond its limits"),
        ("ends twice", "an execution that is not its own"),
        ("is ready twice", "ready twice"),
        ("is worn twice", "worn twice"),
        ("answers no ping", "an answer to nothing"),
        ("lends all of its work to each child", "a child action that it cannot pay for"),
        ("ends as the node alone may say", "a malformed frame"),
        ("sends garbage", "a malformed frame"),
        ("announces four gigabytes", "a malformed frame"),
        ("speaks another version", "a malformed frame"),
        ("adds bytes", "a malformed frame"),
    ];
    for (deed, why) in deeds {
        assert_eq!(end_of(deed, stub_config()).await, WorkerEnd::Protocol(why), "{deed}");
    }
}

#[tokio::test]
async fn a_ping_cannot_be_answered_without_reading_it() {
    let quick = PoolConfig { heartbeat: Duration::from_millis(20), ..stub_config() };
    assert_eq!(end_of("guesses what it is asked", quick).await, WorkerEnd::Protocol("an answer to nothing"));
}

#[tokio::test]
async fn a_worker_that_dies_ends_its_own_executions_only() {
    assert_eq!(end_of("dies", stub_config()).await, WorkerEnd::Died);
}

#[tokio::test]
async fn a_worker_that_the_kernel_stopped_for_its_system_call_is_told_apart() {
    assert_eq!(end_of("is stopped for a call", stub_config()).await, WorkerEnd::Forbidden);
}

#[tokio::test]
async fn a_worker_that_falls_silent_or_lets_time_pass_is_killed() {
    let quick = || PoolConfig {
        heartbeat: Duration::from_millis(50),
        grace: Duration::from_millis(300),
        ..stub_config()
    };
    assert_eq!(end_of("waits too long", quick()).await, WorkerEnd::Overdue);
    let silent = end_of("falls silent", quick()).await;
    assert!(matches!(silent, WorkerEnd::Unresponsive | WorkerEnd::Overdue), "{silent:?}");
}

#[tokio::test]
async fn a_worn_worker_serves_on_where_there_is_no_place_for_another() {
    let (pool, mut events) = Pool::new(PoolConfig { workers_max: 2, ..stub_config() });
    pool.start(start(VICTIM, "victim", "waits")).expect("there is room");
    for execution in [OWN, OWN + 1] {
        pool.start(start(execution, "stub", "is worn and goes on")).expect("there is room");
        let event = next(&mut events).await;
        assert!(matches!(event, ActionEvent::HostCall { execution: of, .. } if of == execution), "{event:?}");
    }
    let status = pool.status();
    assert_eq!((status.workers, status.workers_started, status.executions), (2, 2, 3));
    pool.shutdown().await;
}

#[tokio::test]
async fn an_action_whose_workers_are_all_worn_leaves_places_to_others() {
    let (pool, mut events) = Pool::new(PoolConfig { workers_max: 8, ..stub_config() });
    for execution in 2..10 {
        pool.start(start(execution, "stub", "is worn and goes on")).expect("there is room");
        let event = next(&mut events).await;
        assert!(matches!(event, ActionEvent::HostCall { execution: of, .. } if of == execution), "{event:?}");
    }
    assert_eq!((pool.status().workers, pool.status().executions), (2, 8));
    pool.start(start(VICTIM, "victim", "waits")).expect("there is a place for another action");
    pool.shutdown().await;
}
