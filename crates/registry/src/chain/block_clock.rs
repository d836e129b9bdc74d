//! The clock of blocks: a step of the machine's clock into the future is not followed at once.
//!
//! Nobody replays a block whose time has not come, and a block's time never goes back. So one block that is made while the
//! clock is wrong would hold every follower back until that time. Such a step is believed only once it has lasted.

use std::time::Duration;

use crate::{follow::STATEMENT_AHEAD_MS_MAX, moment::Moment};

/// How far the machine's clock may step ahead between two looks at it: less than followers wait for.
const STEP_MAX: Duration = Duration::from_secs(3);
/// How long a step has to last: after that the clock before it was the wrong one.
const LASTS: Duration = Duration::from_secs(60);

const _: () = assert!(STEP_MAX.as_millis() < STATEMENT_AHEAD_MS_MAX as u128, "followers take such a block");

/// What the machine's clock said last that was believed, and when.
pub(super) struct BlockClock {
    unix_ms: u64,
    at: Moment,
    /// Since when the clock has been further ahead.
    ahead: Option<Moment>,
}

impl BlockClock {
    pub(super) fn new(unix_ms: u64, at: Moment) -> Self {
        Self { unix_ms, at, ahead: None }
    }

    /// The time for a block, unix seconds, where the machine's clock says this.
    pub(super) fn now_s(&mut self, unix_ms: u64, at: Moment) -> u64 {
        let passed = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let expected = self.unix_ms.saturating_add(passed(at.since(self.at)));
        if unix_ms <= expected.saturating_add(passed(STEP_MAX)) {
            *self = Self::new(unix_ms, at);
            return unix_ms / 1_000;
        }
        let since = *self.ahead.get_or_insert_with(|| {
            tracing::warn!(
                by_ms = unix_ms - expected,
                "the machine's clock has stepped ahead: blocks do not follow it yet"
            );
            at
        });
        if at.since(since) < LASTS {
            return expected / 1_000;
        }
        tracing::warn!(by_ms = unix_ms - expected, "the machine's clock stays ahead: blocks follow it");
        *self = Self::new(unix_ms, at);
        unix_ms / 1_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_ahead_is_followed_only_once_it_has_lasted() {
        let start = Moment::now();
        let at = |ms: u64| start.plus(Duration::from_millis(ms));
        let mut clock = BlockClock::new(1_000_000, start);
        assert_eq!(clock.now_s(1_001_000, at(1_000)), 1_001);
        assert_eq!(clock.now_s(1_005_000, at(2_000)), 1_005, "a small step is a correction");
        // An hour ahead, and back again.
        let hour = 3_600_000;
        assert_eq!(clock.now_s(1_006_000 + hour, at(3_000)), 1_006);
        assert_eq!(clock.now_s(1_016_000 + hour, at(13_000)), 1_016);
        assert_eq!(clock.now_s(1_017_000, at(14_000)), 1_017);
        // Once more: it begins to last from then on.
        assert_eq!(clock.now_s(1_063_000 + hour, at(60_000)), 1_063);
        assert_eq!(clock.now_s(1_122_000 + hour, at(119_000)), 1_122);
        assert_eq!(clock.now_s(1_123_000 + hour, at(120_000)), 1_123 + 3_600);
        // Back is followed at once, since a block's time is its parent's then.
        assert_eq!(clock.now_s(1_124_000, at(121_000)), 1_124);
        assert_eq!(clock.now_s(u64::MAX, at(122_000)), 1_125);
    }
}
