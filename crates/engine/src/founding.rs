//! The founding of a network: the DKG, its certificate by all members, and the root's vote on chain.
//!
//! The steps' numbers are those of `docs/protocols/dkg.md`. A share counts only once *every* member
//! has signed that its own is on disk and fits the same public result: with fewer, a key could be lost
//! to members that confirm and fall silent. Shares are kept through restarts and later attempts until a
//! final block shows the root of one, because the certificate of any may still arrive.

use std::collections::BTreeMap;

use ledger::{Certificate, Ledger, PENDING_MAX};
use quorate_threshold::{Dkg, DkgInput, Outcome, Outgoing, RootShare, Step};
use quorate_wire::{
    CeremonyMessage, ConfirmShare, Digest, NodeIndex, PeerMessage, PublicKey, RefuseShare, Signed, Transcript,
};

use crate::{
    At, Effect, ReadRegistry, StartError, Stored,
    committee::{Committee, node, party},
    early::EarlyMessages,
    peers::Peers,
    turn::Turn,
};

mod ledger;

const CEREMONY_MS: u64 = 2_000;
const CEREMONY_MS_MAX: u64 = 15_000;
const RETRY_MS: u64 = 1_500;
const VOTE_RETRY_MS: u64 = 3_000;
/// Interval of looking whether a next step has become possible.
const LOOK_MS: u64 = 100;

struct Running {
    session: [u8; 32],
    dkg: Dkg,
    until_mono_ms: u64,
}

pub(crate) struct Founding {
    ledger: Ledger,
    /// Confirmations of ceremonies of which this node has a share, or may get one.
    confirmed: BTreeMap<[u8; 32], BTreeMap<NodeIndex, Signed<ConfirmShare>>>,
    running: Option<Running>,
    /// The ceremony in which this node took part last: in each only once.
    last: Option<[u8; 32]>,
    attempt: u32,
    next_attempt_mono_ms: u64,
    next_vote_mono_ms: u64,
    /// A final block of the chain showed the root of our share, in this process.
    root_on_chain: bool,
}

impl Founding {
    pub(crate) fn load(committee: &Committee, stored: &Stored) -> Result<Self, StartError> {
        Ok(Founding {
            ledger: Ledger::load(committee, stored)?,
            confirmed: BTreeMap::new(),
            running: None,
            last: None,
            attempt: 0,
            next_attempt_mono_ms: 0,
            next_vote_mono_ms: 0,
            root_on_chain: false,
        })
    }

    /// The share of the root that stands, or for which this node votes.
    pub(crate) fn share(&self) -> Option<&RootShare> {
        self.ledger.share()
    }

    /// The root that stands, by a final block of the chain.
    pub(crate) fn root(&self) -> Option<PublicKey> {
        self.root_on_chain.then(|| self.wanted_root()).flatten()
    }

    fn wanted_root(&self) -> Option<PublicKey> {
        self.share().and_then(|share| PublicKey::from_sec1(&share.root_public_key()).ok())
    }

