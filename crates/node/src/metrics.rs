//! What an operator can watch: Prometheus metrics, counted from the engine's reports and by the shell's loops.

mod labels;

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicU64},
    time::Duration,
};

use prometheus_client::{
    encoding::text::encode,
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};
use quorate_actions::{Wall, Walls};
use quorate_engine::Report;
use quorate_wire::NodeIndex;

use labels::{Attempt, Ban, By, Code, Ended, Fault, Loop, Odd, Peer};

/// All metrics of a node.
pub(crate) struct Metrics {
    registry: Mutex<Registry>,
    submissions: Counter,
    refusals: Family<Code, Counter>,
    shares_given: Counter,
    revocations: Counter,
    denials: Family<Code, Counter>,
    started: Counter,
    ended: Family<Ended, Counter>,
    execution_seconds: Histogram,
    signatures: Family<Attempt, Counter>,
    signature_seconds: Histogram,
    attempt_failures: Family<Peer, Counter>,
    odd_nodes: Family<Odd, Counter>,
    peer_faults: Family<Fault, Counter>,
    peers_sent_away: Family<Peer, Counter>,
    bans: Family<Ban, Counter>,
    ready: Gauge,
    peer_connected: Family<Peer, Gauge>,
    peer_other_guest: Family<Peer, Gauge>,
    registry_rolled_back: Gauge,
    chain_two_histories: Gauge,
    head_number: Gauge,
    head_age: Gauge<f64, AtomicU64>,
    chain_errors: Family<Code, Counter>,
    worker_ends: Family<By, Counter>,
    walls: Family<By, Gauge>,
    standing_walls: Mutex<Option<Walls>>,
    fetches: Family<By, Counter>,
    codes: Family<By, Counter>,
    handled: Family<By, Counter>,
    handle_seconds: Histogram,
    persist_seconds: Histogram,
    heartbeats: Family<Loop, Gauge>,
    log_lines_dropped: Counter,
    odd_labels: Mutex<BTreeSet<Odd>>,
}

/// Distinct fields of odd nodes that get a line of their own; a hostile peer cannot make more.
const ODD_LABELS_MAX: usize = 256;

macro_rules! registered {
    ($registry:ident, $metric:expr, $name:literal, $help:literal) => {{
        let metric = $metric;
        $registry.register($name, $help, metric.clone());
        metric
    }};
}

impl Metrics {
    pub(crate) fn new() -> Arc<Self> {
        let mut r = Registry::with_prefix("quorate");
        // 1 ms to about 33 s.
        let seconds = || Histogram::new(exponential_buckets(0.001, 2.0, 16));
        // 50 µs to about 1.6 s.
        let fine = || Histogram::new(exponential_buckets(0.000_05, 2.0, 16));
        Arc::new(Metrics {
            submissions: registered!(r, Counter::default(), "submissions", "Executions asked for over HTTP"),
            refusals: registered!(
                r,
                Family::default(),
                "refusals",
                "Submissions refused by this node, by code"
            ),
            shares_given: registered!(
                r,
                Counter::default(),
                "shares_given",
                "Shares given to callers, of what opens a ciphertext"
            ),
            revocations: registered!(r, Counter::default(), "revocations", "Revocations of sessions taken"),
            denials: registered!(r, Family::default(), "denials", "Operations denied by this node, by code"),
            started: registered!(r, Counter::default(), "executions_started", "Runs that began"),
            ended: registered!(r, Family::default(), "executions", "Runs that ended, by status and code"),
            execution_seconds: registered!(
                r,
                seconds(),
                "execution_seconds",
                "From acceptance to the end of a run"
            ),
            signatures: registered!(r, Family::default(), "signatures", "Signatures made, by attempt"),
            signature_seconds: registered!(
                r,
                seconds(),
                "signature_seconds",
                "From the intent to the signature"
            ),
            attempt_failures: registered!(
                r,
                Family::default(),
                "attempt_failures",
                "Signing attempts without a signature, by the node that lied or was silent (0: unknown)"
            ),
            odd_nodes: registered!(
                r,
                Family::default(),
                "odd_nodes",
                "Runs of nodes that differed from the quorum"
            ),
            peer_faults: registered!(
                r,
                Family::default(),
                "peer_faults",
                "Messages that no honest node sends"
            ),
            peers_sent_away: registered!(
                r,
                Family::default(),
                "peers_sent_away",
                "Connections ended because their peer broke the protocol too often"
            ),
            bans: registered!(r, Family::default(), "bans", "Bans of pairs, made or learned"),
            ready: registered!(r, Gauge::default(), "ready", "Whether this node takes executions"),
            peer_connected: registered!(
                r,
                Family::default(),
                "peer_connected",
                "Whether a channel to the peer stands"
            ),
            peer_other_guest: registered!(
                r,
                Family::default(),
                "peer_other_guest",
                "Whether the peer runs another build of the guest"
            ),
            registry_rolled_back: registered!(
                r,
                Gauge::default(),
                "registry_rolled_back",
                "Whether the registry lacks a block that was final"
            ),
            chain_two_histories: registered!(
                r,
                Gauge::default(),
                "chain_two_histories",
                "Whether the chain's key has signed two final blocks of one number"
            ),
            head_number: registered!(
                r,
                Gauge::default(),
                "head_number",
                "Height of the chain as this node has it"
            ),
            head_age: registered!(
                r,
                Gauge::default(),
                "head_age_seconds",
                "Age of the last head statement; -1: none"
            ),
            chain_errors: registered!(
                r,
                Family::default(),
                "chain_errors",
                "Failures of following the chain, by code"
            ),
            worker_ends: registered!(
                r,
                Family::default(),
                "worker_ends",
                "Action worker processes that ended, by reason"
            ),
            walls: registered!(
                r,
                Family::default(),
                "worker_wall",
                "Whether a wall stands around action workers, by name"
            ),
            standing_walls: Mutex::default(),
            fetches: registered!(r, Family::default(), "fetches", "Outbound requests of actions, by outcome"),
            codes: registered!(
                r,
                Family::default(),
                "code_lookups",
                "Sources of actions that were not in memory, by where they were"
            ),
            handled: registered!(r, Family::default(), "inputs", "Inputs of the engine, by kind"),
            handle_seconds: registered!(
                r,
                fine(),
                "handle_seconds",
                "Time in which the engine handled one input"
            ),
            persist_seconds: registered!(r, fine(), "persist_seconds", "Time of a durable write"),
            heartbeats: registered!(
                r,
                Family::default(),
                "heartbeat_timestamp_seconds",
                "When a loop of this process last came round, set by the loop itself"
            ),
            log_lines_dropped: registered!(
                r,
                Counter::default(),
                "log_lines_dropped",
                "Lines of the log that nobody read in time, or that could not be written"
            ),
            registry: Mutex::new(r),
            odd_labels: Mutex::default(),
        })
    }

