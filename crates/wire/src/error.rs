//! The closed list of error codes, and the problem document that carries one over HTTP.

use std::fmt;

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

/// What kind of trouble a code stands for; it fixes the HTTP status and whether a retry can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorClass {
    /// The caller sent something that can never be accepted.
    BadRequest,
    /// What was sent is larger than allowed.
    TooLarge,
    /// The caller is not who it must be.
    Unauthenticated,
    /// The caller, or the action, may not do this.
    Forbidden,
    /// The thing that was asked for does not exist.
    NotFound,
    /// The action ran and ended badly.
    ActionFailed,
    /// The nodes did not agree.
    Disagreement,
    /// Too much at once.
    Busy,
    /// The network cannot serve now.
    Unavailable,
    /// Too slow.
    Timeout,
    /// A defect of ours.
    Internal,
}

impl ErrorClass {
    /// HTTP status of the class.
    #[must_use]
    pub fn http_status(self) -> u16 {
        match self {
            ErrorClass::BadRequest => 400,
            ErrorClass::Unauthenticated => 401,
            ErrorClass::Forbidden => 403,
            ErrorClass::NotFound => 404,
            ErrorClass::Disagreement => 409,
            ErrorClass::TooLarge => 413,
            ErrorClass::ActionFailed => 422,
            ErrorClass::Busy => 429,
            ErrorClass::Internal => 500,
            ErrorClass::Unavailable => 503,
            ErrorClass::Timeout => 504,
        }
    }

    /// Whether the same call, made again later, may succeed.
    #[must_use]
    pub fn retryable(self) -> bool {
        matches!(self, ErrorClass::Busy | ErrorClass::Unavailable | ErrorClass::Timeout)
    }
}

macro_rules! error_codes {
    ($($variant:ident = $number:literal, $text:literal, $class:ident, $title:literal;)*) => {
        /// Every error that leaves a node. Codes are never renamed, renumbered or reused;
        /// `docs/errors.md` says of each what happened and what to do.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
        #[borsh(use_discriminant = true)]
        #[repr(u8)]
        pub enum ErrorCode {
            $(#[doc = $title] $variant = $number,)*
        }

        impl ErrorCode {
            /// All codes, in order.
            pub const ALL: &[ErrorCode] = &[$(ErrorCode::$variant),*];

            /// The text form, `snake_case`.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(ErrorCode::$variant => $text,)* }
            }

            /// One sentence for people.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(ErrorCode::$variant => $title,)* }
            }

            /// The class.
            #[must_use]
            pub fn class(self) -> ErrorClass {
                match self { $(ErrorCode::$variant => ErrorClass::$class,)* }
            }

            /// Reads the text form.
            #[must_use]
            pub fn from_text(text: &str) -> Option<Self> {
                match text { $($text => Some(ErrorCode::$variant),)* _ => None }
            }
        }
    };
}

