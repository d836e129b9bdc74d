//! Checking what nodes answered, offline, from the network file alone.
//!
//! A receipt proves an account of an execution if at least t distinct members have signed it: one of
//! them is honest, and an honest node signs only what it ran and saw itself. A reply is proven if
//! everything in it that matters is in such an account. Anything that is not exactly right refuses the
//! whole: an honest node never sends it.

mod faults;
mod odd;

pub(crate) use odd::shows_divergence;

use std::collections::BTreeSet;

use quorate_auth::{LoginFacts, Session, verify_login as verify};
use quorate_wire::{
    ExecutionReply, ExecutionRequest, Intent, Login, NetworkFile, NodeIndex, Problem, PublicKey, Receipt,
    RequestId, Scheme, SignatureView, Statement, ecdsa_valid, request_id,
};

/// What a receipt proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The members that signed it, ascending.
    pub members: Vec<NodeIndex>,
    /// What they signed.
    pub statement: Statement,
}

/// Why an answer proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// Statements of fewer than t members.
    #[error("the receipt has {found} statements, where {threshold} members must agree")]
    TooFewMembers {
        /// Distinct members that signed.
        found: usize,
        /// The threshold.
        threshold: u8,
    },
    /// A statement of a node that is not in the committee.
    #[error("node {0} is not a member of the committee")]
    NotMember(NodeIndex),
    /// What a node states of its share is not what was asked for, or not signed by it.
    #[error("what the node states of its share is not signed by it, or is of another request")]
    ShareStatement,
    /// A share that is not sealed to this client's one-time key, or none at all.
    #[error("the node's share is not sealed to this client's key, or no share")]
    Share,
    /// Two statements of one member.
    #[error("node {0} appears twice in the receipt")]
    MemberTwice(NodeIndex),
    /// A statement or a vote that its node has not signed.
    #[error("what node {0} is said to have signed is not signed by it")]
    StatementSignature(NodeIndex),
    /// A member's statement differs from the first one.
    #[error("the statement of node {0} differs from the others")]
    UnequalStatement(NodeIndex),
    /// About another network.
    #[error("the answer is about another network")]
    WrongNetwork,
    /// About another epoch than that of the founding committee.
    #[error("the receipt is of epoch {0}, for which the network file names no committee")]
    WrongEpoch(u64),
    /// Root keys that not every member certifies.
    #[error(transparent)]
    Keys(#[from] crate::KeysError),
    /// About another request.
    #[error("the answer is about another request")]
    WrongRequest,
    /// Another action, other parameters or another block than the request names.
    #[error("the nodes ran something else than the request names")]
    WrongExecution,
    /// For another login than the request names.
    #[error("the nodes ran it for another login than the request names")]
    OtherLogin,
    /// A login that no node takes for this request.
    #[error("the login does not allow the session that made the request")]
    LoginInvalid,
    /// Status or error differ from the statement.
    #[error("the answer's status is not the one that the members signed")]
    StatusMismatch,
    /// The response is not the one that the members signed.
    #[error("the answer's response is not the one that the members signed")]
    ResponseMismatch,
    /// The claimed keys are not those that the members signed.
    #[error("the answer's claimed keys are not those that the members signed")]
    ClaimsMismatch,
    /// A signature that no intent of the statement asks for.
    #[error("the members did not sign an intent for the signature {0:?}")]
    UnknownSignature(String),
    /// The members made a signature that is not in the answer.
    #[error("the signature {0:?} was made, but is not in the answer")]
    SignatureWithheld(String),
    /// A signature that is not 64 bytes and a recovery id.
    #[error("the signature {0:?} is not written as it must be")]
    SignatureForm(String),
    /// A signature whose s is in the upper half.
    #[error("the s of the signature {0:?} is in the upper half")]
    SignatureHighS(String),
    /// A signature that is not one of the key on the digest, or recovers to another key.
    #[error("the signature {0:?} does not verify")]
    SignatureInvalid(String),
    /// An odd node's vote that is about something else, or is not named as it hashes.
    #[error("the vote of odd node {0} is not about this execution")]
    OddVote(NodeIndex),
    /// A node called odd whose vote is the members' own.
    #[error("node {0} is called odd, but agrees")]
    NotOdd(NodeIndex),
    /// The field that is said to differ is not the one.
    #[error("node {0} is odd in another field than is said")]
    OddField(NodeIndex),
    /// More odd votes than a committee can cast.
    #[error("the answer names too many odd votes")]
    TooManyOdd,
    /// A node's word of what others gave that is of another execution, of no member, or in no form.
    #[error("what node {0} says of others is not about this execution, or not in the form of such a notice")]
    FaultNotice(NodeIndex),
    /// A key's token, public key and address do not belong together.
    #[error("the answer is about another key")]
    OtherKey,
    /// Another node answers at this address.
    #[error("node {0} answers at this address")]
    OtherNode(NodeIndex),
}

