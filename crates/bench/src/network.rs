//! Whole executions against a network of real processes on this machine.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow, bail};
use quorate_client::{ActionSource, Client, ClientOptions, ExecutionCall, Login, LoginBuilder, Wallet};
use quorate_wire::{Capability, CapabilityAction, CapabilityKey, NetworkFile, PublicKey};
use serde_json::{Value, json};

use crate::{
    cpu,
    table::{Table, percentile},
};

const NOTHING: &str = "Lit.Actions.setResponse({ response: 'nothing' });";
const DRAW: &str =
    "Lit.Actions.setResponse({ response: String(crypto.getRandomValues(new Uint8Array(32))) });";
const CODE: &str = "(async () => { await Lit.Actions.signEcdsa({ toSign, publicKey, sigName: 's' }); })();";
const IDLE_RUNS: usize = 100;

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
struct Network {
    dev: Child,
    quorate: PathBuf,
    folder: PathBuf,
}

impl Network {
    fn start(quorate: &Path) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("quorate-bench-{}", std::process::id()));
        let ready = folder.join("ready.json");
        std::fs::create_dir_all(&folder)?;
        let mut command = Command::new(quorate);
        command.args(["dev", "--json", "--http-port", "0", "--quic-port", "0", "--chain-port", "0"]);
        command.arg("--dir").arg(folder.join("state")).arg("--ready-file").arg(&ready);
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

    fn state(&self) -> PathBuf {
        self.folder.join("state")
    }

    /// Runs one `quorate` command and reads what it prints.
    fn command(&self, arguments: &[&str]) -> Result<Value> {
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

    let file = NetworkFile::parse(&std::fs::read_to_string(network.state().join("network.json"))?)
        .map_err(|error| anyhow!("{error}"))?;
    let wallet = Wallet::from_file(&network.state().join("wallet.key"))?;
    let now_ms =
        u64::try_from(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_millis())?;
    let any = Capability::Use { key: CapabilityKey::Any, action: CapabilityAction::Any };
    let mut entropy = rand_core::UnwrapErr(getrandom::SysRng);
    let login = LoginBuilder::new(&file, "localhost").allow(any).sign_in(&wallet, now_ms, &mut entropy)?;
    let client = Client::new(file, ClientOptions::default())?;
    Ok((network, Caller { client, login: Arc::new(login), key: key.parse()?, code: CODE }))
}

pub(crate) async fn run(table: &mut Table, quorate: &Path, bare_us: f64, wanted: &Load) -> Result<()> {
    let (network, caller) = started(table, quorate).await?;
    let plain_ms = table.value("k256 sign").map(|us| us / 1e3);
    let mut idle = idle(&caller).await?;
    table.add("whole execution, idle, wall p50", percentile(&mut idle, 0.5), "ms", plain_ms);
    table.add("whole execution, idle, wall p99", percentile(&mut idle, 0.99), "ms", plain_ms);

    for callers in &wanted.callers {
        // The bare protocol: t = 2 signers' CPU for one signature, measured in this run.
        let bare_ms = 2.0 * bare_us / 1e3;
        let label = format!("whole execution, {callers} callers");
        load(table, &network, &caller, (*callers, wanted.seconds), (&label, Some(bare_ms))).await?;
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
        without.extend(idle(&nothing).await?);
        with.extend(idle(&draws).await?);
    }
    let plain = percentile(&mut without, 0.5);
    table.add("action without a draw, idle, wall p50", plain, "ms", None);
    table.add("action with a draw, idle, wall p50", percentile(&mut with, 0.5), "ms", Some(plain));
    table.add("a draw, idle, above none, wall p50", percentile(&mut with, 0.5) - plain, "ms", None);
    for callers in &wanted.callers {
        let label = |what| format!("{what}, {callers} callers");
        let size = (*callers, wanted.seconds);
        let plain = load(table, &network, &nothing, size, (&label("no draw"), None)).await?;
        let drawn = load(table, &network, &draws, size, (&label("a draw"), None)).await?;
        table.add(&format!("{}, rate beside none", label("a draw")), drawn, "/s", Some(plain));
    }
    Ok(())
}

/// Wall milliseconds of executions one after the other, after some that warm up: grants wait for every node to have seen
/// them.
async fn idle(caller: &Caller) -> Result<Vec<f64>> {
    for number in 0..20 {
        caller.execute(number).await?;
    }
    let mut idle = Vec::new();
    for number in 0..IDLE_RUNS {
        let begun = Instant::now();
        caller.execute(1_000 + number as u64).await?;
        idle.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    Ok(idle)
}

/// Executions by so many callers for so many seconds. Returns the rate.
async fn load(
    table: &mut Table,
    network: &Network,
    caller: &Caller,
    (callers, seconds): (u64, u64),
    (label, bare_ms): (&str, Option<f64>),
) -> Result<f64> {
    let before = cpu::tree_ms(network.dev.id());
    let begun = Instant::now();
    let until = begun + Duration::from_secs(seconds);
    let tasks: Vec<_> = (0..callers)
        .map(|place| {
            let caller = caller.clone();
            tokio::spawn(async move {
                let (mut samples, mut failures, mut first) = (Vec::new(), 0u64, None);
                let mut number = place << 32;
                while Instant::now() < until {
                    number += 1;
                    let begun = Instant::now();
                    match caller.execute(number).await {
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
    let spent = cpu::tree_ms(network.dev.id()) - before;
    let count = samples.len() as f64;
    table.add(&format!("{label}, rate"), count / seconds, "/s", None);
    table.add(&format!("{label}, wall p50"), percentile(&mut samples, 0.5), "ms", None);
    table.add(&format!("{label}, wall p99"), percentile(&mut samples, 0.99), "ms", None);
    table.add(&format!("{label}, CPU of all processes each"), spent / count, "ms", bare_ms);
    table.add(&format!("{label}, failures"), failures as f64, "", None);
    Ok(count / seconds)
}
