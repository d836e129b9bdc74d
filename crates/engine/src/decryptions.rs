//! Opening without an action: a caller asks each node for its share, and each judges alone.
//!
//! There is no coordinator and no message between nodes. The share is sealed to the caller's one-time key, so whoever
//! carries it, records it or asks for it again has nothing.

use std::{collections::BTreeMap, net::IpAddr};

use quorate_auth::{Session, check_time, verify_decryption_request};
use quorate_encryption::sealed;
use quorate_policy::{At, Reader, may_open, registry_fresh};
use quorate_quota::Held;
use quorate_threshold::Decrypt;
use quorate_wire::{
    Admission, BlockRef, DecryptionReply, DecryptionRequest, DecryptionSubmission, Digest, ErrorCode,
    Identity, Payer, Problem, RequestId, ShareStatement, limits,
};
use sha2::{Digest as _, Sha256};

use crate::{Effect, Engine, Rates, ReplyTo, Report, member::parse_policy, turn::Turn};

/// Bytes of a request or its login, which are parsed, for one token.
const BYTES_PER_TOKEN: usize = 16 << 10;
/// How long after its own time a request is remembered: as long as it could be sent again.
const REMEMBERED_MS: u64 = limits::REQUEST_AGE_MS_MAX + limits::REQUEST_AHEAD_MS_MAX;

/// Requests that a share was given for, so that each is answered once.
#[derive(Default)]
pub(crate) struct Answered {
    requests: BTreeMap<RequestId, (u64, Vec<Payer>)>,
    held: Held<Payer>,
}

impl Answered {
    /// Whether there is room for one more of these payers. Each gets more only while it has less than is free, and a login
    /// no more than comes at its rate.
    fn has_room(&self, payers: &[Payer], rates: &Rates) -> bool {
        let free = rates.remembered_max().saturating_sub(self.requests.len());
        let few = |payer: &Payer| match payer {
            Payer::Login(_) => self.held.of(payer) < rates.remembered_per_login_max(),
            Payer::Source(_) | Payer::Peer(_) => true,
        };
        payers.iter().all(few) && self.held.may_enter(payers, 1, free)
    }

    fn remember(&mut self, id: RequestId, until_unix_ms: u64, payers: Vec<Payer>) {
        self.held.enter(&payers, 1);
        self.requests.insert(id, (until_unix_ms, payers));
    }

    /// Forgets those that are too old to be sent again.
    pub(crate) fn sweep(&mut self, now_unix_ms: u64) {
        let held = &mut self.held;
        self.requests.retain(|_, (until, payers)| {
            let kept = *until > now_unix_ms;
            if !kept {
                held.leave(payers, 1);
            }
            kept
        });
    }
}

impl Engine {
    pub(crate) fn on_decryption(
        &mut self,
        (reply_to, source): (ReplyTo, IpAddr),
        submission: &DecryptionSubmission,
        turn: &mut Turn<'_>,
    ) {
        let result = self.give_share(source, submission, turn);
        match &result {
            Ok(_) => turn.report(Report::Shared),
            Err(problem) => turn.report(Report::Refused(problem.code)),
        }
        let result = result.map(Box::new).map_err(Box::new);
        turn.effects.push(Effect::ReplyShare { to: reply_to, result });
    }

