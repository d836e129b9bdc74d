//! Operations on values: what nodes may see differently, and go on with alike.
//!
//! `broadcastAndCollect` ([`collected`]): each node signs its own value; a coordinator that has t of them, and
//! has waited for the others, fixes the set. `runOnce` ([`once`]): one node, by an order that nobody chooses,
//! runs a function and signs what it gave. What both need is here: telling, fixing, and judging what another
//! one fixed. Numbers are those of `docs/protocols/execution.md`. A lying coordinator can make nodes go on
//! with different sets; their next intents then differ, and nothing is signed.

mod collected;
mod first;
mod once;
mod signed;

use std::collections::{BTreeMap, BTreeSet};

use quorate_wire::{
    Decision, Digest, ErrorCode, LeaderValue, NodeIndex, OperationNumber, PeerMessage, RequestId, Signed,
    Verdict, limits,
};

use crate::{
    Answer, Effect, Engine, RunNumber,
    execution::{Asking, Execution, Group, GroupKind, failure},
    operation::bounded_vote,
    run::{Given, Slot},
    turn::Turn,
};
use collected::values_json;
use once::{ranks, result_json};

/// What may have been lost is said again, and silence is looked at, in this interval.
const LOOK_MS: u64 = 250;

/// How often one node is told what an operation came to because it asks: until half a minute has passed.
const TOLD_MAX: u32 = 8;

/// How often a node was told what an operation came to, and when it may be told again.
#[derive(Default)]
struct Told {
    times: u32,
    not_before_mono_ms: u64,
}

/// The state of an operation on values.
#[derive(Default)]
pub(crate) struct Values {
    /// When it is to be looked at again; 0 if it is none on values.
    pub(crate) look_mono_ms: u64,
    /// What was fixed, and taken by us.
    pub(crate) decision: Option<Decision>,
    /// What members say was fixed, as long as we can not take it.
    candidates: BTreeMap<NodeIndex, Decision>,
    /// The host call that asked for a function to be run by one node.
    asked_by: Option<u32>,
    /// When members came to it, and with what.
    heard: BTreeMap<NodeIndex, (u64, Digest)>,
    /// Members that say that they have begun to run the function out of turn.
    leading: BTreeMap<NodeIndex, u64>,
    /// Those of them that were next when somebody before them came late, and until when they are let finish.
    let_finish: BTreeMap<NodeIndex, u64>,
    /// Whether our own run runs the function.
    lead: bool,
    own: Option<Signed<LeaderValue>>,
    /// Coordinators that are waited for no more, and since when the next one is.
    passed: BTreeSet<NodeIndex>,
    patience_mono_ms: u64,
    /// Who was told the decision because it asked.
    told: BTreeMap<NodeIndex, Told>,

    // As a coordinator.
    /// What we fixed, or took over from another coordinator.
    fixed: Option<Decision>,
    /// When t votes were equal.
    quorum_mono_ms: Option<u64>,
    leaders: BTreeMap<NodeIndex, Signed<LeaderValue>>,
}

impl Values {
    /// What our own run gave of the function that one node runs.
    pub(crate) fn stated(&self) -> Option<&Signed<LeaderValue>> {
        self.own.as_ref()
    }

    fn take(&mut self, decision: Decision) {
        self.decision = Some(decision);
        self.candidates.clear();
        self.look_mono_ms = 0;
    }

    /// Whether it is fixed what the operation comes to.
    pub(crate) fn is_fixed(&self) -> bool {
        self.decision.is_some() || self.fixed.is_some()
    }

    /// Bytes of what a peer said, if it said anything.
    pub(crate) fn held_for(&self, peer: NodeIndex) -> Option<usize> {
        let candidate = self.candidates.get(&peer).map(bytes_of);
        let value = self.leaders.get(&peer).map(|value| borsh::object_length(value).unwrap_or(usize::MAX));
        let came = self.heard.get(&peer).map(|_| 0).or(self.leading.get(&peer).map(|_| 0));
        [candidate, value, came].into_iter().flatten().reduce(usize::saturating_add)
    }
}

