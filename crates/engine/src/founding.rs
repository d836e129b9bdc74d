//! The founding of a network: the DKG, its certificate by all members, and the root's vote on chain.
//!
//! The steps' numbers are those of `docs/protocols/dkg.md`. A share counts only once *every* member
//! has signed that its own is on disk and fits the same public result: with fewer, a key could be lost
//! to members that confirm and fall silent. Shares that wait for that certificate are kept through
//! restarts and later attempts, because the certificate may still arrive.

use std::collections::BTreeMap;

use quorate_threshold::{Dkg, DkgInput, Outcome, Outgoing, RootShare, Step};
use quorate_wire::{
    CeremonyMessage, ConfirmShare, Digest, NodeIndex, PeerMessage, PublicKey, Signed, Transcript,
};

use crate::{
    At, Effect, ReadRegistry, StartError, Stored,
    committee::{Committee, node, party},
    early::EarlyMessages,
    peers::{Peers, bytes, read},
    turn::Turn,
};

const CEREMONY_MS: u64 = 2_000;
const CEREMONY_MS_MAX: u64 = 15_000;
const RETRY_MS: u64 = 1_500;
const VOTE_RETRY_MS: u64 = 3_000;
/// Interval of looking whether a next step has become possible.
const LOOK_MS: u64 = 100;
/// Uncertified shares kept at most; a network whose founding fails more often needs its operators.
const PENDING_MAX: usize = 8;

const SHARE: &str = "share/root";
const CERTIFICATE: &str = "share/certificate";

struct Running {
    session: [u8; 32],
    dkg: Dkg,
    until_mono_ms: u64,
}

pub(crate) struct Founding {
    share: Option<RootShare>,
    certificate: Vec<Signed<ConfirmShare>>,
    pending: BTreeMap<[u8; 32], RootShare>,
    confirmed: BTreeMap<[u8; 32], BTreeMap<NodeIndex, Signed<ConfirmShare>>>,
    /// Ceremonies that a member can not confirm; their shares are kept, but no longer waited for.
    given_up: Vec<[u8; 32]>,
    running: Option<Running>,
    attempt: u32,
    next_attempt_mono_ms: u64,
    next_vote_mono_ms: u64,
    root_on_chain: bool,
}

impl Founding {
    pub(crate) fn load(committee: &Committee, stored: &Stored) -> Result<Self, StartError> {
        let mut pending = BTreeMap::new();
        for (key, value) in stored.iter().filter(|(key, _)| key.starts_with("share/pending/")) {
            let share = load_share(committee, key, value)?;
            pending.insert(*share.session(), share);
        }
        let share = match stored.get(SHARE) {
            None => None,
            Some(value) => Some(load_share(committee, SHARE, value)?),
        };
        Ok(Founding {
            share,
            certificate: read(stored, CERTIFICATE)?.unwrap_or_default(),
            pending,
            confirmed: BTreeMap::new(),
            given_up: Vec::new(),
            running: None,
            attempt: 0,
            next_attempt_mono_ms: 0,
            next_vote_mono_ms: 0,
            root_on_chain: false,
        })
    }

    pub(crate) fn share(&self) -> Option<&RootShare> {
        self.share.as_ref()
    }

    pub(crate) fn root(&self) -> Option<PublicKey> {
        self.share.as_ref().and_then(|share| PublicKey::from_sec1(&share.root_public_key()).ok())
    }

    /// Whether the root is certified by all members and voted on chain.
    pub(crate) fn founded(&self) -> bool {
        self.share.is_some() && self.root_on_chain
    }

