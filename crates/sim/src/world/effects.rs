//! Effects of engines, carried out.

use std::sync::Arc;

use quorate_engine::{ActionEvent, ActionStart, Effect, Input, Report, RunNumber, Write};
use quorate_wire::{ActionCid, ErrorCode, NodeIndex, NodeVote, PeerMessage, RootKeys, decode, limits};

use super::{Event, Work, World};
use crate::{
    byzantine::VoteLie,
    host::{Open, Run, Step},
    invariants::Asked,
    trace::describe,
};

impl World {
    pub(super) fn carry_out(&mut self, slot: usize, effect: Effect) {
        match effect {
            Effect::Persist(writes) => self.persist(slot, writes),
            Effect::Send { to, frame } => self.send(slot, to, frame),
            Effect::PassOn { to, frame } => self.send(slot, to, frame.to_vec()),
            Effect::Disconnect { peer, for_ms } => self.send_away(slot, peer, for_ms),
            Effect::Reply { to, result } => {
                self.reply(slot, to.0, result.map(|reply| *reply).map_err(|problem| *problem));
            }
            // Callers of this world run actions only.
            Effect::ReplyShare { .. } => {}
            Effect::ReplyRevocation { result: Ok(reply), .. } if self.nodes[slot].honest() => {
                self.signed_out(&reply);
            }
            Effect::ReplyRevocation { .. } => {}
            Effect::SignedOut(ended) => self.keeps_revocation(slot, &ended),
            Effect::FetchIssuerKeys => self.want_keys(slot),
            Effect::FindCode { run, action, .. } => {
                let generation = self.nodes[slot].generation;
                let us = self.dice.between(100, 60_000);
                self.after(us, Event::Found { slot, generation, run, action });
            }
            Effect::StartAction(start) => self.start_action(slot, &start),
            Effect::Answer { run, call, answer } => {
                let Some(running) = self.nodes[slot].runs.get_mut(&run) else { return };
                let steps = running.answered(call, &answer);
                self.host_steps(slot, run, steps);
            }
            Effect::CancelAction { run } => {
                self.nodes[slot].runs.remove(&run);
            }
            Effect::SubmitRoots { roots, votes } => self.submit_roots(slot, *roots, &votes),
            Effect::Endpoint { node, endpoint } => {
                self.say(&format!("{slot} hears that {node} is at {endpoint:?}"))
            }
            Effect::Report(report) => self.report(slot, &report),
            Effect::Halt { reason, .. } => self.halted(slot, &reason),
        }
    }

    /// Ends a channel; it is tried again when the peer may come back.
    fn send_away(&mut self, slot: usize, peer: NodeIndex, for_ms: u64) {
        let other = (0..self.nodes.len())
            .filter(|other| self.nodes[*other].index == peer)
            .find(|other| self.links.connection(slot, *other).is_some());
        let Some(other) = other else { return };
        self.say(&format!("{slot} ends its channel to {other} for {for_ms} ms"));
        self.links.disconnect(slot, other);
        for (near, far) in [(slot, other), (other, slot)] {
            let (generation, peer) = (self.nodes[near].generation, self.nodes[far].index);
            self.after(1_000, Event::Gone { slot: near, generation, peer });
        }
        let back_us = self.dice.between(50_000, 500_000);
        self.after(for_ms * 1_000 + back_us, Event::Connect { a: slot, b: other });
    }

    fn persist(&mut self, slot: usize, writes: Vec<Write>) {
        let keys: Vec<&str> = writes.iter().map(|write| write.key.as_str()).collect();
        self.say(&format!("{slot} persists {keys:?}"));
        for write in writes {
            match write.value {
                Some(value) => self.nodes[slot].store.insert(write.key, value),
                None => self.nodes[slot].store.remove(&write.key),
            };
        }
    }

    fn send(&mut self, slot: usize, to: NodeIndex, frame: Vec<u8>) {
        let frames = match &mut self.nodes[slot].byzantine {
            None => vec![(to, frame)],
            Some(byzantine) => byzantine.outgoing(to, frame),
        };
        for (to, frame) in frames {
            self.transmit(slot, to, &frame);
        }
        self.react(slot);
    }

