//! Prints what executions cost on this machine: `cargo run --release -p quorate-actions --example measure`.
//! It wants the guest where the example was built: `cargo xtask guest`.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use quorate_actions::{
    ActionLimits, Engine, EngineOptions, Execution, Guest, HostReply, Progress, RunInputs, THREAD_STACK_BYTES,
};

const EMPTY: &str = "Lit.Actions.setResponse({ response: 'x' });";
const SHORT: &str = "
    const policy = JSON.parse('{\"max\": \"1000000000000000000\", \"to\": [\"0xaa\", \"0xbb\"]}');
    const amount = BigInt('0x' + 'de0b6b3a7640000') / 2n;
    const allowed = amount <= BigInt(policy.max) && policy.to.includes('0xbb');
    const total = policy.to.map((to) => to.length).reduce((a, b) => a + b, 0);
    Lit.Actions.setResponse({ response: JSON.stringify({ allowed, total, amount: amount.toString() }) });";
const SIGN: &str = "
    const go = async () => {
        const toSign = new Uint8Array(32).fill(1);
        const publicKey = '04' + '11'.repeat(64);
        Lit.Actions.setResponse({ response: await Lit.Actions.signEcdsa({ toSign, publicKey, sigName: 'sig' }) });
    };
    go();";
const LOOP: &str =
    "let x = 0; for (let i = 0; i < 1e7; i++) x += i; Lit.Actions.setResponse({ response: String(x) });";

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    // Where `cargo run --example` puts examples, the guest is one folder further up than for a program.
    let guest = Guest::load(&Guest::locate(std::env::args().nth(1).as_deref().map(std::path::Path::new))?)?;
    let thread = std::thread::Builder::new().stack_size(THREAD_STACK_BYTES);
    thread.spawn(move || measure(&guest))?.join().map_err(|_| "the measurement panicked")?
}

fn measure(guest: &Guest) -> Result<(), Box<dyn Error + Send + Sync>> {
    let cold = Instant::now();
    let engine = Engine::new(guest, EngineOptions::default())?;
    print("engine made (map the image, check its hash)", &[cold.elapsed()]);
    for (name, code, rounds) in [
        ("empty action, fresh", EMPTY, 2000),
        ("short policy, fresh", SHORT, 2000),
        ("one signature asked for, fresh", SIGN, 2000),
        ("1e7 additions", LOOP, 5),
    ] {
        let mut cpu = Vec::with_capacity(rounds);
        for _ in 0..rounds {
            let before = thread_cpu();
            run(&engine, code)?;
            cpu.push(thread_cpu().saturating_sub(before));
        }
        print(name, &cpu);
    }
    Ok(())
}

fn run(engine: &Engine, code: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
    let inputs = RunInputs {
        code: Arc::from(code.as_bytes()),
        params: "{}".into(),
        auth: "{}".into(),
        time_ms: 1_700_000_000_000,
        random_seed: [1; 32],
        limits: ActionLimits::default(),
    };
    let (mut execution, mut progress) =
        Execution::start(engine, &inputs, Instant::now(), Arc::new(AtomicBool::new(false)));
    while let (Some(mut waiting), Progress::Waiting(calls)) = (execution.take(), &progress) {
        for (call, _) in calls {
            waiting.answer(*call, HostReply::Signed { r: [1; 32], s: [1; 32], recovery_id: 0 });
        }
        (execution, progress) = waiting.resume();
    }
    match progress {
        Progress::Ended(finished)
            if matches!(finished.outcome, quorate_actions::ActionOutcome::Completed { .. }) =>
        {
            Ok(())
        }
        other => Err(format!("it did not complete: {other:?}").into()),
    }
}

fn thread_cpu() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.try_into().unwrap_or(0), now.tv_nsec.try_into().unwrap_or(0))
}

#[expect(clippy::print_stdout, reason = "it prints its figures")]
fn print(name: &str, samples: &[Duration]) {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable();
    let at =
        |percent: usize| sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)].as_secs_f64() * 1e3;
    println!("{name}: p50 {:.3} ms, p99 {:.3} ms", at(50), at(99));
}
