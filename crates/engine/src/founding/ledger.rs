//! What a node keeps on disk until one key set stands: its shares, their certificates, and who refused which.
//!
//! Until a final block shows the roots nothing is deleted. A member that lies may be able to certify more than one
//! ceremony, but every honest node has a share of each, and they all come to the same one.

use std::{collections::BTreeMap, sync::Arc};

use quorate_threshold::KeySetShares;
use quorate_wire::{ConfirmShare, ConfirmedRoot, Digest, NodeIndex, Purpose, RefuseShare, RootKeys, Signed};
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

const SHARE: &str = "share/roots";
const CERTIFICATE: &str = "share/certificate";
const PENDING: &str = "share/pending/";
const CERTIFIED: &str = "share/certified/";
const REFUSAL: &str = "share/refusal/";
const REFUSED: &str = "share/refused/";

/// Every member's word, in their order.
pub(crate) type Certificate = Vec<Signed<ConfirmShare>>;
type Session = [u8; 32];
type Writes = Vec<(String, Option<Zeroizing<Vec<u8>>>)>;

/// What one ceremony gave this node: a share of each root, and what all members can say of it.
pub(super) struct Made {
    shares: KeySetShares,
    roots: RootKeys,
    results: Vec<ConfirmedRoot>,
}

impl Made {
    /// None if the keys are not of their purposes' forms, which the ceremony never gives.
    pub(super) fn of(shares: KeySetShares) -> Option<Self> {
        let made = shares.roots();
        let roots = RootKeys::from_list(made.iter().map(|root| root.public_key.as_slice())).ok()?;
        if made.iter().any(|root| root.purpose.check_public_key(&root.public_key).is_err()) {
            return None;
        }
        let named = Purpose::ALL.into_iter().zip(&made);
        let results = named.map(|(purpose, root)| {
            let same = purpose.name() == root.purpose.name();
            same.then_some(ConfirmedRoot { purpose, result: Digest(root.public_digest) })
        });
        let results = results.collect::<Option<_>>()?;
        Some(Made { shares, roots, results })
    }

    fn session(&self) -> Session {
        *self.shares.session()
    }

    /// What this node confirms of it, once it is on disk.
    pub(super) fn confirm(&self, committee: &Committee) -> ConfirmShare {
        ConfirmShare {
            network: committee.id,
            epoch: committee.epoch,
            session: Digest(self.session()),
            roots: self.roots,
            results: self.results.clone(),
        }
    }

    /// Whether a member confirms the same.
    pub(super) fn fits(&self, confirm: &ConfirmShare, committee: &Committee) -> bool {
        *confirm == self.confirm(committee)
    }
}

/// Shares whose roots do not stand yet.
pub(super) struct Pending {
    pub(super) made: Made,
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
    /// The shares of the roots that stand, once a final block showed them.
    settled: Option<(Made, Arc<Certificate>)>,
    /// The ceremony whose roots the chain's newest block shows, if there are shares of it.
    shown: Option<Session>,
}

impl Ledger {
    pub(super) fn load(committee: &Committee, stored: &Stored) -> Result<Self, StartError> {
        let mut ledger = Ledger::default();
        if let Some(value) = stored.get(&committee.record(SHARE)) {
            let made = load_shares(committee, SHARE, value)?;
            let certificate: Option<Certificate> = read(stored, &committee.record(CERTIFICATE))?;
            ledger.settled = Some((made, Arc::new(certificate.unwrap_or_default())));
        }
        let of = |prefix: &str| {
            let place = committee.record(prefix);
            stored.iter().filter(move |(key, _)| key.starts_with(&place))
        };
        for (key, value) in of(PENDING) {
            let made = load_shares(committee, key, value)?;
            let pending = Pending { made, certificate: None, refusals: BTreeMap::new() };
            ledger.pending.insert(pending.made.session(), pending);
        }
        for (key, _) in of(CERTIFIED) {
            let certificate: Certificate = read(stored, key)?.unwrap_or_default();
            let session = certificate.first().map(|confirm| confirm.body.session.0);
            if let Some(pending) = session.and_then(|session| ledger.pending.get_mut(&session)) {
                pending.certificate = Some(certificate);
            }
        }
        for (key, _) in of(REFUSAL) {
            let refusal: Option<Signed<RefuseShare>> = read(stored, key)?;
            if let Some(refusal) = refusal
                && let Some(pending) = ledger.pending.get_mut(&refusal.body.session)
            {
                pending.refusals.insert(refusal.node, refusal);
            }
        }
        for (key, _) in of(REFUSED) {
            let refused: Option<(NodeIndex, Signed<RefuseShare>)> = read(stored, key)?;
            ledger.refused.extend(refused.map(|refused| (refused.1.body.session, refused)));
        }
        Ok(ledger)
    }

