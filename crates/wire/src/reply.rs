//! What the HTTP interface answers.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::{
    Address, Claim, ConfirmShare, Digest, ErrorCode, KeyId, NetworkId, NodeEndpoint, NodeIndex, NodeVote,
    PublicKey, Receipt, RequestId, RootKeys, Scheme, Signed, Status, TokenId,
};

/// The answer to `POST /v1/executions`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExecutionReply {
    /// The request.
    pub request_id: RequestId,
    /// How the runs ended.
    pub status: Status,
    /// The code of a run that failed or was denied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorCode>,
    /// What the action said.
    pub response: Option<String>,
    /// Signatures by name.
    pub signatures: BTreeMap<String, SignatureView>,
    /// Keys that the action claimed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<Claim>,
    /// The coordinator's own log of the run; unproven.
    pub logs: String,
    /// What the coordinator's own run used; unproven.
    pub usage: Usage,
    /// What the nodes signed about it.
    pub receipt: Receipt,
}

/// A finished signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignatureView {
    /// The scheme.
    pub scheme: Scheme,
    /// The key.
    pub public_key: PublicKey,
    /// The digest that was signed.
    pub digest: Digest,
    /// r ‖ s, 64 bytes in hexadecimal digits with `0x`.
    pub signature: String,
    /// Recovery id, 0 or 1.
    pub recovery_id: Option<u8>,
}

/// What an execution used; the counters of [`ActionLimits`](crate::ActionLimits).
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
#[serde(deny_unknown_fields, default)]
pub struct Usage {
    /// Work of the processor in wasm fuel units, that of child actions included.
    pub fuel: u64,
    /// Time in milliseconds in which the action ran. Differs between nodes, as all times do.
    pub wall_ms: u64,
    /// Time in milliseconds in which it waited for host calls.
    pub host_ms: u64,
    /// Linear memory at the end, in bytes.
    pub memory_bytes: u64,
    /// Length of the response in bytes.
    pub response_bytes: u32,
    /// Length of the log in bytes.
    pub log_bytes: u32,
    /// Calls of `fetch`.
    pub fetches: u32,
    /// Bytes of the bodies that `fetch` was answered with.
    pub fetched_bytes: u64,
    /// Operations with a key.
    pub signatures: u32,
    /// Values agreed on.
    pub collects: u32,
    /// Reads of a chain.
    pub contract_calls: u32,
    /// Calls of `claimKey`.
    pub claims: u32,
    /// Random values agreed on.
    pub randoms: u32,
    /// Ciphertexts opened.
    pub decryptions: u32,
    /// Calls of child actions.
    pub children: u32,
    /// Most host calls open at the same time.
    pub pending: u32,
    /// Most timers set at the same time.
    pub timers: u32,
    /// Host calls of all kinds.
    pub host_calls: u32,
}

/// A head as a node sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadView {
    /// Height.
    pub number: u64,
    /// Block hash.
    pub hash: Digest,
    /// Block time, milliseconds since the epoch.
    pub time_ms: u64,
}

/// The answer to `GET /v1/network`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkView {
    /// The network.
    pub network: NetworkId,
    /// The committee's epoch.
    pub epoch: u64,
    /// Threshold.
    pub threshold: u8,
    /// The node that answers.
    pub node: NodeIndex,
    /// Its operator, where the network file names operators.
    #[serde(default)]
    pub operator: Option<String>,
    /// Where it is reached, by its newest signed word.
    #[serde(default)]
    pub endpoint: Option<NodeEndpoint>,
    /// This node's clock, milliseconds since the epoch.
    pub time_ms: u64,
    /// The chain's head as this node sees it.
    pub head: Option<HeadView>,
    /// The finalized block as this node sees it.
    pub finalized: Option<HeadView>,
    /// Milliseconds since the last head statement.
    pub head_age_ms: Option<u64>,
    /// The root public key, once confirmed by all members and on chain.
    pub root: Option<PublicKey>,
    /// Whether this node takes executions.
    pub ready: bool,
    /// What it still waits for.
    pub waiting_for: Option<String>,
    /// Hash of the guest.
    pub guest: Digest,
    /// Domains that a login can be for now.
    pub login_domains: Vec<String>,
    /// The nodes as this node sees them.
    pub nodes: Vec<NodeView>,
}

