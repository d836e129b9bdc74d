//! The engine: its state, and which part of it each input concerns.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use quorate_wire::{NodeIndex, PeerMessage, RequestId, RoundMessage, decode, limits};
use rand_core::CryptoRng;

use crate::{
    Config, Effect, Input, Now, Report, RunNumber, StartError, Stored,
    accept::Ahead,
    admission::{Buckets, Shares},
    committee::Committee,
    conduct::{Conducts, price},
    decryptions::Answered,
    early::EarlyMessages,
    ended::Remembered,
    endpoints::Endpoints,
    execution::{Execution, Roles, execution_of},
    finality::Finality,
    founding::Founding,
    logins::{IssuerKeys, KnownLogins},
    member::Member,
    node::{Node, Scene},
    pairs::Pairs,
    peers::{Consequence, Peers, Told},
    revocations::Revocations,
    turn::{ToSelf, Turn},
};

/// One node's brain.
pub struct Engine {
    pub(crate) node: Node,
    pub(crate) conducts: Conducts,
    early_ceremonies: EarlyMessages,

    pub(crate) executions: BTreeMap<RequestId, Execution>,
    /// Those of which nothing is needed any more but how they ended.
    pub(crate) ended: BTreeMap<RequestId, Remembered>,
    /// Executions whose own run goes on, or for which a caller waits.
    pub(crate) active: BTreeSet<RequestId>,
    pub(crate) remembered_bytes: usize,
    pub(crate) known_logins: KnownLogins,
    pub(crate) issuer_keys: IssuerKeys,
    pub(crate) buckets: Buckets,
    pub(crate) answered: Answered,

    /// Executions that wait for a block, in order of when they are given up.
    pub(crate) ahead: VecDeque<Ahead>,
    pub(crate) started_unix_ms: u64,
    /// The latest wall clock by which executions were forgotten.
    pub(crate) forgot_until_unix_ms: u64,
    pub(crate) draining: bool,
    announced_ready: bool,
    next_sweep_mono_ms: u64,
    /// Of the turn that was last.
    pub(crate) now_mono_ms: u64,
    /// What this node has said to itself and not yet heard.
    to_self: VecDeque<ToSelf>,
}

const SWEEP_MS: u64 = 1_000;
/// What a node says to itself is heard within the same turn, up to so many messages; the rest in the next one.
const TO_SELF_MAX: usize = 4_096;

impl Engine {
    /// Starts a node from its configuration and everything it has stored.
    ///
    /// # Errors
    /// [`StartError`] if the configuration or a stored record is not usable.
    pub fn new(mut config: Config, stored: &Stored, now: Now) -> Result<(Engine, Vec<Effect>), StartError> {
        let place = config.place.take();
        let finality = Finality::load(&config, stored)?;
        let committee = Committee::new(config)?;
        let peers = Peers::load(&committee, stored)?;
        let (endpoints, words, news) = Endpoints::load(&committee, place, stored)?;
        let founding = Founding::load(&committee, stored)?;
        let pairs = Pairs::load(&committee, stored)?;
        let revocations = Revocations::load(&committee, stored, now)?;
        let signed_out: Vec<Effect> = revocations.ended().map(Effect::SignedOut).collect();
        let (key, value) = peers.persist_incarnation();
        let node = Node {
            committee,
            peers,
            endpoints,
            founding,
            pairs,
            registry: None,
            finality,
            revocations,
            early_rounds: EarlyMessages::default(),
            sessions: BTreeMap::new(),
            runs: BTreeMap::new(),
            next_run: 0,
            shares: Shares::default(),
            reads: Buckets::default(),
        };
        let engine = Engine {
            node,
            conducts: Conducts::default(),
            early_ceremonies: EarlyMessages::default(),
            executions: BTreeMap::new(),
            ended: BTreeMap::new(),
            active: BTreeSet::new(),
            remembered_bytes: 0,
            known_logins: KnownLogins::default(),
            issuer_keys: IssuerKeys::default(),
            buckets: Buckets::default(),
            answered: Answered::default(),
            ahead: VecDeque::new(),
            started_unix_ms: now.unix_ms,
            forgot_until_unix_ms: 0,
            draining: false,
            announced_ready: false,
            next_sweep_mono_ms: now.mono_ms + SWEEP_MS,
            now_mono_ms: now.mono_ms,
            to_self: VecDeque::new(),
        };
        // The new number is on disk before any peer hears it, and so is a new word of where this node is.
        let writes = [crate::Write { key, value }].into_iter().chain(words);
        let mut first = vec![Effect::Persist(writes.collect())];
        first.extend(news);
        first.extend(signed_out);
        Ok((engine, first))
    }

