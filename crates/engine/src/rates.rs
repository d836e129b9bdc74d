//! How often callers may ask, and with it how much a node remembers of what they asked.

use quorate_quota::Rate;
use quorate_wire::limits;

/// Seconds for which the id of a request is remembered at most: as long as it may be sent again, and run.
const REMEMBERED_S: u64 =
    (limits::REQUEST_AGE_MS_MAX + limits::REQUEST_AHEAD_MS_MAX + limits::EXECUTION_MS_MAX).div_ceil(1_000);
/// Tokens that a bucket holds at least: more than the longest request costs.
const BURST_LEAST: u64 = 100;
/// A peer passes on what all its callers ask for.
const PEER_FACTOR: u64 = 4;

/// How many executions a node is there for. Its tables are sized by it: who keeps to the rate never finds them full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Executions a second of all callers together that are remembered. One address or peer can have so many to itself.
    pub executions_per_second: u32,
    /// Executions a second of one login, and requests a second of one address.
    pub login_per_second: u32,
}

impl Default for Rates {
    fn default() -> Self {
        Rates { executions_per_second: 400, login_per_second: 200 }
    }
}

impl Rates {
    /// Request ids that are remembered. Twice what comes at the rate: one payer gets half of what there is.
    #[must_use]
    pub fn remembered_max(&self) -> usize {
        2 * remembered(&rate(self.executions_per_second, 1))
    }

    /// Of these, those of one login.
    #[must_use]
    pub fn remembered_per_login_max(&self) -> usize {
        remembered(&self.of_caller())
    }

    /// What one login or one address may take.
    pub(crate) fn of_caller(&self) -> Rate {
        rate(self.login_per_second, 1)
    }

    /// What one peer may take.
    pub(crate) fn of_peer(&self) -> Rate {
        rate(self.login_per_second, PEER_FACTOR)
    }
}

fn rate(per_second: u32, factor: u64) -> Rate {
    let per_second = u64::from(per_second.max(1));
    Rate::per_second(BURST_LEAST.max(2 * per_second), per_second).times(factor)
}

/// How many a bucket lets through while an id is remembered.
fn remembered(rate: &Rate) -> usize {
    usize::try_from(rate.most_in(1_000 * REMEMBERED_S)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_hold_what_comes_at_the_rates() {
        let rates = Rates::default();
        assert_eq!(rates.remembered_per_login_max(), 400 + 200 * 92);
        assert_eq!(rates.remembered_max() / 2, 800 + 400 * 92);
        let least = Rates { executions_per_second: 1, login_per_second: 1 };
        assert_eq!((least.remembered_per_login_max(), least.remembered_max()), (192, 384));
    }
}
