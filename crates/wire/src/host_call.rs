//! Host calls: everything that an action can ask of the world outside its instance. The list is closed,
//! and what comes with each call is bounded.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::host_reply::{ReplyKind, headers_fit};
use crate::limits::{
    AUTH_METHOD_ID_BYTES_MAX, CALL_DATA_BYTES_MAX, CHAIN_NAME_BYTES_MAX, CID_TEXT_BYTES_MAX,
    CLAIM_KEY_ID_BYTES_MAX, FAILURE_BYTES_MAX, FETCH_BODY_BYTES_MAX, FETCH_HEADERS_BYTES_MAX,
    FETCH_HEADERS_MAX, FETCH_URL_BYTES_MAX, LEADER_VALUE_BYTES_MAX, PARAMS_FRAME_BYTES_MAX, PAUSE_MS_MAX,
    POLICY_BYTES_MAX, SCOPES_MAX, SIGN_MESSAGE_BYTES_MAX, SIGNATURE_NAME_FRAME_BYTES_MAX, VALUE_BYTES_MAX,
    VALUE_NAME_BYTES_MAX,
};
use crate::{Digest, OpenTo, PolicyForm, Recipient};

/// Everything that an action can ask of the world outside its instance.
///
/// `Sign`, `Collect`, `RunOnce`, `Claim`, `Random` and `Open` need the agreement of the nodes and take an operation number in
/// the order in which they are made. The others do not.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum HostCall {
    /// A signature. Answered with `Signed`.
    Sign(SignRequest),
    /// `fetch`. Answered with `Fetched`.
    Fetch(FetchRequest),
    /// The public key of an action's own key: 33 bytes in hexadecimal digits, a JSON string.
    ActionKey {
        /// The action's CID, as the caller of the function wrote it.
        cid: String,
    },
    /// A read of the registry at the block that the request names.
    Registry(RegistryQuery),
    /// Claims a key of this action's making. Its public key: 33 bytes in hexadecimal digits, a JSON string.
    Claim {
        /// The name; the key's id is `keccak256("<cid>_<name>")`.
        key_id: String,
    },
    /// Agrees on a random value: 32 bytes in lower-case hexadecimal digits, a JSON string. Only the first instance of
    /// the script waits in it: what else it asked for before is answered, but nothing is delivered meanwhile.
    Random,
    /// The network's public key for encryption: 48 bytes in hexadecimal digits with `0x`, a JSON string.
    DecryptRoot,
    /// What opens a ciphertext: 96 bytes in hexadecimal digits with `0x`, a JSON string; an empty one where another node is
    /// given it. A simulation answers with `{"plaintext": "<base64>"}`.
    Open(OpenRequest),
    /// Agrees on the values of all nodes: a JSON array of `{"node": number, "value": string}` in the order
    /// of the nodes.
    Collect {
        /// What the action calls it.
        name: String,
        /// This node's value.
        value: String,
    },
    /// Asks which node runs a function. `{"run": true}` on that one; on the others, once it is decided, the
    /// same as to `RunOnceResult`, or `{}` at once where `wait` is false.
    RunOnce {
        /// What the action calls it.
        name: String,
        /// Whether the value is wanted on all nodes.
        wait: bool,
    },
    /// What the function came to. `{"value": string}` or `{"error": string}`: what was decided, which is
    /// the same on every node.
    RunOnceResult {
        /// The number of the `RunOnce` call, which was answered with `{"run": true}`.
        of: u32,
        /// The function's value, or the text of what it threw.
        result: Result<String, String>,
    },
    /// Runs a child action. Its response: a JSON string, or `null` if it set none.
    Call {
        /// The child's CID, as the action wrote it.
        cid: String,
        /// JSON text of the child's parameters: an object.
        params: String,
    },
    /// A read of a chain that the operator has configured.
    Rpc {
        /// The chain's name; `quorate` is the registry's.
        chain: String,
        /// What to read.
        method: RpcMethod,
    },
    /// Lets real time pass, as the script's clock did when it went on to the next timer. Answered with any JSON value.
    Pause {
        /// Milliseconds, at most ten minutes.
        ms: u32,
    },
}

/// A request for what opens a ciphertext.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct OpenRequest {
    /// The policy, as the action wrote it: a JSON list.
    pub policy: String,
    /// In which form it is.
    pub form: PolicyForm,
    /// What else the ciphertext's identity is made of.
    pub what: OpenWhat,
    /// Whose runs are given the plaintext.
    pub to: OpenTo,
}

/// What the identity of a ciphertext is made of, beside its policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum OpenWhat {
    /// Lit's form.
    Lit {
        /// SHA-256 of the plaintext.
        data: Digest,
    },
    /// Our container.
    Container {
        /// Its random bytes.
        salt: [u8; 32],
    },
}

