//! What comes in a time: a token bucket, with so much at once and so much in a period.

use std::time::Duration;

/// How much a bucket holds, and how fast it fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    burst: u64,
    refill: u64,
    period_ms: u64,
}

impl Rate {
    /// So many tokens at once, and so many each second.
    #[must_use]
    pub const fn per_second(burst: u64, tokens: u64) -> Self {
        Self { burst, refill: tokens, period_ms: 1_000 }
    }

    /// So many tokens at once, all of which come back within a time of a millisecond or more.
    #[must_use]
    pub fn within(burst: u64, time: Duration) -> Self {
        let period_ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1);
        Self { burst, refill: burst, period_ms }
    }

    /// As much as so many buckets.
    #[must_use]
    pub const fn times(self, factor: u64) -> Self {
        let (burst, refill) = (self.burst.saturating_mul(factor), self.refill.saturating_mul(factor));
        Self { burst, refill, ..self }
    }

    /// Tokens that a full bucket has.
    #[must_use]
    pub const fn burst(&self) -> u64 {
        self.burst
    }

    /// Tokens that a bucket lets through at most in a time, which begins when it is full.
    #[must_use]
    pub fn most_in(&self, time_ms: u64) -> u64 {
        let refilled = u128::from(self.refill) * u128::from(time_ms) / u128::from(self.period_ms);
        self.burst.saturating_add(u64::try_from(refilled).unwrap_or(u64::MAX))
    }

    /// Tokens in the parts that a bucket counts in.
    const fn parts(&self, tokens: u64) -> u64 {
        tokens.saturating_mul(self.period_ms)
    }
}

/// What is left of a bucket. Its rate is an argument, always the same for one bucket.
#[derive(Debug, Clone, Copy)]
pub struct Bucket {
    /// Tokens times the milliseconds of the rate's period: whole tokens only would lose what comes in between.
    parts: u64,
    filled_ms: u64,
}

impl Bucket {
    /// A bucket that has all its tokens.
    #[must_use]
    pub const fn full(rate: &Rate, now_ms: u64) -> Self {
        Self { parts: rate.parts(rate.burst), filled_ms: now_ms }
    }

    /// Takes so many tokens, all or none; false if there are less.
    pub fn take(&mut self, rate: &Rate, tokens: u64, now_ms: u64) -> bool {
        self.parts = self.filled(rate, now_ms);
        self.filled_ms = self.filled_ms.max(now_ms);
        let left = self.parts.checked_sub(rate.parts(tokens));
        self.parts = left.unwrap_or(self.parts);
        left.is_some()
    }

    /// Whether it has so many tokens now.
    #[must_use]
    pub fn has(&self, rate: &Rate, tokens: u64, now_ms: u64) -> bool {
        self.filled(rate, now_ms) >= rate.parts(tokens)
    }

    /// In how many milliseconds there are so many tokens, unless others are taken first; never if it does not hold them.
    #[must_use]
    pub fn wait_ms(&self, rate: &Rate, tokens: u64, now_ms: u64) -> Option<u64> {
        let lacking = rate.parts(tokens).saturating_sub(self.filled(rate, now_ms));
        (tokens <= rate.burst).then(|| lacking.div_ceil(rate.refill.max(1)))
    }

    /// A full bucket remembers nothing: it may be dropped without forgetting anybody's use.
    #[must_use]
    pub fn is_full(&self, rate: &Rate, now_ms: u64) -> bool {
        self.lacks(rate, now_ms) == 0
    }

    /// What it lacks to be full, comparable between buckets of one rate.
    #[must_use]
    pub fn lacks(&self, rate: &Rate, now_ms: u64) -> u64 {
        rate.parts(rate.burst).saturating_sub(self.filled(rate, now_ms))
    }

    fn filled(&self, rate: &Rate, now_ms: u64) -> u64 {
        let added = now_ms.saturating_sub(self.filled_ms).saturating_mul(rate.refill);
        self.parts.saturating_add(added).min(rate.parts(rate.burst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_comes_back_evenly_also_in_parts_of_a_token() {
        let rate = Rate::per_second(10, 4);
        let mut bucket = Bucket::full(&rate, 7_000);
        assert!(bucket.take(&rate, 10, 7_000) && bucket.lacks(&rate, 7_000) == 10_000);
        // Each look keeps what came since the one before, however little.
        for passed in 0..250 {
            assert!(!bucket.take(&rate, 1, 7_000 + passed), "{passed} ms");
        }
        assert_eq!(bucket.wait_ms(&rate, 1, 7_249), Some(1));
        assert!(bucket.has(&rate, 1, 7_250) && bucket.take(&rate, 1, 7_250));
        assert_eq!(bucket.wait_ms(&rate, 10, 7_250), Some(2_500));
        assert_eq!(bucket.wait_ms(&rate, 11, 7_250), None, "so many there never are");
        assert!(!bucket.is_full(&rate, 9_749) && bucket.is_full(&rate, 9_750));
    }

    #[test]
    fn a_clock_that_goes_back_gives_nothing() {
        let rate = Rate::within(100, Duration::from_secs(100));
        let mut bucket = Bucket::full(&rate, 50_000);
        assert!(bucket.take(&rate, 60, 50_000) && !bucket.take(&rate, 41, 10_000));
        assert!(bucket.take(&rate, 40, 10_000) && !bucket.take(&rate, 1, 50_999));
        assert!(bucket.take(&rate, 1, 51_000));
    }

    #[test]
    fn what_a_bucket_lets_through_is_its_burst_and_what_comes_back() {
        let rate = Rate::per_second(400, 200);
        let (mut bucket, mut taken) = (Bucket::full(&rate, 0), 0);
        for now_ms in 0..=92_000 {
            while bucket.take(&rate, 1, now_ms) {
                taken += 1;
            }
        }
        assert_eq!((taken, rate.most_in(92_000)), (400 + 200 * 92, 400 + 200 * 92));
        assert_eq!(rate.times(4).most_in(1_000), 4 * 600);
    }

    #[test]
    fn no_amount_overflows() {
        let rate = Rate::within(u64::MAX, Duration::MAX);
        let mut bucket = Bucket::full(&rate, 0);
        assert!(bucket.take(&rate, u64::MAX, u64::MAX));
        let small = Rate::per_second(1, 1);
        let mut bucket = Bucket::full(&small, 0);
        assert!(!bucket.take(&small, u64::MAX, 1) && bucket.take(&small, 1, u64::MAX));
        assert_eq!(rate.most_in(u64::MAX), u64::MAX);
    }
}
