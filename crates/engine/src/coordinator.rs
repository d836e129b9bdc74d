//! The coordinator: it exists as long as a caller of this node waits, or votes matter here. It counts votes, proposes
//! who signs, fixes what operations come to, and answers callers. Nobody has to believe any of it.
//!
//! It never calls the member of the same node: it hears of it, and says to it, what it says to all of them.

mod answer;
mod fix;
mod propose;
mod tally;

use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use quorate_wire::{
    ErrorCode, ExecutionReply, LeaderValue, NodeIndex, Offer, OperationNumber, OutcomeMessage, Problem,
    Signed, Vote, limits,
};

use crate::{
    Effect, ReplyTo,
    node::Scene,
    votes::{outcome_bytes, vote_bytes},
};
use tally::Tally;

/// Callers that may wait for one execution at one node.
const CALLERS_MAX: usize = 64;
/// Of these, callers at one address: a caller, and its second try. A request is seen by all nodes, and those that are
/// corrupt could call for it as often as they like.
const CALLERS_PER_SOURCE_MAX: usize = 2;

const _: () = assert!(
    CALLERS_MAX / CALLERS_PER_SOURCE_MAX >= limits::COMMITTEE_MAX as usize,
    "all others of a committee leave room for the caller"
);

/// How often an execution that others are needed for looks whether they are still there.
const QUORUM_CHECK_MS: u64 = 250;

/// What callers are answered with.
pub(crate) type Reply = Result<Box<ExecutionReply>, Box<Problem>>;

/// This node as a coordinator of one execution.
#[derive(Default)]
pub(crate) struct Coordinator {
    /// Who waits, and where.
    pub(crate) callers: Vec<(ReplyTo, IpAddr)>,
    /// The frame with what the caller sent, passed on to members that connect later; dropped when this node's own
    /// run has ended and nobody waits.
    pub(crate) submission: Option<Arc<[u8]>>,
    /// When it is next looked at whether enough members are left.
    next_quorum_check_mono_ms: u64,
    pub(crate) reply: Option<Reply>,
    /// Members that will not run it.
    refused: BTreeMap<NodeIndex, (ErrorCode, String)>,
    /// How members' runs ended, ours included.
    outcomes: BTreeMap<NodeIndex, OutcomeMessage>,
    /// When t of them were first equal.
    agreed_mono_ms: Option<u64>,
    tallies: BTreeMap<OperationNumber, Tally>,
}

/// Names a proposal of this node.
#[derive(Clone, Copy)]
struct ProposalId {
    operation: OperationNumber,
    attempt: u8,
}

impl Coordinator {
    /// One more caller waits.
    pub(crate) fn attach(
        &mut self,
        (reply_to, source): (ReplyTo, IpAddr),
        frame: Arc<[u8]>,
        scene: &mut Scene<'_, '_>,
    ) {
        if let Some(result) = self.reply.clone() {
            scene.turn.effects.push(Effect::Reply { to: reply_to, result });
            return;
        }
        let of_source = self.callers.iter().filter(|(_, other)| *other == source).count();
        if self.callers.len() >= CALLERS_MAX || of_source >= CALLERS_PER_SOURCE_MAX {
            let problem = Problem::of(ErrorCode::Overloaded).about(scene.facts.id);
            scene.turn.effects.push(Effect::Reply { to: reply_to, result: Err(Box::new(problem)) });
            return;
        }
        let now = scene.now();
        if self.callers.is_empty() {
            self.next_quorum_check_mono_ms = now + QUORUM_CHECK_MS;
            // A caller who comes again after the runs have ended still gets its whole deadline.
            scene.facts.deadline_mono_ms = scene.facts.deadline_mono_ms.max(now + limits::NO_QUORUM_MS);
        }
        self.callers.push((reply_to, source));
        // All are asked again, also those that would not run it a moment ago.
        for node in std::mem::take(&mut self.refused).into_keys() {
            if !self.outcomes.contains_key(&node) {
                scene.facts.gone.remove(&node);
            }
        }
        let node = &scene.node;
        let greeted = node.committee.peers().filter(|&peer| node.peers.greeted(peer));
        scene.turn.effects.extend(greeted.map(|to| Effect::PassOn { to, frame: frame.clone() }));
        self.submission = Some(frame);
        self.outcomes_changed(scene);
    }

    /// Whether somebody waits for an answer.
    pub(crate) fn awaited(&self) -> bool {
        !self.callers.is_empty()
    }

    /// A member's vote, whose soundness was checked.
    pub(crate) fn on_vote(&mut self, vote: Signed<Vote>, scene: &mut Scene<'_, '_>) {
        let (from, number) = (vote.node, vote.body.operation);
        self.take_back_refusal(from, scene);
        let tally = self.tallies.entry(number).or_default();
        tally.votes.insert(from, vote);
        tally.arrival.push(from);
        scene.facts.tell_decision(number, from, scene.turn);
        self.evaluate(number, scene);
    }

