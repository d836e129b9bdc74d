//! People who log in by an issuer, by passkeys or by several methods; the issuer, and the nodes that ask for its keys.

use ed25519_dalek::SigningKey;
use quorate_wire::{Capability, CapabilityAction, CapabilityKey, Login, LoginId, RequestId};

use super::{Event, SECOND_US, Work, World, keys::cid, sign_outs::SignOuts};
use crate::{
    chain::{Granted, State, View},
    entropy::Dice,
    invariants::Reading,
    issuer::{Holding, Issuer, Mood},
    person::{Opened, Person, Wanted},
    scenario::{Chosen, Deed, IssuerFault, KEYS, Who},
};

/// How soon a node asks the issuer again because of a key that it does not have.
const AGAIN_US: u64 = SECOND_US;
/// Sessions that do not end while they are looked at.
const LONG_MS: u64 = 3_600_000;

/// What can happen next to people and to the shells of nodes.
pub(super) enum PeopleEvent {
    /// A node asks the issuer.
    Ask { slot: usize, generation: u32 },
    /// The issuer's answer reaches it, or nothing does.
    Answer { slot: usize, generation: u32 },
    /// Somebody does something beside asking for an execution.
    Deed(Deed),
}

/// Everybody, and the issuer.
pub(super) struct People {
    all: Vec<Person>,
    /// Sessions that were ever allowed, and whose.
    pub(super) sessions: Vec<(usize, Opened)>,
    /// The session that each person uses.
    pub(super) current: Vec<Option<usize>>,
    issuer: Issuer,
    dice: Dice,
    /// How often something has changed that a session rests on.
    pub(super) changes: u32,
    pub(super) outs: SignOuts,
}

impl People {
    pub(super) fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed, "people");
        let all = Person::all(&mut dice);
        let current = vec![None; all.len()];
        People {
            all,
            sessions: Vec::new(),
            current,
            issuer: Issuer::new(),
            dice,
            changes: 0,
            outs: SignOuts::default(),
        }
    }

    /// How many sessions were ever allowed, and how many times somebody signed out.
    pub(super) fn counts(&self) -> (u32, u32) {
        let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        (count(self.sessions.len()), count(self.outs.count()))
    }

    pub(super) fn id(&self, person: usize) -> LoginId {
        self.all[person].id()
    }

    pub(super) fn subjects(&self, person: usize) -> Vec<Granted> {
        self.all[person].subjects().collect()
    }

    pub(super) fn session(&self, number: usize) -> (&SigningKey, Login) {
        let opened = &self.sessions[number].1;
        (&opened.session, opened.login.clone())
    }
}

/// The key on which somebody has a grant.
pub(super) fn key_of(person: usize) -> usize {
    person % KEYS
}

/// What sessions of people may do: run anything, and use what is granted to the person in one action.
pub(super) fn capabilities() -> [Capability; 2] {
    let action = CapabilityAction::Named(cid(Chosen::ByOwner));
    [
        Capability::Use { key: CapabilityKey::Own, action },
        Capability::Use { key: CapabilityKey::Any, action: CapabilityAction::Any },
    ]
}

impl World {
    /// Grants each person a key, by one of the methods, and lists the issuer.
    pub(super) fn let_people_in(&mut self, state: &mut State) {
        let Some(people) = &self.people else { return };
        for person in 0..people.all.len() {
            // The last of the methods that are no wallet.
            let subject =
                people.subjects(person).into_iter().rfind(|subject| !matches!(subject, Granted::Address(_)));
            if let (Some(subject), Some(key)) = (subject, self.keys.get(key_of(person))) {
                state.grant(key, subject, Some(super::keys::SIGN_ANYTHING));
            }
        }
        state.issuer_rule = Some(0);
    }

    pub(super) fn people_event(&mut self, event: PeopleEvent) {
        match event {
            PeopleEvent::Ask { slot, generation } if self.nodes[slot].generation == generation => {
                self.ask_issuer(slot);
            }
            PeopleEvent::Answer { slot, generation } if self.nodes[slot].generation == generation => {
                self.issuer_answers(slot);
            }
            PeopleEvent::Ask { .. } | PeopleEvent::Answer { .. } => {}
            PeopleEvent::Deed(deed) => self.deed(deed),
        }
    }

    fn deed(&mut self, deed: Deed) {
        self.say(&format!("deed {deed:?}"));
        let Some(people) = &mut self.people else { return };
        match deed {
            Deed::LeavesSession(person) => people.current[person] = None,
            Deed::SignsOut { person, everywhere, reaches } => self.signs_out(person, everywhere, reaches),
        }
    }

