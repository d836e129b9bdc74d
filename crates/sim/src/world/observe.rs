//! What the checker is told about an honest node's effects, before any of them happens.

use quorate_engine::{Answer, Effect};
use quorate_wire::{
    Decision, NodeIndex, OperationNumber, PeerMessage, Proposal, RequestId, decode, ecdsa_valid, limits,
};

use super::World;
use crate::{host::Open, invariants::Shown};

/// First bytes of the ECDSA protocol's releasing message: version, suite, round.
const LAST_MESSAGE: [u8; 3] = [1, 3, 3];
/// Proposals remembered of each node's peers.
const PROPOSALS: usize = 256;

impl World {
    pub(super) fn observe(&mut self, slot: usize, effects: &[Effect], proposal: Option<Proposal>) {
        let life = self.nodes[slot].life();
        let messages: Vec<PeerMessage> = effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::Send { frame, .. } => decode(frame, limits::PEER_FRAME_BYTES_MAX).ok(),
                Effect::PassOn { frame, .. } => decode(frame, limits::PEER_FRAME_BYTES_MAX).ok(),
                _ => None,
            })
            .collect();
        // What this step may have led the node to join: its own proposals, and the one that came.
        let mut candidates: Vec<(Proposal, bool)> = Vec::new();
        for message in &messages {
            match message {
                PeerMessage::Propose(own) => candidates.push((own.clone(), false)),
                PeerMessage::Offer(offer) => self.checker.offered(life, offer.fresh),
                _ => {}
            }
        }
        candidates.dedup();
        if let Some(proposal) = proposal {
            candidates.push((proposal.clone(), true));
            let received = &mut self.nodes[slot].proposals;
            received.push(proposal);
            if received.len() > PROPOSALS {
                received.remove(0);
            }
        }
        for message in &messages {
            self.observe_message(slot, message, &candidates);
        }
        for effect in effects {
            if let Effect::SignedOut(ended) = effect {
                self.takes_revocation(slot, ended);
            }
        }
        self.observe_pairs(slot, effects);
        for effect in effects {
            self.observe_answer(slot, effect);
        }
    }

    fn observe_answer(&mut self, slot: usize, effect: &Effect) {
        let Effect::Answer { run, call, answer: Ok(answer) } = effect else { return };
        let Some(running) = self.nodes[slot].runs.get(run) else { return };
        let (request, action) = (running.request, running.action);
        let (answer, open) = match (answer, running.open_call(*call).cloned()) {
            (Answer::Signed(answer), Some(open)) => (answer, open),
            (Answer::Value(value), Some(Open::Collect { number, .. } | Open::Once { number, .. })) => {
                let (value, alone) = (value.clone(), self.one_coordinator(&request));
                let life = self.nodes[slot].life();
                return self.checker.was_given(life, (request, number), &value, (self.now_us, alone));
            }
            (Answer::Value(value), Some(Open::Draw { number })) => {
                let life = self.nodes[slot].life();
                return self.checker.drew(life, (request, number), value);
            }
            (Answer::Value(value), Some(Open::Secret { number, .. })) => {
                let life = self.nodes[slot].life();
                return self.checker.opened(life, (request, number), value);
            }
            _ => return,
        };
        let Open::Sign { number, key, digest, .. } = open else { return };
        let Some(key) = key.or_else(|| self.own_key(&action)) else { return };
        let mut signature = [0u8; 64];
        signature[..32].copy_from_slice(&answer.r);
        signature[32..].copy_from_slice(&answer.s);
        let recovery_id = Some(answer.recovery_id);
        let by = self.nodes[slot].index;
        self.checker.shown(&Shown { request, key, digest, signature, recovery_id }, by);
        if self.promised_one(&request) {
            self.checker.signed_alike((request, number), signature);
        }
    }

    /// An honest node's run has come to an operation on values.
    pub(super) fn came(&mut self, slot: usize, place: (RequestId, OperationNumber)) {
        if self.nodes[slot].honest() {
            self.checker.came(self.nodes[slot].index, place, self.now_us);
        }
    }

    /// Looks at what honest nodes hold for their peers.
    pub(super) fn check_held(&mut self) {
        for slot in 0..self.nodes.len() {
            let life = self.nodes[slot].life();
            let Some(engine) = self.nodes[slot].engine.as_ref().filter(|_| self.nodes[slot].honest()) else {
                continue;
            };
            for held in engine.held_for_peers() {
                self.checker.held(life, held);
            }
        }
    }

    /// Looks at what was promised of the values of each request.
    pub(super) fn check_promises(&mut self) {
        for promised in self.promised() {
            self.checker.check_promised(&promised);
        }
    }

    fn observe_message(&mut self, slot: usize, message: &PeerMessage, candidates: &[(Proposal, bool)]) {
        let life = self.nodes[slot].life();
        match message {
            PeerMessage::Vote(vote) if vote.node == life.node => {
                let place = (vote.body.request, vote.body.operation);
                if matches!(vote.body.verdict, quorate_wire::Verdict::Draw { .. }) {
                    let _ = self.checker.gave_partial(life.node, place);
                }
                self.below_what_was_final(slot, vote.body.intent().is_some());
                let allowed = match (vote.body.intent(), self.nodes[slot].asked.get(&place).cloned()) {
                    (Some(_), Some(asked)) => self.allows(slot, &asked),
                    (Some(_), None) => false,
                    (None, _) => true,
                };
                self.checker.voted(life, &vote.body, allowed);
            }
            PeerMessage::Share { request, operation, .. } => {
                let place = (*request, *operation);
                // It may be said again when the rule says no already: it was out.
                if self.checker.gave_partial(life.node, place) && !self.opens(slot, place) {
                    let detail = format!("{life:?} gives its share of {request}/{operation}");
                    self.checker.broken("a share leaves only a node whose own rule says yes", detail);
                }
            }
            PeerMessage::Round(round) => {
                self.observe_round(slot, round.session, &round.payload, candidates);
            }
            PeerMessage::Signature { request, operation, signature, recovery_id } => {
                let asked = self.nodes[slot].asked.get(&(*request, *operation)).cloned();
                let Some(asked) = asked else {
                    let detail = format!("{life:?} shows one for {request}/{operation}");
                    self.checker.broken("a node shows signatures of its own operations only", detail);
                    return;
                };
                let shown = Shown {
                    request: *request,
                    key: asked.key,
                    digest: asked.digest,
                    signature: *signature,
                    recovery_id: Some(*recovery_id),
                };
                self.checker.shown(&shown, life.node);
            }
            PeerMessage::Decided { request, operation, decision: Decision::Signed(signature) } => {
                // A coordinator may pass on what its own run has not come to, or not in this way.
                let asked = self.nodes[slot].asked.get(&(*request, *operation)).cloned();
                let asked = asked
                    .filter(|asked| ecdsa_valid(&asked.key, &quorate_wire::Digest(asked.digest), signature));
                if let Some(asked) = asked {
                    let (signature, recovery_id) = (signature.0, Some(signature.1));
                    let (request, key, digest) = (*request, asked.key, asked.digest);
                    self.checker.shown(&Shown { request, key, digest, signature, recovery_id }, life.node);
                }
            }
            PeerMessage::Ban(ban) if ban.node == life.node => {
                self.checker.told_ban(life.node, ban.body.set_up);
            }
            _ => {}
        }
    }

    fn observe_round(
        &mut self,
        slot: usize,
        session: [u8; 32],
        payload: &[u8],
        candidates: &[(Proposal, bool)],
    ) {
        let life = self.nodes[slot].life();
        if !self.checker.has_joined(life, &session) {
            let joined = match candidates {
                [one] => Some(one.clone()),
                _ => self.waiting_proposal(slot, &session, candidates),
            };
            match joined {
                Some((proposal, from_peer)) => self.checker.joined(life, session, &proposal, from_peer),
                None => {
                    let detail = format!("{life:?} sends a round message, but nobody proposed anything");
                    self.checker.broken("no session without a proposal", detail);
                }
            }
        }
        if payload.starts_with(&LAST_MESSAGE)
            && let Some(proposal) = self.checker.session(&session)
            && let Some(own) = self.checker.own(life, &proposal.intent)
        {
            let own = own.clone();
            self.below_what_was_final(slot, true);
            let allowed = self.allows(slot, &own);
            self.checker.released(life, &session, allowed);
        }
    }

    /// A node that remembers gives neither an intent nor a share while an older chain is shown.
    fn below_what_was_final(&mut self, slot: usize, gives: bool) {
        let Some((_, remembering)) = self.old_chain else { return };
        let told = self.nodes[slot].store.contains_key("final_head/told");
        if gives && (told || remembering.is_none_or(|only| only == slot)) {
            self.checker.broken("nothing is signed below what was final", format!("slot {slot}"));
        }
    }

    /// The proposal behind a session when the step itself does not say: one that came before this
    /// node's own run asked, or one of several.
    fn waiting_proposal(
        &self,
        slot: usize,
        session: &[u8; 32],
        candidates: &[(Proposal, bool)],
    ) -> Option<(Proposal, bool)> {
        let life = self.nodes[slot].life();
        let known = self.checker.session(session);
        let earlier = self.nodes[slot].proposals.iter().rev().map(|proposal| (proposal.clone(), true));
        let possible = candidates
            .iter()
            .cloned()
            .chain(earlier)
            .filter(|(proposal, _)| self.checker.own(life, &proposal.intent).is_some())
            .filter(|(proposal, _)| !self.checker.has_answered(life, proposal))
            .filter(|(proposal, _)| known.is_none_or(|known| known == proposal));
        likeliest(possible, life.node)
    }
}