    pub(crate) fn waiting_for(&self) -> Option<&'static str> {
        match (self.share(), self.root_on_chain) {
            (None, _) if self.running.is_some() => Some("the key generation to end"),
            (None, _) if self.ledger.open() => Some("every member to confirm its share"),
            (None, _) if self.ledger.count() >= PENDING_MAX => {
                Some("the operators: too many key generations ended without every member's confirmation")
            }
            (None, _) => Some("all members to be connected for the key generation"),
            (Some(_), false) => Some("the root's votes on chain"),
            (Some(_), true) => None,
        }
    }

    /// The proposer is the first member; it chooses the moment, nothing else.
    fn proposer() -> NodeIndex {
        NodeIndex::new(1).expect("indices count from 1")
    }

    pub(crate) fn tick(
        &mut self,
        committee: &Committee,
        peers: &Peers,
        early: &mut EarlyMessages,
        turn: &mut Turn<'_>,
    ) {
        let now = turn.now.mono_ms;
        if self.running.as_ref().is_some_and(|running| now >= running.until_mono_ms) {
            let silent = self.running.take().map(|running| running.dkg.waiting_for()).unwrap_or_default();
            turn.ceremony("keygen", format!("timed out; waiting for {silent:?}"));
        }
        if self.share().is_some() || self.running.is_some() || now < self.next_attempt_mono_ms {
            return;
        }
        if self.ledger.open() {
            self.next_attempt_mono_ms = now + RETRY_MS;
            self.confirm_pending(committee, committee.peers().collect(), turn);
        } else if committee.me == Self::proposer()
            && self.ledger.count() < PENDING_MAX
            && committee.peers().all(|peer| peers.reachable(peer, now))
        {
            self.attempt += 1;
            let fresh = turn.fresh();
            turn.send_all(committee.peers(), PeerMessage::StartKeygen { attempt: self.attempt, fresh });
            self.start(committee, fresh, early, turn);
        } else {
            self.next_attempt_mono_ms = now + LOOK_MS;
        }
    }

    pub(crate) fn next_deadline(&self) -> Option<u64> {
        match (self.share(), &self.running) {
            (Some(_), _) if self.root_on_chain => None,
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
        if from != Self::proposer() {
            turn.fault(from, "keygen_proposer");
        } else if self.share().is_some() {
            self.tell_certificates(&[from], turn);
        } else if self.ledger.open() {
            self.confirm_pending(committee, committee.peers().collect(), turn);
        } else {
            self.start(committee, fresh, early, turn);
        }
    }

    fn start(
        &mut self,
        committee: &Committee,
        fresh: [u8; 32],
        early: &mut EarlyMessages,
        turn: &mut Turn<'_>,
    ) {
        let now = turn.now.mono_ms;
        self.next_attempt_mono_ms = now + RETRY_MS;
        let session = Transcript::new("quorate/dkg/v1")
            .field(&committee.id.0)
            .number(committee.epoch)
            .field(&fresh)
            .finish();
        // Twice in one ceremony would be another share of it in place of the first.
        if self.last == Some(session) || !self.ledger.unknown(&session) || self.ledger.count() >= PENDING_MAX
        {
            return;
        }
        self.last = Some(session);
        self.confirmed.retain(|session, _| self.ledger.pending(session).is_some());
        let input = DkgInput { params: committee.params, me: party(committee.me), session };
        match Dkg::start(input, &mut *turn.rng) {
            Err(error) => turn.ceremony("keygen", format!("not started: {error}")),
            Ok((dkg, messages)) => {
                turn.ceremony("keygen", "started");
                // Only time ends a ceremony of which a message was lost, say with a connection that was
                // replaced. The proposer's first attempts are short, a slow network gets longer ones; the
                // others wait for its next word.
                let patience_ms = if committee.me == Self::proposer() {
                    CEREMONY_MS_MAX.min(CEREMONY_MS << self.attempt.saturating_sub(1).min(3))
                } else {
                    CEREMONY_MS_MAX
                };
                self.running = Some(Running { session, dkg, until_mono_ms: now + patience_ms });
                send_rounds(session, messages, turn);
                for (from, payload) in early.take(&session) {
                    self.on_message(committee, from, CeremonyMessage { session, payload }, early, turn);
                }
            }
        }
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
            if self.share().is_none() && self.ledger.unknown(&message.session) {
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
            Some(Outcome::Done(share)) => {
                self.running = None;
                if let Some(early) = self.confirmed.get_mut(&message.session) {
                    early.retain(|_, confirm| fits(&confirm.body, committee, &share));
                }
                self.ledger.add(share, turn);
                self.confirm_pending(committee, committee.peers().collect(), turn);
            }
        }
    }

    /// Signs and sends that the shares that wait are on disk; called only after they are.
    fn confirm_pending(&mut self, committee: &Committee, to: Vec<NodeIndex>, turn: &mut Turn<'_>) {
        let confirms: Vec<_> =
            self.ledger.confirmable().filter_map(|share| confirm(committee, share)).collect();
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
        let session = confirm.body.session;
        if self.share().is_some() {
            self.tell_certificates(&[from], turn);
        }
        if self.ledger.settled() {
            return;
        }
        if confirm.node != from || !committee.signed_by_member(&confirm) {
            turn.fault(from, "confirm_signature");
            return;
        }
        if let Some(pending) = self.ledger.pending(&session) {
            if !fits(&confirm.body, committee, &pending.share) {
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
        let session = confirm.body.session;
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
        self.ledger.learn_refusal(refusal, turn);
        self.next_attempt_mono_ms = turn.now.mono_ms;
    }

    /// Notes that every member has confirmed a share of ours. It counts even where one of them refuses it as well: all
    /// honest nodes have it.
    pub(crate) fn on_certificate(
        &mut self,
        committee: &Committee,
        (from, certificate): (NodeIndex, Certificate),
        turn: &mut Turn<'_>,
    ) {
        let Some(session) = certificate.first().map(|confirm| confirm.body.session) else { return };
        let Some(pending) = self.ledger.pending(&session) else { return };
        if pending.certificate.is_some() {
            return;
        }
        let complete = certificate.len() == committee.size()
            && committee.members().zip(&certificate).all(|(member, confirm)| {
                confirm.node == member
                    && fits(&confirm.body, committee, &pending.share)
                    && committee.signed_by_member(confirm)
            });
        if !complete {
            turn.fault(from, "certificate");
            return;
        }
        self.ledger.certify(&session, certificate, turn);
        turn.ceremony("keygen", "certified by every member");
        self.running = None;
        self.next_vote_mono_ms = turn.now.mono_ms;
    }

    /// What a peer that has just greeted us may have missed.
    pub(crate) fn greet(&mut self, committee: &Committee, peer: NodeIndex, turn: &mut Turn<'_>) {
        if self.share().is_none() {
            self.confirm_pending(committee, vec![peer], turn);
        } else if !self.root_on_chain {
            self.tell_certificates(&[peer], turn);
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
        if self.root_on_chain {
            return;
        }
        let now = turn.now.mono_ms;
        let Some(registry) = registry else {
            self.next_vote_mono_ms = now + LOOK_MS;
            return;
        };
        let latest = registry.root(At::Latest);
        self.ledger.show(latest.as_ref());
        match (registry.root(At::Finalized), latest) {
            (Some(root), _) if !self.ledger.settle(&root, turn) => {
                self.next_vote_mono_ms = now + LOOK_MS;
                turn.halt("the root on chain is final, and this node has shares of other roots only");
            }
            (Some(_), _) if self.ledger.settled() => {
                self.root_on_chain = true;
                self.confirmed.clear();
                self.running = None;
            }
            (_, Some(_)) => self.next_vote_mono_ms = now + LOOK_MS,
            (_, None) if now >= self.next_vote_mono_ms => {
                self.next_vote_mono_ms = now + VOTE_RETRY_MS;
                if let Some(root) = self.wanted_root() {
                    self.tell_certificates(&committee.peers().collect::<Vec<_>>(), turn);
                    turn.effects.push(Effect::VoteRoot { root });
                }
            }
            (_, None) => {}
        }
    }
}

fn send_rounds(session: [u8; 32], messages: Vec<Outgoing>, turn: &mut Turn<'_>) {
    for Outgoing { to, payload, .. } in messages {
        turn.send(node(to), PeerMessage::Keygen(CeremonyMessage { session, payload }));
    }
}

fn confirm(committee: &Committee, share: &RootShare) -> Option<Signed<ConfirmShare>> {
    let root = PublicKey::from_sec1(&share.root_public_key()).ok()?;
    Some(committee.sign(ConfirmShare {
        network: committee.id,
        epoch: committee.epoch,
        session: *share.session(),
        result: Digest(share.public_digest()),
        root,
    }))
}

fn fits(confirm: &ConfirmShare, committee: &Committee, share: &RootShare) -> bool {
    confirm.network == committee.id
        && confirm.epoch == committee.epoch
        && confirm.session == *share.session()
        && confirm.result.0 == share.public_digest()
        && *confirm.root.as_bytes() == share.root_public_key()
}
