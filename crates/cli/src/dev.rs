//! `quorate dev`: a network of real processes on this machine, from nothing to ready, until Ctrl-C.

mod founding;
mod lit;
mod process;
mod ready;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use quorate_node::Config;
use quorate_wire::NetworkFile;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::args::DevArgs;
use crate::output::Output;
use crate::ports::Ports;
use crate::shutdown;
use crate::state::{Running, State, write_whole};
use founding::Founded;
pub(crate) use founding::LOGIN_DOMAIN;
use process::{Event, Spec, Supervised};

/// Reports of processes that nobody has read yet.
const EVENTS: usize = 256;
/// Deaths while the network starts, after which it is given up.
const DEATHS_MAX: usize = 10;

/// Starts the network, keeps it running, ends it in order.
pub(crate) async fn run(args: DevArgs, output: Output) -> Result<()> {
    let begun = Instant::now();
    // A network without a guest would start and then run nothing: say so first.
    let guest = quorate_actions::Guest::locate(None)?;
    quorate_actions::Guest::load(&guest)?;
    let state = State::at(&std::path::absolute(&args.dir)?);
    state.claim(args.adopt)?;
    let _lock = state.lock()?;
    // What can not be done is said even to somebody who has left already.
    let plan = founding::plan(&state, &args, &mut Ports::default())?;
    let mut stop = Box::pin(shutdown::requested(args.follow_stdin)?);
    let (reports, events) = mpsc::channel(EVENTS);
    let restart = !args.no_restart;
    let mut network = Network { state, output, reports, events, restart, chain: None, nodes: Vec::new() };
    let result = tokio::select! {
        result = network.start_and_serve(&args, plan, begun) => result,
        () = &mut stop => Ok(()),
    };
    network.end().await;
    result
}

/// The processes, and what they say.
struct Network {
    state: State,
    output: Output,
    reports: mpsc::Sender<Event>,
    events: mpsc::Receiver<Event>,
    restart: bool,
    chain: Option<Supervised>,
    nodes: Vec<Supervised>,
}

impl Network {
    /// Returns only with an error: a running network ends when it is told to.
    async fn start_and_serve(&mut self, args: &DevArgs, plan: founding::Plan, begun: Instant) -> Result<()> {
        let first = plan.network.is_none();
        self.output.progress(&format!(
            "{} {} nodes, any {} sign; state in {}",
            if first { "a new network:" } else { "going on:" },
            plan.keys.len(),
            plan.threshold,
            self.state.folder().display()
        ));
        self.start_chain(&plan, args.block_time)?;
        let within = Duration::from_secs(args.ready_within);
        let (state, output) = (self.state.clone(), self.output);
        let founded = self.watching(within, founding::found(&state, plan, output)).await?;
        self.start_nodes(&founded, &args.allow_loopback_port)?;
        self.state
            .write_running(&Running { chain_rpc: founded.chain_rpc.clone(), process: std::process::id() })?;
        self.watching(within, ready::all_ready(founded.network.clone(), output)).await?;
        self.announce(&founded, args, begun)?;
        while let Some(event) = self.events.recv().await {
            show(self.output, &event);
        }
        bail!("nothing supervises the processes any more")
    }

    fn start_chain(&mut self, plan: &founding::Plan, block_time: Option<u64>) -> Result<()> {
        let mut arguments =
            vec!["chain".into(), "--faucet".into(), "--dir".into(), self.state.chain_path().into_os_string()];
        if let Some(seconds) = block_time {
            arguments.extend(["--block-time".into(), seconds.to_string().into()]);
        }
        let listen =
            [OsString::from("--listen"), plan.chain_listen.to_string().into(), "--follow-stdin".into()];
        self.chain = Some(self.start("chain", arguments.into_iter().chain(listen).collect())?);
        Ok(())
    }

    fn start_nodes(&mut self, founded: &Founded, loopback_ports: &[u16]) -> Result<()> {
        for index in founded.network.indices() {
            let config = self.state.node_path(index.get()).join("node.toml");
            let mut arguments: Vec<OsString> =
                vec!["node".into(), "--config".into(), config.into_os_string(), "--follow-stdin".into()];
            for port in loopback_ports {
                arguments.extend(["--allow-loopback-port".into(), port.to_string().into()]);
            }
            let node = self.start(&format!("node-{index}"), arguments)?;
            self.nodes.push(node);
        }
        Ok(())
    }

    fn start(&self, name: &str, arguments: Vec<OsString>) -> Result<Supervised> {
        let spec =
            Spec { name: name.to_owned(), arguments, log: self.state.log_path(name), restart: self.restart };
        Supervised::start(spec, self.reports.clone())
    }

    /// Does something that takes the processes to live, and shows what becomes of them meanwhile.
    async fn watching<T>(&mut self, within: Duration, work: impl Future<Output = Result<T>>) -> Result<T> {
        let mut deaths = 0;
        let late = tokio::time::sleep(within);
        tokio::pin!(work, late);
        loop {
            tokio::select! {
                result = &mut work => return result,
                () = &mut late => bail!(
                    "the network is not ready after {} s; the logs are in {}",
                    within.as_secs(),
                    self.state.folder().display()
                ),
                Some(event) = self.events.recv() => {
                    show(self.output, &event);
                    if let Event::Died { name, .. } = &event {
                        deaths += 1;
                        // A process that dies again and again while starting will not become ready.
                        if deaths > DEATHS_MAX || !self.restart {
                            let log = self.state.log_path(name);
                            bail!("{name} does not start: {}", last_line(&log));
                        }
                    }
                }
            }
        }
    }