/// The first proposal that names the node, if there is one: of what it proposes in one step, some may be for others.
fn likeliest(possible: impl Iterator<Item = (Proposal, bool)>, node: NodeIndex) -> Option<(Proposal, bool)> {
    let possible: Vec<(Proposal, bool)> = possible.collect();
    let names =
        |(proposal, _): &&(Proposal, bool)| proposal.signers.iter().any(|(signer, _)| *signer == node);
    possible.iter().find(names).or(possible.first()).cloned()
}

#[cfg(test)]
mod tests {
    use quorate_wire::Digest;

    use super::*;

    #[test]
    fn a_session_is_of_the_proposal_that_names_the_node() {
        let node = |index: u8| NodeIndex::new(index).unwrap();
        let proposal = |signers: [u8; 2]| Proposal {
            request: RequestId([1; 32]),
            operation: OperationNumber::FIRST,
            coordinator: node(2),
            attempt: 1,
            intent: Digest([signers[0]; 32]),
            signers: signers.map(|signer| (node(signer), [signer; 32])).to_vec(),
            set_ups: vec![[0; 32]],
        };
        let (others, own) = ((proposal([1, 3]), false), (proposal([2, 3]), false));
        assert_eq!(likeliest([others.clone(), own.clone()].into_iter(), node(2)), Some(own));
        // Whoever joins a set without itself is found out.
        assert_eq!(likeliest([others.clone()].into_iter(), node(2)), Some(others));
    }
}
