//! What must hold after every step. The checker knows only what it is told from outside the engines:
//! what hosts asked for, what honest nodes' own views allowed, and what honest nodes sent.

use std::collections::{BTreeMap, BTreeSet};

use k256::ecdsa::{RecoveryId, Signature, VerifyingKey, signature::hazmat::PrehashVerifier as _};
use quorate_wire::{
    ActionCid, Digest, Intent, IntentHash, LoginId, MessageKind, NetworkId, NodeIndex, OperationNumber,
    Proposal, PublicKey, Recipient, RequestId, RootKeys, Scheme, Verdict, Vote, limits,
};

use crate::{
    committee::{Committee, Shape},
    trace::short,
};

mod logins;
mod pairs;
mod values;

pub(crate) use logins::{Basis, Reading, TokenBasis};
pub(crate) use values::Promised;

/// The epoch of every simulated committee.
pub(crate) const EPOCH: u64 = 1;

/// One life of one node: its slot in the world, and how often that slot has started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Life {
    pub(crate) slot: usize,
    pub(crate) generation: u32,
    pub(crate) node: NodeIndex,
}

/// An invariant that broke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The invariant's name.
    pub invariant: &'static str,
    /// What was seen.
    pub detail: String,
}

/// What an honest node's own run asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) request: RequestId,
    pub(crate) operation: OperationNumber,
    pub(crate) action: ActionCid,
    pub(crate) key: PublicKey,
    pub(crate) kind: MessageKind,
    pub(crate) digest: [u8; 32],
    pub(crate) name: String,
}

/// A signature that somebody showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) request: RequestId,
    pub(crate) key: PublicKey,
    pub(crate) digest: [u8; 32],
    pub(crate) signature: [u8; 64],
    pub(crate) recovery_id: Option<u8>,
}

#[derive(Debug, Clone)]
struct Own {
    asked: Asked,
    allowed: bool,
}

/// Counts for the summary.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Distinct signatures.
    pub signatures: u64,
    /// Attempts that honest nodes joined.
    pub attempts: u64,
    /// Bans that honest nodes made or learned.
    pub bans: u64,
    /// Values that runs of honest nodes were given after agreement.
    pub values: u64,
}

/// The checker of one run.
pub(crate) struct Checker {
    shape: Shape,
    network: NetworkId,
    dishonest: BTreeSet<NodeIndex>,
    /// Signatures that honest runs go on with.
    alike: BTreeMap<(RequestId, OperationNumber), [u8; 64]>,
    own: BTreeMap<(Life, IntentHash), Own>,
    voted: BTreeSet<(Life, RequestId, OperationNumber)>,
    offered: BTreeSet<(Life, [u8; 32])>,
    sessions: BTreeMap<[u8; 32], Proposal>,
    joined: BTreeSet<(Life, [u8; 32])>,
    /// Honest nodes that let their last message of a session go.
    released: BTreeMap<[u8; 32], BTreeSet<NodeIndex>>,
    spent: BTreeMap<(NodeIndex, [u8; 32]), [u8; 32]>,
    attempts: BTreeMap<(Life, RequestId, OperationNumber, NodeIndex), u8>,
    nonces: BTreeMap<[u8; 32], Shown>,
    replied: BTreeSet<(Life, u64)>,
    logins: logins::Seen,
    values: values::Seen,
    pairs: pairs::Seen,
    roots: Option<RootKeys>,
    bans: BTreeSet<(NodeIndex, NodeIndex)>,
    banned_set_ups: BTreeSet<(NodeIndex, [u8; 32])>,
    violations: Vec<Violation>,
}

impl Checker {
    pub(crate) fn new(committee: &Committee, dishonest: BTreeSet<NodeIndex>) -> Self {
        Checker {
            shape: committee.shape,
            network: committee.id,
            dishonest,
            alike: BTreeMap::new(),
            own: BTreeMap::new(),
            voted: BTreeSet::new(),
            offered: BTreeSet::new(),
            sessions: BTreeMap::new(),
            joined: BTreeSet::new(),
            released: BTreeMap::new(),
            spent: BTreeMap::new(),
            attempts: BTreeMap::new(),
            nonces: BTreeMap::new(),
            replied: BTreeSet::new(),
            logins: logins::Seen::default(),
            values: values::Seen::default(),
            pairs: pairs::Seen::default(),
            roots: None,
            bans: BTreeSet::new(),
            banned_set_ups: BTreeSet::new(),
            violations: Vec::new(),
        }
    }

