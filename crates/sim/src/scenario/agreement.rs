//! How plans begin in which liars attack what all nodes go on with.

use super::Plan;
use crate::{byzantine::Habits, committee::Shape, entropy::Dice, links::Weather};

/// Who lies in a plan, and who does not.
pub(super) struct Sides {
    pub(super) liars: Vec<usize>,
    pub(super) honest: Vec<usize>,
}

impl Plan {
    /// Chooses the liars, as many as there may be or one, and a weather that gives them their chances. So many of a
    /// thousand plans are gentle.
    pub(super) fn lie_in_agreement(
        &mut self,
        dice: &mut Dice,
        gentle: u32,
        habits: impl Fn(&Shape, &mut Dice) -> Habits,
    ) -> Sides {
        let slots = self.slots();
        let shape = self.shape;
        let most = usize::from(shape.t - 1).min(usize::from(shape.n - shape.t));
        let count = if most > 1 && dice.happens(700) { most } else { 1 };
        while self.byzantine.len() < count {
            let slot = dice.place(slots);
            self.byzantine.entry(slot).or_insert_with(|| habits(&shape, dice));
        }
        // What is overheard and passed on comes later than what the coordinator itself says.
        let delay_us = dice.between(300, 5_000);
        self.weather = Weather { delay_us, jitter_us: delay_us / 2, ..Weather::CALM };
        self.gentle = dice.happens(gentle);
        if !self.gentle {
            self.weather.ordered = false;
            self.weather.doubled = 200;
            self.weather.late = 100;
        }
        let liars: Vec<usize> = self.byzantine.keys().copied().collect();
        let honest = (0..slots).filter(|slot| !liars.contains(slot)).collect();
        Sides { liars, honest }
    }
}