impl Engine {
    fn count_value(
        &self,
        execution: &mut Execution,
        (run, call): (RunNumber, u32),
        turn: &mut Turn<'_>,
    ) -> bool {
        let room = execution.counts.collects < execution.limits.collects;
        if room {
            execution.counts.collects += 1;
        } else {
            let answer = Err(failure(ErrorCode::LimitCollects));
            turn.effects.push(Effect::Answer { run, call, answer });
        }
        room
    }

    /// Our own run has come to an operation, and waits.
    pub(crate) fn begin_value(
        &mut self,
        execution: &mut Execution,
        number: OperationNumber,
        call: u32,
        turn: &mut Turn<'_>,
    ) {
        let Some(operation) = execution.operations.get_mut(&number) else { return };
        operation.values.asked_by = Some(call);
        operation.values.look_mono_ms = turn.now.mono_ms + LOOK_MS;
        operation.values.patience_mono_ms = turn.now.mono_ms;
        if self.came_late(execution, number) {
            self.let_finish(execution, number, turn.now.mono_ms);
        }
        // Our own turn comes before what others say that behind us somebody found.
        self.maybe_lead(execution, number, turn);
        self.try_candidates(execution, number, turn);
    }

    /// What is due of an operation on values: to say again what may have been lost, to pass over whoever
    /// is silent, to fix a set that waits no longer.
    pub(crate) fn tick_values(&mut self, execution: &mut Execution, turn: &mut Turn<'_>) {
        let now = turn.now.mono_ms;
        let due: Vec<OperationNumber> = execution
            .operations
            .iter()
            .filter(|(_, operation)| (1..=now).contains(&operation.values.look_mono_ms))
            .map(|(number, _)| *number)
            .collect();
        for number in due {
            let Some(operation) = execution.operations.get_mut(&number) else { continue };
            let own = operation.waits() && operation.own.is_some();
            let others = execution.coordinating && execution.reply.is_none();
            let over = operation.values.decision.is_some() || (operation.values.fixed.is_some() && !own);
            if over || !(own || others) {
                operation.values.look_mono_ms = 0;
                continue;
            }
            operation.values.look_mono_ms = now + LOOK_MS;
            if own {
                self.tell_value(execution, number, turn);
                self.pass_over_silent(execution, number, now);
                self.try_candidates(execution, number, turn);
                self.maybe_lead(execution, number, turn);
            }
            self.evaluate_votes(execution, number, turn);
        }
    }

    /// Tells coordinators how we saw the operation; of a function that one runs, everybody, since
    /// everybody has to know who is there.
    fn tell_value(&self, execution: &mut Execution, number: OperationNumber, turn: &mut Turn<'_>) {
        let Some(operation) = execution.operations.get(&number) else { return };
        let Some(vote) = &operation.own else { return };
        let message = PeerMessage::Vote(vote.clone());
        if matches!(vote.body.verdict, Verdict::Once { .. }) {
            turn.send_all(self.committee.members(), message);
        } else {
            turn.send_all(execution.coordinated_by(turn.me), message);
        }
        if let Some(value) = &operation.values.own {
            turn.send_all(execution.coordinated_by(turn.me), PeerMessage::Led(value.clone()));
        }
        let coordinators: Vec<NodeIndex> = execution.coordinators.keys().copied().collect();
        for to in coordinators {
            self.tell_signature(execution, number, to, turn);
        }
    }

    /// A quorum has come to an operation on values: fixes what it comes to, if it can be.
    pub(crate) fn fix_value(
        &mut self,
        execution: &mut Execution,
        number: OperationNumber,
        quorum: &Group,
        turn: &mut Turn<'_>,
    ) {
        let now = turn.now.mono_ms;
        let Some(operation) = execution.operations.get_mut(&number) else { return };
        if operation.values.is_fixed() {
            return;
        }
        let since = *operation.values.quorum_mono_ms.get_or_insert(now);
        if operation.values.look_mono_ms == 0 {
            operation.values.look_mono_ms = now + LOOK_MS;
        }
        let awaited = match quorum.kind {
            GroupKind::Observed => self.awaited(execution, number, since, now),
            GroupKind::Intent | GroupKind::Denied | GroupKind::Once => Vec::new(),
        };
        // What another coordinator has fixed is taken over: two sets would part the nodes.
        let elsewhere = self.fixed_elsewhere(execution, number, (quorum, &awaited), now);
        let decision = elsewhere.or_else(|| match quorum.kind {
            GroupKind::Observed if !awaited.is_empty() => None,
            GroupKind::Observed => Self::collected(execution, number, quorum),
            GroupKind::Once => self.led(execution, number, quorum, now),
            GroupKind::Intent => Self::signature_made(execution, number, quorum),
            GroupKind::Denied => None,
        });
        let Some(decision) = decision else { return };
        if let Some(operation) = execution.operations.get_mut(&number) {
            operation.values.fixed = Some(decision.clone());
            operation.proposed = None;
        }
        let message =
            PeerMessage::Decided { request: execution.id, operation: number, decision: decision.clone() };
        turn.send_all(self.committee.members(), message);
    }