    pub(super) fn issuer_fault(&mut self, fault: IssuerFault) {
        let Some(people) = &mut self.people else { return };
        match fault {
            IssuerFault::Rotates { withdraws } => people.issuer.rotate(withdraws),
            IssuerFault::Feels(mood) => people.issuer.mood = mood,
            IssuerFault::Listed(rule) => {
                people.changes += 1;
                self.chain.pending().issuer_rule = rule;
            }
        }
    }

    /// Faults end. The issuer is not the network's, and may stay as it is.
    pub(super) fn heal_people(&mut self) {
        if let Some(people) = self.people.as_mut().filter(|_| !self.plan.issuer_stays_ill) {
            people.issuer.mood = Mood::Well;
            people.changes += 1;
            self.chain.pending().issuer_rule = Some(0);
        }
    }

    /// The session of somebody who asks through a node: the one that stands, or a new one.
    pub(super) fn session_of(&mut self, person: usize, slot: usize) -> Option<usize> {
        let (block, block_ms) = self.nodes[slot].view.as_ref()?.parent();
        let now_ms = self.epoch_unix_ms + self.now_us / 1_000;
        if let Some(number) = self.people.as_ref()?.current[person] {
            // Once all is well, whoever is not let in any more comes in again.
            let stands = !self.healed || self.stands(number).is_some();
            if stands && self.people.as_ref()?.sessions[number].1.basis.expires_ms > now_ms {
                return Some(number);
            }
        }
        let people = self.people.as_mut()?;
        let brief = people.dice.happens(150);
        let life_ms = if brief && !self.healed { people.dice.between(3_000, 9_000) } else { LONG_MS };
        let (network, capabilities) = (&self.committee.id, &capabilities()[..]);
        let wanted = Wanted { network, capabilities, block, block_ms, now_ms, life_ms };
        let opened = people.all[person].log_in(&mut people.dice, &wanted, &people.issuer);
        let number = people.sessions.len();
        people.sessions.push((person, opened));
        people.current[person] = Some(number);
        self.say(&format!("person {person} logs in, {number}"));
        for slot in 0..self.nodes.len() {
            self.note_logins(slot, number);
        }
        Some(number)
    }

    /// The checker learns what a node could take from now on, of sessions from this number on.
    fn note_logins(&mut self, slot: usize, from: usize) {
        let (Some(people), Some(reading)) = (&self.people, self.reading(slot)) else { return };
        let life = self.nodes[slot].life();
        for (number, (_, opened)) in people.sessions.iter().enumerate().skip(from) {
            self.checker.could_take(life, (number, &opened.basis), reading);
        }
    }

    pub(super) fn reading(&self, slot: usize) -> Option<Reading> {
        self.nodes[slot].view.as_deref().map(reading)
    }

    /// Whether a node's own view lets it act on a session now.
    pub(super) fn may_take(&self, slot: usize, number: usize) -> bool {
        if self.is_out_at(slot, number) {
            return false;
        }
        let (Some(people), Some(reading)) = (&self.people, self.reading(slot)) else { return false };
        self.checker.may_take(self.nodes[slot].life(), (number, &people.sessions[number].1.basis), reading)
    }

    /// Whether a node's own clock has come to the end of a session.
    fn is_over(&self, slot: usize, number: usize) -> bool {
        let now = self.nodes[slot].now(self.now_us, self.epoch_unix_ms);
        self.people.as_ref().is_some_and(|people| people.sessions[number].1.basis.expires_ms <= now.unix_ms)
    }

    /// How often something has changed that sessions rest on, if every node has all that this session needs.
    pub(super) fn stands(&self, number: usize) -> Option<u32> {
        let people = self.people.as_ref().filter(|_| !self.is_out(number))?;
        let basis = &people.sessions[number].1.basis;
        let all = (0..usize::from(self.plan.shape.n)).all(|slot| {
            let life = self.nodes[slot].life();
            // Requests take a moment: the session must not end meanwhile.
            let lasts = basis.expires_ms > self.epoch_unix_ms + self.now_us / 1_000 + 10_000;
            let takes = |reading| {
                self.checker.has_all(slot, basis, reading) && !self.checker.has_ended(life, number, reading)
            };
            lasts && self.reading(slot).is_some_and(takes)
        });
        all.then_some(people.changes)
    }

