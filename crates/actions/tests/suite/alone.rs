//! Functions that one node runs alone, where answers come as nodes give them: what the script asked for after `runOnce` is
//! answered after it.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use quorate_actions::{ActionOutcome, Execution, Finished, HostCall, Progress};

use super::support::{engine, inputs, scripted_host};

/// Calls on which the nodes agree.
fn in_order(op: &HostCall) -> bool {
    matches!(
        op,
        HostCall::Sign(_) | HostCall::Collect { .. } | HostCall::RunOnce { .. } | HostCall::Claim { .. }
    )
}

/// Runs to the end; `None` if the script and the nodes wait for each other.
fn run(code: &str) -> Option<Finished> {
    let engine = engine();
    let cancelled = Arc::new(AtomicBool::new(false));
    let (mut open, mut leads): (Vec<(u32, HostCall)>, Vec<u32>) = (Vec::new(), Vec::new());
    let (mut execution, mut progress) = Execution::start(&engine, &inputs(code), Instant::now(), cancelled);
    loop {
        let new = match progress {
            Progress::Ended(finished) => return Some(finished),
            Progress::Waiting(new) => new,
        };
        open.extend(new.into_iter().map(|call| (call.call, call.op)));
        let held = |(call, op): &(u32, HostCall)| in_order(op) && leads.iter().any(|lead| lead < call);
        let at = open.iter().position(|call| !held(call))?;
        let (call, op) = open.remove(at);
        match &op {
            HostCall::RunOnce { .. } => leads.push(call),
            HostCall::RunOnceResult { of, .. } => leads.retain(|lead| lead != of),
            _ => {}
        }
        let mut waiting = execution.take().expect("an execution that waits is there");
        waiting.answer(call, scripted_host(call, &op));
        (execution, progress) = waiting.resume();
    }
}

fn response(code: &str) -> String {
    match run(code).map(|finished| finished.outcome) {
        Some(ActionOutcome::Completed { response: Some(response) }) => response,
        Some(other) => panic!("{other:?}"),
        None => panic!("script and nodes wait for each other: {code}"),
    }
}

const BESIDE: &str = "
    const wait = (ms) => new Promise((over) => setTimeout(over, ms));
    const once = (wanted) => Lit.Actions.runOnce({ name: 'k', waitForResponse: true }, wanted).catch((error) => error.message);
    const collect = () => Lit.Actions.broadcastAndCollect({ name: 'b', value: 'v' });
    const beside = async () => { for (let i = 0; i < 3; i++) await collect(); return 'beside'; };
";

#[test]
fn a_function_is_not_kept_waiting_by_what_waits_for_it() {
    let functions = [
        ("async () => { await wait(5); return 'waited'; }", "waited"),
        (
            "async () => { await wait(400); await fetch('https://host.test/json'); await wait(400); return 'both'; }",
            "both",
        ),
        ("() => new Promise((over) => setImmediate(over, 'at once'))", "at once"),
        (
            "async () => { await wait(5); return collect().catch((error) => error.code); }",
            "run_once_operation",
        ),
        ("async () => { await set; return 'set outside'; }", "set outside"),
    ];
    for (function, expected) in functions {
        let code = format!(
            "{BESIDE} const set = wait(3);
            async function main() {{ return (await Promise.all([once({function}), beside(), collect()])).slice(0, 2).join(); }}"
        );
        assert_eq!(response(&code), format!("{expected},beside"), "{function}");
    }
}

#[test]
fn a_function_that_can_not_end_is_given_up_though_calls_are_open_that_wait_for_it() {
    for function in ["() => new Promise(() => {})", "async () => { await wait(5); await later; }"] {
        let code = format!(
            "{BESIDE} let later;
            async function main() {{ const own = once({function}); later = collect(); return (await Promise.all([own, beside()])).join(); }}"
        );
        let said = response(&code);
        assert!(said.starts_with("action_pending: ") && said.ends_with(",beside"), "{function}: {said}");
    }
}
