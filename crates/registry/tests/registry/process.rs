//! A chain, or one who follows it, in a process of its own: this test program, told to be one.
//!
//! Such a process can be killed at any moment, and its memory is nobody else's.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use k256::ecdsa::SigningKey;
use quorate_registry::{
    alloy_primitives::{Address, B256, Bytes, U256},
    artifacts::Contracts,
    chain::{ChainConfig, Genesis, TxRequest, address_of, genesis_hash, serve, sign_1559},
    deploy::addresses,
    follow::{CATCH_UP_MAX, FollowConfig, Follower, StateFile, Trust, follow},
    rpc_client::{CallBounds, RpcCallError, RpcClient},
    view::RegistryView,
};
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt as _, sync::oneshot};

use crate::{
    doors,
    network::{CHAIN_ID, Stop, config, genesis, head_public, key, loopback},
};

/// What such a process is told: what it is, where, and whom it follows.
const ROLE: &str = "QUORATE_TEST_ROLE";
const FOLDER: &str = "QUORATE_TEST_FOLDER";
const URL: &str = "QUORATE_TEST_URL";
/// How long it may take to be there, on a busy machine.
const START_MAX: Duration = Duration::from_secs(300);
/// Accounts with money besides those of every test.
pub(crate) const SENDERS: usize = 64;
/// Above the most that a gas ever costs before tips.
pub(crate) const FEE: u128 = 250_000_000_000;

/// Block 0 of these chains.
pub(crate) fn rich_genesis() -> Genesis {
    let mut genesis = genesis();
    let rich = U256::from(10).pow(U256::from(24));
    let names = (0..SENDERS).map(sender_name).chain(["faucet".to_owned()]);
    genesis.accounts.extend(names.map(|name| (address_of(key(&name).verifying_key()), rich)));
    genesis
}

pub(crate) fn sender_name(number: usize) -> String {
    format!("sender {number}")
}

/// Where the registry is on these chains.
pub(crate) fn contracts() -> Contracts {
    addresses(address_of(key("deployer").verifying_key()), 0)
}

/// A process of this program; it is killed when this is dropped.
pub(crate) struct Process {
    child: Child,
    folder: PathBuf,
    /// Where the chain listens.
    pub(crate) address: SocketAddr,
}

impl Process {
    /// Starts a chain in a folder, and waits until it answers. The error is what it said before it ended.
    pub(crate) fn chain(folder: &Path) -> Result<Process, String> {
        let mut process = Self::begin(folder, "chain", "");
        let text = process.wait_for("address")?;
        process.address = text.parse().expect("an address");
        Ok(process)
    }

    /// Starts one who follows a chain, with the state in a folder.
    pub(crate) fn follower(folder: &Path, url: &str) -> Process {
        Self::begin(folder, "follower", url)
    }

