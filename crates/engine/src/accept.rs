//! Accepting executions: everything that a node checks for itself before it runs anything.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use quorate_auth::{NoFacts, Session, check_time, verify_login, verify_request};
use quorate_policy::registry_fresh;
use quorate_wire::{
    ActionCid, ActionLimits, Admission, Capability, CapabilityKey, Digest, ErrorCode, ExecutionRequest,
    Login, NodeIndex, Payer, PeerMessage, Problem, Proof, RequestId, Submission, encode, limits,
};

use crate::{
    AskedBy, At, BlockStanding, Effect, Engine, Now, Payers, ReplyTo, Report, RunNumber, Subject,
    admission::{Held, SHARE_TAKEN, price},
    execution::Execution,
    facts::Facts,
    logins::LoginReading,
    member::{Member, Run},
    order::Asking,
    turn::Turn,
};

/// How long an execution waits for the block that it names to reach this node.
const AHEAD_MS: u64 = 1_000;
const AHEAD_PER_PEER_MAX: usize = 16;

/// An execution that named a block, or a key of an issuer, which this node has not seen yet.
pub(crate) struct Ahead {
    from: NodeIndex,
    submission: Submission,
    pub(crate) until_mono_ms: u64,
    /// What is missing.
    code: ErrorCode,
}

/// Whether what a node does not know yet can come in a moment.
fn may_come(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::BlockAhead | ErrorCode::LoginKeysUnavailable)
}

/// What came with a request.
struct Brought {
    code: Option<Arc<str>>,
    /// Bytes that are kept to be passed on, if a caller brought it.
    frame_bytes: usize,
    by: AskedBy,
}

/// Longest words for people beside an outcome or a refusal.
pub(crate) const DETAIL_BYTES_MAX: usize = 1_024;
/// How long after its own time a request is remembered at least.
const REMEMBERED_MS: u64 = limits::REQUEST_AGE_MS_MAX + limits::EXECUTION_MS_MAX;

impl Engine {
    pub(crate) fn on_request(
        &mut self,
        reply_to: ReplyTo,
        source: IpAddr,
        submission: Submission,
        turn: &mut Turn<'_>,
    ) {
        let price = price(&submission);
        let paid = self.pay(&Payer::of_source(source), price, turn.now);
        let authentic = paid.and_then(|()| self.authenticate(&submission, turn));
        let accepted = authentic.and_then(|(id, request, session)| {
            let payers = Payers { login: session.id, asked_by: AskedBy::Caller(source) };
            // Once: whoever repeats a request of others, as every node can, uses up nothing of theirs.
            if !self.remembers(&id) {
                self.pay(&[Payer::Login(session.id)], price, turn.now)
                    .map_err(|problem| problem.about(id))?;
                self.admit(&request, &session, submission.code.as_deref(), turn.now)
                    .and_then(|()| self.has_room(&payers.all()))
                    .map_err(|problem| problem.about(id))?;
            }
            Ok((id, request, session))
        });
        match accepted {
            Err(problem) => {
                turn.report(Report::Refused(problem.code));
                turn.effects.push(Effect::Reply { to: reply_to, result: Err(Box::new(problem)) });
            }
            Ok((id, request, session)) => {
                let code = submission.code.as_deref().map(Arc::from);
                let frame: Arc<[u8]> = encode(&PeerMessage::Execute(submission)).into();
                if !self.take_up(id, (&request, &session), reply_to, turn) {
                    return;
                }
                if !self.executions.contains_key(&id) {
                    let brought = Brought { code, frame_bytes: frame.len(), by: AskedBy::Caller(source) };
                    self.begin(id, request, session, brought, turn);
                }
                self.take_over(id, source);
                self.with(id, turn, |roles, scene| {
                    if scene.facts.own_place.is_none() {
                        scene.facts.own_place = Some(scene.facts.coordinators.len());
                        roles.member.tell_all(scene.me(), scene);
                    }
                    let coordinator = roles.coordinator.get_or_insert_default();
                    coordinator.attach((reply_to, source), frame, scene);
                });
            }
        }
    }

    /// A caller of this very node answers for an execution from now on, not the peer that was quicker: but no
    /// further than the share of the caller's address goes, or a peer that calls as well would bring any number.
    fn take_over(&mut self, id: RequestId, source: IpAddr) {
        let asked_by = self.executions.get(&id).map(|execution| execution.facts.asked_by);
        let Some(AskedBy::Peer(peer)) = asked_by else { return };
        let mut others = self.held();
        others.remembered = others.remembered.saturating_sub(1);
        if self.has_room_beside(&others, &Payer::of_source(source)).is_err() {
            return;
        }
        let Some(execution) = self.executions.get_mut(&id) else { return };
        let running = execution.member.runs.len();
        let held = self.node.shares.of(Payer::Peer(peer));
        held.remembered = held.remembered.saturating_sub(1);
        held.running = held.running.saturating_sub(running);
        for payer in Payer::of_source(source) {
            let held = self.node.shares.of(payer);
            held.remembered += 1;
            held.running += running;
        }
        execution.facts.asked_by = AskedBy::Caller(source);
    }

