//! Agreement on the values of several nodes (`broadcastAndCollect`).

use quorate_wire::{
    Collected, Decision, ErrorCode, NodeIndex, OperationNumber, Signed, Verdict, Vote, limits,
};
use serde_json::json;

use super::Judged;
use crate::{
    Engine, RunNumber,
    execution::{Execution, Group, Operation},
    turn::Turn,
};

/// By how much a coordinator waits longer for each that may fix the set as well.
const TURN_MS: u64 = 300;
/// For so many at most: members that coordinate what they overheard could have it wait for longer than it is
/// waited for.
const TURNS_MAX: usize = 2;

const _: () = assert!(
    2 * limits::COLLECT_GRACE_MS + TURN_MS * 2 + super::LOOK_MS < super::first::PATIENCE_MS,
    "whoever asked first is waited for until it has fixed its set"
);

impl Engine {
    /// The action gives a value of this node.
    pub(crate) fn on_collect(
        &mut self,
        execution: &mut Execution,
        asking: (RunNumber, u32),
        (name, value): (String, String),
        turn: &mut Turn<'_>,
    ) -> Option<Verdict> {
        if !self.count_value(execution, asking, turn) {
            return None;
        }
        let bytes = &mut execution.counts.value_bytes;
        *bytes = bytes.saturating_add(value.len());
        let long = value.len() > limits::VALUE_BYTES_MAX || *bytes > limits::OWN_VALUES_BYTES_MAX;
        Some(if long || name.len() > limits::VALUE_NAME_BYTES_MAX {
            Verdict::Denied(ErrorCode::ValueTooLarge)
        } else {
            Verdict::Observed { name, value }
        })
    }

    /// Whether these are equal votes of at least t members on the operation, each of its own.
    pub(super) fn sound_set(
        &self,
        execution: &Execution,
        number: OperationNumber,
        votes: &[Signed<Vote>],
    ) -> Result<(), &'static str> {
        let about = votes.iter().all(|vote| {
            (vote.body.request, vote.body.operation) == (execution.id, number)
                && matches!(vote.body.verdict, Verdict::Observed { .. })
        });
        let ascending = votes.windows(2).all(|pair| pair[0].node < pair[1].node);
        if !about || !ascending || votes.len() < self.committee.threshold() {
            return Err("set_form");
        }
        let hash = votes[0].body.hash();
        if votes.iter().any(|vote| vote.body.hash() != hash || !self.sound_vote(vote)) {
            return Err("set_votes");
        }
        Ok(())
    }

    /// Members whose votes a coordinator still waits for: those that can come, as long as they have time.
    pub(super) fn awaited(
        &self,
        execution: &Execution,
        number: OperationNumber,
        since: u64,
        now: u64,
    ) -> Vec<NodeIndex> {
        let me = self.committee.me;
        // Another coordinator may fix a set as well; of two, one comes first.
        let before = execution.coordinators.keys().filter(|other| **other < me).count().min(TURNS_MAX);
        let turns = u64::try_from(before).unwrap_or(u64::MAX).saturating_mul(TURN_MS);
        if now >= since.saturating_add(limits::COLLECT_GRACE_MS).saturating_add(turns) {
            return Vec::new();
        }
        let there = |node: &NodeIndex| {
            if *node == me { execution.running() } else { self.peers.reachable(*node, now) }
        };
        self.committee.members().filter(|node| execution.may_vote(*node, number) && there(node)).collect()
    }

    /// The set of all values that have come.
    pub(super) fn collected(
        execution: &Execution,
        number: OperationNumber,
        quorum: &Group,
    ) -> Option<Decision> {
        let operation = execution.operations.get(&number)?;
        let mut nodes = quorum.nodes.clone();
        nodes.sort_unstable();
        Some(Decision::Collected(
            nodes.iter().filter_map(|node| operation.votes.get(node)).cloned().collect(),
        ))
    }

    /// Whether a set that somebody fixed is one that our own run goes on with.
    pub(super) fn judge_set(
        &self,
        execution: &Execution,
        (number, operation, own): (OperationNumber, &Operation, &Signed<Vote>),
        (from, votes): (NodeIndex, &[Signed<Vote>]),
        now: u64,
    ) -> Judged {
        if let Err(check) = self.sound_set(execution, number, votes) {
            return Judged::Wrong(check);
        }
        if votes[0].body.hash() != own.body.hash() {
            // So many saw something else that our own side is short of t: the proof is in the set. Where two
            // sides can have t, the other one's set is nobody's fault.
            let short = self.committee.size() - votes.len() < self.committee.threshold();
            return if short { Judged::Other } else { Judged::NotYet };
        }
        // What it says that we voted we did sign, if not in this start: what we vote now came too late.
        if self.waits_for_first(execution, operation, from, now) {
            Judged::NotYet
        } else {
            // Our own value may be missing. Whoever fixed it may not have had it; and it has t others.
            Judged::Right
        }
    }

    /// Whether another coordinator's set has all values that we have, and all that we wait for: else ours is
    /// the better one.
    pub(super) fn covers(votes: &[Signed<Vote>], quorum: &Group, awaited: &[NodeIndex]) -> bool {
        quorum.nodes.iter().chain(awaited).all(|node| votes.iter().any(|vote| vote.node == *node))
    }
}

impl Execution {
    /// What our runs were given of several nodes' values.
    pub(crate) fn collected(&self) -> Vec<Collected> {
        let collected = self.operations.iter().filter_map(|(number, operation)| {
            match operation.values.decision.as_ref().filter(|_| operation.run.is_some())? {
                Decision::Collected(votes) => Some(Collected {
                    operation: *number,
                    nodes: votes.iter().map(|vote| vote.node).collect(),
                    values: Collected::hash(votes.iter().filter_map(value_of)),
                }),
                Decision::Led(_) | Decision::Signed(_) => None,
            }
        });
        collected.collect()
    }
}

fn value_of(vote: &Signed<Vote>) -> Option<&str> {
    match &vote.body.verdict {
        Verdict::Observed { value, .. } => Some(value),
        Verdict::Intent(_) | Verdict::Denied(_) | Verdict::Once { .. } => None,
    }
}

pub(super) fn values_json(votes: &[Signed<Vote>]) -> String {
    let values = votes.iter().map(|vote| json!({ "node": vote.node, "value": value_of(vote) }));
    serde_json::Value::Array(values.collect()).to_string()
}
