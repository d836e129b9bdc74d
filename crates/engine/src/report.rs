//! What a node tells of itself: to be counted, or to be logged.

use quorate_wire::{BlockRef, ErrorCode, NodeIndex, RequestId, SignedHead, Status};

/// Something to count or to log. Reports carry no text of callers or actions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// A submission was refused, by this node's own check.
    Refused(ErrorCode),
    /// A run began.
    Started(RequestId),
    /// A run ended.
    Ended {
        /// The execution.
        request: RequestId,
        /// How.
        status: Status,
        /// The code, unless it completed.
        error: Option<ErrorCode>,
        /// How long it took, from acceptance.
        duration_ms: u64,
    },
    /// An operation was refused.
    Denied(ErrorCode),
    /// A signature was made.
    Signed {
        /// The execution.
        request: RequestId,
        /// From the intent to the signature.
        duration_ms: u64,
        /// At which attempt.
        attempt: u8,
    },
    /// A share of what opens a ciphertext was given to a caller.
    Shared,
    /// A revocation was taken.
    SignedOut,
    /// An attempt ended without a signature.
    AttemptFailed {
        /// The execution.
        request: RequestId,
        /// Who lied or was silent.
        culprits: Vec<NodeIndex>,
    },
    /// A node's run differed.
    OddNode {
        /// The execution.
        request: RequestId,
        /// The node.
        node: NodeIndex,
        /// The first differing field.
        field: String,
    },
    /// A peer sent something that no honest node sends.
    PeerFault {
        /// The peer.
        peer: NodeIndex,
        /// The check that failed.
        check: &'static str,
    },
    /// A peer has broken the protocol so often that its channel is ended.
    PeerSentAway {
        /// The peer.
        peer: NodeIndex,
        /// For how long none is accepted.
        for_ms: u64,
    },
    /// A ban was made or learned.
    Banned {
        /// Who banned.
        by: NodeIndex,
        /// Whom.
        counterparty: NodeIndex,
    },
    /// A peer has started, with this node's guest or another.
    PeerGuest {
        /// The peer.
        peer: NodeIndex,
        /// Whether its actions run as ours do.
        same: bool,
    },
    /// The registry does not show a head that was final: it is below that head, or beside it.
    RegistryRolledBack {
        /// The head.
        missing: BlockRef,
        /// What the registry shows as its final one.
        shown: BlockRef,
        /// The peer that has proven the head, unless this node itself has seen it.
        told_by: Option<NodeIndex>,
    },
    /// The registry shows every final head again that this node knows.
    RegistryCaughtUp,
    /// The operator's word was taken that the chain has gone back to this head.
    RegistryWentBack {
        /// The head.
        to: BlockRef,
    },
    /// The chain's key has signed two final blocks of one number: the chain shows different histories. Both are kept.
    TwoHistories {
        /// The two statements.
        heads: Box<[SignedHead; 2]>,
        /// The peer that has shown the second, unless it is the registry.
        told_by: Option<NodeIndex>,
    },
    /// A key ceremony moved on.
    Ceremony {
        /// Which one.
        what: &'static str,
        /// What happened.
        event: String,
    },
    /// This node became ready, or ceased to be.
    Ready(bool),
}
