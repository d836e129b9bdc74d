//! Receipts: what nodes sign about what they ran, saw and signed.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::{
    ActionCid, BlockRef, Digest, ErrorCode, Identity, Intent, Lane, NetworkId, NodeIndex, OpenTo,
    OperationNumber, PublicKey, Recipient, RequestId, Signable, Signed, Verdict, Vote, limits,
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
    /// The operation.
    pub operation: OperationNumber,
    /// Why it was refused.
    pub code: ErrorCode,
}

/// Values of several nodes that the action was given.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Collected {
    /// The operation.
    pub operation: OperationNumber,
    /// The nodes whose values they are, ascending.
    pub nodes: Vec<NodeIndex>,
    /// Hash of the values, in the order of the nodes.
    pub values: Digest,
}

impl Collected {
    /// Hash of values in their nodes' order.
    #[must_use]
    pub fn hash<'a>(values: impl IntoIterator<Item = &'a str>) -> Digest {
        let start = crate::Transcript::new("quorate/collected/v1");
        let transcript = values.into_iter().fold(start, |all, value| all.field(value.as_bytes()));
        Digest(transcript.finish())
    }
}

/// A value that the action took from one node. Nothing proves it: that node may have made it up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SingleNode {
    /// The operation.
    pub operation: OperationNumber,
    /// The node whose value it is.
    pub node: NodeIndex,
    /// Hash of the value, or of the error's text.
    pub value: Digest,
}

impl SingleNode {
    /// Hash of what the node's function gave.
    #[must_use]
    pub fn hash(result: &Result<String, String>) -> Digest {
        let (kind, text) = match result {
            Ok(value) => (0, value),
            Err(error) => (1, error),
        };
        let transcript = crate::Transcript::new("quorate/single-node/v1").number(kind);
        Digest(transcript.field(text.as_bytes()).finish())
    }
}

/// A ciphertext that the action had opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opened {
    /// The operation.
    pub operation: OperationNumber,
    /// The running action, for which it was opened; of a child run, the child's.
    pub action: ActionCid,
    /// What it was encrypted under.
    pub identity: Identity,
    /// Whose runs were given the plaintext.
    pub to: OpenTo,
}

/// A key that the action claimed. The node has derived it itself.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// The operation.
    pub operation: OperationNumber,
    /// The running action, which is part of the key's id.
    pub action: ActionCid,
    /// The id that the action gave.
    pub key_id: String,
    /// The key.
    pub public_key: PublicKey,
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
    /// Hash of the login for which the node ran it.
    pub login: Digest,
    /// The action that ran.
    pub action: ActionCid,
    /// Hash of the parameters as written.
    pub params: Digest,
    /// The block at which the action saw the registry.
    pub block: BlockRef,
    /// What was signed, in the order of operation numbers.
    pub intents: Vec<Intent>,
    /// What was refused, in that order as well.
    pub refusals: Vec<Refusal>,
    /// Values of several nodes that the action was given, in that order.
    pub collected: Vec<Collected>,
    /// Values that were taken from one node, in that order.
    pub single_node: Vec<SingleNode>,
    /// Operations at which all nodes drew the same random value, in that order. The values stand nowhere.
    pub draws: Vec<OperationNumber>,
    /// What was opened, in that order. Plaintexts stand nowhere.
    pub opened: Vec<Opened>,
    /// Keys that were claimed, in that order.
    pub claims: Vec<Claim>,
    /// Child runs that came to no good end and in which, or below which, something was signed; ascending.
    pub failed: Vec<Lane>,
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

    /// The intents whose signatures a reply has, these and none else, with the names under which it shows them: those
    /// for the caller, of runs that came to their end. What an action signed before it failed, it did not mean to give.
    #[must_use]
    pub fn shown(&self) -> Vec<(String, &Intent)> {
        self.signature_names()
            .into_iter()
            .zip(&self.intents)
            .filter(|(_, intent)| self.shows(intent))
            .collect()
    }

    /// Whether the reply has the signature of an intent.
    #[must_use]
    pub fn shows(&self, intent: &Intent) -> bool {
        self.status == Status::Completed
            && intent.recipient == Recipient::Caller
            && !self.failed.iter().any(|failed| intent.operation.lane().is_within(*failed))
    }

    /// Names of the intents' signatures. A name of the run that the caller
    /// asked for is shown as it is; behind one of a child run stand `#` and the run's lane, and behind one of
    /// the caller's run that has a `#` itself, `#0`. So a name says by itself which run asked for it, whatever
    /// was refused beside it: within one run names differ.
    fn signature_names(&self) -> Vec<String> {
        let names = self.intents.iter().map(|intent| {
            let lane = intent.operation.lane();
            if lane == Lane::ROOT && !intent.name.contains('#') {
                intent.name.clone()
            } else {
                format!("{}#{lane}", intent.name)
            }
        });
        names.collect()
    }

    /// In which field a vote differs from what this statement says of its operation; none if the statement
    /// does not show that it differs. One of the nodes that signed a receipt is honest: what the statement
    /// shows needs nobody's word. What it does not show (names of operations on values, operations that were
    /// never decided) makes no node odd.
    #[must_use]
    pub fn odd_field(&self, vote: &Vote) -> Option<&'static str> {
        let number = vote.operation;
        if let Some(refusal) = self.refusals.iter().find(|refusal| refusal.operation == number) {
            // The members refused, at once or at their last check: whoever allowed it differs in that.
            let stated = Vote { verdict: Verdict::Denied(refusal.code), ..vote.clone() };
            return stated.first_difference(vote);
        }
        if let Some(intent) = self.intents.iter().find(|intent| intent.operation == number) {
            let stated = Vote { verdict: Verdict::Intent(intent.clone()), ..vote.clone() };
            return stated.first_difference(vote);
        }
        if let Some(opened) = self.opened.iter().find(|opened| opened.operation == number) {
            let verdict = Verdict::Open { identity: opened.identity, to: opened.to };
            return Vote { verdict, ..vote.clone() }.first_difference(vote);
        }
        let collected = self.collected.iter().any(|collected| collected.operation == number);
        let single_node = self.single_node.iter().any(|single| single.operation == number);
        let drawn = self.draws.contains(&number);
        let other = match vote.verdict {
            Verdict::Observed { .. } => single_node || drawn,
            Verdict::Once { .. } => collected || drawn,
            Verdict::Draw { .. } => collected || single_node,
            Verdict::Intent(_) | Verdict::Denied(_) | Verdict::Open { .. } => {
                collected || single_node || drawn
            }
        };
        other.then_some("function")
    }
}

