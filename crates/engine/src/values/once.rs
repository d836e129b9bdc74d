//! Agreement on who runs a function for all, and on what it gave (`runOnce`).

use quorate_wire::{
    Decision, ErrorCode, LeaderValue, NodeIndex, OperationNumber, PeerMessage, RequestId, Signed, SingleNode,
    Transcript, Verdict, Vote, limits,
};
use serde_json::json;

use super::Judged;
use crate::{
    Answer, Effect, Engine, RunNumber,
    execution::{Execution, Group, failure},
    run::{Slot, answer_due},
    turn::Turn,
};

impl Engine {
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
        let now = turn.now.mono_ms;
        let me = self.committee.me;
        let mut order = ranks(execution, number).into_iter();
        let runner = order.find(|node| *node == me || self.peers.reachable(*node, now)).unwrap_or(me);
        execution.runners.push((runner, now));
        let answer = if runner == me { json!({ "run": true }) } else { json!({}) };
        turn.effects.push(Effect::Answer { run, call, answer: Ok(Answer::Value(answer.to_string())) });
        None
    }

    /// A member came to the function that one node runs.
    pub(crate) fn heard(&self, execution: &mut Execution, vote: &Signed<Vote>, turn: &Turn<'_>) {
        if matches!(vote.body.verdict, Verdict::Once { .. }) {
            let number = vote.body.operation;
            if !execution.heard(number, vote.node) {
                self.let_finish(execution, number, turn.now.mono_ms);
            }
            let operation = execution.operations.entry(vote.body.operation).or_default();
            let came = (turn.now.mono_ms, vote.body.hash());
            operation.values.heard.entry(vote.node).or_insert(came);
        }
    }

    /// Runs the function if everybody before us is out of it.
    pub(super) fn maybe_lead(
        &mut self,
        execution: &mut Execution,
        number: OperationNumber,
        turn: &mut Turn<'_>,
    ) {
        let now = turn.now.mono_ms;
        let me = self.committee.me;
        let order = ranks(execution, number);
        let Some(operation) = execution.operations.get(&number) else { return };
        let once =
            operation.own.as_ref().is_some_and(|vote| matches!(vote.body.verdict, Verdict::Once { .. }));
        let Some(call) = operation.values.asked_by.filter(|_| once && operation.waits()) else { return };
        // Somebody who was passed to while we were away is let finish. All who say so have one time together,
        // from the first: liars could say it one after the other. Nobody passed over us if we were not away.
        let late = self.came_late(execution, number);
        let behind =
            |node: &NodeIndex| order.iter().take_while(|before| *before != node).any(|before| *before == me);
        let said = operation.values.leading.iter().filter(|(node, _)| late || !behind(node));
        let first = said.map(|(_, since)| since).min();
        let other = first.is_some_and(|since| now < since + limits::LEADER_MS);
        let taken = operation.values.lead || operation.values.decision.is_some();
        if other || taken || !self.passed_over(execution, number, (&order, me), now) {
            return;
        }
        let run = operation.run;
        if let Some(operation) = execution.operations.get_mut(&number) {
            operation.values.lead = true;
            operation.values.let_finish.insert(me, now + limits::LEADER_MS);
        }
        if order.first() != Some(&me) {
            let request = execution.id;
            turn.send_all(self.committee.peers(), PeerMessage::Leading { request, operation: number });
        }
        let Some(run) = run else { return };
        if let Some(state) = execution.runs.get_mut(&run) {
            // It is answered for good when the function has ended.
            state.answer_under(Slot::Operation(number), None);
        }
        let answer = Ok(Answer::Value(json!({ "run": true }).to_string()));
        turn.effects.push(Effect::Answer { run, call, answer });
    }

    /// Whether our own run came to it when others, one honest node at least, had passed over us: t members were
    /// there for as long as a silent one is waited for.
    pub(super) fn came_late(&self, execution: &Execution, number: OperationNumber) -> bool {
        let Some(operation) = execution.operations.get(&number).filter(|operation| operation.own.is_some())
        else {
            return false;
        };
        let waited = |came: u64| came + limits::LEADER_SILENT_MS <= operation.began_mono_ms;
        let heard = operation.values.heard.values().filter(|(came, _)| waited(*came));
        heard.count() >= self.committee.threshold()
    }

    /// Somebody comes to the function, and others may have begun to run it because it was away. Those that were
    /// next by our own view are let finish, and their value is as good as if it had not come.
    pub(super) fn let_finish(&self, execution: &mut Execution, number: OperationNumber, now: u64) {
        let order = ranks(execution, number);
        let Some(operation) = execution.operations.get(&number) else { return };
        let next: Vec<(NodeIndex, u64)> = operation
            .values
            .leading
            .iter()
            .map(|(node, since)| (*node, since + limits::LEADER_MS))
            .filter(|(node, until)| now < *until && self.passed_over(execution, number, (&order, *node), now))
            .collect();
        if let Some(operation) = execution.operations.get_mut(&number) {
            operation.values.let_finish.extend(next);
        }
    }

    /// Whether everybody before a node in the order is, to our own knowledge, out of it, or was when it began.
    pub(super) fn passed_over(
        &self,
        execution: &Execution,
        number: OperationNumber,
        (order, node): (&[NodeIndex], NodeIndex),
        now_mono_ms: u64,
    ) -> bool {
        let Some(operation) = execution.operations.get(&number) else { return false };
        if operation.values.let_finish.get(&node).is_some_and(|until| now_mono_ms < *until) {
            return true;
        }
        let own = operation.own.as_ref().map(|vote| vote.body.hash());
        let since = [(operation.began_mono_ms, operation.own.is_some())]
            .into_iter()
            .filter_map(|(since, began)| began.then_some(since))
            .chain(operation.values.quorum_mono_ms)
            .min();
        let before = order.iter().take_while(|before| **before != node).enumerate();
        before.into_iter().all(|(rank, before)| {
            let rank = u64::try_from(rank).unwrap_or(u64::MAX);
            let time = limits::LEADER_MS.saturating_mul(rank + 1);
            if *before == self.committee.me && operation.own.is_some() {
                // We give ourselves no more time than others give us: they may have gone on without us.
                let away = !operation.values.lead && self.came_late(execution, number);
                let late = now_mono_ms >= operation.began_mono_ms.saturating_add(time);
                return away || late || !operation.waits();
            }
            let there = *before == self.committee.me || self.peers.reachable(*before, now_mono_ms);
            let out =
                !there || execution.refused.contains_key(before) || execution.outcomes.contains_key(before);
            let late = match operation.values.heard.get(before) {
                Some((_, came)) if own.is_some_and(|own| own != *came) => true,
                Some((came, _)) => now_mono_ms >= came + time,
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
        self.with(id, |engine, execution| {
            if execution.running() && engine.keep(execution, (from, number), 0, turn) {
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
        turn.send_all(execution.coordinated_by(turn.me), PeerMessage::Led(value));
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
        if value.node != from {
            turn.fault(from, "leader_value");
            return;
        }
        self.with(id, |engine, execution| {
            if !execution.coordinating || execution.reply.is_some() {
                return;
            }
            // Said again: it may not have heard what the operation came to, and is charged nothing.
            let known =
                execution.operations.get(&number).and_then(|operation| operation.values.leaders.get(&from));
            let own = from == engine.committee.me;
            match known.map(|known| *known == value) {
                Some(true) => return engine.tell_decision(execution, number, from, turn),
                _ if !own && !engine.sound_leader_value(&value) => return turn.fault(from, "leader_value"),
                Some(false) => {
                    return engine.stated_otherwise(execution, number, (from, "two_values"), turn);
                }
                None => {}
            }
            let (Ok(text) | Err(text)) = &value.body.result;
            if !own && !engine.keep(execution, (from, number), text.len() + 200, turn) {
                return;
            }
            let operation = execution.operations.entry(number).or_default();
            operation.values.leaders.insert(from, value);
            engine.tell_decision(execution, number, from, turn);
            engine.evaluate_votes(execution, number, turn);
        });
    }

    pub(super) fn sound_leader_value(&self, value: &Signed<LeaderValue>) -> bool {
        let (Ok(text) | Err(text)) = &value.body.result;
        value.body.network == self.committee.id
            && value.body.epoch == self.committee.epoch
            && text.len() <= limits::LEADER_VALUE_BYTES_MAX
            && self.committee.signed_by_member(value)
    }

    /// The value of the first in the order who is not out of it.
    pub(super) fn led(
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

    /// Whether a value that somebody fixed is one that our own run goes on with.
    pub(super) fn judge_leader(
        &self,
        execution: &Execution,
        (number, own): (OperationNumber, &Signed<Vote>),
        value: &Signed<LeaderValue>,
        now: u64,
    ) -> Judged {
        let about = (value.body.request, value.body.operation) == (execution.id, number);
        if !about || !self.sound_leader_value(value) {
            return Judged::Wrong("leader_value");
        }
        if value.body.intent != own.body.hash() {
            // Our own run may be the odd one; if so, we shall get the proof.
            return Judged::NotYet;
        }
        let order = ranks(execution, number);
        if self.passed_over(execution, number, (&order, value.node), now) {
            Judged::Right
        } else {
            Judged::NotYet
        }
    }
}

impl Execution {
    /// Whether a member's vote on a function that one node runs was heard before.
    pub(crate) fn heard(&self, number: OperationNumber, node: NodeIndex) -> bool {
        self.operations.get(&number).is_some_and(|operation| operation.values.heard.contains_key(&node))
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
                Decision::Collected(_) | Decision::Signed(_) => None,
            }
        });
        taken.collect()
    }
}

/// All members of the network file, in the order in which they are to run the function. Neither caller
/// nor coordinator chooses it: it depends on the block, and the caller can only choose among the last ones.
pub(super) fn ranks(execution: &Execution, number: OperationNumber) -> Vec<NodeIndex> {
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

/// What the function gave, in one form to all.
pub(super) fn result_json(result: &Result<String, String>) -> String {
    match result {
        Ok(value) => json!({ "value": value }).to_string(),
        Err(error) => json!({ "error": error }).to_string(),
    }
}