    pub(crate) fn waiting_for(&self) -> Option<&'static str> {
        match (&self.share, self.root_on_chain) {
            (None, _) if self.running.is_some() => Some("the key generation to end"),
            (None, _) if !self.pending.is_empty() => Some("every member to confirm its share"),
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
        if self.share.is_some() || self.running.is_some() || now < self.next_attempt_mono_ms {
            return;
        }
        let open = self.pending.keys().any(|session| !self.given_up.contains(session));
        if open {
            self.next_attempt_mono_ms = now + RETRY_MS;
            self.confirm_pending(committee, committee.peers().collect(), turn);
        } else if committee.me == Self::proposer() && committee.peers().all(|peer| peers.reachable(peer, now))
        {
            self.attempt += 1;
            let fresh = turn.fresh();
            turn.send_all(committee.peers(), &PeerMessage::StartKeygen { attempt: self.attempt, fresh });
            self.start(committee, fresh, early, turn);
        } else {
            self.next_attempt_mono_ms = now + LOOK_MS;
        }
    }

    pub(crate) fn next_deadline(&self) -> Option<u64> {
        match (&self.share, &self.running) {
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
        } else if self.share.is_some() {
            turn.send(from, &PeerMessage::Certificate(self.certificate.clone()));
        } else if self.pending.keys().any(|session| !self.given_up.contains(session)) {
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
        if self.pending.len() >= PENDING_MAX {
            turn.halt("too many key generations ended without every member's confirmation");
            return;
        }
        let session = Transcript::new("quorate/dkg/v1")
            .field(&committee.id.0)
            .number(committee.epoch)
            .field(&fresh)
            .finish();
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
            if self.share.is_none() && !self.pending.contains_key(&message.session) {
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
                let key = pending_key(&message.session);
                turn.persist([(key, Some(share.to_secret_bytes()))]);
                self.pending.insert(message.session, share);
                self.confirm_pending(committee, committee.peers().collect(), turn);
            }
        }
    }

    /// Signs and sends that the shares that wait are on disk; called only after they are.
    fn confirm_pending(&mut self, committee: &Committee, to: Vec<NodeIndex>, turn: &mut Turn<'_>) {
        let open = self.pending.iter().filter(|(session, _)| !self.given_up.contains(session));
        let confirms: Vec<_> = open.filter_map(|(_, share)| confirm(committee, share)).collect();
        for confirm in confirms {
            turn.send_all(to.iter().copied(), &PeerMessage::Confirm(confirm.clone()));
            self.on_confirm(committee, committee.me, confirm, turn);
        }
    }

    pub(crate) fn on_confirm(
        &mut self,
        committee: &Committee,
        from: NodeIndex,
        confirm: Signed<ConfirmShare>,
        turn: &mut Turn<'_>,
    ) {
        let session = confirm.body.session;
        if confirm.node != from || !committee.signed_by_member(&confirm) {
            turn.fault(from, "confirm_signature");
            return;
        }
        if self.share.is_some() {
            if !self.certificate.iter().any(|own| own.body.session == session) {
                turn.send(from, &PeerMessage::CannotConfirm { session });
            }
            turn.send(from, &PeerMessage::Certificate(self.certificate.clone()));
            return;
        }
        let Some(share) = self.pending.get(&session) else {
            // Unless our own run of it may still end well, it never will: its state was in memory only.
            if self.running.as_ref().is_none_or(|running| running.session != session) {
                turn.send(from, &PeerMessage::CannotConfirm { session });
            } else {
                self.confirmed.entry(session).or_default().insert(from, confirm);
            }
            return;
        };
        if !fits(&confirm.body, committee, share) {
            turn.fault(from, "confirm_result");
            return;
        }
        let all = self.confirmed.entry(session).or_default();
        all.insert(from, confirm);
        if all.len() == committee.size() {
            let certificate: Vec<_> = all.values().cloned().collect();
            turn.send_all(committee.peers(), &PeerMessage::Certificate(certificate.clone()));
            self.on_certificate(committee, certificate, turn);
        }
    }

    pub(crate) fn on_cannot_confirm(&mut self, session: [u8; 32], turn: &mut Turn<'_>) {
        if self.share.is_none() && self.pending.contains_key(&session) && !self.given_up.contains(&session) {
            turn.ceremony("keygen", "a member has lost its share before it was confirmed; starting again");
            self.given_up.push(session);
            self.next_attempt_mono_ms = turn.now.mono_ms;
        }
    }

