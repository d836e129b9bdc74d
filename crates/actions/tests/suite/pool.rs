//! The pool with honest workers: many at once, room, giving up, going away.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use quorate_actions::{
    ActionEvent, ActionStart, CODE_FRAME_BYTES_MAX, ParentCall, Pool, PoolConfig, PoolError, WorkerCommand,
    WorkerEnd,
};
use quorate_wire::{Digest, EcdsaAnswer, ErrorCode, HostCall, HostReply, LoginId, NodeIndex, Payer};

use super::support::{config, failure, finish, next, response, scripted_host, start};

const ASKS: &str = "
    const go = async () => {
        const answer = await fetch('https://host.test/json');
        Lit.Actions.setResponse({ response: 'status ' + answer.status });
    };
    go();";

#[tokio::test]
async fn executions_that_wait_hold_no_thread() {
    let (pool, mut events) = Pool::new(config());
    let many = 300;
    for execution in 1..=many {
        pool.start(start(execution, "asks", ASKS)).expect("there is room");
    }
    let mut open = Vec::new();
    while open.len() < 300 {
        if let ActionEvent::HostCall { execution, call, op, cid } = next(&mut events).await {
            assert_eq!((cid.as_str(), call), ("asks", 0));
            open.push((execution, op));
        }
    }
    assert_eq!(pool.status().executions, 300);
    // All three hundred wait; one of the same worker that asks nothing runs at once.
    for (execution, op) in open.into_iter().rev() {
        pool.answer(execution, 0, scripted_host(0, &op)).expect("the call is open");
    }
    let mut ended = BTreeSet::new();
    while ended.len() < 300 {
        if let ActionEvent::Finished { execution, finished, .. } = next(&mut events).await {
            assert_eq!(response(&finished), "status 200");
            assert!(ended.insert(execution), "{execution} ended twice");
        }
    }
    assert_eq!(pool.status().workers_started, 1);
    pool.shutdown().await;
}

#[tokio::test]
async fn a_blank_worker_is_ready_before_it_is_needed_and_replaced_when_it_is_taken() {
    let (pool, mut events) = Pool::new(PoolConfig { blank_workers: 1, ..config() });
    assert_eq!(pool.status().blank_workers, 1);
    pool.start(start(1, "a", "")).expect("there is room");
    assert_eq!(pool.status().workers_started, 2);
    finish(&pool, &mut events, 1).await;
    assert_eq!((pool.status().workers, pool.status().blank_workers), (2, 1));
    pool.shutdown().await;
}

#[tokio::test]
async fn the_longest_unused_worker_makes_room_and_busy_ones_do_not() {
    let (pool, mut events) = Pool::new(PoolConfig { workers_max: 2, ..config() });
    for (execution, cid) in [(1, "a"), (2, "b"), (3, "a"), (4, "c")] {
        pool.start(start(execution, cid, "")).expect("there is room");
        finish(&pool, &mut events, execution).await;
    }
    // b was unused for longest, so a is still there.
    pool.start(start(5, "a", ASKS)).expect("there is room");
    pool.start(start(6, "c", ASKS)).expect("there is room");
    assert_eq!(pool.status().workers_started, 3);
    assert_eq!(pool.start(start(7, "b", ASKS)), Err(PoolError::Full));
    pool.shutdown().await;
}

fn login(mark: u8) -> Payer {
    Payer::Login(LoginId(Digest([mark; 32])))
}

fn of(payers: &[Payer], start: ActionStart) -> ActionStart {
    ActionStart { payers: payers.to_vec(), ..start }
}

