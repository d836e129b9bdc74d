//! Callers, what they asked for, and whether they got it.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr},
};

use quorate_engine::{Input, ReplyTo};
use quorate_wire::{
    ErrorCode, ExecutionReply, ExecutionRequest, NodeIndex, Problem, RequestId, Statement, Status,
    Submission, limits,
};

use super::{
    Event, SECOND_US, World,
    keys::{cid, code, wallet_place},
};
use crate::{
    caller,
    host::{Act, Alteration, Script, ScriptEnd},
    invariants::{Promised, Shown},
    scenario::{ActPlan, Who, WishPlan},
    trace::short,
};

/// The execution's own limit, and a little for the way.
const DUE_US: u64 = (limits::EXECUTION_MS_MAX + 1_000) * 1_000;

/// What a caller wants, and what became of it.
pub(super) struct Wish {
    pub(super) plan: WishPlan,
    pub(super) probe: bool,
    script: Script,
    request: Option<(RequestId, Submission)>,
    /// Signatures that each life of a coordinator has answered with.
    answers: BTreeMap<(usize, u32), Vec<String>>,
    retries: u32,
    /// The session of a person that made it.
    pub(super) session: Option<usize>,
}

impl Wish {
    pub(super) fn of(&self, request: &RequestId) -> bool {
        self.request.as_ref().is_some_and(|(id, _)| id == request)
    }
}

/// A submission to one node.
pub(super) struct Call {
    wish: usize,
    slot: usize,
    generation: u32,
    submitted_us: u64,
    state: CallState,
    /// See [`World::stands`]: when it was submitted.
    stood: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CallState {
    Waiting,
    Replied,
    /// The coordinator went down, or the caller gave up.
    Over,
}

impl World {
    /// Plans a request.
    pub(super) fn wish(&mut self, plan: WishPlan, probe: bool) {
        let number = self.wishes.len();
        // What is chained begins with one digest in all requests: an old signature of it is a valid one.
        let tag = if plan.chained { u64::MAX } else { u64::try_from(number).unwrap_or(0) };
        let script = Script {
            tag,
            acts: plan.acts.iter().map(|act| self.act(act, tag)).collect(),
            parallel: plan.parallel,
            chained: plan.chained,
            catches: plan.catches,
            compute_ms: plan.compute_ms,
            end: plan.end,
        };
        self.at(plan.at_us, Event::Submit { wish: number, slot: plan.coordinator });
        if let Some((slot, later_us)) = plan.also {
            self.at(plan.at_us + later_us, Event::Submit { wish: number, slot });
        }
        if let Some(later_us) = plan.again_us {
            self.at(plan.at_us + later_us, Event::Submit { wish: number, slot: plan.coordinator });
        }
        let answers = BTreeMap::new();
        self.wishes.push(Wish { plan, probe, script, request: None, answers, retries: 0, session: None });
    }

    fn act(&self, plan: &ActPlan, tag: u64) -> Act {
        match plan {
            ActPlan::Digest(key) => Act::Digest(self.keys[*key]),
            ActPlan::Personal(key) => Act::Personal(self.keys[*key]),
            ActPlan::Login(key) => Act::Login(self.keys[*key], self.login_of(*key)),
            ActPlan::Own => Act::Own,
            ActPlan::Collect => Act::Collect,
            ActPlan::Draw => Act::Draw,
            ActPlan::Open(key) => Act::Open(self.keys[*key]),
            ActPlan::Once(throws) => Act::Once(*throws),
            ActPlan::Child(chosen, acts) => {
                let script = Script {
                    tag,
                    acts: acts.iter().map(|act| self.act(act, tag)).collect(),
                    parallel: false,
                    chained: false,
                    catches: false,
                    compute_ms: 1,
                    end: ScriptEnd::Respond,
                };
                Act::Child(cid(*chosen), Box::new(script))
            }
        }
    }

    /// Whether so far one coordinator alone knows a request, and nobody lies.
    pub(super) fn one_coordinator(&self, request: &RequestId) -> bool {
        let Some(number) = self.wishes.iter().position(|wish| wish.of(request)) else { return false };
        let places: BTreeSet<(usize, u32)> = self
            .calls
            .values()
            .filter(|call| call.wish == number)
            .map(|call| (call.slot, call.generation))
            .collect();
        places.len() == 1 && self.plan.byzantine.is_empty()
    }