    /// What broke, if anything did.
    pub(crate) fn violation(&self) -> Option<&Violation> {
        self.violations.first()
    }

    pub(crate) fn counts(&self) -> Counts {
        let count = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
        Counts {
            signatures: count(self.nonces.len()),
            attempts: count(self.sessions.len()),
            bans: count(self.bans.len()),
            values: self.values.count,
        }
    }

    /// Notes a broken invariant that the world found by itself.
    pub(crate) fn broken(&mut self, invariant: &'static str, detail: String) {
        self.violations.push(Violation { invariant, detail });
    }

    /// An honest node's own run asks a key to sign; `allowed` is what its own view says at this moment. One that
    /// coordinates casts its vote to itself now, and others may hear of it when a right has ended since.
    pub(crate) fn asked(&mut self, life: Life, asked: &Asked, (allowed, coordinates): (bool, bool)) {
        let hash = self.vote(asked).hash();
        self.own.insert((life, hash), Own { asked: asked.clone(), allowed });
        if allowed && coordinates {
            self.voted.insert((life, asked.request, asked.operation));
        }
    }

    /// An honest node starts a run for somebody; its caller named the login of whom `named` is.
    pub(crate) fn started(
        &mut self,
        life: Life,
        request: &RequestId,
        (login, named): (LoginId, Option<LoginId>),
    ) {
        if named != Some(login) {
            let detail = format!("{life:?} runs {} for {login}, not for {named:?}", short(&request.0));
            self.broken("no run acts for a login that its caller did not name", detail);
        }
    }

    /// An honest node runs code as an action's.
    pub(crate) fn runs(&mut self, life: Life, action: &ActionCid, code: &str) {
        if ActionCid::of_code(code.as_bytes()) != *action {
            self.broken("a run's code is that of its action", format!("{life:?} runs {code:?} as {action}"));
        }
    }

    /// An honest node sent a vote of its own; `allowed` tells whether its own view allows a key's use
    /// under an action in a request at this moment.
    pub(crate) fn voted(&mut self, life: Life, vote: &Vote, allowed: bool) {
        let Some(intent) = vote.intent() else { return };
        if !self.own.contains_key(&(life, vote.hash())) {
            let detail =
                format!("{life:?} votes for {} that its run did not ask for", short(&intent.digest.0));
            self.broken("a node votes only for what its own run asked", detail);
        }
        if self.voted.insert((life, vote.request, vote.operation)) && !allowed {
            let detail = format!("{life:?} votes for {} in {:?}", intent.key, vote.request);
            self.broken("no intent without authority at that moment", detail);
        }
    }

    /// An honest node sent fresh bytes.
    pub(crate) fn offered(&mut self, life: Life, fresh: [u8; 32]) {
        self.offered.insert((life, fresh));
    }

    /// An honest node sent its first message of a session, to which this proposal led it. A proposal
    /// from a peer can only hold bytes that this node has offered.
    pub(crate) fn joined(&mut self, life: Life, session: [u8; 32], proposal: &Proposal, from_peer: bool) {
        self.joined.insert((life, session));
        self.check_proposal(life, proposal, from_peer);
        match self.sessions.get(&session) {
            Some(known) if known != proposal => {
                let detail = format!("session {} at {life:?}: {known:?} and {proposal:?}", short(&session));
                self.broken("no session id with two meanings", detail);
            }
            Some(_) => {}
            None => {
                self.sessions.insert(session, proposal.clone());
            }
        }
        let fresh = proposal.signers.iter().find(|(node, _)| *node == life.node).map(|(_, fresh)| *fresh);
        if let Some(fresh) = fresh {
            let spent = *self.spent.entry((life.node, fresh)).or_insert(session);
            if spent != session {
                let detail =
                    format!("{life:?} spends {} in {} and {}", short(&fresh), short(&spent), short(&session));
                self.broken("fresh bytes are spent at most once", detail);
            }
        }
        let place = (life, proposal.request, proposal.operation, proposal.coordinator);
        let last = self.attempts.entry(place).or_insert(0);
        if proposal.attempt <= *last || proposal.attempt > limits::PROPOSALS_MAX {
            let detail = format!("{life:?} joins attempt {} after {last}", proposal.attempt);
            self.broken("attempts grow, up to the limit", detail);
        } else {
            *last = proposal.attempt;
        }
    }