/// Checks a receipt: at least t distinct members have signed one and the same statement about this
/// network, the nodes it calls odd have really voted otherwise, and what it says that members found wrong, they have said.
/// Of that each stands for itself alone.
///
/// # Errors
/// [`VerifyError`].
pub fn verify_receipt(network: &NetworkFile, receipt: &Receipt) -> Result<Verified, VerifyError> {
    let mut members = BTreeSet::new();
    let none = VerifyError::TooFewMembers { found: 0, threshold: network.threshold };
    let first = &receipt.statements.first().ok_or(none)?.body;
    if first.network != network.id() {
        return Err(VerifyError::WrongNetwork);
    }
    let committee = network.committee(first.epoch).ok_or(VerifyError::WrongEpoch(first.epoch))?;
    for signed in &receipt.statements {
        if committee.member(signed.node).is_none() {
            return Err(VerifyError::NotMember(signed.node));
        }
        if !members.insert(signed.node) {
            return Err(VerifyError::MemberTwice(signed.node));
        }
        if signed.body != *first {
            return Err(VerifyError::UnequalStatement(signed.node));
        }
        if !committee.has_signed(signed) {
            return Err(VerifyError::StatementSignature(signed.node));
        }
    }
    if members.len() < usize::from(committee.threshold) {
        return Err(VerifyError::TooFewMembers { found: members.len(), threshold: committee.threshold });
    }
    odd::check_odd_nodes(network, first, &receipt.odd)?;
    faults::check(&committee, first, &receipt.faults)?;
    Ok(Verified { members: members.into_iter().collect(), statement: first.clone() })
}

/// Checks a reply to a request that is known by its id: its receipt, and that status, response and
/// every signature are what the members signed. Logs and usage are not proven.
///
/// # Errors
/// [`VerifyError`].
pub fn verify_reply(
    network: &NetworkFile,
    request: &RequestId,
    reply: &ExecutionReply,
) -> Result<Verified, VerifyError> {
    let verified = verify_receipt(network, &reply.receipt)?;
    let statement = &verified.statement;
    if reply.request_id != *request || statement.request != *request {
        return Err(VerifyError::WrongRequest);
    }
    if reply.status != statement.status || reply.error != statement.error {
        return Err(VerifyError::StatusMismatch);
    }
    if reply.response.as_deref().map(Statement::response_hash) != statement.response {
        return Err(VerifyError::ResponseMismatch);
    }
    if reply.claims != statement.claims {
        return Err(VerifyError::ClaimsMismatch);
    }
    let shown = statement.shown();
    for (name, signature) in &reply.signatures {
        let unknown = || VerifyError::UnknownSignature(name.clone());
        let (_, intent) = shown.iter().find(|(stated, _)| stated == name).ok_or_else(unknown)?;
        check_signature(intent, name, signature)?;
    }
    match shown.into_iter().map(|(name, _)| name).find(|name| !reply.signatures.contains_key(name)) {
        Some(name) => Err(VerifyError::SignatureWithheld(name)),
        None => Ok(verified),
    }
}