    fn fixed_elsewhere(
        &self,
        execution: &Execution,
        number: OperationNumber,
        (quorum, awaited): (&Group, &[NodeIndex]),
        now_mono_ms: u64,
    ) -> Option<Decision> {
        let order = ranks(execution, number);
        let sound = |decision: &&Decision| match decision {
            Decision::Collected(votes) => {
                self.sound_set(execution, number, votes).is_ok()
                    && votes[0].body.hash() == quorum.hash
                    && Self::covers(votes, quorum, awaited)
            }
            Decision::Led(value) => {
                (value.body.request, value.body.operation) == (execution.id, number)
                    && value.body.intent == quorum.hash
                    && self.sound_leader_value(value)
                    // Not before all that come first in order are out: else anybody could lead.
                    && self.passed_over(execution, number, (&order, value.node), now_mono_ms)
            }
            Decision::Signed(signature) => Self::fits(execution, number, quorum, signature),
        };
        execution.operations.get(&number)?.values.candidates.values().find(sound).cloned()
    }

    /// Says to a node that still asks what an operation came to: a set is long and asking is short, so
    /// the same node is answered at growing intervals, and so many times only.
    pub(crate) fn tell_decision(
        &self,
        execution: &mut Execution,
        number: OperationNumber,
        to: NodeIndex,
        turn: &mut Turn<'_>,
    ) {
        let request = execution.id;
        let Some(operation) = execution.operations.get_mut(&number) else { return };
        let values = &mut operation.values;
        let Some(decision) = values.decision.as_ref().or(values.fixed.as_ref()) else { return };
        let told = values.told.entry(to).or_default();
        if to == self.committee.me || told.times >= TOLD_MAX || turn.now.mono_ms < told.not_before_mono_ms {
            return;
        }
        told.not_before_mono_ms = turn.now.mono_ms + (LOOK_MS << told.times) / 2;
        told.times += 1;
        turn.send(to, PeerMessage::Decided { request, operation: number, decision: decision.clone() });
    }

    /// A member says what an operation came to.
    pub(crate) fn on_decided(
        &mut self,
        from: NodeIndex,
        place: (RequestId, OperationNumber),
        decision: Decision,
        turn: &mut Turn<'_>,
    ) {
        let (id, number) = place;
        self.with(id, |engine, execution| {
            let own = from == engine.committee.me;
            let heard = own || execution.coordinators.contains_key(&from) || execution.coordinating;
            let known = execution.operations.get(&number).is_some_and(|operation| {
                operation.values.decision.is_some() || operation.values.candidates.contains_key(&from)
            });
            if !heard || known || !execution.running() {
                return;
            }
            if !own && !engine.bounded_decision(&decision) {
                return turn.fault(from, "too_much");
            }
            let judged = engine.judge_decision(execution, number, (from, &decision), turn.now.mono_ms);
            let fits = own || engine.keep(execution, (from, number), bytes_of(&decision), turn);
            // What our own run goes on with at once is never dropped for what else the peer carries.
            if !fits && matches!(judged, Judged::NotYet) {
                return;
            }
            engine.take_decision(execution, number, (from, decision, judged), turn);
            // A coordinator may take it over.
            engine.evaluate_votes(execution, number, turn);
        });
    }

