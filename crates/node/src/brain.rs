//! The engine's own thread: one input at a time, its effects applied in order.
//!
//! Signing costs milliseconds of processor time, so the engine does not share a thread with sockets.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    thread,
    time::{Duration, Instant},
};

use quorate_engine::{Effect, Engine, EngineStatus, Input, NewerStart, Report};
use quorate_wire::{NetworkFile, NodeEndpoint, NodeIndex};
use tokio::sync::oneshot;

use crate::{
    chain::RootsDesk,
    clock::Clock,
    endpoints::EndpointBoard,
    entropy,
    fault_log::FaultLog,
    faults::Outgoing,
    http::{Outcome, Waiting},
    inbox::{Bound, Job, Outlet},
    issuers::IssuerDesk,
    metrics::{Heartbeat, Metrics},
    moving,
    signed_out::SignedOutBoard,
    store::{Store, StoreError},
    transport::Links,
    workers::Workers,
};

/// The engine is looked at for operators at most this often.
const STATUS_INTERVAL: Duration = Duration::from_millis(100);

/// What the engine's effects are applied with.
pub(crate) struct Hands {
    pub(crate) store: Store,
    pub(crate) data_folder: PathBuf,
    pub(crate) links: Arc<Links>,
    pub(crate) waiting: Arc<Waiting>,
    pub(crate) workers: Workers,
    pub(crate) issuers: Arc<IssuerDesk>,
    pub(crate) signed_out: Arc<SignedOutBoard>,
    pub(crate) roots_desk: Arc<RootsDesk>,
    pub(crate) endpoints: Arc<EndpointBoard>,
    pub(crate) network: Arc<NetworkFile>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) outgoing: Outgoing,
    pub(crate) fault_log: FaultLog,
}

/// What the engine last said of itself, and when.
pub(crate) struct StatusBoard(RwLock<(EngineStatus, Instant)>);

impl StatusBoard {
    /// A loop that is well comes round in one heartbeat; what is older than two is not believed.
    const AGE_MAX: Duration = Duration::from_secs(2 * Heartbeat::INTERVAL.as_secs());

    pub(crate) fn new(status: EngineStatus) -> Self {
        StatusBoard(RwLock::new((status, Instant::now())))
    }

    pub(crate) fn publish(&self, status: EngineStatus, now: Instant) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = (status, now);
    }

    /// Reads the board. An engine that stands still is not ready, whatever it said.
    pub(crate) fn read(&self) -> EngineStatus {
        let (mut status, published) = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        let age = published.elapsed();
        if age > Self::AGE_MAX {
            status.ready = false;
            status.waiting_code = None;
            status.waiting_for =
                Some(format!("its engine, of which nothing was heard for {} s", age.as_secs()));
        }
        status
    }
}

/// Why the engine's thread ended by itself.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Ending {
    /// The engine asked for it.
    #[error(transparent)]
    Halted(#[from] Halted),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A node that must not go on, and must not be started again before its operator has looked: it was moved, another copy
/// of it has started, or the keys may be in other hands.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct Halted {
    /// A sentence for the operator.
    pub reason: String,
}

/// Tells how the engine's thread ended.
pub(crate) type Ended = oneshot::Receiver<Result<(), Ending>>;

/// What the thread starts with.
pub(crate) struct Brain {
    pub(crate) engine: Engine,
    pub(crate) first: Vec<Effect>,
    pub(crate) outlet: Outlet,
    pub(crate) hands: Hands,
    pub(crate) clock: Clock,
    pub(crate) board: Arc<StatusBoard>,
}

impl Brain {
    /// Starts the thread. It ends, and closes the store, when it is told to stop, or with a
    /// reason when the engine asks to halt or the store fails.
    pub(crate) fn spawn(self) -> std::io::Result<Ended> {
        let (ended, receiver) = oneshot::channel();
        let heartbeat = self.hands.metrics.heartbeat("engine");
        thread::Builder::new().name("engine".to_owned()).spawn(move || {
            let outcome = catch_unwind(AssertUnwindSafe(|| self.run(&heartbeat)));
            let Ok(outcome) = outcome else {
                // Its state may be half-changed: nothing must be decided, sent or stored by it again.
                tracing::error!("the engine has panicked; the process aborts");
                crate::log::flush_log();
                std::process::abort();
            };
            // If nobody waits, the process is going down already.
            let _ = ended.send(outcome);
        })?;
        Ok(receiver)
    }