    /// What to work with: that of the roots on chain, else that of the ceremony for which this node votes.
    fn made(&self) -> Option<&Made> {
        match &self.settled {
            Some((made, _)) => Some(made),
            None => self.chosen().and_then(|session| self.pending.get(&session)).map(|pending| &pending.made),
        }
    }

    pub(super) fn shares(&self) -> Option<&KeySetShares> {
        self.made().map(|made| &made.shares)
    }

    pub(super) fn roots(&self) -> Option<&RootKeys> {
        self.made().map(|made| &made.roots)
    }

    /// What this node has of a ceremony without its certificate.
    pub(super) fn uncertified(&self, session: &Session) -> Option<&Made> {
        let settled = self.settled_uncertified().filter(|made| made.session() == *session);
        let pending = || self.pending.get(session).filter(|pending| pending.certificate.is_none());
        settled.or_else(|| pending().map(|pending| &pending.made))
    }

    /// What stands, as long as its certificate is missing here.
    pub(super) fn settled_uncertified(&self) -> Option<&Made> {
        self.settled.as_ref().filter(|(_, certificate)| certificate.is_empty()).map(|(made, _)| made)
    }

    pub(super) fn settled_certificate(&self) -> Option<Arc<Certificate>> {
        let certificate = self.settled.as_ref().map(|(_, certificate)| certificate);
        certificate.filter(|certificate| !certificate.is_empty()).cloned()
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
    pub(super) fn confirmable(&self) -> impl Iterator<Item = &Made> {
        let only = self.pending.len() == 1;
        let confirmable = self.pending.values().filter(move |pending| only || pending.refusals.is_empty());
        confirmable.map(|pending| &pending.made)
    }

    /// Every certificate that this node knows.
    pub(super) fn certificates(&self) -> Vec<Certificate> {
        let settled = self.settled.iter().map(|(_, certificate)| certificate.as_ref());
        let pending = self.pending.values().filter_map(|pending| pending.certificate.as_ref());
        settled.chain(pending).filter(|certificate| !certificate.is_empty()).cloned().collect()
    }

    /// Roots of which this node has a certified share.
    pub(super) fn certified(&self) -> Vec<RootKeys> {
        let certified = self.pending.values().filter(|pending| pending.certificate.is_some());
        let settled = self.settled.iter().map(|(made, _)| made.roots);
        certified.map(|pending| pending.made.roots).chain(settled).collect()
    }

    /// Members that refuse a ceremony of which this node has a share.
    pub(super) fn refusers(&self) -> Vec<NodeIndex> {
        let refusers = self.pending.values().flat_map(|pending| pending.refusals.keys().copied());
        refusers.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
    }

    /// A share that all have still to confirm, as far as this node knows.
    pub(super) fn first_open(&self) -> Option<Session> {
        self.pending.iter().find(|(_, pending)| pending.open()).map(|(session, _)| *session)
    }

    /// Whether this node may take part in a ceremony: it has neither a share of it nor said that it never shall.
    pub(super) fn unknown(&self, session: &Session) -> bool {
        !self.pending.contains_key(session) && !self.refused.contains_key(session)
    }

    pub(super) fn add(&mut self, committee: &Committee, made: Made, turn: &mut Turn<'_>) {
        let session = made.session();
        turn.persist([(key(committee, PENDING, &session), Some(made.shares.to_secret_bytes()))]);
        self.pending.insert(session, Pending { made, certificate: None, refusals: BTreeMap::new() });
    }

    pub(super) fn certify(
        &mut self,
        committee: &Committee,
        (session, certificate): (Session, Certificate),
        turn: &mut Turn<'_>,
    ) {
        if let Some(pending) = self.pending.get_mut(&session) {
            turn.persist([(key(committee, CERTIFIED, &session), Some(bytes(&certificate)))]);
            pending.certificate = Some(certificate);
        } else if let Some((made, missing)) = &mut self.settled
            && made.session() == session
        {
            turn.persist([(committee.record(CERTIFICATE), Some(bytes(&certificate)))]);
            *missing = Arc::new(certificate);
        }
    }

    /// Notes that a member refuses a ceremony of which this node has a share.
    pub(super) fn learn_refusal(
        &mut self,
        committee: &Committee,
        refusal: Signed<RefuseShare>,
        turn: &mut Turn<'_>,
    ) {
        let Some(pending) = self.pending.get_mut(&refusal.body.session) else { return };
        let place = format!("{}/{}", key(committee, REFUSAL, &refusal.body.session), refusal.node);
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
        turn.persist([(key(committee, REFUSED, &session), Some(bytes(&refused)))]);
        self.refused.insert(session, refused);
        Some(refusal)
    }

    /// The chain's newest block shows these roots: from now on they are voted for and worked with, if there are shares.
    pub(super) fn show(&mut self, roots: Option<&RootKeys>) {
        self.shown = roots.and_then(|roots| self.with_roots(roots));
    }

    fn with_roots(&self, roots: &RootKeys) -> Option<Session> {
        self.pending.iter().find(|(_, pending)| pending.made.roots == *roots).map(|(session, _)| *session)
    }

    /// The first purpose in which the roots of our own shares differ from these.
    pub(super) fn first_difference(&self, roots: &RootKeys) -> Option<Purpose> {
        self.made()?.roots.first_difference(roots)
    }

    /// A final block shows these roots: their shares stay, the others go. False if this node has shares of others only.
    pub(super) fn settle(&mut self, committee: &Committee, roots: &RootKeys, turn: &mut Turn<'_>) -> bool {
        if let Some((made, _)) = &self.settled {
            return made.roots == *roots;
        }
        let Some(session) = self.with_roots(roots) else { return self.pending.is_empty() };
        let mut writes: Writes = Vec::new();
        for (session, pending) in &self.pending {
            writes.push((key(committee, PENDING, session), None));
            if pending.certificate.is_some() {
                writes.push((key(committee, CERTIFIED, session), None));
            }
            let place = key(committee, REFUSAL, session);
            writes.extend(pending.refusals.keys().map(|node| (format!("{place}/{node}"), None)));
        }
        writes.extend(self.refused.keys().map(|session| (key(committee, REFUSED, session), None)));
        let Some(Pending { made, certificate, .. }) = self.pending.remove(&session) else { return false };
        let certificate = certificate.unwrap_or_default();
        writes.push((committee.record(SHARE), Some(made.shares.to_secret_bytes())));
        writes.push((committee.record(CERTIFICATE), Some(bytes(&certificate))));
        turn.persist(writes);
        self.pending.clear();
        self.refused.clear();
        self.settled = Some((made, Arc::new(certificate)));
        true
    }
}

fn key(committee: &Committee, prefix: &str, session: &Session) -> String {
    committee.record(&format!("{prefix}{}", Digest(*session)))
}

fn load_shares(committee: &Committee, key: &str, value: &[u8]) -> Result<Made, StartError> {
    let damaged = || StartError::Damaged { key: key.to_owned() };
    let shares = KeySetShares::from_secret_bytes(value).map_err(|_| damaged())?;
    if shares.me() != party(committee.me) || shares.params() != committee.params {
        return Err(StartError::Config(
            "the stored shares belong to another node or another committee".to_owned(),
        ));
    }
    Made::of(shares).ok_or_else(damaged)
}
