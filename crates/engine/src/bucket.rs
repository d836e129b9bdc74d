//! A token bucket: so much at once, and so much a second.

/// How much a bucket holds, and how fast it fills.
#[derive(Clone, Copy)]
pub(crate) struct Rule {
    pub(crate) burst: u64,
    pub(crate) per_second: u64,
}

impl Rule {
    /// As much as so many buckets.
    pub(crate) fn times(self, factor: u64) -> Rule {
        Rule { burst: self.burst * factor, per_second: self.per_second * factor }
    }
}

/// What is left of a bucket. Its rule is an argument, always the same for one bucket.
pub(crate) struct Bucket {
    milli_tokens: u64,
    filled_mono_ms: u64,
}

impl Bucket {
    pub(crate) fn full(rule: &Rule, now_mono_ms: u64) -> Self {
        Bucket { milli_tokens: rule.burst * 1_000, filled_mono_ms: now_mono_ms }
    }

    /// Takes so many tokens, all or none; false if there are less.
    pub(crate) fn take(&mut self, rule: &Rule, tokens: u64, now_mono_ms: u64) -> bool {
        self.milli_tokens = self.filled(rule, now_mono_ms);
        self.filled_mono_ms = now_mono_ms;
        let left = self.milli_tokens.checked_sub(tokens.saturating_mul(1_000));
        self.milli_tokens = left.unwrap_or(self.milli_tokens);
        left.is_some()
    }

    /// Fills it, and says whether it has so many tokens now.
    pub(crate) fn has(&mut self, rule: &Rule, tokens: u64, now_mono_ms: u64) -> bool {
        self.take(rule, 0, now_mono_ms) && self.milli_tokens >= tokens.saturating_mul(1_000)
    }

    /// In how many milliseconds there are so many tokens, unless others are taken first; never if it does not hold them.
    pub(crate) fn wait_ms(&self, rule: &Rule, tokens: u64) -> Option<u64> {
        let lacking = tokens.saturating_mul(1_000).saturating_sub(self.milli_tokens);
        (tokens <= rule.burst).then(|| lacking.div_ceil(rule.per_second))
    }

    /// A full bucket remembers nothing: it may be dropped without forgetting anybody's use.
    pub(crate) fn is_full(&self, rule: &Rule, now_mono_ms: u64) -> bool {
        self.filled(rule, now_mono_ms) == rule.burst * 1_000
    }

    fn filled(&self, rule: &Rule, now_mono_ms: u64) -> u64 {
        let added = now_mono_ms.saturating_sub(self.filled_mono_ms).saturating_mul(rule.per_second);
        self.milli_tokens.saturating_add(added).min(rule.burst * 1_000)
    }
}
