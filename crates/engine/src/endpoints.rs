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
/// A member that says something new again and again waits twice as long each time, up to this.
const TAKE_MS_MAX: u64 = 640_000;
/// So many pauses after its last word a member begins anew.
const CALM_PAUSES: u64 = 4;
/// This node takes a higher number no sooner after it has taken one.
const SIGN_MS: u64 = 60_000;
/// New words are told to all no sooner after others.
const TELL_MS: u64 = 1_000;
/// What was sent in a connection is sent once more after this, all together: a greeting may be lost, or be overtaken.
const AGAIN_MS: u64 = 60_000;

pub(crate) struct Endpoints {
    known: BTreeMap<NodeIndex, NodeEndpoint>,
    /// Newer words whose time has not come: one of each member. Of this node, what a peer remembers of an earlier disk.
    waiting: BTreeMap<NodeIndex, NodeEndpoint>,
    taken: BTreeMap<NodeIndex, Taken>,
    /// Where this node is, by its operator.
    place: Option<NodeEndpoint>,
    /// What each connected peer has of this node, or this node of it.
    told: BTreeMap<NodeIndex, TellingOf>,
    untold: bool,
    told_mono_ms: Option<u64>,
}

/// When a member's word was taken, and how long the next one waits.
#[derive(Clone, Copy)]
struct Taken {
    mono_ms: u64,
    pause_ms: u64,
}

/// What was told in one connection.
#[derive(Default)]
struct TellingOf {
    /// The number of each member's word that the peer has: it was sent, or came from there.
    numbers: BTreeMap<NodeIndex, u64>,
    /// When all of it is sent once more.
    again_mono_ms: Option<u64>,
    /// Whether it is being sent once more.
    repeats: bool,
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
            taken: BTreeMap::new(),
            place,
            told: BTreeMap::new(),
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

    /// A new connection: nothing was told in it.
    pub(crate) fn connected(&mut self, peer: NodeIndex) {
        self.told.insert(peer, TellingOf::default());
    }

    /// The words that a greeting tells a peer: those that are newer than what the peer has. All of them for one that has not
    /// greeted yet, which may have heard nothing.
    pub(crate) fn tell(
        &mut self,
        (peer, greeted): (NodeIndex, bool),
        now_mono_ms: u64,
    ) -> Vec<(NodeIndex, NodeEndpoint)> {
        let telling = self.told.entry(peer).or_default();
        if !greeted {
            telling.numbers.clear();
        }
        let has = |member: &NodeIndex| telling.numbers.get(member).copied().unwrap_or(0);
        // A word without a number is the file's, and everybody has it.
        let news: Vec<(NodeIndex, NodeEndpoint)> = self
            .known
            .iter()
            .filter(|(member, word)| word.number() > has(member))
            .map(|(member, word)| (*member, word.clone()))
            .collect();
        telling.numbers.extend(news.iter().map(|(member, word)| (*member, word.number())));
        // What is sent once more is not sent a third time.
        if !news.is_empty() && !telling.repeats {
            telling.again_mono_ms.get_or_insert(now_mono_ms + AGAIN_MS);
        }
        telling.repeats = false;
        news
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
                self.has(from, member, word.number());
                continue;
            }
            if !conducts.pays(from, NEW_WORD_PRICE, turn.now.mono_ms) {
                return turn.fault(from, "frames");
            }
            if !word.said_by(&committee.key_of(member)) {
                return turn.fault(from, "endpoint");
            }
            self.has(from, member, word.number());
            self.waiting.insert(member, word);
        }
    }

    /// A peer has shown that it has a word: it need not be told.
    fn has(&mut self, peer: NodeIndex, member: NodeIndex, number: u64) {
        let known = self.told.entry(peer).or_default().numbers.entry(member).or_default();
        *known = number.max(*known);
    }

    /// Whether a word goes beyond what is known. What is known, or older, is not verified.
    fn is_news(&self, committee: &Committee, member: NodeIndex, word: &NodeEndpoint) -> bool {
        let known = self.waiting.get(&member).or_else(|| self.known.get(&member));
        let number = known.map_or(0, NodeEndpoint::number);
        // Who has lost its store has perhaps said something else under its present number.
        let doubled = member == committee.me && word.number() == number && known != Some(word);
        word.number() > number || doubled
    }

    /// Takes what waits and is due. The peers of `connected` that are to be told something.
    pub(crate) fn tick(
        &mut self,
        committee: &Committee,
        connected: impl Fn(NodeIndex) -> bool,
        turn: &mut Turn<'_>,
    ) -> Vec<NodeIndex> {
        let now = turn.now.mono_ms;
        let due = |member: &NodeIndex| now >= self.due_mono_ms(committee, *member);
        let due: Vec<NodeIndex> = self.waiting.keys().copied().filter(due).collect();
        for member in due {
            let Some(word) = self.waiting.remove(&member) else { continue };
            self.taken.insert(member, self.taken_now(committee, member, now));
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
        for (peer, telling) in &mut self.told {
            if !connected(*peer) {
                telling.again_mono_ms = None;
            } else if telling.again_mono_ms.is_some_and(|again| now >= again) {
                *telling = TellingOf { repeats: true, ..TellingOf::default() };
                self.untold = true;
            }
        }
        if !self.untold || self.told_mono_ms.is_some_and(|told| now < told + TELL_MS) {
            return Vec::new();
        }
        (self.untold, self.told_mono_ms) = (false, Some(now));
        let (news, others): (Vec<_>, Vec<_>) =
            committee.peers().filter(|peer| connected(*peer)).partition(|peer| self.has_news_for(*peer));
        // What was to be sent once more came back from there meanwhile: what is new next is sent twice again.
        for peer in others {
            self.told.entry(peer).or_default().repeats = false;
        }
        news
    }

    fn has_news_for(&self, peer: NodeIndex) -> bool {
        let has = |member: &NodeIndex| {
            self.told.get(&peer).and_then(|telling| telling.numbers.get(member)).copied().unwrap_or(0)
        };
        self.known.iter().any(|(member, word)| word.number() > has(member))
    }

    pub(crate) fn next_deadline(&self, committee: &Committee) -> Option<u64> {
        let take = self.waiting.keys().map(|member| self.due_mono_ms(committee, *member)).min();
        let tell = self.untold.then(|| self.told_mono_ms.map_or(0, |told| told + TELL_MS));
        let again = self.told.values().filter_map(|telling| telling.again_mono_ms).min();
        [take, tell, again].into_iter().flatten().min()
    }

    fn due_mono_ms(&self, committee: &Committee, member: NodeIndex) -> u64 {
        let pause_ms = |taken: &Taken| if member == committee.me { SIGN_MS } else { taken.pause_ms };
        self.taken.get(&member).map_or(0, |taken| taken.mono_ms + pause_ms(taken))
    }

    /// A word is taken: the next one waits longer, if the one before was taken a short time ago.
    fn taken_now(&self, committee: &Committee, member: NodeIndex, now_mono_ms: u64) -> Taken {
        let before = self.taken.get(&member).filter(|_| member != committee.me);
        let pause_ms = match before {
            Some(before) if now_mono_ms < before.mono_ms + CALM_PAUSES * before.pause_ms => {
                (2 * before.pause_ms).min(TAKE_MS_MAX)
            }
            _ => TAKE_MS,
        };
        Taken { mono_ms: now_mono_ms, pause_ms }
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