    pub(crate) fn on_abandoned(&mut self, reply_to: ReplyTo, turn: &mut Turn<'_>) {
        self.node.revocations.abandoned(reply_to);
        let waiting: Vec<RequestId> = self.active.iter().copied().collect();
        for id in waiting {
            self.with(id, turn, |roles, _| {
                if let Some(coordinator) = roles.coordinator {
                    coordinator.callers.retain(|(caller, _)| *caller != reply_to);
                }
            });
        }
    }

    pub(crate) fn on_execute(&mut self, from: NodeIndex, submission: Submission, turn: &mut Turn<'_>) {
        let paid = self.pay(&[Payer::Peer(from)], price(&submission), turn.now);
        let authentic = paid.and_then(|()| self.authenticate(&submission, turn));
        let accepted = authentic.and_then(|(id, request, session)| {
            if !self.remembers(&id) {
                let payers = Payers { login: session.id, asked_by: AskedBy::Peer(from) };
                self.admit(&request, &session, submission.code.as_deref(), turn.now)
                    .and_then(|()| self.has_room(&payers.all()))
                    .map_err(|problem| problem.about(id))?;
                let code = submission.code.as_deref().map(Arc::from);
                let brought = Brought { code, frame_bytes: 0, by: AskedBy::Peer(from) };
                self.begin(id, request, session, brought, turn);
            }
            Ok(id)
        });
        match accepted {
            Err(problem) if may_come(problem.code) && self.has_room_ahead(from) => {
                // A coordinator that has just seen a block or a key is no reason to refuse: ours comes in a moment.
                let until_mono_ms = turn.now.mono_ms + AHEAD_MS;
                self.ahead.push_back(Ahead { from, submission, until_mono_ms, code: problem.code });
            }
            Err(problem) => {
                turn.report(Report::Refused(problem.code));
                let request = quorate_wire::request_id(&self.node.committee.id, &submission.request);
                let Problem { code, mut detail, .. } = problem;
                detail.truncate(detail.floor_char_boundary(DETAIL_BYTES_MAX));
                turn.send(from, PeerMessage::Refused { request, code, detail });
            }
            Ok(id) => {
                self.tell_ended(id, from, turn);
                self.with(id, turn, |roles, scene| {
                    let facts = &mut *scene.facts;
                    let asking = Asking {
                        place: facts.coordinators.len() + usize::from(facts.coordinating()),
                        start: scene.node.peers.start_of(from),
                        stalls: scene.node.peers.stalled_lately(from, scene.turn.now.mono_ms),
                        silent: false,
                    };
                    facts.coordinators.entry(from).or_insert(asking);
                    roles.member.tell_all(from, scene);
                });
            }
        }
    }

    fn has_room_ahead(&self, from: NodeIndex) -> bool {
        self.ahead.iter().filter(|waiting| waiting.from == from).count() < AHEAD_PER_PEER_MAX
    }

    /// Looks again at executions that named what this node had not seen.
    pub(crate) fn retry_ahead(&mut self, turn: &mut Turn<'_>) {
        for waiting in std::mem::take(&mut self.ahead) {
            let until_mono_ms = waiting.until_mono_ms;
            let before = self.ahead.len();
            self.on_execute(waiting.from, waiting.submission, turn);
            // Looking again does not lengthen the wait.
            if let Some(again) = self.ahead.get_mut(before) {
                again.until_mono_ms = until_mono_ms;
            }
        }
    }

    /// Refuses what has waited long enough for its block.
    pub(crate) fn give_up_ahead(&mut self, turn: &mut Turn<'_>) {
        while self.ahead.front().is_some_and(|waiting| waiting.until_mono_ms <= turn.now.mono_ms) {
            let Some(Ahead { from, submission, code, .. }) = self.ahead.pop_front() else { return };
            turn.report(Report::Refused(code));
            let request = quorate_wire::request_id(&self.node.committee.id, &submission.request);
            turn.send(from, PeerMessage::Refused { request, code, detail: code.title().to_owned() });
        }
    }

    /// A member that connects while we coordinate is asked as well.
    pub(crate) fn pass_on_to(&mut self, peer: NodeIndex, turn: &mut Turn<'_>) {
        for execution in self.active.iter().filter_map(|id| self.executions.get(id)) {
            let awaited = execution.coordinator.as_ref().filter(|coordinator| coordinator.awaited());
            if let Some(frame) = awaited.and_then(|coordinator| coordinator.submission.clone()) {
                turn.effects.push(Effect::PassOn { to: peer, frame });
            }
        }
    }

