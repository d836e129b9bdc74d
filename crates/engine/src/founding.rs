//! The founding of a network: the DKG of all roots, its certificate by all members, and the roots' vote on chain.
//!
//! The steps' numbers are those of `docs/protocols/dkg.md`. A share counts only once *every* member
//! has signed that its own is on disk and fits the same public result: with fewer, a key could be lost
//! to members that confirm and fall silent. Shares are kept through restarts and later attempts until a
//! final block shows the roots of one, because the certificate of any may still arrive.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use ledger::{Certificate, Ledger, Made, PENDING_MAX};
use quorate_threshold::{Dkg, DkgInput, KeySetShares, Outcome, Outgoing, SixRoots, Step};
use quorate_wire::{
    CeremonyMessage, ConfirmShare, NodeIndex, NodeVote, PeerMessage, Purpose, RefuseShare, RootKeys, Signed,
    Transcript,
};

use crate::{
    At, Effect, ReadRegistry, StartError, Stored,
    committee::{Committee, node, party},
    early::{EARLY_MS, EarlyMessages},
    peers::Peers,
    turn::Turn,
};
use votes::Votes;

mod ledger;
mod votes;
mod waiting;

const CEREMONY_MS: u64 = 2_000;
const CEREMONY_MS_MAX: u64 = 15_000;
const RETRY_MS: u64 = 1_500;
/// How much longer each member waits than the one before it, with all members there and no ceremony begun, before it
/// proposes one itself.
const TURN_MS: u64 = 1_500;
const VOTE_RETRY_MS: u64 = 3_000;
/// Proposals of one member that come sooner after each other are not heard.
const PROPOSALS_MS: u64 = RETRY_MS / 2;
/// Ceremonies of one proposer that are remembered: all that can still be under way anywhere.
const JOINED_MAX: usize = 32;
const _: () = assert!(
    CEREMONY_MS_MAX + EARLY_MS < PROPOSALS_MS * JOINED_MAX as u64,
    "of a ceremony that is forgotten nobody holds a message any more"
);
/// Interval of looking whether a next step has become possible.
const LOOK_MS: u64 = 100;

struct Running {
    session: [u8; 32],
    /// Who chose the moment.
    proposer: NodeIndex,
    dkg: Dkg<SixRoots>,
    until_mono_ms: u64,
}

pub(crate) struct Founding {
    ledger: Ledger,
    /// Confirmations of ceremonies of which this node has a share, or may get one.
    confirmed: BTreeMap<[u8; 32], BTreeMap<NodeIndex, Signed<ConfirmShare>>>,
    running: Option<Running>,
    /// Ceremonies in which this node took part lately, by who proposed them, and since when: in each only once.
    joined: BTreeMap<NodeIndex, VecDeque<([u8; 32], u64)>>,
    attempt: u32,
    next_attempt_mono_ms: u64,
    /// Since when all members have been there and no ceremony was begun.
    idle_since_mono_ms: Option<u64>,
    next_vote_mono_ms: u64,
    votes: Votes,
    /// The votes of all are not asked to be sent again before.
    next_submit_mono_ms: u64,
    /// The votes of all are there, and the chain's newest block shows no roots.
    votes_due: bool,
    /// A final block of the chain showed the roots of our shares, in this process.
    on_chain: bool,
}

impl Founding {
    pub(crate) fn load(committee: &Committee, stored: &Stored) -> Result<Self, StartError> {
        Ok(Founding {
            ledger: Ledger::load(committee, stored)?,
            confirmed: BTreeMap::new(),
            running: None,
            joined: BTreeMap::new(),
            attempt: 0,
            next_attempt_mono_ms: 0,
            idle_since_mono_ms: None,
            next_vote_mono_ms: 0,
            votes: Votes::default(),
            next_submit_mono_ms: 0,
            votes_due: false,
            on_chain: false,
        })
    }

    /// The shares of the roots that stand, or for which this node votes.
    pub(crate) fn shares(&self) -> Option<&KeySetShares> {
        self.ledger.shares()
    }

    /// The roots that stand, by a final block of the chain.
    pub(crate) fn roots(&self) -> Option<&RootKeys> {
        if self.on_chain { self.ledger.roots() } else { None }
    }