/// The answer to `GET /v1/founding`: what anybody may send to the contract that keeps the roots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundingView {
    /// The network.
    pub network: NetworkId,
    /// The root public keys; none before every node has voted for them.
    pub roots: Option<RootKeys>,
    /// The votes of all nodes, in the form that the contract takes. A node that was started later may have none.
    pub votes: Vec<NodeVote>,
    /// Whether the chain shows the roots.
    pub set: bool,
}

/// The answer to `GET /v1/keys`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeysView {
    /// The network.
    pub network: NetworkId,
    /// The epoch whose members certify the keys.
    pub epoch: u64,
    /// The root public keys, by purpose.
    pub keys: RootKeys,
    /// Every member's word that it holds its share of each of them, in the members' order.
    pub certificate: Vec<Signed<ConfirmShare>>,
    /// The public polynomial of the decryption root, whose digest the certificate names: from it follows each member's
    /// public share.
    pub decrypt_polynomial: Vec<RootCommitment>,
}

/// A commitment to one coefficient of a root's polynomial: a compressed point of G1, unchecked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RootCommitment(pub [u8; 48]);

impl Serialize for RootCommitment {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("0x{}", hex::encode(self.0)))
    }
}

impl<'de> Deserialize<'de> for RootCommitment {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let text = <std::borrow::Cow<'de, str> as Deserialize>::deserialize(deserializer)?;
        let digits = text.strip_prefix("0x").ok_or_else(|| D::Error::custom("a point begins with 0x"))?;
        let mut bytes = [0u8; 48];
        hex::decode_to_slice(digits, &mut bytes).map_err(D::Error::custom)?;
        Ok(RootCommitment(bytes))
    }
}

/// A member as another sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeView {
    /// The node.
    pub index: NodeIndex,
    /// Whether it is reached.
    pub connected: bool,
    /// Whether the pairwise set-up with it stands.
    pub set_up: bool,
    /// Whether the pair is banned.
    pub banned: bool,
    /// Hash of the guest that it says it runs, while it is reached.
    #[serde(default)]
    pub guest: Option<Digest>,
    /// Its operator, where the network file names operators.
    #[serde(default)]
    pub operator: Option<String>,
    /// Where it is reached, by its newest signed word.
    #[serde(default)]
    pub endpoint: Option<NodeEndpoint>,
    /// Milliseconds for which it has not been reached; absent while it is, and before it ever was.
    #[serde(default)]
    pub silent_ms: Option<u64>,
    /// The newest check that it failed, and how often it failed any.
    #[serde(default)]
    pub fault: Option<NodeFault>,
}

/// What a member is at fault for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeFault {
    /// The newest check that it failed.
    pub check: String,
    /// How often it failed any since this node's start.
    pub count: u64,
}

/// The answer to `GET /v1/pkps/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PkpView {
    /// The token.
    pub token_id: TokenId,
    /// The key.
    pub public_key: PublicKey,
    /// The key's Ethereum address.
    pub address: Address,
    /// The key's public name under its root.
    pub key_id: KeyId,
    /// The owner; absent once the token is burnt.
    pub owner: Option<Address>,
    /// Whether the token is burnt, and its grants frozen.
    pub burnt: bool,
    /// Every grant on the key, in the registry's order; `None` where it has more, or longer ones, than a node lists.
    #[serde(default)]
    pub grants: Option<Vec<GrantView>>,
    /// The block at which this was read.
    pub block: u64,
}

/// A grant on a key, as a node reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantView {
    /// `action`, `address`, or `login` for any other kind.
    pub kind: String,
    /// An action's CID, an address, or the number of a login's kind with its id: `7405570:0x…`.
    pub id: String,
    /// Numbers of scopes, ascending.
    pub scopes: Vec<u8>,
}
