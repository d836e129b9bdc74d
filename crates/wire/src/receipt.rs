//! Receipts: what nodes sign about what they ran, saw and signed.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::{
    ActionCid, BlockRef, Digest, ErrorCode, Intent, NetworkId, NodeIndex, RequestId, Signable, Signed, Vote,
};

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The action came to its end.
    Completed,
    /// The action ended because the network refused an operation.
    Denied,
    /// The action threw, or a limit ended it.
    Failed,
}

/// A refused operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// The operation's number, from 0.
    pub operation: u32,
    /// Why it was refused.
    pub code: ErrorCode,
}

/// One node's account of one execution.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// The network.
    pub network: NetworkId,
    /// The committee's epoch.
    pub epoch: u64,
    /// The execution.
    pub request: RequestId,
    /// The action that ran.
    pub action: ActionCid,
    /// Hash of the parameters as written.
    pub params: Digest,
    /// The block at which the action saw the registry.
    pub block: BlockRef,
    /// What was signed, in the order in which the action asked.
    pub intents: Vec<Intent>,
    /// What was refused.
    pub refusals: Vec<Refusal>,
    /// Whether authority came from a wildcard session.
    pub wildcard: bool,
    /// How the run ended.
    pub status: Status,
    /// The code of a run that failed or was denied.
    pub error: Option<ErrorCode>,
    /// Hash of the response text; absent if there was none.
    pub response: Option<Digest>,
    /// Hash of the guest that ran the action.
    pub guest: Digest,
}

impl Signable for Statement {
    const DOMAIN: &'static str = "quorate/statement/v1";
}

impl Statement {
    /// Hash of a response text.
    #[must_use]
    pub fn response_hash(response: &str) -> Digest {
        Digest(crate::Transcript::new("quorate/response/v1").field(response.as_bytes()).finish())
    }
}

/// A node whose run differed from the quorum's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(deny_unknown_fields)]
pub struct OddNode {
    /// The node.
    pub node: NodeIndex,
    /// The operation's number, from 0.
    pub operation: u32,
    /// The first field that differs.
    pub field: String,
    /// Hash of what this node saw.
    pub intent: Digest,
    /// The node's own signed vote: the evidence.
    pub vote: Signed<Vote>,
}

/// Statements of at least t distinct members, and what is known of the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// Equal statements, each signed by its node.
    pub statements: Vec<Signed<Statement>>,
    /// Nodes whose runs differed.
    #[serde(default)]
    pub odd: Vec<OddNode>,
}
