//! The state of one execution at one node.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

use quorate_auth::Session;
use quorate_threshold::{EcdsaSign, Outgoing};
use quorate_wire::{
    ActionLimits, Claim, Digest, EcdsaBytes, ErrorCode, ExecutionReply, ExecutionRequest, Intent, Lane,
    NodeIndex, Offer, OperationNumber, OutcomeMessage, Problem, Refusal, RequestId, Signed, Verdict, Vote,
    limits,
};

use crate::{ActionFailure, AskedBy, Payers, ReplyTo, RunNumber, authority::Right, run::Run, values::Values};

/// Callers that may wait for one execution at one node.
pub(crate) const CALLERS_MAX: usize = 64;
/// Of these, callers at one address: a caller, and its second try. A request is seen by all nodes, and those that are
/// corrupt could call for it as often as they like.
pub(crate) const CALLERS_PER_SOURCE_MAX: usize = 2;

const _: () = assert!(
    CALLERS_MAX / CALLERS_PER_SOURCE_MAX >= limits::COMMITTEE_MAX as usize,
    "all others of a committee leave room for the caller"
);

pub(crate) struct Execution {
    pub(crate) id: RequestId,
    /// The committee.
    pub(crate) members: Arc<[NodeIndex]>,
    /// The run that the caller asked for.
    pub(crate) root: RunNumber,
    /// Runs that go on: the root and its children.
    pub(crate) runs: BTreeMap<RunNumber, Run>,
    pub(crate) request: ExecutionRequest,
    pub(crate) session: Session,
    /// Who had us begin it: a peer only as long as no caller has asked this node for it.
    pub(crate) asked_by: AskedBy,
    /// The frame with what the caller sent, passed on to members that connect later; dropped when this node's own
    /// run ends.
    pub(crate) submission: Option<Arc<[u8]>>,
    pub(crate) accepted_mono_ms: u64,
    pub(crate) deadline_mono_ms: u64,
    pub(crate) forget_unix_ms: u64,

    /// Members that asked us on behalf of a caller; they get our votes and our outcome.
    pub(crate) coordinators: BTreeMap<NodeIndex, Asking>,
    /// Whether a caller asked this very node.
    pub(crate) coordinating: bool,
    /// How many members had asked before that caller.
    pub(crate) own_place: usize,
    /// Who waits, and where.
    pub(crate) callers: Vec<(ReplyTo, IpAddr)>,
    /// When it is next looked at whether enough members are left.
    pub(crate) next_quorum_check_mono_ms: u64,
    pub(crate) reply: Option<Result<Box<ExecutionReply>, Box<Problem>>>,
    /// Members that will not run it.
    pub(crate) refused: BTreeMap<NodeIndex, (ErrorCode, String)>,
    /// How members' runs ended, ours included.
    pub(crate) outcomes: BTreeMap<NodeIndex, OutcomeMessage>,
    /// What each peer has made us keep.
    pub(crate) kept: BTreeMap<NodeIndex, Kept>,

    pub(crate) limits: ActionLimits,
    pub(crate) counts: Counts,
    pub(crate) operations: BTreeMap<OperationNumber, Operation>,
    pub(crate) refusals: Vec<Refusal>,
    pub(crate) claims: Vec<Claim>,
    /// Logs of child runs that have ended.
    pub(crate) logs_of_children: String,
    /// Who runs functions for which nobody waits, and since when.
    pub(crate) runners: Vec<(NodeIndex, u64)>,
    /// Child runs that came to no good end.
    pub(crate) failed: BTreeSet<Lane>,
    /// Whether our own run has ended.
    pub(crate) ended: bool,
}