    /// A member's earlier vote on an operation.
    pub(crate) fn vote_of(&self, from: NodeIndex, number: OperationNumber) -> Option<&Signed<Vote>> {
        self.tallies.get(&number)?.votes.get(&from)
    }

    /// Whether what a member says of an operation is of use: after the answer, only what can name an odd node is.
    pub(crate) fn counts(&self, number: OperationNumber) -> bool {
        self.reply.is_none() || self.tallies.contains_key(&number)
    }

    pub(crate) fn on_offer(&mut self, from: NodeIndex, offer: Offer, scene: &mut Scene<'_, '_>) {
        let number = offer.operation;
        if !self.counts(number) || !scene.keep((from, number), 0) {
            return;
        }
        self.take_offer(from, offer, scene);
        self.evaluate(number, scene);
    }

    /// A member says what an attempt gave it.
    pub(crate) fn on_signature(
        &mut self,
        from: NodeIndex,
        (number, signature): (OperationNumber, quorate_wire::EcdsaBytes),
        scene: &mut Scene<'_, '_>,
    ) {
        // The first counts: each is checked, and checking is dear.
        let known = self.tallies.get(&number).is_some_and(|tally| tally.made_by.contains_key(&from));
        if known || self.reply.is_some() || !scene.keep((from, number), 0) {
            return;
        }
        self.tallies.entry(number).or_default().made_by.insert(from, Some(signature));
        self.evaluate(number, scene);
    }

    /// A member's value of the function that one node runs.
    pub(crate) fn on_led(&mut self, from: NodeIndex, value: Signed<LeaderValue>, scene: &mut Scene<'_, '_>) {
        let number = value.body.operation;
        if self.reply.is_some() {
            return;
        }
        let known = self.tallies.get(&number).and_then(|tally| tally.leaders.get(&from));
        match known.map(|known| *known == value) {
            // Said again: it may not have heard what the operation came to, and is charged nothing.
            Some(true) => return scene.facts.tell_decision(number, from, scene.turn),
            _ if from != scene.me() && !scene.node.committee.sound_leader_value(&value) => {
                return scene.turn.fault(from, "leader_value");
            }
            Some(false) => return scene.stated_otherwise(number, (from, "two_values")),
            None => {}
        }
        let (Ok(text) | Err(text)) = &value.body.result;
        if !scene.keep((from, number), text.len() + 200) {
            return;
        }
        self.tallies.entry(number).or_default().leaders.insert(from, value);
        scene.facts.tell_decision(number, from, scene.turn);
        self.evaluate(number, scene);
    }

    /// When something of it is due.
    pub(crate) fn next_deadline(&self, decided: impl Fn(OperationNumber) -> bool) -> Option<u64> {
        let open = self.tallies.iter().filter(|(number, _)| !decided(**number));
        let tallies = open.filter_map(|(_, tally)| tally.next_deadline());
        tallies.chain(self.awaited().then_some(self.next_quorum_check_mono_ms)).min()
    }

    /// Bytes of texts that it holds.
    pub(crate) fn weight(&self) -> usize {
        let outcomes: usize = self.outcomes.values().map(outcome_bytes).sum();
        let submission = self.submission.as_ref().map_or(0, |frame| frame.len());
        let reply = match &self.reply {
            Some(Ok(reply)) => Some(reply),
            Some(Err(problem)) => problem.execution.as_ref(),
            None => None,
        };
        let reply =
            reply.map_or(0, |reply| reply.logs.len() + reply.response.as_ref().map_or(0, String::len));
        outcomes + submission + reply
    }

    /// Numbers of which a peer has said anything to it.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = OperationNumber> {
        self.tallies.keys().copied()
    }

    /// Bytes of what a peer said of an operation, if it said anything.
    pub(crate) fn held_for(&self, peer: NodeIndex, number: OperationNumber) -> Option<usize> {
        self.tallies.get(&number)?.held_for(peer)
    }

    fn take_back_refusal(&mut self, from: NodeIndex, scene: &mut Scene<'_, '_>) {
        if self.refused.remove(&from).is_some() && !self.outcomes.contains_key(&from) {
            scene.facts.gone.remove(&from);
        }
    }

    /// Whether this member can still vote on an operation.
    fn may_vote(&self, node: NodeIndex, number: OperationNumber) -> bool {
        self.vote_of(node, number).is_none()
            && !self.outcomes.contains_key(&node)
            && !self.refused.contains_key(&node)
    }
}

/// Makes room for a vote and counts it as charged to its sender.
pub(crate) fn keep_vote(vote: &Signed<Vote>, scene: &mut Scene<'_, '_>) -> bool {
    scene.keep((vote.node, vote.body.operation), vote_bytes(vote))
}
