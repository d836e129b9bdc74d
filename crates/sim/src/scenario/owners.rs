//! Requests in the names of keys: keys that own themselves, and keys that own others.

use std::collections::BTreeMap;

use super::{ActPlan, Chosen, Fault, KEYS, Kind, OWNERS, Plan, SECOND, Who, WishPlan};
use crate::{entropy::Dice, host::ScriptEnd};

impl Plan {
    /// In some plans keys log in, and callers ask in their names.
    pub(super) fn let_keys_own(&mut self, dice: &mut Dice) {
        let fits = match self.kind {
            Kind::Quiet | Kind::Lossy | Kind::Crashy | Kind::Partitioned => true,
            Kind::ByzantineSender | Kind::ByzantineCoordinator | Kind::Revocation => true,
            Kind::ByzantineValues | Kind::ByzantineSignatures | Kind::ByzantineStarts => false,
            Kind::Diverging | Kind::Founding | Kind::ByzantineFounding | Kind::Rollback => false,
        };
        if !fits || !dice.happens(400) {
            return;
        }
        // The login of the first is signed for whoever may sign logins with it; those of the others in the name of
        // their owners.
        let (first, last) = (KEYS, KEYS + OWNERS - 1);
        self.ask(dice, (Who::Wallet, Chosen::Granted), vec![ActPlan::Login(first)]);
        for key in first..last {
            self.ask(dice, (Who::Key(key), Chosen::ByOwner), vec![ActPlan::Login(key + 1)]);
        }
        for _ in 0..dice.between(1, 4) {
            let who = match dice.between(0, 9) {
                0..=6 => Who::Key(KEYS + dice.place(OWNERS)),
                7 => Who::Forger(KEYS + dice.place(OWNERS)),
                _ => Who::Wallet,
            };
            let chosen = match dice.between(0, 5) {
                0..=2 => Chosen::ByOwner,
                3 => Chosen::Granted,
                4 => Chosen::WithoutScope,
                _ => Chosen::Ungranted,
            };
            let acts = (0..dice.between(1, 2)).map(|_| act(dice)).collect();
            self.ask(dice, (who, chosen), acts);
        }
        if self.kind == Kind::Revocation {
            for _ in 0..dice.between(1, 4) {
                let key = KEYS + dice.place(OWNERS);
                let to = dice.happens(700).then(|| KEYS + dice.place(OWNERS));
                self.faults.push((dice.between(5 * SECOND, 11 * SECOND), Fault::Hand { key, to }));
            }
        }
    }

    fn ask(&mut self, dice: &mut Dice, (who, chosen): (Who, Chosen), acts: Vec<ActPlan>) {
        // After the others' first moments; who has no login yet waits for it.
        let last_us = self.wishes.iter().map(|wish| wish.at_us).max().unwrap_or(0).max(6 * SECOND);
        self.wishes.push(WishPlan {
            at_us: dice.between(4 * SECOND, last_us),
            who,
            chosen,
            acts,
            parallel: false,
            chained: false,
            catches: dice.happens(300),
            compute_ms: dice.between(0, 30),
            end: ScriptEnd::Respond,
            coordinator: dice.place(self.slots()),
            also: dice.happens(200).then(|| (dice.place(self.slots()), dice.between(0, 400_000))),
            again_us: None,
            abandons_us: None,
            alterations: BTreeMap::new(),
        });
    }
}

fn act(dice: &mut Dice) -> ActPlan {
    let key = if dice.happens(900) { KEYS + dice.place(OWNERS) } else { dice.place(KEYS) };
    match dice.between(0, 3) {
        0 | 1 => ActPlan::Digest(key),
        2 => ActPlan::Personal(key),
        _ => ActPlan::Login(KEYS + dice.place(OWNERS)),
    }
}
