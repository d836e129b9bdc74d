//! How a founding ends, where nothing but the founding is looked at.

use quorate_engine::Effect;
use quorate_threshold::KeySetShares;

use super::{Event, SECOND_US, World};
use crate::{
    byzantine::VoteLie,
    scenario::{Fault, Kill},
};

/// From the end of all faults until the network is founded, or says who has to act.
const FOUNDING_US: u64 = 60 * SECOND_US;
/// Where somebody never votes, nothing more is to be expected after this.
const NO_VOTE_US: u64 = 20 * SECOND_US;

impl World {
    /// A founding ends with one key set that every honest node holds, or with a name.
    pub(super) fn settle_founding(&mut self) {
        let honest: Vec<usize> =
            (0..usize::from(self.plan.shape.n)).filter(|slot| self.nodes[*slot].honest()).collect();
        let Some(lacking) = honest.iter().find_map(|slot| self.not_founded(*slot)) else {
            if let Some(lost) = honest.iter().find_map(|slot| self.lost_share(*slot)) {
                self.checker.broken("no key is lost", lost);
            }
            honest.iter().for_each(|slot| self.check_shares(*slot));
            let first_lives = self.nodes.iter().filter(|node| node.generation == 1);
            self.tally.points = first_lives.map(|node| node.points).max().unwrap_or_default();
            self.tally.founded = true;
            self.done = true;
            return;
        };
        let patience_us = if self.never_votes() { NO_VOTE_US } else { FOUNDING_US };
        let over_us = self.plan.heal_us + patience_us;
        if self.now_us < over_us {
            return self.after(SECOND_US / 4, Event::Settle);
        }
        if self.chain.roots().is_none() && honest.iter().all(|slot| self.names_who_acts(*slot)) {
            self.tally.waiting = true;
            self.done = true;
        } else if self.now_us >= over_us + FOUNDING_US {
            self.checker.broken("a founding ends, or says who has to act", lacking);
        }
        self.after(SECOND_US / 4, Event::Settle);
    }

    /// Whether a node is killed before it does this. It and all that end with it start again soon.
    pub(super) fn killed_at(&mut self, slot: usize, effect: &Effect) -> bool {
        let point = matches!(
            effect,
            Effect::Persist(_) | Effect::Send { .. } | Effect::PassOn { .. } | Effect::SubmitRoots { .. }
        );
        if !point {
            return false;
        }
        let node = &mut self.nodes[slot];
        let (before, first_life) = (node.points, node.generation == 1);
        node.points += 1;
        let here = |kill: &Kill| first_life && (kill.slot, kill.point) == (slot, before);
        let Some(kill) = self.plan.kill.filter(here) else { return false };
        self.say(&format!("{slot} is killed before its write or send {before}: {kill:?}"));
        let killed: Vec<usize> = if kill.all { (0..self.nodes.len()).collect() } else { vec![slot] };
        for slot in killed {
            let noticed = self.dice.happens(500);
            self.crash(slot, noticed);
            let down_us = self.dice.between(50_000, 3 * SECOND_US);
            self.after(down_us, Event::Fault(Fault::Restart { slot }));
        }
        true
    }

    /// What a node has on its disk of a key generation is a share of each root, or nothing: never some of the six.
    pub(super) fn check_shares(&mut self, slot: usize) {
        let node = &self.nodes[slot];
        let shares = node.store.iter().filter(|(key, _)| {
            key.starts_with("epoch/1/share/pending/") || key.as_str() == "epoch/1/share/roots"
        });
        let broken = shares.filter(|(_, bytes)| {
            let whole = KeySetShares::from_secret_bytes(bytes);
            whole.map_or(true, |shares| shares.roots().iter().any(|root| root.public_key.is_empty()))
        });
        if let Some(key) = broken.map(|(key, _)| key.clone()).next().filter(|_| node.honest()) {
            self.checker.broken("a node has all six shares or none", format!("slot {slot} has {key}"));
        }
    }

    fn not_founded(&self, slot: usize) -> Option<String> {
        let Some(engine) = &self.nodes[slot].engine else { return Some(format!("slot {slot} is down")) };
        let status = engine.status();
        let founded = status.roots.is_some() && status.roots == self.chain.roots();
        (!founded).then(|| format!("slot {slot} waits for {:?}", status.waiting_for))
    }

    /// What a node has on its disk must be a share of the very roots that the chain shows.
    fn lost_share(&self, slot: usize) -> Option<String> {
        let stored = self.nodes[slot].store.get("epoch/1/share/roots");
        let shares = stored.and_then(|bytes| KeySetShares::from_secret_bytes(bytes).ok());
        let roots = self.chain.roots()?;
        let held = shares.is_some_and(|shares| {
            shares.roots().iter().zip(roots.iter()).all(|(held, (_, root))| held.public_key == root)
        });
        (!held).then(|| format!("slot {slot} has no share of the roots that stand"))
    }

    /// Whether a liar never votes: nobody can found a network with it.
    fn never_votes(&self) -> bool {
        self.plan.byzantine.values().any(|habits| habits.founding.vote == Some(VoteLie::Never))
    }

    /// Whether a node says that it waits for a liar, or for operators.
    fn names_who_acts(&self, slot: usize) -> bool {
        let status = self.nodes[slot].engine.as_ref().map(quorate_engine::Engine::status);
        let text = status.and_then(|status| status.waiting_for).unwrap_or_default();
        let mut liars = self.plan.byzantine.keys().map(|slot| self.nodes[*slot].index);
        text.starts_with("the operators") || liars.any(|liar| text.contains(&format!("node {liar}")))
    }
}
