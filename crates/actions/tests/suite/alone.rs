//! Functions that one node runs alone, where answers come as nodes give them: what the script asked for after `runOnce` is
//! answered after it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use quorate_actions::{ActionOutcome, Execution, Finished, Progress};
use quorate_wire::{HostCall, HostReply};
use serde_json::json;

use super::support::{engine, inputs, scripted_host};

/// Calls on which the nodes agree.
fn in_order(op: &HostCall) -> bool {
    matches!(
        op,
        HostCall::Sign(_)
            | HostCall::Collect { .. }
            | HostCall::RunOnce { wait: true, .. }
            | HostCall::Claim { .. }
    )
}

/// Runs to the end; `None` if the script and the nodes wait for each other.
fn run(code: &str, mut host: impl FnMut(u32, &HostCall) -> HostReply) -> Option<Finished> {
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
        let reply = host(call, &op);
        match &op {
            HostCall::RunOnce { wait: true, .. } if runs_here(&reply) => leads.push(call),
            HostCall::RunOnceResult { of, .. } => leads.retain(|lead| lead != of),
            _ => {}
        }
        let mut waiting = execution.take().expect("an execution that waits is there");
        waiting.answer(call, reply);
        (execution, progress) = waiting.resume();
    }
}

fn runs_here(reply: &HostReply) -> bool {
    matches!(reply, HostReply::Value(json) if json == r#"{"run":true}"#)
}

fn response_of(finished: Option<Finished>, code: &str) -> String {
    match finished.map(|finished| finished.outcome) {
        Some(ActionOutcome::Completed { response: Some(response) }) => response,
        Some(other) => panic!("{other:?}"),
        None => panic!("script and nodes wait for each other: {code}"),
    }
}

fn response(code: &str) -> String {
    response_of(run(code, scripted_host), code)
}

fn next_value(drawn: &mut u32) -> HostReply {
    *drawn += 1;
    HostReply::Value(json!(format!("{drawn:064x}")).to_string())
}

/// What the script comes to on the runner, and on the other nodes, which get the values that the runner's functions gave.
fn on_all_nodes(code: &str) -> String {
    let (mut names, mut values) = (HashMap::new(), HashMap::new());
    let (mut drawn_by_runner, mut drawn_by_other) = (0, 0);
    let runner = run(code, |call, op| {
        match op {
            HostCall::Random => return next_value(&mut drawn_by_runner),
            HostCall::RunOnce { name, .. } => {
                names.insert(call, name.clone());
            }
            HostCall::RunOnceResult { of, result: Ok(value) } => {
                values.insert(names[of].clone(), value.clone());
            }
            _ => {}
        }
        scripted_host(call, op)
    });
    let other = run(code, |call, op| match op {
        HostCall::Random => next_value(&mut drawn_by_other),
        HostCall::RunOnce { wait: false, .. } => HostReply::Value("{}".into()),
        HostCall::RunOnce { name, .. } => HostReply::Value(json!({ "value": values[name] }).to_string()),
        op => scripted_host(call, op),
    });
    let response = response_of(runner, code);
    assert_eq!(response, response_of(other, code), "the runner beside another node: {code}");
    response
}

const BESIDE: &str = "
    const wait = (ms) => new Promise((over) => setTimeout(over, ms));
    const once = (wanted) => Lit.Actions.runOnce({ name: 'k', waitForResponse: true }, wanted).catch((error) => error.message);
    const collect = () => Lit.Actions.broadcastAndCollect({ name: 'b', value: 'v' });
    const beside = async () => { for (let i = 0; i < 3; i++) await collect(); return 'beside'; };
";

#[test]
fn random_bytes_are_those_of_the_other_nodes_wherever_the_runner_has_heard_something_alone() {
    // Each call of the host gives the next value: numbers of calls differ between nodes, numbers of values must not.
    let draws = "const draw = () => crypto.randomUUID().slice(0, 8);";
    let bodies = [
        "out.push(draw()); await once(async () => 'x'); out.push(draw());",
        "await once(async () => { await fetch('https://host.test/json'); await wait(5); return 'x'; }); out.push(draw(), draw());",
        "out.push(draw()); await Lit.Actions.runOnce({ name: 'n', waitForResponse: false }, async () => { await fetch('https://host.test/json'); }); out.push(draw());",
        "const later = once(async () => { await wait(5); return 'x'; }); out.push(draw()); await Promise.resolve(); out.push(draw()); out.push(await later, draw());",
        "await Promise.all([once(async () => 'x'), collect()]); out.push(draw());",
        "await collect(); out.push(draw()); await once(async () => { try { draw(); } catch (error) { return error.code; } }).then((said) => out.push(said)); out.push(draw());",
    ];
    for body in bodies {
        let code = format!(
            "{BESIDE} {draws} (async () => {{ const out = []; {body} Lit.Actions.setResponse({{ response: out.join() }}); }})();"
        );
        let response = on_all_nodes(&code);
        assert!(!response.contains("undefined") && response.split(',').count() > 0, "{response}");
    }
}

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
        ("async () => { await slow; return 'set for long'; }", "set for long"),
        (
            "async () => { await unwaited; return 'of one that waits for none'; }",
            "of one that waits for none",
        ),
        ("async () => { await elsewhere; return 'of one elsewhere'; }", "of one elsewhere"),
    ];
    for (function, expected) in functions {
        let code = format!(
            "{BESIDE} const set = wait(3), slow = wait(300);
            let unwaited, elsewhere;
            async function main() {{
                const own = once({function});
                unwaited = Lit.Actions.runOnce({{ name: 'u', waitForResponse: false }}, async () => {{}});
                elsewhere = Lit.Actions.runOnce({{ name: 'elsewhere', waitForResponse: false }}, async () => {{}});
                return (await Promise.all([own, beside(), collect()])).slice(0, 2).join();
            }}"
        );
        assert_eq!(response(&code), format!("{expected},beside"), "{function}");
    }
}