// Numbers 25 and 57 had codes that no node ever answered; they stay unused.
error_codes! {
    MalformedRequest = 1, "malformed_request", BadRequest, "The request is not well-formed.";
    UnsupportedVersion = 2, "unsupported_version", BadRequest, "The request has a version that this node does not speak.";
    BodyTooLarge = 3, "body_too_large", TooLarge, "The body is larger than allowed.";
    CodeTooLarge = 4, "code_too_large", TooLarge, "The action's code is larger than allowed.";
    CodeMissing = 5, "code_missing", BadRequest, "The action's code was neither sent nor found.";
    CidMismatch = 6, "cid_mismatch", BadRequest, "The code is not the code of the action that the request names.";
    WrongNetwork = 7, "wrong_network", BadRequest, "The request is for another network.";
    LoginInvalid = 8, "login_invalid", Unauthenticated, "The login is not valid.";
    SessionExpired = 9, "session_expired", Unauthenticated, "The session has expired, or has not begun.";
    SessionSignatureInvalid = 10, "session_signature_invalid", Unauthenticated, "The request is not signed by the session's key.";
    SessionScope = 11, "session_scope", Forbidden, "The session does not allow this action; log in anew with one that does.";
    NotAdmitted = 12, "not_admitted", Forbidden, "The network's admission rule does not let this caller in; its operators can.";
    RequestExpired = 13, "request_expired", Unauthenticated, "The request's time is too old.";
    RequestFromFuture = 14, "request_from_future", Unauthenticated, "The request's time is ahead of this node's clock.";
    RequestPredatesNode = 15, "request_predates_node", Unavailable, "The request is older than this node's start; sign a new one.";
    BlockUnknown = 16, "block_unknown", BadRequest, "The block that the request names is not one of this chain; name the head that GET /v1/network gives.";
    BlockTooOld = 17, "block_too_old", BadRequest, "The block that the request names is too old; name the head that GET /v1/network gives.";
    BlockAhead = 18, "block_ahead", Unavailable, "The block that the request names is ahead of this node's view.";
    RegistryStale = 19, "registry_stale", Unavailable, "This node has not heard from the chain for too long.";
    NotReady = 20, "not_ready", Unavailable, "This node has no confirmed share of the network's key yet.";
    RateLimited = 21, "rate_limited", Busy, "Too many requests from this login or source.";
    Overloaded = 22, "overloaded", Unavailable, "The node has as much work as it accepts.";
    NoQuorum = 23, "no_quorum", Unavailable, "Too few nodes can be reached.";
    NoUnbannedQuorum = 24, "no_unbanned_quorum", Unavailable, "Bans leave no set of signers.";
    IntentsDiverged = 26, "intents_diverged", Disagreement, "The nodes' runs asked for different signatures.";
    OutcomesDiverged = 27, "outcomes_diverged", Disagreement, "The nodes' runs ended differently.";
    SigningFailed = 28, "signing_failed", Unavailable, "Every attempt to sign has failed.";
    DeadlineExceeded = 29, "deadline_exceeded", Timeout, "The execution did not end in time.";
    PkpUnknown = 30, "pkp_unknown", NotFound, "No such key is registered.";
    NotGranted = 31, "not_granted", Forbidden, "The key was not granted to the action, nor to the caller for it; the key's owner can grant it.";
    ScopeMissing = 32, "scope_missing", Forbidden, "The grant does not include the scope that this needs; the key's owner can add it.";
    DigestLength = 33, "digest_length", BadRequest, "A digest to sign is 32 bytes.";
    DigestInvalid = 34, "digest_invalid", BadRequest, "No hash is 0 or the order of the curve, and such a digest is not signed; sign the hash of a message.";
    SignatureNameDuplicate = 35, "signature_name_duplicate", ActionFailed, "The action used one signature name twice; give each signature a name of its own.";
    SignatureNameInvalid = 36, "signature_name_invalid", ActionFailed, "The signature name is empty or too long; give one of 1 to 128 bytes.";
    NotSupported = 37, "not_supported", ActionFailed, "This function is not supported.";
    ActionThrew = 38, "action_threw", ActionFailed, "The action threw an error.";
    ActionSyntax = 39, "action_syntax", ActionFailed, "The action's code does not parse.";
    ParamReserved = 40, "param_reserved", BadRequest, "A parameter has the name of a built-in; give it another.";
    LimitCpu = 41, "limit_cpu", ActionFailed, "The action used all of its CPU budget.";
    LimitWall = 42, "limit_wall", ActionFailed, "The action ran out of time.";
    LimitMemory = 43, "limit_memory", ActionFailed, "The action used all of its memory.";
    LimitStack = 44, "limit_stack", ActionFailed, "The action recursed too deeply.";
    LimitResponse = 45, "limit_response", ActionFailed, "The action's response is too long.";
    LimitLogs = 46, "limit_logs", ActionFailed, "The action's log is too long.";
    LimitHostCalls = 47, "limit_host_calls", ActionFailed, "The action made too many host calls.";
    LimitSignatures = 48, "limit_signatures", ActionFailed, "The action asked for too many signatures.";
    LimitFetches = 49, "limit_fetches", ActionFailed, "The action made too many requests.";
    LimitPromises = 50, "limit_promises", ActionFailed, "The action has too many outstanding promises.";
    WorkerDied = 51, "worker_died", Unavailable, "The worker that ran the action died.";
    FetchRefused = 52, "fetch_refused", Forbidden, "The address is not one that actions may reach; the operators decide which hosts are.";
    FetchFailed = 53, "fetch_failed", ActionFailed, "The request could not be carried out.";
    NotFound = 54, "not_found", NotFound, "There is nothing at this address.";
    MethodNotAllowed = 55, "method_not_allowed", BadRequest, "This address does not take this method.";
    HostRefused = 56, "host_refused", Forbidden, "The Host header does not name this node; send `Host: localhost` to a node that listens on loopback.";
    ShuttingDown = 58, "shutting_down", Unavailable, "This node is shutting down.";
    Internal = 59, "internal", Internal, "A defect in this node; its log has the request id.";
    ParamsInvalid = 60, "params_invalid", BadRequest, "The parameters are not a JSON object.";
    MediaType = 61, "media_type", BadRequest, "The body must be application/json.";
    LimitTotal = 62, "limit_total", ActionFailed, "The action took too long in all, its waiting included.";
    LimitCode = 63, "limit_code", TooLarge, "The action's code is longer than its limit.";
    LimitParams = 64, "limit_params", TooLarge, "The action's parameters are longer than their limit.";
    LimitFetchedBytes = 65, "limit_fetched_bytes", ActionFailed, "The action was answered with too many bytes.";
    LimitCollects = 66, "limit_collects", ActionFailed, "The action had too many values agreed on.";
    LimitContractCalls = 67, "limit_contract_calls", ActionFailed, "The action read chains too often.";
    LimitClaims = 68, "limit_claims", ActionFailed, "The action claimed too many keys.";
    LimitChildren = 69, "limit_children", ActionFailed, "The action called too many child actions.";
    LimitDepth = 70, "limit_depth", ActionFailed, "Child actions called each other too deeply.";
    LimitTimers = 71, "limit_timers", ActionFailed, "The action has too many timers set.";
    ValueTooLarge = 72, "value_too_large", ActionFailed, "A value to agree on is too long; agree on its hash.";
    RunOnceFailed = 73, "run_once_failed", ActionFailed, "The function given to runOnce threw on the node that ran it.";
    RunOnceOperation = 74, "run_once_operation", ActionFailed, "An operation of all nodes was asked for inside the function of runOnce.";
    ChainUnknown = 75, "chain_unknown", ActionFailed, "The operators have configured no such chain, or no public address of it; the registry's own is `quorate`.";
    RpcFailed = 76, "rpc_failed", ActionFailed, "The chain could not be read.";
    CallReverted = 77, "call_reverted", ActionFailed, "The contract reverted the call.";
    FetchRedirected = 78, "fetch_redirected", ActionFailed, "The server redirects, and the request does not allow it; fetch the new address, or with `redirect: 'follow'`.";
    CodeQuota = 80, "code_quota", Forbidden, "The login has stored as much code as one may.";
    CodeStoreFull = 81, "code_store_full", Unavailable, "The node's store of code is full.";
    CodeNotText = 82, "code_not_text", BadRequest, "What the CID names is no UTF-8 text.";
    SingleNodeValue = 90, "single_node_value", Forbidden, "The grant forbids signing for a run that knows a value of one node only; sign before runOnce.";
    ClaimInvalid = 91, "claim_invalid", ActionFailed, "The id to claim is empty, too long, or has control characters; give one of 1 to 256 bytes without any.";
    RegistryRolledBack = 93, "registry_rolled_back", Unavailable, "The registry does not have a block that was final before.";
    LoginMismatch = 92, "login_mismatch", Unauthenticated, "The login is not the one that the request names.";
    ActionPending = 96, "action_pending", ActionFailed, "The action waits for a promise that nothing can settle any more, and has said nothing.";
    LimitRandoms = 97, "limit_randoms", ActionFailed, "The action had too many random values agreed on.";
    DrawFailed = 98, "draw_failed", Unavailable, "So many nodes gave wrong partials of a random value that t right ones cannot come.";
    PolicyInvalid = 100, "policy_invalid", BadRequest, "The policy is not well-formed.";
    PolicyComparator = 101, "policy_comparator", BadRequest, "The policy compares in a way that does not exist, or not for this kind of value.";
    PolicyTooLarge = 102, "policy_too_large", TooLarge, "The policy is larger than allowed.";
    PolicyUnsupported = 103, "policy_unsupported", BadRequest, "The policy has a kind of condition that this network does not evaluate.";
    PolicyDenied = 104, "policy_denied", Forbidden, "The policy does not let this caller, or this action, open it now.";
    PolicyUnreadable = 105, "policy_unreadable", Unavailable, "What the policy asks of the chain could not be read.";
    PolicyParameter = 106, "policy_parameter", BadRequest, "The login lacks a parameter that the policy names.";
    DecryptionFailed = 110, "decryption_failed", Unavailable, "Too few nodes gave a right share of what is to be opened.";
    LimitDecryptions = 111, "limit_decryptions", ActionFailed, "The action had too many ciphertexts opened.";
    CiphertextInvalid = 112, "ciphertext_invalid", BadRequest, "The ciphertext is not whole, or was changed.";
    CiphertextForeign = 113, "ciphertext_foreign", BadRequest, "The ciphertext is of another network, or of another root.";
    ContainerVersion = 114, "container_version", BadRequest, "The encrypted file has a version that this release does not know.";
    ContainerInvalid = 115, "container_invalid", BadRequest, "The encrypted file is not whole, or was changed.";
    IdentityMismatch = 116, "identity_mismatch", BadRequest, "What is to be opened is not under the policy that was shown.";
    ReaderKeyInvalid = 117, "reader_key_invalid", BadRequest, "The one-time key is none that anything can be sealed to.";
    RequestReplayed = 118, "request_replayed", BadRequest, "These very bytes were sent before; sign a new request.";
    AuthSigRefused = 119, "auth_sig_refused", ActionFailed, "An action opens for its caller's own session only; leave authSig out, or give null.";
    PlaintextNotText = 120, "plaintext_not_text", ActionFailed, "The plaintext is no UTF-8 text; ask for encoding: 'base64'.";
    LoginIssuerUnknown = 121, "login_issuer_unknown", Unauthenticated, "The login is of an issuer that this network does not take.";
    LoginKeysUnavailable = 122, "login_keys_unavailable", Unavailable, "This node has no key of the issuer by which the login is signed.";
    SessionRevoked = 123, "session_revoked", Unauthenticated, "The session was signed out before its end; log in anew.";
    ReplyNotKept = 95, "reply_not_kept", NotFound, "The execution has ended, and its reply is not kept any longer.";
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ErrorCode {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str> as Deserialize>::deserialize(deserializer)?;
        ErrorCode::from_text(&text).ok_or_else(|| serde::de::Error::custom("unknown error code"))
    }
}

