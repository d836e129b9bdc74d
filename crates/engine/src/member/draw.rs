//! Values that all nodes draw: partials of t members make the value, and nobody knows it before.
//!
//! It needs no coordinator. A partial goes to all members with the vote, and whoever has t of them combines them by
//! itself. There is one value for an operation, which the root's public key proves, so nobody has to be believed.

use std::collections::BTreeMap;

use quorate_policy::registry_fresh;
use quorate_threshold::{
    BlsRoot, PartyIndex, Random,
    value::{Partial, Value},
};
use quorate_wire::{
    Decision, Digest, ErrorCode, NodeIndex, OperationNumber, Purpose, Seen, Transcript, ValuePoint, Verdict,
};

use super::{
    CallId, Judged, Member, Operation, Work, failure,
    operation::{Drawing, Waiting},
    run::json,
    vote::Ballot,
};
use crate::{
    Answer,
    committee::{node, party},
    node::{Node, Scene},
};

/// Of what a partial of a drawn value is: the operation's number says it.
pub(crate) const DRAWN: Digest = Digest([0; 32]);

impl Member {
    /// The action wants a value that nobody knows yet.
    pub(super) fn on_draw(&mut self, id: CallId, seen: Vec<Seen>, scene: &mut Scene<'_, '_>) {
        if self.counts.randoms >= scene.facts.limits.randoms {
            return id.answer(Err(failure(ErrorCode::LimitRandoms)), scene);
        }
        self.counts.randoms += 1;
        let Some(number) = self.runs.get(&id.run).and_then(super::Run::next_number) else {
            return id.answer(Err(failure(ErrorCode::LimitHostCalls)), scene);
        };
        let (verdict, work) = match own_partial(number, scene) {
            Ok(own) => {
                let partial = ValuePoint(own.to_bytes());
                (Verdict::Draw { partial }, Work::Draw(Drawing { own, waiting: Waiting::Yes }))
            }
            Err(code) => (Verdict::Denied(code), Work::Denied),
        };
        // The run stands still inside the call, so no other answer can come before or after this one.
        self.cast(id, Ballot { verdict, seen, work, at_once: true }, scene);
    }

    /// Combines t partials, if there are so many.
    pub(crate) fn draw(&mut self, number: OperationNumber, scene: &mut Scene<'_, '_>) {
        let Some(own) = self.open_drawing(number) else { return };
        let Some(identity) = scene.node.random_identity(scene.facts.id, number) else { return };
        match combine::<Random>(number, (own, &identity, DRAWN), scene) {
            Came::Value(value) => {
                let drawn = Decision::Drawn(ValuePoint(value.to_bytes()));
                self.take_decision(number, (scene.me(), drawn, Judged::Right), scene);
            }
            Came::Never => self.stop_run(ErrorCode::DrawFailed, scene),
            Came::NotYet => {}
        }
    }

    /// Our own partial of a value that our run waits for.
    fn open_drawing(&self, number: OperationNumber) -> Option<Partial> {
        match &self.operations.get(&number)?.work {
            Work::Draw(Drawing { own, waiting: Waiting::Yes }) => Some(*own),
            Work::Draw(Drawing { waiting: Waiting::No, .. })
            | Work::Sign(_)
            | Work::Collect(_)
            | Work::Once(_)
            | Work::Open(_)
            | Work::Denied => None,
        }
    }

    /// Operations at which our runs were given a drawn value.
    pub(super) fn drawn(&self, scene: &Scene<'_, '_>) -> Vec<OperationNumber> {
        let drawn =
            |number: &&OperationNumber| matches!(scene.facts.decision(**number), Some(Decision::Drawn(_)));
        self.operations.keys().filter(drawn).copied().collect()
    }
}

/// What came of the partials that are there.
pub(super) enum Came {
    Value(Box<Value>),
    NotYet,
    /// So many are wrong that t right ones cannot come.
    Never,
}

/// Combines t partials of a value, if there are so many. A wrong sum is rare: only then is each looked at, and its node
/// named.
pub(super) fn combine<R: BlsRoot>(
    number: OperationNumber,
    (own, message, of): (Partial, &[u8], Digest),
    scene: &mut Scene<'_, '_>,
) -> Came {
    loop {
        let threshold = scene.node.committee.threshold();
        let Some(partials) = chosen(number, (own, of), scene) else {
            let wrong = scene.facts.operations.get(&number).map_or(0, |known| known.partials.wrong.len());
            let never = scene.node.committee.size() - wrong < threshold;
            return if never { Came::Never } else { Came::NotYet };
        };
        let Some(shares) = scene.node.founding.shares() else { return Came::NotYet };
        let Ok(combined) = shares.of::<R>().value(message, &partials) else { return Came::NotYet };
        if let Some(value) = combined.value {
            return Came::Value(Box::new(value));
        }
        let culprits: Vec<NodeIndex> = combined.culprits.iter().map(|culprit| node(*culprit)).collect();
        if culprits.is_empty() {
            return Came::NotYet;
        }
        let now = scene.now();
        scene.node.peers.failed(&culprits, now);
        for culprit in culprits {
            spoilt(number, culprit, scene);
        }
    }
}

