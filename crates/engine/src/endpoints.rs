//! Where members are reached: the newest word of each, this node's own included.
//!
//! A word is signed by its node, so it does not matter who passes it on. A node can count its numbers up as fast as it
//! likes: others take one word of it in some seconds, the newest.

use std::collections::BTreeMap;

use quorate_wire::{NodeEndpoint, NodeIndex};
use zeroize::Zeroizing;

use crate::{
    Effect, StartError, Stored, Write,
    committee::Committee,
    conduct::{Conducts, NEW_WORD_PRICE},
    peers::{bytes, read},
    turn::Turn,
};

/// Of one member a word is taken no sooner after the one before.
const TAKE_MS: u64 = 10_000;
/// This node takes a higher number no sooner after it has taken one.
const SIGN_MS: u64 = 60_000;
/// New words are told to all no sooner after others.
const TELL_MS: u64 = 1_000;

pub(crate) struct Endpoints {
    known: BTreeMap<NodeIndex, NodeEndpoint>,
    /// Newer words whose time has not come: one of each member. Of this node, what a peer remembers of an earlier disk.
    waiting: BTreeMap<NodeIndex, NodeEndpoint>,
    taken_mono_ms: BTreeMap<NodeIndex, u64>,
    /// Where this node is, by its operator.
    place: Option<NodeEndpoint>,
    untold: bool,
    told_mono_ms: Option<u64>,
}

impl Endpoints {
    /// Loads what is known, and signs where this node is if that is new. The caller does the effects before any other.
    pub(crate) fn load(
        committee: &Committee,
        place: Option<NodeEndpoint>,
        stored: &Stored,
    ) -> Result<(Self, Vec<Write>, Vec<Effect>), StartError> {
        if let Some(Err(error)) = place.as_ref().map(NodeEndpoint::check) {
            return Err(StartError::Config(format!("this node's place: {error}")));
        }
        let (mut known, mut news) = (BTreeMap::new(), Vec::new());
        for member in committee.members() {
            let listed = committee.network.endpoint(member);
            let listed = listed.filter(|listed| listed.said_by(&committee.key_of(member))).cloned();
            let key = record(committee, member);
            let kept: Option<NodeEndpoint> = read(stored, &key)?;
            if kept.as_ref().is_some_and(|kept| !kept.said_by(&committee.key_of(member))) {
                return Err(StartError::Damaged { key });
            }
            let newer = kept.filter(|kept| kept.number() > listed.as_ref().map_or(0, NodeEndpoint::number));
            if let Some(endpoint) = newer.clone().filter(|_| member != committee.me) {
                news.push(Effect::Endpoint { node: member, endpoint });
            }
            known.extend(newer.or(listed).map(|word| (member, word)));
        }
        let mut endpoints = Endpoints {
            known,
            waiting: BTreeMap::new(),
            taken_mono_ms: BTreeMap::new(),
            place,
            untold: false,
            told_mono_ms: None,
        };
        let before = endpoints.known.get(&committee.me).cloned();
        let writes = endpoints.say(committee, before).into_iter();
        Ok((endpoints, writes.map(|(key, value)| Write { key, value }).collect(), news))
    }

    /// The newest word of a member.
    pub(crate) fn of(&self, member: NodeIndex) -> Option<&NodeEndpoint> {
        self.known.get(&member)
    }

    /// All newest words, for a greeting.
    pub(crate) fn all(&self) -> Vec<(NodeIndex, NodeEndpoint)> {
        self.known.iter().map(|(member, word)| (*member, word.clone())).collect()
    }