/// A problem document (RFC 9457, `application/problem+json`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct Problem {
    /// The stable code.
    pub code: ErrorCode,
    /// HTTP status, repeated from the response line.
    pub status: u16,
    /// The code's sentence.
    pub title: String,
    /// What was wrong this time; never a secret, a path or a dependency's own text.
    pub detail: String,
    /// Whether the same call may succeed later.
    pub retryable: bool,
    /// In how many milliseconds a call that came too fast may succeed, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// The request, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<crate::RequestId>,
    /// The nodes that the problem is about, by index.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<crate::NodeIndex>,
    /// For `intents_diverged` and `outcomes_diverged`: the signed votes of nodes whose runs differed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub odd: Vec<crate::OddNode>,
    /// What the run left behind, when the action ran and ended badly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<Box<crate::ExecutionReply>>,
}

impl Problem {
    /// A problem with a code and a sentence of detail.
    #[must_use]
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Problem {
            code,
            status: code.class().http_status(),
            title: code.title().to_owned(),
            detail: detail.into(),
            retryable: code.class().retryable(),
            retry_after_ms: None,
            request_id: None,
            nodes: Vec::new(),
            odd: Vec::new(),
            execution: None,
        }
    }

    /// A problem whose code says it all.
    #[must_use]
    pub fn of(code: ErrorCode) -> Self {
        Problem::new(code, code.title())
    }

    /// Names the request.
    #[must_use]
    pub fn about(mut self, request: crate::RequestId) -> Self {
        self.request_id = Some(request);
        self
    }
}

impl From<ErrorCode> for Problem {
    fn from(code: ErrorCode) -> Self {
        Problem::of(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_read_back() {
        let mut seen = std::collections::BTreeSet::new();
        for &code in ErrorCode::ALL {
            assert!(seen.insert(code.as_str()), "{code} twice");
            assert_eq!(ErrorCode::from_text(code.as_str()), Some(code));
        }
    }
}
