//! How much one login or one address may do in a time. What was used comes back evenly.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use quorate_quota::{Bucket, Rate};

/// Payers that are remembered. Of more, who has used least is forgotten first: that costs least.
const PAYERS_MAX: usize = 4_096;

/// What is left of each payer's quota.
pub(super) struct Quotas<Payer> {
    rate: Rate,
    /// The most that a refused payer is told to wait.
    within: Duration,
    since: Instant,
    buckets: Mutex<BTreeMap<Payer, Bucket>>,
}

impl<Payer: Ord + Copy> Quotas<Payer> {
    /// So much at once, which comes back within a time.
    pub(super) fn new(full: u64, within: Duration) -> Self {
        let rate = Rate::within(full, within);
        Quotas { rate, within, since: Instant::now(), buckets: Mutex::default() }
    }

    /// Takes an amount. If the payer has less, nothing is taken; it says in how many milliseconds there is as much again.
    pub(super) fn take(&self, payer: Payer, amount: u64, now: Instant) -> Result<(), u64> {
        let now_ms = millis(now.saturating_duration_since(self.since));
        // Each change of the map is one call: it is whole even if a task has panicked.
        let mut payers = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bucket = payers.get(&payer).copied().unwrap_or_else(|| Bucket::full(&self.rate, now_ms));
        if !bucket.take(&self.rate, amount, now_ms) {
            let wait_ms = bucket.wait_ms(&self.rate, amount, now_ms);
            return Err(wait_ms.unwrap_or_else(|| millis(self.within)));
        }
        if !payers.contains_key(&payer) && payers.len() >= PAYERS_MAX {
            payers.retain(|_, bucket| !bucket.is_full(&self.rate, now_ms));
            let least = payers.iter().min_by_key(|(_, bucket)| bucket.lacks(&self.rate, now_ms));
            if payers.len() >= PAYERS_MAX
                && let Some(least) = least.map(|(payer, _)| *payer)
            {
                payers.remove(&least);
            }
        }
        payers.insert(payer, bucket);
        Ok(())
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
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
    fn a_quota_is_used_up_and_comes_back_evenly() {
        let quotas = Quotas::new(100, Duration::from_secs(100));
        let now = Instant::now();
        assert_eq!(quotas.take(1, 60, now), Ok(()));
        assert_eq!((quotas.take(1, 41, now), quotas.take(1, 40, now)), (Err(1_000), Ok(())));
        assert_eq!(quotas.take(2, 100, now), Ok(()), "another payer is not affected");
        assert_eq!(quotas.take(1, 11, now + Duration::from_secs(10)), Err(1_000));
        assert_eq!(quotas.take(1, 10, now + Duration::from_secs(10)), Ok(()));
        assert_eq!(quotas.take(3, 101, now), Err(100_000), "more than a whole quota is never given");
        assert_eq!(quotas.take(1, u64::MAX, now), Err(100_000));
    }

    #[test]
    fn of_too_many_payers_who_used_least_is_forgotten() {
        let quotas = Quotas::new(100, Duration::from_secs(100));
        let now = Instant::now();
        assert!(quotas.take(0, 100, now).is_ok());
        for payer in 1..3 * PAYERS_MAX {
            assert!(quotas.take(payer, 1, now).is_ok());
        }
        assert_eq!(quotas.buckets.lock().unwrap().len(), PAYERS_MAX);
        assert!(quotas.take(0, 1, now).is_err(), "who used most is remembered");
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
