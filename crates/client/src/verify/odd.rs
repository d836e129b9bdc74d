//! Nodes that are said to have seen something else: their own signed votes must say so.

use std::collections::BTreeMap;

use quorate_wire::{
    Digest, ErrorCode, NetworkFile, NodeIndex, OddNode, OperationNumber, Problem, RequestId, Signed,
    Statement, Vote, limits::EXECUTION_OPERATIONS_MAX,
};

use super::VerifyError;

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
    let mut operations: BTreeMap<OperationNumber, Vec<&OddNode>> = BTreeMap::new();
    for odd in &problem.odd {
        operations.entry(odd.operation).or_default().push(odd);
    }
    operations.into_values().any(|votes| no_quorum(network, votes))
}

/// Whether these votes on one operation leave no t members that can agree. Two of one member prove nothing.
fn no_quorum<'a>(network: &NetworkFile, odd: impl IntoIterator<Item = &'a OddNode>) -> bool {
    let mut votes: BTreeMap<NodeIndex, Digest> = BTreeMap::new();
    for one in odd {
        if votes.insert(one.node, one.intent).is_some_and(|first| first != one.intent) {
            return false;
        }
    }
    let unknown = network.nodes.len().saturating_sub(votes.len());
    let alike = |hash: &Digest| votes.values().filter(|other| *other == hash).count();
    let best = votes.values().map(alike).max().unwrap_or_default();
    best + unknown < usize::from(network.threshold)
}

/// A vote about this request, signed by the member that it names.
fn check_vote(network: &NetworkFile, request: &RequestId, vote: &Signed<Vote>) -> Result<(), VerifyError> {
    let body = &vote.body;
    let committee = network.committee(body.epoch).ok_or(VerifyError::OddVote(vote.node))?;
    if committee.member(vote.node).is_none() {
        return Err(VerifyError::NotMember(vote.node));
    }
    if body.network != network.id() || body.request != *request {
        return Err(VerifyError::OddVote(vote.node));
    }
    if committee.has_signed(vote) { Ok(()) } else { Err(VerifyError::StatementSignature(vote.node)) }
}

/// Checks as well that each node is odd by what at least t members stated, not by what a few of them say
/// of it: liars could put any vote of their own beside an honest node's.
pub(crate) fn check_odd_nodes(
    network: &NetworkFile,
    statement: &Statement,
    odd: &[OddNode],
) -> Result<(), VerifyError> {
    check_votes(network, &statement.request, odd)?;
    odd.iter().try_for_each(|one| match statement.odd_field(&one.vote.body) {
        Some(field) if field == one.field => Ok(()),
        Some(_) => Err(VerifyError::OddField(one.node)),
        // Of an operation that the statement does not decide, the votes themselves may show that no t were alike:
        // then all of them are listed, and nobody is right.
        None if statement.error == Some(ErrorCode::IntentsDiverged) && diverged(network, odd, one) => Ok(()),
        None => Err(VerifyError::NotOdd(one.node)),
    })
}

/// Whether the listed votes on the operation of one of them show that no t members agreed on it, and this
/// one differs from another in the field that it is listed with.
fn diverged(network: &NetworkFile, odd: &[OddNode], one: &OddNode) -> bool {
    let of_operation = || odd.iter().filter(|other| other.operation == one.operation);
    let differs = |other: &OddNode| one.vote.body.first_difference(&other.vote.body) == Some(&one.field);
    no_quorum(network, of_operation()) && of_operation().any(differs)
}