    /// Handles one input, and whatever deadline is due.
    pub fn handle(&mut self, now: Now, rng: &mut dyn CryptoRng, input: Input) -> Vec<Effect> {
        self.now_mono_ms = now.mono_ms;
        let (me, to_self) = (self.node.committee.me, std::mem::take(&mut self.to_self));
        let mut turn = Turn { now, rng, effects: Vec::new(), by_registry: false, me, to_self };
        let by = if let Input::Peer { from, .. } = &input { Some(*from) } else { None };
        match input {
            Input::Request { reply_to, source, submission } => {
                self.on_request(reply_to, source, submission, &mut turn);
            }
            Input::Decryption { reply_to, source, submission } => {
                self.on_decryption((reply_to, source), &submission, &mut turn);
            }
            Input::Revocation { reply_to, source, submission } => {
                self.on_revocation((reply_to, source), submission, &mut turn);
            }
            Input::RequestAbandoned { reply_to } => self.on_abandoned(reply_to, &mut turn),
            Input::PeerConnected { peer } => self.on_connected(peer, &mut turn),
            Input::PeerDisconnected { peer } => self.node.peers.disconnected(peer),
            Input::Peer { from, frame } => self.on_frame(from, &frame, &mut turn),
            Input::Action { run, event } => {
                self.with_run(run, &mut turn, |member, scene| member.on_action(run, event, scene));
            }
            Input::Code { run, code } => {
                self.with_run(run, &mut turn, |member, scene| member.on_code(run, code, scene));
            }
            Input::Registry(registry) => {
                self.node.registry = Some(registry);
                self.watch_chain(&mut turn);
                self.retry_ahead(&mut turn);
            }
            Input::IssuerKeys(keys) => {
                self.issuer_keys = keys;
                self.retry_ahead(&mut turn);
            }
            Input::Drain => self.draining = true,
            Input::Tick => {}
        }
        self.hear_self(&mut turn);
        self.conducts.note_faults(&turn.effects);
        if let Some(from) = by {
            self.judge_conduct(from, &mut turn);
        }
        self.tick(&mut turn);
        self.hear_self(&mut turn);
        self.to_self = std::mem::take(&mut turn.to_self);
        self.node.finality.settle(self.node.registry.as_deref(), &mut turn);
        turn.effects
    }

    /// Handles what this node has said to itself, as if a peer had said it: one part of it never calls another
    /// that may call it back.
    fn hear_self(&mut self, turn: &mut Turn<'_>) {
        for _ in 0..TO_SELF_MAX {
            match turn.to_self.pop_front() {
                None => return,
                Some(ToSelf::Said(message)) => self.on_execution_message(turn.me, *message, turn),
                Some(ToSelf::Abandon { request, operation, attempt }) => {
                    self.with(request, turn, |roles, scene| {
                        roles.member.on_abandoned(operation, attempt, scene);
                    });
                }
            }
        }
    }

    /// Monotonic time in milliseconds at which [`Input::Tick`] is due.
    #[must_use]
    pub fn next_deadline(&self) -> Option<u64> {
        let mut next = self.node.peers.next_deadline().min(self.next_sweep_mono_ms);
        if !self.to_self.is_empty() {
            next = 0;
        }
        next = self.node.founding.next_deadline().into_iter().fold(next, u64::min);
        next = self.node.endpoints.next_deadline(&self.node.committee).into_iter().fold(next, u64::min);
        next = self.node.finality.next_deadline().into_iter().fold(next, u64::min);
        next = self.ahead.front().map(|waiting| waiting.until_mono_ms).into_iter().fold(next, u64::min);
        if self.node.founding.shares().is_some() {
            next = self
                .node
                .pairs
                .next_deadline(&self.node.committee, &self.node.peers)
                .into_iter()
                .fold(next, u64::min);
        }
        next = self.node.revocations.next_deadline().into_iter().fold(next, u64::min);
        for id in &self.active {
            if let Some(execution) = self.executions.get(id) {
                next = next.min(execution.next_deadline());
            }
        }
        Some(next)
    }