/// A member that asked us on behalf of a caller.
#[derive(Clone, Copy)]
pub(crate) struct Asking {
    /// How many had asked before it. Clocks do not tell who was first: two can ask in one millisecond.
    pub(crate) place: usize,
    /// In which start of its own; in a later one it knows nothing of it.
    pub(crate) start: Option<[u8; 16]>,
    /// Whether attempts of its came to nothing.
    pub(crate) stalls: bool,
    /// Whether an operation was decided by another one because nothing was heard of it.
    pub(crate) silent: bool,
}

/// What the runs of an execution have used, all together.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) signatures: u32,
    pub(crate) collects: u32,
    pub(crate) value_bytes: usize,
    pub(crate) claims: u32,
    pub(crate) children: u32,
}

/// What one peer has made us keep for one execution.
#[derive(Default)]
pub(crate) struct Kept {
    operations: BTreeSet<OperationNumber>,
    /// Of these, those that are there because of it: our own run has not come to them.
    ahead: BTreeSet<OperationNumber>,
    bytes: usize,
    /// In which start of its own it said the first of it.
    start: Option<[u8; 16]>,
}

/// One operation on which nodes agree, by its number. It can exist before our own run comes to it.
#[derive(Default)]
pub(crate) struct Operation {
    /// The run of ours that asked for it.
    pub(crate) run: Option<RunNumber>,
    /// Whether that run has its result, or has given it up.
    pub(crate) settled: bool,
    pub(crate) own: Option<Signed<Vote>>,
    pub(crate) tweak: [u8; 32],
    /// By what right our own run may have it signed.
    pub(crate) right: Option<Right>,
    pub(crate) began_mono_ms: u64,
    /// The one that all go on with.
    pub(crate) signature: Option<EcdsaBytes>,
    /// What it comes to, and who fixes that.
    pub(crate) values: Values,

    // As a signer.
    /// Bytes that we offered and that no session has used.
    pub(crate) offered: Option<[u8; 32]>,
    /// What we joined, for each coordinator.
    pub(crate) joined: BTreeMap<NodeIndex, Joined>,
    pub(crate) live: Option<Attempt>,
    /// What an attempt gave here. Another one may have given another signature elsewhere.
    pub(crate) made: Option<EcdsaBytes>,

    // As a coordinator.
    /// What attempts gave members, by their word; none once it proved to be nothing.
    pub(crate) made_by: BTreeMap<NodeIndex, Option<EcdsaBytes>>,
    pub(crate) votes: BTreeMap<NodeIndex, Signed<Vote>>,
    /// Voters in order of arrival: the first t equal ones sign.
    pub(crate) arrival: Vec<NodeIndex>,
    pub(crate) offers: BTreeMap<NodeIndex, Offer>,
    pub(crate) proposed: Option<Proposed>,
    /// Attempts that we propose grow, whether or not they were joined.
    pub(crate) last_proposed: u8,
    /// Attempts of ours that were joined and came to nothing.
    pub(crate) tried: u8,
    pub(crate) not_before_mono_ms: u64,
    pub(crate) told_odd: BTreeSet<NodeIndex>,
    /// In how many proposals of ours, ended without a signature, each signer was. Whoever spoils
    /// attempts goes to the end of the line, whomever it blames.
    pub(crate) spoilt: BTreeMap<NodeIndex, u8>,
    /// The signer sets of these proposals.
    pub(crate) failed_sets: BTreeSet<BTreeSet<NodeIndex>>,
}

impl Operation {
    /// Whether our own run waits for this operation to be decided.
    pub(crate) fn waits(&self) -> bool {
        self.run.is_some() && !self.settled
    }

    /// Whether there is a signature that all go on with, though our own run may not have come to it.
    pub(crate) fn decided(&self) -> bool {
        self.signature.is_some() || self.values.is_fixed()
    }

    /// How many attempts we joined, whoever proposed them.
    pub(crate) fn attempts(&self) -> u8 {
        self.joined.values().fold(0, |sum, joined| sum.saturating_add(joined.count))
    }

    /// What our own run wants to sign.
    pub(crate) fn intent(&self) -> Option<&Intent> {
        self.own.as_ref().and_then(|vote| vote.body.intent())
    }