    /// Commits the share that every member has confirmed.
    pub(crate) fn on_certificate(
        &mut self,
        committee: &Committee,
        certificate: Vec<Signed<ConfirmShare>>,
        turn: &mut Turn<'_>,
    ) {
        if self.share.is_some() || certificate.len() != committee.size() {
            return;
        }
        let Some(session) = certificate.first().map(|confirm| confirm.body.session) else { return };
        let Some(share) = self.pending.get(&session) else { return };
        let complete = committee.members().zip(&certificate).all(|(member, confirm)| {
            confirm.node == member
                && fits(&confirm.body, committee, share)
                && committee.signed_by_member(confirm)
        });
        if !complete {
            turn.ceremony("keygen", "a certificate did not hold");
            return;
        }
        let Some(share) = self.pending.remove(&session) else { return };
        let mut writes = vec![
            (SHARE.to_owned(), Some(share.to_secret_bytes())),
            (CERTIFICATE.to_owned(), Some(bytes(&certificate))),
        ];
        let others = std::mem::take(&mut self.pending);
        writes.push((pending_key(&session), None));
        writes.extend(others.keys().map(|session| (pending_key(session), None)));
        turn.persist(writes);
        turn.ceremony("keygen", "certified by every member");
        self.share = Some(share);
        self.certificate = certificate;
        self.confirmed.clear();
        self.running = None;
        self.next_vote_mono_ms = turn.now.mono_ms;
    }

    /// What a peer that has just greeted us may have missed.
    pub(crate) fn greet(&mut self, committee: &Committee, peer: NodeIndex, turn: &mut Turn<'_>) {
        if self.share.is_some() {
            if !self.root_on_chain {
                turn.send(peer, &PeerMessage::Certificate(self.certificate.clone()));
            }
        } else {
            self.confirm_pending(committee, vec![peer], turn);
        }
    }

    /// Compares the chain's root with ours, and votes while the chain has none.
    pub(crate) fn watch_chain(&mut self, registry: Option<&dyn ReadRegistry>, turn: &mut Turn<'_>) {
        if self.root_on_chain {
            return;
        }
        let (Some(registry), Some(root)) = (registry, self.root()) else {
            self.next_vote_mono_ms = turn.now.mono_ms + LOOK_MS;
            return;
        };
        match registry.root(At::Latest) {
            Some(voted) if voted != root => {
                turn.halt("the root on chain is not the root that all members have confirmed");
            }
            Some(_) => {
                self.root_on_chain = registry.root(At::Finalized) == Some(root);
                self.next_vote_mono_ms = turn.now.mono_ms + LOOK_MS;
            }
            None if turn.now.mono_ms >= self.next_vote_mono_ms => {
                self.next_vote_mono_ms = turn.now.mono_ms + VOTE_RETRY_MS;
                turn.effects.push(Effect::VoteRoot { root });
            }
            None => {}
        }
    }
}

fn send_rounds(session: [u8; 32], messages: Vec<Outgoing>, turn: &mut Turn<'_>) {
    for Outgoing { to, payload, .. } in messages {
        turn.send(node(to), &PeerMessage::Keygen(CeremonyMessage { session, payload }));
    }
}

fn pending_key(session: &[u8; 32]) -> String {
    format!("share/pending/{}", Digest(*session))
}

fn load_share(committee: &Committee, key: &str, value: &[u8]) -> Result<RootShare, StartError> {
    let share =
        RootShare::from_secret_bytes(value).map_err(|_| StartError::Damaged { key: key.to_owned() })?;
    if share.me() == party(committee.me) && share.params() == committee.params {
        Ok(share)
    } else {
        Err(StartError::Config("the stored share belongs to another node or another committee".to_owned()))
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
