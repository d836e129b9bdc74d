//! What both roles of a node know of one execution: who asks for what, what peers make it keep, and what became of
//! each operation.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use quorate_auth::Session;
use quorate_threshold::value::{Partial, VALUE_LEN};
use quorate_wire::{
    ActionLimits, Decision, Digest, ExecutionRequest, FaultNotice, NodeIndex, OperationNumber, PeerMessage,
    RequestId, Signed, WrongPartial, limits,
};

use crate::{AskedBy, Payers, committee::Committee, order::Asking, succession::Succession, turn::Turn};

/// In what interval what may have been lost is said again, and silence is looked at.
pub(crate) const LOOK_MS: u64 = 250;
/// How often one node is told what an operation came to because it asks: until half a minute has passed.
const TOLD_MAX: u32 = 8;

/// One execution, as both roles know it.
pub(crate) struct Facts {
    pub(crate) id: RequestId,
    /// The committee.
    pub(crate) members: Arc<[NodeIndex]>,
    pub(crate) request: ExecutionRequest,
    pub(crate) session: Session,
    pub(crate) limits: ActionLimits,
    /// Who had us begin it: a peer only as long as no caller has asked this node for it.
    pub(crate) asked_by: AskedBy,
    pub(crate) accepted_mono_ms: u64,
    pub(crate) deadline_mono_ms: u64,
    pub(crate) forget_unix_ms: u64,
    /// Members that asked us on behalf of a caller; they get our votes and our outcome.
    pub(crate) coordinators: BTreeMap<NodeIndex, Asking>,
    /// How many members had asked before the first caller of this very node; none if no caller has asked it.
    pub(crate) own_place: Option<usize>,
    /// Members that will not run it, and those whose runs have ended, as far as a coordinator here was told.
    pub(crate) gone: BTreeSet<NodeIndex>,
    /// Operations of which anything is known, though our own run may not have come to them.
    pub(crate) operations: BTreeMap<OperationNumber, Known>,
    /// What each peer has made us keep.
    pub(crate) kept: BTreeMap<NodeIndex, Kept>,
    /// Who runs functions for which nobody waits.
    pub(crate) runners: BTreeSet<NodeIndex>,
    /// Whether our own run has ended.
    pub(crate) ended: bool,
}

/// What both roles know of one operation.
#[derive(Default)]
pub(crate) struct Known {
    /// What members say was fixed, as long as our own run can not take it.
    pub(crate) candidates: BTreeMap<NodeIndex, Decision>,
    /// How many further words of a member were judged, beside its candidate.
    pub(crate) further: BTreeMap<NodeIndex, u8>,
    /// What our own run went on with.
    pub(crate) decision: Option<Decision>,
    /// What this node fixed as a coordinator, or took over from another one.
    pub(crate) fixed: Option<Decision>,
    /// Who came to a function that one node runs, and who runs it.
    pub(crate) succession: Succession,
    /// What members gave of a threshold value.
    pub(crate) partials: Partials,
    /// Who was told the decision because it asked.
    told: BTreeMap<NodeIndex, Told>,
}

impl Known {
    /// Whether it is fixed what the operation comes to, though our own run may not have come to it.
    pub(crate) fn decided(&self) -> bool {
        self.decision.is_some() || self.fixed.is_some()
    }

    /// Bytes of what a peer said, if it said anything.
    fn held_for(&self, peer: NodeIndex) -> Option<usize> {
        let candidate = self.candidates.get(&peer).map(bytes_of);
        let partial = self.partials.given.contains_key(&peer).then_some(VALUE_LEN);
        [candidate, partial, self.succession.heard_of(peer).then_some(0)]
            .into_iter()
            .flatten()
            .reduce(usize::saturating_add)
    }
}

/// Partials of a value that all draw, or of one that opens.
#[derive(Default)]
pub(crate) struct Partials {
    given: BTreeMap<NodeIndex, (Digest, Partial)>,
    /// Members whose partial is wrong.
    pub(crate) wrong: BTreeSet<NodeIndex>,
}

impl Partials {
    /// Keeps what a member gave, and of what it says that it is; the first counts.
    pub(crate) fn give(&mut self, from: NodeIndex, of: Digest, partial: Partial) {
        self.given.entry(from).or_insert((of, partial));
    }

    /// Whether a member gave one, right or wrong.
    fn of(&self, from: NodeIndex) -> bool {
        self.given.contains_key(&from) || self.wrong.contains(&from)
    }

