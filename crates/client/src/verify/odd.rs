//! Nodes that are said to have seen something else: their own signed votes must say so.

use quorate_wire::{NetworkFile, OddNode, RequestId, Statement, Verdict, Vote, limits::OPERATIONS_MAX};

use super::{FOUNDING_EPOCH, VerifyError};

/// Checks that the votes are their nodes' own, about this request, and named as they hash.
pub(crate) fn check_votes(
    network: &NetworkFile,
    request: &RequestId,
    odd: &[OddNode],
) -> Result<(), VerifyError> {
    // A member casts one vote on each operation.
    let operations_max = usize::try_from(OPERATIONS_MAX).unwrap_or(usize::MAX);
    if odd.len() > network.nodes.len().saturating_mul(operations_max) {
        return Err(VerifyError::TooManyOdd);
    }
    let id = network.id();
    for OddNode { node, operation, intent, vote, .. } in odd {
        let member = network.node(*node).ok_or(VerifyError::NotMember(*node))?;
        let body = &vote.body;
        let about = body.network == id
            && body.epoch == FOUNDING_EPOCH
            && body.request == *request
            && body.operation == *operation;
        if vote.node != *node || !about || body.hash() != *intent {
            return Err(VerifyError::OddVote(*node));
        }
        vote.verify(&member.statement_key).map_err(|_| VerifyError::StatementSignature(*node))?;
    }
    Ok(())
}

/// Checks as well that each vote differs from what the members' statement says of the operation.
pub(crate) fn check_odd_nodes(
    network: &NetworkFile,
    statement: &Statement,
    odd: &[OddNode],
) -> Result<(), VerifyError> {
    check_votes(network, &statement.request, odd)?;
    odd.iter().try_for_each(|one| check_difference(statement, one))
}

fn check_difference(statement: &Statement, odd: &OddNode) -> Result<(), VerifyError> {
    let vote = &odd.vote.body;
    let differs = |verdict: Verdict| Vote { verdict, ..vote.clone() }.first_difference(vote);
    let refused = statement.refusals.iter().find(|refusal| refusal.operation == odd.operation);
    if let Some(refusal) = refused {
        // Members may have voted for an intent and refused it later, when their last check said no. Their
        // votes were then intents, which the statement does not show: a node that refused at once is
        // rightly odd, in the permission.
        let same = vote.verdict == Verdict::Denied(refusal.code);
        return if same && odd.field != "permission" { Err(VerifyError::NotOdd(odd.node)) } else { Ok(()) };
    }
    // Operations are numbered over intents and refusals alike, and an operation that could not be signed
    // is in neither list: so the operation's intent stands at this place, or before it, or nowhere.
    let before = statement.refusals.iter().filter(|refusal| refusal.operation < odd.operation).count();
    let place = usize::try_from(odd.operation).unwrap_or(usize::MAX).saturating_sub(before);
    let Some(candidates) = statement.intents.get(..place.saturating_add(1)) else {
        // The members' runs did not come so far: to have voted at all is the difference.
        return Ok(());
    };
    let fields: Vec<_> = candidates.iter().map(|intent| differs(Verdict::Intent(intent.clone()))).collect();
    if fields.last() == Some(&None) {
        return Err(VerifyError::NotOdd(odd.node));
    }
    if fields.contains(&Some(odd.field.as_str())) { Ok(()) } else { Err(VerifyError::OddField(odd.node)) }
}