    fn check_proposal(&mut self, life: Life, proposal: &Proposal, from_peer: bool) {
        let nodes: Vec<NodeIndex> = proposal.signers.iter().map(|(node, _)| *node).collect();
        let ascending = nodes.windows(2).all(|pair| pair[0] < pair[1]);
        let members = nodes.iter().all(|node| node.get() <= self.shape.n);
        if nodes.len() != usize::from(self.shape.t) || !ascending || !members || !nodes.contains(&life.node) {
            self.broken(
                "a signer set is exactly t members, oneself among them",
                format!("{life:?}: {nodes:?}"),
            );
        }
        if let Some(set_up) =
            proposal.set_ups.iter().find(|id| self.banned_set_ups.contains(&(life.node, **id)))
        {
            let detail = format!("{life:?} joins {nodes:?} over the set-up {}", short(set_up));
            self.broken("no signing over a banned set-up", detail);
        }
        match self.own.get(&(life, proposal.intent)) {
            Some(own) if own.asked.request == proposal.request && own.allowed => {}
            other => {
                let detail = format!("{life:?} joins {proposal:?}; its own run: {other:?}");
                self.broken("a node signs only its own allowed intent", detail);
            }
        }
        if from_peer {
            for (node, fresh) in &proposal.signers {
                if *node == life.node && !self.offered.contains(&(life, *fresh)) {
                    let detail = format!("{life:?} accepts {}", short(fresh));
                    self.broken("a node's bytes in a session are its own offer", detail);
                }
            }
        }
    }

    /// Whether this life has sent messages of a session.
    pub(crate) fn has_joined(&self, life: Life, session: &[u8; 32]) -> bool {
        self.joined.contains(&(life, *session))
    }

    /// Whether this life has already answered a proposal with a session.
    pub(crate) fn has_answered(&self, life: Life, proposal: &Proposal) -> bool {
        let last = self.attempts.get(&(life, proposal.request, proposal.operation, proposal.coordinator));
        last.is_some_and(|last| proposal.attempt <= *last)
    }

    /// The proposal of a session that an honest node has joined.
    pub(crate) fn session(&self, session: &[u8; 32]) -> Option<&Proposal> {
        self.sessions.get(session)
    }

    /// What this life's own run asked for under an intent's hash.
    pub(crate) fn own(&self, life: Life, intent: &IntentHash) -> Option<&Asked> {
        self.own.get(&(life, *intent)).map(|own| &own.asked)
    }

    /// An honest node let its last message of a session go.
    pub(crate) fn released(&mut self, life: Life, session: &[u8; 32], allowed: bool) {
        self.released.entry(*session).or_default().insert(life.node);
        if !allowed {
            let detail = format!("{life:?} releases its part in session {}", short(session));
            self.broken("no last message without authority at that moment", detail);
        }
    }

    /// Somebody showed a signature.
    pub(crate) fn shown(&mut self, shown: &Shown, by: NodeIndex) {
        if let Err(what) = verify(shown) {
            self.broken("a signature verifies", format!("{by:?} shows {shown:?}: {what}"));
            return;
        }
        let r: [u8; 32] = shown.signature[..32].try_into().expect("32 of 64 bytes");
        match self.nonces.get(&r) {
            // It was judged when it was first shown. A liar that coordinates can hand it out in a later request for the
            // same digest: it is what t members once made.
            Some(known)
                if (known.key, known.digest, known.signature)
                    == (shown.key, shown.digest, shown.signature) =>
            {
                return;
            }
            Some(known) => {
                let detail = format!("{known:?} and {shown:?}");
                return self.broken("no nonce twice", detail);
            }
            None => drop(self.nonces.insert(r, shown.clone())),
        }
        let supporters: BTreeSet<NodeIndex> = self
            .own
            .iter()
            .filter(|(_, own)| {
                own.allowed
                    && own.asked.request == shown.request
                    && own.asked.key == shown.key
                    && own.asked.digest == shown.digest
            })
            .map(|((life, _), _)| life.node)
            .collect();
        let needed = usize::from(self.shape.t).saturating_sub(self.dishonest.len()).max(1);
        if supporters.len() < needed && !self.kept_back(shown, needed) {
            let detail = format!("{by:?} shows {shown:?}, wanted by {supporters:?} only");
            self.broken("no signature without t equal intents", detail);
        }
    }