    /// Hears words that a peer passes on, at most as many as there are members.
    pub(crate) fn hear(
        &mut self,
        committee: &Committee,
        conducts: &mut Conducts,
        (from, words): (NodeIndex, Vec<(NodeIndex, NodeEndpoint)>),
        turn: &mut Turn<'_>,
    ) {
        let mut before = None;
        for (member, word) in words {
            // One that does not hold is enough: the rest is not even looked at.
            let ascending = before < Some(member);
            let sound = ascending && committee.is_member(member) && word.number() > 0;
            if !sound || (self.is_news(committee, member, &word) && word.check().is_err()) {
                return turn.fault(from, "endpoint");
            }
            before = Some(member);
            if !self.is_news(committee, member, &word) {
                continue;
            }
            if !conducts.pays(from, NEW_WORD_PRICE, turn.now.mono_ms) {
                return turn.fault(from, "frames");
            }
            if !word.said_by(&committee.key_of(member)) {
                return turn.fault(from, "endpoint");
            }
            self.waiting.insert(member, word);
        }
    }

    /// Whether a word goes beyond what is known. What is known, or older, is not verified.
    fn is_news(&self, committee: &Committee, member: NodeIndex, word: &NodeEndpoint) -> bool {
        let known = self.waiting.get(&member).or_else(|| self.known.get(&member));
        let number = known.map_or(0, NodeEndpoint::number);
        // Who has lost its store has perhaps said something else under its present number.
        let doubled = member == committee.me && word.number() == number && known != Some(word);
        word.number() > number || doubled
    }

    /// Takes what waits and is due. True if all peers are to be told.
    pub(crate) fn tick(&mut self, committee: &Committee, turn: &mut Turn<'_>) -> bool {
        let now = turn.now.mono_ms;
        let due = |member: &NodeIndex| now >= self.due_mono_ms(committee, *member);
        let due: Vec<NodeIndex> = self.waiting.keys().copied().filter(due).collect();
        for member in due {
            let Some(word) = self.waiting.remove(&member) else { continue };
            self.taken_mono_ms.insert(member, now);
            self.untold = true;
            if member == committee.me {
                let said = (record(committee, member), Some(bytes(&word)));
                let write = self.say(committee, Some(word)).unwrap_or(said);
                turn.persist([write]);
            } else {
                turn.persist([(record(committee, member), Some(bytes(&word)))]);
                turn.effects.push(Effect::Endpoint { node: member, endpoint: word.clone() });
                self.known.insert(member, word);
            }
        }
        let tell = self.untold && self.told_mono_ms.is_none_or(|told| now >= told + TELL_MS);
        if tell {
            (self.untold, self.told_mono_ms) = (false, Some(now));
        }
        tell
    }

    pub(crate) fn next_deadline(&self, committee: &Committee) -> Option<u64> {
        let take = self.waiting.keys().map(|member| self.due_mono_ms(committee, *member)).min();
        let tell = self.untold.then(|| self.told_mono_ms.map_or(0, |told| told + TELL_MS));
        [take, tell].into_iter().flatten().min()
    }

    fn due_mono_ms(&self, committee: &Committee, member: NodeIndex) -> u64 {
        let pause_ms = if member == committee.me { SIGN_MS } else { TAKE_MS };
        self.taken_mono_ms.get(&member).map_or(0, |taken| taken + pause_ms)
    }

    /// Says where this node is, above a word of its own. Nothing is to be written if that word says so already.
    fn say(
        &mut self,
        committee: &Committee,
        before: Option<NodeEndpoint>,
    ) -> Option<(String, Option<Zeroizing<Vec<u8>>>)> {
        let number = before.as_ref().map_or(0, NodeEndpoint::number);
        let place =
            self.place.clone().filter(|place| before.as_ref().is_none_or(|said| !said.same_place(place)));
        // After the last number nothing new can be said.
        let Some((place, number)) = place.zip(number.checked_add(1)) else {
            self.known.extend(before.map(|said| (committee.me, said)));
            return None;
        };
        let word = committee.say_place(place, number);
        let write = (record(committee, committee.me), Some(bytes(&word)));
        self.known.insert(committee.me, word);
        Some(write)
    }
}

fn record(committee: &Committee, member: NodeIndex) -> String {
    format!("endpoint/{}", committee.key_of(member))
}
