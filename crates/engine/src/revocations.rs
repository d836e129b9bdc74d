//! Signing out: revocations that a node has checked, keeps, and hands on to every peer. Steps are those of
//! `docs/logins.md`, "Signing out".
//!
//! Each node checks a revocation alone, as it checks a request, and writes it down before it says that it has it. What is
//! ended is looked at wherever a session counts for something, the last time before this node's last message of a signature.

mod table;

use std::net::IpAddr;

use quorate_auth::{Ended, ISSUED_AHEAD_MS_MAX, Session, check_time, verify_revocation_request};
use quorate_quota::Rate;
use quorate_wire::{
    Admission, ErrorCode, HeldRevocation, LoginId, NodeIndex, Payer, PeerMessage, Problem, RequestId,
    RevocationRequest, RevocationSubmission, SessionKey, Signed, limits, revocation_request_id,
};

pub(crate) use table::Revocations;
use table::{TOKENS, held};

use crate::{AskedBy, Effect, Engine, Now, ReplyTo, Report, turn::Turn};

/// A session that is out may sign further revocations for so long after this node has learned of the first: whoever has
/// stolen it can neither keep its owner from signing out everywhere by being quicker, nor sign the owner out for ever.
const AFTERWARDS_MS: u64 = 10 * 60_000;
/// Revocations of one address, of which each costs so many tokens: a few at once, and one in so many seconds.
const OF_SOURCE: Rate = Rate::per_second(64 * TOKENS, 1);
/// How long a caller waits for others to have it as well.
const WAIT_MS: u64 = 2_000;
/// What a revocation costs whoever brings it, in tokens, beside what reading it costs: a durable write.
const PRICE: u64 = 16;
const BYTES_PER_TOKEN: usize = 16 << 10;

impl Engine {
    /// A caller signs out.
    pub(crate) fn on_revocation(
        &mut self,
        (reply_to, source): (ReplyTo, IpAddr),
        submission: RevocationSubmission,
        turn: &mut Turn<'_>,
    ) {
        match self.take_revocation(AskedBy::Caller(source), submission, turn) {
            Ok(revocation) => {
                let until_mono_ms = turn.now.mono_ms + WAIT_MS;
                let all = &mut self.node.revocations;
                all.wait((reply_to, revocation, until_mono_ms), &self.node.committee, turn);
            }
            Err(problem) => {
                turn.report(Report::Refused(problem.code));
                let result = Err(Box::new(problem));
                turn.effects.push(Effect::ReplyRevocation { to: reply_to, result });
            }
        }
    }

    /// A peer hands on a revocation.
    pub(crate) fn on_handed_revocation(
        &mut self,
        from: NodeIndex,
        submission: RevocationSubmission,
        turn: &mut Turn<'_>,
    ) {
        let id = revocation_request_id(&self.node.committee.id, &submission.request);
        match self.take_revocation(AskedBy::Peer(from), submission, turn) {
            Ok(id) => {
                // Whoever hands it on has it, but says so only when it is asked.
                turn.send(from, PeerMessage::HeldRevocation(held(&self.node.committee, id)));
            }
            Err(problem) if is_final(problem.code) => {
                if is_fault(problem.code) {
                    turn.fault(from, "revocation");
                }
                turn.send(from, PeerMessage::RefusedRevocation { revocation: id });
            }
            // What this node does not take now, it may take later: the peer hands it on again.
            Err(_) => {}
        }
    }

    /// A peer says that it has a revocation.
    pub(crate) fn on_held_revocation(
        &mut self,
        from: NodeIndex,
        held: Signed<HeldRevocation>,
        turn: &mut Turn<'_>,
    ) {
        let committee = &self.node.committee;
        let HeldRevocation { network, epoch, revocation } = held.body;
        let sound = held.node == from
            && (network, epoch) == (committee.id, committee.epoch)
            && committee.signed_by_member(&held);
        if !sound {
            return turn.fault(from, "held_revocation");
        }
        self.node.revocations.settled(revocation, (from, Some(held)), committee, turn);
    }

    /// A peer says that it will not have a revocation.
    pub(crate) fn on_refused_revocation(
        &mut self,
        from: NodeIndex,
        revocation: RequestId,
        turn: &mut Turn<'_>,
    ) {
        self.node.revocations.settled(revocation, (from, None), &self.node.committee, turn);
    }

    pub(crate) fn tick_revocations(&mut self, turn: &mut Turn<'_>) {
        self.node.revocations.tick((&self.node.committee, &self.node.peers), turn);
    }

