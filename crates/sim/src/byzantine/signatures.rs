//! A member that lies about signatures: it replays old ones that are valid, withholds new ones, and stalls the
//! attempts that it coordinates. Liars tell each other what they know.

use std::collections::{BTreeMap, BTreeSet};

use quorate_wire::{
    Decision, Digest, EcdsaBytes, Intent, NodeIndex, OperationNumber, PeerMessage, Proposal, RequestId,
    Signed, Vote, ecdsa_valid,
};

use super::Byzantine;

/// The last message of an attempt begins so.
const LAST_MESSAGE: [u8; 3] = [1, 3, 3];
/// Signatures that it knows of one digest, at most.
const KNOWN: usize = 8;
/// Attempts at one operation that it proposes, at most: more than are joined.
const STALLS: u8 = 12;

/// How it lies, for the whole of its life.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct SignatureHabits {
    /// As soon as an operation comes, it says that an old signature is what it came to.
    pub(crate) replays: bool,
    /// Whether it has another signature for each.
    pub(crate) parts: bool,
    /// It keeps its last message of an attempt from some, and what came of it.
    pub(crate) withholds: bool,
    /// It proposes signer sets with itself, and lets them wait.
    pub(crate) stalls: bool,
}

/// What it knows.
#[derive(Default)]
pub(super) struct SignatureLies {
    fellows: BTreeSet<NodeIndex>,
    intents: BTreeMap<(RequestId, OperationNumber), Intent>,
    known: BTreeMap<Digest, Vec<EcdsaBytes>>,
    /// Operations and nodes that it gave an old signature.
    given: BTreeSet<(RequestId, OperationNumber, NodeIndex)>,
    set_ups: BTreeMap<(NodeIndex, NodeIndex), [u8; 32]>,
    /// The freshest bytes that each offered for an operation.
    offered: BTreeMap<(RequestId, OperationNumber), BTreeMap<NodeIndex, [u8; 32]>>,
    stalled: BTreeMap<(RequestId, OperationNumber), u8>,
}

impl Byzantine {
    /// All liars of this world, itself among them.
    pub(crate) fn collude(&mut self, liars: BTreeSet<NodeIndex>) {
        self.signatures.fellows = liars;
    }

    /// Another signature than the one that is asked for, of the same digest, if it knows one.
    pub(super) fn old_signature(&mut self, place: (RequestId, OperationNumber)) -> Option<EcdsaBytes> {
        let intent = self.signatures.intents.get(&place)?;
        self.dice.pick(self.signatures.known.get(&intent.digest)?).copied()
    }

    /// Whether it keeps this message of its own engine to itself.
    pub(super) fn withholds_signature(&mut self, message: &PeerMessage) -> bool {
        if !self.habits.signatures.withholds {
            return false;
        }
        match message {
            PeerMessage::Round(round) => round.payload.starts_with(&LAST_MESSAGE) && self.dice.happens(700),
            PeerMessage::Signature { .. } => true,
            PeerMessage::Decided { decision: Decision::Signed(_), .. } => self.dice.happens(500),
            _ => false,
        }
    }

    pub(super) fn see_signature(&mut self, from: NodeIndex, message: &PeerMessage) {
        match message {
            PeerMessage::Vote(vote) if vote.node == from => self.see_intent(vote),
            PeerMessage::Signature { request, operation, signature, recovery_id } => {
                self.learn(from, (*request, *operation), (*signature, *recovery_id));
            }
            PeerMessage::Decided { request, operation, decision: Decision::Signed(signature) } => {
                self.learn(from, (*request, *operation), *signature);
            }
            PeerMessage::Hello(hello) => {
                for pair in &hello.set_ups {
                    let ends = (from.min(pair.peer), from.max(pair.peer));
                    self.signatures.set_ups.insert(ends, pair.id);
                }
            }
            PeerMessage::Offer(offer) => {
                let place = (offer.request, offer.operation);
                self.signatures.offered.entry(place).or_default().insert(from, offer.fresh);
                self.stall(place);
            }
            _ => {}
        }
    }

    fn see_intent(&mut self, vote: &Signed<Vote>) {
        let Some(intent) = vote.body.intent() else { return };
        let place = (vote.body.request, vote.body.operation);
        self.signatures.intents.entry(place).or_insert_with(|| intent.clone());
        self.replay(place);
    }

