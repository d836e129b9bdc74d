//! What is held at once. One payer gets more of a thing only while it holds less of it than is free: alone it comes to half,
//! and whoever comes next finds some.

use std::collections::BTreeMap;

use quorate_wire::Payer;

/// Whoever may hold a portion, or several.
pub trait Portion {
    /// How many portions of the narrowest payer it may have.
    fn multiple(&self) -> u32;
}

impl Portion for Payer {
    fn multiple(&self) -> u32 {
        Payer::multiple(self)
    }
}

/// Whether a payer that holds so many units may have some more of those that are free. A payer with a multiple counts as
/// so many payers.
#[must_use]
pub fn may_hold(held: usize, more: usize, free: usize, multiple: u32) -> bool {
    let portion = free.saturating_mul(usize::try_from(multiple).unwrap_or(usize::MAX));
    more <= free && held.saturating_add(more) <= portion
}

/// Units by payer. A payer that holds none takes no memory.
#[derive(Debug, Clone)]
pub struct Held<P>(BTreeMap<P, usize>);

impl<P> Default for Held<P> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<P: Portion + Ord + Copy> Held<P> {
    /// What one payer holds.
    #[must_use]
    pub fn of(&self, payer: &P) -> usize {
        self.0.get(payer).copied().unwrap_or_default()
    }

    /// Whether each of these payers may have so many more of the units that are free.
    #[must_use]
    pub fn may_enter(&self, payers: &[P], more: usize, free: usize) -> bool {
        more <= free && payers.iter().all(|payer| may_hold(self.of(payer), more, free, payer.multiple()))
    }

    /// Each of these payers holds so many more.
    pub fn enter(&mut self, payers: &[P], units: usize) {
        for payer in payers {
            let held = self.0.entry(*payer).or_default();
            *held = held.saturating_add(units);
        }
    }

    /// Each of these payers holds so many less.
    pub fn leave(&mut self, payers: &[P], units: usize) {
        for payer in payers {
            let Some(held) = self.0.get_mut(payer) else { continue };
            *held = held.saturating_sub(units);
            if *held == 0 {
                self.0.remove(payer);
            }
        }
    }

    /// Whether nobody holds anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
    struct Mark(u8);

    impl Portion for Mark {
        fn multiple(&self) -> u32 {
            u32::from(self.0)
        }
    }

    /// How many of `all` units a payer comes to, one by one, beside what others hold.
    fn alone(held: &mut Held<Mark>, payer: Mark, free: &mut usize) -> usize {
        let mut count = 0;
        while held.may_enter(&[payer], 1, *free) {
            held.enter(&[payer], 1);
            *free -= 1;
            count += 1;
        }
        count
    }

    #[test]
    fn one_payer_comes_to_half_and_the_next_to_half_of_the_rest() {
        let (mut held, mut free) = (Held::default(), 64);
        assert_eq!(alone(&mut held, Mark(1), &mut free), 32);
        assert_eq!(alone(&mut held, Mark(1), &mut free), 0);
        let (mut held, mut free) = (Held::default(), 72);
        assert_eq!(alone(&mut held, Mark(8), &mut free), 64, "eight of nine parts");
    }

    #[test]
    fn several_units_go_to_all_payers_of_a_thing_or_to_none() {
        let mut held = Held::default();
        held.enter(&[Mark(1), Mark(2)], 3);
        assert!(!held.may_enter(&[Mark(1), Mark(2)], 3, 5) && held.may_enter(&[Mark(2)], 3, 5));
        assert!(!held.may_enter(&[], 6, 5) && held.may_enter(&[], 5, 5));
        held.leave(&[Mark(1), Mark(2)], 3);
        assert!(held.is_empty());
        held.leave(&[Mark(1)], 1);
        assert!(held.is_empty(), "nobody holds less than nothing");
    }

    #[test]
    fn no_count_overflows() {
        assert!(!may_hold(usize::MAX, 1, 10, 1) && !may_hold(0, 1, 0, u32::MAX));
        assert!(may_hold(usize::MAX - 1, 1, usize::MAX, 16));
    }
}
