//! Plans in which the liars lie about starts, and nothing else is wrong: honest pairs stay as they are.

use super::{Fault, Plan, SECOND};
use crate::{
    byzantine::{Habits, StartHabits},
    entropy::Dice,
};

impl Plan {
    pub(super) fn lie_about_starts(&mut self, dice: &mut Dice) {
        let sides = self.lie_in_agreement(dice, 1_000, |_, dice| Habits {
            starts: StartHabits {
                claims: u32::try_from(dice.between(100, 900)).unwrap_or(0),
                proposes: u32::try_from(dice.between(100, 900)).unwrap_or(0),
                loses: if dice.happens(250) { 50 } else { 0 },
            },
            ..Habits::default()
        });
        // Then there is a start of before that can be shown again, before anybody lies.
        if let Some(slot) = dice.pick(&sides.honest).copied() {
            self.faults.push((SECOND, Fault::Crash { slot, noticed: true }));
            self.faults.push((SECOND + SECOND / 5, Fault::Restart { slot }));
        }
    }
}
