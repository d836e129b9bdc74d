//! Plans in which the liars lie about signatures: all requests begin with one digest, and each next one depends on the
//! signature before it.

use super::{ActPlan, Chosen, KEYS, Plan, agreement::Sides};
use crate::{
    byzantine::{Habits, SignatureHabits, ValueHabits},
    entropy::Dice,
    host::{Alteration, ScriptEnd},
};

impl Plan {
    pub(super) fn lie_about_signatures(&mut self, dice: &mut Dice) {
        let slots = self.slots();
        let Sides { liars, honest } = self.lie_in_agreement(dice, 800, |_, dice| liar(dice));
        let key = dice.place(KEYS);
        for wish in &mut self.wishes {
            wish.chosen = Chosen::Granted;
            let times = dice.between(1, 6);
            wish.acts = (0..times).map(|_| ActPlan::Digest(key)).collect();
            (wish.chained, wish.parallel) = (true, false);
            wish.end = ScriptEnd::Respond;
            (wish.again_us, wish.abandons_us) = (None, None);
            wish.compute_ms = dice.between(0, 30);
            let among = if dice.happens(800) { &honest } else { &liars };
            wish.coordinator = dice.pick(among).copied().unwrap_or(0);
            wish.also = dice.happens(150).then(|| (dice.place(slots), dice.between(0, 400_000)));
            if dice.happens(300) {
                let slow = dice.pick(&honest).copied().unwrap_or(0);
                wish.alterations.insert(slow, Alteration::Slow(dice.between(20, 1_500)));
            }
        }
    }
}

fn liar(dice: &mut Dice) -> Habits {
    Habits {
        values: ValueHabits { overhears: dice.happens(800), ..ValueHabits::default() },
        signatures: SignatureHabits {
            replays: dice.happens(700),
            parts: dice.happens(600),
            withholds: dice.happens(600),
            stalls: dice.happens(500),
        },
        ..Habits::default()
    }
}