#[tokio::test]
async fn one_login_or_peer_leaves_workers_to_others() {
    let (pool, mut events) = Pool::new(PoolConfig { starts_per_second: 1000, ..config() });
    let (greedy, other) = (login(1), login(2));
    pool.start(of(&[greedy], start(1, "a", ASKS))).expect("there is room");
    pool.start(of(&[greedy], start(2, "b", ASKS))).expect("half of the workers is its share");
    assert_eq!(pool.start(of(&[greedy], start(3, "c", ASKS))), Err(PoolError::Share));
    pool.start(of(&[greedy], start(4, "a", ASKS))).expect("a worker that it has takes nothing from others");
    pool.start(of(&[other], start(5, "d", ASKS))).expect("another login finds a worker");
    assert_eq!(
        pool.start(of(&[other], start(6, "c", ASKS))),
        Err(PoolError::Share),
        "one is left for a third"
    );
    assert_eq!(pool.start(of(&[greedy], start(7, "d", ASKS))), Err(PoolError::Share), "by joining neither");
    pool.start(of(&[login(3)], start(8, "e", ASKS))).expect("the third finds it");
    pool.start(of(&[login(4)], start(9, "e", ASKS))).expect("whoever wants the same action needs none");
    // Nobody answers the others meanwhile: they stay.
    let mut going = BTreeSet::from([5, 8, 9]);
    going.iter().for_each(|execution| pool.cancel(*execution));
    while !going.is_empty() {
        if let ActionEvent::Finished { execution, .. } = next(&mut events).await {
            assert!(going.remove(&execution), "{execution}");
        }
    }
    // A peer that brings a login for each action has its share, too.
    let peer = Payer::Peer(NodeIndex::new(2).expect("a node"));
    pool.start(of(&[login(5), peer], start(10, "f", ASKS))).expect("there is room");
    assert_eq!(pool.start(of(&[login(6), peer], start(11, "g", ASKS))), Err(PoolError::Share));
    pool.start(of(&[login(6)], start(12, "g", ASKS))).expect("a caller of this node finds one");
    pool.shutdown().await;
}

#[tokio::test]
async fn child_actions_count_in_the_share_of_who_called_their_parent() {
    let (pool, mut events) = Pool::new(config());
    let calls = "for (const ipfsId of ['QmA', 'QmB']) Lit.Actions.call({ ipfsId });";
    pool.start(of(&[login(1)], start(1, "parent", calls))).expect("there is room");
    let mut children = Vec::new();
    while children.len() < 2 {
        if let ActionEvent::HostCall { call, op: HostCall::Call { cid, .. }, .. } = next(&mut events).await {
            let parent = Some(ParentCall { execution: 1, call });
            let child = ActionStart { parent, ..start(2 + u64::from(call), &cid, ASKS) };
            children.push(pool.start(of(&[login(1)], child)));
        }
    }
    assert_eq!(children, [Ok(()), Err(PoolError::Share)]);
    pool.shutdown().await;
}

#[tokio::test]
async fn one_login_cannot_use_up_the_pace_at_which_workers_start() {
    let (pool, mut events) = Pool::new(PoolConfig { starts_per_second: 1, ..config() });
    let mut started = 0;
    let refusal = loop {
        started += 1;
        if let Err(error) = pool.start(of(&[login(1)], start(started, &format!("new-{started}"), ""))) {
            break error;
        }
        finish(&pool, &mut events, started).await;
    };
    assert_eq!((refusal, started > 4), (PoolError::Share, true), "{started}");
    pool.start(of(&[login(2)], start(100, "another", ""))).expect("a start is left for another login");
    pool.shutdown().await;
}

#[tokio::test]
async fn an_idle_worker_is_ended() {
    let short = Duration::from_millis(20);
    let (pool, mut events) = Pool::new(PoolConfig { idle: Duration::ZERO, heartbeat: short, ..config() });
    pool.start(start(1, "a", "")).expect("there is room");
    finish(&pool, &mut events, 1).await;
    let ended = next(&mut events).await;
    assert_eq!(ended, ActionEvent::WorkerEnded { cid: Some("a".into()), end: WorkerEnd::Idle });
    assert_eq!(pool.status().workers, 0);
}

