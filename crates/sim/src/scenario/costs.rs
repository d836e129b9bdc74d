//! What nodes' own work costs, in virtual time.

use crate::entropy::Dice;

/// Costs of one node, each at most; the least is a half.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Costs {
    /// Handling anything.
    pub(crate) handle_us: u64,
    /// Verifying what a member or a caller signed.
    pub(crate) verify_us: u64,
    /// A message of a signing session.
    pub(crate) round_us: u64,
    /// A message of a pairwise set-up, or of the distributed key generation.
    pub(crate) set_up_us: u64,
    /// Making writes durable.
    pub(crate) sync_us: u64,
}

impl Costs {
    /// Draws the costs of each node: nothing in a few plans, and in a few one node has a slow disk or a slow processor.
    pub(super) fn draw(dice: &mut Dice, slots: usize, even: bool) -> Vec<Costs> {
        if dice.happens(200) {
            return vec![Costs::default(); slots];
        }
        let usual = Costs {
            handle_us: dice.between(5, 100),
            verify_us: dice.between(50, 400),
            round_us: dice.between(500, 6_000),
            set_up_us: dice.between(5_000, 80_000),
            sync_us: dice.between(50, 8_000),
        };
        let mut costs = vec![usual; slots];
        let one = &mut costs[dice.place(slots)];
        match dice.between(0, 9) {
            _ if even => {}
            0 | 1 => one.sync_us = dice.between(20_000, 120_000),
            2 => {
                let times = dice.between(2, 8);
                one.handle_us *= times;
                one.verify_us *= times;
                one.round_us *= times;
                one.set_up_us *= times;
            }
            _ => {}
        }
        costs
    }
}
