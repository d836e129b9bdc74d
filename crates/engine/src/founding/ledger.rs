//! What a node keeps on disk until one root stands: its shares, their certificates, and who refused which.
//!
//! Until a final block shows the root nothing is deleted. A member that lies may be able to certify more than one
//! ceremony, but every honest node has a share of each, and they all come to the same one.

use std::collections::BTreeMap;

use quorate_threshold::RootShare;
use quorate_wire::{ConfirmShare, Digest, NodeIndex, PublicKey, RefuseShare, Signed};
use zeroize::Zeroizing;

use crate::{
    StartError, Stored,
    committee::{Committee, party},
    peers::{bytes, read},
    turn::Turn,
};

/// Shares kept at most before one is certified; a network whose founding fails more often needs its operators.
pub(super) const PENDING_MAX: usize = 8;
/// Ceremonies that this node refuses because of one peer's confirmations, at most: an honest one has as many shares.
const REFUSED_MAX: usize = PENDING_MAX;

const SHARE: &str = "share/root";
const CERTIFICATE: &str = "share/certificate";
const PENDING: &str = "share/pending/";
const CERTIFIED: &str = "share/certified/";
const REFUSAL: &str = "share/refusal/";
const REFUSED: &str = "share/refused/";

pub(super) type Certificate = Vec<Signed<ConfirmShare>>;
type Session = [u8; 32];
type Writes = Vec<(String, Option<Zeroizing<Vec<u8>>>)>;

/// A share whose root does not stand yet.
pub(super) struct Pending {
    pub(super) share: RootShare,
    pub(super) certificate: Option<Certificate>,
    /// Members that say that they have no share of it.
    pub(super) refusals: BTreeMap<NodeIndex, Signed<RefuseShare>>,
}

impl Pending {
    /// Whether this node still hopes for the missing confirmations.
    fn open(&self) -> bool {
        self.refusals.is_empty() && self.certificate.is_none()
    }
}

#[derive(Default)]
pub(super) struct Ledger {
    pending: BTreeMap<Session, Pending>,
    /// Ceremonies of which this node has no share and never shall, and whose confirmation made it say so.
    refused: BTreeMap<Session, (NodeIndex, Signed<RefuseShare>)>,
    /// The share of the root that stands, once a final block showed it.
    settled: Option<(RootShare, Certificate)>,
    /// The root that the chain's newest block shows, if there is a share of it.
    shown: Option<Session>,
}

impl Ledger {
    pub(super) fn load(committee: &Committee, stored: &Stored) -> Result<Self, StartError> {
        let mut ledger = Ledger::default();
        if let Some(value) = stored.get(SHARE) {
            let share = load_share(committee, SHARE, value)?;
            ledger.settled = Some((share, read(stored, CERTIFICATE)?.unwrap_or_default()));
        }
        for (key, value) in stored.iter().filter(|(key, _)| key.starts_with(PENDING)) {
            let share = load_share(committee, key, value)?;
            let pending = Pending { share, certificate: None, refusals: BTreeMap::new() };
            ledger.pending.insert(*pending.share.session(), pending);
        }
        for key in stored.keys() {
            if key.starts_with(CERTIFIED) {
                let certificate: Certificate = read(stored, key)?.unwrap_or_default();
                let session = certificate.first().map(|confirm| confirm.body.session);
                if let Some(pending) = session.and_then(|session| ledger.pending.get_mut(&session)) {
                    pending.certificate = Some(certificate);
                }
            } else if key.starts_with(REFUSAL) {
                let refusal: Option<Signed<RefuseShare>> = read(stored, key)?;
                if let Some(refusal) = refusal
                    && let Some(pending) = ledger.pending.get_mut(&refusal.body.session)
                {
                    pending.refusals.insert(refusal.node, refusal);
                }
            } else if key.starts_with(REFUSED) {
                let refused: Option<(NodeIndex, Signed<RefuseShare>)> = read(stored, key)?;
                ledger.refused.extend(refused.map(|refused| (refused.1.body.session, refused)));
            }
        }
        Ok(ledger)
    }

    /// The share to work with: that of the root on chain, else that of the ceremony for which this node votes.
    pub(super) fn share(&self) -> Option<&RootShare> {
        match &self.settled {
            Some((share, _)) => Some(share),
            None => {
                self.chosen().and_then(|session| self.pending.get(&session)).map(|pending| &pending.share)
            }
        }
    }

    /// The ceremony for which this node votes. Of several that are certified all honest nodes take the same, once they
    /// have told each other: the lowest, unless the chain shows another already.
    fn chosen(&self) -> Option<Session> {
        let certified = self.pending.iter().filter(|(_, pending)| pending.certificate.is_some());
        self.shown.or_else(|| certified.map(|(session, _)| *session).next())
    }

    pub(super) fn settled(&self) -> bool {
        self.settled.is_some()
    }

    pub(super) fn pending(&self, session: &Session) -> Option<&Pending> {
        self.pending.get(session)
    }

    pub(super) fn count(&self) -> usize {
        self.pending.len()
    }

