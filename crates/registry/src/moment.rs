//! A moment on a clock that only goes forward and goes on while the machine sleeps.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

// The monotonic clock stands still on Linux while the machine is suspended, and what was heard before would seem young
// after it. On other systems the monotonic clock goes on.
#[cfg(target_os = "linux")]
const CLOCK: ClockId = ClockId::Boottime;
#[cfg(not(target_os = "linux"))]
const CLOCK: ClockId = ClockId::Monotonic;

/// A moment; comparable within one run of the machine only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(Duration);

impl Moment {
    /// This moment.
    #[must_use]
    pub fn now() -> Self {
        let time = clock_gettime(CLOCK);
        // The clock counts from the start of the machine and gives whole nanoseconds: both fit.
        let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
        Self(Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default()))
    }

    /// A moment that is this much later.
    #[cfg(test)]
    pub(crate) fn plus(self, later: Duration) -> Self {
        Self(self.0 + later)
    }

    /// How long after another moment this one is; nothing if it is before.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}
