//! Plans in which people ask who log in by an issuer, by passkeys or by several methods, while the issuer changes its keys,
//! is down or goes mad, or is voted out.

use super::{Chosen, Fault, Kind, Plan, SECOND, Who};
use crate::{entropy::Dice, issuer::Mood, person::PEOPLE};

/// What the issuer does, or what is done to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IssuerFault {
    /// It signs by a new key, and shows older ones no longer or still.
    Rotates { withdraws: bool },
    /// It answers differently from now on.
    Feels(Mood),
    /// The Directory has this rule for it, or none.
    Listed(Option<u8>),
}

/// What people do beside asking for executions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Somebody uses the session no longer, and logs in anew for the next request. The old one stands.
    LeavesSession(usize),
    /// Somebody signs out with the session in use: that one, or all that the methods have allowed. Only these nodes are
    /// reached: of each slot one bit.
    SignsOut { person: usize, everywhere: bool, reaches: u64 },
}

impl Plan {
    /// In half of the plans people are among the callers. The dice are their own: all else of a seed stays as it is.
    pub(super) fn let_people_in(&mut self, dice: &mut Dice) {
        let fits = match self.kind {
            Kind::Quiet | Kind::Lossy | Kind::Crashy | Kind::Partitioned => true,
            Kind::ByzantineSender | Kind::ByzantineCoordinator | Kind::Revocation => true,
            Kind::ByzantineValues | Kind::ByzantineSignatures | Kind::ByzantineStarts => false,
            Kind::Diverging | Kind::Founding | Kind::ByzantineFounding | Kind::Rollback => false,
        };
        if !fits || !dice.happens(500) {
            return;
        }
        self.people = true;
        for wish in &mut self.wishes {
            if dice.happens(500) {
                wish.who = Who::Person(dice.place(PEOPLE));
                if dice.happens(300) {
                    wish.chosen = Chosen::ByOwner;
                }
            }
        }
        for _ in 0..dice.between(0, 3) {
            self.deeds.push((dice.between(4 * SECOND, 11 * SECOND), Deed::LeavesSession(dice.place(PEOPLE))));
        }
        self.issuer_stays_ill = dice.happens(150);
        for _ in 0..dice.between(0, 4) {
            let at_us = dice.between(3 * SECOND, 11 * SECOND);
            let fault = match dice.between(0, 9) {
                0..=3 => IssuerFault::Rotates { withdraws: dice.happens(500) },
                4 | 5 => IssuerFault::Feels(Mood::Down),
                6 => IssuerFault::Feels(Mood::Mad),
                7 => IssuerFault::Feels(if dice.happens(500) { Mood::Huge } else { Mood::Strange }),
                8 => IssuerFault::Feels(Mood::Well),
                _ => IssuerFault::Listed(dice.happens(300).then_some(1)),
            };
            self.faults.push((at_us, Fault::Issuer(fault)));
        }
        self.let_people_out(dice);
    }

    /// Some of the people sign out while requests of theirs are under way.
    fn let_people_out(&mut self, dice: &mut Dice) {
        for _ in 0..dice.between(0, 3) {
            let at_us = dice.between(5 * SECOND, 12 * SECOND);
            // One bit of each slot; all of them now and then.
            let reaches = if dice.happens(300) { u64::MAX } else { dice.between(0, u64::MAX - 1) };
            let (person, everywhere) = (dice.place(PEOPLE), dice.happens(500));
            self.deeds.push((at_us, Deed::SignsOut { person, everywhere, reaches }));
        }
    }
}
