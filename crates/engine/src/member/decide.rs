//! Decisions: what coordinators fixed an operation to, as our own run takes it.
//!
//! `broadcastAndCollect`: the signed values of t members at least. `runOnce`: what one node's function gave. A signature:
//! one of those that are valid. A lying coordinator can make nodes go on with different ones; their next intents then
//! differ, and nothing is signed.

use quorate_wire::{
    Collected, Decision, EcdsaAnswer, EcdsaBytes, ErrorCode, Evidence, NodeIndex, OperationNumber,
    PeerMessage, Signed, SingleNode, Verdict, Vote, ecdsa_valid,
};
use serde_json::json;

use super::{
    Member, Operation, Work,
    draw::{drawn_answer, judge_drawn},
    open::judge_opened,
    operation::{Drawing, Leading, Opening, State},
    run::Given,
    vote::no_longer_waits,
};
use crate::{Answer, Report, facts::LOOK_MS, node::Scene, order::PATIENCE_MS};

/// What a decision is to our own run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judged {
    Right,
    /// It may become right.
    NotYet,
    /// t members saw something else than we did.
    Other,
    /// No honest coordinator fixes it.
    Wrong(&'static str),
}

impl Member {
    /// Our own run has come to an operation, and waits.
    pub(super) fn begin_value(&mut self, number: OperationNumber, scene: &mut Scene<'_, '_>) {
        if scene.node.came_late(scene.facts, number) {
            scene.node.let_finish(scene.facts, number, scene.turn.now.mono_ms);
        }
        // Our own turn comes before what others say that behind us somebody found.
        self.maybe_lead(number, scene);
        self.try_candidates(number, scene);
        self.draw(number, scene);
        self.open(number, scene);
    }

    /// What is due of operations that wait: to say again what may have been lost, and to pass over whoever is silent.
    pub(super) fn tick_looks(&mut self, scene: &mut Scene<'_, '_>) {
        let now = scene.now();
        let due = |operation: &Operation| operation.look_mono_ms.is_some_and(|look| look <= now);
        let due = self.operations.iter().filter(|(_, operation)| due(operation));
        for number in due.map(|(number, _)| *number).collect::<Vec<_>>() {
            let Some(operation) = self.operations.get_mut(&number) else { continue };
            let over = !operation.waits() || scene.facts.decision(number).is_some();
            operation.look_mono_ms = (!over).then_some(now + LOOK_MS);
            if over {
                continue;
            }
            self.tell_again(number, scene);
            self.pass_over_silent(number, scene);
            self.try_candidates(number, scene);
            self.maybe_lead(number, scene);
        }
    }

    /// Says again how we saw an operation, and what came of it here.
    fn tell_again(&self, number: OperationNumber, scene: &mut Scene<'_, '_>) {
        let me = scene.me();
        self.tell_vote(number, scene);
        let coordinators = scene.facts.coordinated_by(me);
        if let Some(value) = self.operations.get(&number).and_then(Operation::stated) {
            scene.turn.send_all(coordinators.iter().copied(), PeerMessage::Led(value.clone()));
        }
        for to in coordinators {
            self.tell_signature(number, to, scene);
        }
    }

    /// Whether what a member says was fixed has to wait, because it is not from whoever asked us first.
    ///
    /// A corrupt member that coordinates what it overheard could fix a set at once, of its friends' values
    /// and one honest one, while the node that the caller asked waits for everybody; or give each node another
    /// set, or another valid signature, and so part them.
    fn waits_for_first(operation: &Operation, from: NodeIndex, scene: &Scene<'_, '_>) -> bool {
        let first = scene.node.first_coordinator(scene.facts, &operation.passed, scene.now());
        first.is_some_and(|first| first != from)
    }

    /// Passes over the coordinator that our own run has waited for long enough; the next one has as long.
    fn pass_over_silent(&mut self, number: OperationNumber, scene: &Scene<'_, '_>) {
        let now = scene.now();
        let Some(operation) = self.operations.get_mut(&number) else { return };
        let fixed_by_first = matches!(operation.work, Work::Sign(_) | Work::Collect(_));
        if !fixed_by_first || now < operation.patience_mono_ms.saturating_add(PATIENCE_MS) {
            return;
        }
        let first = scene.node.first_coordinator(scene.facts, &operation.passed, now);
        if let Some(first) = first.filter(|first| *first != scene.me()) {
            operation.passed.insert(first);
            operation.patience_mono_ms = now;
        }
    }

