//! Every limit, hit exactly at its bound: what just fits runs, one more ends in the limit's own code.

use std::time::Duration;

use quorate_actions::{
    ActionEvent, ActionLimits, ActionOutcome, ActionStart, Engine, Finished, ParentCall, Pool, PoolConfig,
    PoolError,
};
use quorate_wire::ErrorCode::{self, *};
use quorate_wire::{HostCall, HostReply};

use super::support::{
    config, engine, failure, finish, inputs, next, response, run_with, scripted_host, start,
};

/// Sets a limit.
type Set = fn(&mut ActionLimits, u32);

/// A script that uses three of something, what sets its limit, and the code.
const COUNTED: &[(&str, Set, ErrorCode)] = &[
    (
        "for (let i = 0; i < 3; i++) fetch('https://host.test/json').catch(() => {});",
        |l, n| l.fetches = n,
        LimitFetches,
    ),
    (
        "for (let i = 0; i < 3; i++) Lit.Actions.signEcdsa({ toSign: new Uint8Array(32), sigName: `s${i}`, \
         publicKey: '02' + '11'.repeat(32) });",
        |l, n| l.signatures = n,
        LimitSignatures,
    ),
    (
        "for (let i = 0; i < 2; i++) Lit.Actions.broadcastAndCollect({ name: 'a', value: 'b' }); \
         Lit.Actions.runOnce({ waitForResponse: true }, async () => 'c');",
        |l, n| l.collects = n,
        LimitCollects,
    ),
    (
        "for (let i = 0; i < 3; i++) Lit.Actions.getLatestNonce({ chain: 'base', address: '11'.repeat(20) });",
        |l, n| l.contract_calls = n,
        LimitContractCalls,
    ),
    (
        "for (let i = 0; i < 3; i++) Lit.Actions.claimKey({ keyId: `k${i}` });",
        |l, n| l.claims = n,
        LimitClaims,
    ),
    (
        "(async () => { for (let i = 0; i < 3; i++) { crypto.randomUUID(); await fetch('https://host.test/json'); } })();",
        |l, n| l.randoms = n,
        LimitRandoms,
    ),
    (
        "for (let i = 0; i < 3; i++) Lit.Actions.call({ ipfsId: 'QmChild' });",
        |l, n| l.children = n,
        LimitChildren,
    ),
    (
        "for (let i = 0; i < 3; i++) Lit.Actions.getPermittedActions({ tokenId: '1' });",
        |l, n| l.host_calls = n,
        LimitHostCalls,
    ),
    (
        "for (let i = 0; i < 3; i++) Lit.Actions.getPermittedActions({ tokenId: '1' });",
        |l, n| l.pending = n,
        LimitPromises,
    ),
    ("for (let i = 0; i < 3; i++) setTimeout(() => {}, 1000);", |l, n| l.timers = n, LimitTimers),
    ("Lit.Actions.setResponse({ response: 'abc' });", |l, n| l.response_bytes = n, LimitResponse),
    ("console.log('ab');", |l, n| l.log_bytes = n, LimitLogs),
];

fn run(engine: &Engine, code: &str, set: impl FnOnce(&mut ActionLimits)) -> Finished {
    let mut inputs = inputs(code);
    set(&mut inputs.limits);
    run_with(engine, &inputs, scripted_host)
}

#[test]
fn what_fits_a_limit_runs_and_one_more_ends_in_its_code() {
    let engine = engine();
    for (code, set, failed) in COUNTED {
        let fits = run(&engine, code, |limits| set(limits, 3));
        assert!(matches!(fits.outcome, ActionOutcome::Completed { .. }), "{code}: {:?}", fits.outcome);
        let over = run(&engine, code, |limits| set(limits, 2));
        let (code_of_end, message) = failure(&over);
        assert_eq!(code_of_end, *failed, "{code}");
        assert!(message.ends_with(": 3 used, 2 allowed"), "{code}: {message}");
        let none = run(&engine, code, |limits| set(limits, 0));
        assert_eq!(failure(&none).0, *failed, "{code}");
    }
}

