//! What an engine shows of itself, and why one does not start.

use std::sync::Arc;

use quorate_wire::{ConfirmShare, ErrorCode, NodeIndex, NodeView, RootCommitment, RootKeys, Signed};

/// What `GET /v1/network` and the metrics show of an engine.
#[derive(Debug, Clone)]
pub struct EngineStatus {
    /// Whether this node takes executions.
    pub ready: bool,
    /// What it waits for, unless it is ready.
    pub waiting_for: Option<String>,
    /// The code of what it waits for, unless it is ready.
    pub waiting_code: Option<ErrorCode>,
    /// The network's roots, once a final block of the chain shows them.
    pub roots: Option<RootKeys>,
    /// Every member's word that it holds a share of each of them; it may come a moment later.
    pub certificate: Option<Arc<Vec<Signed<ConfirmShare>>>>,
    /// Commitments to the decryption root's polynomial; none before there are shares.
    pub decrypt_polynomial: Vec<RootCommitment>,
    /// This start's number.
    pub incarnation: u64,
    /// Runs in progress.
    pub running: usize,
    /// Request ids remembered.
    pub remembered: usize,
    /// Bytes of votes and values that peers make it keep.
    pub kept_for_peers: usize,
    /// The other members.
    pub peers: Vec<NodeView>,
}

/// Why an engine does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A record of the store is not what this version writes.
    #[error("the record {key:?} of the store is damaged")]
    Damaged {
        /// The record.
        key: String,
    },
    /// The configuration contradicts itself.
    #[error("{0}")]
    Config(String),
    /// This node has caught as many members cheating as make a signature.
    #[error(
        "this node has caught {} cheating, and any {} members can sign: the key may be in their hands. It stays stopped. \
         Keep store and logs, find out what happened at these nodes, and move what the keys hold to a new network \
         (docs/operating.md)",
        listed(cheats), cheats.len()
    )]
    FaultAssumptionBroken {
        /// Whom this node has banned.
        cheats: Vec<NodeIndex>,
    },
}

fn listed(nodes: &[NodeIndex]) -> String {
    let nodes: Vec<String> = nodes.iter().map(|node| format!("node {node}")).collect();
    nodes.join(" and ")
}