    fn try_candidates(&mut self, number: OperationNumber, scene: &mut Scene<'_, '_>) {
        let Some(known) = scene.facts.operations.get_mut(&number) else { return };
        let mut candidates: Vec<(NodeIndex, Decision)> =
            std::mem::take(&mut known.candidates).into_iter().collect();
        // Our own first, then in the order in which those who fixed them asked us.
        let me = scene.me();
        candidates.sort_by_key(|(from, _)| {
            let asking = scene.facts.coordinators.get(from);
            (*from != me, asking.map_or((true, usize::MAX), crate::order::Asking::turn))
        });
        for (from, decision) in candidates {
            let judged = self.judge_decision(number, (from, &decision), scene);
            self.take_decision(number, (from, decision, judged), scene);
        }
    }

    /// Takes what was fixed, if it is right; keeps it if it may become so.
    pub(crate) fn take_decision(
        &mut self,
        number: OperationNumber,
        (from, decision, judged): (NodeIndex, Decision, Judged),
        scene: &mut Scene<'_, '_>,
    ) {
        let known = scene.facts.operations.entry(number).or_default();
        match judged {
            Judged::Wrong(check) => scene.turn.fault(from, check),
            Judged::Other => self.stop_run(ErrorCode::IntentsDiverged, scene),
            Judged::NotYet => {
                if known.decision.is_none() {
                    known.candidates.insert(from, decision);
                }
            }
            Judged::Right if known.decision.is_none() => {
                known.candidates.clear();
                known.decision = Some(decision.clone());
                self.adopt(number, (from, decision), scene);
            }
            Judged::Right => {}
        }
    }

    /// Our own run goes on with what was fixed.
    fn adopt(
        &mut self,
        number: OperationNumber,
        (from, decision): (NodeIndex, Decision),
        scene: &mut Scene<'_, '_>,
    ) {
        let Some(operation) = self.operations.get_mut(&number) else { return };
        operation.look_mono_ms = None;
        scene.facts.note_silent(&operation.passed);
        let given = match decision {
            Decision::Collected(votes) => Given::new(Ok(Answer::Value(values_json(&votes)))),
            Decision::Drawn(value) => Given::new(Ok(drawn_answer(&value))),
            Decision::Opened(value) => self.opened_given(number, &value, scene),
            Decision::Led(value) => Given::of_one(Ok(Answer::Value(result_json(&value.body.result)))),
            Decision::Signed(signature) => {
                self.complete(number, signature, scene);
                return self.pass_on_signature(number, from, scene);
            }
        };
        self.settle(number, given, scene);
    }

    /// The operation has its signature: the action goes on.
    fn complete(&mut self, number: OperationNumber, signature: EcdsaBytes, scene: &mut Scene<'_, '_>) {
        let Some(operation) = self.operations.get_mut(&number) else { return };
        let began_mono_ms = operation.began_mono_ms;
        let Some(signing) = operation.signing() else { return };
        let attempt = signing.attempts();
        match signing.go(State::Signed(signature)) {
            Some(State::Live { attempt, .. }) => scene.node.end_session(&attempt.session),
            Some(_) => {}
            None => return,
        }
        scene.turn.report(Report::Signed {
            request: scene.facts.id,
            duration_ms: scene.now().saturating_sub(began_mono_ms),
            attempt,
        });
        self.settle(number, Given::new(Ok(Answer::Signed(ecdsa_answer(signature)))), scene);
    }

    /// Whoever else coordinates is told what we go on with, so that it fixes nothing else.
    fn pass_on_signature(&self, number: OperationNumber, from: NodeIndex, scene: &mut Scene<'_, '_>) {
        // What we fixed ourselves everybody was told already.
        if from == scene.me() {
            return;
        }
        let others: Vec<NodeIndex> =
            scene.facts.coordinators.keys().filter(|node| **node != from).copied().collect();
        for to in others {
            scene.facts.tell_decision(number, to, scene.turn);
        }
    }

