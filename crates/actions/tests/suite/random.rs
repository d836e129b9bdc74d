//! Random bytes: where they come from, and scripts that wait for them inside a call.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use quorate_actions::{
    ActionEvent, ActionOutcome, ActionStart, Execution, Pool, PoolConfig, Progress, WorkerEnd,
};
use quorate_wire::{ErrorCode, HostCall, HostReply};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::support::{
    config, engine, failure, finish, inputs, next, response, run_with, scripted_host, start,
};

fn value(number: u32) -> [u8; 32] {
    Sha256::digest(format!("value {number}")).into()
}

fn reply(number: u32) -> HostReply {
    HostReply::Value(json!(hex::encode(value(number))).to_string())
}

/// The bytes of a value, by the definition in docs/protocols/randomness.md.
fn bytes(value: [u8; 32], from: usize, to: usize) -> String {
    let mut all = Vec::new();
    for block in 0_u64.. {
        if all.len() >= to {
            break;
        }
        let hash = Sha256::new().chain_update(b"quorate/random-bytes/v1").chain_update(value);
        all.extend_from_slice(&hash.chain_update(block.to_be_bytes()).finalize());
    }
    hex::encode(&all[from..to])
}

/// Runs to the end; the values have the numbers 0, 1, 2, …
fn run_counted(code: &str) -> (String, u32) {
    let mut number = 0;
    let finished = run_with(&engine(), &inputs(code), |call, op| match op {
        HostCall::Random => {
            number += 1;
            reply(number - 1)
        }
        other => scripted_host(call, other),
    });
    assert_eq!(finished.usage.randoms, number);
    (response(&finished).to_owned(), number)
}

const HEX: &str = "
    const draw = (length) => Array.from(crypto.getRandomValues(new Uint8Array(length)), (byte) => byte.toString(16).padStart(2, '0')).join('');
";

#[test]
fn bytes_are_those_of_the_definition_and_a_value_lasts_until_an_answer() {
    let outside = [
        ("await fetch('https://host.test/json')", 1),
        ("await fetch('https://refused.test/').catch(() => {})", 1),
        ("await Lit.Actions.claimKey({ keyId: 'k' })", 1),
        ("await Lit.Actions.claimKey({ keyId: 'refused' }).catch(() => {})", 1),
        ("await Lit.Actions.broadcastAndCollect({ name: 'b', value: 'v' })", 1),
        ("await Lit.Actions.call({ ipfsId: 'QmChild' })", 1),
        ("await Lit.Actions.runOnce({ name: 'k', waitForResponse: true }, async () => 'x')", 1),
        ("await Lit.Actions.runOnce({ name: 'elsewhere', waitForResponse: true }, async () => 'x')", 1),
        ("await Lit.Actions.getPermittedActions({ tokenId: '1' })", 1),
        ("await Lit.Actions.getLatestNonce({ chain: 'base', address: '11'.repeat(20) })", 1),
        (
            "await Lit.Actions.signEcdsa({ toSign: new Uint8Array(32), publicKey: '02' + '11'.repeat(32), sigName: 's' })",
            1,
        ),
        // What tells the script nothing of the outside.
        ("await new Promise((over) => setTimeout(over, 1))", 0),
        ("await new Promise((over) => setTimeout(over, 1000))", 0),
        ("await Promise.resolve()", 0),
        ("Math.random()", 0),
        ("crypto.getRandomValues(new Uint8Array(0))", 0),
    ];
    for (between, more) in outside {
        let code = format!(
            "{HEX} (async () => {{ const out = [draw(5), draw(60)]; {between}; out.push(draw(40)); \
             Lit.Actions.setResponse({{ response: out.join() }}); }})();"
        );
        let (response, values) = run_counted(&code);
        let last = if more == 1 { bytes(value(1), 0, 40) } else { bytes(value(0), 65, 105) };
        let expected = [bytes(value(0), 0, 5), bytes(value(0), 5, 65), last].join(",");
        assert_eq!((response, values), (expected, 1 + more), "{between}");
    }
}

