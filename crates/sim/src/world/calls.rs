//! Callers, what they asked for, and whether they got it.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr},
};

use quorate_auth::Session;
use quorate_engine::{At, Input, ReplyTo, SCOPE_PERSONAL_SIGN, SCOPE_SIGN_ANYTHING, SCOPE_SIGN_LOGINS};
use quorate_threshold::derive;
use quorate_wire::{
    ActionCid, Address, Capability, CapabilityAction, CapabilityKey, ErrorCode, ExecutionReply,
    ExecutionRequest, MessageKind, NodeIndex, Problem, PublicKey, RequestId, Statement, Status, Submission,
    action_key_id, limits,
};

use super::{Event, SECOND_US, World};
use crate::{
    caller::{self, Wallet},
    chain::{Chain, Granted, State, View},
    entropy::Dice,
    host::{Act, Alteration, Script, ScriptEnd},
    invariants::{Asked, Promised, Shown},
    scenario::{ActPlan, Chosen, KEYS, Kind, WishPlan},
    trace::short,
};

/// The scope that a raw digest needs.
pub(super) const SIGN_ANYTHING: u64 = 1 << SCOPE_SIGN_ANYTHING;
/// The execution's own limit, and a little for the way.
const DUE_US: u64 = (limits::EXECUTION_MS_MAX + 1_000) * 1_000;

/// What a caller wants, and what became of it.
pub(super) struct Wish {
    plan: WishPlan,
    probe: bool,
    script: Script,
    request: Option<(RequestId, Submission)>,
    /// Signatures that each life of a coordinator has answered with.
    answers: BTreeMap<(usize, u32), Vec<String>>,
    retries: u32,
}

impl Wish {
    fn of(&self, request: &RequestId) -> bool {
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
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CallState {
    Waiting,
    Replied,
    /// The coordinator went down, or the caller gave up.
    Over,
}

fn code(chosen: Chosen) -> &'static str {
    match chosen {
        Chosen::Granted => "// simulated action: granted",
        Chosen::ByOwner => "// simulated action: its caller owns the key",
        Chosen::Ungranted => "// simulated action: not granted",
        Chosen::WithoutScope => "// simulated action: granted without the scope",
    }
}

/// Whose login a request names: the caller's, that of the keys' owner, or, now and then, that of another wallet which
/// logged in for the caller's session key.
fn wallet_place(number: usize, chosen: Chosen) -> usize {
    match chosen {
        Chosen::ByOwner => 1,
        _ if number % 3 == 2 => 2,
        _ => 0,
    }
}

/// The code of one of the world's actions.
pub(super) fn code_of(action: &ActionCid) -> Option<&'static str> {
    [Chosen::Granted, Chosen::ByOwner, Chosen::Ungranted, Chosen::WithoutScope]
        .into_iter()
        .find(|chosen| cid(*chosen) == *action)
        .map(code)
}

fn cid(chosen: Chosen) -> ActionCid {
    ActionCid::of_code(code(chosen).as_bytes())
}

impl World {
    /// Mints the keys under a root that stands already, and plans the requests.
    pub(super) fn register(&mut self, root: PublicKey) {
        let mut state = State { root: Some(root), ..State::default() };
        self.mint(&mut state);
        self.chain = Chain::new(self.epoch_unix_ms, state);
        for wish in self.plan.wishes.clone() {
            self.wish(wish, false);
        }
    }

    /// Mints the keys of a network that has just been founded.
    pub(super) fn found_keys(&mut self) {
        let mut state = std::mem::take(self.chain.pending());
        self.mint(&mut state);
        *self.chain.pending() = state;
    }