    /// Gives up our proposal, and remembers who was in it.
    pub(crate) fn give_up_proposal(&mut self) {
        let Some(proposed) = self.proposed.take() else { return };
        for signer in &proposed.signers {
            let count = self.spoilt.entry(*signer).or_default();
            *count = count.saturating_add(1);
        }
        self.failed_sets.insert(proposed.signers.into_iter().collect());
    }
}

/// The attempts of one coordinator that this node has joined.
#[derive(Clone, Copy, Default)]
pub(crate) struct Joined {
    /// The highest number.
    pub(crate) last: u8,
    pub(crate) count: u8,
}

/// A proposal of ours that may still succeed.
pub(crate) struct Proposed {
    pub(crate) attempt: u8,
    pub(crate) signers: Vec<NodeIndex>,
    pub(crate) until_mono_ms: u64,
}

/// A signing attempt that this node takes part in. Its secret state lives in the driver only.
pub(crate) struct Attempt {
    pub(crate) number: u8,
    /// Who proposed it, and alone hears how it ends: its numbers mean nothing to another coordinator.
    pub(crate) coordinator: NodeIndex,
    /// Our own set-ups as they were used. A ban names one even if the pair has been set up again since.
    pub(crate) set_ups: BTreeMap<NodeIndex, [u8; 32]>,
    pub(crate) session: [u8; 32],
    pub(crate) signers: Vec<NodeIndex>,
    pub(crate) driver: EcdsaSign,
    pub(crate) stalls_mono_ms: u64,
    pub(crate) until_mono_ms: u64,
    pub(crate) stall_told: bool,
}

/// A group of equal votes.
pub(crate) struct Group {
    pub(crate) hash: Digest,
    pub(crate) kind: GroupKind,
    pub(crate) nodes: Vec<NodeIndex>,
}

/// What the votes of a group ask for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum GroupKind {
    Intent,
    Denied,
    Observed,
    Once,
}

impl Execution {
    /// All who coordinate it, this node too if a caller asked it.
    pub(crate) fn coordinated_by(&self, me: NodeIndex) -> Vec<NodeIndex> {
        self.coordinators.keys().copied().chain(self.coordinating.then_some(me)).collect()
    }

    /// Votes on an operation, grouped by what they say; within a group in order of arrival.
    pub(crate) fn groups(&self, operation: OperationNumber) -> Vec<Group> {
        let Some(operation) = self.operations.get(&operation) else { return Vec::new() };
        let mut groups: Vec<Group> = Vec::new();
        for node in &operation.arrival {
            let Some(vote) = operation.votes.get(node) else { continue };
            let hash = vote.body.hash();
            let kind = match &vote.body.verdict {
                Verdict::Intent(_) => GroupKind::Intent,
                Verdict::Denied(_) => GroupKind::Denied,
                Verdict::Observed { .. } => GroupKind::Observed,
                Verdict::Once { .. } => GroupKind::Once,
            };
            match groups.iter_mut().find(|group| group.hash == hash) {
                Some(group) => group.nodes.push(*node),
                None => groups.push(Group { hash, kind, nodes: vec![*node] }),
            }
        }
        groups
    }

    /// Whether this member can still vote on an operation.
    pub(crate) fn may_vote(&self, node: NodeIndex, operation: OperationNumber) -> bool {
        let voted = self.operations.get(&operation).is_some_and(|op| op.votes.contains_key(&node));
        !voted && !self.outcomes.contains_key(&node) && !self.refused.contains_key(&node)
    }

    /// Signatures of this node's own runs, in the order of operation numbers.
    pub(crate) fn signed(&self) -> impl Iterator<Item = (&Intent, EcdsaBytes)> {
        self.operations.values().filter_map(|operation| Some((operation.intent()?, operation.signature?)))
    }

