//! Equal inputs give equal outcomes, logs and fuel; nothing of one execution is left for the next.

use quorate_actions::{Finished, Pool};

use super::support::{config, engine, finish, inputs, response, run, run_with, scripted_host, start};

const BUSY: &str = "
    console.log(Date.now(), Math.random(), Math.random(), performance.now());
    const go = async () => {
        const answers = await Promise.all([1, 2, 3].map((n) => fetch(`https://host.test/slow/${n}`)));
        const texts = await Promise.all(answers.map((answer) => answer.text()));
        const sorted = Array.from({ length: 500 }, () => Math.random()).sort();
        const names = new Map(sorted.map((x, i) => [`k${x}`, i]));
        try { (function f() { f(); })(); } catch (error) { console.log(error.message); }
        await new Promise((resolve) => setTimeout(resolve, 1234));
        Lit.Actions.setResponse({ response: JSON.stringify([texts, sorted[7], [...names][3], Date.now()]) });
    };
    go();";

/// All that must be equal.
fn seen(finished: Finished) -> impl PartialEq + std::fmt::Debug {
    let usage = finished.usage;
    (finished.outcome, finished.logs, usage.fuel, usage.memory_bytes, usage.host_calls)
}

#[test]
fn equal_inputs_give_equal_ends_and_equal_fuel() {
    let first = run_with(&engine(), &inputs(BUSY), scripted_host);
    response(&first);
    let again = run_with(&engine(), &inputs(BUSY), scripted_host);
    assert_eq!(seen(first), seen(again));
}

#[tokio::test]
async fn a_worker_gives_the_same_as_an_engine_at_hand() {
    let (pool, mut events) = Pool::new(config());
    for execution in 1..=3 {
        pool.start(start(execution, "busy", BUSY)).expect("there is room");
        let finished = finish(&pool, &mut events, execution).await;
        assert_eq!(seen(finished), seen(run_with(&engine(), &inputs(BUSY), scripted_host)));
    }
    pool.shutdown().await;
}

#[test]
fn another_seed_gives_other_random_numbers() {
    let draw = "Lit.Actions.setResponse({ response: String(Math.random()) });";
    let mut other = inputs(draw);
    other.random_seed = [8; 32];
    assert_ne!(response(&run(draw)), response(&run_with(&engine(), &other, scripted_host)));
    let mut zero = inputs(draw);
    zero.random_seed = [0; 32];
    assert_ne!(response(&run_with(&engine(), &zero, scripted_host)), "0");
}

#[tokio::test]
async fn nothing_carries_over_to_the_next_execution() {
    let (pool, mut events) = Pool::new(config());
    let leaves = "
        Lit.Actions.setResponse({ response: String([typeof kept, Array.prototype.kept, Math.random(), Date.now()]) });
        globalThis.kept = 1; Array.prototype.kept = 1; Math.random = () => 4; Date.now = () => 4;
        setTimeout(() => {}, 1000);";
    let mut first: Option<String> = None;
    for execution in 1..=4 {
        pool.start(start(execution, "leaves", leaves)).expect("there is room");
        let finished = finish(&pool, &mut events, execution).await;
        let now = response(&finished).to_owned();
        assert!(now.starts_with("undefined,,0."), "{now}");
        assert_eq!(first.get_or_insert(now.clone()), &now);
    }
    assert_eq!(pool.status().workers_started, 1, "one worker ran them all");
    pool.shutdown().await;
}

/// The guest is built once and shared by all: what it was built at, or with, must not be in it.
#[test]
fn the_image_holds_no_clock() {
    let walk = "
        const seen = new Set(), found = [];
        // Milliseconds since 1970, from 2017 to 2060.
        const suspicious = (value) => value > 1.5e12 && value < 2.85e12;
        const visit = (value, path) => {
            if (typeof value === 'number' && suspicious(value)) found.push(path);
            if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return;
            if (seen.has(value)) return;
            seen.add(value);
            if (value instanceof Date && !isNaN(value) && value.getTime() !== 0) found.push(path);
            for (const key of Reflect.ownKeys(value)) {
                const { value: member, get } = Object.getOwnPropertyDescriptor(value, key);
                let held = get ? get : member;
                // The library's names stand behind getters.
                const inside = get && /^(\\.ethers)+(\\.(utils|providers|constants))?$/.test(path);
                visit(inside ? value[key] : get ? get : member, path + '.' + String(key));
            }
            visit(Object.getPrototypeOf(value), path + '.__proto__');
        };
        visit(globalThis, '');
        Lit.Actions.setResponse({ response: JSON.stringify([seen.size > 1000 && seen.has(ethers.utils.keccak256), found, Date.now(), performance.timeOrigin]) });";
    let mut at_zero = inputs(walk);
    at_zero.time_ms = 0;
    assert_eq!(response(&run_with(&engine(), &at_zero, scripted_host)), "[true,[],0,0]");
}
