//! Whole executions against a network of real processes on this machine.

use std::{
    future::Future,
    path::{Path, PathBuf},
    pin::Pin,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow, bail};
use quorate_client::{ActionSource, Client, ClientOptions, ExecutionCall, Login, LoginBuilder, Wallet};
use quorate_wire::{Capability, CapabilityAction, CapabilityKey, NetworkFile, PublicKey};
use serde_json::{Value, json};

use crate::{
    cpu, draw,
    table::{Table, percentile},
};

const NOTHING: &str = "Lit.Actions.setResponse({ response: 'nothing' });";
const DRAW: &str =
    "Lit.Actions.setResponse({ response: String(crypto.getRandomValues(new Uint8Array(32))) });";
const CODE: &str = "(async () => { await Lit.Actions.signEcdsa({ toSign, publicKey, sigName: 's' }); })();";
const IDLE_RUNS: usize = 100;
/// What lets a session run every action with every key.
pub(crate) const ANY_ACTION: Capability =
    Capability::Use { key: CapabilityKey::Any, action: CapabilityAction::Any };

/// The load, for so long by each of these numbers of callers.
pub(crate) struct Load {
    pub(crate) seconds: u64,
    pub(crate) callers: Vec<u64>,
}

impl Default for Load {
    fn default() -> Self {
        Load { seconds: 10, callers: vec![4, 16] }
    }
}

/// A `quorate dev` network of our own; ended when dropped.
pub(crate) struct Network {
    dev: Child,
    quorate: PathBuf,
    pub(crate) folder: PathBuf,
}

impl Network {
    fn start(quorate: &Path) -> Result<Self> {
        Self::start_with(quorate, "")
    }