    /// An honest node begins a run for somebody's session.
    pub(super) fn begins_for_person(&mut self, slot: usize, request: &RequestId) {
        let Some(number) = self.session_behind(request) else { return };
        if !self.may_take(slot, number) || self.is_over(slot, number) {
            let detail = format!("{:?} begins {request} under session {number}", self.nodes[slot].life());
            self.checker.broken("no run under a login that the node's own rule forbids", detail);
        }
    }

    /// The session of a person that made a request.
    pub(super) fn session_behind(&self, request: &RequestId) -> Option<usize> {
        let number = self.wishes.iter().position(|wish| wish.of(request))?;
        self.wishes[number].session
    }

    /// A head has come: the Directory's rule may be another one. True if the engine is given keys before.
    pub(super) fn look(&mut self, slot: usize, view: &View) {
        if self.people.is_none() {
            return;
        }
        let rule = reading(view).rule;
        if self.nodes[slot].shell.look(rule) {
            self.give_keys(slot);
            if rule.is_some() {
                self.ask_issuer(slot);
            }
        }
    }

    /// A node has seen something new.
    pub(super) fn has_looked(&mut self, slot: usize) {
        self.note_logins(slot, 0);
    }

    fn give_keys(&mut self, slot: usize) {
        let held = self.nodes[slot].shell.held.clone();
        self.give(slot, Work::Keys(held));
    }

    /// The engine is given the issuer's keys, and the checker told of what documents they are.
    pub(super) fn keys_given(&mut self, slot: usize, held: Option<&Holding>) {
        self.checker.given_keys(slot, held.map(|held| held.documents.clone()).unwrap_or_default());
        self.has_looked(slot);
    }

    /// An engine wants a key that it does not have.
    pub(super) fn want_keys(&mut self, slot: usize) {
        let shell = &self.nodes[slot].shell;
        if self.people.is_none() || shell.rule.is_none() {
            return;
        }
        let soonest_us = shell.asked_us.map_or(self.now_us, |asked_us| asked_us + AGAIN_US);
        let generation = self.nodes[slot].generation;
        if soonest_us <= self.now_us {
            self.ask_issuer(slot);
        } else {
            self.at(soonest_us, Event::People(PeopleEvent::Ask { slot, generation }));
        }
    }

    fn ask_issuer(&mut self, slot: usize) {
        let now_us = self.now_us;
        let Some(people) = &mut self.people else { return };
        let node = &mut self.nodes[slot];
        let lately = node.shell.asked_us.is_some_and(|asked_us| asked_us + AGAIN_US / 2 > now_us);
        if node.shell.asking || lately || node.shell.rule.is_none() {
            return;
        }
        (node.shell.asking, node.shell.asked_us) = (true, Some(now_us));
        let (generation, us) = (node.generation, people.dice.between(20_000, 600_000));
        self.after(us, Event::People(PeopleEvent::Answer { slot, generation }));
    }

    fn issuer_answers(&mut self, slot: usize) {
        let (now_us, epoch_unix_ms, healed) = (self.now_us, self.epoch_unix_ms, self.healed);
        let Some(people) = &mut self.people else { return };
        let node = &mut self.nodes[slot];
        node.shell.asking = false;
        let lost = !healed && people.dice.happens(100);
        let answer = if lost { None } else { people.issuer.answer() };
        let generation = node.generation;
        let again_us = people.dice.between(2 * SECOND_US, 5 * SECOND_US);
        let now = node.now(now_us, epoch_unix_ms);
        let changed = node.shell.heard(answer, now.unix_ms);
        // Where a name means another key, sessions of before may not stand any more.
        people.changes += u32::from(changed && people.issuer.mood != Mood::Well);
        if changed {
            self.say(&format!("{slot} has other keys of the issuer"));
            self.give_keys(slot);
        }
        self.after(again_us, Event::People(PeopleEvent::Ask { slot, generation }));
    }

    /// Somebody for a probe: whose session stands since before, or who logs in anew.
    pub(super) fn prober(&mut self) -> Who {
        let stays_ill = self.plan.issuer_stays_ill;
        let Some(people) = self.people.as_mut().filter(|_| !stays_ill) else { return Who::Wallet };
        Who::Person(people.dice.place(people.all.len()))
    }
}

fn reading(view: &View) -> Reading {
    let height = view.height();
    Reading { rule: view.issuer_rule(), height: u64::try_from(height).unwrap_or(u64::MAX) }
}
