//! Signing out: a session asks all nodes to take no more of itself, or of everything that its methods have allowed so far.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{
    Digest, ErrorCode, Login, NetworkId, Problem, RequestId, SessionKey, Signable, Signed, json::read_strict,
    limits, request::base64url,
};

/// What a revocation ends.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    BorshSerialize,
    BorshDeserialize,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Ends {
    /// The session that signs it, whatever login allows its key.
    Session,
    /// That session, and each one that a method of its login has allowed up to the revocation's time, on any device. A
    /// session of several methods ends when one of them does.
    Everywhere,
}

/// The UTF-8 JSON that a session key signs to sign out. It is the same for all nodes, and one node passes it on to others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevocationRequest {
    /// Version: 1.
    pub v: u32,
    /// The network it is for.
    pub network: NetworkId,
    /// The session that makes it.
    pub session: SessionKey,
    /// Hash of the login behind the session, [`Login::hash`].
    pub login: Digest,
    /// What it ends.
    pub ends: Ends,
    /// The caller's clock, in milliseconds since the epoch. Logins that are proven later stand.
    pub time_ms: u64,
}

impl RevocationRequest {
    /// Reads signed bytes strictly.
    ///
    /// # Errors
    /// `malformed_request` or `unsupported_version`, with what was wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        let malformed = |detail: String| Problem::new(ErrorCode::MalformedRequest, detail);
        if bytes.len() > limits::REVOCATION_REQUEST_BYTES_MAX {
            let most = limits::REVOCATION_REQUEST_BYTES_MAX;
            return Err(malformed(format!("the request has more than {most} bytes")));
        }
        let request: RevocationRequest = read_strict(bytes).map_err(|error| malformed(error.0))?;
        if request.v != 1 {
            let detail = format!("version {} was sent, this node speaks version 1", request.v);
            return Err(Problem::new(ErrorCode::UnsupportedVersion, detail));
        }
        Ok(request)
    }
}

/// The revocation's id: `SHA-256("quorate/revocation-request/v1" ‖ network id ‖ bytes)`.
#[must_use]
pub fn revocation_request_id(network: &NetworkId, bytes: &[u8]) -> RequestId {
    let domain = "quorate/revocation-request/v1";
    let hash = Sha256::new().chain_update(domain).chain_update(network.0).chain_update(bytes);
    RequestId(hash.finalize().into())
}

/// The body of `POST /v1/revocations`, and what nodes pass on to each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(deny_unknown_fields)]
pub struct RevocationSubmission {
    /// The signed bytes: base64url without padding in JSON.
    #[serde(with = "base64url")]
    pub request: Vec<u8>,
    /// Ed25519 signature of the session key over the transcript `quorate/session-request/v1` of the request's id.
    #[serde(with = "base64url")]
    pub sig: Vec<u8>,
    /// The login behind the session.
    pub login: Login,
}

impl RevocationSubmission {
    /// Reads the body strictly.
    ///
    /// # Errors
    /// `body_too_large` or `malformed_request`.
    pub fn parse(body: &[u8]) -> Result<Self, Problem> {
        if body.len() > 2 * limits::REVOCATION_REQUEST_BYTES_MAX + 2 * limits::LOGIN_BYTES_MAX {
            return Err(Problem::of(ErrorCode::BodyTooLarge));
        }
        let submission: RevocationSubmission =
            read_strict(body).map_err(|error| Problem::new(ErrorCode::MalformedRequest, error.0))?;
        submission.login.check_bounds()?;
        Ok(submission)
    }

    /// Bytes that are hashed, parsed and kept.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.request.len() + self.sig.len() + self.login.bytes()
    }
}

/// What a node states of a revocation: it is on the node's disk, and the node takes nothing more of what it ends.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldRevocation {
    /// The network.
    pub network: NetworkId,
    /// The committee's epoch.
    pub epoch: u64,
    /// The revocation's id.
    pub revocation: RequestId,
}

impl Signable for HeldRevocation {
    const DOMAIN: &'static str = "quorate/held-revocation/v1";
}

/// The answer to `POST /v1/revocations`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevocationReply {
    /// Who has it by now, in each node's own words: the node that answers, and the others that it has heard of.
    pub held: Vec<Signed<HeldRevocation>>,
    /// How many nodes there are.
    pub of: u32,
    /// Whether the nodes without it are less than the threshold: they alone can sign nothing any more.
    pub done: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> RevocationRequest {
        RevocationRequest {
            v: 1,
            network: NetworkId([1; 32]),
            session: SessionKey([2; 32]),
            login: Digest([3; 32]),
            ends: Ends::Everywhere,
            time_ms: 4,
        }
    }

    #[test]
    fn a_request_is_read_strictly() {
        let text = serde_json::to_string(&request()).unwrap();
        assert_eq!(RevocationRequest::parse(text.as_bytes()).unwrap(), request());
        assert!(text.contains(r#""ends":"everywhere""#));
        let code = |text: &str| RevocationRequest::parse(text.as_bytes()).unwrap_err().code;
        assert_eq!(code(&text.replace("\"v\":1", "\"v\":2")), ErrorCode::UnsupportedVersion);
        for (from, to) in [
            ("everywhere", "everything"),
            ("\"v\":1", "\"v\":1,\"v\":1"),
            ("\"time_ms\":4", "\"time_ms\":4,\"more\":0"),
            (",\"time_ms\":4", ""),
            ("}", "} "),
            ("\"time_ms\":4", "\"time_ms\":-4"),
        ] {
            let wrong = text.replace(from, to);
            if to == "} " {
                assert!(RevocationRequest::parse(wrong.as_bytes()).is_ok(), "space means nothing in JSON");
            } else {
                assert_eq!(code(&wrong), ErrorCode::MalformedRequest, "{wrong}");
            }
        }
        let long = format!("{text}{}", " ".repeat(limits::REVOCATION_REQUEST_BYTES_MAX));
        assert_eq!(code(&long), ErrorCode::MalformedRequest);
    }

    #[test]
    fn the_id_is_of_the_network_and_of_every_byte() {
        let bytes = serde_json::to_vec(&request()).unwrap();
        let id = revocation_request_id(&NetworkId([1; 32]), &bytes);
        assert_ne!(id, revocation_request_id(&NetworkId([2; 32]), &bytes));
        assert_ne!(id, revocation_request_id(&NetworkId([1; 32]), &[&bytes[..], b" "].concat()));
        assert_ne!(id, crate::request_id(&NetworkId([1; 32]), &bytes), "no request of another kind");
    }
}
