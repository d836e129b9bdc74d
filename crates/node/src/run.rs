//! A node from its start to its end.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, anyhow};
use quorate_actions::{Guest, Pool, PoolConfig, WorkerCommand};
use quorate_door::{Bounds, Places, Server};
use quorate_engine::StartError;
use quorate_registry::{
    follow::{SnapshotFile, VouchForBlock},
    rpc_client::RpcClient,
    tx_client::TxClient,
    view::RegistryView,
};
use quorate_wire::NetworkFile;
use tokio::{
    sync::{Semaphore, watch},
    task::JoinSet,
};

use crate::{
    brain::{self, Brain, Ending, Halted, Hands, StatusBoard},
    chain::{self, Contradictions, Feed, RootsDesk, Submitter, Vouchers},
    chains::Chains,
    clock::Clock,
    code::{CodeFinder, Sources},
    config::Config,
    egress::{AddressGuard, Block, Egress, HostList, NodeNames, Policy, parse_block},
    endpoints::EndpointBoard,
    faults::Outgoing,
    http::{self, Api, Waiting},
    inbox::Inbox,
    issuers::{self, IssuerDesk},
    member::Member,
    metrics::Metrics,
    signed_out::SignedOutBoard,
    store::StoreError,
    transport::{Links, Membership, Transport},
    workers::{Events, Workers},
};

/// The exit status of a process whose node must not be started again by itself: [`Halted`].
pub const EXIT_HALTED: u8 = 3;
/// Time for everything but running executions to end.
const STOP: Duration = Duration::from_secs(3);

/// Where a running node listens.
#[derive(Debug, Clone, Copy)]
pub struct Listening {
    /// The HTTP interface.
    pub http: SocketAddr,
    /// The interface to other nodes.
    pub quic: SocketAddr,
}

/// The exit status of a process whose node ended with this error.
#[must_use]
pub fn exit_status(error: &anyhow::Error) -> u8 {
    let broken = error.downcast_ref::<StartError>();
    let moved = matches!(error.downcast_ref(), Some(StoreError::Moved(_)));
    let stays =
        moved || matches!(broken, Some(StartError::FaultAssumptionBroken { .. })) || error.is::<Halted>();
    if stays { EXIT_HALTED } else { 1 }
}

/// Runs a node until `shutdown` is ready, and then ends it in order.
///
/// # Errors
/// What keeps it from starting, or why it had to stop by itself.
pub async fn run(config: Config, shutdown: impl Future<Output = ()>) -> anyhow::Result<()> {
    run_with(config, shutdown, |_| {}).await
}

/// As [`run`]; says where it listens as soon as it does.
///
/// # Errors
/// As [`run`].
pub async fn run_with(
    config: Config,
    shutdown: impl Future<Output = ()>,
    listening: impl FnOnce(Listening),
) -> anyhow::Result<()> {
    tracing::info!("configuration:\n{config}");
    let mut node = Node::start(&config).await?;
    listening(node.listening);
    let outcome = tokio::select! {
        () = shutdown => Ok(()),
        reason = node.failed() => Err(reason),
    };
    match &outcome {
        Ok(()) => tracing::info!("stopping"),
        Err(reason) => tracing::error!("stopping: {reason:#}"),
    }
    let stopped = node.stop(outcome.is_ok(), Duration::from_millis(config.limits.drain_ms)).await;
    crate::log::flush_log();
    stopped?;
    outcome
}

/// A running node.
struct Node {
    listening: Listening,
    loops: Loops,
    transport: Transport,
    engine: brain::Ended,
    engine_ended: bool,
    inbox: Inbox,
    pool: Pool,
    waiting: Arc<Waiting>,
    board: Arc<StatusBoard>,
    stop_http: watch::Sender<bool>,
    stop_chain: watch::Sender<bool>,
}

