//! People who sign out: at some of the nodes, while others are away; and who has heard of it.
//!
//! What a revocation ends is said here by what the world knows of each session, and not by what the engine decides by.

use std::{collections::BTreeSet, net::IpAddr, net::Ipv4Addr};

use ed25519_dalek::Signer as _;
use quorate_auth::{Ended, session_request_digest};
use quorate_engine::{Input, ReplyTo};
use quorate_wire::{
    Ends, RequestId, RevocationReply, RevocationRequest, RevocationSubmission, SessionKey,
    revocation_request_id,
};

use super::World;

/// Callers that sign out have numbers from here on.
const CALLERS: u64 = 1 << 40;
/// A session that ends so soon is not signed out any more, in milliseconds.
const LEAST_MS: u64 = 2_000;

/// A revocation that somebody has signed.
pub(super) struct SignOut {
    id: RequestId,
    key: SessionKey,
    /// The session that has signed it.
    session: usize,
    person: usize,
    everywhere: bool,
    at_ms: u64,
}

/// All revocations, and which slots have them.
#[derive(Default)]
pub(super) struct SignOuts {
    all: Vec<SignOut>,
    /// Those that a slot's present life has taken.
    taken: BTreeSet<(usize, usize)>,
    /// Those that are on a slot's disk.
    kept: BTreeSet<(usize, usize)>,
}

impl SignOuts {
    fn place(&self, ended: &Ended) -> Option<usize> {
        self.all.iter().position(|one| one.key == ended.session && one.at_ms == ended.at_ms)
    }

    pub(super) fn count(&self) -> usize {
        self.all.len()
    }

    fn has(&self, slot: usize, place: usize) -> bool {
        self.taken.contains(&(slot, place)) || self.kept.contains(&(slot, place))
    }

    /// A store was put back to what it was before.
    pub(super) fn rolled_back(&mut self, slot: usize) {
        self.kept.retain(|(of, _)| *of != slot);
    }

    /// A slot has a new life, which has taken nothing yet.
    pub(super) fn restarted(&mut self, slot: usize) {
        self.taken.retain(|(of, _)| *of != slot);
    }
}

impl World {
    /// Somebody signs out with the session in use, at these of the nodes: this person, or the next who has one.
    pub(super) fn signs_out(&mut self, first: usize, everywhere: bool, reaches: u64) {
        let now_ms = self.epoch_unix_ms + self.now_us / 1_000;
        let network = self.committee.id;
        let Some(people) = &mut self.people else { return };
        let in_use = |person: usize| {
            let number = people.current[person]?;
            let lasts = people.sessions[number].1.basis.expires_ms > now_ms + LEAST_MS;
            lasts.then_some((person, number))
        };
        let all = people.current.len();
        let Some((person, number)) = (0..all).find_map(|next| in_use((first + next) % all)) else { return };
        let (session, login) = people.session(number);
        let key = SessionKey(session.verifying_key().to_bytes());
        let request = RevocationRequest {
            v: 1,
            network,
            session: key,
            login: login.hash(),
            ends: if everywhere { Ends::Everywhere } else { Ends::Session },
            time_ms: now_ms,
        };
        let request = serde_json::to_vec(&request).expect("a request is JSON");
        let id = revocation_request_id(&network, &request);
        let sig = session.sign(&session_request_digest(&id)).to_bytes().to_vec();
        let submission = RevocationSubmission { request, sig, login };
        let place = people.outs.all.len();
        people.outs.all.push(SignOut { id, key, session: number, person, everywhere, at_ms: now_ms });
        people.current[person] = None;
        people.changes += 1;
        self.say(&format!("person {person} signs out, {number}, everywhere: {everywhere}"));
        for slot in (0..self.nodes.len()).filter(|slot| reaches >> slot & 1 == 1) {
            let reply_to = ReplyTo(CALLERS + u64::try_from(place * 64 + slot).unwrap_or(u64::MAX));
            let (source, submission) = (IpAddr::V4(Ipv4Addr::LOCALHOST), submission.clone());
            self.feed(slot, Input::Revocation { reply_to, source, submission }, None);
        }
    }

    fn ends(&self, one: &SignOut, number: usize) -> bool {
        let Some(people) = &self.people else { return false };
        let (person, opened) = &people.sessions[number];
        one.session == number
            || (one.everywhere && one.person == *person && opened.basis.proven_ms <= one.at_ms)
    }

