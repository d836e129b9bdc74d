//! Operations on values: what nodes may see differently, and go on with alike.
//!
//! `broadcastAndCollect`: each node signs its own value; a coordinator that has t of them, and has waited
//! for the others, fixes the set. `runOnce`: one node, by an order that nobody chooses, runs a function and
//! signs what it gave. Everybody checks what was fixed in full. Numbers are those of
//! `docs/protocols/execution.md`. A lying coordinator can make nodes go on with different sets; their next
//! intents then differ, and nothing is signed.

use std::collections::BTreeMap;

use quorate_wire::{
    Collected, Decision, Digest, ErrorCode, LeaderValue, NodeIndex, OperationNumber, PeerMessage, RequestId,
    Signed, SingleNode, Transcript, Verdict, Vote, limits,
};
use serde_json::json;

use crate::{
    Answer, Effect, Engine, RunNumber,
    execution::{Execution, Group, GroupKind, failure},
    operation::bounded_vote,
    run::{Given, Slot, answer_due},
    turn::Turn,
};

/// What may have been lost is said again, and silence is looked at, in this interval.
const LOOK_MS: u64 = 250;
/// A set without our own value is refused if its coordinator has had that for so long.
const PATIENCE_MS: u64 = 2 * limits::COLLECT_GRACE_MS;
/// By how much a coordinator waits longer for each that may fix the set as well.
const TURN_MS: u64 = 300;

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
    /// Members that have begun to run the function out of turn.
    leading: BTreeMap<NodeIndex, u64>,
    /// Whether our own run runs the function.
    lead: bool,
    own: Option<Signed<LeaderValue>>,

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
}

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

    /// The action wants a function to be run by one node.
    pub(crate) fn on_run_once(
        &mut self,
        execution: &mut Execution,
        asking: (RunNumber, u32),
        (name, wait): (String, bool),
        turn: &mut Turn<'_>,
    ) -> Option<Verdict> {
        if !self.count_value(execution, asking, turn) {
            return None;
        }
        if let Some(state) = execution.runs.get_mut(&asking.0) {
            // From here on, whether or not it waits for the value.
            state.single_node = true;
        }
        if wait {
            return Some(if name.len() > limits::VALUE_NAME_BYTES_MAX {
                Verdict::Denied(ErrorCode::ValueTooLarge)
            } else {
                Verdict::Once { name }
            });
        }
        // Nobody waits, so nothing is agreed on: whoever sees nobody before it runs the function. It takes
        // a number all the same.
        let (run, call) = asking;
        let number = execution.runs.get_mut(&run).and_then(|state| state.number())?;
        let before = ranks(execution, number).into_iter().take_while(|node| *node != self.committee.me);
        let alone = before.into_iter().all(|node| !self.peers.reachable(node, turn.now.mono_ms));
        let answer = if alone { json!({ "run": true }) } else { json!({}) };
        turn.effects.push(Effect::Answer { run, call, answer: Ok(Answer::Value(answer.to_string())) });
        None
    }

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

    /// Our own run has come to an operation on values, and waits.
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
        self.try_candidates(execution, number, turn);
        self.maybe_lead(execution, number, turn);
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
                self.try_candidates(execution, number, turn);
                self.maybe_lead(execution, number, turn);
            }
            self.evaluate_votes(execution, number, turn);
        }
    }

    /// Tells coordinators how we saw the operation; of a function that one runs, everybody, since
    /// everybody has to know who is there.
    fn tell_value(&self, execution: &Execution, number: OperationNumber, turn: &mut Turn<'_>) {
        let Some(operation) = execution.operations.get(&number) else { return };
        let Some(vote) = &operation.own else { return };
        let message = PeerMessage::Vote(vote.clone());
        if matches!(vote.body.verdict, Verdict::Once { .. }) {
            turn.send_all(self.committee.peers(), &message);
        } else {
            turn.send_all(execution.coordinators.keys().copied(), &message);
        }
        if let Some(value) = &operation.values.own {
            turn.send_all(execution.coordinators.keys().copied(), &PeerMessage::Led(value.clone()));
        }
    }

    /// A member came to the function that one node runs.
    pub(crate) fn heard(&self, execution: &mut Execution, vote: &Signed<Vote>, turn: &Turn<'_>) {
        if matches!(vote.body.verdict, Verdict::Once { .. }) {
            let operation = execution.operations.entry(vote.body.operation).or_default();
            let came = (turn.now.mono_ms, vote.body.hash());
            operation.values.heard.entry(vote.node).or_insert(came);
        }
    }

    /// Runs the function if everybody before us is out of it.
    fn maybe_lead(&mut self, execution: &mut Execution, number: OperationNumber, turn: &mut Turn<'_>) {
        let now = turn.now.mono_ms;
        let me = self.committee.me;
        let order = ranks(execution, number);
        let Some(operation) = execution.operations.get(&number) else { return };
        let once =
            operation.own.as_ref().is_some_and(|vote| matches!(vote.body.verdict, Verdict::Once { .. }));
        let Some(call) = operation.values.asked_by.filter(|_| once && operation.waits()) else { return };
        // Somebody who was passed to while we were away is let finish.
        let other = operation.values.leading.values().any(|since| now < since + limits::LEADER_MS);
        let taken = operation.values.lead || operation.values.decision.is_some();
        if other || taken || !self.passed_over(execution, number, (&order, me), now) {
            return;
        }
        let run = operation.run;
        if let Some(operation) = execution.operations.get_mut(&number) {
            operation.values.lead = true;
        }
        if order.first() != Some(&me) {
            let request = execution.id;
            turn.send_all(self.committee.peers(), &PeerMessage::Leading { request, operation: number });
        }
        let Some(run) = run else { return };
        if let Some(state) = execution.runs.get_mut(&run) {
            // It is answered for good when the function has ended.
            state.answer_under(Slot::Operation(number), None);
        }
        let answer = Ok(Answer::Value(json!({ "run": true }).to_string()));
        turn.effects.push(Effect::Answer { run, call, answer });
    }

    /// Whether everybody before a node in the order is, to our own knowledge, out of it.
    fn passed_over(
        &self,
        execution: &Execution,
        number: OperationNumber,
        (order, node): (&[NodeIndex], NodeIndex),
        now_mono_ms: u64,
    ) -> bool {
        let Some(operation) = execution.operations.get(&number) else { return false };
        let own = operation.own.as_ref().map(|vote| vote.body.hash());
        let since = [(operation.began_mono_ms, operation.own.is_some())]
            .into_iter()
            .filter_map(|(since, began)| began.then_some(since))
            .chain(operation.values.quorum_mono_ms)
            .min();
        let before = order.iter().take_while(|before| **before != node).enumerate();
        before.into_iter().all(|(rank, before)| {
            if *before == self.committee.me {
                return !operation.values.lead;
            }
            let out = !self.peers.reachable(*before, now_mono_ms)
                || execution.refused.contains_key(before)
                || execution.outcomes.contains_key(before);
            let rank = u64::try_from(rank).unwrap_or(u64::MAX);
            let late = match operation.values.heard.get(before) {
                Some((_, came)) if own.is_some_and(|own| own != *came) => true,
                Some((came, _)) => now_mono_ms >= came + limits::LEADER_MS.saturating_mul(rank + 1),
                None => since.is_some_and(|since| now_mono_ms >= since + limits::LEADER_SILENT_MS),
            };
            out || late
        })
    }

    /// A member has begun to run the function, because it saw nobody before it.
    pub(crate) fn on_leading(
        &mut self,
        from: NodeIndex,
        place: (RequestId, OperationNumber),
        turn: &mut Turn<'_>,
    ) {
        let (id, number) = place;
        self.with(id, |_, execution| {
            if execution.running() && execution.keep(from, number, 0) {
                let operation = execution.operations.entry(number).or_default();
                operation.values.leading.entry(from).or_insert(turn.now.mono_ms);
            }
        });
    }

    /// The function that our own run ran has ended.
    pub(crate) fn on_run_once_result(
        &mut self,
        execution: &mut Execution,
        (run, call): (RunNumber, u32),
        (of, result): (u32, Result<String, String>),
        turn: &mut Turn<'_>,
    ) {
        let found = execution.operations.iter().find(|(_, operation)| {
            operation.run == Some(run) && operation.values.lead && operation.values.asked_by == Some(of)
        });
        let Some(number) = found.map(|(number, _)| *number) else {
            // Nobody waits for it: the function's own value is all there is to say.
            let answer = Ok(Answer::Value(result_json(&result)));
            turn.effects.push(Effect::Answer { run, call, answer });
            return;
        };
        if execution.operations.get(&number).is_some_and(|operation| operation.values.own.is_some()) {
            turn.effects.push(Effect::Answer { run, call, answer: Err(failure(ErrorCode::RunOnceFailed)) });
            return;
        }
        let result = match result {
            Ok(text) | Err(text) if text.len() > limits::LEADER_VALUE_BYTES_MAX => {
                Err(ErrorCode::ValueTooLarge.title().to_owned())
            }
            result => result,
        };
        if let Some(state) = execution.runs.get_mut(&run) {
            state.answer_under(Slot::Operation(number), Some(call));
        }
        self.state_value(execution, number, result, turn);
        answer_due(execution, run, turn);
    }

    /// Signs what the function gave, and tells whoever coordinates.
    fn state_value(
        &mut self,
        execution: &mut Execution,
        number: OperationNumber,
        result: Result<String, String>,
        turn: &mut Turn<'_>,
    ) {
        let Some(operation) = execution.operations.get_mut(&number) else { return };
        let Some(intent) = operation.own.as_ref().map(|vote| vote.body.hash()) else { return };
        let value = self.committee.sign(LeaderValue {
            network: self.committee.id,
            epoch: self.committee.epoch,
            request: execution.id,
            operation: number,
            intent,
            result,
        });
        operation.values.own = Some(value.clone());
        turn.send_all(execution.coordinators.keys().copied(), &PeerMessage::Led(value.clone()));
        if execution.coordinating {
            operation.values.leaders.insert(self.committee.me, value);
            self.evaluate_votes(execution, number, turn);
        }
    }

    /// Our run gives up an operation: whoever waits for our value is told that there is none.
    pub(crate) fn give_up_value(
        &mut self,
        execution: &mut Execution,
        number: OperationNumber,
        turn: &mut Turn<'_>,
    ) {
        let Some(operation) = execution.operations.get(&number) else { return };
        let values = &operation.values;
        if values.lead && values.own.is_none() && values.decision.is_none() {
            let gone = "the run of the node that ran the function has ended".to_owned();
            self.state_value(execution, number, Err(gone), turn);
        }
    }

    /// A member's value of the function that one node runs.
    pub(crate) fn on_led(&mut self, from: NodeIndex, value: Signed<LeaderValue>, turn: &mut Turn<'_>) {
        let body = &value.body;
        let (id, number) = (body.request, body.operation);
        if value.node != from || !self.sound_leader_value(&value) {
            turn.fault(from, "leader_value");
            return;
        }
        self.with(id, |engine, execution| {
            if !execution.coordinating || execution.reply.is_some() {
                return;
            }
            let (Ok(text) | Err(text)) = &value.body.result;
            if !execution.keep(from, number, text.len() + 200) {
                turn.fault(from, "too_much");
                return;
            }
            let operation = execution.operations.entry(number).or_default();
            match operation.values.leaders.get(&from) {
                Some(first) if *first == value => {}
                Some(_) => return turn.fault(from, "two_values"),
                None => {
                    operation.values.leaders.insert(from, value);
                }
            }
            engine.tell_decision(execution, number, from, turn);
            engine.evaluate_votes(execution, number, turn);
        });
    }

    fn sound_leader_value(&self, value: &Signed<LeaderValue>) -> bool {
        let (Ok(text) | Err(text)) = &value.body.result;
        value.body.network == self.committee.id
            && value.body.epoch == self.committee.epoch
            && text.len() <= limits::LEADER_VALUE_BYTES_MAX
            && self.committee.signed_by_member(value)
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
        if operation.values.decision.is_some() || operation.values.fixed.is_some() {
            return;
        }
        let since = *operation.values.quorum_mono_ms.get_or_insert(now);
        if operation.values.look_mono_ms == 0 {
            operation.values.look_mono_ms = now + LOOK_MS;
        }
        // What another coordinator has fixed is taken over: two sets would part the nodes.
        let decision = self.fixed_elsewhere(execution, number, quorum, now).or_else(|| match quorum.kind {
            GroupKind::Observed => self.collected(execution, number, quorum, since, now),
            GroupKind::Once => self.led(execution, number, quorum, now),
            GroupKind::Intent | GroupKind::Denied => None,
        });
        let Some(decision) = decision else { return };
        if let Some(operation) = execution.operations.get_mut(&number) {
            operation.values.fixed = Some(decision.clone());
        }
        let message =
            PeerMessage::Decided { request: execution.id, operation: number, decision: decision.clone() };
        turn.send_all(self.committee.peers(), &message);
        let me = self.committee.me;
        self.take_decision(execution, number, (me, decision), turn);
    }

    fn fixed_elsewhere(
        &self,
        execution: &Execution,
        number: OperationNumber,
        quorum: &Group,
        now_mono_ms: u64,
    ) -> Option<Decision> {
        let order = ranks(execution, number);
        let sound = |decision: &&Decision| match decision {
            Decision::Collected(votes) => {
                self.sound_set(execution, number, votes).is_ok() && votes[0].body.hash() == quorum.hash
            }
            Decision::Led(value) => {
                (value.body.request, value.body.operation) == (execution.id, number)
                    && value.body.intent == quorum.hash
                    && self.sound_leader_value(value)
                    // Not before all that come first in order are out: else anybody could lead.
                    && self.passed_over(execution, number, (&order, value.node), now_mono_ms)
            }
        };
        execution.operations.get(&number)?.values.candidates.values().find(sound).cloned()
    }

    /// Whether these are equal votes of at least t members on the operation, each of its own.
    fn sound_set(
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

    /// The set of values, once all that can still come have come, or have had their time.
    fn collected(
        &self,
        execution: &Execution,
        number: OperationNumber,
        quorum: &Group,
        since: u64,
        now: u64,
    ) -> Option<Decision> {
        let me = self.committee.me;
        let open = self.committee.members().any(|node| {
            execution.may_vote(node, number)
                && (if node == me { execution.running() } else { self.peers.reachable(node, now) })
        });
        // Another coordinator may fix a set as well; of two, one comes first.
        let before = execution.coordinators.keys().filter(|other| **other < me).count();
        let turns = u64::try_from(before).unwrap_or(u64::MAX).saturating_mul(TURN_MS);
        if open && now < since.saturating_add(limits::COLLECT_GRACE_MS).saturating_add(turns) {
            return None;
        }
        let operation = execution.operations.get(&number)?;
        let mut nodes = quorum.nodes.clone();
        nodes.sort_unstable();
        Some(Decision::Collected(
            nodes.iter().filter_map(|node| operation.votes.get(node)).cloned().collect(),
        ))
    }

    /// The value of the first in the order who is not out of it.
    fn led(
        &self,
        execution: &Execution,
        number: OperationNumber,
        quorum: &Group,
        now: u64,
    ) -> Option<Decision> {
        let operation = execution.operations.get(&number)?;
        let order = ranks(execution, number);
        let first = order.iter().find_map(|node| {
            operation.values.leaders.get(node).filter(|value| value.body.intent == quorum.hash)
        })?;
        self.passed_over(execution, number, (&order, first.node), now).then(|| Decision::Led(first.clone()))
    }

    /// Says to a node that still asks what an operation came to.
    pub(crate) fn tell_decision(
        &self,
        execution: &Execution,
        number: OperationNumber,
        to: NodeIndex,
        turn: &mut Turn<'_>,
    ) {
        let values = execution.operations.get(&number).map(|operation| &operation.values);
        let decision = values.and_then(|values| values.decision.clone().or_else(|| values.fixed.clone()));
        if let Some(decision) = decision.filter(|_| to != self.committee.me) {
            turn.send(to, &PeerMessage::Decided { request: execution.id, operation: number, decision });
        }
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
            let heard = execution.coordinators.contains_key(&from) || execution.coordinating;
            let known = execution.operations.get(&number).is_some_and(|operation| {
                operation.values.decision.is_some() || operation.values.candidates.contains_key(&from)
            });
            if !heard || known || !execution.running() {
                return;
            }
            if !engine.bounded_decision(&decision) || !execution.keep(from, number, bytes_of(&decision)) {
                turn.fault(from, "too_much");
                return;
            }
            engine.take_decision(execution, number, (from, decision), turn);
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
        }
    }

    fn try_candidates(&mut self, execution: &mut Execution, number: OperationNumber, turn: &mut Turn<'_>) {
        let Some(operation) = execution.operations.get_mut(&number) else { return };
        for (from, decision) in std::mem::take(&mut operation.values.candidates) {
            self.take_decision(execution, number, (from, decision), turn);
        }
    }

    /// Takes what was fixed, if it is right; keeps it if it may become so.
    fn take_decision(
        &mut self,
        execution: &mut Execution,
        number: OperationNumber,
        (from, decision): (NodeIndex, Decision),
        turn: &mut Turn<'_>,
    ) {
        let judged = self.judge_decision(execution, number, (from, &decision), turn.now.mono_ms);
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
                let (answer, single_node) = match &decision {
                    Decision::Collected(votes) => (Ok(Answer::Value(values_json(votes))), false),
                    Decision::Led(value) => (Ok(Answer::Value(result_json(&value.body.result))), true),
                };
                operation.values.decision = Some(decision);
                operation.values.candidates.clear();
                operation.values.look_mono_ms = 0;
                operation.settled = true;
                if let Some(run) = operation.run {
                    let mut given = Given::new(answer);
                    given.single_node = single_node;
                    self.give(execution, run, (Slot::Operation(number), given), turn);
                }
            }
            Judged::Right => {}
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
                if let Err(check) = self.sound_set(execution, number, votes) {
                    return Judged::Wrong(check);
                }
                if votes[0].body.hash() != own.body.hash() {
                    // So many saw something else that our own side is short of t: the proof is in the set.
                    let short = self.committee.size() - votes.len() < self.committee.threshold();
                    return if short { Judged::Other } else { Judged::Wrong("set_intent") };
                }
                match votes.iter().find(|vote| vote.node == self.committee.me) {
                    Some(ours) if ours.body != own.body => Judged::Wrong("set_ours"),
                    Some(_) => Judged::Right,
                    None => {
                        let since = execution.coordinators.get(&from).copied().unwrap_or(now);
                        let told = operation.began_mono_ms.max(since);
                        if now > told + PATIENCE_MS {
                            Judged::Wrong("set_without_ours")
                        } else {
                            Judged::Right
                        }
                    }
                }
            }
            Decision::Led(value) => {
                let about = (value.body.request, value.body.operation) == (execution.id, number);
                if !about || !self.sound_leader_value(value) {
                    return Judged::Wrong("leader_value");
                }
                if value.body.intent != own.body.hash() {
                    return Judged::Wrong("leader_intent");
                }
                let order = ranks(execution, number);
                if self.passed_over(execution, number, (&order, value.node), now) {
                    Judged::Right
                } else {
                    Judged::NotYet
                }
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
                Decision::Led(_) => None,
            }
        });
        collected.collect()
    }

    /// What our runs took from one node.
    pub(crate) fn single_node(&self) -> Vec<SingleNode> {
        let taken = self.operations.iter().filter_map(|(number, operation)| {
            match operation.values.decision.as_ref().filter(|_| operation.run.is_some())? {
                Decision::Led(value) => Some(SingleNode {
                    operation: *number,
                    node: value.node,
                    value: SingleNode::hash(&value.body.result),
                }),
                Decision::Collected(_) => None,
            }
        });
        taken.collect()
    }
}

