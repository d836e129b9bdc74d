//! Executions that compute long, as many as somebody likes, beside short ones of the same action.

use std::time::{Duration, Instant};

use quorate_actions::{ActionEvent, ActionStart, Pool, PoolConfig, WorkerEnd};
use quorate_wire::{Digest, ErrorCode, LoginId, Payer};

use super::support::{config, failure, finish, next, response, start};

const EITHER: &str =
    "if (typeof endless === 'boolean') for (;;); Lit.Actions.setResponse({ response: 'short' });";

fn start_endless(pool: &Pool, execution: u64, total: Duration) {
    start_endless_of(pool, execution, total, Vec::new());
}

fn start_endless_of(pool: &Pool, execution: u64, total: Duration, payers: Vec<Payer>) {
    let mut endless = start(execution, "either", EITHER);
    endless.params = r#"{"endless":true}"#.into();
    endless.limits.fuel = u64::MAX;
    endless.limits.wall_ms = 600_000;
    endless.limits.total_ms = u64::try_from(total.as_millis()).expect("a time");
    endless.payers = payers;
    pool.start(endless).expect("there is room");
}

#[tokio::test]
async fn one_whose_time_is_over_ends_however_many_are_before_it_in_line() {
    let (pool, mut events) = Pool::new(PoolConfig { grace: Duration::from_secs(4), ..config() });
    start_endless(&pool, 1, Duration::from_secs(600));
    start_endless(&pool, 2, Duration::from_secs(7));
    // They use much before others come, so that they are the last in line from then on.
    let (begun, mut short) = (Instant::now(), 1_000);
    while begun.elapsed() < Duration::from_secs(2) {
        short += 1;
        pool.start(start(short, "either", EITHER)).expect("there is room");
        assert_eq!(response(&finish(&pool, &mut events, short).await), "short");
    }
    for execution in 3..=20 {
        start_endless(&pool, execution, Duration::from_secs(600));
    }
    pool.start(start(2_000, "either", EITHER)).expect("there is room");
    assert_eq!(response(&finish(&pool, &mut events, 2_000).await), "short");
    pool.cancel(1);
    let mut ends = Vec::new();
    while ends.len() < 2 {
        match next(&mut events).await {
            ActionEvent::Finished { execution, finished, .. } => ends.push((execution, failure(&finished).0)),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(ends, [(1, ErrorCode::DeadlineExceeded), (2, ErrorCode::LimitTotal)]);
    assert_eq!(pool.status().executions, 18, "nobody else ended with them");
    pool.shutdown().await;
}

#[tokio::test]
async fn endless_ones_of_one_payer_leave_threads_to_others_from_the_first_moment() {
    let (pool, mut events) = Pool::new(config());
    let payer = |mark| {
        let mut payers = Payer::of_source([192, 0, 2, mark].into());
        payers.push(Payer::Login(LoginId(Digest([mark; 32]))));
        payers
    };
    for execution in 1..=40 {
        start_endless_of(&pool, execution, Duration::from_secs(600), payer(1));
    }
    for execution in 1_001..1_050 {
        let short = ActionStart { payers: payer(2), ..start(execution, "either", EITHER) };
        pool.start(short).expect("there is room");
        assert_eq!(response(&finish(&pool, &mut events, execution).await), "short");
    }
    // What waited for its share goes on when some of it is free.
    let own = ActionStart { payers: payer(1), ..start(2_000, "either", EITHER) };
    pool.start(own).expect("there is room");
    (1..=40).for_each(|execution| pool.cancel(execution));
    let mut ended = 0;
    while ended < 41 {
        if let ActionEvent::Finished { execution, finished, .. } = next(&mut events).await {
            ended += 1;
            if execution == 2_000 {
                assert_eq!(response(&finished), "short");
            }
        }
    }
    pool.shutdown().await;
}

#[tokio::test]
async fn endless_ones_take_all_of_a_workers_threads_and_another_worker_serves_what_comes() {
    another_worker_serves_what_comes_after_endless_ones_of(&[]).await;
}

#[tokio::test]
async fn endless_ones_take_their_payers_share_and_another_worker_serves_the_same_payer() {
    another_worker_serves_what_comes_after_endless_ones_of(&[Payer::Login(LoginId(Digest([1; 32])))]).await;
}

async fn another_worker_serves_what_comes_after_endless_ones_of(payers: &[Payer]) {
    let (pool, mut events) = Pool::new(config());
    for execution in 1..=40 {
        start_endless_of(&pool, execution, Duration::from_secs(600), payers.to_vec());
    }
    // What comes before they have used enough waits behind them.
    let mut short = 1_000;
    loop {
        short += 1;
        assert!(short < 1_100, "the worker is never replaced");
        let start = ActionStart { payers: payers.to_vec(), ..start(short, "either", EITHER) };
        pool.start(start).expect("there is room");
        if pool.status().workers_started == 2 {
            break;
        }
        let _ = tokio::time::timeout(Duration::from_millis(100), events.recv()).await;
    }
    assert_eq!(response(&finish(&pool, &mut events, short).await), "short");
    pool.shutdown().await;
    let mut ended = Vec::new();
    while let Ok(event) = events.try_recv() {
        if let ActionEvent::WorkerEnded { end, .. } = event {
            ended.push(end);
        }
    }
    assert_eq!(ended, [WorkerEnd::Shutdown; 2]);
}
