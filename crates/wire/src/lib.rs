//! Every type that crosses a process of Quorate: its encoding, version, limits and error codes.
//!
//! This crate knows how things are written down, hashed and signed. It does not know what a node
//! decides about them, and it opens no socket, reads no clock and draws no randomness.
//!
//! Entry types: [`ExecutionRequest`] (what a caller signs), [`PeerMessage`] (what nodes say to each
//! other), [`Receipt`] (what nodes sign about an execution), [`NetworkFile`] (the root of trust) and
//! [`ErrorCode`] (the closed list of what can go wrong).
//!
//! ```
//! use quorate_wire::ActionCid;
//! let cid = ActionCid::of_code(b"Lit.Actions.setResponse({response: 'hello'})");
//! assert_eq!(cid.to_string().parse::<ActionCid>().unwrap(), cid);
//! ```

// A new variant of one of our enums has to be looked at wherever there is a choice by it.
#![cfg_attr(not(test), deny(clippy::wildcard_enum_match_arm))]

mod action_signature;
mod block_word;
mod capability;
mod card;
mod cid;
mod code;
mod codec;
mod committee;
mod decryption;
mod ecdsa;
mod endpoint;
mod error;
mod head;
mod host_call;
mod host_reply;
mod identity;
mod ids;
mod intent;
mod issuers;
mod json;
mod key_id;
pub mod limits;
mod login;
mod login_domains;
mod network;
mod operation;
mod peer;
mod probe;
mod receipt;
mod reply;
mod request;
mod revocation;
mod roots;
mod secret_url;
mod signed;
mod source;
mod transcript;
mod votes;

pub use action_signature::action_signature_digest;
pub use block_word::BlockWord;
pub use capability::{Capability, CapabilityAction, CapabilityKey, CapabilityPolicy, capabilities_hash};
pub use card::{Card, CardKeys};
pub use cid::ActionCid;
pub use code::{CodeRequest, CodeStored, CodeSubmission, code_request_id};
pub use codec::{DecodeError, ENCODING_VERSION, decode, encode};
pub use committee::Committee;
pub use decryption::{
    DecryptionReply, DecryptionRequest, DecryptionSubmission, PolicyForm, ShareStatement,
    decryption_request_id,
};
pub use ecdsa::{EcdsaBytes, ecdsa_valid};
pub use endpoint::{EndpointWord, NodeEndpoint, PrivateEndpoint};
pub use error::{ErrorClass, ErrorCode, Problem};
pub use head::SignedHead;
pub use host_call::{
    CallBlock, ContractCall, FetchRequest, HostCall, OWN_CHAIN, OpenRequest, OpenWhat, Redirect,
    RegistryQuery, RpcMethod, SignKey, SignMessage, SignRequest,
};
pub use host_reply::{EcdsaAnswer, HostReply, ReplyKind};
pub use identity::Identity;
pub use ids::{
    Address, Digest, KeyId, NetworkId, NodeIndex, ParseIdError, PublicKey, RequestId, SessionKey,
    StatementKey, TokenId, TransportKey, keccak256,
};
pub use intent::{
    Evidence, GUESTS_DIFFER, Intent, IntentHash, MessageKind, OpenTo, Recipient, Scheme, Seen, ValuePoint,
    Verdict, Vote,
};
pub use issuers::{IssuerRule, Issuers, TokenAlgorithm};
pub use json::{JsonError, check_strict};
pub use key_id::{action_key_id, claim_key_id};
pub use limits::{ActionLimits, LimitsRequest};
pub use login::{
    Login, LoginId, LoginTerms, OidcLogin, PasskeyLogin, Proof, SessionTerms, WalletLogin, login_challenge,
    login_nonce,
};
pub use login_domains::LoginDomains;
pub use network::{
    Admission, Approval, ChainParameters, ContractRecord, Contracts, FoundingNode, FoundingTerms,
    FoundingValue, NetworkApproval, NetworkFile, PlannedContract, check_operator,
};
pub use operation::{Lane, OperationNumber};
pub use peer::{
    BanNotice, CeremonyMessage, ConfirmShare, ConfirmedRoot, Decision, Hello, LeaderValue, Offer,
    OutcomeMessage, PairSetUp, PeerMessage, Proposal, RefuseShare, RoundMessage, StartNotice,
};
pub use probe::ProbeWord;
pub use receipt::{
    Claim, Collected, FaultNotice, OddNode, Opened, Receipt, Refusal, SingleNode, Statement, Status,
    WrongPartial,
};
pub use reply::{
    ExecutionReply, FoundingView, GrantView, HeadView, KeysView, NetworkView, NodeFault, NodeView, PkpView,
    RootCommitment, SignatureView, Usage,
};
pub use request::{BlockRef, ExecutionRequest, Submission, request_id};
pub use revocation::{
    Ends, HeldRevocation, RevocationReply, RevocationRequest, RevocationSubmission, revocation_request_id,
};
pub use roots::{Purpose, RootKeys};
pub use secret_url::SecretUrl;
pub use signed::{BadSignature, Signable, Signed};
pub use source::{Network, Payer};
pub use transcript::Transcript;
pub use votes::{
    DirectoryChange, MinterAdmission, NodeVote, VoteDomain, directory_digest, gather, minter_digest,
    root_keys_digest,
};