    /// Starts a process and waits for nothing.
    pub(crate) fn begin(folder: &Path, role: &str, url: &str) -> Process {
        for left in ["address", "followed"] {
            let _ = fs::remove_file(folder.join(left));
        }
        let said = fs::File::create(folder.join("said")).expect("the folder is there");
        let child = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "process::is_one", "--ignored", "--nocapture", "--quiet"])
            .env(ROLE, role)
            .env(FOLDER, folder)
            .env(URL, url)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(said)
            .spawn()
            .expect("this program starts");
        Process { child, folder: folder.to_owned(), address: loopback() }
    }

    /// Waits until the process has written a file.
    fn wait_for(&mut self, file: &str) -> Result<String, String> {
        let begun = Instant::now();
        loop {
            if let Ok(text) = fs::read_to_string(self.folder.join(file)) {
                return Ok(text);
            }
            if self.child.try_wait().expect("a child").is_some() {
                return Err(self.said());
            }
            assert!(begun.elapsed() < START_MAX, "it is not there: {}", self.said());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits until a follower has counted a statement of this block or a later one.
    pub(crate) fn until_followed(&mut self, number: u64) {
        assert!(self.follows_within(number, START_MAX), "it is not at {number}: {}", self.said());
    }

    /// Whether a follower counts such a statement within a while.
    pub(crate) fn follows_within(&mut self, number: u64, within: Duration) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < within {
            let followed = fs::read_to_string(self.folder.join("followed")).unwrap_or_default();
            if followed.parse().is_ok_and(|followed: u64| followed >= number) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        false
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it wrote to standard error.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(self.folder.join("said")).unwrap_or_default()
    }

    /// The most memory that it has had, in MiB.
    pub(crate) fn peak_mib(&self) -> u64 {
        self.memory("VmHWM:")
    }

    /// The memory that it has, in MiB.
    pub(crate) fn memory_mib(&self) -> u64 {
        self.memory("VmRSS:")
    }

    fn memory(&self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let (_, rest) = status.split_once(name).expect("the kernel counts it");
        let kib: u64 = rest.split_whitespace().next().and_then(|word| word.parse().ok()).expect("a number");
        kib / 1024
    }

    /// Ends it in order. The error is what it said.
    pub(crate) fn stop(mut self) -> Result<(), String> {
        drop(self.child.stdin.take());
        let ended = self.child.wait().expect("a child");
        if ended.success() { Ok(()) } else { Err(self.said()) }
    }

    /// What it says if it ends by itself within a while.
    pub(crate) fn ended_within(&mut self, within: Duration) -> Option<String> {
        let begun = Instant::now();
        while begun.elapsed() < within {
            if self.child.try_wait().expect("a child").is_some() {
                return Some(self.said());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        None
    }

    /// Ends it with SIGKILL.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it ran");
        self.child.wait().expect("a child");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Not a test by itself: what the others start. It runs until standard input ends.
#[test]
#[ignore = "a process for other tests"]
fn is_one() {
    let Ok(role) = std::env::var(ROLE) else { return };
    let folder = PathBuf::from(std::env::var_os(FOLDER).unwrap());
    let (end, ended) = oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        let _ = end.send(());
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let done = runtime.block_on(async move {
        match role.as_str() {
            "chain" => be_chain(&folder, ended).await,
            _ => be_follower(&folder, &std::env::var(URL).unwrap(), ended).await,
        }
    });
    if let Err(error) = done {
        eprintln!("{error}");
        std::process::exit(3);
    }
    std::process::exit(0);
}

async fn be_chain(folder: &Path, ended: oneshot::Receiver<()>) -> Result<(), String> {
    let config = ChainConfig {
        genesis: rich_genesis(),
        faucet: Some(key("faucet")),
        ..config(loopback(), Some(folder))
    };
    let server = serve(config, async { drop(ended.await) }).await.map_err(|error| error.to_string())?;
    write_whole(folder, "address", &server.address.to_string());
    server.wait().await.map_err(|error| error.to_string())
}

async fn be_follower(folder: &Path, url: &str, ended: oneshot::Receiver<()>) -> Result<(), String> {
    let state = StateFile { path: folder.join("registry.redb"), secret: [7; 32] };
    let (stop, stopped) = oneshot::channel::<()>();
    let (view, follower) = following(url, Some(state), async { drop(stopped.await) });
    let mut changes = view.watch();
    let writing = async {
        while changes.changed().await.is_ok() {
            if let Ok(head) = view.head() {
                write_whole(folder, "followed", &head.finalized.number.to_string());
            }
        }
    };
    let mut errors = follower.errors();
    let telling = async {
        while errors.changed().await.is_ok() {
            if let Some(error) = errors.borrow_and_update().clone() {
                eprintln!("{error}");
            }
        }
    };
    tokio::select! {
        () = async { tokio::join!(writing, telling); } => {}
        _ = ended => {}
    }
    drop(stop);
    follower.wait().await;
    Ok(())
}

fn write_whole(folder: &Path, name: &str, text: &str) {
    let new = folder.join(format!("{name}.new"));
    fs::write(&new, text).unwrap();
    fs::rename(new, folder.join(name)).unwrap();
}

/// Follows such a chain.
pub(crate) fn following(
    url: &str,
    state: Option<StateFile>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> (RegistryView, Follower) {
    let config = FollowConfig {
        rpc_url: url.into(),
        genesis_hash: genesis_hash(&rich_genesis()),
        head_key: head_public(),
        contracts: contracts(),
        creations: Vec::new(),
        catch_up_max: CATCH_UP_MAX,
        state,
        trust: Trust::default(),
        snapshot: None,
    };
    follow(config, shutdown).expect("the configuration is good")
}

/// Follows such a chain in memory.
pub(crate) fn follower_in_memory(url: &str) -> (RegistryView, Follower, Stop) {
    let (stop, stopped) = oneshot::channel();
    let (view, follower) = following(url, None, async { drop(stopped.await) });
    (view, follower, stop)
}

/// A long time, for what waits for its block.
pub(crate) const PATIENT: CallBounds =
    CallBounds { deadline: Duration::from_secs(120), answer_bytes_max: 256 << 20 };

/// An account that signs for itself, with a nonce that it counts.
pub(crate) struct Account {
    key: SigningKey,
    pub(crate) nonce: u64,
    pub(crate) rpc: RpcClient,
    pub(crate) fee: u128,
}

impl Account {
    /// An account as the chain knows it.
    pub(crate) async fn of(name: &str, url: &str) -> Result<Account, RpcCallError> {
        let (key, rpc) = (key(name), RpcClient::new(url)?);
        let params = json!([address_of(key.verifying_key()), "latest"]);
        let nonce = number(&rpc.call("eth_getTransactionCount", params, PATIENT).await?);
        Ok(Account { key, nonce, rpc, fee: FEE })
    }

    pub(crate) fn address(&self) -> Address {
        address_of(self.key.verifying_key())
    }

    /// The next transaction.
    pub(crate) fn sign(&mut self, to: Option<Address>, gas: u64, data: Bytes) -> (B256, Bytes) {
        let request = TxRequest {
            chain_id: CHAIN_ID,
            nonce: self.nonce,
            gas_limit: gas,
            max_fee_per_gas: self.fee,
            max_priority_fee_per_gas: 0,
            to,
            value: U256::ZERO,
            data,
        };
        self.nonce += 1;
        sign_1559(&self.key, request)
    }

    /// Sends a transaction; it is in a block then.
    pub(crate) async fn send(
        &mut self,
        to: Option<Address>,
        gas: u64,
        data: Bytes,
    ) -> Result<B256, RpcCallError> {
        let (hash, raw) = self.sign(to, gas, data);
        self.rpc.call("eth_sendRawTransaction", json!([raw]), PATIENT).await?;
        Ok(hash)
    }

    pub(crate) async fn balance(&self) -> U256 {
        let balance = self.rpc.call("eth_getBalance", json!([self.address(), "latest"]), PATIENT).await;
        balance.unwrap().as_str().unwrap().parse().unwrap()
    }
}

/// A number as JSON-RPC writes it.
pub(crate) fn number(value: &Value) -> u64 {
    let digits = value.as_str().and_then(|text| text.strip_prefix("0x"));
    u64::from_str_radix(digits.unwrap_or_else(|| panic!("no number: {value}")), 16).unwrap()
}

/// The newest block that a chain announces: its number and hash.
pub(crate) async fn head(url: &str) -> Result<(u64, String), RpcCallError> {
    let head = RpcClient::new(url)?.call("quorate_head", json!([]), PATIENT).await?;
    Ok(head_of(&head))
}

pub(crate) fn head_of(statement: &Value) -> (u64, String) {
    let latest = &statement["latest"];
    (latest["number"].as_u64().expect("a number"), latest["hash"].as_str().expect("a hash").to_owned())
}

/// The answer to a call from an address of loopback, with how long it took.
pub(crate) async fn ask_from(last: u8, chain: SocketAddr, method: &str, params: &Value) -> (Value, Duration) {
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
    let begun = Instant::now();
    let mut stream = doors::from(last, chain).await;
    let request = doors::head(call.len(), "connection: close\r\n") + &call;
    let _ = stream.write_all(request.as_bytes()).await;
    let answer = doors::rest(&mut stream).await;
    let took = begun.elapsed();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer}"));
    (serde_json::from_str(body).unwrap_or(Value::Null), took)
}