    /// The outermost child runs that failed and in which, or below which, something was signed.
    pub(crate) fn failed_after_signing(&self) -> Vec<Lane> {
        let outermost =
            |lane: &&Lane| !self.failed.iter().any(|other| other != *lane && lane.is_within(*other));
        let signed_in =
            |lane: &&Lane| self.signed().any(|(intent, _)| intent.operation.lane().is_within(**lane));
        self.failed.iter().filter(outermost).filter(signed_in).copied().collect()
    }

    /// Whose shares it counts in.
    pub(crate) fn payers(&self) -> Payers {
        Payers { login: self.session.wallet, asked_by: self.asked_by }
    }

    pub(crate) fn running(&self) -> bool {
        !self.ended
    }

    /// Makes room for what a peer says of an operation; false if it has had its share of this execution.
    pub(crate) fn keep(
        &mut self,
        (from, start): (NodeIndex, Option<[u8; 16]>),
        operation: OperationNumber,
        (bytes, ahead): (usize, bool),
    ) -> bool {
        let kept = self.kept.entry(from).or_insert_with(|| Kept { start, ..Kept::default() });
        let known = kept.operations.contains(&operation);
        let fits = (known || kept.operations.len() < limits::EXECUTION_OPERATIONS_MAX)
            && kept.bytes.saturating_add(bytes) <= limits::EXECUTION_VALUES_BYTES_MAX;
        if fits {
            kept.operations.insert(operation);
            if ahead {
                kept.ahead.insert(operation);
            }
            kept.bytes += bytes;
        }
        fits
    }

    /// Our own run has come to an operation: names the peers that do not pay for it any more.
    pub(crate) fn reached(&mut self, operation: OperationNumber) -> Vec<NodeIndex> {
        let mut payers = Vec::new();
        for (peer, kept) in &mut self.kept {
            if kept.ahead.remove(&operation) {
                kept.bytes = kept.bytes.saturating_sub(limits::OPERATION_BYTES);
                payers.push(*peer);
            }
        }
        payers
    }

    /// Whether a peer speaks of it in another start than at first. What it said before it does not know any more,
    /// and what it sees again may have changed.
    pub(crate) fn begun_anew(&self, from: NodeIndex, start: Option<[u8; 16]>) -> bool {
        self.kept.get(&from).is_some_and(|kept| kept.start != start)
    }

    /// Bytes that each peer has made us keep.
    pub(crate) fn kept_by_peers(&self) -> impl Iterator<Item = (NodeIndex, usize)> {
        self.kept.iter().map(|(peer, kept)| (*peer, kept.bytes))
    }

    /// Operations that are there because of a peer, and bytes of what it said of them.
    pub(crate) fn held_for(&self, peer: NodeIndex) -> (usize, usize) {
        let sizes = self.operations.values().filter_map(|operation| {
            let vote =
                operation.votes.get(&peer).map(|vote| borsh::object_length(vote).unwrap_or(usize::MAX));
            let offer = operation.offers.get(&peer).map(|_| 0);
            let signature = operation.made_by.get(&peer).map(|_| 0);
            [vote, offer, signature, operation.values.held_for(peer)]
                .into_iter()
                .flatten()
                .reduce(usize::saturating_add)
        });
        sizes.fold((0, 0), |(operations, bytes), size| (operations + 1, size.saturating_add(bytes)))
    }

    /// Bytes that peers have made us keep.
    pub(crate) fn kept_bytes(&self) -> usize {
        self.kept.values().map(|kept| kept.bytes).sum()
    }
}

/// Messages that an attempt lets go, and those that wait for authority to be decided again.
pub(crate) fn split_last(messages: Vec<Outgoing>) -> (Vec<Outgoing>, Vec<Outgoing>) {
    messages.into_iter().partition(|message| !message.last)
}

/// What a failed host call says.
pub(crate) fn failure(code: ErrorCode) -> ActionFailure {
    ActionFailure { code, message: code.title().to_owned() }
}