    /// What every member has signed of the roots that stand.
    pub(crate) fn certificate(&self) -> Option<Arc<Certificate>> {
        if self.on_chain { self.ledger.settled_certificate() } else { None }
    }

    /// Whether it is our turn to propose. The proposer chooses the moment, nothing else: it is whoever is first in order
    /// and there, so each member waits a little longer than the one before it.
    fn our_turn(&mut self, committee: &Committee, peers: &Peers, now: u64) -> bool {
        if !committee.peers().all(|peer| peers.reachable(peer, now)) {
            self.idle_since_mono_ms = None;
            return false;
        }
        let since = *self.idle_since_mono_ms.get_or_insert(now);
        now >= since + TURN_MS * (u64::from(committee.me.get()) - 1)
    }

    pub(crate) fn tick(
        &mut self,
        committee: &Committee,
        peers: &Peers,
        early: &mut EarlyMessages,
        turn: &mut Turn<'_>,
    ) {
        let now = turn.now.mono_ms;
        let over = self.running.take_if(|running| now >= running.until_mono_ms);
        if let Some(Running { dkg, proposer, .. }) = over {
            let silent = dkg.waiting_for();
            turn.ceremony("keygen", format!("timed out, proposed by {proposer:?}; waiting for {silent:?}"));
        }
        if self.shares().is_some() || self.running.is_some() || now < self.next_attempt_mono_ms {
            return;
        }
        if self.ledger.open() {
            self.next_attempt_mono_ms = now + RETRY_MS;
            self.confirm_pending(committee, committee.peers().collect(), turn);
        } else if self.ledger.count() < PENDING_MAX && self.our_turn(committee, peers, now) {
            self.attempt += 1;
            let fresh = turn.fresh();
            turn.send_all(committee.peers(), PeerMessage::StartKeygen { attempt: self.attempt, fresh });
            self.start(committee, (committee.me, fresh), early, turn);
        } else {
            self.next_attempt_mono_ms = now + LOOK_MS;
        }
    }

    pub(crate) fn next_deadline(&self) -> Option<u64> {
        match (self.shares(), &self.running) {
            (Some(_), _) if self.on_chain => {
                self.ledger.settled_uncertified().map(|_| self.next_vote_mono_ms)
            }
            (Some(_), _) if self.votes_due => Some(self.next_vote_mono_ms.min(self.next_submit_mono_ms)),
            (Some(_), _) => Some(self.next_vote_mono_ms),
            (None, Some(running)) => Some(running.until_mono_ms),
            (None, None) => Some(self.next_attempt_mono_ms),
        }
    }

    pub(crate) fn on_start(
        &mut self,
        committee: &Committee,
        from: NodeIndex,
        fresh: [u8; 32],
        early: &mut EarlyMessages,
        turn: &mut Turn<'_>,
    ) {
        // Of two proposals at a time the one of the member that comes first goes on.
        if self.running.as_ref().is_some_and(|running| running.proposer < from) {
            return;
        }
        if self.shares().is_some() {
            self.tell_certificates(&[from], turn);
        } else if self.ledger.open() {
            self.confirm_pending(committee, committee.peers().collect(), turn);
        } else {
            self.start(committee, (from, fresh), early, turn);
        }
    }

