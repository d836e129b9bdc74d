//! Effects of engines, carried out, and scripted runs of actions.

use quorate_engine::{ActionEvent, ActionFailure, Call, Effect, Input, RunNumber};
use quorate_wire::{ErrorCode, HostCall, NodeIndex, SignKey, SignMessage, SignRequest, decode, limits};

use super::{Done, Net, end, index};

impl Net {
    pub(super) fn apply(&mut self, node: u8, effects: Vec<Effect>) {
        let mut events = Vec::new();
        for effect in effects {
            match effect {
                Effect::Persist(writes) => {
                    let keys = writes.iter().map(|write| write.key.clone()).collect();
                    self.node(node).done.push(Done::Persisted(keys));
                    for write in writes {
                        match write.value {
                            Some(value) => drop(self.node(node).store.insert(write.key, value)),
                            None => drop(self.node(node).store.remove(&write.key)),
                        }
                    }
                }
                Effect::Send { to, frame } => self.send(node, to, frame),
                Effect::Disconnect { peer, for_ms } => {
                    self.flight.retain(|(from, to, _)| (*from, *to) != (peer.get(), node));
                    self.apart.push((self.mono_ms + for_ms.max(1), node, peer.get()));
                    self.input(peer.get(), Input::PeerDisconnected { peer: index(node) });
                }
                Effect::PassOn { to, frame } => self.send(node, to, frame.to_vec()),
                Effect::FetchIssuerKeys => self.node(node).key_fetches += 1,
                Effect::Reply { to, result } => self.replies.push((to, result)),
                Effect::ReplyShare { to, result } => self.shares.push((to, result)),
                Effect::ReplyRevocation { to, result } => self.sign_outs.push((to, result)),
                Effect::SignedOut(ended) => self.node(node).signed_out.push(ended),
                Effect::StartAction(start) => {
                    let run = start.run;
                    self.started_auth.push((node, start.auth.clone()));
                    self.node(node).runs.insert(run, *start);
                    match self.wanted {
                        Some((wanted, true)) => {
                            let calls = (1..).zip(wanted(node));
                            events.extend(calls.map(|(call, wanted)| (run, asks(call, wanted))));
                        }
                        _ => events.extend(self.go_on(node, run, 0)),
                    }
                }
                Effect::Answer { run, call, answer } if self.wanted.is_some() => {
                    let answer = answer.map_err(|failure| failure.code);
                    events.extend(self.answered(node, run, (call, &answer)));
                    self.answers.push((node, call, answer));
                }
                Effect::Answer { run, call, answer: Ok(_) } => events.extend(self.go_on(node, run, call)),
                Effect::Answer { run, answer: Err(failure), .. } => {
                    let failure = ActionFailure { code: ErrorCode::ActionThrew, ..failure };
                    events.push((run, ActionEvent::Finished(end(Err(failure)))));
                }
                Effect::FindCode { run, .. } => self.node(node).searches.push(run),
                Effect::CancelAction { run } => drop(self.node(node).runs.remove(&run)),
                Effect::SubmitRoots { roots, votes } => self.submit_roots(node, *roots, &votes),
                Effect::Endpoint { node: peer, endpoint } => {
                    self.node(node).endpoints.push((peer.get(), endpoint));
                }
                Effect::Report(report) => self.node(node).reports.push(report),
                Effect::Halt { reason, newer } => {
                    self.node(node).halted = Some(reason);
                    self.node(node).newer = newer;
                }
            }
        }
        for (run, event) in events {
            self.input(node, Input::Action { run, event });
        }
    }

    fn send(&mut self, node: u8, to: NodeIndex, frame: Vec<u8>) {
        let message = decode(&frame, limits::PEER_FRAME_BYTES_MAX).unwrap();
        if (self.links)(node, to.get(), &message) {
            self.flight.push_back((node, to.get(), frame));
        }
        self.node(node).done.push(Done::Sent(to, Box::new(message)));
    }

    /// A scripted run goes on. What it gives of a function that it is told to run has the call's number
    /// and a thousand.
    fn answered(
        &self,
        node: u8,
        run: RunNumber,
        (call, answer): (u32, &Result<quorate_engine::Answer, ErrorCode>),
    ) -> Option<(RunNumber, ActionEvent)> {
        if *answer == Ok(quorate_engine::Answer::Value(r#"{"run":true}"#.to_owned())) {
            let asked = self.wanted.and_then(|(wanted, _)| {
                wanted(node).into_iter().nth(usize::try_from(call).unwrap().checked_sub(1)?)
            });
            if matches!(asked, Some(HostCall::RunOnce { wait: false, .. })) {
                // The function asks for what all nodes do, and nobody waits for it: the run ends.
                let message = format!("on node {node}");
                let failure = ActionFailure { code: ErrorCode::RunOnceOperation, message };
                return Some((run, ActionEvent::Finished(end(Err(failure)))));
            }
            let result = Ok(format!("of node {node}"));
            return Some((run, asks(call + 1_000, HostCall::RunOnceResult { of: call, result })));
        }
        match self.wanted {
            Some((wanted, true)) => {
                let all =
                    self.answers.iter().filter(|(of, number, _)| *of == node && *number < 1_000).count();
                let last = all + 1 == wanted(node).len();
                last.then(|| (run, ActionEvent::Finished(end(Ok(Some("done".to_owned()))))))
            }
            _ => self.go_on(node, run, call % 1_000),
        }
    }

    /// A run asks for its next signature, or ends. The number of a host call is the place of its name.
    fn go_on(&self, node: u8, run: RunNumber, asked: u32) -> Option<(RunNumber, ActionEvent)> {
        let state = &self.nodes[&node];
        let start = state.runs.get(&run)?;
        if let Some((wanted, _)) = self.wanted {
            return Some(match wanted(node).into_iter().nth(usize::try_from(asked).unwrap()) {
                Some(wanted) => (run, asks(asked + 1, wanted)),
                None => (run, ActionEvent::Finished(end(Ok(Some("done".to_owned()))))),
            });
        }
        let Some(name) = self.names.get(usize::try_from(asked).unwrap()) else {
            return Some((run, ActionEvent::Finished(end(Ok(Some(format!("done {}", start.time_ms)))))));
        };
        let sign = SignRequest {
            key: SignKey::Pkp(self.key.uncompressed().to_vec()),
            message: match &self.text {
                Some(text) => SignMessage::Personal(text.clone()),
                None => SignMessage::Digest(state.digest),
            },
            name: (*name).to_owned(),
            recipient: self.recipient,
        };
        let call = Call { call: asked + 1, seen: Vec::new(), wanted: HostCall::Sign(sign) };
        Some((run, ActionEvent::Call(call)))
    }
}

fn asks(call: u32, wanted: HostCall) -> ActionEvent {
    ActionEvent::Call(Call { call, seen: Vec::new(), wanted })
}
