//! Plans in which grants are taken away and given back while signatures are made.

use super::{Fault, KEYS, Plan, SECOND};
use crate::entropy::Dice;

impl Plan {
    pub(super) fn revoke(&mut self, dice: &mut Dice) {
        for lag in &mut self.lags_us {
            *lag = if dice.happens(500) {
                dice.between(1_000, 50_000)
            } else {
                dice.between(50_000, 3 * SECOND)
            };
        }
        let times = dice.between(2, 6);
        for _ in 0..times {
            let key = dice.place(KEYS);
            let granted = dice.happens(400);
            self.faults.push((dice.between(3 * SECOND, 11 * SECOND), Fault::Grant { key, granted }));
        }
        if dice.happens(300) {
            let slot = dice.place(self.slots());
            // Longer than a head may be old: requests come late, and find a view that is stale.
            self.heal_us = 45 * SECOND;
            self.faults.push((2 * SECOND, Fault::Deaf { slot, deaf: true }));
            self.faults.push((44 * SECOND, Fault::Deaf { slot, deaf: false }));
            for wish in &mut self.wishes {
                wish.at_us += dice.between(20 * SECOND, 30 * SECOND);
            }
        }
        if dice.happens(300) {
            let slot = dice.place(self.slots());
            // Heads go on to come, each as old as a head may be at most, or older.
            self.heal_us = 80 * SECOND;
            let lag_us = dice.between(20 * SECOND, 45 * SECOND);
            self.faults.push((3 * SECOND, Fault::SlowChain { slot, lag_us }));
            for wish in &mut self.wishes {
                wish.at_us += dice.between(10 * SECOND, 60 * SECOND);
            }
        }
        for wish in &mut self.wishes {
            wish.compute_ms = dice.between(0, 900);
        }
    }
}
