//! Plans in which liars send or coordinate wrongly.

use quorate_wire::NodeIndex;

use super::{Plan, alteration};
use crate::{byzantine::Habits, entropy::Dice};

impl Plan {
    pub(super) fn liars(&mut self, dice: &mut Dice, coordinate: bool) {
        let most = usize::from(self.shape.t - 1).min(usize::from(self.shape.n - self.shape.t));
        let count = if most > 1 && dice.happens(600) { most } else { 1 };
        while self.byzantine.len() < count {
            let slot = dice.place(self.slots());
            let habits = if coordinate { coordinator(dice) } else { self.sender(dice, slot) };
            self.byzantine.entry(slot).or_insert(habits);
        }
        let slots: Vec<usize> = self.byzantine.keys().copied().collect();
        for wish in &mut self.wishes {
            if coordinate && dice.happens(700) {
                wish.coordinator = dice.pick(&slots).copied().unwrap_or(0);
                // The caller is not content with one node.
                wish.also = Some((dice.place(usize::from(self.shape.n)), dice.between(0, 800_000)));
            }
            if dice.happens(200) {
                let slot = dice.pick(&slots).copied().unwrap_or(0);
                wish.alterations.insert(slot, alteration(dice, 1));
            }
        }
    }

    fn sender(&self, dice: &mut Dice, slot: usize) -> Habits {
        let mut habits = Habits::default();
        let rate = |dice: &mut Dice| u32::try_from(dice.between(20, 400)).unwrap_or(0);
        let times = dice.between(1, 3);
        for _ in 0..times {
            match dice.between(0, 10) {
                0 => habits.flips = rate(dice),
                1 => {
                    habits.garbles = rate(dice) * 2;
                    habits.cheats = habits.garbles / 2;
                }
                2 => habits.withholds = rate(dice),
                3 => habits.mute_rounds = true,
                4 => {
                    let other = (slot + 1 + dice.place(self.slots() - 1)) % self.slots();
                    habits.only_to = u8::try_from(other + 1).ok().and_then(NodeIndex::new);
                }
                5 => habits.replays = rate(dice),
                6 => habits.forges_votes = rate(dice) * 2,
                7 => habits.forges_proposals = rate(dice),
                8 => habits.forges_others = rate(dice) * 2,
                9 => {
                    habits.replaces_logins = rate(dice) * 2;
                    habits.alters_code = habits.replaces_logins / 2;
                }
                _ => habits.floods = rate(dice) / 2,
            }
        }
        habits
    }
}

fn coordinator(dice: &mut Dice) -> Habits {
    let rate = |dice: &mut Dice| u32::try_from(dice.between(100, 900)).unwrap_or(0);
    Habits {
        forges_proposals: rate(dice),
        forges_votes: if dice.happens(500) { rate(dice) } else { 0 },
        forges_others: if dice.happens(300) { rate(dice) } else { 0 },
        replays: if dice.happens(300) { rate(dice) } else { 0 },
        replaces_logins: if dice.happens(400) { rate(dice) } else { 0 },
        alters_code: if dice.happens(400) { rate(dice) } else { 0 },
        ignores_callers: dice.happens(300),
        ..Habits::default()
    }
}