    /// One whose nodes have this in their configurations.
    pub(crate) fn start_with(quorate: &Path, config: &str) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("quorate-bench-{}", std::process::id()));
        let ready = folder.join("ready.json");
        std::fs::create_dir_all(&folder)?;
        let mut command = Command::new(quorate);
        command.args(["dev", "--json", "--http-port", "0", "--quic-port", "0", "--chain-port", "0"]);
        command.arg("--dir").arg(folder.join("state")).arg("--ready-file").arg(&ready);
        if !config.is_empty() {
            for node in 1..=3 {
                let place = folder.join(format!("state/node-{node}"));
                std::fs::create_dir_all(&place)?;
                std::fs::write(place.join("node.toml"), config)?;
            }
            command.arg("--adopt");
        }
        let dev =
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().context("starting quorate dev")?;
        let mut network = Network { dev, quorate: quorate.to_owned(), folder };
        let until = Instant::now() + Duration::from_secs(120);
        while !ready.exists() {
            if let Some(status) = network.dev.try_wait()? {
                bail!("quorate dev ended with {status}");
            }
            if Instant::now() > until {
                bail!("the network did not become ready");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(network)
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.folder.join("state")
    }

    pub(crate) fn file(&self) -> Result<NetworkFile> {
        let text = std::fs::read_to_string(self.state().join("network.json"))?;
        NetworkFile::parse(&text).map_err(|error| anyhow!("{error}"))
    }

    /// A session of the network's own wallet.
    pub(crate) fn log_in(&self, file: &NetworkFile, capabilities: &[Capability]) -> Result<Login> {
        let wallet = Wallet::from_file(&self.state().join("wallet.key"))?;
        let now_ms =
            u64::try_from(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_millis())?;
        let mut entropy = rand_core::UnwrapErr(getrandom::SysRng);
        let builder = LoginBuilder::new(file, "localhost").allow_all(capabilities.iter().cloned());
        Ok(builder.sign_in(&wallet, now_ms, &mut entropy)?)
    }

    /// CPU milliseconds of all its processes so far.
    pub(crate) fn cpu_ms(&self) -> f64 {
        cpu::tree_ms(self.dev.id())
    }

    /// Bytes of memory that its nodes have resident, without their workers.
    pub(crate) fn nodes_bytes(&self) -> Result<f64> {
        let ready: Value = serde_json::from_str(&std::fs::read_to_string(self.folder.join("ready.json"))?)?;
        let processes = ready["processes"].as_object().context("no processes")?;
        let nodes = processes.iter().filter(|(name, _)| name.starts_with("node-"));
        let pids = nodes.map(|(_, pid)| pid.as_u64().context("a process has no id"));
        pids.map(|pid| cpu::memory_bytes(u32::try_from(pid?)?, "VmRSS").context("a node has ended")).sum()
    }

    /// Runs one `quorate` command and reads what it prints.
    pub(crate) fn command(&self, arguments: &[&str]) -> Result<Value> {
        let output = Command::new(&self.quorate)
            .arg("--json")
            .args(arguments)
            .arg("--dir")
            .arg(self.state())
            .output()?;
        if !output.status.success() {
            bail!("quorate {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        let pid = i32::try_from(self.dev.id()).ok().and_then(rustix::process::Pid::from_raw);
        if let Some(pid) = pid {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let _ = self.dev.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[derive(Clone)]
struct Caller {
    client: Client,
    login: Arc<Login>,
    key: PublicKey,
    /// What is executed.
    code: &'static str,
}

impl Caller {
    /// Executions by their numbers.
    fn calls(&self) -> impl Fn(u64) -> BoxedCall + Clone + Send + 'static {
        let caller = self.clone();
        move |number| {
            let caller = caller.clone();
            Box::pin(async move { caller.execute(number).await })
        }
    }

    async fn execute(&self, number: u64) -> Result<()> {
        let mut digest = [1u8; 32];
        digest[..8].copy_from_slice(&number.to_be_bytes());
        let params = json!({ "toSign": digest.to_vec(), "publicKey": self.key });
        let call = ExecutionCall::new(ActionSource::Code(self.code.to_owned()), &params)?;
        let execution = self.client.execute(&self.login, &call).await?;
        if execution.reply.signatures.len() != usize::from(self.code == CODE) {
            bail!("{} signatures", execution.reply.signatures.len());
        }
        Ok(())
    }
}

/// A network, and a caller with a key of its own that signs for [`CODE`].
async fn started(table: &mut Table, quorate: &Path) -> Result<(Network, Caller)> {
    let begun = Instant::now();
    let network = Network::start(quorate)?;
    table.add("quorate dev, nothing to ready", begun.elapsed().as_secs_f64() * 1e3, "ms", None);
    let minted = network.command(&["pkp", "mint"])?;
    let key = minted["public_key"].as_str().ok_or_else(|| anyhow!("mint printed {minted}"))?.to_owned();
    let code = network.folder.join("bench.js");
    std::fs::write(&code, CODE)?;
    let code = code.display().to_string();
    network.command(&["pkp", "grant", &key, "--action", &code, "--scope", "sign-anything"])?;

    let file = network.file()?;
    let login = network.log_in(&file, &[ANY_ACTION])?;
    let client = Client::new(file, ClientOptions::default())?;
    Ok((network, Caller { client, login: Arc::new(login), key: key.parse()?, code: CODE }))
}

pub(crate) async fn run(table: &mut Table, quorate: &Path, bare_us: f64, wanted: &Load) -> Result<()> {
    let (network, caller) = started(table, quorate).await?;
    let plain_ms = table.value("k256 sign").map(|us| us / 1e3);
    let mut idle = idle(caller.calls(), IDLE_RUNS).await?;
    table.add("whole execution, idle, wall p50", percentile(&mut idle, 0.5), "ms", plain_ms);
    table.add("whole execution, idle, wall p99", percentile(&mut idle, 0.99), "ms", plain_ms);

    for callers in &wanted.callers {
        // The bare protocol: t = 2 signers' CPU for one signature, measured in this run.
        let bare_ms = 2.0 * bare_us / 1e3;
        let label = format!("whole execution, {callers} callers");
        load(table, &network, caller.calls(), (*callers, wanted.seconds), (&label, Some(bare_ms))).await?;
    }
    Ok(())
}

/// What it costs that an action draws 32 random bytes, beside one that draws nothing, in turns.
pub(crate) async fn random(table: &mut Table, quorate: &Path, wanted: &Load) -> Result<()> {
    let (network, caller) = started(table, quorate).await?;
    let caller = |code| Caller { code, ..caller.clone() };
    let (nothing, draws) = (caller(NOTHING), caller(DRAW));
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        without.extend(idle(nothing.calls(), IDLE_RUNS).await?);
        with.extend(idle(draws.calls(), IDLE_RUNS).await?);
    }
    let plain = percentile(&mut without, 0.5);
    table.add("action without a draw, idle, wall p50", plain, "ms", None);
    table.add("action with a draw, idle, wall p50", percentile(&mut with, 0.5), "ms", Some(plain));
    // What each node has to compute, without anything else: below it no draw can be where three share a machine.
    let floor = draw::floor_ms()?;
    table.add("a draw's arithmetic alone, three nodes at once, wall p50", floor, "ms", None);
    let above = percentile(&mut with, 0.5) - plain;
    table.add_goal("a draw, idle, above none, wall p50", (above, "ms"), Some(floor), "≤ 4 ms");
    for callers in &wanted.callers {
        let label = |what| format!("{what}, {callers} callers");
        let size = (*callers, wanted.seconds);
        let plain = load(table, &network, nothing.calls(), size, (&label("no draw"), None)).await?.rate;
        let drawn = load(table, &network, draws.calls(), size, (&label("a draw"), None)).await?.rate;
        table.add(&format!("{}, rate beside none", label("a draw")), drawn, "/s", Some(plain));
    }
    Ok(())
}

/// One call, until it has answered.
pub(crate) type BoxedCall = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

/// Wall milliseconds of calls one after the other, after some that warm up: grants wait for every node to have seen them.
pub(crate) async fn idle(call: impl Fn(u64) -> BoxedCall, runs: usize) -> Result<Vec<f64>> {
    for number in 0..20 {
        call(number).await?;
    }
    let mut idle = Vec::new();
    for number in 0..runs {
        let begun = Instant::now();
        call(1_000 + number as u64).await?;
        idle.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    Ok(idle)
}

/// What a load came to.
pub(crate) struct Loaded {
    /// Calls a second.
    pub(crate) rate: f64,
    /// CPU milliseconds of all the network's processes for each.
    pub(crate) cpu_ms: f64,
}

/// Calls by so many callers for so many seconds.
pub(crate) async fn load(
    table: &mut Table,
    network: &Network,
    call: impl Fn(u64) -> BoxedCall + Clone + Send + 'static,
    (callers, seconds): (u64, u64),
    (label, bare_ms): (&str, Option<f64>),
) -> Result<Loaded> {
    let before = network.cpu_ms();
    let begun = Instant::now();
    let until = begun + Duration::from_secs(seconds);
    let tasks: Vec<_> = (0..callers)
        .map(|place| {
            let call = call.clone();
            tokio::spawn(async move {
                let (mut samples, mut failures, mut first) = (Vec::new(), 0u64, None);
                let mut number = place << 32;
                while Instant::now() < until {
                    number += 1;
                    let begun = Instant::now();
                    match call(number).await {
                        Ok(()) => samples.push(begun.elapsed().as_secs_f64() * 1e3),
                        Err(error) => {
                            failures += 1;
                            first.get_or_insert(error);
                        }
                    }
                }
                (samples, failures, first)
            })
        })
        .collect();
    let (mut samples, mut failures) = (Vec::new(), 0);
    for task in tasks {
        let (more, failed, first) = task.await?;
        samples.extend(more);
        failures += failed;
        if let Some(error) = first {
            #[expect(clippy::print_stderr, reason = "a bench says what was refused")]
            {
                eprintln!("refused or failed: {error:#}");
            }
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    let count = samples.len() as f64;
    let loaded = Loaded { rate: count / seconds, cpu_ms: (network.cpu_ms() - before) / count };
    table.add(&format!("{label}, rate"), loaded.rate, "/s", None);
    table.add(&format!("{label}, wall p50"), percentile(&mut samples, 0.5), "ms", None);
    table.add(&format!("{label}, wall p99"), percentile(&mut samples, 0.99), "ms", None);
    table.add(&format!("{label}, CPU of all processes each"), loaded.cpu_ms, "ms", bare_ms);
    table.add(&format!("{label}, failures"), failures as f64, "", None);
    Ok(loaded)
}