    /// A signature is known from now on, to its fellows as well; what it made and withheld it gives to one at once.
    fn learn(&mut self, from: NodeIndex, place: (RequestId, OperationNumber), signature: EcdsaBytes) {
        let Some(intent) = self.signatures.intents.get(&place) else { return };
        let known = self.signatures.known.entry(intent.digest).or_default();
        if known.contains(&signature)
            || known.len() >= KNOWN
            || !ecdsa_valid(&intent.key, &intent.digest, &signature)
        {
            return;
        }
        known.push(signature);
        let (request, operation) = place;
        if !self.signatures.fellows.contains(&from) || from == self.me {
            for fellow in self.signatures.fellows.clone() {
                if fellow != self.me {
                    self.show(fellow, place, signature);
                }
            }
        }
        if from == self.me
            && self.habits.signatures.withholds
            && let Some(peer) = self.dice.pick(&self.peers).copied()
        {
            self.show(peer, (request, operation), signature);
        }
    }

    /// Says of an operation that has just come that an old signature is what it came to.
    fn replay(&mut self, place: (RequestId, OperationNumber)) {
        if !self.habits.signatures.replays {
            return;
        }
        let Some(mut signature) = self.old_signature(place) else { return };
        for peer in self.peers.clone() {
            if self.signatures.fellows.contains(&peer)
                || !self.signatures.given.insert((place.0, place.1, peer))
            {
                continue;
            }
            if self.habits.signatures.parts {
                signature = self.old_signature(place).unwrap_or(signature);
            }
            self.show(peer, place, signature);
        }
    }

    /// As one that an attempt gave, and as one that all go on with.
    fn show(&mut self, to: NodeIndex, place: (RequestId, OperationNumber), signature: EcdsaBytes) {
        let (request, operation) = place;
        let decision = Decision::Signed(signature);
        let (signature, recovery_id) = signature;
        self.tell(request, to, &PeerMessage::Signature { request, operation, signature, recovery_id });
        self.tell(request, to, &PeerMessage::Decided { request, operation, decision });
    }

    /// Proposes a set with itself and its fellows for whoever has offered, and does not take part.
    fn stall(&mut self, place: (RequestId, OperationNumber)) {
        if !self.habits.signatures.stalls {
            return;
        }
        let (Some(offered), Some(intent)) =
            (self.signatures.offered.get(&place), self.signatures.intents.get(&place))
        else {
            return;
        };
        let vote = self.values.vote_for(place, intent);
        let mut signers: Vec<(NodeIndex, [u8; 32])> = offered
            .iter()
            .filter(|(node, _)| !self.signatures.fellows.contains(node))
            .map(|(node, fresh)| (*node, *fresh))
            .take(self.threshold.saturating_sub(1))
            .collect();
        let fill = self.signatures.fellows.iter().filter(|node| **node != self.me);
        signers.push((self.me, [7; 32]));
        signers.extend(
            fill.map(|node| (*node, [7; 32])).take(self.threshold - signers.len().min(self.threshold)),
        );
        signers.sort_unstable();
        let nodes: Vec<NodeIndex> = signers.iter().map(|(node, _)| *node).collect();
        let pairs =
            nodes.iter().enumerate().flat_map(|(at, a)| nodes[at + 1..].iter().map(move |b| (*a, *b)));
        let set_ups: Option<Vec<[u8; 32]>> =
            pairs.map(|pair| self.signatures.set_ups.get(&pair).copied()).collect();
        let (Some(set_ups), Some(intent)) = (set_ups, vote) else { return };
        if signers.len() != self.threshold {
            return;
        }
        let attempt = self.signatures.stalled.entry(place).or_default();
        if *attempt >= STALLS {
            return;
        }
        *attempt += 1;
        let (request, operation) = place;
        let coordinator = self.me;
        let proposal =
            Proposal { request, operation, coordinator, attempt: *attempt, intent, signers, set_ups };
        let fellows = self.signatures.fellows.clone();
        for node in nodes.into_iter().filter(|node| !fellows.contains(node)) {
            self.tell(request, node, &PeerMessage::Propose(proposal.clone()));
        }
    }
}