    /// Whether a caller has asked this very node for a request since it started.
    pub(super) fn asks_itself(&self, slot: usize, request: &RequestId) -> bool {
        let Some(number) = self.wishes.iter().position(|wish| wish.of(request)) else { return false };
        let place = (number, slot, self.nodes[slot].generation);
        self.calls.values().any(|call| (call.wish, call.slot, call.generation) == place)
    }

    /// Whether one honest node alone was asked for a request, in a world where it is the first that each
    /// honest node hears of it, and all that is promised of its values holds.
    pub(super) fn asked_honestly(&self, number: usize) -> bool {
        let calls = self.calls.values().filter(|call| call.wish == number);
        let places: BTreeSet<(usize, u32)> = calls.map(|call| (call.slot, call.generation)).collect();
        let honest = places.first().is_some_and(|(slot, _)| self.nodes[*slot].honest());
        self.plan.gentle && places.len() == 1 && honest
    }

    /// Whether all honest runs of a request are promised the same signatures.
    pub(super) fn promised_one(&self, request: &RequestId) -> bool {
        self.wishes.iter().position(|wish| wish.of(request)).is_some_and(|number| self.asked_honestly(number))
    }

    /// Requests of whose values something is promised.
    pub(super) fn promised(&self) -> Vec<Promised> {
        let promised = |(number, wish): (usize, &Wish)| {
            let (request, submission) = wish.request.as_ref().filter(|_| self.asked_honestly(number))?;
            let block = ExecutionRequest::parse(&submission.request).ok()?.block.hash;
            Some(Promised { request: *request, block, timed: !wish.plan.parallel })
        };
        self.wishes.iter().enumerate().filter_map(promised).collect()
    }

    pub(super) fn submit(&mut self, wish: usize, slot: usize) {
        if !self.nodes[slot].alive() {
            self.retry(wish);
            return;
        }
        if self.wallet(wish).is_some_and(|wallet| !wallet.logged_in()) {
            return self.wait_for_login(wish, slot);
        }
        let submission = self.submission(wish, slot);
        let Some((request, submission)) = submission else { return };
        let reply_to = u64::try_from(self.calls.len()).unwrap_or(u64::MAX);
        let generation = self.nodes[slot].generation;
        let (submitted_us, state) = (self.now_us, CallState::Waiting);
        let stood = self.wishes[wish].session.and_then(|session| self.stands(session));
        self.calls.insert(reply_to, Call { wish, slot, generation, submitted_us, state, stood });
        self.say(&format!("caller {reply_to} submits {} to {slot}", short(&request.0)));
        self.after(DUE_US, Event::Due { call: reply_to });
        if let Some(later_us) = self.wishes[wish].plan.abandons_us {
            self.after(later_us, Event::Abandon { call: reply_to });
        }
        let source = IpAddr::V4(Ipv4Addr::LOCALHOST);
        self.feed(slot, Input::Request { reply_to: ReplyTo(reply_to), source, submission }, None);
    }

    /// The request's signed bytes, made when it is first submitted.
    fn submission(&mut self, number: usize, slot: usize) -> Option<(RequestId, Submission)> {
        let wish = &self.wishes[number];
        if let Some(made) = &wish.request {
            return Some(made.clone());
        }
        let block = self.nodes[slot].view.as_ref()?.parent().0;
        let time_ms = self.epoch_unix_ms + self.now_us / 1_000;
        let (chosen, who) = (wish.plan.chosen, wish.plan.who);
        let session = match who {
            Who::Person(person) => Some(self.session_of(person, slot)?),
            Who::Wallet | Who::Key(_) | Who::Forger(_) => None,
        };
        let script = &self.wishes[number].script;
        let what = caller::Wish { code: code(chosen), script, block, time_ms };
        let (session_key, login) = match (session, &self.people) {
            (Some(session), Some(people)) => people.session(session),
            _ => self.wallets[wallet_place(number, chosen, who)].session(),
        };
        let made = caller::request(&mut self.dice, &self.committee.id, (session_key, &login), &what);
        (self.wishes[number].request, self.wishes[number].session) = (Some(made.clone()), session);
        Some(made)
    }

    /// Who asks in a key's name waits until the key has logged in, as long as there are faults.
    fn wait_for_login(&mut self, wish: usize, slot: usize) {
        if !self.healed {
            self.after(SECOND_US / 4, Event::Submit { wish, slot });
        }
    }