    fn start(
        &mut self,
        committee: &Committee,
        (proposer, fresh): (NodeIndex, [u8; 32]),
        early: &mut EarlyMessages,
        turn: &mut Turn<'_>,
    ) {
        let now = turn.now.mono_ms;
        let session = Transcript::new("quorate/dkg/v1")
            .field(&committee.id.0)
            .number(committee.epoch)
            .number(proposer.get().into())
            .field(&fresh)
            .finish();
        if !self.ledger.unknown(&session)
            || self.ledger.count() >= PENDING_MAX
            || !self.joins((proposer, session), now)
        {
            return;
        }
        self.next_attempt_mono_ms = now + RETRY_MS;
        self.idle_since_mono_ms = None;
        self.confirmed.retain(|session, _| self.ledger.pending(session).is_some());
        let input = DkgInput { params: committee.params, me: party(committee.me), session };
        match Dkg::<SixRoots>::start(input, &mut *turn.rng) {
            Err(error) => turn.ceremony("keygen", format!("not started: {error}")),
            Ok((dkg, messages)) => {
                turn.ceremony("keygen", format!("started, proposed by {proposer:?}"));
                // Only time ends a ceremony of which a message was lost, say with a connection that was
                // replaced. The proposer's first attempts are short, a slow network gets longer ones; the
                // others wait for its next word.
                let patience_ms = if committee.me == proposer {
                    CEREMONY_MS_MAX.min(CEREMONY_MS << self.attempt.saturating_sub(1).min(3))
                } else {
                    CEREMONY_MS_MAX
                };
                self.running = Some(Running { session, proposer, dkg, until_mono_ms: now + patience_ms });
                send_rounds(session, messages, turn);
                for (from, payload) in early.take(&session) {
                    self.on_message(committee, from, CeremonyMessage { session, payload }, early, turn);
                }
            }
        }
    }

    /// Whether this node takes part in a ceremony, which it notes. Not twice in one: what it said first, others may have
    /// heard. And not in one of each proposal of a member that proposes without end.
    fn joins(&mut self, (proposer, session): (NodeIndex, [u8; 32]), now: u64) -> bool {
        let joined = self.joined.entry(proposer).or_default();
        let known = joined.iter().any(|(other, _)| *other == session);
        let soon = joined.back().is_some_and(|(_, since)| now < since + PROPOSALS_MS);
        if known || soon {
            return false;
        }
        if joined.len() >= JOINED_MAX {
            joined.pop_front();
        }
        joined.push_back((session, now));
        true
    }

    pub(crate) fn on_message(
        &mut self,
        committee: &Committee,
        from: NodeIndex,
        message: CeremonyMessage,
        early: &mut EarlyMessages,
        turn: &mut Turn<'_>,
    ) {
        let Some(running) = self.running.as_mut().filter(|running| running.session == message.session) else {
            if self.shares().is_none() && self.ledger.unknown(&message.session) {
                early.keep(message.session, from, message.payload, turn.now.mono_ms);
            }
            return;
        };
        let Ok(Step { messages, outcome }) = running.dkg.receive(party(from), &message.payload) else {
            turn.fault(from, "keygen_sender");
            return;
        };
        send_rounds(message.session, messages, turn);
        match outcome {
            None => {}
            Some(Outcome::Failed(failure)) => {
                self.running = None;
                for culprit in failure.culprits() {
                    turn.fault(node(*culprit), "keygen");
                }
                turn.ceremony("keygen", format!("failed: {failure}"));
            }
            Some(Outcome::Done(shares)) => {
                self.running = None;
                let Some(made) = Made::of(shares) else {
                    turn.ceremony("keygen", "failed: the roots are not of their forms");
                    return;
                };
                if let Some(early) = self.confirmed.get_mut(&message.session) {
                    early.retain(|_, confirm| made.fits(&confirm.body, committee));
                }
                self.ledger.add(committee, made, turn);
                self.confirm_pending(committee, committee.peers().collect(), turn);
            }
        }
    }

    /// Signs and sends that the shares that wait are on disk; called only after they are.
    fn confirm_pending(&mut self, committee: &Committee, to: Vec<NodeIndex>, turn: &mut Turn<'_>) {
        let confirms: Vec<_> =
            self.ledger.confirmable().map(|made| committee.sign(made.confirm(committee))).collect();
        for confirm in confirms {
            turn.send_all(to.iter().copied(), PeerMessage::Confirm(confirm.clone()));
            self.count(committee, committee.me, confirm, turn);
        }
    }