    /// Takes tokens. Whoever brings a request pays before any of it is parsed or checked, as that is what costs.
    pub(crate) fn pay(&mut self, payers: &[Payer], price: u64, now: Now) -> Result<(), Problem> {
        let rates = &self.node.committee.rates;
        self.buckets.take_of_all(payers, rates, (price, now.mono_ms)).map_err(|wait_ms| {
            let problem = Problem::of(ErrorCode::RateLimited);
            Problem { retry_after_ms: wait_ms, ..problem }
        })
    }

    /// Who is calling, and is this what they signed? Cheap checks first.
    fn authenticate(
        &mut self,
        submission: &Submission,
        turn: &mut Turn<'_>,
    ) -> Result<(RequestId, ExecutionRequest, Session), Problem> {
        if submission.code.as_ref().is_some_and(|code| code.len() > limits::CODE_BYTES_MAX) {
            return Err(Problem::of(ErrorCode::CodeTooLarge));
        }
        let request = ExecutionRequest::parse(&submission.request)?;
        if request.network != self.node.committee.id {
            let detail =
                format!("the request is for {}, this is {}", request.network, self.node.committee.id);
            return Err(Problem::new(ErrorCode::WrongNetwork, detail));
        }
        // Before anything else of the login: who is asked first could put a login of its own in its place.
        submission.login.check_named(&request.login)?;
        let session = self.session(&submission.login, &request.login, turn)?;
        // The bytes name their session. Others who have seen them, as every node has, can not make them theirs.
        if request.session != session.key {
            let detail = "the request names another session";
            return Err(Problem::new(ErrorCode::SessionSignatureInvalid, detail));
        }
        let id = verify_request(&self.node.committee.id, &session, submission)?;
        // Also of what is running or has ended already: nothing is shown to who has signed out.
        self.node.revocations.check(&session).map_err(|code| Problem::of(code).about(id))?;
        if !session.may_run(&request.action) {
            return Err(Problem::of(ErrorCode::SessionScope).about(id));
        }
        Ok((id, request, session))
    }

    /// The session behind a login; a login's signature is checked once.
    pub(crate) fn session(
        &mut self,
        login: &Login,
        hash: &Digest,
        turn: &mut Turn<'_>,
    ) -> Result<Session, Problem> {
        self.session_at(login, hash, turn.now.unix_ms, turn)
    }

    /// The session behind a login, as it is at a moment in milliseconds since the epoch: now, or a revocation's time.
    pub(crate) fn session_at(
        &mut self,
        login: &Login,
        hash: &Digest,
        moment_ms: u64,
        turn: &mut Turn<'_>,
    ) -> Result<Session, Problem> {
        if let Some(session) = self.known_logins.session(&hash.0, moment_ms) {
            return Ok(session);
        }
        let network = &self.node.committee.network;
        let wallets = login.proofs().iter().all(|proof| matches!(proof, Proof::Wallet(_)));
        let session = if wallets {
            verify_login(network, login, &NoFacts, moment_ms)?
        } else {
            let (registry, _) = self.node.decided_by()?;
            let rule = self.node.committee.logins(registry.as_ref());
            let facts = LoginReading { registry: registry.as_ref(), rule: &rule, keys: &self.issuer_keys };
            verify_login(network, login, &facts, moment_ms).inspect_err(|problem| {
                if problem.code == ErrorCode::LoginKeysUnavailable {
                    turn.effects.push(Effect::FetchIssuerKeys);
                }
            })?
        };
        self.known_logins.know(hash.0, session.clone());
        Ok(session)
    }