    /// Whether some ceremony may still be certified as far as this node knows.
    pub(super) fn open(&self) -> bool {
        self.pending.values().any(Pending::open)
    }

    /// Shares that this node confirms: none that a member refuses, unless there is no other to hope for.
    pub(super) fn confirmable(&self) -> impl Iterator<Item = &RootShare> {
        let only = self.pending.len() == 1;
        let confirmable = self.pending.values().filter(move |pending| only || pending.refusals.is_empty());
        confirmable.map(|pending| &pending.share)
    }

    /// Every certificate that this node knows.
    pub(super) fn certificates(&self) -> Vec<Certificate> {
        let settled = self.settled.iter().map(|(_, certificate)| certificate);
        let pending = self.pending.values().filter_map(|pending| pending.certificate.as_ref());
        settled.chain(pending).filter(|certificate| !certificate.is_empty()).cloned().collect()
    }

    /// Whether this node may take part in a ceremony: it has neither a share of it nor said that it never shall.
    pub(super) fn unknown(&self, session: &Session) -> bool {
        !self.pending.contains_key(session) && !self.refused.contains_key(session)
    }

    pub(super) fn add(&mut self, share: RootShare, turn: &mut Turn<'_>) {
        let session = *share.session();
        turn.persist([(key(PENDING, &session), Some(share.to_secret_bytes()))]);
        self.pending.insert(session, Pending { share, certificate: None, refusals: BTreeMap::new() });
    }

    pub(super) fn certify(&mut self, session: &Session, certificate: Certificate, turn: &mut Turn<'_>) {
        if let Some(pending) = self.pending.get_mut(session) {
            turn.persist([(key(CERTIFIED, session), Some(bytes(&certificate)))]);
            pending.certificate = Some(certificate);
        }
    }

    /// Notes that a member refuses a ceremony of which this node has a share.
    pub(super) fn learn_refusal(&mut self, refusal: Signed<RefuseShare>, turn: &mut Turn<'_>) {
        let Some(pending) = self.pending.get_mut(&refusal.body.session) else { return };
        let place = format!("{}/{}", key(REFUSAL, &refusal.body.session), refusal.node);
        turn.persist([(place, Some(bytes(&refusal)))]);
        pending.refusals.insert(refusal.node, refusal);
    }

    /// This node's own refusal of a ceremony that a peer confirms: durable before it is said, and never taken back.
    pub(super) fn refuse(
        &mut self,
        committee: &Committee,
        (asker, session): (NodeIndex, Session),
        turn: &mut Turn<'_>,
    ) -> Option<Signed<RefuseShare>> {
        if let Some((_, refusal)) = self.refused.get(&session) {
            return Some(refusal.clone());
        }
        if self.refused.values().filter(|(by, _)| *by == asker).count() >= REFUSED_MAX {
            return None;
        }
        let refusal = committee.sign(RefuseShare { network: committee.id, epoch: committee.epoch, session });
        let refused = (asker, refusal.clone());
        turn.persist([(key(REFUSED, &session), Some(bytes(&refused)))]);
        self.refused.insert(session, refused);
        Some(refusal)
    }

    /// The chain's newest block shows this root: from now on it is voted for and worked with, if there is a share.
    pub(super) fn show(&mut self, root: Option<&PublicKey>) {
        self.shown = root.and_then(|root| self.with_root(root));
    }

    fn with_root(&self, root: &PublicKey) -> Option<Session> {
        let of_root = |pending: &Pending| pending.share.root_public_key() == *root.as_bytes();
        self.pending.iter().find(|(_, pending)| of_root(pending)).map(|(session, _)| *session)
    }

    /// A final block shows this root: its share stays, the others go. False if this node has shares of others only.
    pub(super) fn settle(&mut self, root: &PublicKey, turn: &mut Turn<'_>) -> bool {
        if let Some((share, _)) = &self.settled {
            return share.root_public_key() == *root.as_bytes();
        }
        let Some(session) = self.with_root(root) else { return self.pending.is_empty() };
        let mut writes: Writes = Vec::new();
        for (session, pending) in &self.pending {
            writes.push((key(PENDING, session), None));
            if pending.certificate.is_some() {
                writes.push((key(CERTIFIED, session), None));
            }
            let refusals = pending.refusals.keys();
            writes.extend(refusals.map(|node| (format!("{}/{node}", key(REFUSAL, session)), None)));
        }
        writes.extend(self.refused.keys().map(|session| (key(REFUSED, session), None)));
        let Some(Pending { share, certificate, .. }) = self.pending.remove(&session) else { return false };
        let certificate = certificate.unwrap_or_default();
        writes.push((SHARE.to_owned(), Some(share.to_secret_bytes())));
        writes.push((CERTIFICATE.to_owned(), Some(bytes(&certificate))));
        turn.persist(writes);
        self.pending.clear();
        self.refused.clear();
        self.settled = Some((share, certificate));
        true
    }
}

fn key(prefix: &str, session: &Session) -> String {
    format!("{prefix}{}", Digest(*session))
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