    /// Checks a decision in full. Signatures are what it costs, so the cheap checks come first.
    pub(crate) fn judge_decision(
        &self,
        number: OperationNumber,
        (from, decision): (NodeIndex, &Decision),
        scene: &Scene<'_, '_>,
    ) -> Judged {
        let own = self.operations.get(&number).filter(|operation| operation.waits());
        let Some(operation) = own else { return Judged::NotYet };
        match decision {
            Decision::Collected(votes) => judge_set((number, operation), (from, votes), scene),
            Decision::Led(value) => judge_leader((number, operation), value, scene),
            Decision::Drawn(value) => judge_drawn((number, operation), value, scene),
            Decision::Opened(value) => judge_opened(operation, value, scene),
            Decision::Signed(signature) => judge_signature(operation, (from, signature), scene),
        }
    }

    /// Proof that our run cannot be of any quorum: it ends. Nothing of the others' is adopted.
    ///
    /// What others need proof of, a coordinator that is this node has counted itself.
    pub(crate) fn on_diverged(
        &mut self,
        from: NodeIndex,
        number: OperationNumber,
        evidence: &Evidence,
        scene: &mut Scene<'_, '_>,
    ) {
        let committee = &scene.node.committee;
        let bound = committee.size();
        if evidence.votes.len() > bound || evidence.statements.len() > bound {
            return;
        }
        let Some(operation) = self.operations.get(&number).filter(|operation| operation.waits()) else {
            return;
        };
        let (id, intent, own) = (scene.facts.id, operation.intent().cloned(), operation.vote.body.hash());
        let mut others = std::collections::BTreeMap::new();
        for vote in &evidence.votes {
            if (vote.body.request, vote.body.operation) == (id, number) && committee.sound_vote(vote) {
                others.insert(vote.node, vote.body.hash() == own);
            }
        }
        for statement in &evidence.statements {
            let body = &statement.body;
            let ended = (body.request, body.network, body.epoch) == (id, committee.id, committee.epoch)
                && committee.signed_by_member(statement);
            if ended {
                // A run that ended after it had signed the same is no witness against us: its
                // vote may only have been kept back.
                let signed = match &intent {
                    Some(own) => body.intents.contains(own),
                    None => {
                        body.collected.iter().any(|collected| collected.operation == number)
                            || body.draws.contains(&number)
                            || body.opened.iter().any(|opened| opened.operation == number)
                            || body.single_node.iter().any(|single| single.operation == number)
                    }
                };
                others.entry(statement.node).or_insert(signed);
            }
        }
        others.insert(committee.me, true);
        let equal = others.values().filter(|equal| **equal).count();
        let unknown = committee.size() - others.len();
        if from == committee.me || equal + unknown < committee.threshold() {
            self.stop_run(ErrorCode::IntentsDiverged, scene);
        }
    }

    /// What our runs were given of several nodes' values.
    pub(super) fn collected(&self, scene: &Scene<'_, '_>) -> Vec<Collected> {
        let decided =
            self.operations.keys().filter_map(|number| Some((*number, scene.facts.decision(*number)?)));
        let collected = decided.filter_map(|(operation, decision)| match decision {
            Decision::Collected(votes) => Some(Collected {
                operation,
                nodes: votes.iter().map(|vote| vote.node).collect(),
                values: Collected::hash(votes.iter().filter_map(value_of)),
            }),
            Decision::Led(_) | Decision::Signed(_) | Decision::Drawn(_) | Decision::Opened(_) => None,
        });
        collected.collect()
    }

    /// What our runs took from one node.
    pub(super) fn single_node(&self, scene: &Scene<'_, '_>) -> Vec<SingleNode> {
        let decided =
            self.operations.keys().filter_map(|number| Some((*number, scene.facts.decision(*number)?)));
        let taken = decided.filter_map(|(operation, decision)| match decision {
            Decision::Led(value) => {
                Some(SingleNode { operation, node: value.node, value: SingleNode::hash(&value.body.result) })
            }
            Decision::Collected(_) | Decision::Signed(_) | Decision::Drawn(_) | Decision::Opened(_) => None,
        });
        taken.collect()
    }

    /// A run of ours has ended: nothing more comes of the operations that it still waited for.
    pub(super) fn withdraw(&mut self, run: crate::RunNumber, scene: &mut Scene<'_, '_>) {
        let of_run =
            self.operations.iter().filter(|(_, operation)| operation.run == run && operation.waits());
        for number in of_run.map(|(number, _)| *number).collect::<Vec<_>>() {
            self.give_up_value(number, scene);
            let Some(operation) = self.operations.get_mut(&number) else { continue };
            operation.look_mono_ms = None;
            match &mut operation.work {
                Work::Sign(signing) => {
                    if let Some(State::Live { attempt, .. }) = signing.go(State::Withdrawn) {
                        scene.node.end_session(&attempt.session);
                    }
                }
                Work::Collect(waiting)
                | Work::Once(Leading { waiting, .. })
                | Work::Draw(Drawing { waiting, .. })
                | Work::Open(Opening { waiting, .. }) => {
                    *waiting = super::operation::Waiting::No;
                }
                Work::Denied => {}
            }
            no_longer_waits(number, scene);
        }
    }
}