/// Loops that run for ever, by name.
type Loops = JoinSet<(&'static str, anyhow::Result<()>)>;

impl Node {
    async fn start(config: &Config) -> anyhow::Result<Self> {
        let member = Member::load(config)?;
        let (store, stored) = member.open_store(config)?;
        let clock = Clock::start();
        let metrics = Metrics::new();
        let endpoints = Arc::new(EndpointBoard::new(&member.network, member.me));
        let code = start_code(config, &endpoints, &metrics)?;
        let (inbox, outlet) = Inbox::new(metrics.clone());
        let mut loops = Loops::new();

        // The limit of open files and both sockets before anything is changed: a taken port leaves no trace.
        quorate_door::descriptors::allow(descriptors(config)).context("the limits of this node")?;
        let server = Server::bind(config.http_listen, Bounds::new(config.limits.http_connections))
            .await
            .with_context(|| format!("the HTTP socket {}", config.http_listen))?;
        let membership = Membership::new(&member.network, member.me, endpoints.clone());
        let names = endpoints.peers().into_iter().map(|peer| (peer, member.network.named(peer)));
        let links = Links::new(Arc::new(inbox.clone()), names.collect());
        let transport = Transport::start(
            (config.quic_listen, &member.keys.transport),
            (membership, probe_word(member.guest_hash())),
            links.clone(),
            &metrics,
        )?;
        let listening = Listening { http: server.local_address()?, quic: transport.local_address()? };

        let (engine, first) = member.engine(config, &stored, clock)?;
        drop(stored);
        if let Some(own) = engine.status().endpoint {
            endpoints.note(member.me, own);
        }
        let board = Arc::new(StatusBoard::new(engine.status()));
        let waiting = Waiting::new(config.limits.http_waiting);
        let (stop_chain, stopping) = watch::channel(false);
        let contradictions = Arc::new(Contradictions::open(member.network.clone(), &config.data_folder));
        let place = chain::Place {
            rpc_url: config.chain_rpc.clone(),
            trust: config.chain_trust()?,
            state: member.registry_state(config),
            snapshot: snapshot(config, &member, (&endpoints, &contradictions))?,
        };
        let feed = Feed::start(member.network.clone(), place, clock, stopped(stopping))?;
        let registry = feed.view();
        let (pool, workers) = start_workers(
            config,
            &member,
            (&inbox, &metrics, &registry),
            (code.clone(), &endpoints),
            &mut loops,
        )?;
        let roots_desk = Arc::new(RootsDesk::default());
        start_submitter(config, &member, (&roots_desk, &registry, &metrics), &mut loops)?;
        let issuers = Arc::new(IssuerDesk::default());
        start_issuers(config, &member, (&issuers, &inbox, &registry, &metrics), &mut loops)?;
        let signed_out = Arc::new(SignedOutBoard::of(&first));
        let outgoing = Outgoing::new(config.faults.clone().unwrap_or_default(), &member.keys.statement);
        let (waiting_for_hands, metrics_for_hands) = (waiting.clone(), metrics.clone());
        let hands = Hands {
            store,
            data_folder: config.data_folder.clone(),
            links,
            waiting: waiting_for_hands,
            workers,
            issuers: issuers.clone(),
            signed_out: signed_out.clone(),
            roots_desk: roots_desk.clone(),
            endpoints,
            network: member.network.clone(),
            metrics: metrics_for_hands,
            outgoing,
            fault_log: crate::fault_log::FaultLog::new(member.network.clone()),
        };
        let brain = Brain { engine, first, outlet, hands, clock, board: board.clone() };
        let engine = brain.spawn().context("the engine's thread")?;

        let (feed_inbox, feed_metrics) = (inbox.clone(), metrics.clone());
        loops.spawn(async move { ("chain", feed.run(feed_inbox, feed_metrics).await) });
        let api = Api {
            network: member.network.clone(),
            me: member.me,
            guest: member.guest_hash(),
            inbox: inbox.clone(),
            waiting: waiting.clone(),
            board: board.clone(),
            registry,
            speaker: chain::BlockSpeaker::new(
                member.network.clone(),
                member.me,
                member.keys.statement.clone(),
            ),
            contradictions,
            metrics: metrics.clone(),
            code,
            issuers,
            signed_out,
            roots_desk,
            code_writes: Semaphore::new(http::CODE_WRITES),
            code_room: http::Room::new(http::CODE_ROOM, http::CODE_ROOM_PER_SOURCE),
            body_room: Places::new(http::body_units(config.limits.http_body_bytes)),
        };
        let router = http::router(Arc::new(api), listening.http);
        let (stop_http, stopping) = watch::channel(false);
        let heartbeat = metrics.heartbeat("http");
        loops.spawn(async move {
            server.run(router, stopping, || heartbeat.beat()).await;
            ("http", Ok(()))
        });
        tracing::info!(node = member.network.named(member.me), http = %listening.http, quic = %listening.quic, "started");
        Ok(Node {
            listening,
            loops,
            transport,
            engine,
            engine_ended: false,
            inbox,
            pool,
            waiting,
            board,
            stop_http,
            stop_chain,
        })
    }

    /// Ends when a part of the node has ended that should run for ever. The process then ends with the
    /// reason: whoever supervises it starts a whole node again, instead of half of one going on.
    async fn failed(&mut self) -> anyhow::Error {
        tokio::select! {
            ended = &mut self.engine => {
                self.engine_ended = true;
                match ended {
                    Ok(Err(Ending::Halted(halted))) => halted.into(),
                    Ok(Err(Ending::Store(error))) => error.into(),
                    Ok(Ok(())) | Err(_) => anyhow!("the engine has ended"),
                }
            }
            () = self.transport.ended() => anyhow!("a loop of the transport has ended"),
            ended = self.loops.join_next() => match ended {
                Some(Ok((_, Err(reason)))) => reason,
                Some(Ok((name, Ok(())))) => anyhow!("the loop {name:?} has ended"),
                Some(Err(_)) => anyhow!("a loop has panicked"),
                None => anyhow!("no loop is left"),
            },
        }
    }

    /// Takes no new executions, lets those that run end, and ends everything in order.
    async fn stop(self, graceful: bool, drain: Duration) -> anyhow::Result<()> {
        if graceful {
            self.inbox.drain();
            let drained = wait_idle(&self.waiting, &self.board, Instant::now() + drain).await;
            if !drained {
                tracing::warn!("executions that did not end in time are given up");
            }
        }
        let mut loops = self.loops;
        self.stop_http.send_replace(true);
        self.stop_chain.send_replace(true);
        let _ = tokio::time::timeout(STOP, self.pool.shutdown()).await;
        self.transport.stop().await;
        self.inbox.stop();
        let engine = if self.engine_ended {
            Ok(())
        } else {
            match tokio::time::timeout(STOP, self.engine).await {
                Ok(Ok(outcome)) => outcome.map_err(anyhow::Error::from),
                Ok(Err(_)) => Err(anyhow!("the engine has ended without a word")),
                Err(_) => Err(anyhow!("the engine did not stop in time")),
            }
        };
        loops.shutdown().await;
        engine
    }
}

/// Files that the node can come to have open: connections of callers, those of actions' requests, and workers, with some
/// for all that has bounds of its own.
fn descriptors(config: &Config) -> usize {
    /// The socket of a worker, its log, and what its start takes for a moment.
    const OF_WORKER: usize = 8;
    /// Code that is looked for, keys of issuers, names that are resolved, reads of chains, the stores.
    const OTHERS: usize = 512;
    let limits = &config.limits;
    limits.http_connections + limits.fetches + limits.workers * OF_WORKER + OTHERS
}

/// Starts the pool of action workers, and what carries its events and the actions' requests.
fn start_workers(
    config: &Config,
    member: &Member,
    (inbox, metrics, view): (&Inbox, &Arc<Metrics>, &RegistryView),
    (code, endpoints): (CodeFinder, &Arc<EndpointBoard>),
    loops: &mut Loops,
) -> anyhow::Result<(Pool, Workers)> {
    let (pool, events) = Pool::new(pool_config(config, &member.network, member.guest.clone())?);
    let names = NodeNames::new(endpoints.places());
    let egress = Arc::new(egress(config, &member.network, names.hosts())?);
    let workers = Workers::new(pool.clone(), inbox.clone(), tokio::runtime::Handle::current(), code);
    let events = Events {
        workers: workers.clone(),
        events,
        egress: egress.clone(),
        chains: Chains::new(view.clone(), member.network.chain.id, config.chains.clone(), egress.clone())
            .context("the threads that read the chain for actions")?,
        metrics: metrics.clone(),
        fetches_per_execution: config.limits.fetches_per_execution,
        room: Places::new(config.limits.request_bytes),
        faults: config.faults.clone().unwrap_or_default(),
    };
    loops.spawn(async move {
        events.run().await;
        ("workers", Ok(()))
    });
    let heartbeat = metrics.heartbeat("node-names");
    let endpoints = endpoints.clone();
    loops.spawn(async move {
        names.watch(endpoints, egress, heartbeat).await;
        ("node-names", Ok(()))
    });
    Ok((pool, workers))
}

/// Opens what is kept of actions' code, with a way out of its own: what looks for code takes no place of actions.
fn start_code(
    config: &Config,
    endpoints: &Arc<EndpointBoard>,
    metrics: &Arc<Metrics>,
) -> anyhow::Result<CodeFinder> {
    /// Requests for code at the same time.
    const PLACES: usize = 64;
    let policy = Policy {
        // Content that is named by its hash needs no other proof.
        allow_http: true,
        loopback_ports: config.code.allow_loopback_ports.iter().copied().collect(),
        // The gateways are the operator's own choice; what actions may reach is another matter.
        hosts: Vec::new(),
    };
    let egress = Egress::new(policy, address_guard(config)?, PLACES)
        .context("the TLS configuration of requests for code")?;
    let sources = Sources::new(endpoints.clone(), &config.code, Arc::new(egress));
    let folder = config.data_folder.join("code");
    CodeFinder::open(&folder, &config.code, sources, metrics.clone()).context("the folder of actions' code")
}

/// The chain's snapshot to begin with, and a way of its own to the members who may have to vouch for it.
fn snapshot(
    config: &Config,
    member: &Member,
    (endpoints, contradictions): (&Arc<EndpointBoard>, &Arc<Contradictions>),
) -> anyhow::Result<Option<SnapshotFile>> {
    let egress = Egress::new(Policy::default(), AddressGuard::default(), 1)
        .context("the TLS configuration of requests to members")?;
    let members = || -> Arc<dyn VouchForBlock> {
        let network = member.network.clone();
        let way = (endpoints.clone(), Arc::new(egress));
        Arc::new(Vouchers::new(network, member.me, way, contradictions.clone()))
    };
    Ok(config.snapshot(members)?)
}

/// Starts the loop that fetches the keys of issuers.
fn start_issuers(
    config: &Config,
    member: &Member,
    (desk, inbox, view, metrics): (&Arc<IssuerDesk>, &Inbox, &RegistryView, &Arc<Metrics>),
    loops: &mut Loops,
) -> anyhow::Result<()> {
    let denied = denied(config)?;
    let fetcher = issuers::Fetcher::new(move || AddressGuard::new(denied.clone()))
        .context("the TLS configuration of requests to issuers")?;
    let watch = issuers::Watch::open(
        (member.network.clone(), view.clone()),
        (desk.clone(), inbox.clone()),
        fetcher,
        (&config.issuers, &config.data_folder.join("issuers")),
    )
    .context("the folder of issuers' keys")?;
    let heartbeat = metrics.heartbeat("issuers");
    loops.spawn(async move {
        watch.run(heartbeat).await;
        ("issuers", Ok(()))
    });
    Ok(())
}

/// Starts the loop that sends the nodes' votes to the chain, if this node's operator pays for it.
fn start_submitter(
    config: &Config,
    member: &Member,
    (desk, view, metrics): (&Arc<RootsDesk>, &RegistryView, &Arc<Metrics>),
    loops: &mut Loops,
) -> anyhow::Result<()> {
    let Some(payer) = &member.payer else { return Ok(()) };
    let rpc =
        RpcClient::trusting(config.chain_rpc.expose(), &config.chain_trust()?).context("the chain's URL")?;
    let submitter = Submitter {
        client: TxClient::by(rpc, member.network.chain.id, payer.clone()),
        contracts: chain::contracts(&member.network),
        view: view.clone(),
        desk: desk.clone(),
    };
    let metrics = metrics.clone();
    loops.spawn(async move {
        submitter.run(metrics).await;
        ("pay", Ok(()))
    });
    Ok(())
}

async fn stopped(mut stopping: watch::Receiver<bool>) {
    // A sender that is gone means the same.
    let _ = stopping.wait_for(|stop| *stop).await;
}

/// Waits until no caller waits and no run is in progress.
async fn wait_idle(waiting: &Waiting, board: &StatusBoard, until: Instant) -> bool {
    const LOOK: Duration = Duration::from_millis(20);
    while waiting.count() > 0 || board.read().running > 0 {
        if Instant::now() >= until {
            return false;
        }
        tokio::time::sleep(LOOK).await;
    }
    true
}

/// What this node says of itself to a member that checks.
fn probe_word(guest: quorate_wire::Digest) -> quorate_wire::ProbeWord {
    quorate_wire::ProbeWord {
        time_ms: 0,
        release: env!("CARGO_PKG_VERSION").to_owned(),
        guest,
        running: true,
    }
}

pub(crate) fn pool_config(
    config: &Config,
    network: &NetworkFile,
    guest: Guest,
) -> anyhow::Result<PoolConfig> {
    let worker = match config.worker.as_deref() {
        Some([program, arguments @ ..]) => WorkerCommand::new(program, arguments),
        _ => WorkerCommand::new(std::env::current_exe().context("the path of this program")?, ["worker"]),
    };
    let mut pool = PoolConfig::new(worker, guest);
    pool.workers_max = config.limits.workers;
    pool.blank_workers = config.limits.blank_workers;
    pool.worker_memory_bytes = config.limits.worker_memory_bytes as u64;
    pool.required_walls = config.walls(network)?;
    pool.cgroup.clone_from(&config.worker_cgroup);
    Ok(pool)
}

fn egress(config: &Config, network: &NetworkFile, nodes: BTreeSet<String>) -> anyhow::Result<Egress> {
    let policy = Policy {
        allow_http: config.egress.allow_http,
        loopback_ports: config.egress.allow_loopback_ports.iter().copied().collect(),
        hosts: HostList::all(&config.egress.allow_hosts, network.allow_hosts.as_deref())
            .map_err(anyhow::Error::msg)?,
    };
    let guard = address_guard(config)?.without_nodes(nodes);
    Egress::new(policy, guard, config.limits.fetches).context("the TLS configuration of outbound requests")
}

fn address_guard(config: &Config) -> anyhow::Result<AddressGuard> {
    denied(config).map(AddressGuard::new)
}

fn denied(config: &Config) -> anyhow::Result<Vec<Block>> {
    let denied = config.egress.deny.iter().map(|text| {
        parse_block(text).with_context(|| format!("egress.deny: {text:?} is not an address or a block"))
    });
    denied.collect()
}

/// What the board shows, for tests of this crate.
#[cfg(test)]
pub(crate) fn empty_status() -> quorate_engine::EngineStatus {
    quorate_engine::EngineStatus {
        ready: false,
        waiting_for: Some("a test".to_owned()),
        waiting_code: Some(quorate_wire::ErrorCode::NotReady),
        roots: None,
        certificate: None,
        decrypt_polynomial: Vec::new(),
        incarnation: 0,
        running: 0,
        remembered: 0,
        kept_for_peers: 0,
        endpoint: None,
        peers: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_must_not_go_on_has_an_exit_status_of_its_own() {
        let halted = || Halted { reason: "this node was moved".to_owned() };
        assert_eq!(exit_status(&halted().into()), 3);
        assert_eq!(exit_status(&anyhow::Error::from(halted()).context("more")), 3);
        let broken = StartError::FaultAssumptionBroken { cheats: Vec::new() };
        assert_eq!(exit_status(&broken.into()), 3);
        assert_eq!(exit_status(&StoreError::Moved("data/moved".into()).into()), 3);
        assert_eq!(exit_status(&StartError::Config("x".to_owned()).into()), 1);
        assert_eq!(exit_status(&anyhow!("a loop has panicked")), 1);
    }
}