    /// Takes a member's word that it has a share. It is told who refuses one, and what is certified.
    pub(crate) fn on_confirm(
        &mut self,
        committee: &Committee,
        from: NodeIndex,
        confirm: Signed<ConfirmShare>,
        turn: &mut Turn<'_>,
    ) {
        let session = confirm.body.session.0;
        if self.shares().is_some() {
            self.tell_certificates(&[from], turn);
        }
        if self.ledger.settled() {
            return;
        }
        let sound = confirm.node == from && confirm.body.results.len() == Purpose::ALL.len();
        if !sound || !committee.signed_by_member(&confirm) {
            turn.fault(from, "confirm_signature");
            return;
        }
        if let Some(pending) = self.ledger.pending(&session) {
            if !pending.made.fits(&confirm.body, committee) {
                turn.fault(from, "confirm_result");
                return;
            }
            for refusal in pending.refusals.values() {
                turn.send(from, PeerMessage::Refuse(refusal.clone()));
            }
            if pending.refusals.contains_key(&from) {
                turn.fault(from, "confirm_and_refuse");
            }
            self.count(committee, from, confirm, turn);
        } else if self.running.as_ref().is_some_and(|running| running.session == session) {
            self.confirmed.entry(session).or_default().insert(from, confirm);
        } else if let Some(refusal) = self.ledger.refuse(committee, (from, session), turn) {
            // It never will have one: the state of its own run was in memory only.
            turn.send(from, PeerMessage::Refuse(refusal));
        } else {
            turn.fault(from, "confirms");
        }
    }

    /// Counts a confirmation that fits a share of ours. All together are its certificate.
    fn count(
        &mut self,
        committee: &Committee,
        from: NodeIndex,
        confirm: Signed<ConfirmShare>,
        turn: &mut Turn<'_>,
    ) {
        let session = confirm.body.session.0;
        if self.ledger.pending(&session).is_none_or(|pending| pending.certificate.is_some()) {
            return;
        }
        let all = self.confirmed.entry(session).or_default();
        all.insert(from, confirm);
        if all.len() == committee.size() {
            let certificate: Certificate = all.values().cloned().collect();
            turn.send_all(committee.peers(), PeerMessage::Certificate(certificate.clone()));
            self.on_certificate(committee, (committee.me, certificate), turn);
        }
    }

    /// Takes a member's word that it has no share, from itself or from another one. Nothing but what concerns a share
    /// of ours is looked at.
    pub(crate) fn on_refusal(
        &mut self,
        committee: &Committee,
        (from, refusal): (NodeIndex, Signed<RefuseShare>),
        turn: &mut Turn<'_>,
    ) {
        let RefuseShare { network, epoch, session } = refusal.body;
        let Some(pending) = self.ledger.pending(&session) else { return };
        if pending.refusals.contains_key(&refusal.node) {
            return;
        }
        if network != committee.id || epoch != committee.epoch || !committee.signed_by_member(&refusal) {
            turn.fault(from, "refusal");
            return;
        }
        if self.confirmed.get(&session).is_some_and(|confirmed| confirmed.contains_key(&refusal.node)) {
            // No honest node says both, unless its disk was put back.
            turn.fault(refusal.node, "confirm_and_refuse");
        }
        turn.ceremony(
            "keygen",
            format!("{:?} refuses a share that waits for its confirmation", refusal.node),
        );
        self.ledger.learn_refusal(committee, refusal, turn);
    }

    /// Notes that every member has confirmed a share of ours. It counts even where one of them refuses it as well: all
    /// honest nodes have it.
    pub(crate) fn on_certificate(
        &mut self,
        committee: &Committee,
        (from, certificate): (NodeIndex, Certificate),
        turn: &mut Turn<'_>,
    ) {
        let Some(session) = certificate.first().map(|confirm| confirm.body.session.0) else { return };
        let Some(made) = self.ledger.uncertified(&session) else { return };
        let complete = certificate.len() == committee.size()
            && committee.members().zip(&certificate).all(|(member, confirm)| {
                confirm.node == member
                    && made.fits(&confirm.body, committee)
                    && committee.signed_by_member(confirm)
            });
        if !complete {
            turn.fault(from, "certificate");
            return;
        }
        self.ledger.certify(committee, (session, certificate), turn);
        self.votes.count(&self.ledger.certified());
        turn.ceremony("keygen", "certified by every member");
        self.running = None;
        self.next_vote_mono_ms = turn.now.mono_ms;
    }

    /// What a peer that has just greeted us may have missed.
    pub(crate) fn greet(&mut self, committee: &Committee, peer: NodeIndex, turn: &mut Turn<'_>) {
        if self.shares().is_none() {
            self.confirm_pending(committee, vec![peer], turn);
        } else if !self.on_chain {
            self.tell_certificates(&[peer], turn);
            self.tell_vote(committee, &[peer], turn);
        }
    }

