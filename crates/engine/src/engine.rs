//! The engine: its state, and which part of it each input concerns.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use quorate_wire::{
    ErrorCode, NodeIndex, NodeView, OperationNumber, PeerMessage, PublicKey, RequestId, decode, limits,
};
use rand_core::CryptoRng;

use crate::{
    Config, Effect, Input, Now, ReadRegistry, Report, RunNumber, Stored,
    accept::Ahead,
    admission::{Buckets, Shares},
    committee::Committee,
    conduct::{Conducts, price},
    early::EarlyMessages,
    ended::Remembered,
    execution::Execution,
    finality::Finality,
    founding::Founding,
    logins::KnownLogins,
    pairs::Pairs,
    peers::{Consequence, Peers},
    turn::Turn,
};

/// What `GET /v1/network` and the metrics show of an engine.
#[derive(Debug, Clone)]
pub struct EngineStatus {
    /// Whether this node takes executions.
    pub ready: bool,
    /// What it waits for, unless it is ready.
    pub waiting_for: Option<String>,
    /// The code of what it waits for, unless it is ready.
    pub waiting_code: Option<ErrorCode>,
    /// The network's root, once a final block of the chain shows it.
    pub root: Option<PublicKey>,
    /// This start's number.
    pub incarnation: u64,
    /// Runs in progress.
    pub running: usize,
    /// Request ids remembered.
    pub remembered: usize,
    /// Bytes of votes and values that peers make it keep.
    pub kept_for_peers: usize,
    /// The other members.
    pub peers: Vec<NodeView>,
}

/// Why an engine does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A record of the store is not what this version writes.
    #[error("the record {key:?} of the store is damaged")]
    Damaged {
        /// The record.
        key: String,
    },
    /// The configuration contradicts itself.
    #[error("{0}")]
    Config(String),
    /// This node has caught as many members cheating as make a signature.
    #[error(
        "this node has caught {} cheating, and any {} members can sign: the key may be in their hands. It stays stopped. \
         Keep store and logs, find out what happened at these nodes, and move what the keys hold to a new network \
         (docs/operating.md)",
        listed(cheats), cheats.len()
    )]
    FaultAssumptionBroken {
        /// Whom this node has banned.
        cheats: Vec<NodeIndex>,
    },
}

fn listed(nodes: &[NodeIndex]) -> String {
    let nodes: Vec<String> = nodes.iter().map(|node| format!("node {node}")).collect();
    nodes.join(" and ")
}

/// One node's brain.
pub struct Engine {
    pub(crate) committee: Committee,
    pub(crate) peers: Peers,
    pub(crate) conducts: Conducts,
    pub(crate) founding: Founding,
    pub(crate) pairs: Pairs,
    pub(crate) early_ceremonies: EarlyMessages,
    pub(crate) early_rounds: EarlyMessages,
    pub(crate) registry: Option<Arc<dyn ReadRegistry>>,
    pub(crate) finality: Finality,

    pub(crate) executions: BTreeMap<RequestId, Execution>,
    /// Those of which nothing is needed any more but how they ended.
    pub(crate) ended: BTreeMap<RequestId, Remembered>,
    /// Executions whose own run goes on, or for which a caller waits.
    pub(crate) active: BTreeSet<RequestId>,
    pub(crate) runs: BTreeMap<RunNumber, RequestId>,
    pub(crate) next_run: u64,
    /// Signing sessions in progress.
    pub(crate) sessions: BTreeMap<[u8; 32], (RequestId, OperationNumber)>,
    pub(crate) shares: Shares,
    pub(crate) remembered_bytes: usize,
    pub(crate) known_logins: KnownLogins,
    pub(crate) buckets: Buckets,

    /// Executions that wait for a block, in order of when they are given up.
    pub(crate) ahead: VecDeque<Ahead>,
    pub(crate) started_unix_ms: u64,
    /// The latest wall clock by which executions were forgotten.
    pub(crate) forgot_until_unix_ms: u64,
    pub(crate) draining: bool,
    announced_ready: bool,
    next_sweep_mono_ms: u64,
    /// What this node has said to itself and not yet heard.
    to_self: VecDeque<PeerMessage>,
}

