//! Plans in which the network is founded.

use super::{Fault, Plan, SECOND};
use crate::{
    byzantine::{FoundingHabits, Habits},
    entropy::Dice,
};

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
        };
        let liar = dice.place(self.slots());
        self.byzantine.insert(liar, Habits { founding, ..Habits::default() });
        self.found(dice);
    }
}
