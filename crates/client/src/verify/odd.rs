//! Nodes that are said to have seen something else: their own signed votes must say so.

use std::collections::BTreeMap;

use quorate_wire::{
    Digest, ErrorCode, NetworkFile, NodeIndex, OddNode, OperationNumber, Problem, RequestId, Signed,
    Statement, Verdict, Vote, limits::EXECUTION_OPERATIONS_MAX,
};

use super::{FOUNDING_EPOCH, VerifyError};

/// Checks that the votes are their nodes' own, about this request, and named as they hash.
pub(crate) fn check_votes(
    network: &NetworkFile,
    request: &RequestId,
    odd: &[OddNode],
) -> Result<(), VerifyError> {
    // A member casts one vote on each operation.
    if odd.len() > network.nodes.len().saturating_mul(EXECUTION_OPERATIONS_MAX) {
        return Err(VerifyError::TooManyOdd);
    }
    for OddNode { node, operation, intent, vote, against, field } in odd {
        if vote.node != *node || vote.body.operation != *operation || vote.body.hash() != *intent {
            return Err(VerifyError::OddVote(*node));
        }
        check_vote(network, request, vote)?;
        if let Some(against) = against {
            check_vote(network, request, against)?;
            if against.body.first_difference(&vote.body) != Some(field.as_str()) {
                return Err(VerifyError::OddField(*node));
            }
        }
    }
    Ok(())
}

/// Whether a problem's votes, which were checked, show that no t members can agree on some operation any more.
///
/// They prove it by themselves: what the coordinator says beside them does not matter.
pub(crate) fn shows_divergence(network: &NetworkFile, problem: &Problem) -> bool {
    if problem.code != ErrorCode::IntentsDiverged {
        return false;
    }
    let mut votes: BTreeMap<OperationNumber, BTreeMap<NodeIndex, Digest>> = BTreeMap::new();
    for odd in &problem.odd {
        let of_operation = votes.entry(odd.operation).or_default();
        if of_operation.insert(odd.node, odd.intent).is_some_and(|first| first != odd.intent) {
            return false;
        }
    }
    votes.values().any(|votes| {
        let unknown = network.nodes.len().saturating_sub(votes.len());
        let alike = |hash: &Digest| votes.values().filter(|other| *other == hash).count();
        let best = votes.values().map(alike).max().unwrap_or_default();
        best + unknown < usize::from(network.threshold)
    })
}

/// A vote about this request, signed by the member that it names.
fn check_vote(network: &NetworkFile, request: &RequestId, vote: &Signed<Vote>) -> Result<(), VerifyError> {
    let member = network.node(vote.node).ok_or(VerifyError::NotMember(vote.node))?;
    let body = &vote.body;
    if body.network != network.id() || body.epoch != FOUNDING_EPOCH || body.request != *request {
        return Err(VerifyError::OddVote(vote.node));
    }
    vote.verify(&member.statement_key).map_err(|_| VerifyError::StatementSignature(vote.node))
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
    let asked = statement.intents.iter().find(|intent| intent.operation == odd.operation);
    let difference = match asked {
        Some(intent) => differs(Verdict::Intent(intent.clone())),
        // The members' runs did not come so far, or what they came to is no signature: to have voted at
        // all is the difference, or the two votes show it.
        None => return Ok(()),
    };
    match difference {
        None => Err(VerifyError::NotOdd(odd.node)),
        Some(field) if field == odd.field => Ok(()),
        Some(_) => Err(VerifyError::OddField(odd.node)),
    }
}