#[test]
fn code_parameters_and_fetched_bytes_have_their_bounds() {
    let engine = engine();
    let fetches = "fetch('https://host.test/bytes').then(() => fetch('https://host.test/bytes'));";
    type Case = (&'static str, fn(&mut ActionLimits, u32), u32, ErrorCode);
    let cases: &[Case] = &[
        ("0;", |l, n| l.code_bytes = n, 2, LimitCode),
        ("0;", |l, n| l.params_bytes = n, 2, LimitParams),
        (fetches, |l, n| l.fetched_bytes = u64::from(n), 10, LimitFetchedBytes),
    ];
    for (code, set, bound, failed) in cases {
        let fits = run(&engine, code, |limits| set(limits, *bound));
        assert!(matches!(fits.outcome, ActionOutcome::Completed { .. }), "{code}: {:?}", fits.outcome);
        let (end, message) = (run(&engine, code, |limits| set(limits, bound - 1)), format!("{bound} used"));
        assert_eq!(failure(&end).0, *failed, "{code}");
        assert!(failure(&end).1.contains(&message), "{code}: {}", failure(&end).1);
        let ran = *failed == LimitFetchedBytes;
        assert_eq!(end.usage.fuel > 0, ran, "{failed:?}: what did not begin has used nothing");
    }
}

#[test]
fn work_ends_at_its_bound_and_a_unit_more_lets_it_complete() {
    let engine = engine();
    let code =
        "let n = 0; for (let i = 0; i < 1000; i++) n += i; Lit.Actions.setResponse({ response: `${n}` });";
    let used = run(&engine, code, |_| {}).usage.fuel;
    let exact = run(&engine, code, |limits| limits.fuel = used);
    assert_eq!((response(&exact), exact.usage.fuel), ("499500", used));
    assert_eq!(failure(&run(&engine, code, |limits| limits.fuel = used / 2)).0, LimitCpu);
}

/// Bodies of 1 MiB at most: eight of them with what is beside them are more than 8 MiB.
#[test]
fn open_calls_hold_so_many_bytes_and_those_that_are_answered_none() {
    let engine = engine();
    let code = |open: u32, rounds: u32| {
        format!(
            "(async () => {{ const body = new Uint8Array(1 << 20); const url = 'https://host.test/json'; \
             for (let round = 0; round < {rounds}; round++) await Promise.all(Array.from({{ length: {open} }}, \
             () => fetch(url, {{ method: 'POST', body }}))); Lit.Actions.setResponse({{ response: 'sent' }}); }})();"
        )
    };
    assert_eq!(response(&run(&engine, &code(7, 3), |_| {})), "sent");
    let over = run(&engine, &code(8, 1), |_| {});
    let (end, message) = failure(&over);
    assert_eq!(end, LimitPromises);
    assert!(
        message.starts_with("bytes of host calls open at once: ") && message.ends_with(", 8388608 allowed")
    );
}

#[test]
fn usage_counts_what_was_used() {
    let code = "(async () => { await fetch('https://host.test/bytes'); console.log('ab'); setTimeout(() => {}, 1); \
                await Promise.all([Lit.Actions.claimKey({ keyId: 'a' }), Lit.Actions.getRpcUrl({ chain: 'a' }), \
                                   Lit.Actions.getLatestNonce({ chain: 'a', address: '11'.repeat(20) })]); \
                Lit.Actions.setResponse({ response: 'four' }); })();";
    let usage = run(&engine(), code, |_| {}).usage;
    // The address of a chain's server is no read of the chain.
    assert_eq!((usage.fetches, usage.fetched_bytes, usage.claims, usage.contract_calls), (1, 5, 1, 1));
    assert_eq!((usage.host_calls, usage.pending, usage.timers), (5, 3, 1));
    assert_eq!((usage.response_bytes, usage.log_bytes, usage.signatures, usage.children), (4, 3, 0, 0));
}

#[tokio::test]
async fn waiting_is_not_running() {
    let (pool, mut events) = Pool::new(config());
    let mut waits = start(1, "waits", "fetch('https://host.test/json');");
    waits.limits.wall_ms = 100;
    pool.start(waits).expect("there is room");
    let ActionEvent::HostCall { call, op, .. } = next(&mut events).await else {
        panic!("a call comes first")
    };
    // Longer than it may run, which is what this test is about; no event says when time has passed.
    tokio::time::sleep(Duration::from_millis(300)).await;
    pool.answer(1, call, scripted_host(call, &op)).expect("the call is open");
    let finished = finish(&pool, &mut events, 1).await;
    assert!(matches!(finished.outcome, ActionOutcome::Completed { .. }), "{:?}", finished.outcome);
    assert!(finished.usage.host_ms >= 300 && finished.usage.wall_ms < 100, "{:?}", finished.usage);
    pool.shutdown().await;
}

/// A child action for an open call.
fn child(execution: u64, cid: &str, code: &str, call: u32) -> ActionStart {
    ActionStart { parent: Some(ParentCall { execution: 1, call }), ..start(execution, cid, code) }
}

/// The number of the next call of a child action, past every other event.
async fn next_call(pool: &Pool, events: &mut tokio::sync::mpsc::Receiver<ActionEvent>) -> u32 {
    loop {
        match next(events).await {
            ActionEvent::HostCall { execution: 1, call, op: HostCall::Call { .. }, .. } => return call,
            ActionEvent::HostCall { execution, call, op, .. } => {
                pool.answer(execution, call, scripted_host(call, &op)).expect("the call is open");
            }
            other => panic!("{other:?}"),
        }
    }
}

const PARENT: &str = "(async () => { for (let i = 0; i < 2; i++) await Lit.Actions.claimKey({ keyId: `p${i}` }); \
                      await Lit.Actions.call({ ipfsId: 'QmChild' }); \
                      for (let i = 2; i < 4; i++) await Lit.Actions.claimKey({ keyId: `p${i}` }); })();";

#[tokio::test]
async fn executions_of_one_worker_share_its_memory_and_large_ones_end_before_small_ones() {
    let (pool, mut events) = Pool::new(PoolConfig { worker_memory_bytes: 256 << 20, ..config() });
    let hold = "const held = new Uint8Array(bytes).fill(1); \
                fetch('https://host.test/json').then(() => Lit.Actions.setResponse({ response: String(held.length) }));";
    let holding = |execution, mebibytes: u32| ActionStart {
        params: format!("{{\"bytes\":{}}}", mebibytes << 20),
        ..start(execution, "holds", hold)
    };
    pool.start(holding(1, 100)).expect("there is room");
    let ActionEvent::HostCall { execution: 1, call, op, .. } = next(&mut events).await else {
        panic!("it waits for its answer")
    };
    // A hundred are held, so one of eighty would leave less than it has; one of ten does not.
    pool.start(holding(2, 80)).expect("there is room");
    let end = finish(&pool, &mut events, 2).await;
    let (code, text) = failure(&end);
    assert_eq!(code, LimitMemory);
    assert!(text.contains("of all executions of this action together"), "{text}");
    pool.start(holding(3, 10)).expect("there is room");
    assert_eq!(response(&finish(&pool, &mut events, 3).await), (10 << 20).to_string());
    pool.answer(1, call, scripted_host(call, &op)).expect("the call is open");
    assert_eq!(response(&finish(&pool, &mut events, 1).await), (100 << 20).to_string());
    pool.start(holding(4, 80)).expect("there is room");
    assert_eq!(response(&finish(&pool, &mut events, 4).await), (80 << 20).to_string());
    pool.shutdown().await;
}

#[tokio::test]
async fn an_answer_holds_no_memory_once_the_script_has_it_though_earlier_calls_are_open() {
    const PAGE_BYTES: usize = 1 << 20;
    let (pool, mut events) = Pool::new(PoolConfig { worker_memory_bytes: 24 << 20, ..config() });
    let code = "(async () => {
        const own = Lit.Actions.runOnce({ name: 'k', waitForResponse: true }, async () => {
            for (let i = 0; i < 40; i++) await fetch('https://host.test/page');
            return 'all';
        });
        const open = fetch('https://host.test/json');
        const said = await own;
        await open;
        Lit.Actions.setResponse({ response: said });
    })();";
    let mut pages = start(1, "pages", code);
    (pages.limits.fetches, pages.limits.fetched_bytes) = (100, 100 << 20);
    pool.start(pages).expect("there is room");
    let mut earlier = None;
    let end = loop {
        match next(&mut events).await {
            ActionEvent::HostCall { call, op: HostCall::Fetch(fetch), .. } if fetch.url.ends_with("page") => {
                let body = vec![7; PAGE_BYTES];
                let page = HostReply::Fetched { status: 200, headers: Vec::new(), body, url: fetch.url };
                pool.answer(1, call, page).expect("the call is open");
            }
            ActionEvent::HostCall { call, op: op @ HostCall::Fetch(_), .. } => earlier = Some((call, op)),
            ActionEvent::HostCall { call, op, .. } => {
                pool.answer(1, call, scripted_host(call, &op)).expect("the call is open");
                if let HostCall::RunOnceResult { .. } = op {
                    let (call, op) = earlier.take().expect("it was asked for first");
                    pool.answer(1, call, scripted_host(call, &op)).expect("the call is open");
                }
            }
            ActionEvent::Finished { finished, .. } => break finished,
            ActionEvent::WorkerEnded { .. } | ActionEvent::Walls { .. } => {}
        }
    };
    assert_eq!(response(&end), "all");
    pool.shutdown().await;
}

