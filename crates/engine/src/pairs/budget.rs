//! How often the set-up of one pair is begun.
//!
//! A set-up costs a third of a second of CPU, and whoever is at the other end decides whether one is needed: it says
//! what it has. So every one that starts is paid for, whichever side proposed it.

/// So many may start at once.
const STARTS: u32 = 4;
/// After this one more may.
const RETURN_MS: u64 = 30_000;
/// Each start of a pair that was in agreement doubles that time, up to this.
const RETURN_MS_MAX: u64 = 16 * 60_000;

pub(super) struct Budget {
    left: u32,
    return_ms: u64,
    /// When the next one comes back; nothing is missing if all are left.
    returns_mono_ms: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Budget { left: STARTS, return_ms: RETURN_MS, returns_mono_ms: 0 }
    }
}

impl Budget {
    /// The earliest time at which a set-up may start.
    pub(super) fn open_mono_ms(&self) -> u64 {
        if self.left > 0 { 0 } else { self.returns_mono_ms }
    }

    /// Takes one start; false if there is none left. A pair that was in agreement pays with time.
    pub(super) fn take(&mut self, was_agreed: bool, now_mono_ms: u64) -> bool {
        self.refill(now_mono_ms);
        let Some(left) = self.left.checked_sub(1) else { return false };
        if self.left == STARTS {
            self.returns_mono_ms = now_mono_ms.saturating_add(self.return_ms);
        }
        self.left = left;
        if was_agreed {
            self.return_ms = RETURN_MS_MAX.min(self.return_ms.saturating_mul(2));
        }
        true
    }

    fn refill(&mut self, now_mono_ms: u64) {
        while self.left < STARTS && now_mono_ms >= self.returns_mono_ms {
            self.left += 1;
            self.returns_mono_ms = self.returns_mono_ms.saturating_add(self.return_ms);
        }
        if self.left == STARTS {
            self.return_ms = RETURN_MS;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: u64 = 60 * 60_000;

    /// How many start if one is wanted every second for so long.
    fn starts(budget: &mut Budget, was_agreed: bool, from_ms: u64, for_ms: u64) -> usize {
        (from_ms..from_ms + for_ms).step_by(1_000).filter(|now| budget.take(was_agreed, *now)).count()
    }

    #[test]
    fn a_pair_that_never_agreed_has_some_tries_at_once_and_then_one_after_the_other() {
        let mut budget = Budget::default();
        assert_eq!(starts(&mut budget, false, 0, 10_000), 4);
        assert_eq!(budget.open_mono_ms(), RETURN_MS);
        assert_eq!(starts(&mut budget, false, 10_000, 291_000), 10);
    }

    #[test]
    fn a_pair_in_agreement_is_renewed_more_and_more_seldom_and_is_forgiven() {
        let mut budget = Budget::default();
        assert_eq!(starts(&mut budget, true, 0, 10_000), 4);
        assert!(starts(&mut budget, true, 10_000, HOUR_MS) <= 6);
        assert!(starts(&mut budget, true, HOUR_MS, 10 * HOUR_MS) <= 38, "one in 16 minutes");
        // It is full again after some quiet, and then as patient as before.
        let quiet = 13 * HOUR_MS;
        assert_eq!(starts(&mut budget, false, quiet, 10_000), 4);
        assert_eq!(budget.open_mono_ms(), quiet + RETURN_MS);
    }
}