#[test]
fn a_function_that_can_not_end_is_given_up_though_calls_are_open_that_wait_for_it() {
    for function in ["() => new Promise(() => {})", "async () => { await wait(5); await later; }"] {
        let code = format!(
            "{BESIDE} let later;
            async function main() {{
                const own = once({function});
                later = Promise.all([collect(), fetch('https://host.test/json')]);
                return (await Promise.all([own, beside()])).join();
            }}"
        );
        let said = response(&code);
        assert!(said.starts_with("action_pending: ") && said.ends_with(",beside"), "{function}: {said}");
    }
}

#[test]
fn what_is_outside_of_a_function_goes_on_in_the_same_order_on_all_nodes() {
    let code = format!(
        "{BESIDE} const said = [];
        async function main() {{
            const set = new Promise((over) => {{
                setImmediate(() => fetch('https://host.test/json').then(() => said.push('answered')));
                setImmediate(() => {{ said.push('second'); over(); }});
            }});
            await once(async () => {{ await set; }});
            await wait(1);
            return said.join();
        }}"
    );
    assert_eq!(on_all_nodes(&code), "answered,second");
    // Callbacks that a function leaves behind come after those that were set before.
    let code = format!(
        "{BESIDE} const said = [];
        async function main() {{
            const set = new Promise((over) => {{
                setImmediate(() => {{ setImmediate(() => said.push('third')); over(); }});
                setImmediate(() => said.push('second'));
            }});
            await once(async () => {{ await set; }});
            await wait(1).then(() => wait(1));
            return said.join();
        }}"
    );
    assert_eq!(on_all_nodes(&code), "second,third");
}

