//! A thousand draws to which no value ever comes: what they cost the node, and those who want something else.
//!
//! It needs nodes that are told to lie: they keep their partials back, and do all else as they should.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use quorate_client::{
    ActionSource, Client, ClientOptions, ExecutionCall, Login, LoginBuilder, PreparedRequest, Wallet,
};
use quorate_wire::{Capability, CapabilityAction, CapabilityKey, NetworkFile, NodeIndex};
use serde_json::{Value, json};

use crate::harness::{Folder, Network, try_http};

const DRAW: &str = "Lit.Actions.setResponse({ response: crypto.randomUUID() });";
const NOTHING: &str = "Lit.Actions.setResponse({ response: 'nothing' });";
const DRAWS: usize = 1_000;
const CALLS: usize = 400;
/// Of a node with its workers' private memory.
const MEMORY_MB_MAX: u64 = 700;
/// By the usual rates one login does not come to a thousand at once.
const RATES: [&str; 2] = ["executions_per_second = 400", "login_per_second = 200"];

#[test]
#[ignore = "every draw waits for its deadline of 30 s; cargo xtask ci --full runs it"]
fn a_thousand_draws_without_a_value_end_with_a_code_and_slow_nobody() {
    let folder = Folder::new("waiting");
    Network::start(&folder, &[]).stop();
    for node in 1..=3 {
        folder.lie(node, "member = \"withholds_draws\"");
        let config = folder.path.join(format!("state/node-{node}/node.toml"));
        let text = std::fs::read_to_string(&config).unwrap();
        assert!(RATES.iter().all(|rate| text.contains(rate)), "{text}");
        let raised = RATES.iter().fold(text, |text, rate| text.replacen(rate, &format!("{rate}0"), 1));
        std::fs::write(&config, raised).unwrap();
    }
    let network = Network::start(&folder, &[]);
    let callers = Callers::new(&network);

    let before = callers.calls(CALLS);
    let idle_mb = memory_mb(&network);
    let requests = callers.draws();
    let begun = Instant::now();
    // Threads that only wait for an answer.
    let waiting: Vec<_> = requests
        .into_iter()
        .map(|request| {
            let address = network.http(0);
            std::thread::Builder::new()
                .stack_size(64 << 10)
                .spawn(move || {
                    // An address has half of a node's connections at most; whoever comes then is not heard.
                    let (mut tries, ask) =
                        (0..100, || try_http(&address, "POST /v1/executions", request.body()));
                    let answer = tries.find_map(|_| {
                        ask().or_else(|| {
                            std::thread::sleep(Duration::from_millis(100));
                            None
                        })
                    });
                    let (_, body) = answer.expect("the node never has a connection");
                    (serde_json::from_str::<Value>(&body).unwrap(), begun.elapsed())
                })
                .unwrap()
        })
        .collect();
    std::thread::sleep(Duration::from_secs(4));
    let during = callers.calls(CALLS);
    assert!(begun.elapsed() < Duration::from_secs(28), "they were not measured while draws waited");
    let most_mb = memory_mb(&network);
    let ends: Vec<(Value, Duration)> = waiting.into_iter().map(|thread| thread.join().unwrap()).collect();

    // There is room again, and what else keeps the machine busy shows by this.
    let after = callers.calls(CALLS);
    let mut by_code: BTreeMap<&str, (usize, Duration)> = BTreeMap::new();
    for (problem, after) in &ends {
        let code = problem["code"].as_str().unwrap_or_else(|| panic!("an end without a code: {problem}"));
        let (count, latest) = by_code.entry(code).or_default();
        (*count, *latest) = (*count + 1, (*latest).max(*after));
    }
    println!(
        "draws by how they ended, and when the last did: {by_code:?}\n\
         memory of each node with its workers: {idle_mb:?} MB before, {most_mb:?} MB while they waited\n\
         an empty action, p50 / p99: {:?} before, {:?} meanwhile, {:?} afterwards",
        percentiles(&before),
        percentiles(&during),
        percentiles(&after),
    );
    let waited = ends.iter().filter(|end| end.0["code"] != "overloaded").count();
    assert!(waited >= 100, "{waited} draws waited");
    assert!(most_mb.iter().all(|mb| *mb <= MEMORY_MB_MAX), "{most_mb:?} MB");
    network.stop();
}