/// Whether a set that somebody fixed is one that our own run goes on with.
fn judge_set(
    (number, operation): (OperationNumber, &Operation),
    (from, votes): (NodeIndex, &[Signed<Vote>]),
    scene: &Scene<'_, '_>,
) -> Judged {
    let committee = &scene.node.committee;
    if let Err(check) = committee.sound_set(scene.facts.id, number, votes) {
        return Judged::Wrong(check);
    }
    if votes[0].body.hash() != operation.vote.body.hash() {
        // So many saw something else that our own side is short of t: the proof is in the set. Where two
        // sides can have t, the other one's set is nobody's fault.
        let short = committee.size() - votes.len() < committee.threshold();
        return if short { Judged::Other } else { Judged::NotYet };
    }
    // What it says that we voted we did sign, if not in this start: what we vote now came too late.
    if Member::waits_for_first(operation, from, scene) {
        Judged::NotYet
    } else {
        // Our own value may be missing. Whoever fixed it may not have had it; and it has t others.
        Judged::Right
    }
}

/// Whether a value that somebody fixed is one that our own run goes on with.
fn judge_leader(
    (number, operation): (OperationNumber, &Operation),
    value: &Signed<quorate_wire::LeaderValue>,
    scene: &Scene<'_, '_>,
) -> Judged {
    let about = (value.body.request, value.body.operation) == (scene.facts.id, number);
    if !about || !scene.node.committee.sound_leader_value(value) {
        return Judged::Wrong("leader_value");
    }
    if value.body.intent != operation.vote.body.hash() {
        // Our own run may be the odd one; if so, we shall get the proof.
        return Judged::NotYet;
    }
    // What our run asked for is no function that one node runs: whoever gives a value of one under our vote made it up.
    if !matches!(operation.work, Work::Once(_)) {
        return Judged::Wrong("leader_value");
    }
    let order = scene.facts.ranks();
    let passed = scene.node.passed_over(scene.facts, number, (&order, value.node), scene.now());
    if passed { Judged::Right } else { Judged::NotYet }
}

/// Whether a signature that somebody fixed is one that our own run goes on with.
fn judge_signature(
    operation: &Operation,
    (from, signature): (NodeIndex, &EcdsaBytes),
    scene: &Scene<'_, '_>,
) -> Judged {
    let Some(intent) = operation.intent() else { return Judged::NotYet };
    // One under another intent is nobody's fault: t members may want that, and we hear so by another message.
    let right = !Member::waits_for_first(operation, from, scene)
        && ecdsa_valid(&intent.key, &intent.digest, signature);
    if right { Judged::Right } else { Judged::NotYet }
}

fn value_of(vote: &Signed<Vote>) -> Option<&str> {
    match &vote.body.verdict {
        Verdict::Observed { value, .. } => Some(value),
        Verdict::Intent(_)
        | Verdict::Denied(_)
        | Verdict::Once { .. }
        | Verdict::Draw { .. }
        | Verdict::Open { .. } => None,
    }
}

fn values_json(votes: &[Signed<Vote>]) -> String {
    let values = votes.iter().map(|vote| json!({ "node": vote.node, "value": value_of(vote) }));
    serde_json::Value::Array(values.collect()).to_string()
}

/// What the function gave, in one form to all.
pub(super) fn result_json(result: &Result<String, String>) -> String {
    match result {
        Ok(value) => json!({ "value": value }).to_string(),
        Err(error) => json!({ "error": error }).to_string(),
    }
}

fn ecdsa_answer((signature, recovery_id): EcdsaBytes) -> EcdsaAnswer {
    let (mut r, mut s) = ([0u8; 32], [0u8; 32]);
    r.copy_from_slice(&signature[..32]);
    s.copy_from_slice(&signature[32..]);
    EcdsaAnswer { r, s, recovery_id }
}
