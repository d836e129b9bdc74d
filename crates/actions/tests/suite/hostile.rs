//! Scripts that mean harm. Each ends in a coded error, and neither its worker nor a neighbour in another
//! worker takes any.

use std::fs;
use std::time::{Duration, Instant};

use quorate_actions::{ActionEvent, ActionLimits, ActionOutcome, Finished, Pool, PoolConfig, WorkerEnd};
use quorate_wire::ErrorCode::{self, ActionSyntax, LimitStack};
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
    fn admits(&self, code: ErrorCode) -> bool {
        let named = if code == ErrorCode::LimitWall { ErrorCode::LimitCpu } else { code };
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
/// A machine that is busy with other things may make one run late, also beyond what the kernel says that it let
/// wait; an end that is always late is not that.
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

/// Runs a script in a worker of its own while a neighbour does its work; returns how it ended and after what time,
/// without that in which others had the processor.
async fn beside_a_neighbour(
    pool: &Pool,
    events: &mut mpsc::Receiver<ActionEvent>,
    number: u64,
    case: &Case,
) -> (Finished, Duration) {
    let Case { name, code, .. } = case;
    let mut hostile = start(number, name, code);
    hostile.limits = tight();
    let (begun, waited) = (Instant::now(), kept_waiting(&pool.processes()));
    pool.start(hostile).expect("there is room");
    let neighbour = "const go = async () => { const a = await fetch('https://host.test/json'); \
                     Lit.Actions.setResponse({ response: String((await a.json()).price) }); }; go();";
    pool.start(start(number + 1, "neighbour", neighbour)).expect("there is room");
    let (mut hostile_end, mut neighbour_end) = (None, None);
    while hostile_end.is_none() || neighbour_end.is_none() {
        match next(events).await {
            ActionEvent::Finished { execution, finished, .. } if execution == number => {
                let waited = kept_waiting(&pool.processes()).saturating_sub(waited);
                hostile_end = Some((finished, begun.elapsed().saturating_sub(waited)));
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
            assert_eq!(failure(&finished).0, ErrorCode::LimitTotal);
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
    assert_eq!(failure(&finish(&pool, &mut events, 1).await).0, ErrorCode::LimitWall);
    pool.shutdown().await;
}

/// How long threads of this process and of those were ready to run and did not: the second figure of
/// `/proc/PID/schedstat` (Linux, `Documentation/scheduler/sched-stats.rst`), in nanoseconds.
fn kept_waiting(processes: &[u32]) -> Duration {
    let of_task = |task: fs::DirEntry| -> Option<u64> {
        let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split_whitespace().nth(1)?.parse().ok()
    };
    let folders = processes.iter().map(|process| format!("/proc/{process}/task"));
    let tasks = folders.chain(["/proc/self/task".to_owned()]).filter_map(|folder| fs::read_dir(folder).ok());
    Duration::from_nanos(tasks.flatten().flatten().filter_map(of_task).sum())
}

/// What these processes have computed so far: on a busy machine, time says little about work.
fn processor_time(processes: &[u32]) -> Duration {
    let ticks = |process: &u32| -> Option<u64> {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        let fields: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
        Some(fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?)
    };
    // A tick is a hundredth of a second.
    Duration::from_millis(processes.iter().filter_map(ticks).sum::<u64>() * 10)
}

/// Native operations, as long as one may be, over and over.
const NATIVE: [(&str, &str); 6] = [
    (
        "PBKDF2",
        "crypto.subtle.importKey('raw', word, 'PBKDF2', false, ['deriveBits']).then((key) => crypto.subtle.deriveBits(\
         { name: 'PBKDF2', hash: 'SHA-512', salt: word, iterations: 660000 }, key, 256))",
    ),
    (
        "scrypt",
        "new ethers.Wallet(new Uint8Array(32).fill(1)).encrypt('word', { scrypt: { N: 131072 }, \
         salt: new Uint8Array(32), iv: new Uint8Array(16), uuid: new Uint8Array(16) })",
    ),
    ("hash", "crypto.subtle.digest('SHA-512', large)"),
    ("HMAC", "ethers.utils.computeHmac('sha512', large, word)"),
    (
        "AES",
        "crypto.subtle.importKey('raw', new Uint8Array(32), 'AES-GCM', false, ['encrypt'])\
         .then((key) => crypto.subtle.encrypt({ name: 'AES-GCM', iv: new Uint8Array(12) }, key, large))",
    ),
    ("keccak", "ethers.utils.keccak256(large)"),
];

#[tokio::test]
async fn a_native_operation_ends_at_the_wall_limit_and_when_it_is_cancelled() {
    let (pool, mut events) = Pool::new(PoolConfig { starts_per_second: 1000, ..config() });
    let mut wrong = Vec::new();
    let mut number = 0;
    for (name, operation) in NATIVE {
        for cancelled in [false, true] {
            let code = format!(
                "const word = new Uint8Array(8), large = new Uint8Array(16e6); \
                 (async () => {{ for (;;) await {operation}; }})();"
            );
            let mut shortest = Duration::MAX;
            for _ in 0..TRIES {
                number += 1;
                let mut native = start(number, name, &code);
                native.limits.wall_ms = if cancelled { 20_000 } else { 200 };
                pool.start(native).expect("there is room");
                // By then it is in its loop; if not, it ends all the sooner.
                tokio::time::sleep(Duration::from_millis(200)).await;
                if cancelled {
                    pool.cancel(number);
                }
                let (processes, before) = (pool.processes(), processor_time(&pool.processes()));
                let end = finish(&pool, &mut events, number).await;
                let code = if cancelled { ErrorCode::DeadlineExceeded } else { ErrorCode::LimitWall };
                assert_eq!(failure(&end).0, code, "{name}: {:?}", end.usage);
                shortest = shortest.min(processor_time(&processes).saturating_sub(before));
            }
            println!("{name}: {shortest:?} of work after the end was due");
            if shortest > LATE {
                wrong.push(format!("{name}: {shortest:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
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
