//! How much one login or one address may do in a time. What was used comes back evenly.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Payers that are remembered. Of more, who has used least is forgotten first: that costs least.
const PAYERS_MAX: usize = 4_096;

/// What each payer has used of its share.
pub(super) struct Shares<Payer> {
    /// The most at once.
    full: u64,
    /// The time in which all of it comes back.
    within: Duration,
    used: Mutex<BTreeMap<Payer, Used>>,
}

#[derive(Clone, Copy)]
struct Used {
    amount: u64,
    at: Instant,
}

impl<Payer: Ord + Copy> Shares<Payer> {
    pub(super) fn new(full: u64, within: Duration) -> Self {
        Shares { full, within, used: Mutex::default() }
    }

    /// Takes an amount. If the payer's share is used up, nothing is taken; it says in how many milliseconds there is as much
    /// again.
    pub(super) fn take(&self, payer: Payer, amount: u64, now: Instant) -> Result<(), u64> {
        // Each change of the map is one call: it is whole even if a task has panicked.
        let mut payers = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let before = payers.get(&payer).map_or(0, |used| self.left_of(*used, now));
        let Some(after) = before.checked_add(amount).filter(|after| *after <= self.full) else {
            return Err(self.wait_ms(before, amount));
        };
        if !payers.contains_key(&payer) && payers.len() >= PAYERS_MAX {
            payers.retain(|_, used| self.left_of(*used, now) > 0);
            let least = payers.iter().min_by_key(|(_, used)| self.left_of(**used, now));
            if payers.len() >= PAYERS_MAX
                && let Some(least) = least.map(|(payer, _)| *payer)
            {
                payers.remove(&least);
            }
        }
        payers.insert(payer, Used { amount: after, at: now });
        Ok(())
    }

    /// In how many milliseconds so much comes back that this amount can be taken: all of it, if that is too much at once.
    fn wait_ms(&self, used: u64, amount: u64) -> u64 {
        let lacking = u128::from(used).saturating_add(amount.into()).saturating_sub(self.full.into());
        let within_ms = self.within.as_millis();
        let wait_ms = lacking.saturating_mul(within_ms).div_ceil(u128::from(self.full.max(1)));
        u64::try_from(wait_ms.min(within_ms)).unwrap_or(u64::MAX)
    }

    /// What of a use still counts.
    fn left_of(&self, used: Used, now: Instant) -> u64 {
        let passed = now.saturating_duration_since(used.at).as_millis();
        let back = u128::from(self.full) * passed / self.within.as_millis().max(1);
        used.amount.saturating_sub(u64::try_from(back).unwrap_or(u64::MAX))
    }
}

/// Whom an address stands for: of the newer ones, everybody can have as many as fit into a /64.
pub(crate) fn source(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (!0 << 64)).into(),
        old => old,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_used_up_and_comes_back_evenly() {
        let shares = Shares::new(100, Duration::from_secs(100));
        let now = Instant::now();
        assert_eq!(shares.take(1, 60, now), Ok(()));
        assert_eq!((shares.take(1, 41, now), shares.take(1, 40, now)), (Err(1_000), Ok(())));
        assert_eq!(shares.take(2, 100, now), Ok(()), "another payer is not affected");
        assert_eq!(shares.take(1, 11, now + Duration::from_secs(10)), Err(1_000));
        assert_eq!(shares.take(1, 10, now + Duration::from_secs(10)), Ok(()));
        assert_eq!(shares.take(3, 101, now), Err(1_000), "more than a whole share is never given");
        assert_eq!(shares.take(1, u64::MAX, now), Err(100_000));
    }

    #[test]
    fn of_too_many_payers_who_used_least_is_forgotten() {
        let shares = Shares::new(100, Duration::from_secs(100));
        let now = Instant::now();
        assert!(shares.take(0, 100, now).is_ok());
        for payer in 1..3 * PAYERS_MAX {
            assert!(shares.take(payer, 1, now).is_ok());
        }
        assert_eq!(shares.used.lock().unwrap().len(), PAYERS_MAX);
        assert!(shares.take(0, 1, now).is_err(), "who used most is remembered");
    }

    #[test]
    fn one_network_of_the_newer_addresses_is_one_source() {
        let same = |a: &str, b: &str| source(a.parse().unwrap()) == source(b.parse().unwrap());
        assert!(same("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"));
        assert!(!same("2001:db8:1:2::1", "2001:db8:1:3::1"));
        assert!(same("::ffff:192.0.2.1", "192.0.2.1"));
        assert!(!same("192.0.2.1", "192.0.2.2"));
    }
}
