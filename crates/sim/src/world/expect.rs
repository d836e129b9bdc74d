//! What this world expects of a request, where it can know.

use quorate_wire::{ErrorCode, ExecutionReply, Problem, limits};

use super::{SECOND_US, World, calls::Wish};
use crate::{
    host::{Alteration, ScriptEnd},
    scenario::{ActPlan, Chosen, KEYS, Kind, Who},
};

impl World {
    /// What this world expects of this request, where it can know.
    pub(super) fn judge(
        &mut self,
        slot: usize,
        number: usize,
        result: &Result<ExecutionReply, Problem>,
        took_us: u64,
    ) {
        let wish = &self.wishes[number];
        // Liars can spoil every attempt that they are in, each until it stalls.
        let spoilt_us = u64::from(limits::ATTEMPTS_MAX) * limits::HEDGE_MS * 1_000;
        let bound_us = if self.plan.byzantine.is_empty() { 0 } else { spoilt_us } + 2 * SECOND_US;
        if wish.probe && took_us > bound_us {
            let detail = format!("slot {slot} took {took_us} µs for a fresh request");
            self.checker.broken("service returns by itself", detail);
        }
        let expected = match (wish.probe, self.plan.kind) {
            (true, _) | (false, Kind::Quiet) => expect_alone(wish),
            (false, Kind::Diverging) => self.expect_diverging(wish),
            (false, Kind::ByzantineSignatures) if self.asked_honestly(number) => expect_alone(wish),
            (false, Kind::ByzantineValues) if self.asked_honestly(number) && agreeable(wish) => {
                expect_alone(wish)
            }
            _ => return,
        };
        let came = match result {
            Ok(reply) => match reply.error {
                None => Came::Completed(reply.signatures.len()),
                Some(code) => Came::Ended(code),
            },
            Err(problem) => Came::Ended(problem.code),
        };
        if !expected.contains(&came) {
            let detail = format!("slot {slot}, request {number}: {came:?} instead of {expected:?}");
            let invariant = if self.wishes[number].probe {
                "service returns by itself"
            } else {
                "outcomes are as they must be"
            };
            self.checker.broken(invariant, detail);
        }
    }

    fn expect_diverging(&self, wish: &Wish) -> Vec<Came> {
        let slots = usize::from(self.plan.shape.n);
        let class = |slot: usize| match wish.plan.alterations.get(&slot) {
            Some(Alteration::Slow(_)) | None => None,
            Some(other) => Some(*other),
        };
        let largest = (0..slots)
            .map(|slot| (class(slot), (0..slots).filter(|other| class(*other) == class(slot)).count()))
            .max_by_key(|(_, size)| *size);
        match largest {
            Some((class, size)) if size >= usize::from(self.plan.shape.t) => match class {
                Some(Alteration::Throw) => vec![Came::Ended(ErrorCode::ActionThrew)],
                Some(Alteration::Skip) => vec![Came::Completed(signatures(wish).saturating_sub(1))],
                _ => vec![Came::Completed(signatures(wish))],
            },
            _ => {
                // Runs whose operations agree may still be too few to end alike.
                vec![Came::Ended(ErrorCode::IntentsDiverged), Came::Ended(ErrorCode::OutcomesDiverged)]
            }
        }
    }
}

/// How a request ended, as far as expectations go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Came {
    /// With so many signatures.
    Completed(usize),
    Ended(ErrorCode),
}

/// Signatures of a wish to which nothing is refused.
fn signatures(wish: &Wish) -> usize {
    acts_come_to(&wish.plan.acts, (Chosen::Granted, Who::Wallet), true).0
}

/// What acts of an action come to: signatures, and the codes of refusals (the first only, if it ends the run).
fn acts_come_to(acts: &[ActPlan], (chosen, who): (Chosen, Who), goes_on: bool) -> (usize, Vec<ErrorCode>) {
    let mut signatures = 0;
    let mut refused = Vec::new();
    for act in acts {
        let code = match act {
            ActPlan::Collect | ActPlan::Draw | ActPlan::Once(_) => continue,
            ActPlan::Child(of_child, acts) => {
                let (made, codes) = acts_come_to(acts, (*of_child, who), false);
                // Of a child that failed nothing is shown.
                signatures += if codes.is_empty() { made } else { 0 };
                codes.first().copied()
            }
            ActPlan::Own => {
                signatures += 1;
                None
            }
            // The caller's session asks to read nothing as that person: the running action has to be granted.
            ActPlan::Open(_) => (chosen != Chosen::Granted).then_some(ErrorCode::PolicyDenied),
            ActPlan::Digest(key) | ActPlan::Personal(key) | ActPlan::Login(key) => {
                let code = refusal(act, *key, (chosen, who));
                signatures += usize::from(code.is_none());
                code
            }
        };
        refused.extend(code);
        if code.is_some() && !goes_on {
            break;
        }
    }
    (signatures, refused)
}

/// How the design answers a wish for a key's signature, said once more for the keys of this world.
fn refusal(act: &ActPlan, key: usize, (chosen, who): (Chosen, Who)) -> Option<ErrorCode> {
    let personal = matches!(act, ActPlan::Personal(_));
    let allowed = match chosen {
        Chosen::Ungranted => return Some(ErrorCode::NotGranted),
        // By who owns it and by nobody whom the owner owns, or who owns the owner.
        Chosen::ByOwner => {
            let owner = match key {
                ..KEYS => Who::Wallet,
                KEYS => Who::Key(KEYS),
                _ => Who::Key(key - 1),
            };
            let owns = match who {
                Who::Person(person) => super::people::key_of(person) == key,
                Who::Wallet | Who::Key(_) | Who::Forger(_) => who == owner,
            };
            return (!owns).then_some(ErrorCode::NotGranted);
        }
        // What is granted on a key is not granted on those that it owns.
        Chosen::Granted | Chosen::WithoutScope if key > KEYS => return Some(ErrorCode::NotGranted),
        Chosen::Granted => key < KEYS || matches!(act, ActPlan::Login(_)),
        Chosen::WithoutScope => personal,
    };
    (!allowed).then_some(ErrorCode::ScopeMissing)
}

/// Whether liars have no part in what a request comes to: it takes no value of one node, and its runs come
/// together.
fn agreeable(wish: &Wish) -> bool {
    let together = |alteration: &Alteration| matches!(alteration, Alteration::Slow(ms) if *ms <= 800);
    wish.plan.alterations.values().all(together)
        && wish.plan.acts.iter().all(|act| !matches!(act, ActPlan::Once(_)))
}

/// What comes of a request when nothing is wrong with the network.
fn expect_alone(wish: &Wish) -> Vec<Came> {
    let plan = &wish.plan;
    // Asked for all at once, any of several refusals can come first.
    if matches!(plan.who, Who::Forger(_)) {
        return vec![Came::Ended(ErrorCode::LoginInvalid)];
    }
    let asked = (plan.chosen, plan.who);
    let (signatures, refused) = acts_come_to(&plan.acts, asked, plan.catches || plan.parallel);
    let codes = refused.iter().copied().map(Came::Ended);
    if !plan.catches && !refused.is_empty() {
        return codes.collect();
    }
    if plan.end == ScriptEnd::Throw {
        // A run that was refused something and then throws was ended by either.
        return std::iter::once(Came::Ended(ErrorCode::ActionThrew)).chain(codes).collect();
    }
    vec![Came::Completed(signatures)]
}