/// All members of the network file, in the order in which they are to run the function. Neither caller
/// nor coordinator chooses it: it depends on the block, and the caller can only choose among the last ones.
fn ranks(execution: &Execution, number: OperationNumber) -> Vec<NodeIndex> {
    let mut order: Vec<([u8; 32], NodeIndex)> = execution
        .members
        .iter()
        .map(|node| {
            let transcript = Transcript::new("quorate/run-once/v1")
                .field(&execution.id.0)
                .field(&execution.request.block.hash.0)
                .number(number.get().into())
                .number(node.get().into());
            (transcript.finish(), *node)
        })
        .collect();
    order.sort_unstable();
    order.into_iter().map(|(_, node)| node).collect()
}

fn value_of(vote: &Signed<Vote>) -> Option<&str> {
    match &vote.body.verdict {
        Verdict::Observed { value, .. } => Some(value),
        Verdict::Intent(_) | Verdict::Denied(_) | Verdict::Once { .. } => None,
    }
}

fn values_json(votes: &[Signed<Vote>]) -> String {
    let values = votes.iter().map(|vote| json!({ "node": vote.node, "value": value_of(vote) }));
    serde_json::Value::Array(values.collect()).to_string()
}

/// What the function gave, in one form to all.
fn result_json(result: &Result<String, String>) -> String {
    match result {
        Ok(value) => json!({ "value": value }).to_string(),
        Err(error) => json!({ "error": error }).to_string(),
    }
}

fn bytes_of(decision: &Decision) -> usize {
    borsh::object_length(decision).unwrap_or(usize::MAX)
}