    fn tick(&mut self, turn: &mut Turn<'_>) {
        self.node.peers.tick(turn);
        self.repair_greetings(turn);
        let connected = |peer| self.node.peers.is_connected(peer);
        for peer in self.node.endpoints.tick(&self.node.committee, connected, turn) {
            self.greet(peer, turn);
        }
        for head in self.node.finality.heads_to_tell(turn.now.mono_ms) {
            let greeted: Vec<NodeIndex> = self.node.peers.all_greeted();
            turn.send_all(greeted, PeerMessage::Head(head));
        }
        self.node.founding.tick(&self.node.committee, &self.node.peers, &mut self.early_ceremonies, turn);
        if self.node.founding.shares().is_some() {
            self.watch_chain(turn);
            self.node.pairs.tick(&self.node.committee, &self.node.peers, turn);
        }
        self.tick_executions(turn);
        self.tick_revocations(turn);
        self.give_up_ahead(turn);
        if turn.now.mono_ms >= self.next_sweep_mono_ms {
            self.next_sweep_mono_ms = turn.now.mono_ms + SWEEP_MS;
            self.forget_executions(turn.now);
            self.known_logins.sweep(turn.now.unix_ms);
            self.answered.sweep(turn.now.unix_ms);
            self.node.revocations.sweep(turn);
        }
        if self.ready() != self.announced_ready {
            self.announced_ready = !self.announced_ready;
            turn.report(Report::Ready(self.announced_ready));
        }
    }

    fn watch_chain(&mut self, turn: &mut Turn<'_>) {
        let believed =
            self.node.registry.as_deref().filter(|registry| self.node.finality.check(*registry).is_ok());
        self.node.founding.watch_chain(&self.node.committee, believed, turn);
    }

    fn on_connected(&mut self, peer: NodeIndex, turn: &mut Turn<'_>) {
        if !self.node.committee.is_member(peer) || peer == self.node.committee.me {
            turn.fault(peer, "not_a_member");
            return;
        }
        if let Some(for_ms) = self.conducts.away(peer, turn.now.mono_ms) {
            turn.effects.push(Effect::Disconnect { peer, for_ms });
            return;
        }
        self.node.peers.connected(peer, turn);
        self.node.endpoints.connected(peer);
        self.greet(peer, turn);
    }

    /// Ends the channel of a peer whose frames were faults too often.
    fn judge_conduct(&mut self, from: NodeIndex, turn: &mut Turn<'_>) {
        let is_fault = |effect: &&Effect| matches!(effect, Effect::Report(Report::PeerFault { peer, .. }) if *peer == from);
        let faults = turn.effects.iter().filter(is_fault).count();
        for _ in 0..faults {
            if let Some(for_ms) = self.conducts.fault(from, turn.now.mono_ms) {
                self.node.peers.disconnected(from);
                turn.report(Report::PeerSentAway { peer: from, for_ms });
                turn.effects.push(Effect::Disconnect { peer: from, for_ms });
                return;
            }
        }
    }

    fn greet(&mut self, peer: NodeIndex, turn: &mut Turn<'_>) {
        self.tell_all(peer, false, turn);
    }

    fn tell_all(&mut self, peer: NodeIndex, answer: bool, turn: &mut Turn<'_>) {
        let told = Told {
            set_ups: self.node.pairs.announced(),
            final_head: self.node.finality.newest(),
            endpoints: self.node.endpoints.tell((peer, self.node.peers.greeted(peer)), turn.now.mono_ms),
        };
        self.node.peers.greet(&self.node.committee, (peer, answer), told, turn);
    }

    /// Hellos that were lost or overtaken are repeated.
    fn repair_greetings(&mut self, turn: &mut Turn<'_>) {
        let now = turn.now.mono_ms;
        let mut due = Vec::new();
        for peer in self.node.committee.peers() {
            if self.node.peers.repair_due(&self.node.committee, peer, self.node.pairs.id(peer), now) {
                due.push(peer);
            }
        }
        for peer in due {
            self.tell_all(peer, true, turn);
        }
    }

    fn greet_all(&mut self, turn: &mut Turn<'_>) {
        let peers: Vec<NodeIndex> =
            self.node.committee.peers().filter(|&peer| self.node.peers.is_connected(peer)).collect();
        for peer in peers {
            self.greet(peer, turn);
        }
    }

