//! Processes that the bench of the chain measures: `quorate chain`, anvil, and one who follows a chain.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use ed25519_dalek::SigningKey as HeadKey;
use k256::ecdsa::SigningKey;
use quorate_registry::{
    alloy_primitives::{Address, B256, U256, hex, keccak256},
    artifacts::Contracts,
    chain::{BlockId, Genesis, address_of, genesis_hash},
    deploy::addresses,
    follow::{CATCH_UP_MAX, FollowConfig, SnapshotFile, StateFile, Trust, Voucher, follow},
    rpc_client::{CallBounds, RpcClient},
    subject::Subject,
    view::{At, RegistryView},
};
use serde_json::{Value, json};

use crate::cpu;

/// That of anvil, so that both sign for the same.
pub(crate) const CHAIN_ID: u64 = 31_337;
/// Accounts that fill a chain, and that mint in the bench.
pub(crate) const SENDERS: usize = 64;
/// How long a process may take to be there.
const START_MAX: Duration = Duration::from_secs(600);
/// What the bench is called with to follow a chain.
pub(crate) const FOLLOW: &str = "--follow";
/// Grants that are read to find what one takes.
const READS: usize = 50_000;

pub(crate) fn key(name: &str) -> Result<SigningKey> {
    Ok(SigningKey::from_slice(keccak256(format!("quorate bench {name}")).as_slice())?)
}

pub(crate) fn address(name: &str) -> Result<Address> {
    Ok(address_of(key(name)?.verifying_key()))
}

pub(crate) fn contracts() -> Result<Contracts> {
    Ok(addresses(address("deployer")?, 0))
}

/// Who has money.
pub(crate) fn rich() -> Vec<String> {
    let nodes = (0..3).map(|index| format!("node {index}"));
    let senders = (0..SENDERS).map(|place| format!("sender {place}"));
    ["deployer".to_owned()].into_iter().chain(nodes).chain(senders).collect()
}

fn head_key() -> HeadKey {
    HeadKey::from_bytes(&[7; 32])
}

fn genesis() -> Result<Genesis> {
    let money = U256::from(10).pow(U256::from(24));
    let accounts: BTreeMap<_, _> =
        rich().iter().map(|name| Ok((address(name)?, money))).collect::<Result<_>>()?;
    let head_key = B256::from(head_key().verifying_key().to_bytes());
    Ok(Genesis::new(CHAIN_ID, head_key, accounts, address("deployer")?))
}

/// The action that all keys are granted to.
pub(crate) fn action() -> [u8; 34] {
    let mut id = [3; 34];
    id[..2].copy_from_slice(&[0x12, 0x20]);
    id
}