    fn run(mut self, heartbeat: &Heartbeat) -> Result<(), Ending> {
        let mut rng = entropy::system();
        self.hands.apply(std::mem::take(&mut self.first))?;
        let mut published = None;
        let mut ticked = false;
        loop {
            heartbeat.beat();
            self.publish(&mut published);
            self.hands.fault_log.flush(Instant::now());
            let next = self.next(ticked);
            ticked = matches!(next, Some((Job::Handle(Input::Tick, _), _)));
            let (input, bound, peer) = match next {
                Some((Job::Handle(input, bound), peer)) => (input, bound, peer),
                Some((Job::Stop, _)) => break,
                None => continue,
            };
            let kind = kind(&input);
            let start = Instant::now();
            let deceived = self.hands.outgoing.deceived(&input);
            let mut effects = self.engine.handle(self.clock.now(), &mut rng, input);
            if let Some(reader) = deceived {
                self.hands.outgoing.deceive(&reader, &mut effects, &mut rng);
            }
            self.hands.metrics.input(kind, start.elapsed());
            drop(bound);
            self.hands.apply(effects)?;
            if let Some(peer) = peer {
                // With what was written and sent for it: a durable write is most of what a short frame costs.
                self.outlet.charge(peer, start.elapsed());
            }
        }
        Ok(self.hands.store.close()?)
    }

    /// The next thing to do, and for which peer. Deadlines and inputs take turns when both are due.
    fn next(&self, ticked: bool) -> Option<(Job, Option<NodeIndex>)> {
        let due = self.engine.next_deadline().map(|mono_ms| self.clock.instant(mono_ms));
        let tick = Some((Job::Handle(Input::Tick, Bound::Single), None));
        let now = Instant::now();
        let overdue = due.is_some_and(|due| due <= now);
        if overdue && !ticked {
            return tick;
        }
        let idle = now + Heartbeat::INTERVAL;
        // A deadline that a tick does not move must not spin the processor.
        let soon = now + Duration::from_millis(1);
        let until = if overdue { soon } else { due.map_or(idle, |due| due.min(idle)) };
        let next = self.outlet.next(until);
        if next.is_none() && due.is_some_and(|due| due <= Instant::now()) { tick } else { next }
    }

    fn publish(&self, published: &mut Option<Instant>) {
        let now = Instant::now();
        if published.is_none_or(|last| now.duration_since(last) >= STATUS_INTERVAL) {
            self.board.publish(self.engine.status(), now);
            *published = Some(now);
        }
    }
}

impl Hands {
    /// Applies effects in order. What is persisted is on disk before anything after it is done.
    fn apply(&mut self, effects: Vec<Effect>) -> Result<(), Ending> {
        for effect in effects {
            match effect {
                Effect::Persist(writes) => {
                    let start = Instant::now();
                    self.store.apply(&writes)?;
                    self.metrics.persisted(start.elapsed());
                }
                Effect::Send { to, frame } => {
                    for frame in self.outgoing.frames(frame) {
                        self.links.send(to, frame);
                    }
                }
                Effect::Disconnect { peer, for_ms } => {
                    self.links.send_away(peer, Duration::from_millis(for_ms));
                }
                Effect::PassOn { to, frame } => self.links.pass_on(to, self.outgoing.shared(frame)),
                Effect::Reply { to, result } => self.waiting.answer(to, Outcome::Execution(result)),
                Effect::ReplyShare { to, result } => self.waiting.answer(to, Outcome::Share(result)),
                Effect::ReplyRevocation { to, result } => {
                    self.waiting.answer(to, Outcome::Revocation(result))
                }
                Effect::SignedOut(ended) => self.signed_out.note(&ended),
                Effect::FetchIssuerKeys => self.issuers.want(),
                Effect::FindCode { run, action, payers } => self.workers.find_code(run, action, &payers),
                Effect::StartAction(start) => self.workers.start(*start),
                Effect::Answer { run, call, answer } => self.workers.answer(run, call, answer),
                Effect::CancelAction { run } => self.workers.cancel(run),
                Effect::SubmitRoots { roots, votes } => self.roots_desk.put(*roots, votes),
                Effect::Endpoint { node, endpoint } => self.moved(node, endpoint),
                Effect::Report(report) => {
                    if let Report::PeerFault { peer, check } = report {
                        self.fault_log.note(peer, check, Instant::now());
                    }
                    log(&report, &self.network);
                    self.metrics.report(&report);
                }
                Effect::Halt { reason, newer } => {
                    if let Some(newer) = newer {
                        self.stay_halted(&reason, &newer);
                    }
                    return Err(Halted { reason }.into());
                }
            }
        }
        Ok(())
    }

