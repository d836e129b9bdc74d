//! Agreement on the one signature of an operation.
//!
//! Two attempts can give two signatures, and a member can show one of an earlier execution over the same digest:
//! all are valid. So a run goes on with what a coordinator fixed, whichever of them that is, and never with what an
//! attempt gave to it alone.

use quorate_wire::{
    Decision, EcdsaBytes, NodeIndex, OperationNumber, PeerMessage, RequestId, Signed, Vote, ecdsa_valid,
};

use super::Judged;
use crate::{
    Engine,
    execution::{Execution, Group, Operation},
    turn::Turn,
};

impl Engine {
    /// An attempt has given us a signature: whoever fixes it and was not in the attempt is told.
    pub(crate) fn made(
        &mut self,
        execution: &mut Execution,
        number: OperationNumber,
        (signature, signers): (EcdsaBytes, &[NodeIndex]),
        turn: &mut Turn<'_>,
    ) {
        let Some(operation) = execution.operations.get_mut(&number) else { return };
        operation.made = Some(signature);
        operation.offered = None;
        let mut coordinators = execution.coordinated_by(turn.me);
        coordinators.retain(|node| *node == turn.me || !signers.contains(node));
        for to in coordinators {
            self.tell_signature(execution, number, to, turn);
        }
    }

    /// Tells a coordinator the signature that we hold: what we go on with, or what an attempt gave.
    pub(crate) fn tell_signature(
        &self,
        execution: &mut Execution,
        number: OperationNumber,
        to: NodeIndex,
        turn: &mut Turn<'_>,
    ) {
        let Some(operation) = execution.operations.get(&number) else { return };
        if operation.signature.is_some() {
            self.tell_decision(execution, number, to, turn);
        } else if let Some((signature, recovery_id)) = operation.made {
            let (request, operation) = (execution.id, number);
            turn.send(to, PeerMessage::Signature { request, operation, signature, recovery_id });
        }
    }

    /// A member says what an attempt gave it. Only a coordinator has use for that.
    pub(crate) fn on_signature(
        &mut self,
        from: NodeIndex,
        place: (RequestId, OperationNumber),
        signature: EcdsaBytes,
        turn: &mut Turn<'_>,
    ) {
        let (id, number) = place;
        self.with(id, |engine, execution| {
            let operation = execution.operations.get(&number);
            if operation.is_some_and(Operation::decided) {
                return engine.tell_decision(execution, number, from, turn);
            }
            // The first counts: each is checked, and checking is dear.
            let known = operation.is_some_and(|operation| operation.made_by.contains_key(&from));
            if known || !execution.coordinating || execution.reply.is_some() {
                return;
            }
            if from != engine.committee.me && !engine.keep(execution, (from, number), 0, turn) {
                return;
            }
            execution.operations.entry(number).or_default().made_by.insert(from, Some(signature));
            engine.evaluate_votes(execution, number, turn);
        });
    }

    /// A signature that fits what t members want signed, if one is known: ours first.
    pub(super) fn signature_made(
        execution: &mut Execution,
        number: OperationNumber,
        quorum: &Group,
    ) -> Option<Decision> {
        let operation = execution.operations.get_mut(&number)?;
        let intent = operation.votes.get(quorum.nodes.first()?)?.body.intent()?;
        let fits = |signature: &EcdsaBytes| ecdsa_valid(&intent.key, &intent.digest, signature);
        if let Some(made) = operation.made.filter(fits) {
            return Some(Decision::Signed(made));
        }
        for said in operation.made_by.values_mut() {
            let signature = said.take();
            if let Some(signature) = signature.filter(fits) {
                return Some(Decision::Signed(signature));
            }
        }
        None
    }

    /// Whether a signature is one of what t members want signed.
    pub(super) fn fits(
        execution: &Execution,
        number: OperationNumber,
        quorum: &Group,
        signature: &EcdsaBytes,
    ) -> bool {
        let votes = execution.operations.get(&number).map(|operation| &operation.votes);
        let vote = votes.and_then(|votes| votes.get(quorum.nodes.first()?));
        let intent = vote.and_then(|vote| vote.body.intent());
        intent.is_some_and(|intent| ecdsa_valid(&intent.key, &intent.digest, signature))
    }

    /// Whether a signature that somebody fixed is one that our own run goes on with.
    pub(super) fn judge_signature(
        &self,
        execution: &Execution,
        (operation, own): (&Operation, &Signed<Vote>),
        (from, signature): (NodeIndex, &EcdsaBytes),
        now: u64,
    ) -> Judged {
        let Some(intent) = own.body.intent() else { return Judged::NotYet };
        // One under another intent is nobody's fault: t members may want that, and we hear so by another message.
        let right = !self.waits_for_first(execution, operation, from, now)
            && ecdsa_valid(&intent.key, &intent.digest, signature);
        if right { Judged::Right } else { Judged::NotYet }
    }

    /// Whoever else coordinates is told what we go on with, so that it fixes nothing else.
    pub(super) fn pass_on_signature(
        &self,
        execution: &mut Execution,
        number: OperationNumber,
        from: NodeIndex,
        turn: &mut Turn<'_>,
    ) {
        // What we fixed ourselves everybody was told already.
        if from == self.committee.me {
            return;
        }
        let others: Vec<NodeIndex> =
            execution.coordinators.keys().filter(|node| **node != from).copied().collect();
        for to in others {
            self.tell_decision(execution, number, to, turn);
        }
    }
}
