//! Prints what executions cost on this machine: `cargo run --release -p quorate-actions --example measure`.
//! It wants the guest where the example was built: `cargo xtask guest`.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use quorate_actions::{
    ActionEvent, ActionLimits, ActionStart, Engine, EngineOptions, Execution, Guest, HostReply, Pool,
    PoolConfig, Progress, RunInputs, THREAD_STACK_BYTES, WorkerCommand,
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
    let engine = guest.clone();
    thread.spawn(move || measure(&engine))?.join().map_err(|_| "the measurement panicked")??;
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(measure_pool(guest))
}

/// Wall time through real worker processes, and what they hold when a thousand executions wait.
async fn measure_pool(guest: Guest) -> Result<(), Box<dyn Error + Send + Sync>> {
    let own = std::env::current_exe()?;
    let folder = own.parent().and_then(std::path::Path::parent).ok_or("no folder")?;
    let worker = WorkerCommand::new(folder.join("quorate-action-worker"), [""; 0]);
    let config = PoolConfig { blank_workers: 1, workers_max: 200, ..PoolConfig::new(worker, guest) };
    let (pool, mut events) = Pool::new(config);
    let mut number = 0;
    for (name, same, rounds) in
        [("hot worker, wall", true, 500), ("blank worker (cold CID), wall", false, 20)]
    {
        let mut wall = Vec::new();
        for round in 0..rounds {
            // The blank worker of the round before must have had its time to start.
            tokio::time::sleep(Duration::from_millis(if same { 0 } else { 300 })).await;
            number += 1;
            let cid = if same { "hot".to_owned() } else { format!("cold-{round}") };
            let before = Instant::now();
            pool.start(start(number, cid, EMPTY))?;
            while !matches!(events.recv().await, Some(ActionEvent::Finished { .. })) {}
            wall.push(before.elapsed());
        }
        print(name, &wall);
    }
    for _ in 0..1000 {
        number += 1;
        pool.start(start(number, "suspended".into(), SIGN))?;
    }
    let mut waiting = 0;
    while waiting < 1000 {
        waiting += usize::from(matches!(events.recv().await, Some(ActionEvent::HostCall { .. })));
    }
    let private: u64 = pool.processes().into_iter().filter_map(private_kib).max().unwrap_or(0);
    say(&format!("1,000 suspended executions: {} MiB private in their worker", private / 1024));
    pool.shutdown().await;
    Ok(())
}

fn start(execution: u64, cid: String, code: &str) -> ActionStart {
    ActionStart {
        execution,
        cid,
        code: Arc::from(code.as_bytes()),
        params: "{}".into(),
        auth: "{}".into(),
        time_ms: 1_700_000_000_000,
        random_seed: [1; 32],
        limits: ActionLimits::default(),
        parent: None,
    }
}

/// Private memory of a process; only root may read it of a worker, which is not dumpable.
fn private_kib(process: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
    let lines = text.lines().filter(|line| line.starts_with("Private_"));
    Some(lines.filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).sum())
}

#[expect(clippy::print_stdout, reason = "it prints its figures")]
fn say(line: &str) {
    println!("{line}");
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
        for call in calls {
            waiting.answer(call.call, HostReply::Signed { r: [1; 32], s: [1; 32], recovery_id: 0 });
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

fn print(name: &str, samples: &[Duration]) {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable();
    let at =
        |percent: usize| sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)].as_secs_f64() * 1e3;
    say(&format!("{name}: p50 {:.3} ms, p99 {:.3} ms", at(50), at(99)));
}