    /// A later start of this copy would stop the one that lives: it is refused from now on.
    fn stay_halted(&self, reason: &str, newer: &NewerStart) {
        if let Err(error) = moving::leave_halted(&self.data_folder, reason, newer, &self.network) {
            tracing::error!("the halt is not remembered over a restart: {error}");
        }
    }

    /// From the next dial and the next request on, a peer is looked for where it says that it is.
    fn moved(&self, node: NodeIndex, endpoint: NodeEndpoint) {
        let (peer, http, quic) = (self.network.named(node), endpoint.http.clone(), endpoint.quic.clone());
        if self.endpoints.note(node, endpoint) {
            tracing::info!(peer, http, quic, "a node says where it is reached now");
        }
    }
}

/// What an operator should read. Executions that go well say nothing.
fn log(report: &Report, network: &NetworkFile) {
    let named = |node: &NodeIndex| network.named(*node);
    match report {
        Report::Refused(code) => tracing::debug!(%code, "refused a submission"),
        Report::Denied(code) => tracing::debug!(%code, "denied an operation"),
        Report::Shared => tracing::debug!("gave a share"),
        Report::SignedOut => tracing::debug!("took a revocation"),
        Report::Started(request) => tracing::debug!(%request, "a run began"),
        Report::Ended { request, status, error, duration_ms } => {
            let error = error.map_or("", |code| code.as_str());
            tracing::debug!(%request, ?status, error, duration_ms, "a run ended");
        }
        Report::Signed { request, duration_ms, attempt } => {
            tracing::debug!(%request, duration_ms, attempt, "signed");
        }
        Report::AttemptFailed { request, culprits } => {
            let culprits: Vec<String> = culprits.iter().map(named).collect();
            tracing::warn!(%request, ?culprits, "an attempt to sign failed");
        }
        Report::OddNode { request, node, field } => {
            // The field's name comes from a peer.
            let field: String = field.chars().filter(char::is_ascii_graphic).take(32).collect();
            tracing::warn!(%request, node = named(node), field, "a node's run differed");
        }
        // Counted, and told once a minute.
        Report::PeerFault { .. } => {}
        Report::PeerSentAway { peer, for_ms } => {
            tracing::warn!(
                peer = named(peer),
                for_ms,
                "a peer broke the protocol too often: its connection is ended"
            );
        }
        Report::Banned { by, counterparty } => {
            tracing::warn!(by = named(by), counterparty = named(counterparty), "a pair is banned");
        }
        Report::PeerGuest { peer, same: false } => tracing::warn!(
            peer = named(peer),
            "the peer runs another build of the guest: its runs will differ; run the same release on all nodes"
        ),
        Report::PeerGuest { same: true, .. } => {}
        Report::RegistryRolledBack { missing, shown, told_by } => tracing::error!(
            missing.number,
            missing.hash = %missing.hash,
            shown.number,
            shown.hash = %shown.hash,
            told_by = told_by.as_ref().map(named),
            "the registry is older than a block that was final, or beside it: nothing is signed. Put the chain back as it \
             was; if what it lost is lost for good, see accept_rollback_to in docs/operating.md"
        ),
        Report::RegistryCaughtUp => tracing::warn!("the registry shows again what was final"),
        Report::RegistryWentBack { to } => tracing::warn!(
            to.number,
            to.hash = %to.hash,
            "the operator's accept_rollback_to was taken: what was final above it is given up. Remove it from node.toml"
        ),
        Report::TwoHistories { heads, told_by } => tracing::error!(
            ?heads,
            told_by = told_by.as_ref().map(named),
            "the chain's key has signed two final blocks of one number: the chain shows different histories"
        ),
        Report::Ceremony { what, event } => tracing::info!(what, event, "key ceremony"),
        Report::Ready(true) => tracing::info!("ready"),
        Report::Ready(false) => tracing::warn!("not ready any more"),
    }
}

fn kind(input: &Input) -> &'static str {
    match input {
        Input::Request { .. } => "request",
        Input::Decryption { .. } => "decryption",
        Input::Revocation { .. } => "revocation",
        Input::RequestAbandoned { .. } => "abandoned",
        Input::PeerConnected { .. } => "peer_connected",
        Input::PeerDisconnected { .. } => "peer_disconnected",
        Input::Peer { .. } => "peer",
        Input::Action { .. } => "action",
        Input::Code { .. } => "code",
        Input::IssuerKeys(_) => "issuer_keys",
        Input::Registry(_) => "registry",
        Input::Tick => "tick",
        Input::Drain => "drain",
    }
}