#[test]
fn the_clock_outside_of_a_function_stands_still_as_on_the_other_nodes() {
    let clocks = "const began = Date.now(), exact = performance.now(), said = [];
        const clocks = (name) => said.push([name, Date.now() - began, new Date() - began, performance.now() - exact,
            new File([], 'f').lastModified - began, new Event('e').timeStamp - exact].join(' '));
        const page = () => fetch('https://host.test/json');";
    let code = format!(
        "{BESIDE} {clocks}
        async function main() {{
            const own = once(async () => {{ const from = Date.now(); await wait(50); await page(); return Date.now() - from; }});
            const beside = page().then(() => clocks('beside'));
            const passed = await own;
            await beside;
            clocks('afterwards');
            return [passed, ...said].join();
        }}"
    );
    assert_eq!(on_all_nodes(&code), "50,beside 0 0 0 0 0,afterwards 0 0 0 0 0");
    // The first of two functions ends while the other goes on.
    let code = format!(
        "{BESIDE} {clocks}
        async function main() {{
            const first = Lit.Actions.runOnce({{ name: 'first', waitForResponse: false }}, async () => {{ await page(); await wait(50); }});
            const second = once(async () => {{ await wait(70); await page(); await page(); }});
            await first.then(() => clocks('first'));
            await second;
            clocks('second');
            return said.join();
        }}"
    );
    assert_eq!(on_all_nodes(&code), "first 0 0 0 0 0,second 0 0 0 0 0");
    // A function waits for timers that were set outside: they see when they are due.
    let code = format!(
        "{BESIDE} {clocks}
        async function main() {{
            const set = wait(3).then(() => clocks('set')).then(() => wait(10)).then(() => clocks('set again'));
            await once(async () => {{ await wait(20); await set; }});
            clocks('afterwards');
            await Promise.all([set, wait(20)]);
            return said.sort().join();
        }}"
    );
    let expected = "afterwards 0 0 0 0 0,set 3 3 3 3 3,set again 13 13 13 13 13";
    assert_eq!(on_all_nodes(&code), expected);
}

#[test]
fn a_function_leaves_no_trace_in_what_the_script_draws_and_in_whose_turn_it_is() {
    let code = format!(
        "{BESIDE}
        async function main() {{
            await new Promise((over) => setImmediate(over));
            const said = [];
            await once(async () => {{ Math.random(); await wait(5); setImmediate(() => {{}}); }});
            const number = setTimeout(() => said.push('timer'), 1);
            setImmediate(() => said.push('immediate'));
            await wait(2);
            return [number, Math.random(), ...said].join();
        }}"
    );
    let said = on_all_nodes(&code);
    assert!(said.starts_with("2,0.") && said.ends_with(",timer,immediate"), "{said}");
}

#[test]
fn what_a_script_hooks_into_belongs_to_the_function_whose_answer_sets_it_off() {
    let code = format!(
        "{BESIDE}
        async function main() {{
            let said;
            const get = () => {{ said ??= collect().then(() => 'collected', (error) => error.code); }};
            return once(async () => {{
                const asked = fetch('https://host.test/json');
                Object.defineProperty(Object.prototype, 'then', {{ configurable: true, get }});
                await asked;
                delete Object.prototype.then;
                return said;
            }});
        }}"
    );
    assert_eq!(response(&code), "run_once_operation");
    // What decides whether a function can still end asks nothing that a script could replace.
    let code = format!(
        "{BESIDE}
        async function main() {{
            const asked = [];
            const note = (name) => ({{ configurable: true, get() {{ asked.push(name); }} }});
            Array.prototype.includes = () => {{ asked.push('includes'); return true; }};
            for (const name of ['wait', 'of', 'once']) Object.defineProperty(Object.prototype, name, note(name));
            const own = once(() => new Promise(() => {{}}));
            const said = (await Promise.all([own, beside()])).join();
            return `${{said.slice(0, 14)}} ${{asked}}`;
        }}"
    );
    assert_eq!(response(&code), "action_pending ");
}