/// A member gave a wrong partial: it counts no more, and the member is named.
pub(crate) fn spoilt(number: OperationNumber, culprit: NodeIndex, scene: &mut Scene<'_, '_>) {
    let known = scene.facts.operations.entry(number).or_default();
    if known.partials.wrong.insert(culprit) && culprit != scene.me() {
        scene.turn.fault(culprit, "partial");
    }
}

/// This node's partial, if its own rule allows that the run draws now.
fn own_partial(number: OperationNumber, scene: &mut Scene<'_, '_>) -> Result<Partial, ErrorCode> {
    let (registry, _) = scene.node.decided_by()?;
    scene.turn.by_registry = true;
    let now = scene.turn.now;
    registry_fresh(registry.heard(), now.mono_ms, now.unix_ms)?;
    scene.node.counts(&scene.facts.session, registry.as_ref()).map_err(|problem| problem.code)?;
    let identity = scene.node.random_identity(scene.facts.id, number).ok_or(ErrorCode::NotReady)?;
    let shares = scene.node.founding.shares().ok_or(ErrorCode::NotReady)?;
    shares.of::<Random>().partial(&identity).map_err(|_| ErrorCode::Internal)
}

/// t partials: ours, then those of members that have spoilt nothing lately.
fn chosen(
    number: OperationNumber,
    (own, of): (Partial, Digest),
    scene: &Scene<'_, '_>,
) -> Option<BTreeMap<PartyIndex, Partial>> {
    let (me, now) = (scene.me(), scene.now());
    let partials = &scene.facts.operations.get(&number)?.partials;
    let mut given: Vec<(NodeIndex, Partial)> = partials.right(of).filter(|(from, _)| *from != me).collect();
    given.sort_by_key(|(from, _)| (scene.node.peers.failed_lately(*from, now), *from));
    let own = (!partials.wrong.contains(&me)).then_some((me, own));
    let all = own.into_iter().chain(given).take(scene.node.committee.threshold());
    let some: BTreeMap<PartyIndex, Partial> = all.map(|(from, partial)| (party(from), partial)).collect();
    (some.len() == scene.node.committee.threshold()).then_some(some)
}

/// Whether a value that somebody says was drawn is the one.
pub(super) fn judge_drawn(
    (number, operation): (OperationNumber, &Operation),
    value: &ValuePoint,
    scene: &Scene<'_, '_>,
) -> Judged {
    // Our own run may be the odd one; if so, we shall get the proof.
    if !matches!(operation.work, Work::Draw(_)) {
        return Judged::NotYet;
    }
    let identity = scene.node.random_identity(scene.facts.id, number);
    let (Some(identity), Some(shares)) = (identity, scene.node.founding.shares()) else {
        return Judged::NotYet;
    };
    let valid = Value::from_bytes(&value.0);
    let valid = valid.is_ok_and(|value| shares.of::<Random>().value_key().verify(&identity, &value));
    if valid { Judged::Right } else { Judged::Wrong("drawn_value") }
}

/// What an action is given of a drawn value: 32 bytes in hexadecimal digits, a JSON string.
pub(super) fn drawn_answer(value: &ValuePoint) -> Answer {
    let bytes = Transcript::new("quorate/random-value/v1").field(&value.0).finish();
    Answer::Value(json(&quorate_wire::Digest(bytes).to_string()[2..]))
}

impl Node {
    /// What the partials of an operation's value are of. The node makes it by itself; nothing in it is chosen by a
    /// caller but through the request's id, which is a hash.
    fn random_identity(&self, request: quorate_wire::RequestId, number: OperationNumber) -> Option<[u8; 32]> {
        let root = self.founding.roots()?.get(Purpose::Random);
        let identity = Transcript::new("quorate/random/v1")
            .field(&self.committee.id.0)
            .field(root)
            .field(&request.0)
            .number(number.lane().get().into())
            .number(number.index().into());
        Some(identity.finish())
    }
}