    /// Checks a revocation and has it from then on, if it is one. Cheap checks come first.
    fn take_revocation(
        &mut self,
        by: AskedBy,
        submission: RevocationSubmission,
        turn: &mut Turn<'_>,
    ) -> Result<RequestId, Problem> {
        let (now, price) = (turn.now, price(&submission));
        let mut payers = match by {
            AskedBy::Caller(source) => Payer::of_source(source),
            AskedBy::Peer(peer) => vec![Payer::Peer(peer)],
        };
        self.pay(&payers, price, now)?;
        submission.login.check_bounds()?;
        let request = RevocationRequest::parse(&submission.request)?;
        if request.network != self.node.committee.id {
            let detail =
                format!("the request is for {}, this is {}", request.network, self.node.committee.id);
            return Err(Problem::new(ErrorCode::WrongNetwork, detail));
        }
        let id = revocation_request_id(&self.node.committee.id, &submission.request);
        // Its bytes were checked before, whoever brings them now.
        if self.node.revocations.has(&id) {
            return Ok(id);
        }
        let about = |problem: Problem| problem.about(id);
        check_moment(by, request.time_ms, now).map_err(about)?;
        let session = self.revoking(&request, &submission, turn).map_err(about)?;
        if matches!(by, AskedBy::Caller(_)) {
            self.pay(&[Payer::Login(session.id)], price, now).map_err(about)?;
        }
        payers.push(Payer::Login(session.id));
        let all = &self.node.revocations;
        let ended = Ended::by(&session, request.ends, request.time_ms, now.unix_ms);
        if all.out().covers(&ended) {
            return Ok(id);
        }
        let learned_ms = all.out().learned_ms(&session);
        if learned_ms.is_some_and(|learned_ms| request.time_ms > learned_ms.saturating_add(AFTERWARDS_MS)) {
            return Err(about(ErrorCode::SessionRevoked.into()));
        }
        if !all.has_room(submission.bytes() + limits::REVOCATION_BYTES, &payers, &ended) {
            return Err(about(ErrorCode::Overloaded.into()));
        }
        // Only what is kept is charged: others behind the address cannot use it up with what is none.
        let sources = payers.iter().filter(|payer| matches!(payer, Payer::Source(_)));
        for source in sources {
            let rule = OF_SOURCE.times(source.multiple().into());
            self.node.revocations.pay(*source, &rule, now).map_err(about)?;
        }
        self.keep_revocation(id, (submission, session.id, ended), payers, turn);
        Ok(id)
    }

    /// The session that signs out, as it was at the revocation's time: it may have ended since.
    fn revoking(
        &mut self,
        request: &RevocationRequest,
        submission: &RevocationSubmission,
        turn: &mut Turn<'_>,
    ) -> Result<Session, Problem> {
        submission.login.check_named(&request.login)?;
        let moment_ms = request.time_ms.min(turn.now.unix_ms);
        let session = self.session_at(&submission.login, &request.login, moment_ms, turn)?;
        if request.session != session.key {
            let detail = "the request names another session";
            return Err(Problem::new(ErrorCode::SessionSignatureInvalid, detail));
        }
        // Nothing was signed by a session before it was allowed: such a revocation would last for as short as it pleases.
        let before = |proven_ms: u64| request.time_ms.saturating_add(ISSUED_AHEAD_MS_MAX) < proven_ms;
        if session.methods.iter().any(|method| before(method.proven_ms)) {
            return Err(Problem::new(ErrorCode::LoginInvalid, "the revocation is older than its session"));
        }
        verify_revocation_request(&self.node.committee.id, &session, submission)?;
        match &self.node.committee.network.admission {
            Admission::Open | Admission::Granted => Ok(session),
            // Of whoever is not listed there is nothing to end.
            listed @ (Admission::List(_) | Admission::Logins(_)) => {
                if session.is_listed(listed) {
                    Ok(session)
                } else {
                    Err(ErrorCode::NotAdmitted.into())
                }
            }
        }
    }

    /// Writes a revocation down, ends what it ends, and hands it on.
    fn keep_revocation(
        &mut self,
        id: RequestId,
        (submission, login, ended): (RevocationSubmission, LoginId, Ended),
        payers: Vec<Payer>,
        turn: &mut Turn<'_>,
    ) {
        let what = (submission, login, ended.clone());
        self.node.revocations.take((id, what), payers, &self.node.committee, turn);
        turn.report(Report::SignedOut);
        turn.effects.push(Effect::SignedOut(ended));
        // Runs that go on ask for nothing more.
        let out = |id: &RequestId| {
            let facts = self.executions.get(id).map(|execution| &execution.facts);
            facts.is_some_and(|facts| facts.running() && self.node.revocations.check(&facts.session).is_err())
        };
        let out: Vec<RequestId> = self.active.iter().copied().filter(out).collect();
        for id in out {
            self.with(id, turn, |roles, scene| roles.member.stop_run(ErrorCode::SessionRevoked, scene));
        }
    }
}

/// Whether a revocation's own time fits this node's clock. A caller's is as fresh as any request; what a peer hands on can
/// be of yesterday.
fn check_moment(by: AskedBy, time_ms: u64, now: Now) -> Result<(), Problem> {
    let oldest = Ended {
        session: SessionKey([0; 32]),
        methods: Vec::new(),
        proven_ms: 0,
        everywhere: false,
        at_ms: time_ms,
        learned_ms: 0,
    };
    match by {
        AskedBy::Caller(_) => check_time(time_ms, now.unix_ms, 0),
        AskedBy::Peer(_) if time_ms > now.unix_ms.saturating_add(limits::REQUEST_AHEAD_MS_MAX) => {
            Err(ErrorCode::RequestFromFuture.into())
        }
        AskedBy::Peer(_) if oldest.until_ms() <= now.unix_ms => Err(ErrorCode::RequestExpired.into()),
        AskedBy::Peer(_) => Ok(()),
    }
}

/// Whether this node will never take what it refuses by this code.
fn is_final(code: ErrorCode) -> bool {
    is_fault(code) || code == ErrorCode::NotAdmitted
}

/// Whether no honest node hands on what is refused by this code.
fn is_fault(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::MalformedRequest
            | ErrorCode::UnsupportedVersion
            | ErrorCode::WrongNetwork
            | ErrorCode::LoginMismatch
            | ErrorCode::SessionSignatureInvalid
    )
}

/// What a revocation costs whoever brings it, in tokens.
fn price(submission: &RevocationSubmission) -> u64 {
    let tokens = submission.login.proofs().len().max(1) + submission.bytes() / BYTES_PER_TOKEN;
    PRICE + u64::try_from(tokens).unwrap_or(u64::MAX)
}
