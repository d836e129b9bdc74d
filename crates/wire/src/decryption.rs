//! Opening without an action: what a caller asks each node for, and what a node answers.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use crate::{
    BlockRef, Digest, ErrorCode, Identity, Login, NetworkId, NodeIndex, Problem, RequestId, SessionKey,
    Signable, Signed, json::read_strict, limits, request::base64url,
};

/// Forms in which upstream's clients give the conditions of a policy.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(rename_all = "camelCase")]
pub enum PolicyForm {
    /// Conditions of any kind.
    #[default]
    Unified,
    /// `accessControlConditions`: of EVM chains, by standards.
    EvmBasic,
    /// `evmContractConditions`: of EVM chains, by interface.
    EvmContract,
    /// `solRpcConditions`: of Solana.
    SolRpc,
}

/// The UTF-8 JSON that a session key signs to have something opened, for one node.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecryptionRequest {
    /// Version: 1.
    pub v: u32,
    /// The network it is for.
    pub network: NetworkId,
    /// The node that is asked. What it is sent is of no use at another one, which would else be asked in the caller's place.
    pub node: NodeIndex,
    /// The session that makes it: nobody else's signature turns these bytes into a request.
    pub session: SessionKey,
    /// Hash of the login behind the session, [`Login::hash`].
    pub login: Digest,
    /// The policy: a JSON list, as written.
    pub policy: Box<RawValue>,
    /// In which form the policy is.
    #[serde(default)]
    pub form: PolicyForm,
    /// What is to be opened.
    pub identity: Identity,
    /// The caller's one-time X25519 key (RFC 7748), to which shares are sealed: 32 bytes, hexadecimal digits.
    pub reader: Digest,
    /// The caller's clock, in milliseconds since the epoch.
    pub time_ms: u64,
    /// At least 16 random bytes in hexadecimal digits.
    pub nonce: String,
}

impl DecryptionRequest {
    /// Reads signed bytes strictly. The policy is not looked into.
    ///
    /// # Errors
    /// `malformed_request` or `unsupported_version`, with what was wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        let malformed = |detail: String| Problem::new(ErrorCode::MalformedRequest, detail);
        if bytes.len() > limits::DECRYPTION_REQUEST_BYTES_MAX {
            let most = limits::DECRYPTION_REQUEST_BYTES_MAX;
            return Err(malformed(format!("the request has more than {most} bytes")));
        }
        let request: DecryptionRequest = read_strict(bytes).map_err(|error| malformed(error.0))?;
        if request.v != 1 {
            let detail = format!("version {} was sent, this node speaks version 1", request.v);
            return Err(Problem::new(ErrorCode::UnsupportedVersion, detail));
        }
        let digits = request.nonce.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !digits || !(32..=64).contains(&request.nonce.len()) {
            return Err(malformed("the nonce must be 32 to 64 hexadecimal digits".to_owned()));
        }
        if !request.policy.get().starts_with('[') {
            return Err(malformed("the policy must be a JSON list".to_owned()));
        }
        Ok(request)
    }
}

/// `SHA-256("quorate/decryption-request/v1" ‖ network id ‖ bytes)`.
#[must_use]
pub fn decryption_request_id(network: &NetworkId, bytes: &[u8]) -> RequestId {
    let domain = "quorate/decryption-request/v1";
    let hash = Sha256::new().chain_update(domain).chain_update(network.0).chain_update(bytes);
    RequestId(hash.finalize().into())
}

/// The body of `POST /v1/decryptions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecryptionSubmission {
    /// The signed bytes: base64url without padding in JSON.
    #[serde(with = "base64url")]
    pub request: Vec<u8>,
    /// Ed25519 signature of the session key over the transcript `quorate/session-request/v1` of the request's id.
    #[serde(with = "base64url")]
    pub sig: Vec<u8>,
    /// The login behind the session.
    pub login: Login,
}

impl DecryptionSubmission {
    /// Reads the body strictly.
    ///
    /// # Errors
    /// `body_too_large` or `malformed_request`.
    pub fn parse(body: &[u8]) -> Result<Self, Problem> {
        if body.len() > 2 * limits::DECRYPTION_REQUEST_BYTES_MAX + 2 * limits::LOGIN_BYTES_MAX {
            return Err(Problem::of(ErrorCode::BodyTooLarge));
        }
        let submission: DecryptionSubmission =
            read_strict(body).map_err(|error| Problem::new(ErrorCode::MalformedRequest, error.0))?;
        submission.login.check_bounds()?;
        Ok(submission)
    }
}

/// What a node states of a share that it gave.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShareStatement {
    /// The network.
    pub network: NetworkId,
    /// The committee's epoch.
    pub epoch: u64,
    /// The request.
    pub request: RequestId,
    /// Hash of the login for which it was given.
    pub login: Digest,
    /// What the share opens a part of.
    pub identity: Identity,
    /// The node's latest head as it judged the policy.
    pub latest: BlockRef,
    /// Its finalized block then.
    pub finalized: BlockRef,
    /// SHA-256 of the sealed share.
    pub sealed: Digest,
}

impl Signable for ShareStatement {
    const DOMAIN: &'static str = "quorate/share/v1";
}

/// The answer to `POST /v1/decryptions`: one node's share, which nobody but the caller can read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecryptionReply {
    /// The share, sealed to the caller's one-time key: base64url in JSON.
    #[serde(with = "base64url")]
    pub sealed: Vec<u8>,
    /// What the node states of it.
    pub statement: Signed<ShareStatement>,
}