    /// The text for a scrape.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        let untold = crate::log::dropped_lines().saturating_sub(self.log_lines_dropped.get());
        self.log_lines_dropped.inc_by(untold);
        if encode(&mut text, &registry).is_err() {
            // Writing to a string does not fail; half a scrape must not look whole.
            text.clear();
            let _ = writeln!(text, "# EOF");
        }
        text
    }

    /// A heartbeat for a loop.
    pub(crate) fn heartbeat(&self, name: &str) -> Heartbeat {
        let gauge = self.heartbeats.get_or_create_owned(&Loop { name: name.to_owned() });
        let heartbeat = Heartbeat(gauge);
        heartbeat.beat();
        heartbeat
    }

    pub(crate) fn submission(&self) {
        self.submissions.inc();
    }

    pub(crate) fn refused_at_the_edge(&self, code: quorate_wire::ErrorCode) {
        self.refusals.get_or_create(&code.into()).inc();
    }

    pub(crate) fn peer(&self, peer: NodeIndex, connected: bool) {
        self.peer_connected.get_or_create(&peer.into()).set(i64::from(connected));
    }

    pub(crate) fn head(&self, number: u64, age_ms: Option<u64>) {
        self.head_number.set(i64::try_from(number).unwrap_or(i64::MAX));
        self.head_age.set(age_ms.map_or(-1.0, |age| Duration::from_millis(age).as_secs_f64()));
    }

    pub(crate) fn chain_error(&self, code: &'static str) {
        self.chain_errors.get_or_create(&Code { code }).inc();
    }

    pub(crate) fn worker_ended(&self, reason: &'static str) {
        self.worker_ends.get_or_create(&By { kind: reason }).inc();
    }

    /// Tells, once and when it changes, which walls stand around action workers.
    pub(crate) fn walls(&self, standing: Walls) {
        *self.standing_walls.lock().unwrap_or_else(PoisonError::into_inner) = Some(standing);
        let missing: Walls = Wall::ALL.iter().copied().filter(|wall| !standing.contains(*wall)).collect();
        for wall in Wall::ALL {
            let stands = i64::from(standing.contains(*wall));
            self.walls.get_or_create(&By { kind: wall.as_str() }).set(stands);
        }
        tracing::info!(%standing, %missing, "walls around action workers");
    }

    /// The walls around action workers, once a worker is ready.
    pub(crate) fn standing_walls(&self) -> Option<Walls> {
        *self.standing_walls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn fetch(&self, outcome: &'static str) {
        self.fetches.get_or_create(&By { kind: outcome }).inc();
    }

    pub(crate) fn code(&self, origin: &'static str) {
        self.codes.get_or_create(&By { kind: origin }).inc();
    }

    pub(crate) fn input(&self, kind: &'static str, took: Duration) {
        self.handled.get_or_create(&By { kind }).inc();
        self.handle_seconds.observe(took.as_secs_f64());
    }

    pub(crate) fn persisted(&self, took: Duration) {
        self.persist_seconds.observe(took.as_secs_f64());
    }

    /// Counts a report of the engine.
    pub(crate) fn report(&self, report: &Report) {
        match report {
            Report::Refused(code) => count(&self.refusals, &(*code).into()),
            Report::Shared => {
                self.shares_given.inc();
            }
            Report::SignedOut => {
                self.revocations.inc();
            }
            Report::Denied(code) => count(&self.denials, &(*code).into()),
            Report::Started(_) => {
                self.started.inc();
            }
            Report::Ended { status, error, duration_ms, .. } => {
                count(&self.ended, &Ended::of(*status, *error));
                self.execution_seconds.observe(Duration::from_millis(*duration_ms).as_secs_f64());
            }
            Report::Signed { duration_ms, attempt, .. } => {
                count(&self.signatures, &Attempt { attempt: u64::from(*attempt) });
                self.signature_seconds.observe(Duration::from_millis(*duration_ms).as_secs_f64());
            }
            Report::AttemptFailed { culprits, .. } if culprits.is_empty() => {
                count(&self.attempt_failures, &Peer { node: 0 });
            }
            Report::AttemptFailed { culprits, .. } => {
                culprits.iter().for_each(|&culprit| count(&self.attempt_failures, &culprit.into()));
            }
            Report::OddNode { node, field, .. } => count(&self.odd_nodes, &self.odd(*node, field)),
            Report::PeerFault { peer, check } => {
                count(&self.peer_faults, &Fault { node: u64::from(peer.get()), check });
            }
            Report::Banned { by, counterparty } => {
                let ban = Ban { by: u64::from(by.get()), counterparty: u64::from(counterparty.get()) };
                count(&self.bans, &ban);
            }
            Report::PeerGuest { peer, same } => {
                self.peer_other_guest.get_or_create(&(*peer).into()).set(i64::from(!same));
            }
            Report::PeerSentAway { peer, .. } => count(&self.peers_sent_away, &(*peer).into()),
            Report::RegistryRolledBack { .. } => {
                self.registry_rolled_back.set(1);
            }
            Report::RegistryCaughtUp | Report::RegistryWentBack { .. } => {
                self.registry_rolled_back.set(0);
            }
            Report::TwoHistories { .. } => {
                self.chain_two_histories.set(1);
            }
            Report::Ceremony { .. } => {}
            Report::Ready(ready) => {
                self.ready.set(i64::from(*ready));
            }
        }
    }

    /// The label of an odd node, in a bounded number of kinds.
    fn odd(&self, node: NodeIndex, field: &str) -> Odd {
        let odd = Odd::new(node, field);
        let mut known = self.odd_labels.lock().unwrap_or_else(PoisonError::into_inner);
        if known.contains(&odd) {
            odd
        } else if known.len() < ODD_LABELS_MAX {
            known.insert(odd.clone());
            odd
        } else {
            Odd::new(node, "other")
        }
    }
}