    fn on_frame(&mut self, from: NodeIndex, frame: &[u8], turn: &mut Turn<'_>) {
        // What was still on its way when a channel was ended is not read.
        if !self.node.peers.is_connected(from) {
            return;
        }
        let now = turn.now.mono_ms;
        if !self.conducts.pays(from, 1, now) {
            turn.fault(from, "frames");
            return;
        }
        self.node.peers.heard(from, turn);
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
                let new = !self.node.peers.greeted(from);
                let (final_head, endpoints) = (hello.final_head, hello.endpoints.clone());
                match self.node.peers.on_hello(&self.node.committee, &mut self.conducts, (from, hello), turn)
                {
                    Consequence::PeerRolledBack => {
                        self.node.pairs.forget(&self.node.committee, from, turn);
                        self.greet(from, turn);
                    }
                    Consequence::Greeted { answer } => {
                        if let Some(head) = final_head {
                            self.node.finality.on_head((from, head), self.node.registry.as_deref(), turn);
                        }
                        let (committee, conducts) = (&self.node.committee, &mut self.conducts);
                        self.node.endpoints.hear(committee, conducts, (from, endpoints), turn);
                        if answer {
                            self.greet(from, turn);
                        }
                        if new {
                            self.node.founding.greet(&self.node.committee, from, turn);
                            self.pass_on_to(from, turn);
                            self.node.revocations.greeted(from, self.node.peers.start_of(from));
                        }
                    }
                    Consequence::None | Consequence::WeRolledBack => {}
                }
            }
            PeerMessage::Stale(notice) => {
                if self.node.peers.on_stale(&self.node.committee, from, &notice, turn)
                    == Consequence::WeRolledBack
                {
                    // Nothing is signed with pairwise state that may have been used already.
                    let active: Vec<RequestId> = self.active.iter().copied().collect();
                    for id in active {
                        self.with(id, turn, |roles, scene| roles.member.drop_attempts(scene.node));
                    }
                    self.node.pairs.forget_all(&self.node.committee, turn);
                    // A new start begins with new connections.
                    for peer in self.node.peers.disconnect_all() {
                        turn.effects.push(Effect::Disconnect { peer, for_ms: 0 });
                    }
                }
            }
            PeerMessage::Ping(_) => {}
            PeerMessage::Ban(ban) => drop(self.node.peers.learn_ban(&self.node.committee, (from, ban), turn)),
            PeerMessage::StartKeygen { fresh, .. } => {
                self.node.founding.on_start(
                    &self.node.committee,
                    from,
                    fresh,
                    &mut self.early_ceremonies,
                    turn,
                );
            }
            PeerMessage::Keygen(message) => {
                self.node.founding.on_message(
                    &self.node.committee,
                    from,
                    message,
                    &mut self.early_ceremonies,
                    turn,
                );
            }
            PeerMessage::Confirm(confirm) => {
                self.node.founding.on_confirm(&self.node.committee, from, confirm, turn)
            }
            PeerMessage::Refuse(refusal) => {
                self.node.founding.on_refusal(&self.node.committee, (from, refusal), turn)
            }
            PeerMessage::Certificate(certificate) => {
                self.node.founding.on_certificate(&self.node.committee, (from, certificate), turn);
            }
            PeerMessage::RootsVote { roots, vote } => {
                self.node.founding.on_vote(&self.node.committee, from, (*roots, vote), turn);
            }
            PeerMessage::Head(head) => {
                self.node.finality.on_head((from, head), self.node.registry.as_deref(), turn);
            }
            PeerMessage::StartPair { fresh } => {
                let early = &mut self.early_ceremonies;
                if self.node.pairs.on_start(
                    &self.node.committee,
                    &self.node.peers,
                    (from, fresh),
                    early,
                    turn,
                ) {
                    self.greet_all(turn);
                }
            }
            PeerMessage::JoinPair { fresh, joined } => {
                let early = &mut self.early_ceremonies;
                if self.node.pairs.on_join(&self.node.committee, (from, fresh, joined), early, turn) {
                    self.greet_all(turn);
                }
            }
            PeerMessage::Pair(message) => {
                if self.node.pairs.on_message(
                    &self.node.committee,
                    from,
                    message,
                    &mut self.early_ceremonies,
                    turn,
                ) {
                    self.greet_all(turn);
                }
            }
            PeerMessage::Revocation(submission) => self.on_handed_revocation(from, *submission, turn),
            PeerMessage::HeldRevocation(held) => self.on_held_revocation(from, held, turn),
            PeerMessage::RefusedRevocation { revocation } => {
                self.on_refused_revocation(from, revocation, turn);
            }
            // What concerns executions is heard only from members that have greeted us.
            PeerMessage::Execute(submission) => {
                if self.hears(from) {
                    self.on_execute(from, submission, turn);
                }
            }
            PeerMessage::Round(message) => {
                if self.hears(from) {
                    self.on_round(from, message, turn);
                }
            }
            message @ (PeerMessage::Refused { .. }
            | PeerMessage::Vote(_)
            | PeerMessage::Offer(_)
            | PeerMessage::Propose(_)
            | PeerMessage::Stalled { .. }
            | PeerMessage::AttemptFailed { .. }
            | PeerMessage::Signature { .. }
            | PeerMessage::Diverged { .. }
            | PeerMessage::Outcome(_)
            | PeerMessage::Led(_)
            | PeerMessage::Leading { .. }
            | PeerMessage::Share { .. }
            | PeerMessage::Decided { .. }) => {
                if self.hears(from) {
                    self.on_execution_message(from, message, turn);
                }
            }
        }
    }

    /// Whether the member has greeted us, or is this node itself.
    fn hears(&self, from: NodeIndex) -> bool {
        from == self.node.committee.me || self.node.peers.greeted(from)
    }

    fn on_execution_message(&mut self, from: NodeIndex, message: PeerMessage, turn: &mut Turn<'_>) {
        match (self.ill_formed(from, &message), execution_of(&message)) {
            (Some(check), _) => turn.fault(from, check),
            (None, None) => turn.fault(from, "message_kind"),
            (None, Some(id)) => {
                self.with(id, turn, |roles, scene| roles.on_message(from, message, scene));
            }
        }
    }

    /// What is wrong with a message whatever execution it is about.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "a list of what is wrong; the roles judge the rest, each message by name"
    )]
    fn ill_formed(&self, from: NodeIndex, message: &PeerMessage) -> Option<&'static str> {
        match message {
            PeerMessage::Vote(vote) if vote.node != from => Some("vote"),
            PeerMessage::Led(value) if value.node != from => Some("leader_value"),
            PeerMessage::Stalled { waiting_for: nodes, .. }
            | PeerMessage::AttemptFailed { culprits: nodes, .. }
                if nodes.len() > self.node.committee.size() =>
            {
                Some("trouble_size")
            }
            _ => None,
        }
    }

    /// A signer's message: of a session that this node does not know yet it is kept for a moment.
    fn on_round(&mut self, from: NodeIndex, message: RoundMessage, turn: &mut Turn<'_>) {
        if message.payload.len() > limits::ROUND_PAYLOAD_BYTES_MAX {
            turn.fault(from, "round_length");
            return;
        }
        let node = &mut self.node;
        match node.sessions.get(&message.session).copied() {
            None => node.early_rounds.keep(message.session, from, message.payload, turn.now.mono_ms),
            Some((id, number)) => {
                self.with(id, turn, |roles, scene| roles.member.on_round(number, from, &message, scene));
            }
        }
    }

    /// Does something with an execution, and notes whether anything of it still goes on.
    pub(crate) fn with<R>(
        &mut self,
        id: RequestId,
        turn: &mut Turn<'_>,
        act: impl FnOnce(&mut Roles<'_>, &mut Scene<'_, '_>) -> R,
    ) -> Option<R> {
        let Execution { facts, member, coordinator } = self.executions.get_mut(&id)?;
        let mut scene = Scene { node: &mut self.node, facts, turn };
        let result = act(&mut Roles { member, coordinator }, &mut scene);
        if self.executions.get(&id).is_some_and(Execution::idle) {
            self.active.remove(&id);
        } else {
            self.active.insert(id);
        }
        Some(result)
    }

    fn with_run(
        &mut self,
        run: RunNumber,
        turn: &mut Turn<'_>,
        act: impl FnOnce(&mut Member, &mut Scene<'_, '_>),
    ) {
        if let Some(id) = self.node.runs.get(&run).copied() {
            self.with(id, turn, |roles, scene| act(roles.member, scene));
        }
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
            self.with(id, turn, |roles, scene| roles.tick(scene));
        }
    }
}