    /// Whether a node has heard that a session was signed out.
    pub(super) fn is_out_at(&self, slot: usize, number: usize) -> bool {
        let Some(people) = &self.people else { return false };
        let outs = &people.outs;
        let mut all = outs.all.iter().enumerate();
        all.any(|(place, one)| outs.has(slot, place) && self.ends(one, number))
    }

    /// Whether a session was ever signed out.
    pub(super) fn is_out(&self, number: usize) -> bool {
        self.people.as_ref().is_some_and(|people| people.outs.all.iter().any(|one| self.ends(one, number)))
    }

    /// An honest node is about to have taken a revocation.
    pub(super) fn takes_revocation(&mut self, slot: usize, ended: &Ended) {
        let Some(people) = &mut self.people else { return };
        match people.outs.place(ended) {
            Some(place) => drop(people.outs.taken.insert((slot, place))),
            None => {
                let detail = format!("slot {slot}: {ended:?}");
                self.checker.broken("nobody ends what is somebody else's", detail);
            }
        }
    }

    /// It is on the node's disk, perhaps in the place of others that it stands for.
    pub(super) fn keeps_revocation(&mut self, slot: usize, ended: &Ended) {
        let Some(people) = &self.people else { return };
        let Some(place) = people.outs.place(ended) else { return };
        let new = &people.outs.all[place];
        let covered = |old: &SignOut| {
            new.everywhere && self.ends(new, old.session) && (!old.everywhere || old.at_ms <= new.at_ms)
        };
        let gone: BTreeSet<usize> = (0..people.outs.all.len())
            .filter(|other| *other != place && covered(&people.outs.all[*other]))
            .collect();
        let Some(people) = &mut self.people else { return };
        people.outs.kept.retain(|(of, other)| *of != slot || !gone.contains(other));
        people.outs.kept.insert((slot, place));
    }

    /// A node has started, and has taken what it remembers.
    pub(super) fn remembers_revocations(&mut self, slot: usize) {
        let Some(people) = &self.people else { return };
        let outs = &people.outs;
        let lost = outs.kept.iter().any(|(of, place)| *of == slot && !outs.taken.contains(&(slot, *place)));
        if lost && self.nodes[slot].honest() {
            self.checker.broken("a revocation is remembered over a start", format!("slot {slot}"));
        }
    }

    /// Somebody who signs out is told who has it: an honest node that is named has it on disk.
    pub(super) fn signed_out(&mut self, reply: &RevocationReply) {
        let Some(people) = &self.people else { return };
        let mut named = BTreeSet::new();
        let wrong = reply.held.iter().find(|held| {
            let place = people.outs.all.iter().position(|one| one.id == held.body.revocation);
            let slot = (0..usize::from(self.plan.shape.n)).find(|slot| self.nodes[*slot].index == held.node);
            let Some((place, slot)) = place.zip(slot) else { return true };
            let excused = !self.nodes[slot].honest() || self.fenced.contains(&held.node);
            let out = || self.ended_at(slot, &people.outs.all[place]);
            !named.insert(held.node) || !(excused || out())
        });
        let (n, t) = (usize::from(self.plan.shape.n), usize::from(self.plan.shape.t));
        if wrong.is_some() || reply.done != (n - reply.held.len() < t) {
            self.checker.broken("who is said to have a revocation has it", format!("{reply:?}"));
        }
    }

    /// Whether a node takes nothing more of all that a revocation ends.
    fn ended_at(&self, slot: usize, one: &SignOut) -> bool {
        let sessions = self.people.as_ref().map_or(0, |people| people.sessions.len());
        (0..sessions).filter(|number| self.ends(one, *number)).all(|number| self.is_out_at(slot, number))
    }

    /// A node that could take a revocation which an honest one has, and still takes what it ends.
    pub(super) fn not_told(&self) -> Option<String> {
        let people = self.people.as_ref()?;
        let honest = || {
            let founding = 0..usize::from(self.plan.shape.n);
            founding.filter(|slot| {
                let node = &self.nodes[*slot];
                node.honest() && node.alive() && !self.fenced.contains(&node.index)
            })
        };
        let told = people.outs.all.iter().enumerate();
        let told = told.filter(|(place, _)| honest().any(|slot| people.outs.has(slot, *place)));
        told.flat_map(|(_, one)| honest().map(move |slot| (one, slot))).find_map(|(one, slot)| {
            let basis = &people.sessions[one.session].1.basis;
            let could = self.reading(slot).is_some_and(|reading| self.checker.has_all(slot, basis, reading));
            (could && !self.ended_at(slot, one))
                .then(|| format!("slot {slot} has not heard that session {} is out", one.session))
        })
    }
}