const SWEEP_MS: u64 = 1_000;
/// What a node says to itself is heard within the same turn, up to so many messages; the rest in the next one.
const TO_SELF_MAX: usize = 4_096;

impl Engine {
    /// Starts a node from its configuration and everything it has stored.
    ///
    /// # Errors
    /// [`StartError`] if the configuration or a stored record is not usable.
    pub fn new(config: Config, stored: &Stored, now: Now) -> Result<(Engine, Vec<Effect>), StartError> {
        let finality = Finality::load(&config, stored)?;
        let committee = Committee::new(config)?;
        let peers = Peers::load(&committee, stored)?;
        let founding = Founding::load(&committee, stored)?;
        let pairs = Pairs::load(&committee, stored)?;
        let (key, value) = peers.persist_incarnation();
        let engine = Engine {
            committee,
            peers,
            conducts: Conducts::default(),
            founding,
            pairs,
            early_ceremonies: EarlyMessages::default(),
            early_rounds: EarlyMessages::default(),
            registry: None,
            finality,
            executions: BTreeMap::new(),
            ended: BTreeMap::new(),
            active: BTreeSet::new(),
            runs: BTreeMap::new(),
            next_run: 0,
            sessions: BTreeMap::new(),
            shares: Shares::default(),
            remembered_bytes: 0,
            known_logins: KnownLogins::default(),
            buckets: Buckets::default(),
            ahead: VecDeque::new(),
            started_unix_ms: now.unix_ms,
            forgot_until_unix_ms: 0,
            draining: false,
            announced_ready: false,
            next_sweep_mono_ms: now.mono_ms + SWEEP_MS,
            to_self: VecDeque::new(),
        };
        // The new number is on disk before any peer hears it.
        Ok((engine, vec![Effect::Persist(vec![crate::Write { key, value }])]))
    }

    /// Handles one input, and whatever deadline is due.
    pub fn handle(&mut self, now: Now, rng: &mut dyn CryptoRng, input: Input) -> Vec<Effect> {
        let (me, to_self) = (self.committee.me, std::mem::take(&mut self.to_self));
        let mut turn = Turn { now, rng, effects: Vec::new(), by_registry: false, me, to_self };
        let by = if let Input::Peer { from, .. } = &input { Some(*from) } else { None };
        match input {
            Input::Request { reply_to, source, submission } => {
                self.on_request(reply_to, source, submission, &mut turn);
            }
            Input::RequestAbandoned { reply_to } => self.on_abandoned(reply_to),
            Input::PeerConnected { peer } => self.on_connected(peer, &mut turn),
            Input::PeerDisconnected { peer } => self.peers.disconnected(peer),
            Input::Peer { from, frame } => self.on_frame(from, &frame, &mut turn),
            Input::Action { run, event } => self.on_action(run, event, &mut turn),
            Input::Code { run, code } => self.on_code(run, code, &mut turn),
            Input::Registry(registry) => {
                self.registry = Some(registry);
                self.watch_chain(&mut turn);
                self.retry_ahead(&mut turn);
            }
            Input::Drain => self.draining = true,
            Input::Tick => {}
        }
        self.hear_self(&mut turn);
        if let Some(from) = by {
            self.judge_conduct(from, &mut turn);
        }
        self.tick(&mut turn);
        self.hear_self(&mut turn);
        self.to_self = std::mem::take(&mut turn.to_self);
        self.finality.settle(self.registry.as_deref(), &mut turn);
        turn.effects
    }

    /// Handles what this node has said to itself, as if a peer had said it: one part of it never calls another
    /// that may call it back.
    fn hear_self(&mut self, turn: &mut Turn<'_>) {
        for _ in 0..TO_SELF_MAX {
            let Some(message) = turn.to_self.pop_front() else { return };
            self.on_execution_message(turn.me, message, turn);
        }
    }