    /// Puts a frame on its way, to whichever instance of the peer is connected.
    pub(super) fn transmit(&mut self, slot: usize, to: NodeIndex, frame: &[u8]) {
        let receiver = (0..self.nodes.len())
            .filter(|other| self.nodes[*other].index == to)
            .find_map(|other| self.links.connection(slot, other).map(|connection| (other, connection)));
        let Some((to, connection)) = receiver else { return };
        if self.links.blocked(slot, to) {
            return;
        }
        let kind = describe(frame);
        if self.plan.only_founds && kind.starts_with("StartPair") {
            return;
        }
        let proposal = match decode::<PeerMessage>(frame, limits::PEER_FRAME_BYTES_MAX) {
            Ok(PeerMessage::Propose(proposal)) => Some(Box::new(proposal)),
            _ => None,
        };
        let to_generation = self.nodes[to].generation;
        for at_us in self.links.arrivals(&mut self.dice, (slot, to), frame.len(), self.now_us) {
            let frame = frame.to_vec();
            let (proposal, kind) = (proposal.clone(), kind.clone());
            let event = Event::Frame { from: slot, to, connection, to_generation, frame, proposal, kind };
            self.at(at_us, event);
        }
    }

    fn start_action(&mut self, slot: usize, start: &ActionStart) {
        if self.nodes[slot].honest() {
            let (life, named) = (self.nodes[slot].life(), self.named_by(&start.request));
            self.checker.started(life, &start.request, (start.payers.login, named));
            // A child belongs to a run that began while the login stood: what it may sign is judged anew each time.
            if start.parent.is_none() {
                self.begins_for_person(slot, &start.request);
            }
            self.checker.runs(life, &start.action, &start.code);
        }
        let alteration = self.alteration(slot, &start.request);
        let place = format!("{slot} {}", self.nodes[slot].generation);
        let (running, steps) = match Run::new(start, alteration, place) {
            Ok(begun) => begun,
            Err(error) => {
                let detail = format!("{error} in {}", start.params);
                self.checker.broken("an engine starts what was asked for", detail);
                return;
            }
        };
        let (run, generation) = (start.run, self.nodes[slot].generation);
        let wall_us = running.wall_ms() * 1_000;
        self.nodes[slot].runs.insert(run, running);
        self.host_steps(slot, run, steps);
        self.after(wall_us, Event::Proceed { slot, generation, run, out_of_time: true });
    }

    /// A node's search for code has ended.
    pub(super) fn found_code(&mut self, slot: usize, generation: u32, run: RunNumber, action: &ActionCid) {
        if self.nodes[slot].generation == generation && self.nodes[slot].alive() {
            let code = super::keys::code_of(action).map(Arc::from).ok_or(ErrorCode::NotFound);
            self.feed(slot, Input::Code { run, code }, None);
        }
    }

    pub(super) fn proceed(&mut self, slot: usize, generation: u32, run: RunNumber, out_of_time: bool) {
        if self.nodes[slot].generation != generation {
            return;
        }
        let Some(running) = self.nodes[slot].runs.get_mut(&run) else { return };
        let steps = if out_of_time { running.out_of_time() } else { running.proceed() };
        self.host_steps(slot, run, steps);
    }

    fn host_steps(&mut self, slot: usize, run: RunNumber, steps: Vec<Step>) {
        let generation = self.nodes[slot].generation;
        for step in steps {
            match step {
                Step::Wait(ms) => {
                    let us = ms * 1_000 + self.dice.between(50, 2_000);
                    self.after(us, Event::Proceed { slot, generation, run, out_of_time: false });
                }
                // Through the queue: the engine has not finished handling what led here.
                Step::Event(event) => self.after(20, Event::Host { slot, generation, run, event }),
            }
        }
    }

    /// The host of a run reports to its engine.
    pub(super) fn host_event(&mut self, slot: usize, generation: u32, run: RunNumber, event: ActionEvent) {
        if self.nodes[slot].generation == generation {
            self.give(slot, Work::Host(run, event));
        }
    }

