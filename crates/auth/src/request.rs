//! That a session signed a request, and that the request's time fits this node's clock.

use ed25519_dalek::{Signature, VerifyingKey};
use quorate_wire::{
    CodeSubmission, DecryptionSubmission, ErrorCode, NetworkId, Problem, RequestId, RevocationSubmission,
    Submission, Transcript, code_request_id, decryption_request_id,
    limits::{REQUEST_AGE_MS_MAX, REQUEST_AHEAD_MS_MAX},
    request_id, revocation_request_id,
};

use crate::Session;

/// What a session key signs for a request.
#[must_use]
pub fn session_request_digest(request: &RequestId) -> [u8; 32] {
    Transcript::new("quorate/session-request/v1").field(&request.0).finish()
}

/// Checks that the session signed the submission's bytes for this network, and names the request.
///
/// # Errors
/// `session_signature_invalid`, also for signatures of another length, under small-order keys, or
/// malleated.
pub fn verify_request(
    network: &NetworkId,
    session: &Session,
    submission: &Submission,
) -> Result<RequestId, Problem> {
    let request = request_id(network, &submission.request);
    signed_by(session, &request, &submission.sig)?;
    Ok(request)
}

/// Checks that the session signed a request to store code, for this network, and names the request.
///
/// # Errors
/// `session_signature_invalid`, as [`verify_request`].
pub fn verify_code_request(
    network: &NetworkId,
    session: &Session,
    submission: &CodeSubmission,
) -> Result<RequestId, Problem> {
    let request = code_request_id(network, &submission.request);
    signed_by(session, &request, &submission.sig)?;
    Ok(request)
}

/// Checks that the session signed a request to have something opened, for this network, and names the request.
///
/// # Errors
/// `session_signature_invalid`, as [`verify_request`].
pub fn verify_decryption_request(
    network: &NetworkId,
    session: &Session,
    submission: &DecryptionSubmission,
) -> Result<RequestId, Problem> {
    let request = decryption_request_id(network, &submission.request);
    signed_by(session, &request, &submission.sig)?;
    Ok(request)
}

/// Checks that the session signed a revocation, for this network, and names it.
///
/// # Errors
/// `session_signature_invalid`, as [`verify_request`].
pub fn verify_revocation_request(
    network: &NetworkId,
    session: &Session,
    submission: &RevocationSubmission,
) -> Result<RequestId, Problem> {
    let revocation = revocation_request_id(network, &submission.request);
    signed_by(session, &revocation, &submission.sig)?;
    Ok(revocation)
}

fn signed_by(session: &Session, request: &RequestId, signature: &[u8]) -> Result<(), Problem> {
    let invalid = || Problem::of(ErrorCode::SessionSignatureInvalid).about(*request);
    let signature: &[u8; 64] = signature.try_into().map_err(|_| invalid())?;
    VerifyingKey::from_bytes(&session.key.0)
        .and_then(|key| {
            key.verify_strict(&session_request_digest(request), &Signature::from_bytes(signature))
        })
        .map_err(|_| invalid())
}

/// Checks a request's time against this node's clock: it must lie in (now − 60 s, now + 2 s], and not
/// before this node's start, since request ids that were seen earlier are forgotten.
///
/// # Errors
/// `request_expired`, `request_from_future` or `request_predates_node`.
pub fn check_time(request_time_ms: u64, now_ms: u64, node_started_ms: u64) -> Result<(), Problem> {
    if request_time_ms.saturating_add(REQUEST_AGE_MS_MAX) <= now_ms {
        return Err(Problem::of(ErrorCode::RequestExpired));
    }
    if request_time_ms > now_ms.saturating_add(REQUEST_AHEAD_MS_MAX) {
        return Err(Problem::of(ErrorCode::RequestFromFuture));
    }
    if request_time_ms < node_started_ms {
        return Err(Problem::of(ErrorCode::RequestPredatesNode));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_timely_in_a_half_open_window() {
        let now = 1_000_000;
        let code = |time, started| check_time(time, now, started).err().map(|problem| problem.code);
        assert_eq!(code(now - 60_000, 0), Some(ErrorCode::RequestExpired));
        assert_eq!(code(now - 59_999, 0), None);
        assert_eq!(code(now + 2_000, 0), None);
        assert_eq!(code(now + 2_001, 0), Some(ErrorCode::RequestFromFuture));
        assert_eq!(code(u64::MAX, 0), Some(ErrorCode::RequestFromFuture));
        assert_eq!(code(now - 1, now), Some(ErrorCode::RequestPredatesNode));
        assert_eq!(code(now, now), None);
        assert_eq!(
            check_time(u64::MAX, u64::MAX, 0).err().map(|problem| problem.code),
            Some(ErrorCode::RequestExpired)
        );
    }
}