/// One more of this label.
fn count<L: Clone + Eq + std::hash::Hash>(family: &Family<L, Counter>, label: &L) {
    family.get_or_create(label).inc();
}

/// The sign of life of one loop. Only the loop itself sets it, so a loop that hangs shows.
#[derive(Clone)]
pub(crate) struct Heartbeat(Gauge);

impl Heartbeat {
    /// A loop with nothing to do comes round this often.
    pub(crate) const INTERVAL: Duration = Duration::from_secs(5);

    pub(crate) fn beat(&self) {
        self.0.set(i64::try_from(crate::clock::unix_ms() / 1_000).unwrap_or(i64::MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_peer_cannot_make_labels_without_end() {
        let metrics = Metrics::new();
        let node = NodeIndex::new(2).unwrap();
        for number in 0..2 * ODD_LABELS_MAX {
            let field = format!("field{number}");
            metrics.report(&Report::OddNode { request: quorate_wire::RequestId([0; 32]), node, field });
        }
        let lines = metrics.text().lines().filter(|line| line.starts_with("quorate_odd_nodes_total")).count();
        assert_eq!(lines, ODD_LABELS_MAX + 1);
    }

    #[test]
    fn a_scrape_names_what_was_counted() {
        let metrics = Metrics::new();
        metrics.report(&Report::Refused(quorate_wire::ErrorCode::CidMismatch));
        metrics.report(&Report::Ready(true));
        metrics.heartbeat("engine").beat();
        let text = metrics.text();
        assert!(text.contains(r#"quorate_refusals_total{code="cid_mismatch"} 1"#), "{text}");
        assert!(text.contains("quorate_ready 1"), "{text}");
        assert!(text.contains(r#"quorate_heartbeat_timestamp_seconds{loop="engine"}"#), "{text}");
        assert!(text.ends_with("# EOF\n"));
    }
}