#[tokio::test]
async fn a_cancelled_execution_ends_whether_it_runs_or_waits() {
    let (pool, mut events) = Pool::new(config());
    pool.start(start(1, "asks", ASKS)).expect("there is room");
    let ActionEvent::HostCall { execution: 1, .. } = next(&mut events).await else {
        panic!("a call comes first")
    };
    pool.cancel(1);
    assert_eq!(failure(&finish(&pool, &mut events, 1).await).0, ErrorCode::DeadlineExceeded);
    pool.start(start(2, "spins", "for (;;);")).expect("there is room");
    pool.cancel(2);
    assert_eq!(failure(&finish(&pool, &mut events, 2).await).0, ErrorCode::DeadlineExceeded);
    pool.cancel(99);
    assert_eq!(pool.answer(1, 0, scripted_error()), Ok(()), "an answer that comes too late is dropped");
    pool.shutdown().await;
}

#[tokio::test]
async fn only_a_fitting_answer_to_an_open_call_is_taken() {
    let (pool, mut events) = Pool::new(config());
    pool.start(start(1, "asks", ASKS)).expect("there is room");
    assert_eq!(pool.start(start(1, "asks", ASKS)), Err(PoolError::Duplicate));
    let ActionEvent::HostCall { op, .. } = next(&mut events).await else { panic!("a call comes first") };
    let signed = HostReply::Signed(EcdsaAnswer { r: [1; 32], s: [1; 32], recovery_id: 0 });
    assert_eq!(pool.answer(1, 0, signed), Err(PoolError::Mismatch), "a signature answers no request");
    assert_eq!(pool.answer(1, 1, scripted_error()), Err(PoolError::Mismatch), "no such call");
    pool.answer(1, 0, scripted_host(0, &op)).expect("the call is open");
    assert_eq!(pool.answer(1, 0, scripted_error()), Err(PoolError::Mismatch), "it was answered");
    finish(&pool, &mut events, 1).await;
    pool.shutdown().await;
}

#[tokio::test]
async fn a_short_execution_has_its_turn_beside_endless_ones_of_its_action() {
    const EITHER: &str =
        "if (typeof endless === 'boolean') for (;;); Lit.Actions.setResponse({ response: 'short' });";
    let (pool, mut events) = Pool::new(config());
    for execution in 1..=16 {
        let mut endless = start(execution, "either", EITHER);
        endless.params = r#"{"endless":true}"#.into();
        endless.limits.fuel = u64::MAX;
        endless.limits.wall_ms = 60_000;
        endless.limits.total_ms = 60_000;
        pool.start(endless).expect("there is room");
    }
    let mut times = Vec::new();
    for execution in 100..120 {
        let begun = std::time::Instant::now();
        pool.start(start(execution, "either", EITHER)).expect("there is room");
        assert_eq!(response(&finish(&pool, &mut events, execution).await), "short");
        times.push(begun.elapsed());
    }
    assert_eq!(pool.status().executions, 16, "the endless ones are still there");
    // Waiting for the endless ones would take a minute.
    times.sort();
    println!("a short execution beside 16 endless ones: {:?} at best, {:?} at worst", times[0], times[19]);
    assert!(times[10] < Duration::from_secs(5), "{times:?}");
    pool.shutdown().await;
}

#[tokio::test]
async fn a_worker_of_many_long_executions_is_replaced_when_it_has_ended_them() {
    const EITHER: &str = "
        const go = async () => {
            if (jsParams.long) for (;;);
            const answer = await fetch('https://host.test/json');
            Lit.Actions.setResponse({ response: 'status ' + answer.status });
        };
        go();";
    let (pool, mut events) = Pool::new(config());
    let mut waiting = start(1, "either", EITHER);
    waiting.limits.total_ms = 600_000;
    pool.start(waiting).expect("there is room");
    let ActionEvent::HostCall { execution: 1, op, .. } = next(&mut events).await else {
        panic!("a call comes first")
    };
    // Each leaves a thread behind that has a low priority.
    let mut execution = 1;
    while pool.status().workers_started == 1 {
        assert!(execution < 200, "the worker is never replaced");
        for _ in 0..8 {
            execution += 1;
            let mut long = start(execution, "either", EITHER);
            long.params = r#"{"long":true}"#.into();
            (long.limits.fuel, long.limits.wall_ms) = (1 << 28, 60_000);
            pool.start(long).expect("there is room");
        }
        let mut ended = 0;
        while ended < 8 {
            if let ActionEvent::Finished { finished, .. } = next(&mut events).await {
                assert_eq!(failure(&finished).0, ErrorCode::LimitCpu);
                ended += 1;
            }
        }
    }
    // What it had goes on in it, and with that it ends.
    pool.answer(1, 0, scripted_host(0, &op)).expect("the call is open");
    let mut seen = Vec::new();
    while seen.len() < 2 {
        match next(&mut events).await {
            ActionEvent::Finished { execution: 1, finished, .. } => seen.push(response(&finished).to_owned()),
            ActionEvent::WorkerEnded { end, .. } => seen.push(format!("{end:?}")),
            _ => {}
        }
    }
    assert_eq!(seen, ["status 200", "Worn"]);
    pool.shutdown().await;
}