/// A request for an ECDSA signature over secp256k1.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SignRequest {
    /// With which key.
    pub key: SignKey,
    /// What to sign.
    pub message: SignMessage,
    /// The name under which the caller finds the signature; unique within a run.
    pub name: String,
    /// For whom the signature is. The action is given it only where it is for the action.
    pub recipient: Recipient,
}

/// The key that is to sign.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum SignKey {
    /// A PKP's key, SEC1 encoded: 33 or 65 bytes with a matching first byte. Not checked to be on the curve.
    Pkp(Vec<u8>),
    /// The running action's own key: that it runs is the right to it. Signs `Bytes` only.
    Own,
}

/// What is to be signed. Each node hashes all but a digest itself.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum SignMessage {
    /// A digest, signed as it is. For a PKP's key only.
    Digest([u8; 32]),
    /// A text that the node prefixes as EIP-191 says and hashes. For a PKP's key only.
    Personal(String),
    /// Bytes that the node hashes under the domain of action signatures. For the action's own key only.
    Bytes(Vec<u8>),
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
    /// What becomes of a redirect.
    pub redirect: Redirect,
}

/// What becomes of an answer that says to look elsewhere.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Redirect {
    /// It is followed.
    #[default]
    Follow,
    /// The request fails.
    Error,
    /// It is the answer.
    Manual,
}

/// A question to the registry. Token ids are big-endian.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum RegistryQuery {
    /// Whether an action has any grant on the token: a JSON boolean.
    IsPermittedAction {
        /// The token.
        token: [u8; 32],
        /// The action's CID, as the asking action wrote it.
        cid: String,
    },
    /// Whether an address owns the token or has any grant on it: a JSON boolean.
    IsPermittedAddress {
        /// The token.
        token: [u8; 32],
        /// The address.
        address: [u8; 20],
    },
    /// Whether an auth method has any grant on the token: a JSON boolean.
    IsPermittedAuthMethod {
        /// The token.
        token: [u8; 32],
        /// The kind of auth method, big-endian.
        method: [u8; 32],
        /// Its id on chain.
        id: Vec<u8>,
    },
    /// The actions that have a grant: a JSON array of CIDs.
    PermittedActions {
        /// The token.
        token: [u8; 32],
    },
    /// The addresses that have a grant, the owner's first: a JSON array of addresses in lower case.
    PermittedAddresses {
        /// The token.
        token: [u8; 32],
    },
    /// All that has a grant, actions and addresses included: a JSON array of `{"auth_method_type": "0x…", "id":
    /// "0x…", "user_pubkey": "0x…"}`.
    PermittedAuthMethods {
        /// The token.
        token: [u8; 32],
    },
    /// The scopes of one auth method: a JSON array of booleans, one for each scope from 0 on.
    PermittedAuthMethodScopes {
        /// The token.
        token: [u8; 32],
        /// The kind of auth method, big-endian.
        method: [u8; 32],
        /// Its id on chain.
        id: Vec<u8>,
        /// Length of the answer.
        scopes: u32,
    },
}

/// A read of a chain.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum RpcMethod {
    /// The address of the chain's server that the operator has marked as public: a JSON string.
    PublicUrl,
    /// The number of the chain's latest block: a JSON number.
    BlockNumber,
    /// `eth_call`: a JSON string, `0x` and hexadecimal digits.
    Call(ContractCall),
    /// The number of transactions that an account has sent, the waiting ones not counted: a JSON number.
    TransactionCount {
        /// The account.
        address: [u8; 20],
    },
    /// The chain's EIP-155 id: a JSON number.
    ChainId,
}

/// Under which name actions read the registry's own chain.
pub const OWN_CHAIN: &str = "quorate";

/// The members of a transaction that is not sent.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ContractCall {
    /// Whom it calls.
    pub to: [u8; 20],
    /// The call's data.
    pub data: Vec<u8>,
    /// Who it says calls.
    pub from: Option<[u8; 20]>,
    /// Wei, big-endian.
    pub value: [u8; 32],
    /// Gas, if the action sets a limit.
    pub gas: Option<u64>,
    /// Where the chain is read.
    pub block: CallBlock,
}

/// The block at which a chain is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum CallBlock {
    /// The block that the request names; on the registry's chain only.
    Named,
    /// A block by its number.
    Number(u64),
}

