//! What running a script costs: CPU of a fresh instance from start to result, beside the same script in
//! Node.js' V8, where a fresh world is a worker thread that has loaded ethers.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use anyhow::{Context as _, Result, anyhow, bail};
use quorate_actions::{
    ActionEvent, ActionLimits, ActionOutcome, ActionStart, Engine, EngineOptions, Execution, Guest, Pool,
    PoolConfig, Progress, RunInputs, WorkerCommand,
};
use serde_json::{Value, json};

use crate::{
    cpu,
    table::{Table, percentile},
};

/// A script, how often it runs here, and what to call it.
const SCRIPTS: [(&str, usize, &str); 6] = [
    ("fresh, ethers ready, first result", 1500, "Lit.Actions.setResponse({ response: 'x' });"),
    (
        "short policy",
        1000,
        "const policy = JSON.parse('{\"max\": \"1000000000000000000\", \"to\": [\"0xaa\", \"0xbb\"]}');
         const amount = BigInt('0x' + 'de0b6b3a7640000') / 2n;
         const allowed = amount <= BigInt(policy.max) && policy.to.includes('0xbb');
         const total = policy.to.map((to) => to.length).reduce((a, b) => a + b, 0);
         Lit.Actions.setResponse({ response: JSON.stringify({ allowed, total, amount: amount.toString() }) });",
    ),
    (
        "ethers.utils.keccak256",
        1000,
        "Lit.Actions.setResponse({ response: ethers.utils.keccak256(ethers.utils.toUtf8Bytes('hello')) });",
    ),
    (
        "ethers.utils.verifyMessage",
        500,
        "const signature = '0xddd0a7290af9526056b4e35a077b9a11b513aa0028ec6c9880948544508f3c63265e99e47ad31bb2cab9646c504576b3abc6939a1710afc08cbf3034d73214b81c';
         Lit.Actions.setResponse({ response: ethers.utils.verifyMessage('hello', signature) });",
    ),
    (
        "1e7 additions",
        3,
        "let x = 0; for (let i = 0; i < 1e7; i++) x += i; Lit.Actions.setResponse({ response: String(x) });",
    ),
    (
        "JSON of 1 MB",
        20,
        "const list = []; for (let i = 0; i < 20000; i++) list.push({ number: i, name: 'name ' + i, on: true });
         const text = JSON.stringify(list); Lit.Actions.setResponse({ response: String(JSON.parse(text).length + text.length) });",
    ),
];
/// What waits for an answer, and what waits inside a call.
const WAITING: [(&str, &str); 2] = [
    ("fetch", "fetch('https://host.test/').then(() => ethers.utils.id('x'));"),
    ("getRandomValues", "ethers.utils.hexlify(crypto.getRandomValues(new Uint8Array(32)));"),
];
/// Executions that wait at the same time.
const SUSPENDED: u64 = 1000;

/// `packages` is where `cargo xtask guest` installed ethers.
pub(crate) async fn run(table: &mut Table, quorate: &Path, packages: Option<&Path>) -> Result<()> {
    let guest = Guest::load(&Guest::locate(None)?)?;
    let v8 = packages.map(in_node).transpose()?;
    let engine = Engine::new(&guest, EngineOptions { instances: 4 })?;
    for (name, rounds, code) in SCRIPTS {
        let engine = engine.clone();
        let measured = std::thread::spawn(move || measure(&engine, code, rounds));
        let mut samples = measured.join().map_err(|_| anyhow!("{name}: the measurement panicked"))??;
        let of_v8 = |kind: &str| v8.as_ref().and_then(|v8| v8[name][kind].as_f64());
        table.add(&format!("{name}, CPU p50"), percentile(&mut samples, 0.5), "ms", of_v8("fresh"));
        table.add(&format!("{name}, CPU p99"), percentile(&mut samples, 0.99), "ms", of_v8("fresh"));
        if let Some(warm) = of_v8("warm") {
            table.add(&format!("{name}, in a warm V8 (no isolation)"), warm, "ms", None);
        }
    }
    let v8_each = v8.as_ref().and_then(|v8| v8["memory"].as_f64());
    for waiting in WAITING {
        suspended(table, quorate, &guest, waiting, v8_each.filter(|_| waiting.0 == "fetch")).await?;
    }
    Ok(())
}

