//! What a caller asks for: signed bytes that are hashed, passed on and checked as sent.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    ActionCid, Digest, ErrorCode, Login, NetworkId, Problem, RequestId, SessionKey, json::read_strict,
    limits, limits::LimitsRequest,
};
use borsh::{BorshDeserialize, BorshSerialize};
use sha2::{Digest as _, Sha256};

/// A block that a request names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockRef {
    /// Height.
    pub number: u64,
    /// Block hash.
    pub hash: Digest,
}

/// The UTF-8 JSON that a session key signs.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExecutionRequest {
    /// Version: 1.
    pub v: u32,
    /// The network it is for.
    pub network: NetworkId,
    /// The session that makes it: nobody else's signature turns these bytes into a request.
    pub session: SessionKey,
    /// Hash of the login behind the session, [`Login::hash`]: whose request it is, nobody else can change.
    pub login: Digest,
    /// The action to run.
    pub action: ActionCid,
    /// The action's parameters: a JSON object, passed on as written.
    pub params: Box<RawValue>,
    /// The block at which the action sees the registry.
    pub block: BlockRef,
    /// The caller's clock, in milliseconds since the epoch; the action's `Date.now()`.
    pub time_ms: u64,
    /// At least 16 random bytes in hexadecimal digits, so that equal wishes are different requests.
    pub nonce: String,
    /// Limits to lower.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<LimitsRequest>,
}

impl ExecutionRequest {
    /// Reads signed bytes strictly.
    ///
    /// # Errors
    /// `malformed_request`, `unsupported_version` or `params_invalid`, with what was wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        let malformed = |detail: String| Problem::new(ErrorCode::MalformedRequest, detail);
        if bytes.len() > limits::REQUEST_BYTES_MAX {
            return Err(malformed(format!("the request has more than {} bytes", limits::REQUEST_BYTES_MAX)));
        }
        let request: ExecutionRequest = read_strict(bytes).map_err(|error| malformed(error.0))?;
        if request.v != 1 {
            return Err(Problem::new(
                ErrorCode::UnsupportedVersion,
                format!("version {} was sent, this node speaks version 1", request.v),
            ));
        }
        let digits = request.nonce.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !digits || !(32..=64).contains(&request.nonce.len()) {
            return Err(malformed("the nonce must be 32 to 64 hexadecimal digits".to_owned()));
        }
        if !request.params.get().starts_with('{') {
            return Err(Problem::of(ErrorCode::ParamsInvalid));
        }
        Ok(request)
    }

    /// Hash of the parameters as written, for statements.
    #[must_use]
    pub fn params_hash(&self) -> Digest {
        Digest(crate::Transcript::new("quorate/params/v1").field(self.params.get().as_bytes()).finish())
    }
}

/// `SHA-256("quorate/request/v1" ‖ network id ‖ bytes)`.
#[must_use]
pub fn request_id(network: &NetworkId, bytes: &[u8]) -> RequestId {
    let hash = Sha256::new().chain_update("quorate/request/v1").chain_update(network.0).chain_update(bytes);
    RequestId(hash.finalize().into())
}

/// What `POST /v1/executions` carries, and what the coordinator passes on unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(deny_unknown_fields)]
pub struct Submission {
    /// The signed bytes: base64url without padding in JSON.
    #[serde(with = "base64url")]
    pub request: Vec<u8>,
    /// Ed25519 signature of the session key over the transcript `quorate/session-request/v1` of the request id: base64url in JSON.
    #[serde(with = "base64url")]
    pub sig: Vec<u8>,
    /// The login behind the session.
    pub login: Login,
    /// The action's source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

impl Submission {
    /// Reads the body of `POST /v1/executions` strictly.
    ///
    /// # Errors
    /// `body_too_large` or `malformed_request`.
    pub fn parse(body: &[u8]) -> Result<Self, Problem> {
        if body.len() > limits::HTTP_BODY_BYTES_MAX {
            return Err(Problem::of(ErrorCode::BodyTooLarge));
        }
        let submission: Submission =
            read_strict(body).map_err(|error| Problem::new(ErrorCode::MalformedRequest, error.0))?;
        submission.login.check_bounds()?;
        Ok(submission)
    }
}

pub(crate) mod base64url {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = <std::borrow::Cow<'de, str> as Deserialize>::deserialize(deserializer)?;
        URL_SAFE_NO_PAD
            .decode(text.as_bytes())
            .map_err(|_| D::Error::custom("expected base64url without padding"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(extra: &str) -> String {
        format!(
            r#"{{"v":1,"network":"{:064}","session":"{:064}","login":"0x{:064}","action":"{}","params":{{"a":1.50}},"block":{{"number":3,"hash":"0x{:064}"}},"time_ms":5,"nonce":"{:032}"{extra}}}"#,
            1,
            4,
            5,
            ActionCid::of_code(b""),
            2,
            3
        )
    }

    #[test]
    fn keeps_parameters_as_written() {
        let request = ExecutionRequest::parse(text("").as_bytes()).unwrap();
        assert_eq!(request.params.get(), r#"{"a":1.50}"#);
    }

    #[test]
    fn refuses_unknown_and_duplicate_members_and_other_versions() {
        let code = |text: &str| ExecutionRequest::parse(text.as_bytes()).unwrap_err().code;
        assert_eq!(code(&text(r#","x":1"#)), ErrorCode::MalformedRequest);
        assert_eq!(code(&text(r#","v":1"#)), ErrorCode::MalformedRequest);
        assert_eq!(code(&text("").replace("\"v\":1", "\"v\":2")), ErrorCode::UnsupportedVersion);
        assert_eq!(code(&text("").replace("{\"a\":1.50}", "[]")), ErrorCode::ParamsInvalid);
        assert_eq!(code("{"), ErrorCode::MalformedRequest);
    }
}