#[tokio::test]
async fn parent_and_child_share_their_counts() {
    for (claims, child_ends, parent_ends) in
        [(4, Some(LimitClaims), Some(LimitClaims)), (6, None, Some(LimitClaims)), (7, None, None)]
    {
        let (pool, mut events) = Pool::new(config());
        let mut parent = start(1, "parent", PARENT);
        parent.limits.claims = claims;
        pool.start(parent).expect("there is room");
        let call = next_call(&pool, &mut events).await;
        let code = "(async () => { for (let i = 0; i < 3; i++) await Lit.Actions.claimKey({ keyId: `c${i}` }); })();";
        let mut second = child(2, "child", code, call);
        second.limits.claims = claims;
        pool.start(second).expect("there is room");
        let end = finish(&pool, &mut events, 2).await;
        assert_eq!(failed(&end), child_ends, "{claims} claims: {:?}", end.outcome);
        pool.answer(1, call, HostReply::Value("null".into())).expect("the call is open");
        let end = finish(&pool, &mut events, 1).await;
        assert_eq!(failed(&end), parent_ends, "{claims} claims: {:?}", end.outcome);
        pool.shutdown().await;
    }
}

fn failed(finished: &Finished) -> Option<ErrorCode> {
    match &finished.outcome {
        ActionOutcome::Failed { code, .. } => Some(*code),
        ActionOutcome::Completed { .. } => None,
    }
}