    /// Takes a member's vote for roots (step 7.3).
    pub(crate) fn on_vote(
        &mut self,
        committee: &Committee,
        from: NodeIndex,
        vote: (RootKeys, NodeVote),
        turn: &mut Turn<'_>,
    ) {
        if !self.on_chain {
            self.votes.take(committee, &self.ledger.certified(), (from, vote), turn);
        }
    }

    /// Votes for the roots of our shares, and tells so.
    fn tell_vote(&mut self, committee: &Committee, to: &[NodeIndex], turn: &mut Turn<'_>) {
        if let Some(roots) = self.ledger.roots() {
            let vote = self.votes.cast(committee, roots);
            turn.send_all(to.iter().copied(), vote);
        }
    }

    /// Asks for the votes of all to be sent to the chain, once they are there.
    fn submit(&mut self, committee: &Committee, turn: &mut Turn<'_>) {
        let Some(roots) = self.ledger.roots() else { return };
        let Some(votes) = self.votes.all(committee, roots) else { return };
        self.votes_due = true;
        if turn.now.mono_ms >= self.next_submit_mono_ms {
            self.next_submit_mono_ms = turn.now.mono_ms + VOTE_RETRY_MS;
            turn.effects.push(Effect::SubmitRoots { roots: Box::new(*roots), votes });
        }
    }

    fn tell_certificates(&self, to: &[NodeIndex], turn: &mut Turn<'_>) {
        for certificate in self.ledger.certificates() {
            turn.send_all(to.iter().copied(), PeerMessage::Certificate(certificate));
        }
    }

    /// Votes while the chain has no root, and keeps the share of the one that it comes to have.
    pub(crate) fn watch_chain(
        &mut self,
        committee: &Committee,
        registry: Option<&dyn ReadRegistry>,
        turn: &mut Turn<'_>,
    ) {
        let now = turn.now.mono_ms;
        if self.on_chain {
            // The chain was faster than the last confirmation: whoever has the certificate answers with it.
            if let Some(made) = self.ledger.settled_uncertified()
                && now >= self.next_vote_mono_ms
            {
                self.next_vote_mono_ms = now + VOTE_RETRY_MS;
                let confirm = PeerMessage::Confirm(committee.sign(made.confirm(committee)));
                turn.send_all(committee.peers(), confirm);
            }
            return;
        }
        let Some(registry) = registry else {
            self.next_vote_mono_ms = now + LOOK_MS;
            return;
        };
        self.votes_due = false;
        let latest = registry.roots(At::Latest);
        self.ledger.show(latest.as_ref());
        match (registry.roots(At::Finalized), latest) {
            (Some(roots), _) if !self.ledger.settle(committee, &roots, turn) => {
                self.next_vote_mono_ms = now + LOOK_MS;
                let differing = self.ledger.first_difference(&roots);
                let differing = differing.map(|purpose| format!(": the root for {purpose} differs"));
                turn.halt(format!(
                    "the roots on chain are final, and this node has shares of other roots only{}",
                    differing.unwrap_or_default()
                ));
            }
            (Some(_), _) if self.ledger.settled() => {
                self.on_chain = true;
                self.confirmed.clear();
                self.votes.forget();
                self.running = None;
            }
            (_, Some(_)) => self.next_vote_mono_ms = now + LOOK_MS,
            (_, None) => {
                if now >= self.next_vote_mono_ms {
                    self.next_vote_mono_ms = now + VOTE_RETRY_MS;
                    let peers: Vec<NodeIndex> = committee.peers().collect();
                    self.tell_certificates(&peers, turn);
                    self.tell_vote(committee, &peers, turn);
                }
                self.submit(committee, turn);
            }
        }
    }
}

fn send_rounds(session: [u8; 32], messages: Vec<Outgoing>, turn: &mut Turn<'_>) {
    for Outgoing { to, payload, .. } in messages {
        turn.send(node(to), PeerMessage::Keygen(CeremonyMessage { session, payload }));
    }
}
