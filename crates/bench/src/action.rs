//! One empty action: in a worker that is hot for its CID, and in a blank one.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow, bail};
use quorate_actions::{
    ActionEvent, ActionLimits, ActionOutcome, ActionStart, Guest, Pool, PoolConfig, WorkerCommand,
};
use quorate_wire::ActionCid;
use tokio::sync::mpsc::Receiver;

use crate::{
    cpu,
    table::{Table, percentile},
};

const HOT_RUNS: u32 = 400;
/// Between two of them, so that they spread over a second.
const PAUSE: Duration = Duration::from_millis(2);
/// Runs until endless loops have been recognised as such, and runs from then on.
const STARTING: u32 = 150;
const BESIDE_RUNS: u32 = 1500;
const COLD_RUNS: u32 = 12;
/// Numbers of the executions that do not end, out of the way of the others.
const LOOPS: std::ops::Range<u64> = 1 << 32..(1 << 32) + 8;
/// An action that is short for some callers and endless for others.
const EITHER: &str = "if (typeof loop === 'boolean') for (;;);\n";

pub(crate) async fn run(table: &mut Table, quorate: &Path) -> Result<()> {
    let guest = Guest::load(&Guest::locate(None)?)?;
    let worker = WorkerCommand::new(quorate, ["worker"]);
    let (pool, mut events) = Pool::new(PoolConfig::new(worker, guest));
    let mut number = 0u64;

    // Each text is an action of its own, so each goes to a worker that no action has used.
    let mut cold = Vec::new();
    for text in 0..COLD_RUNS {
        // A blank worker is ready before its first action comes.
        tokio::time::sleep(Duration::from_millis(400)).await;
        cold.push(once(&pool, &mut events, &mut number, &format!("// {text}\n")).await?);
    }
    table.add("empty action, blank worker, wall p50", percentile(&mut cold, 0.5), "ms", None);

    let me = std::process::id();
    once(&pool, &mut events, &mut number, "// hot\n").await?;
    let all = cpu::tree_ms(me);
    let mut hot = times(&pool, &mut events, &mut number, "// hot\n", HOT_RUNS).await?;
    let spent = cpu::tree_ms(me) - all;
    let plain = table.value("k256 sign").map(|us| us / 1e3);
    table.add("empty action, hot worker, wall p50", percentile(&mut hot, 0.5), "ms", plain);
    table.add("empty action, hot worker, wall p99", percentile(&mut hot, 0.99), "ms", plain);
    table.add("empty action, hot worker, CPU of worker and pool", spent / f64::from(HOT_RUNS), "ms", plain);
    // What callers of another action feel while this one computes without end, and what those of the same do.
    for (code, loops, name) in [
        ("// hot\n", "for (;;);", "beside loops of another action"),
        (EITHER, EITHER, "beside loops of its own action"),
    ] {
        once(&pool, &mut events, &mut number, code).await?;
        for execution in LOOPS {
            let endless = ActionLimits { fuel: u64::MAX, wall_ms: 600_000, ..ActionLimits::default() };
            let params = r#"{"loop":true}"#.to_owned();
            let looping = ActionStart { params, limits: endless, ..start(execution, loops) };
            pool.start(looping).map_err(|error| anyhow!("{error}"))?;
        }
        let starting = times(&pool, &mut events, &mut number, code, STARTING).await?;
        let beside = times(&pool, &mut events, &mut number, code, BESIDE_RUNS).await?;
        LOOPS.for_each(|execution| pool.cancel(execution));
        let mut open = LOOPS.count();
        while open > 0 {
            match events.recv().await {
                Some(ActionEvent::Finished { execution, .. }) if LOOPS.contains(&execution) => open -= 1,
                Some(_) => {}
                None => bail!("the pool has ended"),
            }
        }
        // Right after, so that the machine is as quiet or as noisy as before.
        let mut quiet = times(&pool, &mut events, &mut number, code, BESIDE_RUNS).await?;
        let spinners = Spinners::start()?;
        let mut busy = times(&pool, &mut events, &mut number, code, BESIDE_RUNS).await?;
        drop(spinners);
        for (when, mut times) in [("while they start", starting), ("from then on", beside)] {
            for (name_of, share) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99)] {
                let name = format!("empty action {name}, {when}, wall {name_of}");
                let value = percentile(&mut times, share);
                table.add(&name, value, "ms", Some(percentile(&mut quiet, share)));
                let name = format!("{name}, against programs of the idle class");
                table.add(&name, value, "ms", Some(percentile(&mut busy, share)));
            }
        }
    }
    pool.shutdown().await;
    Ok(())
}

/// Programs that do nothing without end, one on each processor, in the class that the kernel runs only when nothing
/// else wants to run: what a busy machine costs that no order of executions can take away.
struct Spinners(Vec<Child>);

impl Spinners {
    fn start() -> Result<Self> {
        let mut spinners = Self(Vec::new());
        for _ in 0..std::thread::available_parallelism()?.get() {
            let mut command = Command::new("chrt");
            command.args(["--idle", "0"]).arg(std::env::current_exe()?).arg(crate::SPIN);
            let spinner = command.stdin(Stdio::null()).spawn().context("chrt, of util-linux, is missing")?;
            spinners.0.push(spinner);
        }
        Ok(spinners)
    }
}

impl Drop for Spinners {
    fn drop(&mut self) {
        for spinner in &mut self.0 {
            // One that has ended by itself needs no end.
            let _ = spinner.kill();
            let _ = spinner.wait();
        }
    }
}

fn start(execution: u64, code: &str) -> ActionStart {
    ActionStart {
        execution,
        cid: ActionCid::of_code(code.as_bytes()).to_string(),
        code: code.as_bytes().into(),
        params: "{}".to_owned(),
        auth: "{}".to_owned(),
        time_ms: 0,
        random_seed: [0; 32],
        limits: ActionLimits::default(),
        parent: None,
        payers: Vec::new(),
    }
}

/// Wall milliseconds of some runs, one after the other.
async fn times(
    pool: &Pool,
    events: &mut Receiver<ActionEvent>,
    number: &mut u64,
    code: &str,
    runs: u32,
) -> Result<Vec<f64>> {
    let mut times = Vec::new();
    for _ in 0..runs {
        times.push(once(pool, events, number, code).await?);
        tokio::time::sleep(PAUSE).await;
    }
    Ok(times)
}

/// Wall milliseconds of one run.
async fn once(pool: &Pool, events: &mut Receiver<ActionEvent>, number: &mut u64, code: &str) -> Result<f64> {
    *number += 1;
    let begun = Instant::now();
    pool.start(start(*number, code)).map_err(|error| anyhow!("{error}"))?;
    loop {
        match events.recv().await {
            Some(ActionEvent::Finished { execution, finished, .. }) if execution == *number => {
                match finished.outcome {
                    ActionOutcome::Completed { .. } => return Ok(begun.elapsed().as_secs_f64() * 1e3),
                    ActionOutcome::Failed { code, message, .. } => bail!("{}: {message}", code.as_str()),
                }
            }
            Some(_) => {}
            None => bail!("the pool has ended"),
        }
    }
}
