//! Storing an action's source with a node.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{
    ActionCid, Digest, ErrorCode, Login, NetworkId, Problem, RequestId, SessionKey,
    json::read_strict,
    limits::{CODE_REQUEST_BYTES_MAX, HTTP_BODY_BYTES_MAX},
    request::base64url,
};

/// The UTF-8 JSON that a session key signs to have a source stored. Storing twice is storing once, so that it needs no
/// nonce.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeRequest {
    /// Version: 1.
    pub v: u32,
    /// The network it is for.
    pub network: NetworkId,
    /// The session that makes it.
    pub session: SessionKey,
    /// Hash of the login behind the session.
    pub login: Digest,
    /// The action whose source is stored.
    pub action: ActionCid,
    /// The caller's clock, in milliseconds since the epoch.
    pub time_ms: u64,
}

impl CodeRequest {
    /// Reads signed bytes strictly.
    ///
    /// # Errors
    /// `malformed_request` or `unsupported_version`, with what was wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        let malformed = |detail: String| Problem::new(ErrorCode::MalformedRequest, detail);
        if bytes.len() > CODE_REQUEST_BYTES_MAX {
            return Err(malformed(format!("the request has more than {CODE_REQUEST_BYTES_MAX} bytes")));
        }
        let request: CodeRequest = read_strict(bytes).map_err(|error| malformed(error.0))?;
        if request.v != 1 {
            let detail = format!("version {} was sent, this node speaks version 1", request.v);
            return Err(Problem::new(ErrorCode::UnsupportedVersion, detail));
        }
        Ok(request)
    }
}

/// `SHA-256("quorate/code-request/v1" ‖ network id ‖ bytes)`: never the id of an execution.
#[must_use]
pub fn code_request_id(network: &NetworkId, bytes: &[u8]) -> RequestId {
    let hash =
        Sha256::new().chain_update("quorate/code-request/v1").chain_update(network.0).chain_update(bytes);
    RequestId(hash.finalize().into())
}

/// What `PUT /v1/code` carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeSubmission {
    /// The signed bytes of a [`CodeRequest`]: base64url without padding in JSON.
    #[serde(with = "base64url")]
    pub request: Vec<u8>,
    /// Ed25519 signature of the session key over the transcript `quorate/session-request/v1` of the request id: base64url in JSON.
    #[serde(with = "base64url")]
    pub sig: Vec<u8>,
    /// The login behind the session.
    pub login: Login,
    /// The action's source.
    pub code: String,
}

impl CodeSubmission {
    /// Reads the body of `PUT /v1/code` strictly.
    ///
    /// # Errors
    /// `body_too_large` or `malformed_request`.
    pub fn parse(body: &[u8]) -> Result<Self, Problem> {
        if body.len() > HTTP_BODY_BYTES_MAX {
            return Err(Problem::of(ErrorCode::BodyTooLarge));
        }
        let submission: CodeSubmission =
            read_strict(body).map_err(|error| Problem::new(ErrorCode::MalformedRequest, error.0))?;
        submission.login.check_bounds()?;
        Ok(submission)
    }
}

/// The answer to `PUT /v1/code`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeStored {
    /// The action.
    pub action: ActionCid,
    /// Length of its source.
    pub bytes: u64,
    /// Whether it was not stored before.
    pub new: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> CodeRequest {
        CodeRequest {
            v: 1,
            network: NetworkId([1; 32]),
            session: SessionKey([2; 32]),
            login: Digest([3; 32]),
            action: ActionCid::of_code(b""),
            time_ms: 5,
        }
    }

    #[test]
    fn reads_what_it_writes_and_nothing_else() {
        let text = serde_json::to_string(&request()).unwrap();
        assert_eq!(CodeRequest::parse(text.as_bytes()).unwrap(), request());
        let code = |text: &str| CodeRequest::parse(text.as_bytes()).unwrap_err().code;
        assert_eq!(code(&text.replace("\"v\":1", "\"v\":2")), ErrorCode::UnsupportedVersion);
        assert_eq!(code(&text.replace("\"v\":1", "\"v\":1,\"v\":1")), ErrorCode::MalformedRequest);
        assert_eq!(code(&text.replace("\"v\":1", "\"v\":1,\"x\":1")), ErrorCode::MalformedRequest);
        assert_eq!(code(&text.replace("Qm", "Xm")), ErrorCode::MalformedRequest);
        let long = text.replace("\"v\":1", &format!("{}\"v\":1", " ".repeat(CODE_REQUEST_BYTES_MAX)));
        assert_eq!(code(&long), ErrorCode::MalformedRequest);
    }

    #[test]
    fn its_id_is_never_that_of_an_execution() {
        let bytes = serde_json::to_vec(&request()).unwrap();
        assert_ne!(
            code_request_id(&request().network, &bytes),
            crate::request_id(&request().network, &bytes)
        );
    }
}
