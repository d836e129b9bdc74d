//! What an engine shows of itself, and why one does not start.

use std::sync::Arc;

use quorate_threshold::Decrypt;
use quorate_wire::{
    ConfirmShare, ErrorCode, NodeEndpoint, NodeIndex, NodeView, RootCommitment, RootKeys, Signed,
};

use crate::{Engine, execution::Execution};

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
    /// Where this node says that it is reached: its newest word.
    pub endpoint: Option<NodeEndpoint>,
    /// The other members.
    pub peers: Vec<NodeView>,
}

impl Engine {
    /// A summary for operators.
    #[must_use]
    pub fn status(&self) -> EngineStatus {
        let (committee, peers) = (&self.node.committee, &self.node.peers);
        let view = |index| NodeView {
            index,
            connected: peers.greeted(index),
            set_up: self.node.pairs.agreed(committee, peers, index),
            banned: peers.banned(committee.me, index),
            guest: peers.guest_of(index),
            operator: committee.network.operator(index).map(str::to_owned),
            endpoint: self.node.endpoints.of(index).cloned(),
            silent_ms: peers.silent_ms(index, self.now_mono_ms),
            fault: self.conducts.newest_fault(index),
        };
        let peers = committee.peers().map(view).collect();
        let (waiting_code, waiting_for) = self.waiting_for().unzip();
        EngineStatus {
            ready: self.ready(),
            waiting_for,
            waiting_code,
            roots: self.node.founding.roots().copied(),
            certificate: self.node.founding.certificate(),
            decrypt_polynomial: self.decrypt_polynomial(),
            incarnation: self.node.peers.incarnation(),
            running: self.node.runs.len(),
            remembered: self.held().remembered,
            kept_for_peers: self.node.peers.kept_bytes(),
            endpoint: self.node.endpoints.of(committee.me).cloned(),
            peers,
        }
    }

    fn decrypt_polynomial(&self) -> Vec<RootCommitment> {
        let shares = self.node.founding.shares();
        let commitments = shares.map(|shares| shares.of::<Decrypt>().commitments()).unwrap_or_default();
        commitments.into_iter().map(RootCommitment).collect()
    }

    /// What each peer makes this node hold for one execution: operations, and bytes. It is counted from what is
    /// there and not from what was charged, so that tests can compare the two.
    #[must_use]
    pub fn held_for_peers(&self) -> Vec<(NodeIndex, usize, usize)> {
        let held = |execution: &Execution| {
            let peers = self.node.committee.peers().map(|peer| (peer, execution.held_for(peer)));
            peers.map(|(peer, (operations, bytes))| (peer, operations, bytes)).collect::<Vec<_>>()
        };
        self.executions.values().flat_map(held).collect()
    }

    pub(crate) fn ready(&self) -> bool {
        !self.draining && self.waiting_for().is_none()
    }

    /// What the node waits for, for programs and for people.
    pub(crate) fn waiting_for(&self) -> Option<(ErrorCode, String)> {
        let not_ready = |reason: &str| Some((ErrorCode::NotReady, reason.to_owned()));
        let registry = self.node.registry.as_deref();
        if let Some(head) = registry
            .and_then(|registry| self.node.finality.waiting_for(&self.node.committee.network, registry))
        {
            return Some((ErrorCode::RegistryRolledBack, head));
        }
        let (committee, peers) = (&self.node.committee, &self.node.peers);
        if let Some(reason) = self.node.founding.waiting_for(committee, peers, self.now_mono_ms) {
            return not_ready(&reason);
        }
        if registry.is_none() {
            return not_ready("a first head of the chain");
        }
        let set_up = self.node.committee.peers().filter(|&peer| self.node.pairs.id(peer).is_some()).count();
        if set_up + 1 < self.node.committee.threshold() {
            return not_ready("pairwise set-ups");
        }
        None
    }
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