/// Checks a reply to a request whose signed bytes are known: as [`verify_reply`], and that the members
/// ran the action with the parameters at the block, for the login, that the request names.
///
/// # Errors
/// [`VerifyError`].
pub fn verify_execution(
    network: &NetworkFile,
    request: &[u8],
    reply: &ExecutionReply,
) -> Result<Verified, VerifyError> {
    let id = request_id(&network.id(), request);
    let verified = verify_reply(network, &id, reply)?;
    let request = ExecutionRequest::parse(request).map_err(|_| VerifyError::WrongRequest)?;
    let statement = &verified.statement;
    if statement.login != request.login {
        return Err(VerifyError::OtherLogin);
    }
    if statement.action != request.action
        || statement.params != request.params_hash()
        || statement.block != request.block
    {
        return Err(VerifyError::WrongExecution);
    }
    Ok(verified)
}

/// Checks that a login is the one that a request's signed bytes name, and says what nodes read in it: whose
/// session made the request. With [`verify_execution`] it proves for whom the members ran it. Issuers and blocks are judged by
/// the caller's own facts; a wallet's login needs none.
///
/// # Errors
/// [`VerifyError::OtherLogin`]; [`VerifyError::LoginInvalid`] if no node would take it.
pub fn verify_login(
    network: &NetworkFile,
    request: &[u8],
    login: &Login,
    facts: &dyn LoginFacts,
) -> Result<Session, VerifyError> {
    let request = ExecutionRequest::parse(request).map_err(|_| VerifyError::WrongRequest)?;
    login.check_named(&request.login).map_err(|_| VerifyError::OtherLogin)?;
    let session = verify(network, login, facts, request.time_ms).map_err(|_| VerifyError::LoginInvalid)?;
    if session.key == request.session { Ok(session) } else { Err(VerifyError::LoginInvalid) }
}

/// Checks what a problem document says of an execution. The code itself is the node's own word, unless
/// an execution's reply is with it.
pub(crate) fn verify_problem(
    network: &NetworkFile,
    request: &[u8],
    problem: &Problem,
) -> Result<(), VerifyError> {
    let id = request_id(&network.id(), request);
    if problem.request_id.is_some_and(|named| named != id) {
        return Err(VerifyError::WrongRequest);
    }
    odd::check_votes(network, &id, &problem.odd)?;
    if let Some(reply) = &problem.execution {
        verify_execution(network, request, reply)?;
        if reply.error != Some(problem.code) {
            return Err(VerifyError::StatusMismatch);
        }
    }
    Ok(())
}

fn check_signature(intent: &Intent, name: &str, view: &SignatureView) -> Result<(), VerifyError> {
    let asked = intent.key == view.public_key && intent.digest == view.digest && intent.scheme == view.scheme;
    if !asked {
        return Err(VerifyError::UnknownSignature(name.to_owned()));
    }
    match view.scheme {
        Scheme::EcdsaK256Sha256 => check_ecdsa(&view.public_key, name, view),
    }
}

fn check_ecdsa(key: &PublicKey, name: &str, view: &SignatureView) -> Result<(), VerifyError> {
    let form = || VerifyError::SignatureForm(name.to_owned());
    let mut bytes = [0u8; 64];
    let digits = view.signature.strip_prefix("0x").ok_or_else(form)?;
    hex::decode_to_slice(digits, &mut bytes).map_err(|_| form())?;
    let recovery_id = view.recovery_id.filter(|id| *id <= 1).ok_or_else(form)?;
    let parsed = k256::ecdsa::Signature::from_slice(&bytes)
        .map_err(|_| VerifyError::SignatureInvalid(name.to_owned()))?;
    if parsed.normalize_s() != parsed {
        return Err(VerifyError::SignatureHighS(name.to_owned()));
    }
    if ecdsa_valid(key, &view.digest, &(bytes, recovery_id)) {
        Ok(())
    } else {
        Err(VerifyError::SignatureInvalid(name.to_owned()))
    }
}

#[cfg(test)]
pub(crate) mod tests;