    /// May this be run here and now?
    fn admit(
        &self,
        request: &ExecutionRequest,
        session: &Session,
        code: Option<&str>,
        now: Now,
    ) -> Result<(), Problem> {
        if self.draining {
            return Err(ErrorCode::ShuttingDown.into());
        }
        check_time(request.time_ms, now.unix_ms, self.started_unix_ms)?;
        // A wall clock that was set back must not revive a request that may have been forgotten.
        if request.time_ms.saturating_add(REMEMBERED_MS) <= self.forgot_until_unix_ms {
            return Err(ErrorCode::RequestExpired.into());
        }
        if let Some((code, reason)) = self.waiting_for() {
            return Err(Problem::new(code, format!("this node waits for {reason}")));
        }
        let (registry, _) = self.node.decided_by()?;
        registry_fresh(registry.heard(), now.mono_ms, now.unix_ms)?;
        match registry.standing(&request.block, now.unix_ms) {
            BlockStanding::Canonical { superseded_ms } if superseded_ms <= limits::BLOCK_AGE_MS_MAX => {}
            BlockStanding::Canonical { .. } => return Err(ErrorCode::BlockTooOld.into()),
            BlockStanding::Ahead => return Err(ErrorCode::BlockAhead.into()),
            BlockStanding::Unknown => return Err(ErrorCode::BlockUnknown.into()),
        }
        self.node.counts(session, registry.as_ref())?;
        let welcome = match &self.node.committee.network.admission {
            Admission::Open => true,
            listed @ (Admission::List(_) | Admission::Logins(_)) => session.is_listed(listed),
            Admission::Granted => session.capabilities.iter().any(|capability| match capability {
                Capability::Use { key: CapabilityKey::Named(key), .. } => {
                    session.names_exactly(key, &request.action)
                        && registry
                            .grant(&key.token_id(), &Subject::Action(request.action), At::Latest)
                            .member
                }
                Capability::Use { key: CapabilityKey::Own | CapabilityKey::Any, .. }
                | Capability::Decrypt { .. }
                | Capability::DecryptIn { .. } => false,
            }),
        };
        if !welcome {
            return Err(ErrorCode::NotAdmitted.into());
        }
        // The dearest check comes last. Code that was not sent is looked for once the request is accepted.
        if code.is_some_and(|code| ActionCid::of_code(code.as_bytes()) != request.action) {
            return Err(ErrorCode::CidMismatch.into());
        }
        Ok(())
    }

    /// Is there room, and is it not the part that others must find?
    fn has_room(&self, payers: &[Payer]) -> Result<(), Problem> {
        self.has_room_beside(&self.held(), payers)
    }

    fn has_room_beside(&self, all: &Held, payers: &[Payer]) -> Result<(), Problem> {
        let rates = &self.node.committee.rates;
        let full = all.remembered >= rates.remembered_max()
            || all.bytes >= limits::REMEMBERED_BYTES_MAX
            || all.running >= limits::EXECUTIONS_RUNNING_MAX;
        if full {
            return Err(ErrorCode::Overloaded.into());
        }
        let fair = self.node.shares.may_run(payers.iter().copied(), all.running)
            && self.node.shares.may_be_remembered(payers, all, rates);
        if fair { Ok(()) } else { Err(Problem::new(ErrorCode::Overloaded, SHARE_TAKEN)) }
    }

    /// Starts this node's own run.
    fn begin(
        &mut self,
        id: RequestId,
        request: ExecutionRequest,
        session: Session,
        Brought { code, frame_bytes, by }: Brought,
        turn: &mut Turn<'_>,
    ) {
        let run = self.node.new_run(id);
        let limits = request.limits.clone().unwrap_or_default().applied_to(&self.node.committee.limits);
        turn.report(Report::Started(id));
        let root = Run::root(request.action, request.params.get().to_owned(), limits);
        self.active.insert(id);
        let members = self.node.committee.members().collect();
        let mut execution = new_execution(id, request, session, members, turn.now);
        execution.facts.asked_by = by;
        execution.facts.limits = limits;
        execution.member = Member::new(run, BTreeMap::from([(run, root)]));
        // Counted at once, and exactly with the next sweep: many long ones could come before that.
        let bytes = execution.weight() + frame_bytes;
        self.remembered_bytes += bytes;
        for payer in execution.facts.payers().all() {
            let held = self.node.shares.of(payer);
            held.remembered += 1;
            held.bytes += bytes;
            held.running += 1;
        }
        self.executions.insert(id, execution);
        self.with(id, turn, |roles, scene| roles.member.begin_run(run, code, scene));
    }
}

/// An execution of which nothing is known yet but who asks for what.
pub(crate) fn new_execution(
    id: RequestId,
    request: ExecutionRequest,
    session: Session,
    members: Arc<[NodeIndex]>,
    now: Now,
) -> Execution {
    let facts = Facts {
        id,
        members,
        forget_unix_ms: request.time_ms.saturating_add(REMEMBERED_MS),
        request,
        session,
        limits: ActionLimits::default(),
        asked_by: AskedBy::Caller(Ipv4Addr::UNSPECIFIED.into()),
        accepted_mono_ms: now.mono_ms,
        deadline_mono_ms: now.mono_ms + limits::EXECUTION_MS_MAX,
        coordinators: BTreeMap::new(),
        own_place: None,
        gone: BTreeSet::new(),
        operations: BTreeMap::new(),
        kept: BTreeMap::new(),
        runners: BTreeSet::new(),
        ended: false,
    };
    Execution { facts, member: Member::new(RunNumber(0), BTreeMap::new()), coordinator: None }
}
