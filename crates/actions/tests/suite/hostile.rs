//! Scripts that mean harm. Each ends in a coded error, and neither its worker nor a neighbour in another
//! worker takes any.

use std::fs;
use std::time::{Duration, Instant};

use quorate_actions::FailureCode::{self, ActionSyntax, LimitStack};
use quorate_actions::{ActionEvent, ActionLimits, ActionOutcome, Finished, Pool, PoolConfig, WorkerEnd};
use tokio::sync::mpsc;

use super::support::{
    config, engine, failure, finish, inputs, next, response, run, run_with, scripted_host, scripts, start,
};

/// A script of `tests/actions/hostile`; its first line names the codes that its end may have: where two limits
/// are near, either may come first.
struct Case {
    name: String,
    codes: Vec<String>,
    code: String,
}

impl Case {
    fn admits(&self, code: FailureCode) -> bool {
        let named = if code == FailureCode::LimitWall { FailureCode::LimitCpu } else { code };
        self.codes.iter().any(|may| may == named.as_str())
    }
}

fn cases() -> Vec<Case> {
    let folder = scripts().join("hostile");
    let mut cases: Vec<Case> = fs::read_dir(folder)
        .expect("the scripts are there")
        .map(|entry| {
            let path = entry.expect("a folder entry").path();
            let code = fs::read_to_string(&path).expect("a script is text");
            let codes =
                code.lines().next().and_then(|line| line.strip_prefix("// ends: ")).expect("the ends");
            let codes = codes.split_whitespace().map(str::to_owned).collect();
            Case { name: path.file_stem().expect("a name").to_string_lossy().into_owned(), codes, code }
        })
        .collect();
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    cases
}

/// A quarter of a second of work at best. On a busy machine the time is over first: then `limit_wall` stands for
/// `limit_cpu`.
fn tight() -> ActionLimits {
    ActionLimits {
        wall_ms: 1_000,
        fuel: 1_000_000_000,
        memory_bytes: 64 * 1024 * 1024,
        ..ActionLimits::default()
    }
}

/// What may pass between a limit and the end.
const LATE: Duration = Duration::from_millis(100);
/// A machine that is busy with other things may make one run late; an end that is always late is not that.
const TRIES: usize = 3;

#[tokio::test]
async fn every_hostile_script_ends_in_its_code_and_neighbours_go_on() {
    let (pool, mut events) = Pool::new(PoolConfig { starts_per_second: 1000, ..config() });
    let mut wrong = Vec::new();
    let cases = cases();
    assert!(cases.len() >= 140, "only {} scripts", cases.len());
    let mut number = 0;
    for case in &cases {
        let mut late = Vec::new();
        for _ in 0..TRIES {
            number += 2;
            let (end, took) = beside_a_neighbour(&pool, &mut events, number, case).await;
            match &end.outcome {
                ActionOutcome::Failed { code, .. } if case.admits(*code) => {}
                other => wrong.push(format!("{}: {other:?} {:?}", case.name, end.usage)),
            }
            if took <= Duration::from_millis(tight().wall_ms) + LATE {
                late.clear();
                break;
            }
            late.push(took);
        }
        if !late.is_empty() {
            wrong.push(format!("{}: late each time: {late:?}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // The last worker still works after what it ran.
    let last = cases.last().map(|case| case.name.clone()).unwrap_or_default();
    pool.start(start(1_000_000, &last, "")).expect("the worker is there");
    finish(&pool, &mut events, 1_000_000).await;
    pool.shutdown().await;
}

/// Runs a script in a worker of its own while a neighbour does its work; returns how and after what time it
/// ended.
async fn beside_a_neighbour(
    pool: &Pool,
    events: &mut mpsc::Receiver<ActionEvent>,
    number: u64,
    case: &Case,
) -> (Finished, Duration) {
    let Case { name, code, .. } = case;
    let mut hostile = start(number, name, code);
    hostile.limits = tight();
    let begun = Instant::now();
    pool.start(hostile).expect("there is room");
    let neighbour = "const go = async () => { const a = await fetch('https://host.test/json'); \
                     Lit.Actions.setResponse({ response: String((await a.json()).price) }); }; go();";
    pool.start(start(number + 1, "neighbour", neighbour)).expect("there is room");
    let (mut hostile_end, mut neighbour_end) = (None, None);
    while hostile_end.is_none() || neighbour_end.is_none() {
        match next(events).await {
            ActionEvent::Finished { execution, finished, .. } if execution == number => {
                hostile_end = Some((finished, begun.elapsed()));
            }
            ActionEvent::Finished { finished, .. } => neighbour_end = Some(finished),
            ActionEvent::HostCall { execution, call, op, .. } => {
                pool.answer(execution, call, scripted_host(call, &op)).expect("the call is open");
            }
            ActionEvent::WorkerEnded { end: WorkerEnd::Idle, .. } => {}
            other @ (ActionEvent::WorkerEnded { .. } | ActionEvent::Walls { .. }) => {
                panic!("{name}: {other:?}")
            }
        }
    }
    assert_eq!(response(&neighbour_end.expect("it ended")), "42", "beside {name}");
    hostile_end.expect("it ended")
}

#[tokio::test]
async fn a_call_that_is_never_answered_ends_at_the_limit_of_all_time() {
    let (pool, mut events) = Pool::new(config());
    let mut waits = start(1, "waits", "fetch('https://host.test/json');");
    waits.limits.total_ms = 100;
    pool.start(waits).expect("there is room");
    loop {
        if let ActionEvent::Finished { finished, .. } = next(&mut events).await {
            assert_eq!(failure(&finished).0, FailureCode::LimitTotal);
            let all_ms = finished.usage.wall_ms + finished.usage.host_ms;
            assert!(all_ms >= 99, "{:?}", finished.usage);
            break;
        }
    }
    pool.shutdown().await;
}

#[tokio::test]
async fn a_loop_ends_at_the_wall_limit_before_its_fuel_is_used_up() {
    let (pool, mut events) = Pool::new(config());
    let mut spins = start(1, "spins", "for (;;);");
    spins.limits.wall_ms = 100;
    spins.limits.fuel = u64::MAX;
    pool.start(spins).expect("there is room");
    assert_eq!(failure(&finish(&pool, &mut events, 1).await).0, FailureCode::LimitWall);
    pool.shutdown().await;
}

#[test]
fn text_nested_too_deep_for_the_stack_ends_in_its_code() {
    assert_eq!(failure(&run(&"[".repeat(2_000_000))).0, LimitStack);
    for unit in
        ["(", "{", "!", "`${", "a?", "a=>", "new ", "async()=>{", "a=", "if(1)", "function a(){", "[{a:"]
    {
        let finished = run(&unit.repeat(200_000));
        assert!(matches!(failure(&finished).0, LimitStack | ActionSyntax), "{unit}: {finished:?}");
    }
}

#[test]
fn text_that_is_no_program_is_refused_whatever_its_bytes() {
    let engine = engine();
    let deep = "[".repeat(10_000);
    let bytes: [&[u8]; 4] = [b"\xff\xfe", deep.as_bytes(), b"\0", b"'use strict'; with ({}) {}"];
    for code in bytes {
        let mut inputs = inputs("");
        inputs.code = code.into();
        let finished = run_with(&engine, &inputs, scripted_host);
        assert_eq!(failure(&finished).0, ActionSyntax);
    }
}
