//! What a node and its worker say to each other over their socket.

pub mod frame;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::limits::{
    ActionLimits, ERROR_CODE_BYTES_MAX, FAILURE_BYTES_MAX, FETCH_BODY_BYTES_MAX, HEADERS_BYTES_MAX,
    HEADERS_MAX, REPLY_BODY_BYTES_MAX, SIG_NAME_BYTES_MAX, URL_BYTES_MAX,
};
use crate::outcome::Finished;
use crate::walls::Walls;

/// From the node to a worker.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum ToWorker {
    /// Fixes, once, which action this worker runs. Comes before everything but `Ping`.
    Assign {
        /// The action's CID, which the node has compared with the code.
        cid: String,
        /// The action's source text.
        code: Vec<u8>,
    },
    /// Starts an execution.
    Run(RunMessage),
    /// Answers a host call.
    HostReply {
        /// Whose call.
        execution: u64,
        /// Which call of that execution.
        call: u32,
        /// The answer.
        reply: HostReply,
    },
    /// Ends an execution; it still reports `Finished`.
    Cancel {
        /// Which one.
        execution: u64,
    },
    /// Asks for a sign of life.
    Ping {
        /// Comes back in `Pong`.
        nonce: u64,
    },
}

/// The inputs of one execution.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RunMessage {
    /// The node's number for it.
    pub execution: u64,
    /// The parameters: JSON text of an object.
    pub params: String,
    /// What `Lit.Auth` holds: JSON text of an object.
    pub auth: String,
    /// The request's time in milliseconds since 1970.
    pub time_ms: u64,
    /// Seeds `Math.random`.
    pub random_seed: [u8; 32],
    /// What the execution may use.
    pub limits: ActionLimits,
}

/// From a worker to its node.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum FromWorker {
    /// The guest is loaded; the worker may be assigned.
    Ready {
        /// The walls that it could put up around itself.
        walls: Walls,
    },
    /// An execution wants something done.
    HostCall {
        /// Who wants it.
        execution: u64,
        /// Number of the call within its execution, from 0 upwards without gaps.
        call: u32,
        /// What it wants.
        op: HostCall,
    },
    /// An execution ended.
    Finished {
        /// Which one.
        execution: u64,
        /// How.
        finished: Finished,
    },
    /// Answers `Ping`.
    Pong {
        /// The nonce of the `Ping`.
        nonce: u64,
    },
}

/// Everything that an action can ask of the world outside its instance.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum HostCall {
    /// `signEcdsa`: the signature goes to the caller, the action learns only that it was made.
    SignEcdsa(SignRequest),
    /// `signAndCombineEcdsa`: the action sees the signature.
    SignAndCombineEcdsa(SignRequest),
    /// `fetch`.
    Fetch(FetchRequest),
}

/// A request for an ECDSA signature over secp256k1.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SignRequest {
    /// The digest.
    pub to_sign: [u8; 32],
    /// The key, SEC1 encoded: 33 or 65 bytes with a matching first byte. Not checked to be on the curve.
    pub public_key: Vec<u8>,
    /// The name under which the caller finds the signature; unique within an execution.
    pub name: String,
}

/// An HTTP request. Nothing about it but its size was checked.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct FetchRequest {
    /// Upper-cased by the guest.
    pub method: String,
    /// As the action wrote it.
    pub url: String,
    /// Lower-case names, in the order in which the action named them.
    pub headers: Vec<(String, String)>,
    /// Empty where there is none.
    pub body: Vec<u8>,
}

/// The answer to a host call.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum HostReply {
    /// To both kinds of signing.
    Signed {
        /// The signature's r.
        r: [u8; 32],
        /// The signature's s, the low one.
        s: [u8; 32],
        /// Which of the points with this r: 0 or 1.
        recovery_id: u8,
    },
    /// To `fetch`.
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
    /// It was not done. The action sees a rejected promise with both texts, so both must be equal on all
    /// nodes and must not say anything that the action may not know.
    Error {
        /// A stable code, snake_case.
        code: String,
        /// A sentence.
        message: String,
    },
}

impl HostCall {
    /// Whether sizes and forms are what a worker may send. The pool checks this on arrival: a worker is
    /// trusted with nothing.
    #[must_use]
    pub fn is_well_formed(&self) -> bool {
        match self {
            Self::SignEcdsa(sign) | Self::SignAndCombineEcdsa(sign) => sign.is_well_formed(),
            Self::Fetch(fetch) => {
                (1..=16).contains(&fetch.method.len())
                    && fetch.method.bytes().all(|b| b.is_ascii_alphabetic())
                    && fetch.url.len() <= URL_BYTES_MAX
                    && headers_fit(&fetch.headers)
                    && fetch.body.len() <= FETCH_BODY_BYTES_MAX
            }
        }
    }

    /// Whether this asks for a signature.
    #[must_use]
    pub const fn is_signature(&self) -> bool {
        match self {
            Self::SignEcdsa(_) | Self::SignAndCombineEcdsa(_) => true,
            Self::Fetch(_) => false,
        }
    }
}

impl SignRequest {
    fn is_well_formed(&self) -> bool {
        let key = match self.public_key.as_slice() {
            [0x04, rest @ ..] => rest.len() == 64,
            [0x02 | 0x03, rest @ ..] => rest.len() == 32,
            _ => false,
        };
        key && (1..=SIG_NAME_BYTES_MAX).contains(&self.name.len())
    }
}

impl HostReply {
    /// Whether this answers a call for a signature, or one for a request, and fits a frame.
    pub(crate) fn answers(&self, signature: bool) -> bool {
        match self {
            Self::Signed { recovery_id, .. } => signature && *recovery_id <= 1,
            Self::Fetched { headers, body, url, .. } => {
                !signature
                    && headers_fit(headers)
                    && body.len() <= REPLY_BODY_BYTES_MAX
                    && url.len() <= URL_BYTES_MAX
            }
            Self::Error { code, message } => {
                code.len() <= ERROR_CODE_BYTES_MAX && message.len() <= FAILURE_BYTES_MAX
            }
        }
    }
}

fn headers_fit(headers: &[(String, String)]) -> bool {
    headers.len() <= HEADERS_MAX
        && headers.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() <= HEADERS_BYTES_MAX
}