/// A folder that is removed in the end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Result<Folder> {
        let path = std::env::temp_dir().join(format!("quorate-bench-{name}-{}", std::process::id()));
        drop(fs::remove_dir_all(&path));
        fs::create_dir_all(&path)?;
        Ok(Folder(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// A `quorate chain` of its own; it is killed when dropped.
pub(crate) struct Chain {
    child: Child,
    pub(crate) url: String,
    /// From its start to its first answer.
    pub(crate) ready: Duration,
}

impl Chain {
    pub(crate) async fn start(quorate: &Path, folder: &Path) -> Result<Chain> {
        let secret = folder.join("head.key");
        if !secret.exists() {
            let mut file = fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(&secret)?;
            writeln!(file, "{}", hex::encode(head_key().to_bytes()))?;
            fs::write(folder.join("genesis.json"), serde_json::to_string(&genesis()?)?)?;
        }
        // A free port; nobody else takes it meanwhile, most likely.
        let listen = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let begun = Instant::now();
        let child = Command::new(quorate)
            .args(["chain", "--follow-stdin", "--listen", &listen.to_string(), "--dir"])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(fs::File::create(folder.join("said"))?)
            .spawn()
            .context("starting quorate chain")?;
        let mut chain = Chain { child, url: format!("http://{listen}"), ready: Duration::ZERO };
        let rpc = RpcClient::new(&chain.url)?;
        while rpc.call("quorate_head", json!([]), CallBounds::default()).await.is_err() {
            if let Some(status) = chain.child.try_wait()? {
                bail!("quorate chain ended with {status}: {}", fs::read_to_string(folder.join("said"))?);
            }
            ensure!(begun.elapsed() < START_MAX, "the chain did not become ready");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        chain.ready = begun.elapsed();
        Ok(chain)
    }

    pub(crate) fn memory(&self) -> Result<f64> {
        cpu::memory_bytes(self.child.id(), "VmRSS").context("the chain has ended")
    }

    /// Ends it in order.
    pub(crate) fn stop(mut self) -> Result<()> {
        drop(self.child.stdin.take());
        ensure!(self.child.wait()?.success(), "the chain did not end in order");
        Ok(())
    }

    /// Ends it with SIGKILL.
    pub(crate) fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Chain {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A chain of another make, as npm has it.
pub(crate) struct Anvil {
    child: Child,
    pub(crate) url: String,
}

impl Anvil {
    /// None where it is not installed.
    pub(crate) async fn start() -> Result<Option<Anvil>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cli/tests/anvil");
        let program = folder.join("node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil");
        if !program.exists() {
            return Ok(None);
        }
        let mut child = Command::new(program)
            .args(["--host", "127.0.0.1", "--port", "0", "--chain-id", "31337", "--hardfork", "osaka"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("starting anvil")?;
        let mut lines = BufReader::new(child.stdout.take().context("no output")?).lines();
        let url = loop {
            let line = lines.next().context("anvil has ended")??;
            if let Some(address) = line.strip_prefix("Listening on ") {
                break format!("http://{}", address.trim());
            }
        };
        // What it says further is not read, but must not fill up.
        std::thread::spawn(move || lines.for_each(drop));
        let anvil = Anvil { child, url };
        let rpc = RpcClient::new(&anvil.url)?;
        for name in rich() {
            let params = json!([address(&name)?, "0xd3c21bcecceda1000000"]);
            rpc.call("anvil_setBalance", params, CallBounds::default()).await?;
        }
        Ok(Some(anvil))
    }
}

impl Drop for Anvil {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What one who follows a chain has come to.
pub(crate) struct Followed {
    /// From the start of its process.
    pub(crate) ready: Duration,
    /// Its memory when it was ready, and before it had read anything.
    pub(crate) memory: f64,
    /// Of one read of a grant, in microseconds.
    pub(crate) read_us: f64,
}

/// How a process ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    InOrder,
    Killed,
}

/// Follows a chain in a process that ends when it is ready and has read the grants of these keys.
pub(crate) fn followed(folder: &Path, url: &str, tokens: &[U256], end: End) -> Result<Followed> {
    let list = folder.join("tokens.json");
    fs::write(&list, serde_json::to_string(tokens)?)?;
    let begun = Instant::now();
    let mut child = Command::new(std::env::current_exe()?)
        .args([FOLLOW, url])
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut lines = BufReader::new(child.stdout.take().context("no output")?).lines();
    let first = lines.next().context("the follower has ended");
    let ready = begun.elapsed();
    let read = || -> Result<Followed> {
        let ready_line: Value = serde_json::from_str(&first??)?;
        ensure!(ready_line["ready"] == true, "{ready_line}");
        let memory = cpu::memory_bytes(child.id(), "VmRSS").context("the follower has ended")?;
        let second: Value = serde_json::from_str(&lines.next().context("the follower has ended")??)?;
        let read_us = second["read_us"].as_f64().context("no figure")?;
        Ok(Followed { ready, memory, read_us })
    };
    let read = read();
    if end == End::InOrder {
        drop(child.stdin.take());
    } else {
        child.kill()?;
    }
    child.wait()?;
    read
}

/// The name of a snapshot in a follower's folder, and of the file that says which block it is of.
const SNAPSHOT: &str = "snapshot";
const SNAPSHOT_BLOCK: &str = "snapshot-block";

/// Has a follower in this folder begin with a snapshot of a chain that runs; how long writing it took.
pub(crate) fn write_snapshot(quorate: &Path, folder: &Path, url: &str) -> Result<Duration> {
    let begun = Instant::now();
    let out = folder.join(SNAPSHOT);
    let written =
        Command::new(quorate).args(["chain", "snapshot", "--rpc", url, "--out"]).arg(&out).output()?;
    ensure!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
    let text = String::from_utf8(written.stdout)?;
    fs::write(folder.join(SNAPSHOT_BLOCK), text.lines().next().context("no block")?)?;
    Ok(begun.elapsed())
}

fn snapshot_in(folder: &Path) -> Result<Option<SnapshotFile>> {
    let Ok(text) = fs::read_to_string(folder.join(SNAPSHOT_BLOCK)) else { return Ok(None) };
    let (number, hash) = text.split_once(':').context("no block")?;
    let block = BlockId { number: number.parse()?, hash: hash.parse()? };
    let voucher = Voucher::Operator(block);
    Ok(Some(SnapshotFile { path: folder.join(SNAPSHOT), voucher, asking: START_MAX, patience: START_MAX }))
}

/// Such a process: says when it is ready, and then what a read takes.
#[expect(clippy::print_stdout, reason = "the bench that started it reads this")]
pub(crate) async fn be_follower(url: &str, folder: &Path) -> Result<()> {
    let rpc = RpcClient::new(url)?;
    let head = rpc.call("quorate_head", json!([]), CallBounds::default()).await?;
    let wanted = head["latest"]["number"].as_u64().context("no head")?;
    let genesis = genesis()?;
    let config = FollowConfig {
        rpc_url: url.into(),
        genesis_hash: genesis_hash(&genesis),
        head_key: genesis.head_key,
        contracts: contracts()?,
        creations: Vec::new(),
        catch_up_max: CATCH_UP_MAX,
        state: Some(StateFile { path: folder.join("registry.redb"), secret: [9; 32] }),
        trust: Trust::default(),
        snapshot: snapshot_in(folder)?,
    };
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let (view, follower) = follow(config, async { drop(stopped.await) })?;
    let mut changes = view.watch();
    while view.head().map_or(0, |head| head.finalized.number) < wanted {
        changes.changed().await?;
    }
    println!("{}", json!({ "ready": true }));
    let tokens: Vec<U256> = serde_json::from_str(&fs::read_to_string(folder.join("tokens.json"))?)?;
    // What is read most often is near; the first turn is not counted.
    read_grants(&view, &tokens, tokens.len())?;
    let begun = Instant::now();
    read_grants(&view, &tokens, READS)?;
    let read_us = begun.elapsed().as_secs_f64() * 1e6 / READS as f64;
    println!("{}", json!({ "read_us": read_us }));
    // Until the bench closes it.
    tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink())).await??;
    drop((stop, view));
    follower.wait().await;
    Ok(())
}

fn read_grants(view: &RegistryView, tokens: &[U256], count: usize) -> Result<()> {
    let subject = Subject::Action(action());
    for token in tokens.iter().cycle().take(count) {
        ensure!(view.grant(*token, &subject, At::Latest)?.member, "the grant is there");
    }
    Ok(())
}