    /// Whether a session of another request can have given a signature: so many honest nodes let it go there, and only
    /// liars have seen it since.
    fn kept_back(&self, shown: &Shown, needed: usize) -> bool {
        self.released.iter().filter(|(_, nodes)| nodes.len() >= needed).any(|(session, _)| {
            let Some(proposal) = self.sessions.get(session) else { return false };
            let mut wanted = self.own.iter().filter(|((_, intent), _)| *intent == proposal.intent);
            wanted.any(|(_, own)| own.asked.key == shown.key && own.asked.digest == shown.digest)
        })
    }

    /// An honest run goes on with a signature, where all are promised the same one.
    pub(crate) fn signed_alike(&mut self, place: (RequestId, OperationNumber), signature: [u8; 64]) {
        let known = *self.alike.entry(place).or_insert(signature);
        if known != signature {
            let detail = format!("{}/{} has {known:02x?} and {signature:02x?}", place.0, place.1);
            self.broken("one operation has one signature", detail);
        }
    }

    /// An honest node answered a caller.
    pub(crate) fn replied(&mut self, life: Life, to: u64) {
        if !self.replied.insert((life, to)) {
            self.broken("a caller is answered once", format!("{life:?} answers caller {to} again"));
        }
    }

    /// An honest node's certified roots.
    pub(crate) fn roots(&mut self, life: Life, roots: RootKeys) {
        let known = *self.roots.get_or_insert(roots);
        if known != roots {
            self.broken("one key set", format!("{life:?} has {roots:?}, others have {known:?}"));
        }
    }

    /// An honest node made a ban, or believes one.
    pub(crate) fn banned(&mut self, by: NodeIndex, counterparty: NodeIndex) {
        self.bans.insert((by, counterparty));
        if !self.dishonest.contains(&by) && !self.dishonest.contains(&counterparty) {
            self.broken("no ban between honest nodes", format!("{by:?} bans {counterparty:?}"));
        }
    }

    /// An honest node told a peer of a ban that it made itself.
    pub(crate) fn told_ban(&mut self, by: NodeIndex, set_up: [u8; 32]) {
        self.banned_set_ups.insert((by, set_up));
    }

    /// Sizes of an engine's tables.
    pub(crate) fn tables(&mut self, life: Life, running: usize, remembered: usize) {
        if running > limits::EXECUTIONS_RUNNING_MAX
            || remembered > quorate_engine::Rates::default().remembered_max()
        {
            self.broken(
                "tables are bounded",
                format!("{life:?}: {running} running, {remembered} remembered"),
            );
        }
    }

    fn vote(&self, asked: &Asked) -> Vote {
        Vote {
            network: self.network,
            epoch: EPOCH,
            request: asked.request,
            operation: asked.operation,
            seen: Vec::new(),
            verdict: Verdict::Intent(Intent {
                operation: asked.operation,
                kind: asked.kind,
                action: asked.action,
                key: asked.key,
                scheme: Scheme::EcdsaK256Sha256,
                digest: Digest(asked.digest),
                name: asked.name.clone(),
                recipient: Recipient::Caller,
                guest: Committee::guest(),
            }),
        }
    }
}

fn verify(shown: &Shown) -> Result<(), &'static str> {
    let signature = Signature::from_slice(&shown.signature).map_err(|_| "r or s is no scalar")?;
    if signature.normalize_s() != signature {
        return Err("s is in the upper half");
    }
    let key = VerifyingKey::from_sec1_bytes(shown.key.as_bytes()).map_err(|_| "no key")?;
    key.verify_prehash(&shown.digest, &signature).map_err(|_| "it does not verify")?;
    let Some(recovery_id) = shown.recovery_id else { return Ok(()) };
    let recovered = RecoveryId::from_byte(recovery_id)
        .and_then(|id| VerifyingKey::recover_from_prehash(&shown.digest, &signature, id).ok());
    if recovered == Some(key) { Ok(()) } else { Err("the recovery id is of another key") }
}

#[cfg(test)]
mod tests;