    /// Monotonic time in milliseconds at which [`Input::Tick`] is due.
    #[must_use]
    pub fn next_deadline(&self) -> Option<u64> {
        let mut next = self.peers.next_deadline().min(self.next_sweep_mono_ms);
        if !self.to_self.is_empty() {
            next = 0;
        }
        next = self.founding.next_deadline().into_iter().fold(next, u64::min);
        next = self.finality.next_deadline().into_iter().fold(next, u64::min);
        next = self.ahead.front().map(|waiting| waiting.until_mono_ms).into_iter().fold(next, u64::min);
        if self.founding.share().is_some() {
            next = self.pairs.next_deadline(&self.committee, &self.peers).into_iter().fold(next, u64::min);
        }
        for id in &self.active {
            if let Some(execution) = self.executions.get(id) {
                next = next.min(execution.next_deadline());
            }
        }
        Some(next)
    }

    /// A summary for operators.
    #[must_use]
    pub fn status(&self) -> EngineStatus {
        let peers = self.committee.peers().map(|index| NodeView {
            index,
            connected: self.peers.greeted(index),
            set_up: self.pairs.agreed(&self.committee, &self.peers, index),
            banned: self.peers.banned(self.committee.me, index),
            guest: self.peers.guest_of(index),
        });
        let (waiting_code, waiting_for) = self.waiting_for().unzip();
        EngineStatus {
            ready: self.ready(),
            waiting_for,
            waiting_code,
            root: self.founding.root(),
            incarnation: self.peers.incarnation(),
            running: self.runs.len(),
            remembered: self.held().remembered,
            kept_for_peers: self.peers.kept_bytes(),
            peers: peers.collect(),
        }
    }

    /// What each peer makes this node hold for one execution: operations, and bytes. It is counted from what is
    /// there and not from what was charged, so that tests can compare the two.
    #[must_use]
    pub fn held_for_peers(&self) -> Vec<(NodeIndex, usize, usize)> {
        let held = |execution: &Execution| {
            let peers = self.committee.peers().map(|peer| (peer, execution.held_for(peer)));
            peers.map(|(peer, (operations, bytes))| (peer, operations, bytes)).collect::<Vec<_>>()
        };
        self.executions.values().flat_map(held).collect()
    }

    pub(crate) fn ready(&self) -> bool {
        !self.draining && self.waiting_for().is_none()
    }

    /// What the node waits for, for programs and for people.
    pub(crate) fn waiting_for(&self) -> Option<(ErrorCode, String)> {
        let not_ready = |reason: &str| Some((ErrorCode::NotReady, reason.to_owned()));
        let registry = self.registry.as_deref();
        if let Some(head) = registry.and_then(|registry| self.finality.waiting_for(registry)) {
            return Some((ErrorCode::RegistryRolledBack, head));
        }
        if let Some(reason) = self.founding.waiting_for() {
            return not_ready(reason);
        }
        if registry.is_none() {
            return not_ready("a first head of the chain");
        }
        let set_up = self.committee.peers().filter(|&peer| self.pairs.id(peer).is_some()).count();
        if set_up + 1 < self.committee.threshold() {
            return not_ready("pairwise set-ups");
        }
        None
    }

    fn tick(&mut self, turn: &mut Turn<'_>) {
        self.peers.tick(turn);
        self.repair_greetings(turn);
        self.founding.tick(&self.committee, &self.peers, &mut self.early_ceremonies, turn);
        if self.founding.share().is_some() {
            self.watch_chain(turn);
            self.pairs.tick(&self.committee, &self.peers, turn);
        }
        self.tick_executions(turn);
        self.give_up_ahead(turn);
        if turn.now.mono_ms >= self.next_sweep_mono_ms {
            self.next_sweep_mono_ms = turn.now.mono_ms + SWEEP_MS;
            self.forget_executions(turn.now);
            self.known_logins.sweep(turn.now.unix_ms);
        }
        if self.ready() != self.announced_ready {
            self.announced_ready = !self.announced_ready;
            turn.report(Report::Ready(self.announced_ready));
        }
    }

    fn watch_chain(&mut self, turn: &mut Turn<'_>) {
        let believed = self.registry.as_deref().filter(|registry| self.finality.check(*registry).is_ok());
        self.founding.watch_chain(&self.committee, believed, turn);
    }