    /// The share, if everything that was asked for is sound, and only then if the policy says yes.
    fn give_share(
        &mut self,
        source: IpAddr,
        submission: &DecryptionSubmission,
        turn: &mut Turn<'_>,
    ) -> Result<DecryptionReply, Problem> {
        let now = turn.now;
        let price = price(submission);
        self.pay(&Payer::of_source(source), price, now)?;
        let (id, request, session) = self.authentic(submission, turn)?;
        let about = |problem: Problem| problem.about(id);
        self.admits(&session).map_err(about)?;
        check_time(request.time_ms, now.unix_ms, self.started_unix_ms).map_err(about)?;
        // Once: whoever repeats a request of others, as every node can, uses up nothing of theirs.
        if self.answered.requests.contains_key(&id) {
            return Err(about(ErrorCode::RequestReplayed.into()));
        }
        self.pay(&[Payer::Login(session.id)], price, now).map_err(about)?;
        let mut payers = Payer::of_source(source);
        payers.push(Payer::Login(session.id));
        if !self.answered.has_room(&payers, &self.node.committee.rates) {
            return Err(about(ErrorCode::Overloaded.into()));
        }
        let blocks = self.may_have((&request, &payers), &session, turn).map_err(about)?;
        let reply = self.seal((id, &request), blocks, turn).map_err(about)?;
        self.answered.remember(id, request.time_ms.saturating_add(REMEMBERED_MS), payers);
        Ok(reply)
    }

    /// Who is asking, and is this what they signed? Cheap checks first.
    fn authentic(
        &mut self,
        submission: &DecryptionSubmission,
        turn: &mut Turn<'_>,
    ) -> Result<(RequestId, DecryptionRequest, Session), Problem> {
        let request = DecryptionRequest::parse(&submission.request)?;
        if request.network != self.node.committee.id {
            let detail =
                format!("the request is for {}, this is {}", request.network, self.node.committee.id);
            return Err(Problem::new(ErrorCode::WrongNetwork, detail));
        }
        if request.node != self.node.committee.me {
            let detail =
                format!("the request is for node {}, this is {}", request.node, self.node.committee.me);
            return Err(Problem::new(ErrorCode::MalformedRequest, detail));
        }
        submission.login.check_named(&request.login)?;
        let session = self.session(&submission.login, &request.login, turn)?;
        if request.session != session.key {
            let detail = "the request names another session";
            return Err(Problem::new(ErrorCode::SessionSignatureInvalid, detail));
        }
        let id = verify_decryption_request(&self.node.committee.id, &session, submission)?;
        self.node.revocations.check(&session).map_err(|code| Problem::of(code).about(id))?;
        Ok((id, request, session))
    }

    /// May this login have anything opened here and now? Who is let in to run actions of granted keys is let in by them;
    /// who has something opened is let in by its policy.
    fn admits(&self, session: &Session) -> Result<(), Problem> {
        if self.draining {
            return Err(ErrorCode::ShuttingDown.into());
        }
        if let Some((code, reason)) = self.waiting_for() {
            return Err(Problem::new(code, format!("this node waits for {reason}")));
        }
        match &self.node.committee.network.admission {
            Admission::Open | Admission::Granted => Ok(()),
            listed @ (Admission::List(_) | Admission::Logins(_)) => {
                if session.is_listed(listed) {
                    Ok(())
                } else {
                    Err(ErrorCode::NotAdmitted.into())
                }
            }
        }
    }

    /// Whether the policy is that of the identity, and says yes. Answers the latest and the finalized block by which it
    /// was judged.
    fn may_have(
        &mut self,
        (request, payers): (&DecryptionRequest, &[Payer]),
        session: &Session,
        turn: &mut Turn<'_>,
    ) -> Result<[BlockRef; 2], Problem> {
        let policy = parse_policy(request.policy.get(), request.form)?;
        let hash = policy.hash();
        if request.identity.policy() != hash {
            return Err(ErrorCode::IdentityMismatch.into());
        }
        if let Identity::Container { network, .. } = &request.identity
            && *network != self.node.committee.id
        {
            return Err(ErrorCode::CiphertextForeign.into());
        }
        let (registry, _) = self.node.decided_by()?;
        turn.by_registry = true;
        let now = turn.now;
        registry_fresh(registry.heard(), now.mono_ms, now.unix_ms)?;
        self.node.counts(session, registry.as_ref())?;
        if !session.may_open(&hash, None) {
            let detail = "the session does not name this policy; log in anew with quorate:decrypt/<its hash>";
            return Err(Problem::new(ErrorCode::SessionScope, detail));
        }
        let reader = Reader { caller: Some(session), action: None, unix_ms: now.unix_ms, single_node: false };
        self.node.pay_reads(payers, policy.calls()?, now)?;
        let blocks = || -> Result<[BlockRef; 2], Problem> {
            let block = |at| registry.policy_block(at).map_err(|_| Problem::of(ErrorCode::NotReady));
            Ok([block(At::Latest)?, block(At::Finalized)?])
        };
        // The blocks that are stated are those by which it was judged: none came meanwhile.
        let before = blocks()?;
        may_open(&policy, registry.as_ref(), &reader)?;
        if blocks()? != before {
            return Err(ErrorCode::PolicyUnreadable.into());
        }
        Ok(before)
    }

