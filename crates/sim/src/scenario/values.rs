//! Plans in which the liars lie about values.

use super::{ActPlan, Chosen, KEYS, Plan, agreement::Sides};
use crate::{
    byzantine::{Habits, ValueHabits},
    committee::Shape,
    entropy::Dice,
    host::{Alteration, ScriptEnd},
};

impl Plan {
    pub(super) fn lie_about_values(&mut self, dice: &mut Dice) {
        let slots = self.slots();
        let Sides { liars, honest } = self.lie_in_agreement(dice, 700, liar);
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
}

fn value_act(dice: &mut Dice) -> ActPlan {
    if dice.happens(650) { ActPlan::Collect } else { ActPlan::Once(dice.happens(200)) }
}

fn liar(shape: &Shape, dice: &mut Dice) -> Habits {
    let (t, n) = (u64::from(shape.t), u64::from(shape.n));
    // Some try with fewer than make a set.
    let size = if dice.happens(500) { t } else { dice.between(t - 1, n) };
    let values = ValueHabits {
        overhears: dice.happens(850),
        fixes_at: if dice.happens(850) { usize::try_from(size).unwrap_or(0) } else { 0 },
        parts: dice.happens(500),
        keeps_back: dice.happens(400),
        votes_twice: dice.happens(300),
        leads: dice.happens(400),
        floods: dice.happens(100),
        repeats: dice.happens(300),
    };
    Habits { values, ..Habits::default() }
}