    fn announce(&self, founded: &Founded, args: &DevArgs, begun: Instant) -> Result<()> {
        let mut value = describe(&self.state, founded);
        let open = open_ports(&self.state, &founded.network, &args.allow_loopback_port)?;
        value["loopback_ports"] = json!(open);
        let processes = self.chain.iter().chain(&self.nodes).map(Supervised::first_process);
        value["processes"] = processes.map(|(name, id)| (name.to_owned(), json!(id))).collect();
        if let Some(path) = &args.ready_file {
            write_whole(path, value.to_string().as_bytes(), 0o644)?;
        }
        let network = &founded.network;
        self.output.result(&value, || {
            let mut lines = vec![format!(
                "ready after {:.1} s: network {}, {} nodes, any {} sign",
                begun.elapsed().as_secs_f64(),
                network.id(),
                network.nodes.len(),
                network.threshold
            )];
            for (index, endpoint) in network.indices().zip(&network.endpoints) {
                lines.push(format!("  node {index}    {}   quic {}", endpoint.http, endpoint.quic));
            }
            lines.push(format!("  chain     {}   chain id {}", founded.chain_rpc, network.chain.id));
            lines.push(format!(
                "  test key  {}   {} (has money on this chain only)",
                self.state.wallet_path().display(),
                founded.wallet
            ));
            lines.push(format!("  network   {}", self.state.network_path().display()));
            for (generation, path) in lit::paths(&self.state) {
                lines.push(format!("  lit {generation}    {}", path.display()));
            }
            for (name, address) in &founded.contracts {
                lines.push(format!("  {name:17} {address}"));
            }
            lines.push(format!("  logs      {}", self.state.folder().join("*.log").display()));
            lines.push(advice(network));
            for port in &open {
                lines.push(format!(
                    "Actions may reach port {port} of this machine: any caller may send there what it likes."
                ));
            }
            lines.push("Ctrl-C stops everything; the same folder goes on with the same keys.".to_owned());
            lines.join("\n")
        });
        Ok(())
    }

    /// Ends the nodes, which may still write to the chain, and then the chain.
    async fn end(self) {
        let Network { state, output, reports, mut events, chain, nodes, .. } = self;
        drop(reports);
        if chain.is_some() || !nodes.is_empty() {
            output.progress("stopping");
        }
        let ending = async {
            let stops: Vec<_> = nodes.into_iter().map(|node| tokio::spawn(node.stop())).collect();
            for stop in stops {
                // A task that failed has dropped its child, which kills it.
                let _ = stop.await;
            }
            if let Some(chain) = chain {
                chain.stop().await;
            }
        };
        let showing = async {
            while let Some(event) = events.recv().await {
                show(output, &event);
            }
        };
        tokio::join!(ending, showing);
        state.remove_running();
    }
}

/// What programs read: on standard output with `--json`, and in the ready file.
fn describe(state: &State, founded: &Founded) -> Value {
    let network = &founded.network;
    let nodes: Vec<Value> = network
        .indices()
        .zip(&network.endpoints)
        .map(|(index, endpoint)| json!({ "index": index, "http": endpoint.http, "quic": endpoint.quic }))
        .collect();
    json!({
        "ready": true,
        "network": network.id(),
        "threshold": network.threshold,
        "nodes": nodes,
        "chain": { "rpc": founded.chain_rpc, "id": network.chain.id },
        "wallet": { "key_file": state.wallet_path(), "address": founded.wallet },
        "contracts": founded.contracts,
        "lit": lit::paths(state).into_iter().collect::<BTreeMap<_, _>>(),
        "dir": state.folder(),
        "network_file": state.network_path(),
        "process": std::process::id(),
    })
}

/// The ports of this machine that actions may reach: those of this start, and those that somebody wrote into a `node.toml`.
fn open_ports(state: &State, network: &NetworkFile, of_this_start: &[u16]) -> Result<BTreeSet<u16>> {
    let mut open: BTreeSet<u16> = of_this_start.iter().copied().collect();
    for index in network.indices() {
        let config = Config::as_written(&state.node_path(index.get()).join("node.toml"))?;
        open.extend(config.egress.allow_loopback_ports);
    }
    Ok(open)
}

/// How many nodes may be down.
fn advice(network: &NetworkFile) -> String {
    match network.nodes.len() - usize::from(network.threshold) {
        0 => "Every node is needed: with one down nothing is signed.".to_owned(),
        1 => "One node may be down.".to_owned(),
        more => format!("{more} nodes may be down."),
    }
}

fn show(output: Output, event: &Event) {
    match event {
        Event::Started { restarts: 0, .. } => {}
        Event::Started { name, process, restarts } => {
            output.progress(&format!("{name} runs again (process {process}, start {})", restarts + 1));
        }
        Event::Died { name, how, again_in: Some(wait) } => {
            let wait = wait.as_millis();
            output.progress(&format!("{name} ended by itself ({how}); it is started again in {wait} ms"));
        }
        Event::Died { name, how, again_in: None } => {
            output.progress(&format!("{name} ended by itself ({how})"));
        }
    }
}

/// The last line of a log, for a message.
fn last_line(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("its log is empty").to_owned()
}