#[tokio::test]
async fn a_child_has_half_of_the_work_that_is_left_and_gives_back_what_it_does_not_use() {
    let (pool, mut events) = Pool::new(config());
    let mut parent = start(
        1,
        "parent",
        "(async () => { for (;;) await Lit.Actions.call({ ipfsId: 'QmChild' }).catch(() => {}); })();",
    );
    parent.limits.fuel = 4_000_000_000;
    parent.limits.children = 4;
    pool.start(parent).expect("there is room");
    let mut used = Vec::new();
    for (execution, code) in (2..).zip(["", "for (;;);", "for (;;);"]) {
        let call = next_call(&pool, &mut events).await;
        pool.start(child(execution, code, code, call)).expect("there is room");
        let end = finish(&pool, &mut events, execution).await;
        used.push(end.usage.fuel);
        if !code.is_empty() {
            assert_eq!(failure(&end).0, LimitCpu);
        }
        let error = HostReply::Error { code: "child_failed".into(), message: "it failed".into() };
        pool.answer(1, call, error).expect("the call is open");
    }
    let near = |fuel: u64, expected: u64| fuel.abs_diff(expected) < 50_000_000;
    assert!(near(used[0], 0) && near(used[1], 2_000_000_000) && near(used[2], 1_000_000_000), "{used:?}");
    pool.shutdown().await;
}

#[tokio::test]
async fn children_call_children_as_deep_as_the_limit_and_no_deeper() {
    let (pool, mut events) = Pool::new(config());
    let calls = "Lit.Actions.call({ ipfsId: 'QmChild' });";
    let mut parent = start(1, "parent", calls);
    parent.limits.depth = 1;
    pool.start(parent).expect("there is room");
    let call = next_call(&pool, &mut events).await;
    assert_eq!(pool.start(child(9, "child", calls, call + 1)), Err(PoolError::Mismatch), "no such call");
    pool.start(child(2, "child", calls, call)).expect("there is room");
    assert_eq!(failed(&finish(&pool, &mut events, 2).await), Some(LimitDepth));
    pool.shutdown().await;
}
