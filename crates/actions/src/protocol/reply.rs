//! The answers to host calls.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::limits::{
    ERROR_CODE_BYTES_MAX, FAILURE_BYTES_MAX, HEADERS_BYTES_MAX, HEADERS_MAX, REPLY_BODY_BYTES_MAX,
    URL_BYTES_MAX, VALUE_FRAME_BYTES_MAX,
};

/// The answer to a host call.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum HostReply {
    /// To `Sign`.
    Signed {
        /// The signature's r.
        r: [u8; 32],
        /// The signature's s, the low one.
        s: [u8; 32],
        /// Which of the points with this r: 0 or 1.
        recovery_id: u8,
    },
    /// To `Fetch`.
    Fetched {
        /// HTTP status.
        status: u16,
        /// Headers, lower-case names.
        headers: Vec<(String, String)>,
        /// The body, decoded.
        body: Vec<u8>,
        /// The address that answered in the end.
        url: String,
    },
    /// To every other call: a JSON text of the form that the call names.
    Value(String),
    /// It was not done. The action sees a rejected promise with both texts, so both must be equal on all
    /// nodes and must not say anything that the action may not know.
    Error {
        /// A stable code, snake_case.
        code: String,
        /// A sentence.
        message: String,
    },
}

/// The kinds of answers, errors apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReplyKind {
    Signed,
    Fetched,
    Value,
}

impl HostReply {
    /// Bytes of the part that may be large.
    pub(crate) const fn size(&self) -> usize {
        match self {
            Self::Fetched { body, .. } => body.len(),
            Self::Value(json) => json.len(),
            Self::Signed { .. } | Self::Error { .. } => 0,
        }
    }

    /// Whether this answers a call that waits for that kind, and fits a frame.
    pub(crate) fn answers(&self, kind: ReplyKind) -> bool {
        match self {
            Self::Signed { recovery_id, .. } => kind == ReplyKind::Signed && *recovery_id <= 1,
            Self::Fetched { headers, body, url, .. } => {
                kind == ReplyKind::Fetched
                    && headers_fit(headers)
                    && body.len() <= REPLY_BODY_BYTES_MAX
                    && url.len() <= URL_BYTES_MAX
            }
            Self::Value(json) => kind == ReplyKind::Value && json.len() <= VALUE_FRAME_BYTES_MAX,
            Self::Error { code, message } => {
                code.len() <= ERROR_CODE_BYTES_MAX && message.len() <= FAILURE_BYTES_MAX
            }
        }
    }
}

pub(super) fn headers_fit(headers: &[(String, String)]) -> bool {
    headers.len() <= HEADERS_MAX
        && headers.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() <= HEADERS_BYTES_MAX
}
