//! The answers to host calls.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::limits::{
    ERROR_CODE_BYTES_MAX, FAILURE_BYTES_MAX, FETCH_ANSWER_BODY_BYTES_MAX, FETCH_ANSWER_HEADERS_BYTES_MAX,
    FETCH_ANSWER_HEADERS_MAX, FETCH_URL_BYTES_MAX, VALUE_FRAME_BYTES_MAX,
};

/// The answer to a host call.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum HostReply {
    /// To `Sign`.
    Signed(EcdsaAnswer),
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
        /// A stable code, `snake_case`. A node's is that of an [`ErrorCode`](crate::ErrorCode); a simulation has one more.
        code: String,
        /// A sentence.
        message: String,
    },
}

/// A finished ECDSA signature, as a host call is answered with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct EcdsaAnswer {
    /// r, big-endian.
    pub r: [u8; 32],
    /// s, big-endian, low.
    pub s: [u8; 32],
    /// Recovery id, 0 or 1: which of the points with this r. The rare 2 and 3, of an r that was reduced, reach no action.
    pub recovery_id: u8,
}

/// The kinds of answers, errors apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyKind {
    /// [`HostReply::Signed`].
    Signed,
    /// [`HostReply::Fetched`].
    Fetched,
    /// [`HostReply::Value`].
    Value,
}

impl HostReply {
    /// Bytes of the part that may be large.
    #[must_use]
    pub const fn size(&self) -> usize {
        match self {
            Self::Fetched { body, .. } => body.len(),
            Self::Value(json) => json.len(),
            Self::Signed(_) | Self::Error { .. } => 0,
        }
    }

    /// Whether this answers a call that waits for that kind, and fits a frame.
    #[must_use]
    pub fn answers(&self, kind: ReplyKind) -> bool {
        match self {
            Self::Signed(signature) => kind == ReplyKind::Signed && signature.recovery_id <= 1,
            Self::Fetched { headers, body, url, .. } => {
                kind == ReplyKind::Fetched
                    && headers_fit(headers, FETCH_ANSWER_HEADERS_MAX, FETCH_ANSWER_HEADERS_BYTES_MAX)
                    && body.len() <= FETCH_ANSWER_BODY_BYTES_MAX
                    && url.len() <= FETCH_URL_BYTES_MAX
            }
            Self::Value(json) => kind == ReplyKind::Value && json.len() <= VALUE_FRAME_BYTES_MAX,
            Self::Error { code, message } => {
                code.len() <= ERROR_CODE_BYTES_MAX && message.len() <= FAILURE_BYTES_MAX
            }
        }
    }
}

/// Whether there are at most so many headers, of at most so many bytes together.
pub(crate) fn headers_fit(headers: &[(String, String)], most: usize, bytes_max: usize) -> bool {
    headers.len() <= most
        && headers.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() <= bytes_max
}
