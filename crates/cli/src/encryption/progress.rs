//! How far it is, for people at a terminal.

use std::io::{IsTerminal as _, Write as _, stderr};
use std::time::{Duration, Instant};

/// Between two updates.
const PACE: Duration = Duration::from_millis(200);

/// A line on standard error that follows the work; nothing where nobody looks.
#[derive(Debug)]
pub(super) struct Progress {
    doing: &'static str,
    whole: Option<u64>,
    next: Instant,
    shown: bool,
    terminal: bool,
}

impl Progress {
    /// For a work on so many bytes, if their number is known.
    pub(super) fn new(doing: &'static str, whole: Option<u64>) -> Self {
        let terminal = stderr().is_terminal();
        Progress { doing, whole, next: Instant::now() + PACE, shown: false, terminal }
    }

    /// So many bytes are done.
    pub(super) fn at(&mut self, done: u64) {
        if !self.terminal || Instant::now() < self.next {
            return;
        }
        let _ = write!(stderr().lock(), "\r\x1b[K{}", line(self.doing, done, self.whole));
        (self.next, self.shown) = (Instant::now() + PACE, true);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            let _ = write!(stderr().lock(), "\r\x1b[K");
        }
    }
}

fn line(doing: &str, done: u64, whole: Option<u64>) -> String {
    let percent = whole.filter(|whole| *whole > 0).map(|whole| {
        let percent = u128::from(done) * 100 / u128::from(whole);
        format!(" of {} ({} %)", size(whole), percent.min(100))
    });
    format!("{doing}: {}{}", size(done), percent.unwrap_or_default())
}

/// A number of bytes for people.
pub(super) fn size(bytes: u64) -> String {
    for (unit, least) in [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)] {
        if bytes >= least {
            return format!("{}.{} {unit}", bytes / least, bytes % least * 10 / least);
        }
    }
    format!("{bytes} bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_say_how_far_it_is() {
        assert_eq!(line("encrypting", 12, None), "encrypting: 12 bytes");
        assert_eq!(line("opening", 1_500_000, Some(3_000_000_000)), "opening: 1.5 MB of 3.0 GB (0 %)");
        assert_eq!(line("opening", 5_000, Some(4_000)), "opening: 5.0 kB of 4.0 kB (100 %)");
        assert_eq!(line("opening", 1, Some(0)), "opening: 1 bytes");
        assert_eq!(size(u64::MAX), "18446744073.7 GB");
    }
}
