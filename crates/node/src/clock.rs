//! The two clocks of a node.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use quorate_engine::Now;

/// Reads both clocks; monotonic time counts from the start of the process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    start: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Clock { start: Instant::now() }
    }

    pub(crate) fn now(&self) -> Now {
        Now { mono_ms: self.mono_ms(Instant::now()), unix_ms: unix_ms() }
    }

    /// A moment on the engine's clock; moments before the start are 0.
    pub(crate) fn mono_ms(&self, moment: Instant) -> u64 {
        millis(moment.saturating_duration_since(self.start))
    }

    /// When the engine's clock shows this.
    pub(crate) fn instant(&self, mono_ms: u64) -> Instant {
        // A deadline that no clock can show is as good as a far one.
        self.start
            .checked_add(Duration::from_millis(mono_ms))
            .unwrap_or(self.start + Duration::from_secs(1 << 30))
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
