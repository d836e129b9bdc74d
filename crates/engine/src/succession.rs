//! Which node runs a function for all (`runOnce`): an order that nobody chooses, and who of it is passed over.

use std::collections::BTreeMap;

use quorate_wire::{Digest, NodeIndex, OperationNumber, Signed, Transcript, Verdict, Vote, limits};

use crate::{facts::Facts, node::Node};

/// Who came to a function that one node runs, and who runs it.
#[derive(Default)]
pub(crate) struct Succession {
    /// Our own run's part, once it has come to the operation.
    pub(crate) own: Option<OwnPart>,
    /// When members came to it, and with what.
    pub(crate) came: BTreeMap<NodeIndex, (u64, Digest)>,
    /// Members that say that they have begun to run the function out of turn.
    pub(crate) leading: BTreeMap<NodeIndex, u64>,
    /// Those of them that were next when somebody before them came late, and until when they are let finish.
    pub(crate) let_finish: BTreeMap<NodeIndex, u64>,
    /// When t votes were equal, as a coordinator here counted them.
    pub(crate) quorum_mono_ms: Option<u64>,
}

/// Our own run's part in an operation.
#[derive(Clone, Copy)]
pub(crate) struct OwnPart {
    /// Hash of our vote.
    pub(crate) vote: Digest,
    /// When our run came to it.
    pub(crate) began_mono_ms: u64,
    /// Whether it waits for the decision.
    pub(crate) waits: bool,
    /// Whether it runs the function.
    pub(crate) leads: bool,
}

impl Succession {
    /// Whether a peer has said anything of it.
    pub(crate) fn heard_of(&self, peer: NodeIndex) -> bool {
        self.came.contains_key(&peer) || self.leading.contains_key(&peer)
    }
}

impl Facts {
    /// All members of the network file, in the order in which they are to run functions for all, one order for an execution:
    /// who is given what only one node is given also runs what comes of it. Neither caller nor coordinator chooses it: it
    /// depends on the block, and the caller can only choose among the last ones.
    pub(crate) fn ranks(&self) -> Vec<NodeIndex> {
        let rank = |node: &NodeIndex| {
            let transcript = Transcript::new("quorate/run-once/v2")
                .field(&self.id.0)
                .field(&self.request.block.hash.0)
                .number(node.get().into());
            (transcript.finish(), *node)
        };
        let mut order: Vec<([u8; 32], NodeIndex)> = self.members.iter().map(rank).collect();
        order.sort_unstable();
        order.into_iter().map(|(_, node)| node).collect()
    }

    /// Whether a member's vote on a function that one node runs was heard before.
    pub(crate) fn came(&self, number: OperationNumber, node: NodeIndex) -> bool {
        self.operations.get(&number).is_some_and(|known| known.succession.came.contains_key(&node))
    }
}

impl Node {
    /// A member came to the function that one node runs.
    pub(crate) fn note_came(&self, facts: &mut Facts, vote: &Signed<Vote>, now: u64) {
        if !matches!(vote.body.verdict, Verdict::Once { .. }) || vote.node == self.committee.me {
            return;
        }
        let number = vote.body.operation;
        if !facts.came(number, vote.node) {
            self.let_finish(facts, number, now);
        }
        let came = &mut facts.operations.entry(number).or_default().succession.came;
        came.entry(vote.node).or_insert((now, vote.body.hash()));
    }

    /// Whether our own run came to it when others, one honest node at least, had passed over us: t members were
    /// there for as long as a silent one is waited for.
    pub(crate) fn came_late(&self, facts: &Facts, number: OperationNumber) -> bool {
        let succession = facts.operations.get(&number).map(|known| &known.succession);
        let Some((succession, own)) = succession.and_then(|of| Some((of, of.own?))) else { return false };
        let waited = |came: u64| came + limits::LEADER_SILENT_MS <= own.began_mono_ms;
        let came = succession.came.values().filter(|(came, _)| waited(*came));
        came.count() >= self.committee.threshold()
    }

    /// Somebody comes to the function, and others may have begun to run it because it was away. Those that were
    /// next by our own view are let finish, and their value is as good as if it had not come.
    pub(crate) fn let_finish(&self, facts: &mut Facts, number: OperationNumber, now: u64) {
        let order = facts.ranks();
        let Some(known) = facts.operations.get(&number) else { return };
        let leading = known.succession.leading.iter();
        let next: Vec<(NodeIndex, u64)> = leading
            .map(|(node, since)| (*node, since + limits::LEADER_MS))
            .filter(|(node, until)| now < *until && self.passed_over(facts, number, (&order, *node), now))
            .collect();
        if let Some(known) = facts.operations.get_mut(&number) {
            known.succession.let_finish.extend(next);
        }
    }

    /// Whether everybody before a node in the order is, to our own knowledge, out of it, or was when it began.
    pub(crate) fn passed_over(
        &self,
        facts: &Facts,
        number: OperationNumber,
        (order, node): (&[NodeIndex], NodeIndex),
        now: u64,
    ) -> bool {
        let Some(succession) = facts.operations.get(&number).map(|known| &known.succession) else {
            return false;
        };
        if succession.let_finish.get(&node).is_some_and(|until| now < *until) {
            return true;
        }
        let own = succession.own;
        let since = own.map(|own| own.began_mono_ms).into_iter().chain(succession.quorum_mono_ms).min();
        let before = order.iter().take_while(|before| **before != node).enumerate();
        before.into_iter().all(|(rank, before)| {
            let rank = u64::try_from(rank).unwrap_or(u64::MAX);
            let time = limits::LEADER_MS.saturating_mul(rank + 1);
            if let Some(own) = own.filter(|_| *before == self.committee.me) {
                // We give ourselves no more time than others give us: they may have gone on without us.
                let away = !own.leads && self.came_late(facts, number);
                let late = now >= own.began_mono_ms.saturating_add(time);
                return away || late || !own.waits;
            }
            let there = *before == self.committee.me || self.peers.reachable(*before, now);
            let late = match succession.came.get(before) {
                Some((_, came)) if own.is_some_and(|own| own.vote != *came) => true,
                Some((came, _)) => now >= came + time,
                None => since.is_some_and(|since| now >= since + limits::LEADER_SILENT_MS),
            };
            !there || facts.gone.contains(before) || late
        })
    }
}
