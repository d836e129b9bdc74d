//! The two clocks of a node.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use quorate_engine::Now;
use quorate_registry::moment::Moment;

/// Reads both clocks; monotonic time counts from the start of the process, also while the machine sleeps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    start: Moment,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Clock { start: Moment::now() }
    }

    pub(crate) fn now(&self) -> Now {
        Now { mono_ms: self.mono_ms(Moment::now()), unix_ms: unix_ms() }
    }

    /// A moment on the engine's clock; moments before the start are 0.
    pub(crate) fn mono_ms(&self, moment: Moment) -> u64 {
        millis(moment.since(self.start))
    }

    /// When to wake for a time of the engine's clock, if the machine does not sleep until then.
    pub(crate) fn instant(&self, mono_ms: u64) -> Instant {
        let now = Instant::now();
        let left = Duration::from_millis(mono_ms).saturating_sub(Moment::now().since(self.start));
        // A deadline that no clock can show is as good as a far one.
        now.checked_add(left).unwrap_or(now + Duration::from_secs(1 << 30))
    }
}

/// Wall clock in milliseconds since the epoch.
pub(crate) fn unix_ms() -> u64 {
    millis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

/// Whole milliseconds.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
