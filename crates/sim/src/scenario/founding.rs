//! Plans in which the network is founded.

use super::{FOUNDINGS, Fault, Plan, SECOND};
use crate::{
    byzantine::{FoundingHabits, Habits, VoteLie},
    committee::Shape,
    entropy::Dice,
    links::Weather,
};

/// The first of the seeds of foundings in which one kill is all that happens: each at another write or send.
pub const KILLS: u64 = FOUNDINGS + FOUNDINGS / 2;
/// Their committee.
const KILLED: Shape = Shape { n: 3, t: 2 };

/// A kill between two writes or sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kill {
    /// Who is about to make it.
    pub(crate) slot: usize,
    /// Whether all end at that moment, or that one alone.
    pub(crate) all: bool,
    /// How many writes and sends it has made since its start.
    pub(crate) point: u64,
}

impl Kill {
    /// How many kills there are at each point.
    pub(crate) const AT_A_POINT: u64 = 2 * KILLED.n as u64;

    /// The kill of a seed, if it is of these.
    pub(crate) fn of(seed: u64) -> Option<Kill> {
        let number = seed.checked_sub(KILLS).filter(|number| *number < FOUNDINGS / 2)?;
        let who = usize::try_from(number % Self::AT_A_POINT).ok()?;
        let members = usize::from(KILLED.n);
        Some(Kill { slot: who % members, all: who >= members, point: number / Self::AT_A_POINT })
    }

    pub(super) fn plan(self, seed: u64) -> Plan {
        let mut dice = Dice::new(seed, "kill");
        let weather = Weather {
            delay_us: dice.between(100, 8_000),
            jitter_us: dice.between(100, 4_000),
            ..Weather::CALM
        };
        let founding = Plan::founding(KILLED);
        Plan { weather, heal_us: 20 * SECOND, only_founds: true, kill: Some(self), ..founding }
    }
}

impl Plan {
    pub(super) fn found(&mut self, dice: &mut Dice) {
        self.heal_us = 10 * SECOND;
        if dice.happens(500) {
            self.storm(dice);
            self.weather.lost /= 4;
        }
        let crashes = dice.between(0, 2);
        for _ in 0..crashes {
            let slot = dice.place(self.slots());
            let at_us = dice.between(100_000, 6 * SECOND);
            if dice.happens(500) {
                let effects = u32::try_from(dice.between(1, 40)).unwrap_or(1);
                self.faults.push((at_us, Fault::Fuse { slot, effects }));
            } else {
                self.faults.push((at_us, Fault::Crash { slot, noticed: dice.happens(500) }));
            }
            self.faults.push((at_us + dice.between(50_000, 3 * SECOND), Fault::Restart { slot }));
        }
        self.wishes.clear();
    }

    /// One member lies about its share. The others may crash and lose messages, as in any founding.
    pub(super) fn lie_while_founding(&mut self, dice: &mut Dice) {
        let certifies_two = dice.happens(600);
        let founding = FoundingHabits {
            certifies_two,
            parts: !certifies_two && dice.happens(700),
            hurries: dice.happens(400),
            repeats: dice.happens(500),
            vote: None,
        };
        let liar = dice.place(self.slots());
        self.byzantine.insert(liar, Habits { founding, ..Habits::default() });
        self.found(dice);
    }

    /// What makes a founding hard, beyond [`Plan::found`]: members that come late or too early, kills between any two
    /// writes and sends, of one or of all at once, and a liar about its vote.
    pub(super) fn trouble_founding(&mut self, dice: &mut Dice) {
        self.heal_us = 30 * SECOND;
        match dice.between(0, 5) {
            // One is away for long.
            0 => self.away(dice.place(self.slots()), dice.between(5 * SECOND, 25 * SECOND)),
            // One is early, and alone.
            1 => {
                let early = dice.place(self.slots());
                let until_us = dice.between(3 * SECOND, 15 * SECOND);
                for slot in (0..self.slots()).filter(|slot| *slot != early) {
                    self.away(slot, until_us + dice.between(0, 2 * SECOND));
                }
            }
            // One is killed after each effect in turn, over the seeds.
            2 => self.kill(dice.place(self.slots()), dice),
            // All are, each at its own step.
            3 => (0..self.slots()).for_each(|slot| self.kill(slot, dice)),
            // All lose their power at once.
            4 => {
                let at_us = dice.between(100_000, 8 * SECOND);
                for slot in 0..self.slots() {
                    self.faults.push((at_us, Fault::Crash { slot, noticed: false }));
                    self.faults.push((at_us + dice.between(1, 5 * SECOND), Fault::Restart { slot }));
                }
            }
            _ => {}
        }
        let lies = [VoteLie::Signature, VoteLie::Roots, VoteLie::Changes, VoteLie::Withholds, VoteLie::Never];
        if let Some(habits) = self.byzantine.values_mut().next() {
            habits.founding.vote = if dice.happens(700) { dice.pick(&lies).copied() } else { None };
        }
    }

    fn away(&mut self, slot: usize, until_us: u64) {
        self.faults.push((0, Fault::Crash { slot, noticed: true }));
        self.faults.push((until_us, Fault::Restart { slot }));
    }

    /// The process ends after so many effects, from its start or from some moment on, once or several times.
    fn kill(&mut self, slot: usize, dice: &mut Dice) {
        let (times, mut at_us) = (dice.between(1, 3), 0);
        for _ in 0..times {
            let effects = u32::try_from(dice.between(0, 160)).unwrap_or(1);
            self.faults.push((at_us, Fault::Fuse { slot, effects }));
            at_us += dice.between(2 * SECOND, 6 * SECOND);
            self.faults.push((at_us, Fault::Restart { slot }));
        }
    }
}
