//! The state of one execution at one node.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use quorate_auth::Session;
use quorate_threshold::{EcdsaSign, Outgoing};
use quorate_wire::{
    Digest, EcdsaBytes, ErrorCode, ExecutionReply, ExecutionRequest, Intent, NodeIndex, Offer,
    OutcomeMessage, Problem, Refusal, RequestId, Signed, Submission, Usage, Vote,
};

use crate::{ActionFailure, ReplyTo, RunNumber};

/// Callers that may wait for one execution at one node.
pub(crate) const CALLERS_MAX: usize = 8;

pub(crate) struct Execution {
    pub(crate) id: RequestId,
    pub(crate) run: RunNumber,
    pub(crate) request: ExecutionRequest,
    pub(crate) session: Session,
    /// Passed on to members that connect later; dropped when this node's own run ends.
    pub(crate) submission: Option<Arc<Submission>>,
    pub(crate) accepted_mono_ms: u64,
    pub(crate) deadline_mono_ms: u64,
    pub(crate) forget_unix_ms: u64,

    /// Members that asked us on behalf of a caller; they get our votes and our outcome.
    pub(crate) coordinators: BTreeSet<NodeIndex>,
    /// Whether a caller asked this very node.
    pub(crate) coordinating: bool,
    pub(crate) callers: Vec<ReplyTo>,
    /// When it is next looked at whether enough members are left.
    pub(crate) next_quorum_check_mono_ms: u64,
    pub(crate) reply: Option<Result<Box<ExecutionReply>, Box<Problem>>>,
    /// Members that will not run it.
    pub(crate) refused: BTreeMap<NodeIndex, (ErrorCode, String)>,
    /// How members' runs ended, ours included.
    pub(crate) outcomes: BTreeMap<NodeIndex, OutcomeMessage>,

    pub(crate) next_operation: u32,
    pub(crate) operations: BTreeMap<u32, Operation>,
    pub(crate) names: BTreeSet<String>,
    pub(crate) refusals: Vec<Refusal>,
    pub(crate) ended: Option<Ended>,
}

/// What this node's own run left behind.
pub(crate) struct Ended {
    pub(crate) logs: String,
    pub(crate) usage: Usage,
}

/// One use of a key, by number in the run. It can exist before our own run comes to it.
#[derive(Default)]
pub(crate) struct Operation {
    /// The host call that waits for it.
    pub(crate) call: Option<u32>,
    /// What the host call will be answered, once all earlier ones are.
    pub(crate) result: Option<Result<EcdsaBytes, ErrorCode>>,
    pub(crate) own: Option<Signed<Vote>>,
    pub(crate) tweak: [u8; 32],
    pub(crate) began_mono_ms: u64,
    pub(crate) signature: Option<EcdsaBytes>,
    /// Signatures that came before our own run did; checked when it does.
    pub(crate) unchecked: BTreeMap<NodeIndex, EcdsaBytes>,

    // As a signer.
    /// Bytes that we offered and that no session has used.
    pub(crate) offered: Option<[u8; 32]>,
    /// What we joined, for each coordinator.
    pub(crate) joined: BTreeMap<NodeIndex, Joined>,
    pub(crate) live: Option<Attempt>,

    // As a coordinator.
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
}

impl Operation {
    /// Whether our own run waits for this operation to be decided.
    pub(crate) fn waits(&self) -> bool {
        self.call.is_some() && self.result.is_none()
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
        for signer in self.proposed.take().into_iter().flat_map(|proposed| proposed.signers) {
            let count = self.spoilt.entry(signer).or_default();
            *count = count.saturating_add(1);
        }
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
    pub(crate) intent: bool,
    pub(crate) nodes: Vec<NodeIndex>,
}

impl Execution {
    /// Votes on an operation, grouped by what they say; within a group in order of arrival.
    pub(crate) fn groups(&self, operation: u32) -> Vec<Group> {
        let Some(operation) = self.operations.get(&operation) else { return Vec::new() };
        let mut groups: Vec<Group> = Vec::new();
        for node in &operation.arrival {
            let Some(vote) = operation.votes.get(node) else { continue };
            let hash = vote.body.hash();
            match groups.iter_mut().find(|group| group.hash == hash) {
                Some(group) => group.nodes.push(*node),
                None => {
                    groups.push(Group { hash, intent: vote.body.intent().is_some(), nodes: vec![*node] });
                }
            }
        }
        groups
    }

    /// Whether this member can still vote on an operation.
    pub(crate) fn may_vote(&self, node: NodeIndex, operation: u32) -> bool {
        let voted = self.operations.get(&operation).is_some_and(|op| op.votes.contains_key(&node));
        !voted && !self.outcomes.contains_key(&node) && !self.refused.contains_key(&node)
    }

    /// Signatures of this node's own run, in the order in which the action asked.
    pub(crate) fn signed(&self) -> impl Iterator<Item = (&Intent, EcdsaBytes)> {
        self.operations.values().filter_map(|operation| Some((operation.intent()?, operation.signature?)))
    }

    /// Answers that are due: in the order in which the run asked, whatever order the signatures came in.
    ///
    /// A run that waits for several signatures at once so goes on alike on all nodes.
    pub(crate) fn due_answers(&mut self) -> Vec<(u32, Result<EcdsaBytes, ErrorCode>)> {
        let mut due = Vec::new();
        for operation in self.operations.values_mut() {
            match (operation.call, operation.result) {
                (None, _) => {}
                (Some(call), Some(result)) => {
                    operation.call = None;
                    due.push((call, result));
                }
                (Some(_), None) => break,
            }
        }
        due
    }

    pub(crate) fn running(&self) -> bool {
        self.ended.is_none()
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