    /// Those of one identity that are not known to be wrong.
    pub(crate) fn right(&self, of: Digest) -> impl Iterator<Item = (NodeIndex, Partial)> {
        let given = self.given.iter().filter(move |(_, (said, _))| *said == of);
        let right = given.filter(|(from, _)| !self.wrong.contains(from));
        right.map(|(from, (_, partial))| (*from, *partial))
    }
}

/// How often a node was told what an operation came to, and when it may be told again.
#[derive(Default)]
struct Told {
    times: u32,
    not_before_mono_ms: u64,
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

impl Facts {
    /// Whether a caller asked this very node.
    pub(crate) fn coordinating(&self) -> bool {
        self.own_place.is_some()
    }

    /// All who coordinate it, this node too if a caller asked it.
    pub(crate) fn coordinated_by(&self, me: NodeIndex) -> Vec<NodeIndex> {
        self.coordinators.keys().copied().chain(self.coordinating().then_some(me)).collect()
    }

    /// Whose shares it counts in.
    pub(crate) fn payers(&self) -> Payers {
        Payers { login: self.session.id, asked_by: self.asked_by }
    }

    pub(crate) fn running(&self) -> bool {
        !self.ended
    }

    pub(crate) fn decided(&self, number: OperationNumber) -> bool {
        self.operations.get(&number).is_some_and(Known::decided)
    }

    /// Whether a member has given a wrong partial of the threshold value of an operation.
    pub(crate) fn spoilt_by(&self, number: OperationNumber, from: NodeIndex) -> bool {
        self.operations.get(&number).is_some_and(|known| known.partials.wrong.contains(&from))
    }

    /// Whether a member has given its partial of the threshold value of an operation.
    pub(crate) fn gave_partial(&self, number: OperationNumber, from: NodeIndex) -> bool {
        self.operations.get(&number).is_some_and(|known| known.partials.of(from))
    }

    /// What this node has found wrong so far in what others gave to operations of its own run. It stands beside the
    /// statement, never in it: others may have seen nothing of it.
    pub(crate) fn fault_notice(&self, committee: &Committee) -> Option<Signed<FaultNotice>> {
        let reached = self.operations.iter().filter(|(_, known)| known.succession.own.is_some());
        let wrong = reached.flat_map(|(operation, known)| {
            let culprits = known.partials.wrong.iter().filter(|node| **node != committee.me);
            culprits.map(|node| WrongPartial { operation: *operation, node: *node })
        });
        let wrong_partials: Vec<WrongPartial> = wrong.take(FaultNotice::PARTIALS_MAX).collect();
        let (network, epoch, request) = (committee.id, committee.epoch, self.id);
        let some = !wrong_partials.is_empty();
        some.then(|| committee.sign(FaultNotice { network, epoch, request, wrong_partials }))
    }

    /// What our own run went on with.
    pub(crate) fn decision(&self, number: OperationNumber) -> Option<&Decision> {
        self.operations.get(&number)?.decision.as_ref()
    }

    /// Says to a node that still asks what an operation came to: a set is long and asking is short, so
    /// the same node is answered at growing intervals, and so many times only.
    pub(crate) fn tell_decision(&mut self, number: OperationNumber, to: NodeIndex, turn: &mut Turn<'_>) {
        let request = self.id;
        let Some(known) = self.operations.get_mut(&number) else { return };
        let Some(decision) = known.decision.as_ref().or(known.fixed.as_ref()) else { return };
        let told = known.told.entry(to).or_default();
        if to == turn.me || told.times >= TOLD_MAX || turn.now.mono_ms < told.not_before_mono_ms {
            return;
        }
        told.not_before_mono_ms = turn.now.mono_ms + (LOOK_MS << told.times) / 2;
        told.times += 1;
        turn.send(to, PeerMessage::Decided { request, operation: number, decision: decision.clone() });
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
            self.operations.entry(operation).or_default();
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

    /// Bytes that peers have made us keep.
    pub(crate) fn kept_bytes(&self) -> usize {
        self.kept.values().map(|kept| kept.bytes).sum()
    }

    /// Bytes of what a peer said of an operation to both roles, if it said anything.
    pub(crate) fn held_for(&self, peer: NodeIndex, number: OperationNumber) -> Option<usize> {
        self.operations.get(&number)?.held_for(peer)
    }
}

pub(crate) fn bytes_of(decision: &Decision) -> usize {
    borsh::object_length(decision).unwrap_or(usize::MAX)
}
