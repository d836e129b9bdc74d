//! The network file: the root of trust that every node and client starts from.

mod founding;
mod hosts;

pub use founding::{
    Approval, FoundingTerms, FoundingValue, NetworkApproval, PlannedContract, check_operator,
};

use borsh::BorshSerialize;
use serde::{Deserialize, Serialize};

use crate::{
    ActionLimits, Address, Digest, LoginId, NetworkId, NodeEndpoint, NodeIndex, ParseIdError, StatementKey,
    Transcript, TransportKey,
    limits::{COMMITTEE_MAX, NETWORK_FILE_BYTES_MAX},
};

/// `network.json`. Everything in it but endpoints and approvals is hashed into the network id. Without approvals it is a
/// proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkFile {
    /// Version of the format: 5, or 4 for a network of an earlier release.
    pub version: u32,
    /// A name for people.
    pub name: String,
    /// The chain.
    pub chain: ChainParameters,
    /// The registry's contracts.
    pub contracts: Contracts,
    /// The founding threshold t: any t nodes act, t−1 learn nothing.
    pub threshold: u8,
    /// The founding committee, in order.
    pub nodes: Vec<FoundingNode>,
    /// Whether a session may name keys and actions by `*` as authority. Only for development.
    pub wildcard_sessions: bool,
    /// Who may ask for executions.
    pub admission: Admission,
    /// What an execution may use; what is not named has the value that this release gives it.
    #[serde(default)]
    pub limits: ActionLimits,
    /// The only hosts that actions may reach by `fetch`, on every node: `host`, or `*.domain` for every host below it,
    /// in lower case. Without a list, all that are public and that the node's operator allows; an empty one allows none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_hosts: Option<Vec<String>>,
    /// What the founding creates, and who the operators are; files before version 5 do not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub founding: Option<FoundingTerms>,
    /// Where the nodes are reached. Not part of the id: each is signed by its node, and moves.
    pub endpoints: Vec<NodeEndpoint>,
    /// Every operator's approval, in the order of the nodes. Not part of the id, which they sign.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<Approval>,
}

/// The chain that carries the registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize)]
#[serde(deny_unknown_fields)]
pub struct ChainParameters {
    /// EIP-155 chain id.
    pub id: u64,
    /// Hash of the genesis block.
    pub genesis: Digest,
    /// Ed25519 key that signs the embedded chain's heads.
    pub head_key: StatementKey,
}

/// One contract: where it is, and what its code hashes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, BorshSerialize)]
#[serde(deny_unknown_fields)]
pub struct ContractRecord {
    /// Address.
    pub address: Address,
    /// Keccak-256 of the runtime code.
    pub code_hash: Digest,
}

/// The registry's contracts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, BorshSerialize)]
#[serde(deny_unknown_fields)]
pub struct Contracts {
    /// The tokens.
    pub pkp_nft: ContractRecord,
    /// Public keys and roots.
    pub pubkey_router: ContractRecord,
    /// Grants.
    pub pkp_permissions: ContractRecord,
    /// The committee.
    pub node_registry: ContractRecord,
    /// Named values that t nodes can change.
    pub directory: ContractRecord,
}

/// A member of the founding committee; its index is its place in the list, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, BorshSerialize)]
#[serde(deny_unknown_fields)]
pub struct FoundingNode {
    /// Key of its TLS certificate.
    pub transport_key: TransportKey,
    /// Key with which it signs statements.
    pub statement_key: StatementKey,
    /// Of the key with which it signs for the contracts.
    pub chain_address: Address,
}

/// Who may ask for executions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize)]
#[serde(rename_all = "snake_case")]
pub enum Admission {
    /// Anybody with a valid login.
    Open,
    /// Anybody, for actions that have a grant on the key the session names.
    Granted,
    /// These wallets only.
    List(Vec<Address>),
    /// These logins only, of any kind: by their ids.
    Logins(Vec<LoginId>),
}

impl NetworkFile {
    /// The version of the format that this release writes.
    pub const VERSION: u32 = 5;
    /// The version before, whose networks go on.
    pub const VERSION_BEFORE: u32 = 4;

    /// The network id: a hash of everything but endpoints and approvals.
    #[must_use]
    pub fn id(&self) -> NetworkId {
        if let Some(founding) = &self.founding {
            return NetworkId(self.founded(Transcript::new("quorate/network/v2"), founding).finish());
        }
        let mut transcript = Transcript::new("quorate/network/v1").field(&self.common());
        // A field of its own, so that networks without a list have the ids that they had before there were lists.
        if let Some(hosts) = &self.allow_hosts {
            transcript = transcript.field(&borsh::to_vec(hosts).expect("memory writes do not fail"));
        }
        NetworkId(transcript.finish())
    }