#[test]
fn a_script_goes_on_exactly_where_it_stood() {
    // In the middle of a sort, of a getter in JSON.stringify, of a generator and of a finally, with locals of all kinds.
    let code = format!(
        "{HEX}
        const seen = [];
        function deep(n) {{ const local = n * 3; const inner = n === 0 ? draw(2) : deep(n - 1); return local >= 0 ? inner : 'lost'; }}
        function* each() {{ try {{ yield draw(1); yield draw(1); }} finally {{ seen.push(draw(1)); }} }}
        const sorted = [3, 1, 2].sort((a, b) => {{ if (seen.length === 0) seen.push(draw(1)); return a - b; }});
        const json = JSON.stringify({{ get drawn() {{ return draw(1); }}, after: 1 }});
        for (const byte of each()) {{ seen.push(byte); break; }}
        try {{ throw new Error(draw(1)); }} catch (error) {{ seen.push(error.message); }}
        seen.push(deep(200));
        Promise.resolve().then(() => seen.push(draw(1))).then(() => {{
            Lit.Actions.setResponse({{ response: JSON.stringify([sorted, json, seen, Math.random()]) }});
        }});"
    );
    let waited = run_counted(&code).0;
    let plain: serde_json::Value = serde_json::from_str(&waited).expect("JSON");
    let all = bytes(value(0), 0, 8);
    let at = |from: usize, to: usize| &all[2 * from..2 * to];
    assert_eq!(plain[0], json!([1, 2, 3]));
    assert_eq!(plain[1], json!(format!(r#"{{"drawn":"{}","after":1}}"#, at(1, 2))));
    assert_eq!(plain[2], json!([at(0, 1), at(2, 3), at(3, 4), at(4, 5), at(5, 7), at(7, 8)]));
}

#[test]
fn answers_that_come_while_a_script_waits_inside_a_call_are_given_to_it_afterwards() {
    let code = "
        const order = [];
        fetch('https://host.test/json').then(() => order.push('fetched'));
        Lit.Actions.claimKey({ keyId: 'k' }).then(() => { order.push('claimed'); Lit.Actions.setResponse({ response: order.join() }); });
        setTimeout(() => order.push('never before'), 0);
        crypto.getRandomValues(new Uint8Array(1));
        order.push('drawn');
        crypto.getRandomValues(new Uint8Array(100));
        order.push('again');";
    let engine = engine();
    let cancelled = Arc::new(AtomicBool::new(false));
    let (execution, progress) = Execution::start(&engine, &inputs(code), Instant::now(), cancelled);
    let Progress::Waiting(calls) = progress else { panic!("{progress:?}") };
    let mut execution = execution.expect("it waits");
    let ops: Vec<_> = calls.iter().map(|open| (open.call, matches!(open.op, HostCall::Random))).collect();
    assert_eq!(ops, [(0, false), (1, false), (2, true)], "what was asked for before is known");
    for open in calls.iter().take(2) {
        assert!(
            !execution.answer(open.call, scripted_host(open.call, &open.op)),
            "it waits for another answer"
        );
    }
    let (execution, progress) = execution.resume();
    assert_eq!(progress, Progress::Waiting(Vec::new()), "nothing to go on with");
    let mut execution = execution.expect("it waits");
    assert!(!execution.answer(7, reply(0)), "no such call");
    assert!(execution.answer(2, reply(0)));
    let (_, progress) = execution.resume();
    let Progress::Ended(finished) = progress else { panic!("{progress:?}") };
    assert_eq!(response(&finished), "drawn,again,fetched,claimed");
}

#[test]
fn a_refused_value_is_an_error_that_can_be_caught_and_the_next_draw_asks_again() {
    let code = format!(
        "{HEX} let refused; try {{ draw(1); }} catch (error) {{ refused = `${{error.code}} ${{error.message}}`; }}
        Lit.Actions.setResponse({{ response: `${{refused}} ${{draw(2)}}` }});"
    );
    let mut asked = 0;
    let finished = run_with(&engine(), &inputs(&code), |_, _| {
        asked += 1;
        let refused = HostReply::Error { code: "no_quorum".into(), message: "too few nodes".into() };
        if asked == 1 { refused } else { reply(1) }
    });
    assert_eq!(response(&finished), format!("no_quorum too few nodes {}", bytes(value(1), 0, 2)));
    let uncaught = run_with(&engine(), &inputs("crypto.randomUUID()"), |_, _| HostReply::Error {
        code: "no_quorum".into(),
        message: "too few nodes".into(),
    });
    assert!(
        matches!(&uncaught.outcome, ActionOutcome::Failed { cause: Some(cause), .. } if cause == "no_quorum")
    );
    let nonsense =
        run_with(&engine(), &inputs("crypto.randomUUID()"), |_, _| HostReply::Value("\"07\"".into()));
    assert_eq!(failure(&nonsense).0, ErrorCode::Internal);
}

#[test]
fn drawing_is_paid_for_and_waiting_is_not() {
    let engine = engine();
    let fuel = |bytes: u32, pause: Duration| {
        let code = format!("crypto.getRandomValues(new Uint8Array({bytes}));");
        let finished = run_with(&engine, &inputs(&code), |_, _| {
            std::thread::sleep(pause);
            reply(0)
        });
        assert!(matches!(finished.outcome, ActionOutcome::Completed { .. }), "{:?}", finished.outcome);
        (finished.usage.fuel, finished.usage.wall_ms, finished.usage.host_ms)
    };
    let little = fuel(32, Duration::ZERO);
    let late = fuel(32, Duration::from_millis(300));
    assert_eq!(little.0, late.0, "waiting is no work");
    assert!(late.1 < 200 && late.2 >= 300, "{late:?}");
    assert!(fuel(65_536, Duration::ZERO).0 >= little.0 + 60 * 65_000);
    let mut poor = inputs("for (;;) crypto.getRandomValues(new Uint8Array(65536));");
    poor.limits.fuel = 300_000_000;
    assert_eq!(failure(&run_with(&engine, &poor, |_, _| reply(0))).0, ErrorCode::LimitCpu);
}

const WAITS: &str = "
    if (jsParams.draws) Lit.Actions.setResponse({ response: crypto.randomUUID() });
    else fetch('https://host.test/json').then(() => Lit.Actions.setResponse({ response: 'fetched' }));";

fn draws(execution: u64) -> ActionStart {
    let mut start = start(execution, "waits", WAITS);
    start.params = r#"{"draws":true}"#.into();
    start
}

/// Waits until so many executions have asked for a value; gives their calls.
async fn drawing(events: &mut tokio::sync::mpsc::Receiver<ActionEvent>, count: usize) -> Vec<(u64, u32)> {
    let mut open = Vec::new();
    while open.len() < count {
        match next(events).await {
            ActionEvent::HostCall { execution, call, op: HostCall::Random, .. } => {
                open.push((execution, call))
            }
            other => panic!("{other:?}"),
        }
    }
    open
}

#[tokio::test]
async fn two_hundred_wait_inside_their_calls_while_others_run_and_each_goes_on() {
    let (pool, mut events) = Pool::new(config());
    for execution in 1..=200 {
        pool.start(draws(execution)).expect("there is room");
    }
    let open = drawing(&mut events, 200).await;
    for execution in 1_001..=1_050 {
        pool.start(start(execution, "waits", WAITS)).expect("there is room");
        assert_eq!(response(&finish(&pool, &mut events, execution).await), "fetched");
    }
    assert_eq!(pool.status().executions, 200);
    for (execution, call) in open.iter().rev() {
        pool.answer(*execution, *call, reply(u32::try_from(*execution).expect("small"))).expect("it is open");
    }
    let (mut ended, mut uuids) = (BTreeSet::new(), BTreeSet::new());
    while ended.len() < 200 {
        match next(&mut events).await {
            ActionEvent::Finished { execution, finished, .. } => {
                let first = &bytes(value(u32::try_from(execution).expect("small")), 0, 4);
                assert!(response(&finished).starts_with(first), "its own value");
                ended.insert(execution);
                uuids.insert(response(&finished).to_owned());
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(uuids.len(), 200);
    pool.shutdown().await;
}

#[tokio::test]
async fn one_that_waits_inside_a_call_ends_at_once_when_it_is_given_up_and_at_its_deadline() {
    let (pool, mut events) = Pool::new(config());
    pool.start(draws(1)).expect("there is room");
    let mut short = draws(2);
    short.limits.total_ms = 700;
    pool.start(short).expect("there is room");
    let begun = Instant::now();
    drawing(&mut events, 2).await;
    pool.cancel(1);
    let ActionEvent::Finished { execution: 1, finished, .. } = next(&mut events).await else {
        panic!("not 1")
    };
    assert_eq!(failure(&finished).0, ErrorCode::DeadlineExceeded);
    assert!(finished.usage.fuel > 0 && finished.usage.randoms == 1, "{:?}", finished.usage);
    assert!(begun.elapsed() < Duration::from_millis(600), "long before any deadline");
    let ActionEvent::Finished { execution: 2, finished, .. } = next(&mut events).await else {
        panic!("not 2")
    };
    let (code, message) = failure(&finished);
    assert_eq!(code, ErrorCode::LimitTotal);
    assert!(message.contains("allowed"), "{message}");
    assert!(begun.elapsed() >= Duration::from_millis(650));
    // Their places are free.
    pool.start(start(3, "waits", WAITS)).expect("there is room");
    assert_eq!(response(&finish(&pool, &mut events, 3).await), "fetched");
    pool.shutdown().await;
}

#[tokio::test]
async fn a_worker_that_dies_takes_only_those_with_it_that_waited_in_it() {
    let (pool, mut events) = Pool::new(PoolConfig { blank_workers: 0, ..config() });
    for execution in 1..=20 {
        pool.start(draws(execution)).expect("there is room");
    }
    drawing(&mut events, 20).await;
    let [first] = pool.processes()[..] else { panic!("one worker") };
    let other = "Lit.Actions.setResponse({ response: crypto.randomUUID() });";
    pool.start(start(100, "other", other)).expect("there is room");
    let open = drawing(&mut events, 1).await;
    kill_process(Pid::from_raw(i32::try_from(first).expect("a pid")).expect("a pid"), Signal::KILL)
        .expect("it runs");
    let mut died = 0;
    while died < 20 {
        match next(&mut events).await {
            ActionEvent::Finished { finished, .. } => {
                assert_eq!(failure(&finished).0, ErrorCode::WorkerDied);
                died += 1;
            }
            ActionEvent::WorkerEnded { end: WorkerEnd::Died, .. } => {}
            other => panic!("{other:?}"),
        }
    }
    pool.answer(100, open[0].1, reply(1)).expect("it is open");
    assert!(response(&finish(&pool, &mut events, 100).await).starts_with(&bytes(value(1), 0, 4)));
    pool.shutdown().await;
}

/// Private bytes of a process, which only root can read of a worker.
fn private_bytes(process: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
    let lines = text.lines().filter(|line| line.starts_with("Private_"));
    Some(lines.filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).sum::<u64>() * 1024)
}

const DEEP: &str = "
    const deep = (n) => { try { return n === 0 ? 0 : 1 + deep(n - 1) + [n].map((n) => n - n)[0]; } catch { return 0; } };
    const all = (n) => (n === 0 ? crypto.randomUUID() : [n].map((n) => all(n - 1))[0]);
    if (jsParams.how === 'before') { deep(1e6); fetch('https://host.test/json'); }
    if (jsParams.how === 'shallow') crypto.randomUUID();
    if (jsParams.how === 'inside') all(1500);";

async fn wait_how(
    how: &str,
    count: u64,
    memory: Option<u64>,
) -> (Pool, tokio::sync::mpsc::Receiver<ActionEvent>, u64, Vec<ErrorCode>) {
    let given = config();
    let worker_memory_bytes = memory.unwrap_or(given.worker_memory_bytes);
    let (pool, mut events) = Pool::new(PoolConfig { worker_memory_bytes, ..given });
    for execution in 1..=count {
        let mut start = start(execution, "deep", DEEP);
        start.params = json!({ "how": how }).to_string();
        pool.start(start).expect("there is room");
    }
    let (mut waiting, mut ended) = (0, Vec::new());
    while waiting + (ended.len() as u64) < count {
        match next(&mut events).await {
            ActionEvent::HostCall { .. } => waiting += 1,
            ActionEvent::Finished { finished, .. } => ended.push(failure(&finished).0),
            other => panic!("{other:?}"),
        }
    }
    let private = pool.processes().into_iter().filter_map(private_bytes).max().unwrap_or(0);
    (pool, events, private, ended)
}

#[tokio::test]
async fn what_deep_calls_leave_on_a_stack_is_given_back_and_what_waits_deep_inside_counts_as_memory() {
    const COUNT: u64 = 24;
    let mib = 1024 * 1024;
    let (pool, _events, shallow, ended) = wait_how("shallow", COUNT, None).await;
    pool.shutdown().await;
    assert!(ended.is_empty(), "{ended:?}");
    let (pool, _events, before, ended) = wait_how("before", COUNT, None).await;
    pool.shutdown().await;
    assert!(ended.is_empty(), "{ended:?}");
    // Linear memory that a deep call has touched stays: two megabytes of the engine's own stack, and some of its heap.
    assert!(before < shallow + COUNT * 4 * mib, "{before} beside {shallow}");
    // Where memory is short, those that wait with a deep stack end instead of taking it unseen.
    let (pool, _events, private, ended) = wait_how("inside", 100, Some(64 * mib)).await;
    assert!(private < 100 * mib, "{private}");
    pool.shutdown().await;
    assert!(ended.len() > 20 && ended.iter().all(|code| *code == ErrorCode::LimitMemory), "{ended:?}");
}

#[tokio::test]
async fn a_thousand_wait_inside_their_calls_in_700_megabytes_and_leave_when_they_are_given_up() {
    const COUNT: u64 = 1_000;
    let (pool, mut events) = Pool::new(config());
    for execution in 1..=COUNT {
        pool.start(draws(execution)).expect("there is room");
    }
    drawing(&mut events, usize::try_from(COUNT).expect("small")).await;
    let private = pool.processes().into_iter().filter_map(private_bytes).max().unwrap_or(0);
    assert!(private < 700 * 1000 * 1000, "{private} bytes");
    let other = "Lit.Actions.setResponse({ response: 'other' });";
    for execution in 2_001..=2_020 {
        pool.start(start(execution, "other", other)).expect("there is room");
        assert_eq!(response(&finish(&pool, &mut events, execution).await), "other");
    }
    for execution in 1..=COUNT {
        pool.cancel(execution);
    }
    let mut ended = BTreeSet::new();
    while ended.len() < 1_000 {
        match next(&mut events).await {
            ActionEvent::Finished { execution, finished, .. } => {
                assert_eq!(failure(&finished).0, ErrorCode::DeadlineExceeded);
                ended.insert(execution);
            }
            other => panic!("{other:?}"),
        }
    }
    // What they held is free again: as many can wait once more.
    for execution in 3_001..=3_000 + COUNT {
        pool.start(draws(execution)).expect("there is room");
    }
    drawing(&mut events, usize::try_from(COUNT).expect("small")).await;
    pool.shutdown().await;
}