    fn mint(&mut self, state: &mut State) {
        let now_ms = self.epoch_unix_ms + self.now_us / 1_000;
        let id = self.committee.id;
        let any = Capability { key: CapabilityKey::Any, action: CapabilityAction::Any };
        let caller = Wallet::new(&mut self.dice, &id, now_ms, vec![any]);
        // The owner's session names keys, so the keys come first; its address is needed for owning.
        let mut keys = Vec::new();
        for number in 0..KEYS {
            let mark = u8::try_from(number + 1).unwrap_or(u8::MAX);
            if let Some(key) = state.mint([mark; 32], None) {
                keys.push(key);
            } else {
                self.checker.broken("keys derive from the root", format!("key {number}"));
            }
        }
        let named = |key: &PublicKey| Capability {
            key: CapabilityKey::Named(*key),
            action: CapabilityAction::Named(cid(Chosen::ByOwner)),
        };
        let owner = Wallet::new(&mut self.dice, &id, now_ms, keys.iter().map(named).collect());
        for (number, key) in keys.iter().enumerate() {
            state.grant(key, Granted::Action(cid(Chosen::Granted)), Some(SIGN_ANYTHING));
            state.grant(key, Granted::Action(cid(Chosen::WithoutScope)), Some(1 << 2));
            if number == 0 {
                // A burnt token: its grants stand.
                state.grant(key, Granted::Address(owner.address), Some(SIGN_ANYTHING));
            } else if let Some(pkp) = state.pkps.get_mut(key) {
                pkp.owner = Some(owner.address);
            }
        }
        self.keys = keys;
        let twin = caller.twin(&mut Dice::new(now_ms, "twin"), &id, now_ms);
        self.wallets = vec![caller, owner, twin];
    }

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
        self.wishes.push(Wish { plan, probe, script, request: None, answers: BTreeMap::new(), retries: 0 });
    }

    fn act(&self, plan: &ActPlan, tag: u64) -> Act {
        match plan {
            ActPlan::Digest(key) => Act::Digest(self.keys[*key]),
            ActPlan::Personal(key) => Act::Personal(self.keys[*key]),
            ActPlan::Own => Act::Own,
            ActPlan::Collect => Act::Collect,
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

    /// The public key of an action's own key.
    pub(super) fn own_key(&self, action: &ActionCid) -> Option<PublicKey> {
        let root = self.chain.root()?;
        let key = derive::public_key(root.as_bytes(), &action_key_id(action).0).ok()?;
        PublicKey::from_sec1(&key).ok()
    }

    /// Whose login a request's caller named.
    pub(super) fn wallet_of(&self, request: &RequestId) -> Option<Address> {
        let number = self.wishes.iter().position(|wish| wish.of(request))?;
        Some(self.wallet(number).address)
    }

    fn wallet(&self, wish: usize) -> &Wallet {
        &self.wallets[wallet_place(wish, self.wishes[wish].plan.chosen)]
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

    /// Whether one honest node alone was asked for a request, in a world where it is the first that each
    /// honest node hears of it, and all that is promised of its values holds.
    fn asked_honestly(&self, number: usize) -> bool {
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
        let submission = self.submission(wish, slot);
        let Some((request, submission)) = submission else { return };
        let reply_to = u64::try_from(self.calls.len()).unwrap_or(u64::MAX);
        let generation = self.nodes[slot].generation;
        let (submitted_us, state) = (self.now_us, CallState::Waiting);
        self.calls.insert(reply_to, Call { wish, slot, generation, submitted_us, state });
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
        let block = self.nodes[slot].view.as_ref()?.parent();
        let time_ms = self.epoch_unix_ms + self.now_us / 1_000;
        let place = wallet_place(number, wish.plan.chosen);
        let what = caller::Wish { code: code(wish.plan.chosen), script: &wish.script, block, time_ms };
        let made = self.wallets[place].request(&mut self.dice, &self.committee.id, &what);
        self.wishes[number].request = Some(made.clone());
        Some(made)
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
        let (wish, submitted_us) = (call.wish, call.submitted_us);
        self.tally.replies += 1;
        let took_us = self.now_us - submitted_us;
        if let Ok(reply) = &result {
            if reply.status == Status::Completed {
                self.tally.completed += 1;
                self.tally.latencies_us.push(took_us);
            }
            self.check_reply(slot, wish, reply);
        }
        if waited {
            self.judge(slot, wish, &result, took_us);
        }
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
    }

    /// What this world expects of this request, where it can know.
    fn judge(&mut self, slot: usize, number: usize, result: &Result<ExecutionReply, Problem>, took_us: u64) {
        let wish = &self.wishes[number];
        // Liars can spoil every attempt that they are in, each until it stalls.
        let spoilt_us = u64::from(limits::ATTEMPTS_MAX) * limits::HEDGE_MS * 1_000;
        let bound_us = if self.plan.byzantine.is_empty() { 0 } else { spoilt_us } + 2 * SECOND_US;
        if wish.probe && took_us > bound_us {
            let detail = format!("slot {slot} took {took_us} µs for a fresh request");
            self.checker.broken("service returns by itself", detail);
        }
        let expected = match (wish.probe, self.plan.kind) {
            (true, _) | (false, Kind::Quiet) => expect_alone(wish),
            (false, Kind::Diverging) => self.expect_diverging(wish),
            (false, Kind::ByzantineSignatures) if self.asked_honestly(number) => expect_alone(wish),
            (false, Kind::ByzantineValues) if self.asked_honestly(number) && agreeable(wish) => {
                expect_alone(wish)
            }
            _ => return,
        };
        let came = match result {
            Ok(reply) => match reply.error {
                None => Came::Completed(reply.signatures.len()),
                Some(code) => Came::Ended(code),
            },
            Err(problem) => Came::Ended(problem.code),
        };
        if !expected.contains(&came) {
            let detail = format!("slot {slot}, request {number}: {came:?} instead of {expected:?}");
            let invariant = if self.wishes[number].probe {
                "service returns by itself"
            } else {
                "outcomes are as they must be"
            };
            self.checker.broken(invariant, detail);
        }
    }

    fn expect_diverging(&self, wish: &Wish) -> Vec<Came> {
        let slots = usize::from(self.plan.shape.n);
        let class = |slot: usize| match wish.plan.alterations.get(&slot) {
            Some(Alteration::Slow(_)) | None => None,
            Some(other) => Some(*other),
        };
        let largest = (0..slots)
            .map(|slot| (class(slot), (0..slots).filter(|other| class(*other) == class(slot)).count()))
            .max_by_key(|(_, size)| *size);
        match largest {
            Some((class, size)) if size >= usize::from(self.plan.shape.t) => match class {
                Some(Alteration::Throw) => vec![Came::Ended(ErrorCode::ActionThrew)],
                Some(Alteration::Skip) => vec![Came::Completed(signatures(wish).saturating_sub(1))],
                _ => vec![Came::Completed(signatures(wish))],
            },
            _ => {
                // Runs whose operations agree may still be too few to end alike.
                vec![Came::Ended(ErrorCode::IntentsDiverged), Came::Ended(ErrorCode::OutcomesDiverged)]
            }
        }
    }

    pub(super) fn alteration(&self, slot: usize, request: &RequestId) -> Option<Alteration> {
        self.wish_of(request)?.plan.alterations.get(&slot).copied()
    }

    pub(super) fn granted_action(&self) -> ActionCid {
        cid(Chosen::Granted)
    }

    fn wish_of(&self, request: &RequestId) -> Option<&Wish> {
        self.wishes.iter().find(|wish| wish.of(request))
    }

    /// Whether a node's own view allows a key's use in a request at this moment, by the design's rule and
    /// not by the engine's code.
    pub(super) fn allows(&self, slot: usize, asked: &Asked) -> bool {
        let Asked { request, action, key, kind, .. } = asked;
        let node = &self.nodes[slot];
        let number = self.wishes.iter().position(|wish| wish.of(request));
        let (Some(view), Some(number)) = (&node.view, number) else { return false };
        // The world knows when the head was made, whatever the node was told and when. Its clocks may be off.
        let age_ms = (self.epoch_unix_ms + self.now_us / 1_000).saturating_sub(view.made_unix_ms());
        if age_ms > limits::HEAD_AGE_MS_MAX + node.skew_ms.unsigned_abs() {
            return false;
        }
        if *kind == MessageKind::Action {
            return self.own_key(action).as_ref() == Some(key);
        }
        let wallet = self.wallet(number);
        let session = Session {
            key: quorate_wire::SessionKey([0; 32]),
            wallet: wallet.address,
            capabilities: wallet.capabilities.clone(),
            expires_ms: u64::MAX,
            domain: String::new(),
        };
        let named = session.names_exactly(key, action);
        [At::Latest, At::Finalized].into_iter().all(|at| {
            let by_action = allowed_at(view, (key, *kind), at, Granted::Action(*action));
            by_action || (named && allowed_at(view, (key, *kind), at, Granted::Address(wallet.address)))
        })
    }
}

fn allowed_at(view: &View, (key, kind): (&PublicKey, MessageKind), at: At, subject: Granted) -> bool {
    let state = view.state(at);
    state.pkps.get(key).is_some_and(|pkp| {
        let grant = state.granted(&pkp.token, subject);
        let personal = kind == MessageKind::Personal && grant.allows(SCOPE_PERSONAL_SIGN);
        let login = kind == MessageKind::Login && grant.allows(SCOPE_SIGN_LOGINS);
        personal || login || grant.allows(SCOPE_SIGN_ANYTHING)
    })
}

/// How a request ended, as far as expectations go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Came {
    /// With so many signatures.
    Completed(usize),
    Ended(ErrorCode),
}

/// Signatures of a wish to which nothing is refused.
fn signatures(wish: &Wish) -> usize {
    acts_come_to(&wish.plan.acts, Chosen::Granted, true).0
}

/// What acts of an action come to: signatures, and the codes of refusals (the first only, if it ends the run).
fn acts_come_to(acts: &[ActPlan], chosen: Chosen, goes_on: bool) -> (usize, Vec<ErrorCode>) {
    let mut signatures = 0;
    let mut refused = Vec::new();
    for act in acts {
        let code = match (act, chosen) {
            (ActPlan::Collect | ActPlan::Once(_), _) => continue,
            (ActPlan::Child(of_child, acts), _) => {
                let (made, codes) = acts_come_to(acts, *of_child, false);
                // Of a child that failed nothing is shown.
                signatures += if codes.is_empty() { made } else { 0 };
                codes.first().copied()
            }
            (ActPlan::Digest(_) | ActPlan::Personal(_), Chosen::Ungranted) => Some(ErrorCode::NotGranted),
            (ActPlan::Digest(_), Chosen::WithoutScope) => Some(ErrorCode::ScopeMissing),
            (ActPlan::Digest(_) | ActPlan::Personal(_) | ActPlan::Own, _) => {
                signatures += 1;
                None
            }
        };
        refused.extend(code);
        if code.is_some() && !goes_on {
            break;
        }
    }
    (signatures, refused)
}

/// Whether liars have no part in what a request comes to: it takes no value of one node, and its runs come
/// together.
fn agreeable(wish: &Wish) -> bool {
    let together = |alteration: &Alteration| matches!(alteration, Alteration::Slow(ms) if *ms <= 800);
    wish.plan.alterations.values().all(together)
        && wish.plan.acts.iter().all(|act| !matches!(act, ActPlan::Once(_)))
}

/// What comes of a request when nothing is wrong with the network.
fn expect_alone(wish: &Wish) -> Vec<Came> {
    let plan = &wish.plan;
    // Asked for all at once, any of several refusals can come first.
    let (signatures, refused) = acts_come_to(&plan.acts, plan.chosen, plan.catches || plan.parallel);
    let codes = refused.iter().copied().map(Came::Ended);
    if !plan.catches && !refused.is_empty() {
        return codes.collect();
    }
    if plan.end == ScriptEnd::Throw {
        // A run that was refused something and then throws was ended by either.
        return std::iter::once(Came::Ended(ErrorCode::ActionThrew)).chain(codes).collect();
    }
    vec![Came::Completed(signatures)]
}