    /// The caller asks another node, a few times.
    fn retry(&mut self, wish: usize) {
        if self.wishes[wish].retries < 4 {
            self.wishes[wish].retries += 1;
            let slot = self.dice.place(usize::from(self.plan.shape.n));
            let later_us = self.dice.between(30_000, 500_000);
            self.after(later_us, Event::Submit { wish, slot });
        }
    }

    pub(super) fn abandon(&mut self, number: u64) {
        let Some(call) = self.calls.get_mut(&number).filter(|call| call.state == CallState::Waiting) else {
            return;
        };
        call.state = CallState::Over;
        let (slot, generation) = (call.slot, call.generation);
        self.say(&format!("caller {number} gives up"));
        if self.nodes[slot].generation == generation {
            self.feed(slot, Input::RequestAbandoned { reply_to: ReplyTo(number) }, None);
        }
    }

    /// The coordinator went down: its callers notice.
    pub(super) fn calls_lost(&mut self, slot: usize) {
        let mut lost = Vec::new();
        for call in self.calls.values_mut() {
            if call.slot == slot && call.state == CallState::Waiting {
                call.state = CallState::Over;
                lost.push(call.wish);
            }
        }
        for wish in lost {
            self.retry(wish);
        }
    }

    /// Whether somebody still waits for an answer that must come.
    pub(super) fn calls_pending(&self) -> bool {
        let submitted = |number: usize| self.calls.values().any(|call| call.wish == number);
        let unasked = (0..self.wishes.len()).any(|number| self.wishes[number].probe && !submitted(number));
        unasked
            || self
                .calls
                .values()
                .any(|call| call.state == CallState::Waiting && self.nodes[call.slot].honest())
    }

    pub(super) fn due(&mut self, number: u64) {
        let Some(call) = self.calls.get_mut(&number).filter(|call| call.state == CallState::Waiting) else {
            return;
        };
        call.state = CallState::Over;
        let slot = call.slot;
        if self.nodes[slot].honest() {
            let detail = format!("caller {number} of slot {slot} has no answer");
            self.checker.broken("each request ends within its deadline", detail);
        }
    }

    pub(super) fn reply(&mut self, slot: usize, to: u64, result: Result<ExecutionReply, Problem>) {
        let life = self.nodes[slot].life();
        let words = match &result {
            Ok(reply) => {
                let names: Vec<&String> = reply.signatures.keys().collect();
                format!("{:?} {:?} {:?} {names:?}", reply.status, reply.error, reply.response)
            }
            Err(problem) => format!("{} ({}) {:?}", problem.code, problem.detail, problem.nodes),
        };
        self.say(&format!("{slot} answers caller {to}: {words}"));
        if !self.nodes[slot].honest() {
            return self.liar_replies(to);
        }
        self.checker.replied(life, to);
        let Some(call) = self.calls.get_mut(&to) else {
            return self.checker.broken("only callers are answered", format!("{life:?} answers {to}"));
        };
        let waited = call.state == CallState::Waiting;
        if waited {
            call.state = CallState::Replied;
        }
        let (wish, submitted_us, stood) = (call.wish, call.submitted_us, call.stood);
        self.tally.replies += 1;
        let took_us = self.now_us - submitted_us;
        if let Ok(reply) = &result {
            if reply.status == Status::Completed {
                self.tally.completed += 1;
                self.tally.latencies_us.push(took_us);
            }
            self.check_reply(slot, wish, reply);
        }
        let third = result.as_ref().is_err_and(|problem| problem.code == ErrorCode::Overloaded)
            && self.two_wait(slot, wish);
        if waited && !third && self.can_tell(wish, stood) {
            self.judge(slot, wish, &result, took_us);
        }
    }

    /// Whether two callers wait for one request at a node: of one address no third one may.
    fn two_wait(&self, slot: usize, wish: usize) -> bool {
        let there = (wish, slot, self.nodes[slot].generation);
        let waits = |call: &&Call| {
            call.state == CallState::Waiting && (call.wish, call.slot, call.generation) == there
        };
        self.calls.values().filter(waits).count() >= 2
    }