/// CPU milliseconds of each run, in an instance of its own.
fn measure(engine: &Engine, code: &str, rounds: usize) -> Result<Vec<f64>> {
    let inputs = RunInputs {
        code: Arc::from(code.as_bytes()),
        params: "{}".into(),
        auth: "{}".into(),
        time_ms: 1_700_000_000_000,
        random_seed: [1; 32],
        limits: ActionLimits::default(),
    };
    let mut samples = Vec::with_capacity(rounds);
    for round in 0..=rounds {
        let before = cpu::thread_us();
        let ended = Execution::start(engine, &inputs, Instant::now(), Arc::new(AtomicBool::new(false)));
        let spent = (cpu::thread_us() - before) / 1e3;
        match ended.1 {
            Progress::Ended(finished) => match finished.outcome {
                ActionOutcome::Completed { .. } => {}
                other => bail!("it did not complete: {other:?}"),
            },
            Progress::Waiting(_) => bail!("it waits"),
        }
        // The first run maps the image; a hot worker has done that.
        if round > 0 {
            samples.push(spent);
        }
    }
    Ok(samples)
}

/// CPU milliseconds of each script in Node: in a fresh worker thread, and again and again in a warm one.
fn in_node(packages: &Path) -> Result<Value> {
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/src/v8.mjs");
    let scripts = SCRIPTS.iter().map(|(name, _, code)| json!({ "name": name, "code": code }));
    let scripts = Value::from_iter(scripts).to_string();
    let mut node = Command::new("node");
    node.arg(program).arg(packages).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = node.spawn().context("starting node")?;
    child.stdin.take().context("node has an input")?.write_all(scripts.as_bytes())?;
    let output = child.wait_with_output()?;
    anyhow::ensure!(output.status.success(), "node failed");
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Private memory of a worker in which a thousand executions wait for an answer.
async fn suspended(
    table: &mut Table,
    quorate: &Path,
    guest: &Guest,
    (name, code): (&str, &str),
    v8_each: Option<f64>,
) -> Result<()> {
    let worker = WorkerCommand::new(quorate, ["worker"]);
    let (pool, mut events) =
        Pool::new(PoolConfig { blank_workers: 1, ..PoolConfig::new(worker, guest.clone()) });
    for execution in 1..=SUSPENDED {
        let started = pool.start(ActionStart {
            execution,
            cid: "suspended".into(),
            code: code.as_bytes().into(),
            params: "{}".into(),
            auth: "{}".into(),
            time_ms: 0,
            random_seed: [0; 32],
            limits: ActionLimits::default(),
            parent: None,
            payers: Vec::new(),
        });
        started.map_err(|error| anyhow!("{error}"))?;
    }
    let mut waiting = 0;
    while waiting < SUSPENDED {
        match events.recv().await {
            Some(ActionEvent::HostCall { .. }) => waiting += 1,
            Some(ActionEvent::Finished { finished, .. }) => bail!("one ended: {:?}", finished.outcome),
            Some(ActionEvent::Walls { .. }) => {}
            Some(ActionEvent::WorkerEnded { .. }) | None => bail!("the worker ended"),
        }
    }
    let private = pool.processes().into_iter().filter_map(private_mib).fold(0.0, f64::max);
    pool.shutdown().await;
    #[expect(clippy::cast_precision_loss, reason = "a thousand")]
    let in_v8 = v8_each.map(|each| each * SUSPENDED as f64);
    if private > 0.0 {
        table.add(&format!("1,000 actions suspended in {name}, private memory"), private, "MB", in_v8);
    }
    Ok(())
}

/// Private megabytes of a process; only root may read them of a worker, which is not dumpable.
fn private_mib(process: u32) -> Option<f64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
    let lines = text.lines().filter(|line| line.starts_with("Private_"));
    let kib: f64 = lines.filter_map(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok()).sum();
    Some(kib / 1024.0)
}