    fn on_connected(&mut self, peer: NodeIndex, turn: &mut Turn<'_>) {
        if !self.committee.is_member(peer) || peer == self.committee.me {
            turn.fault(peer, "not_a_member");
            return;
        }
        if let Some(for_ms) = self.conducts.away(peer, turn.now.mono_ms) {
            turn.effects.push(Effect::Disconnect { peer, for_ms });
            return;
        }
        self.peers.connected(peer, turn);
        self.greet(peer, turn);
    }

    /// Ends the channel of a peer whose frames were faults too often.
    fn judge_conduct(&mut self, from: NodeIndex, turn: &mut Turn<'_>) {
        let is_fault = |effect: &&Effect| matches!(effect, Effect::Report(Report::PeerFault { peer, .. }) if *peer == from);
        let faults = turn.effects.iter().filter(is_fault).count();
        for _ in 0..faults {
            if let Some(for_ms) = self.conducts.fault(from, turn.now.mono_ms) {
                self.peers.disconnected(from);
                turn.report(Report::PeerSentAway { peer: from, for_ms });
                turn.effects.push(Effect::Disconnect { peer: from, for_ms });
                return;
            }
        }
    }

    fn greet(&mut self, peer: NodeIndex, turn: &mut Turn<'_>) {
        let told = (self.pairs.announced(), self.finality.newest());
        self.peers.greet(&self.committee, peer, told, false, turn);
    }

    /// Hellos that were lost or overtaken are repeated.
    fn repair_greetings(&mut self, turn: &mut Turn<'_>) {
        let now = turn.now.mono_ms;
        let mut due = Vec::new();
        for peer in self.committee.peers() {
            if self.peers.repair_due(&self.committee, peer, self.pairs.id(peer), now) {
                due.push(peer);
            }
        }
        for peer in due {
            let told = (self.pairs.announced(), self.finality.newest());
            self.peers.greet(&self.committee, peer, told, true, turn);
        }
    }

    fn greet_all(&mut self, turn: &mut Turn<'_>) {
        let peers: Vec<NodeIndex> =
            self.committee.peers().filter(|&peer| self.peers.is_connected(peer)).collect();
        for peer in peers {
            self.greet(peer, turn);
        }
    }

    fn on_frame(&mut self, from: NodeIndex, frame: &[u8], turn: &mut Turn<'_>) {
        // What was still on its way when a channel was ended is not read.
        if !self.peers.is_connected(from) {
            return;
        }
        let now = turn.now.mono_ms;
        if !self.conducts.pays(from, 1, now) {
            turn.fault(from, "frames");
            return;
        }
        self.peers.heard(from, turn);
        let Ok(message) = decode::<PeerMessage>(frame, limits::PEER_FRAME_BYTES_MAX) else {
            turn.fault(from, "frame");
            return;
        };
        if !self.conducts.pays(from, price(&message), now) {
            turn.fault(from, "frames");
            return;
        }
        match message {
            PeerMessage::Hello(hello) => {
                let new = !self.peers.greeted(from);
                let final_head = hello.final_head;
                match self.peers.on_hello(&self.committee, &mut self.conducts, (from, hello), turn) {
                    Consequence::PeerRolledBack => {
                        self.pairs.forget(from, turn);
                        self.greet(from, turn);
                    }
                    Consequence::Greeted { answer } => {
                        if let Some(head) = final_head {
                            self.finality.on_head((from, head), self.registry.as_deref(), turn);
                        }
                        if answer {
                            self.greet(from, turn);
                        }
                        if new {
                            self.founding.greet(&self.committee, from, turn);
                            self.pass_on_to(from, turn);
                        }
                    }
                    Consequence::None | Consequence::WeRolledBack => {}
                }
            }
            PeerMessage::Stale(notice) => {
                if self.peers.on_stale(&self.committee, from, &notice, turn) == Consequence::WeRolledBack {
                    // Nothing is signed with pairwise state that may have been used already.
                    let active: Vec<RequestId> = self.active.iter().copied().collect();
                    for id in active {
                        self.with(id, |engine, execution| engine.drop_attempts(execution));
                    }
                    self.pairs.forget_all(turn);
                    // A new start begins with new connections.
                    for peer in self.peers.disconnect_all() {
                        turn.effects.push(Effect::Disconnect { peer, for_ms: 0 });
                    }
                }
            }
            PeerMessage::Ping(_) => {}
            PeerMessage::Ban(ban) => drop(self.peers.learn_ban(&self.committee, (from, ban), turn)),
            PeerMessage::StartKeygen { fresh, .. } => {
                self.founding.on_start(&self.committee, from, fresh, &mut self.early_ceremonies, turn);
            }
            PeerMessage::Keygen(message) => {
                self.founding.on_message(&self.committee, from, message, &mut self.early_ceremonies, turn);
            }
            PeerMessage::Confirm(confirm) => self.founding.on_confirm(&self.committee, from, confirm, turn),
            PeerMessage::Refuse(refusal) => self.founding.on_refusal(&self.committee, (from, refusal), turn),
            PeerMessage::Certificate(certificate) => {
                self.founding.on_certificate(&self.committee, (from, certificate), turn);
            }
            PeerMessage::StartPair { fresh } => {
                let early = &mut self.early_ceremonies;
                if self.pairs.on_start(&self.committee, &self.peers, (from, fresh), early, turn) {
                    self.greet_all(turn);
                }
            }
            PeerMessage::JoinPair { fresh, joined } => {
                let early = &mut self.early_ceremonies;
                if self.pairs.on_join(&self.committee, (from, fresh, joined), early, turn) {
                    self.greet_all(turn);
                }
            }
            PeerMessage::Pair(message) => {
                if self.pairs.on_message(from, message, &mut self.early_ceremonies, turn) {
                    self.greet_all(turn);
                }
            }
            other => self.on_execution_message(from, other, turn),
        }
    }