impl HostCall {
    /// Whether sizes and forms are what a worker may send. The pool checks this on arrival: a worker is
    /// trusted with nothing.
    #[must_use]
    pub fn is_well_formed(&self) -> bool {
        match self {
            Self::Sign(sign) => sign.is_well_formed(),
            Self::Fetch(fetch) => {
                (1..=16).contains(&fetch.method.len())
                    && fetch.method.bytes().all(|b| b.is_ascii_alphabetic())
                    && fetch.url.len() <= FETCH_URL_BYTES_MAX
                    && headers_fit(&fetch.headers, FETCH_HEADERS_MAX, FETCH_HEADERS_BYTES_MAX)
                    && fetch.body.len() <= FETCH_BODY_BYTES_MAX
            }
            Self::ActionKey { cid } => cid_fits(cid),
            Self::Registry(query) => query.is_well_formed(),
            Self::Claim { key_id } => (1..=CLAIM_KEY_ID_BYTES_MAX).contains(&key_id.len()),
            Self::Collect { name, value } => {
                name.len() <= VALUE_NAME_BYTES_MAX && value.len() <= VALUE_BYTES_MAX
            }
            Self::RunOnce { name, wait: _ } => name.len() <= VALUE_NAME_BYTES_MAX,
            Self::RunOnceResult { of: _, result: Ok(value) } => value.len() <= LEADER_VALUE_BYTES_MAX,
            Self::RunOnceResult { of: _, result: Err(thrown) } => thrown.len() <= FAILURE_BYTES_MAX,
            Self::Call { cid, params } => {
                cid_fits(cid) && params.starts_with('{') && params.len() <= PARAMS_FRAME_BYTES_MAX
            }
            Self::Rpc { chain, method } => {
                (1..=CHAIN_NAME_BYTES_MAX).contains(&chain.len()) && method.is_well_formed()
            }
            Self::Random | Self::DecryptRoot => true,
            Self::Open(open) => open.policy.len() <= POLICY_BYTES_MAX,
            Self::Pause { ms } => *ms <= PAUSE_MS_MAX,
        }
    }

    /// What it takes on its way to the node, in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        // Counting writes nothing that could fail.
        borsh::object_length(self).unwrap_or(usize::MAX)
    }

    /// The kind of answer that it waits for.
    #[must_use]
    pub const fn reply_kind(&self) -> ReplyKind {
        match self {
            Self::Sign(_) => ReplyKind::Signed,
            Self::Fetch(_) => ReplyKind::Fetched,
            Self::ActionKey { .. }
            | Self::Registry(_)
            | Self::Claim { .. }
            | Self::Random
            | Self::DecryptRoot
            | Self::Open(_)
            | Self::Collect { .. }
            | Self::RunOnce { .. }
            | Self::RunOnceResult { .. }
            | Self::Call { .. }
            | Self::Rpc { .. }
            | Self::Pause { .. } => ReplyKind::Value,
        }
    }
}

impl SignRequest {
    fn is_well_formed(&self) -> bool {
        let fits = match (&self.key, &self.message) {
            (SignKey::Pkp(key), SignMessage::Digest(_)) => is_sec1(key),
            (SignKey::Pkp(key), SignMessage::Personal(text)) => {
                is_sec1(key) && text.len() <= SIGN_MESSAGE_BYTES_MAX
            }
            (SignKey::Own, SignMessage::Bytes(bytes)) => bytes.len() <= SIGN_MESSAGE_BYTES_MAX,
            (SignKey::Pkp(_), SignMessage::Bytes(_))
            | (SignKey::Own, SignMessage::Digest(_) | SignMessage::Personal(_)) => false,
        };
        fits && (1..=SIGNATURE_NAME_FRAME_BYTES_MAX).contains(&self.name.len())
    }
}

impl RegistryQuery {
    fn is_well_formed(&self) -> bool {
        match self {
            Self::IsPermittedAction { token: _, cid } => cid_fits(cid),
            Self::IsPermittedAuthMethod { token: _, method: _, id } => id.len() <= AUTH_METHOD_ID_BYTES_MAX,
            Self::PermittedAuthMethodScopes { token: _, method: _, id, scopes } => {
                id.len() <= AUTH_METHOD_ID_BYTES_MAX && *scopes <= SCOPES_MAX
            }
            Self::IsPermittedAddress { .. }
            | Self::PermittedActions { .. }
            | Self::PermittedAddresses { .. }
            | Self::PermittedAuthMethods { .. } => true,
        }
    }
}

impl RpcMethod {
    const fn is_well_formed(&self) -> bool {
        match self {
            Self::Call(call) => call.data.len() <= CALL_DATA_BYTES_MAX,
            Self::PublicUrl | Self::BlockNumber | Self::TransactionCount { .. } | Self::ChainId => true,
        }
    }
}

fn is_sec1(key: &[u8]) -> bool {
    match key {
        [0x04, rest @ ..] => rest.len() == 64,
        [0x02 | 0x03, rest @ ..] => rest.len() == 32,
        _ => false,
    }
}

/// Whether a text may be a CID; whether it is one is the node's to say.
fn cid_fits(cid: &str) -> bool {
    (1..=CID_TEXT_BYTES_MAX).contains(&cid.len()) && cid.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