    /// What files of every version have in their ids.
    fn common(&self) -> Vec<u8> {
        borsh::to_vec(&(
            (self.version, &self.name, &self.chain, &self.contracts),
            (self.threshold, &self.nodes, self.wildcard_sessions, &self.admission),
            &self.limits,
        ))
        .expect("memory writes do not fail")
    }

    fn founded(&self, transcript: Transcript, founding: &FoundingTerms) -> Transcript {
        let rest = borsh::to_vec(&(&self.allow_hosts, founding)).expect("memory writes do not fail");
        transcript.field(&self.common()).field(&rest)
    }

    /// Reads and checks a file's text.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > NETWORK_FILE_BYTES_MAX {
            return Err(format!("longer than {NETWORK_FILE_BYTES_MAX} bytes"));
        }
        crate::check_strict(text.as_bytes()).map_err(|error| error.to_string())?;
        // Another version has other members: what is said of it is its version, and not the first of them.
        let known = Self::VERSION_BEFORE..=Self::VERSION;
        if let Some(version) = Self::version_of(text).filter(|version| !known.contains(version)) {
            let (before, now) = (Self::VERSION_BEFORE, Self::VERSION);
            return Err(format!("version {version} of the format is not supported, only {before} and {now}"));
        }
        let file: NetworkFile = serde_json::from_str(text).map_err(|error| error.to_string())?;
        file.check()?;
        Ok(file)
    }

    /// The version of the format that a text is in, whatever its other members are.
    #[must_use]
    pub fn version_of(text: &str) -> Option<u32> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        serde_json::from_str::<Versioned>(text).ok().map(|file| file.version)
    }

    fn check(&self) -> Result<(), String> {
        let n = self.nodes.len();
        if n < 2 || n > usize::from(COMMITTEE_MAX) {
            return Err(format!("{n} nodes; a committee has 2 to {COMMITTEE_MAX}"));
        }
        if self.threshold < 2 || usize::from(self.threshold) > n {
            return Err(format!("threshold {} does not fit {n} nodes", self.threshold));
        }
        if self.endpoints.len() != n {
            return Err(format!("{} endpoints for {n} nodes", self.endpoints.len()));
        }
        self.limits.check()?;
        Self::check_hosts(self.allow_hosts.as_deref().unwrap_or_default())?;
        for (place, node) in self.nodes.iter().enumerate() {
            let same = |other: &FoundingNode| {
                other.transport_key == node.transport_key
                    || other.statement_key == node.statement_key
                    || other.chain_address == node.chain_address
            };
            if self.nodes[..place].iter().any(same) {
                return Err(format!("node {} has a key of an earlier node", place + 1));
            }
        }
        match (&self.founding, self.version) {
            (Some(founding), Self::VERSION) => founding.check(self),
            (None, Self::VERSION_BEFORE) if self.approvals.is_empty() => Ok(()),
            (Some(_), _) | (None, Self::VERSION_BEFORE) => {
                Err(format!("a file of version {} has no founding and no approvals", self.version))
            }
            (None, _) => Err("the founding is missing".to_owned()),
        }
    }

    /// Checks a list for `allow_hosts`.
    ///
    /// # Errors
    /// A sentence for the operator, with the entry that is wrong.
    pub fn check_hosts(entries: &[String]) -> Result<(), String> {
        hosts::check(entries)
    }

    /// The indices of all nodes, ascending.
    pub fn indices(&self) -> impl Iterator<Item = NodeIndex> + '_ {
        (1..=u8::MAX).map_while(NodeIndex::new).take(self.nodes.len())
    }

    /// A member of the committee.
    #[must_use]
    pub fn node(&self, index: NodeIndex) -> Option<&FoundingNode> {
        self.nodes.get(usize::from(index.get()) - 1)
    }

    /// Where a member is reached.
    #[must_use]
    pub fn endpoint(&self, index: NodeIndex) -> Option<&NodeEndpoint> {
        self.endpoints.get(usize::from(index.get()) - 1)
    }

    /// The default threshold for n nodes: any two quorums meet.
    ///
    /// # Errors
    /// [`ParseIdError`] for committees that cannot be.
    pub fn default_threshold(n: u8) -> Result<u8, ParseIdError> {
        if (2..=COMMITTEE_MAX).contains(&n) {
            Ok((n / 2 + 1).max(2 * n / 3))
        } else {
            Err(ParseIdError { expected: "a committee of 2 to 32 nodes" })
        }
    }
}