/// Who draws, and who wants something else, of another node.
struct Callers {
    client: Client,
    draws: Login,
    other: Login,
    runtime: tokio::runtime::Runtime,
}

impl Callers {
    fn new(network: &Network) -> Callers {
        let text = std::fs::read_to_string(network.state().join("network.json")).unwrap();
        let file = NetworkFile::parse(&text).unwrap();
        let login = |wallet: &Wallet| {
            let any = Capability::Use { key: CapabilityKey::Any, action: CapabilityAction::Any };
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
            let builder = LoginBuilder::new(&file, "localhost").allow(any);
            let mut entropy = rand_core::UnwrapErr(getrandom::SysRng);
            builder.sign_in(wallet, now.as_millis().try_into().unwrap(), &mut entropy).unwrap()
        };
        let draws = login(&Wallet::from_file(&network.state().join("wallet.key")).unwrap());
        let other = login(&Wallet::from_bytes(&[7; 32]).unwrap());
        let options = ClientOptions { first: NodeIndex::new(2), ..ClientOptions::default() };
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        Callers { client: Client::new(file, options).unwrap(), draws, other, runtime }
    }

    /// Signed requests, each its own.
    fn draws(&self) -> Vec<Arc<PreparedRequest>> {
        let call = call(DRAW);
        let prepare = || self.runtime.block_on(self.client.prepare(&self.draws, &call));
        (0..DRAWS).map(|_| Arc::new(prepare().unwrap())).collect()
    }

    /// Times of empty actions, one after the other, ascending.
    fn calls(&self, count: usize) -> Vec<Duration> {
        let call = call(NOTHING);
        let mut times: Vec<Duration> = (0..count)
            .map(|_| {
                let begun = Instant::now();
                let ran = self.runtime.block_on(self.client.execute(&self.other, &call)).unwrap();
                assert_eq!(ran.reply.response.as_deref(), Some("nothing"));
                begun.elapsed()
            })
            .collect();
        times.sort();
        times
    }
}

fn call(code: &str) -> ExecutionCall {
    ExecutionCall::new(ActionSource::Code(code.to_owned()), &json!({})).unwrap()
}

fn percentiles(times: &[Duration]) -> [Duration; 2] {
    [50, 99].map(|percent| times[(times.len() * percent / 100).min(times.len() - 1)])
}

/// Of each node: what it has resident, and what its workers have alone.
fn memory_mb(network: &Network) -> Vec<u64> {
    let processes = network.ready["processes"].as_object().unwrap();
    let nodes = processes.iter().filter(|(name, _)| name.starts_with("node-"));
    let pids = nodes.map(|(_, pid)| pid.as_u64().unwrap());
    let all = all_processes();
    pids.map(|node| {
        let workers = all.iter().filter(|(_, parent)| *parent == node);
        let private: u64 = workers.map(|(pid, _)| kilobytes(*pid, "smaps_rollup", "Private_")).sum();
        (kilobytes(node, "status", "VmRSS:") + private) >> 10
    })
    .collect()
}

/// Every process, and its parent.
fn all_processes() -> Vec<(u64, u64)> {
    let pids = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
    pids.filter_map(|pid: u64| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name in brackets may have anything in it.
        let parent = stat.rsplit(')').next()?.split_whitespace().nth(1)?.parse().ok()?;
        Some((pid, parent))
    })
    .collect()
}

/// Sum of a file's lines that begin so, in kB.
fn kilobytes(pid: u64, file: &str, name: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
    let lines = text.lines().filter(|line| line.starts_with(name));
    lines.filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).sum()
}
