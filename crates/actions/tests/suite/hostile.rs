//! Scripts that mean harm. Each ends in a coded error, and neither its worker nor a neighbour in another
//! worker takes any.

use quorate_actions::FailureCode::{
    self, ActionSyntax, ActionThrew, LimitCpu, LimitLogs, LimitMemory, LimitStack, LimitTimers,
};
use quorate_actions::{ActionEvent, ActionLimits, Pool, WorkerEnd};

use super::support::{config, engine, failure, finish, inputs, next, response, run, run_with, start};

/// A script, and the codes that its end may have: where two limits are near, either may come first.
type Case = (&'static str, &'static [FailureCode], &'static str);

const CASES: &[Case] = &[
    ("empty loop", &[LimitCpu], "while (1);"),
    ("arrays for ever", &[LimitMemory], "const a = []; for (;;) a.push(new Array(1e6).fill(0));"),
    ("recursion", &[ActionThrew], "(function f() { f(); })();"),
    ("nested quantifiers", &[LimitCpu], "/^(a+)+$/.test('a'.repeat(41) + 'b');"),
    ("doubled string", &[ActionThrew, LimitMemory], "let s = 'x'; for (;;) { s += s; s.charCodeAt(0); }"),
    ("promise chain", &[LimitCpu], "const f = () => Promise.resolve().then(f); f();"),
    ("await loop", &[LimitCpu], "(async () => { for (;;) await 0; })();"),
    ("join of holes", &[LimitCpu, LimitMemory], "const a = []; a.length = 4e8; a.join('x');"),
    // From here on our own.
    ("one long string", &[LimitMemory, ActionThrew], "const s = 'x'.repeat(2 ** 29); s + s;"),
    ("one large buffer", &[LimitMemory, ActionThrew], "new Uint8Array(2 ** 31 - 1).fill(1);"),
    ("array from a length", &[LimitCpu, LimitMemory], "Array.from({ length: 2 ** 32 - 1 });"),
    ("endless generator", &[LimitCpu, LimitMemory], "[...(function* () { for (;;) yield {}; })()];"),
    ("one power", &[LimitCpu, LimitMemory, ActionThrew], "(3n ** 9_000_000n).toString();"),
    ("growing number", &[LimitCpu, LimitMemory, ActionThrew], "let n = 3n; for (;;) n *= n;"),
    (
        "shared branches",
        &[LimitCpu, LimitMemory, ActionThrew],
        "let a = []; for (let i = 0; i < 40; i++) a = [a, a]; JSON.stringify(a);",
    ),
    (
        "replaced emptiness",
        &[LimitCpu, LimitMemory, ActionThrew],
        "'a'.repeat(1e6).replaceAll('', 'x'.repeat(1e4));",
    ),
    (
        "long sort",
        &[LimitCpu, LimitMemory],
        "new Array(5e7).fill(0).map((_, i) => -i).sort((a, b) => a - b);",
    ),
    ("sort of bytes", &[LimitCpu, LimitMemory], "for (;;) new Uint8Array(4e7).fill(7).sort();"),
    ("timers for ever", &[LimitCpu], "const f = () => setTimeout(f, 0); f();"),
    ("interval for ever", &[LimitCpu], "setInterval(() => {}, 1000);"),
    ("too many timers", &[LimitTimers], "for (;;) setTimeout(() => {}, 1e6);"),
    (
        "rejections for ever",
        &[LimitCpu, LimitMemory],
        "(async () => { for (;;) { Promise.reject(0); await 0; } })();",
    ),
    ("logs for ever", &[LimitLogs], "for (;;) console.log('x'.repeat(1000));"),
    (
        "loop while it is described",
        &[LimitCpu],
        "const e = new Error(); Object.defineProperty(e, 'message', { get() { for (;;); } }); throw e;",
    ),
    (
        "loop in prepareStackTrace",
        &[LimitCpu],
        "Error.prepareStackTrace = () => { for (;;); }; throw new Error('x');",
    ),
    (
        "array in itself",
        &[ActionThrew, LimitMemory, LimitCpu],
        "const a = []; a.push(a, a); a.flat(Infinity);",
    ),
    ("names for ever", &[LimitMemory, LimitCpu], "const o = {}; for (let i = 0; ; i++) o['k' + i] = i;"),
    ("symbols for ever", &[LimitMemory, LimitCpu], "for (let i = 0; ; i++) Symbol.for('s' + i);"),
    ("lookbehind", &[LimitCpu], "/(?<=(x+x+)+y)z/.test('x'.repeat(5000) + 'z'); for (;;);"),
    (
        "map that grows",
        &[LimitMemory, LimitCpu],
        "const m = new Map([[0, 0]]); for (const [k] of m) m.set(k + 1, k);",
    ),
    ("awaited recursion", &[ActionThrew, LimitMemory, LimitCpu], "(async function f() { await f(); })();"),
    ("both ways", &[LimitCpu], "(function f() { try { f(); } finally { f(); } })();"),
    (
        "proxies in proxies",
        &[ActionThrew, LimitCpu],
        "let p = {}; for (let i = 0; i < 1e5; i++) p = new Proxy(p, {}); p.x;",
    ),
    (
        "delegated generators",
        &[ActionThrew, LimitCpu, LimitMemory],
        "function* g() { yield* g(); } g().next();",
    ),
    (
        "nested groups",
        &[ActionThrew, LimitCpu, LimitStack],
        "new RegExp('(?:'.repeat(1e5) + ')'.repeat(1e5));",
    ),
    ("nested JSON", &[ActionThrew, LimitCpu, LimitStack], "let s = '['.repeat(1e6); JSON.parse(s);"),
    (
        "bound to bound",
        &[ActionThrew, LimitMemory, LimitCpu],
        "let f = () => 0; for (let i = 0; i < 1e5; i++) f = f.bind(null); f();",
    ),
    (
        "many arguments",
        &[ActionThrew, LimitMemory],
        "const a = new Array(65000).fill(0); (function f() { f(...a); })(...a);",
    ),
    (
        "setter in a setter",
        &[ActionThrew],
        "Object.defineProperty(Array.prototype, '0', { set(v) { this[0] = v; } }); [][0] = 1;",
    ),
    ("toString of toString", &[ActionThrew], "const o = { toString() { return `${this}`; } }; `${o}`;"),
    (
        "getter of a thenable",
        &[LimitCpu],
        "const t = { get then() { return (resolve) => resolve(t); } }; (async () => { await t; })();",
    ),
];

fn tight() -> ActionLimits {
    ActionLimits {
        wall_ms: 10_000,
        fuel: 2_000_000_000,
        memory_bytes: 64 * 1024 * 1024,
        ..ActionLimits::default()
    }
}

#[tokio::test]
async fn every_hostile_script_ends_in_its_code_and_neighbours_go_on() {
    let (pool, mut events) = Pool::new(config());
    let mut wrong = Vec::new();
    for (number, (name, codes, code)) in (1..).zip(CASES) {
        let mut hostile = start(2 * number, &format!("hostile-{number}"), code);
        hostile.limits = tight();
        pool.start(hostile).expect("there is room");
        let neighbour = "const go = async () => { const a = await fetch('https://host.test/json'); \
                         Lit.Actions.setResponse({ response: String((await a.json()).price) }); }; go();";
        pool.start(start(2 * number + 1, "neighbour", neighbour)).expect("there is room");
        let (mut hostile_end, mut neighbour_end) = (None, None);
        while hostile_end.is_none() || neighbour_end.is_none() {
            match next(&mut events).await {
                ActionEvent::Finished { execution, finished, .. } if execution == 2 * number => {
                    hostile_end = Some(finished)
                }
                ActionEvent::Finished { finished, .. } => neighbour_end = Some(finished),
                ActionEvent::HostCall { execution, call, op, .. } => {
                    pool.answer(execution, call, super::support::scripted_host(call, &op))
                        .expect("the call is open");
                }
                ActionEvent::WorkerEnded { end: WorkerEnd::Idle, .. } => {}
                other @ (ActionEvent::WorkerEnded { .. } | ActionEvent::Walls { .. }) => {
                    panic!("{name}: {other:?}")
                }
            }
        }
        assert_eq!(response(&neighbour_end.expect("it ended")), "42", "beside {name}");
        let hostile_end = hostile_end.expect("it ended");
        match &hostile_end.outcome {
            quorate_actions::ActionOutcome::Failed { code, .. } if codes.contains(code) => {}
            other => wrong.push(format!("{name}: {other:?} {:?}", hostile_end.usage)),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // The last worker still works after what it ran.
    let last = CASES.len() as u64;
    pool.start(start(1_000_000, &format!("hostile-{last}"), "")).expect("the worker is there");
    finish(&pool, &mut events, 1_000_000).await;
    pool.shutdown().await;
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
    let finished = run(&"[".repeat(2_000_000));
    assert_eq!(failure(&finished).0, LimitStack);
}

#[test]
fn text_that_is_no_program_is_refused_whatever_its_bytes() {
    let engine = engine();
    let deep = "[".repeat(10_000);
    let bytes: [&[u8]; 4] = [b"\xff\xfe", deep.as_bytes(), b"\0", b"'use strict'; with ({}) {}"];
    for code in bytes {
        let mut inputs = inputs("");
        inputs.code = code.into();
        let finished = run_with(&engine, &inputs, super::support::scripted_host);
        assert_eq!(failure(&finished).0, ActionSyntax);
    }
}