    /// Messages that concern executions are heard only from members that have greeted us.
    fn on_execution_message(&mut self, from: NodeIndex, message: PeerMessage, turn: &mut Turn<'_>) {
        if from != self.committee.me && !self.peers.greeted(from) {
            return;
        }
        match message {
            PeerMessage::Execute(submission) => self.on_execute(from, submission, turn),
            PeerMessage::Refused { request, code, detail } => {
                self.on_refused(from, request, (code, detail), turn);
            }
            PeerMessage::Vote(vote) => self.on_vote(from, vote, turn),
            PeerMessage::Offer(offer) => self.on_offer(from, offer, turn),
            PeerMessage::Propose(proposal) => self.on_propose(from, proposal, turn),
            PeerMessage::Round(message) => self.on_round(from, message, turn),
            PeerMessage::Stalled { request, operation, attempt, waiting_for } => {
                self.on_trouble(from, (request, operation, attempt), waiting_for, false, turn);
            }
            PeerMessage::AttemptFailed { request, operation, attempt, culprits } => {
                self.on_trouble(from, (request, operation, attempt), culprits, true, turn);
            }
            PeerMessage::Signature { request, operation, signature, recovery_id } => {
                self.on_signature(from, (request, operation), (signature, recovery_id), turn);
            }
            PeerMessage::Diverged { request, operation, evidence } => {
                self.on_diverged(from, (request, operation), &evidence, turn);
            }
            PeerMessage::Led(value) => self.on_led(from, value, turn),
            PeerMessage::Leading { request, operation } => self.on_leading(from, (request, operation), turn),
            PeerMessage::Decided { request, operation, decision } => {
                self.on_decided(from, (request, operation), decision, turn);
            }
            PeerMessage::Outcome(outcome) => self.on_outcome(from, *outcome, turn),
            _ => turn.fault(from, "message_kind"),
        }
    }

    /// Takes an execution out of the table while something is done with it.
    pub(crate) fn with<R>(
        &mut self,
        id: RequestId,
        act: impl FnOnce(&mut Self, &mut Execution) -> R,
    ) -> Option<R> {
        let mut execution = self.executions.remove(&id)?;
        let result = act(self, &mut execution);
        if !execution.running() && execution.callers.is_empty() {
            self.active.remove(&id);
        } else {
            self.active.insert(id);
        }
        self.executions.insert(id, execution);
        Some(result)
    }