    fn bounded_decision(&self, decision: &Decision) -> bool {
        match decision {
            Decision::Collected(votes) => {
                votes.len() <= self.committee.size() && votes.iter().all(bounded_vote)
            }
            Decision::Led(value) => {
                let (Ok(text) | Err(text)) = &value.body.result;
                text.len() <= limits::LEADER_VALUE_BYTES_MAX
            }
            Decision::Signed(_) => true,
        }
    }

    fn try_candidates(&mut self, execution: &mut Execution, number: OperationNumber, turn: &mut Turn<'_>) {
        let Some(operation) = execution.operations.get_mut(&number) else { return };
        let mut candidates: Vec<(NodeIndex, Decision)> =
            std::mem::take(&mut operation.values.candidates).into_iter().collect();
        // Our own first, then in the order in which those who fixed them asked us.
        let me = self.committee.me;
        candidates.sort_by_key(|(from, _)| {
            (*from != me, execution.coordinators.get(from).map_or((true, usize::MAX), Asking::turn))
        });
        for (from, decision) in candidates {
            let judged = self.judge_decision(execution, number, (from, &decision), turn.now.mono_ms);
            self.take_decision(execution, number, (from, decision, judged), turn);
        }
    }

    /// Takes what was fixed, if it is right; keeps it if it may become so.
    fn take_decision(
        &mut self,
        execution: &mut Execution,
        number: OperationNumber,
        (from, decision, judged): (NodeIndex, Decision, Judged),
        turn: &mut Turn<'_>,
    ) {
        let operation = execution.operations.entry(number).or_default();
        match judged {
            Judged::Wrong(check) => turn.fault(from, check),
            Judged::Other => self.stop_run(execution, ErrorCode::IntentsDiverged, turn),
            Judged::NotYet => {
                if operation.values.decision.is_none() {
                    operation.values.candidates.insert(from, decision);
                }
            }
            Judged::Right if operation.values.decision.is_none() => {
                execution.note_silent(number);
                self.adopt(execution, number, (from, decision), turn);
            }
            Judged::Right => {}
        }
    }

    /// Our own run goes on with what was fixed.
    fn adopt(
        &mut self,
        execution: &mut Execution,
        number: OperationNumber,
        (from, decision): (NodeIndex, Decision),
        turn: &mut Turn<'_>,
    ) {
        let Some(operation) = execution.operations.get_mut(&number) else { return };
        let (answer, single_node) = match &decision {
            Decision::Collected(votes) => (Ok(Answer::Value(values_json(votes))), false),
            Decision::Led(value) => (Ok(Answer::Value(result_json(&value.body.result))), true),
            Decision::Signed(signature) => {
                let signature = *signature;
                operation.values.take(decision);
                self.complete(execution, number, signature, turn);
                return self.pass_on_signature(execution, number, from, turn);
            }
        };
        operation.values.take(decision);
        operation.settled = true;
        if let Some(run) = operation.run {
            let mut given = Given::new(answer);
            given.single_node = single_node;
            self.give(execution, run, (Slot::Operation(number), given), turn);
        }
    }

    /// Checks a decision in full. Signatures are what it costs, so the cheap checks come first.
    fn judge_decision(
        &self,
        execution: &Execution,
        number: OperationNumber,
        (from, decision): (NodeIndex, &Decision),
        now: u64,
    ) -> Judged {
        let own = execution.operations.get(&number).filter(|operation| operation.waits());
        let Some((operation, own)) = own.and_then(|operation| Some((operation, operation.own.as_ref()?)))
        else {
            return Judged::NotYet;
        };
        match decision {
            Decision::Collected(votes) => {
                self.judge_set(execution, (number, operation, own), (from, votes), now)
            }
            Decision::Led(value) => self.judge_leader(execution, (number, own), value, now),
            Decision::Signed(signature) => {
                self.judge_signature(execution, (operation, own), (from, signature), now)
            }
        }
    }
}

enum Judged {
    Right,
    /// It may become right.
    NotYet,
    /// t members saw something else than we did.
    Other,
    /// No honest coordinator fixes it.
    Wrong(&'static str),
}

fn bytes_of(decision: &Decision) -> usize {
    borsh::object_length(decision).unwrap_or(usize::MAX)
}