    /// The engine handles what the host of a run reports.
    pub(super) fn host_reports(&mut self, slot: usize, run: RunNumber, event: ActionEvent) {
        let Some(running) = self.nodes[slot].runs.get(&run) else { return };
        let (request, action) = (running.request, running.action);
        match &event {
            ActionEvent::Call(call) => {
                let open = running.open_call(call.call).cloned();
                self.say(&format!("{slot} run {} asks for {open:?}", run.0));
                let life = self.nodes[slot].life();
                match open {
                    Some(Open::Sign { number, key, kind, digest, name }) => {
                        let Some(key) = key.or_else(|| self.own_key(&action)) else { return };
                        let asked = Asked { request, operation: number, action, key, kind, digest, name };
                        if self.nodes[slot].honest() {
                            let allowed = self.allows(slot, &asked);
                            let alone = self.asks_itself(slot, &request);
                            self.checker.asked(life, &asked, (allowed, alone));
                        }
                        self.nodes[slot].asked.insert((request, number), asked);
                    }
                    Some(Open::Collect { number, value }) => {
                        self.came(slot, (request, number));
                        self.checker.gave((life.node, request, number), value);
                    }
                    Some(Open::Once { number, .. }) => {
                        self.came(slot, (request, number));
                        if let quorate_wire::HostCall::RunOnceResult {
                            result: Ok(value) | Err(value), ..
                        } = &call.wanted
                        {
                            self.checker.gave((life.node, request, number), value.clone());
                        }
                    }
                    Some(Open::Secret { number, key }) => {
                        self.nodes[slot].opens.insert((request, number), (action, key));
                    }
                    Some(Open::Draw { .. } | Open::Child) | None => {}
                }
            }
            ActionEvent::Finished(end) => {
                let result = end.result.as_ref().map_err(|failure| failure.code);
                self.say(&format!("{slot} run {} ends {result:?}", run.0));
                self.nodes[slot].runs.remove(&run);
            }
        }
        self.handle(slot, Input::Action { run, event }, None);
    }

    /// The chain's model checks votes as the contract does.
    fn submit_roots(&mut self, slot: usize, roots: RootKeys, votes: &[NodeVote]) {
        let habits = self.plan.byzantine.get(&slot);
        if habits.is_some_and(|habits| habits.founding.vote == Some(VoteLie::Never)) {
            return;
        }
        self.say(&format!("{slot} submits the roots {roots:?}"));
        if self.committee.has_voted(&roots, votes) {
            self.chain.submit(roots);
        } else if self.nodes[slot].honest() {
            let detail = format!("slot {slot} submits roots without the votes of all: {votes:?}");
            self.checker.broken("votes are of all members", detail);
        }
    }

    fn report(&mut self, slot: usize, report: &Report) {
        self.say(&format!("{slot} reports {report:?}"));
        match report {
            Report::Banned { by, counterparty } if self.nodes[slot].honest() => {
                self.checker.banned(*by, *counterparty);
            }
            Report::PeerFault { peer, check } if self.nodes[slot].honest() && about_values(check) => {
                // A node of which a copy runs as well does say two things.
                let two = matches!(*check, "two_votes" | "two_values") && self.copied(*peer);
                if !two {
                    let life = self.nodes[slot].life();
                    self.checker.blamed(life, *peer, check);
                }
            }
            Report::Ceremony { what: "pair", .. } => self.tally.set_ups += 1,
            _ => {}
        }
    }

    /// Whether two processes have run as one node.
    fn copied(&self, node: NodeIndex) -> bool {
        self.nodes.iter().filter(|other| other.index == node).count() > 1
    }

    fn halted(&mut self, slot: usize, reason: &str) {
        self.say(&format!("{slot} halts: {reason}"));
        let index = self.nodes[slot].index;
        let twin = self.nodes.iter().any(|node| node.slot != slot && node.index == index && node.alive());
        if self.nodes[slot].honest() && !twin && !self.fenced.contains(&index) {
            self.checker.broken("an honest node does not halt", format!("slot {slot}: {reason}"));
        }
        self.crash(slot, true);
    }
}

/// Whether a check is one of messages about votes and values. Of those about signing some fail of honest nodes
/// whose messages overtake each other.
fn about_values(check: &str) -> bool {
    matches!(
        check,
        "vote" | "too_much" | "two_votes" | "two_values" | "leader_value" | "partial" | "drawn_value"
    ) || check.starts_with("set_")
}