#[tokio::test]
async fn the_first_action_of_a_blank_worker_starts_quickly() {
    let (pool, mut events) = Pool::new(PoolConfig { blank_workers: 1, ..config() });
    let mut times = Vec::new();
    for execution in 1..=10 {
        // Also when all places are taken by used workers, one is made free for the next blank one.
        while pool.status().ready_blank_workers == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let begun = std::time::Instant::now();
        pool.start(start(execution, &format!("cold-{execution}"), "")).expect("there is room");
        finish(&pool, &mut events, execution).await;
        times.push(begun.elapsed());
    }
    times.sort();
    println!("first action of a blank worker: {:?} at best, {:?} in the middle", times[0], times[5]);
    assert!(times[5] < Duration::from_millis(500), "{times:?}");
    pool.shutdown().await;
}

fn scripted_error() -> HostReply {
    HostReply::Error { code: "late".into(), message: "late".into() }
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_anything_starts() {
    let (pool, _events) = Pool::new(PoolConfig { executions_max: 0, ..config() });
    let mut large = start(1, "a", "");
    large.code = Arc::from(vec![b' '; CODE_FRAME_BYTES_MAX + 1]);
    assert_eq!(pool.start(large), Err(PoolError::TooLarge));
    let mut hungry = start(1, "a", "");
    hungry.limits.memory_bytes = u64::MAX;
    assert_eq!(pool.start(hungry), Err(PoolError::TooLarge));
    assert_eq!(pool.start(start(1, "a", "")), Err(PoolError::Full));
    assert_eq!(pool.status().workers_started, 0);
}

#[tokio::test]
async fn the_largest_code_is_run() {
    let (pool, mut events) = Pool::new(config());
    let mut large = start(1, "a", "");
    let mut code = b"Lit.Actions.setResponse({ response: 'run' }); //".to_vec();
    code.resize(CODE_FRAME_BYTES_MAX, b' ');
    large.code = code.into();
    large.limits.code_bytes = u32::MAX;
    pool.start(large).expect("it fits");
    assert_eq!(response(&finish(&pool, &mut events, 1).await), "run");
    pool.shutdown().await;
}

#[tokio::test]
async fn a_worker_that_cannot_start_ends_its_executions() {
    let worker = WorkerCommand::new("/nonexistent/worker", [""; 0]);
    let (pool, mut events) = Pool::new(PoolConfig { worker, ..config() });
    pool.start(start(1, "a", "")).expect("there is room");
    assert_eq!(failure(&finish(&pool, &mut events, 1).await).0, ErrorCode::WorkerDied);
    assert_eq!(pool.status().executions, 0);
    pool.shutdown().await;
}

#[tokio::test]
async fn a_pool_that_is_shut_down_ends_everything_and_starts_nothing() {
    let (pool, mut events) = Pool::new(PoolConfig { blank_workers: 2, ..config() });
    pool.start(start(1, "spins", "for (;;);")).expect("there is room");
    pool.shutdown().await;
    assert_eq!((pool.status().workers, pool.start(start(2, "a", ""))), (0, Err(PoolError::Closed)));
    assert_eq!(failure(&finish(&pool, &mut events, 1).await).0, ErrorCode::WorkerDied);
}