/// A node whose run differed from the quorum's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(deny_unknown_fields)]
pub struct OddNode {
    /// The node.
    pub node: NodeIndex,
    /// The operation.
    pub operation: OperationNumber,
    /// The first field that differs.
    pub field: String,
    /// Hash of what this node saw.
    pub intent: Digest,
    /// The node's own signed vote: the evidence.
    pub vote: Signed<Vote>,
    /// A vote of the quorum, with what that node was answered with; absent if no quorum agreed, where
    /// every node's vote is listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<Signed<Vote>>,
}

impl OddNode {
    /// What the two nodes were answered with differently: the address, for people.
    #[must_use]
    pub fn differing_fetch(&self) -> Option<&str> {
        let other = &self.against.as_ref()?.body.seen;
        let same = |seen: &&crate::Seen| other.iter().any(|theirs| theirs == *seen);
        self.vote.body.seen.iter().find(|seen| !same(seen)).map(|seen| seen.url.as_str())
    }
}

/// What a node found wrong, in one execution, in what others gave. It is that node's own word, which nothing else proves:
/// others may have seen nothing of it, so no statement says it.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultNotice {
    /// The network.
    pub network: NetworkId,
    /// The committee's epoch.
    pub epoch: u64,
    /// The execution.
    pub request: RequestId,
    /// Partials of threshold values that failed its check: 1 to [`FaultNotice::PARTIALS_MAX`], strictly ascending.
    pub wrong_partials: Vec<WrongPartial>,
}

/// A member's partial that does not fit its public share.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    BorshSerialize,
    BorshDeserialize,
    Serialize,
    Deserialize,
)]
#[serde(deny_unknown_fields)]
pub struct WrongPartial {
    /// The operation that the value is of.
    pub operation: OperationNumber,
    /// Whose partial it is.
    pub node: NodeIndex,
}

impl Signable for FaultNotice {
    const DOMAIN: &'static str = "quorate/fault-notice/v1";
}

impl FaultNotice {
    /// As many as there are in an execution: each other member gives one for each value.
    pub const PARTIALS_MAX: usize =
        (limits::RANDOMS_MAX + limits::DECRYPTIONS_MAX) as usize * (limits::COMMITTEE_MAX as usize - 1);

    /// Whether it has the form of one by this node: something is wrong, nothing twice, and nothing of the node itself.
    #[must_use]
    pub fn has_form(&self, by: NodeIndex) -> bool {
        let wrong = &self.wrong_partials;
        (1..=Self::PARTIALS_MAX).contains(&wrong.len())
            && wrong.windows(2).all(|pair| pair[0] < pair[1])
            && wrong.iter().all(|one| one.node != by)
    }
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
    /// What members found wrong in what others gave, each by its own word; one of a member, ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Signed<FaultNotice>>,
}
