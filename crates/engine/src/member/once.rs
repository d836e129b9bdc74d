//! A function that one node runs for all (`runOnce`), as the node that may be the one.

use quorate_wire::{ErrorCode, LeaderValue, NodeIndex, OperationNumber, PeerMessage, Seen, limits};
use serde_json::json;

use super::{CallId, Member, Work, decide::result_json, failure, run::Slot};
use crate::{Answer, Effect, node::Scene};

impl Member {
    /// The action wants a function to be run by one node.
    pub(super) fn on_run_once(
        &mut self,
        id: CallId,
        (name, wait): (String, bool),
        seen: Vec<Seen>,
        scene: &mut Scene<'_, '_>,
    ) {
        if !self.count_value(id, scene) {
            return;
        }
        let Some(state) = self.runs.get_mut(&id.run) else { return };
        // From here on, whether or not it waits for the value.
        state.single_node = true;
        if wait {
            return self.vote_once(id, name, seen, scene);
        }
        // Nobody waits, so nothing is agreed on: whoever sees nobody before it runs the function. It takes
        // a number all the same.
        if state.number().is_none() {
            return;
        }
        let (me, now) = (scene.me(), scene.now());
        let mut order = scene.facts.ranks().into_iter();
        let there = |node: &NodeIndex| *node == me || scene.node.peers.reachable(*node, now);
        let runner = order.find(there).unwrap_or(me);
        scene.facts.runners.insert(runner);
        let answer = if runner == me { json!({ "run": true }) } else { json!({}) };
        id.answer(Ok(Answer::Value(answer.to_string())), scene);
    }

    /// Runs the function if everybody before us is out of it.
    pub(super) fn maybe_lead(&mut self, number: OperationNumber, scene: &mut Scene<'_, '_>) {
        let (me, now) = (scene.me(), scene.now());
        let Some(operation) = self.operations.get_mut(&number).filter(|operation| operation.waits()) else {
            return;
        };
        let run = operation.run;
        let Work::Once(leading) = &mut operation.work else { return };
        let order = scene.facts.ranks();
        // Somebody who was passed to while we were away is let finish. All who say so have one time together,
        // from the first: liars could say it one after the other. Nobody passed over us if we were not away.
        let late = scene.node.came_late(scene.facts, number);
        let behind =
            |node: &NodeIndex| order.iter().take_while(|before| *before != node).any(|before| *before == me);
        let Some(known) = scene.facts.operations.get(&number) else { return };
        let said = known.succession.leading.iter().filter(|(node, _)| late || !behind(node));
        let first = said.map(|(_, since)| since).min();
        let other = first.is_some_and(|since| now < since + limits::LEADER_MS);
        let taken = leading.leads || known.decided();
        if other || taken || !scene.node.passed_over(scene.facts, number, (&order, me), now) {
            return;
        }
        leading.leads = true;
        let call = leading.asked_by;
        if let Some(known) = scene.facts.operations.get_mut(&number) {
            known.succession.let_finish.insert(me, now + limits::LEADER_MS);
            if let Some(own) = &mut known.succession.own {
                own.leads = true;
            }
        }
        if order.first() != Some(&me) {
            let request = scene.facts.id;
            let peers = scene.node.committee.peers();
            scene.turn.send_all(peers, PeerMessage::Leading { request, operation: number });
        }
        if let Some(state) = self.runs.get_mut(&run) {
            // It is answered for good when the function has ended.
            state.answer_under(Slot::Operation(number), None);
        }
        let answer = Ok(Answer::Value(json!({ "run": true }).to_string()));
        scene.turn.effects.push(Effect::Answer { run, call, answer });
    }

    /// The function that our own run ran has ended.
    pub(super) fn on_run_once_result(
        &mut self,
        id: CallId,
        (of, result): (u32, Result<String, String>),
        scene: &mut Scene<'_, '_>,
    ) {
        let found = self.operations.iter().find(|(_, operation)| {
            let leads =
                matches!(&operation.work, Work::Once(leading) if leading.leads && leading.asked_by == of);
            operation.run == id.run && leads
        });
        let Some((number, stated)) = found.map(|(number, of)| (*number, of.stated().is_some())) else {
            // Nobody waits for it: the function's own value is all there is to say.
            return id.answer(Ok(Answer::Value(result_json(&result))), scene);
        };
        if stated {
            return id.answer(Err(failure(ErrorCode::RunOnceFailed)), scene);
        }
        let result = match result {
            Ok(text) | Err(text) if text.len() > limits::LEADER_VALUE_BYTES_MAX => {
                Err(ErrorCode::ValueTooLarge.title().to_owned())
            }
            result => result,
        };
        if let Some(state) = self.runs.get_mut(&id.run) {
            state.answer_under(Slot::Operation(number), Some(id.call));
        }
        self.state_value(number, result, scene);
        self.answer_due(id.run, scene);
    }

    /// Signs what the function gave, and tells whoever coordinates.
    fn state_value(
        &mut self,
        number: OperationNumber,
        result: Result<String, String>,
        scene: &mut Scene<'_, '_>,
    ) {
        let Some(operation) = self.operations.get_mut(&number) else { return };
        let committee = &scene.node.committee;
        let value = committee.sign(LeaderValue {
            network: committee.id,
            epoch: committee.epoch,
            request: scene.facts.id,
            operation: number,
            intent: operation.vote.body.hash(),
            result,
        });
        if let Work::Once(leading) = &mut operation.work {
            leading.stated = Some(value.clone());
        }
        scene.turn.send_all(scene.facts.coordinated_by(committee.me), PeerMessage::Led(value));
    }

    /// Our run gives up an operation: whoever waits for our value is told that there is none.
    pub(super) fn give_up_value(&mut self, number: OperationNumber, scene: &mut Scene<'_, '_>) {
        let Some(operation) = self.operations.get(&number) else { return };
        let unstated =
            matches!(&operation.work, Work::Once(leading) if leading.leads && leading.stated.is_none());
        if unstated && scene.facts.decision(number).is_none() {
            let gone = "the run of the node that ran the function has ended".to_owned();
            self.state_value(number, Err(gone), scene);
        }
    }
}