    /// Whether the world knows what must come of a request: of a person's, if every node had all that the session needs, and
    /// still has it.
    fn can_tell(&mut self, number: usize, stood: Option<u32>) -> bool {
        let Some(session) = self.wishes[number].session else { return true };
        let stands = stood.is_some() && self.stands(session) == stood;
        if self.wishes[number].probe && !stands {
            let detail = format!("session {session} does not stand on every node");
            self.checker.broken("people come in again by themselves", detail);
        }
        stands
    }

    fn liar_replies(&mut self, to: u64) {
        if let Some(call) = self.calls.get_mut(&to).filter(|call| call.state == CallState::Waiting) {
            call.state = CallState::Replied;
        }
    }

    /// What holds of every answer of an honest coordinator.
    fn check_reply(&mut self, slot: usize, number: usize, reply: &ExecutionReply) {
        let life = self.nodes[slot].life();
        let Some((request, _)) = self.wishes[number].request.clone() else { return };
        if reply.request_id != request {
            self.checker.broken("an answer is to its request", format!("{life:?}: {}", reply.request_id));
        }
        let mut signatures = Vec::new();
        for (name, view) in &reply.signatures {
            let bytes = hex::decode(view.signature.trim_start_matches("0x")).ok();
            let Some(signature) = bytes.and_then(|bytes| <[u8; 64]>::try_from(bytes).ok()) else {
                self.checker.broken("a signature verifies", format!("{life:?}: {view:?}"));
                continue;
            };
            let (key, digest) = (view.public_key, view.digest.0);
            let shown = Shown { request, key, digest, signature, recovery_id: view.recovery_id };
            self.checker.shown(&shown, life.node);
            self.log_in(&shown);
            signatures.push(format!("{name} {}", view.signature));
        }
        self.check_receipt(slot, reply);
        let place = (slot, life.generation);
        let known = self.wishes[number].answers.entry(place).or_insert_with(|| signatures.clone());
        if *known != signatures {
            self.checker.broken("a repeated request gets the same answer", format!("{life:?} to {request}"));
        }
        let only_liars = self.wishes[number].plan.alterations.keys().all(|slot| !self.nodes[*slot].honest());
        let response = self.wishes[number].script.response();
        if only_liars && reply.status == Status::Completed && reply.response.as_ref() != Some(&response) {
            let detail = format!("{life:?} answers {:?}", reply.response);
            self.checker.broken("a response is what an honest run said", detail);
        }
    }

    fn check_receipt(&mut self, slot: usize, reply: &ExecutionReply) {
        let life = self.nodes[slot].life();
        let statements = &reply.receipt.statements;
        let nodes: BTreeSet<NodeIndex> = statements.iter().map(|statement| statement.node).collect();
        let sound = statements.iter().all(|statement| {
            let node = self.committee.network.node(statement.node);
            let body = &statement.body;
            node.is_some_and(|node| statement.verify(&node.statement_key).is_ok())
                && *body == statements[0].body
                && body.request == reply.request_id
                && body.network == self.committee.id
                && body.status == reply.status
                && body.response == reply.response.as_deref().map(Statement::response_hash)
        });
        let enough = nodes.len() == statements.len() && nodes.len() >= usize::from(self.plan.shape.t);
        if !sound || !enough {
            let detail = format!("{life:?}: {} statements, sound: {sound}", statements.len());
            self.checker.broken("a receipt holds t equal statements", detail);
        }
        let honest = |index: NodeIndex| self.nodes.iter().any(|node| node.index == index && node.honest());
        let slandered = reply.receipt.faults.iter().filter(|notice| honest(notice.node)).find(|notice| {
            let key = self.committee.network.node(notice.node).map(|node| node.statement_key);
            notice.body.request != reply.request_id
                || key.is_none_or(|key| notice.verify(&key).is_err())
                || notice.body.wrong_partials.iter().any(|wrong| honest(wrong.node))
        });
        if let Some(notice) = slandered {
            let detail = format!("{life:?} shows {notice:?}");
            self.checker.broken("no honest node says that another one is wrong", detail);
        }
    }

    pub(super) fn alteration(&self, slot: usize, request: &RequestId) -> Option<Alteration> {
        self.wish_of(request)?.plan.alterations.get(&slot).copied()
    }

    fn wish_of(&self, request: &RequestId) -> Option<&Wish> {
        self.wishes.iter().find(|wish| wish.of(request))
    }
}