    fn tick_executions(&mut self, turn: &mut Turn<'_>) {
        let now = turn.now.mono_ms;
        let due: Vec<RequestId> = self
            .active
            .iter()
            .filter(|id| self.executions.get(id).is_some_and(|execution| execution.next_deadline() <= now))
            .copied()
            .collect();
        for id in due {
            self.with(id, |engine, execution| engine.tick_execution(execution, turn));
        }
    }

    fn tick_execution(&mut self, execution: &mut Execution, turn: &mut Turn<'_>) {
        self.tick_attempts(execution, turn);
        self.tick_proposals(execution, turn);
        self.tick_values(execution, turn);
        if turn.now.mono_ms >= execution.deadline_mono_ms {
            self.on_deadline(execution, turn);
        } else {
            self.check_quorum(execution, turn);
            if !execution.runners.is_empty() {
                self.evaluate_outcomes(execution, turn);
            }
        }
    }

    /// Makes room for what a peer says of an operation; false if it has had its share of this execution, or of
    /// all that peers can make this node keep.
    pub(crate) fn keep(
        &mut self,
        execution: &mut Execution,
        (from, number): (NodeIndex, OperationNumber),
        bytes: usize,
        turn: &mut Turn<'_>,
    ) -> bool {
        let ahead = !execution.operations.contains_key(&number);
        let bytes = if ahead { bytes.saturating_add(limits::OPERATION_BYTES) } else { bytes };
        // What callers make an honest peer carry in all executions together is no fault of the peer's.
        if !self.peers.keep(from, bytes) {
            return false;
        }
        let fits = execution.keep((from, self.peers.start_of(from)), number, (bytes, ahead));
        if !fits {
            turn.fault(from, "too_much");
        }
        fits
    }

    /// A peer states what differs from what it stated of the operation before. The first stands, and it is told
    /// what the operation came to. It is a fault if it remembers what it stated.
    pub(crate) fn stated_otherwise(
        &self,
        execution: &mut Execution,
        number: OperationNumber,
        (from, check): (NodeIndex, &'static str),
        turn: &mut Turn<'_>,
    ) {
        if !execution.begun_anew(from, self.peers.start_of(from)) {
            turn.fault(from, check);
        }
        self.tell_decision(execution, number, from, turn);
    }

    /// The registry and the root, or why nothing can be decided.
    pub(crate) fn decided_by(&self) -> Result<(Arc<dyn ReadRegistry>, PublicKey), ErrorCode> {
        match (&self.registry, self.founding.root()) {
            (Some(registry), Some(root)) => {
                self.finality.check(registry.as_ref())?;
                Ok((registry.clone(), root))
            }
            _ => Err(ErrorCode::NotReady),
        }
    }
}

impl Execution {
    /// About how many bytes of texts this execution holds.
    pub(crate) fn weight(&self) -> usize {
        let outcomes: usize = self
            .outcomes
            .values()
            .map(|outcome| outcome.response.as_ref().map_or(0, String::len) + 1_024)
            .sum();
        let submission = self.submission.as_ref().map_or(0, |frame| frame.len());
        let reply = match &self.reply {
            Some(Ok(reply)) => Some(reply),
            Some(Err(problem)) => problem.execution.as_ref(),
            None => None,
        };
        let replies =
            reply.map_or(0, |reply| reply.logs.len() + reply.response.as_ref().map_or(0, String::len));
        self.request.params.get().len() + self.kept_bytes() + outcomes + submission + replies
    }

    /// When something of this execution is due.
    fn next_deadline(&self) -> u64 {
        let mut next = self.deadline_mono_ms;
        for operation in self.operations.values() {
            if operation.values.look_mono_ms > 0 {
                next = next.min(operation.values.look_mono_ms);
            }
            if let Some(attempt) = &operation.live {
                let stall = if attempt.stall_told { attempt.until_mono_ms } else { attempt.stalls_mono_ms };
                next = next.min(stall);
            }
            if self.coordinating && !operation.decided() {
                if let Some(proposed) = &operation.proposed {
                    next = next.min(proposed.until_mono_ms);
                } else if !operation.offers.is_empty() && operation.not_before_mono_ms > 0 {
                    next = next.min(operation.not_before_mono_ms);
                }
            }
        }
        if self.callers.is_empty() { next } else { next.min(self.next_quorum_check_mono_ms) }
    }
}
