//! Plans in which the liars lie about values.

use super::{ActPlan, Chosen, KEYS, Plan};
use crate::{
    byzantine::{Habits, ValueHabits},
    entropy::Dice,
    host::{Alteration, ScriptEnd},
    links::Weather,
};

impl Plan {
    pub(super) fn lie_about_values(&mut self, dice: &mut Dice) {
        let slots = self.slots();
        let most = usize::from(self.shape.t - 1).min(usize::from(self.shape.n - self.shape.t));
        let count = if most > 1 && dice.happens(700) { most } else { 1 };
        while self.byzantine.len() < count {
            let slot = dice.place(slots);
            let habits = Habits { values: self.values_liar(dice), ..Habits::default() };
            self.byzantine.entry(slot).or_insert(habits);
        }
        // What is overheard and passed on comes later than what the coordinator itself says.
        let delay_us = dice.between(300, 5_000);
        self.weather = Weather { delay_us, jitter_us: delay_us / 2, ..Weather::CALM };
        self.gentle = dice.happens(700);
        if !self.gentle {
            self.weather.ordered = false;
            self.weather.doubled = 200;
            self.weather.late = 100;
        }
        let liars: Vec<usize> = self.byzantine.keys().copied().collect();
        let honest: Vec<usize> = (0..slots).filter(|slot| !liars.contains(slot)).collect();
        for wish in &mut self.wishes {
            wish.chosen = Chosen::Granted;
            wish.acts = (0..dice.between(1, 2)).map(|_| value_act(dice)).collect();
            wish.acts.push(ActPlan::Digest(dice.place(KEYS)));
            wish.parallel = dice.happens(150);
            wish.end = ScriptEnd::Respond;
            (wish.again_us, wish.abandons_us) = (None, None);
            wish.compute_ms = dice.between(0, 60);
            let among = if dice.happens(700) { &honest } else { &liars };
            wish.coordinator = dice.pick(among).copied().unwrap_or(0);
            wish.also = dice.happens(200).then(|| (dice.place(slots), dice.between(0, 400_000)));
            // While one is awaited, the liars have their chance.
            if dice.happens(600) {
                let slow = dice.pick(&honest).copied().unwrap_or(0);
                let late_ms =
                    if dice.happens(800) { dice.between(50, 800) } else { dice.between(800, 2_500) };
                wish.alterations.insert(slow, Alteration::Slow(late_ms));
            }
        }
    }

    fn values_liar(&self, dice: &mut Dice) -> ValueHabits {
        let (t, n) = (u64::from(self.shape.t), u64::from(self.shape.n));
        // Some try with fewer than make a set.
        let size = if dice.happens(500) { t } else { dice.between(t - 1, n) };
        ValueHabits {
            overhears: dice.happens(850),
            fixes_at: if dice.happens(850) { usize::try_from(size).unwrap_or(0) } else { 0 },
            parts: dice.happens(500),
            keeps_back: dice.happens(400),
            votes_twice: dice.happens(300),
            leads: dice.happens(400),
            floods: dice.happens(100),
            repeats: dice.happens(300),
        }
    }
}

fn value_act(dice: &mut Dice) -> ActPlan {
    if dice.happens(650) { ActPlan::Collect } else { ActPlan::Once(dice.happens(200)) }
}
