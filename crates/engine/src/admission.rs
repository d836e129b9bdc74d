//! Who gets in: token buckets for each login, source and peer.

use std::{collections::BTreeMap, net::IpAddr};

use quorate_wire::{Address, NodeIndex};

/// Whom a bucket is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Payer {
    Login(Address),
    Source(IpAddr),
    Peer(NodeIndex),
}

const BURST: u64 = 400;
const PER_SECOND: u64 = 200;
const BUCKETS_MAX: usize = 16_384;
/// A peer passes on what all its callers ask for.
const PEER_FACTOR: u64 = 4;

struct Bucket {
    milli_tokens: u64,
    filled_mono_ms: u64,
}

#[derive(Default)]
pub(crate) struct Buckets {
    buckets: BTreeMap<Payer, Bucket>,
}

impl Buckets {
    /// Takes one token; false if there is none, or no room for one more payer.
    pub(crate) fn take(&mut self, payer: Payer, now_mono_ms: u64) -> bool {
        let factor = if matches!(payer, Payer::Peer(_)) { PEER_FACTOR } else { 1 };
        let full = BURST * 1_000 * factor;
        let filled = |bucket: &Bucket| {
            let added = now_mono_ms.saturating_sub(bucket.filled_mono_ms).saturating_mul(PER_SECOND * factor);
            bucket.milli_tokens.saturating_add(added).min(full)
        };
        if !self.buckets.contains_key(&payer) && self.buckets.len() >= BUCKETS_MAX {
            // A full bucket remembers nothing: it may be dropped without forgetting anybody's use.
            self.buckets.retain(|_, bucket| filled(bucket) < full);
            if self.buckets.len() >= BUCKETS_MAX {
                return false;
            }
        }
        let fresh = Bucket { milli_tokens: full, filled_mono_ms: now_mono_ms };
        let bucket = self.buckets.entry(payer).or_insert(fresh);
        bucket.milli_tokens = filled(bucket);
        bucket.filled_mono_ms = now_mono_ms;
        match bucket.milli_tokens.checked_sub(1_000) {
            Some(left) => {
                bucket.milli_tokens = left;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_bounded_and_refills() {
        let mut buckets = Buckets::default();
        let payer = Payer::Login(Address([1; 20]));
        let taken = (0..1_000).filter(|_| buckets.take(payer, 0)).count();
        assert_eq!(taken, 400);
        assert!(buckets.take(Payer::Login(Address([2; 20])), 0), "another login is not affected");
        assert!(!buckets.take(payer, 4));
        assert!(buckets.take(payer, 5));
    }
}