    /// Our share, sealed to the caller's one-time key, and our word about it.
    fn seal(
        &self,
        (id, request): (RequestId, &DecryptionRequest),
        [latest, finalized]: [BlockRef; 2],
        turn: &mut Turn<'_>,
    ) -> Result<DecryptionReply, Problem> {
        let committee = &self.node.committee;
        let shares = self.node.founding.shares().ok_or(ErrorCode::NotReady)?;
        let text = request.identity.bytes();
        let share = shares.of::<Decrypt>().partial(&text).map_err(|_| ErrorCode::Internal)?;
        let context = sealed::context(&id, committee.me);
        let sealed = sealed::seal(&request.reader.0, &context, &share.to_bytes(), turn.rng)
            .ok_or(ErrorCode::ReaderKeyInvalid)?;
        let statement = committee.sign(ShareStatement {
            network: committee.id,
            epoch: committee.epoch,
            request: id,
            login: request.login,
            identity: request.identity,
            latest,
            finalized,
            sealed: Digest(Sha256::digest(&sealed).into()),
        });
        Ok(DecryptionReply { sealed, statement })
    }
}

/// What a request costs whoever brings it, in tokens: one, and more by its length.
fn price(submission: &DecryptionSubmission) -> u64 {
    let tokens = submission.login.proofs().len().max(1)
        + (submission.request.len() + submission.login.bytes()) / BYTES_PER_TOKEN;
    u64::try_from(tokens).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use quorate_wire::LoginId;

    use super::*;

    #[test]
    fn one_payer_takes_its_share_of_what_is_remembered_and_time_frees_it() {
        let rates = Rates { executions_per_second: 3, login_per_second: 1 };
        let mut answered = Answered::default();
        let login = |mark| Payer::Login(LoginId(Digest([mark; 32])));
        let [near, far] =
            [[192, 0, 2, 1], [198, 51, 100, 1]].map(|address| Payer::of_source(address.into())[0]);
        let mut id = 0u64;
        let mut next = || {
            id += 1;
            let mut bytes = [0; 32];
            bytes[..8].copy_from_slice(&id.to_be_bytes());
            RequestId(bytes)
        };
        while answered.has_room(&[near, login(1)], &rates) {
            answered.remember(next(), 10, vec![near, login(1)]);
        }
        assert_eq!(answered.requests.len(), rates.remembered_per_login_max());
        for mark in 2..=20 {
            while answered.has_room(&[near, login(mark)], &rates) {
                answered.remember(next(), 10, vec![near, login(mark)]);
            }
        }
        assert!(
            answered.requests.len() <= rates.remembered_max() / 2 + 1,
            "an address with many logins gets half"
        );
        assert!(answered.has_room(&[far, login(30)], &rates), "another address finds room");
        answered.remember(next(), 20, vec![far, login(30)]);
        answered.sweep(10);
        assert!(answered.has_room(&[near, login(1)], &rates) && answered.requests.len() == 1);
        answered.sweep(20);
        assert!(answered.requests.is_empty() && answered.held.is_empty());
    }
}
