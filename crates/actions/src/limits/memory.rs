//! Memory that all executions of one worker share, so that many small uses are no large one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::limits::{LimitHit, over};
use quorate_wire::ErrorCode;

/// What an instance is charged at its start: what one that waits holds of its own, measured, twice over. The
/// image that it starts from is mapped once for all.
pub(crate) const INSTANCE_BYTES: u64 = 1024 * 1024;
/// Whoever holds no more than this gets it as long as there is anything.
const SMALL_BYTES: u64 = 4 * 1024 * 1024;

/// The account of one worker.
#[derive(Debug)]
pub(crate) struct SharedMemory {
    used: AtomicU64,
    max: AtomicU64,
}

/// What one execution holds of it. It is given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Charge {
    shared: Arc<SharedMemory>,
    bytes: u64,
}

impl SharedMemory {
    /// An account without a bound, for programs that run actions one by one.
    pub(crate) fn unbounded() -> Arc<Self> {
        Arc::new(Self { used: AtomicU64::new(0), max: AtomicU64::new(u64::MAX) })
    }

    /// Sets the bound.
    pub(crate) fn bound(&self, bytes: u64) {
        self.max.store(bytes, Ordering::Relaxed);
    }

    /// A charge of nothing yet.
    pub(crate) fn open(self: &Arc<Self>) -> Charge {
        Charge { shared: Arc::clone(self), bytes: 0 }
    }
}

impl Charge {
    /// Takes more, unless it would then hold more than it leaves free: so those end that hold much, not the small
    /// ones beside them.
    pub(crate) fn grow(&mut self, more: u64) -> Result<(), LimitHit> {
        let max = self.shared.max.load(Ordering::Relaxed);
        let own = self.bytes.saturating_add(more);
        let grown = self.shared.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
            let used = used.checked_add(more)?;
            let free = max.checked_sub(used)?;
            (own <= SMALL_BYTES || own <= free).then_some(used)
        });
        match grown {
            Ok(_) => {
                self.bytes = own;
                Ok(())
            }
            Err(used) => {
                let what = "bytes of memory of all executions of this action together";
                Err(over(ErrorCode::LimitMemory, what, used.saturating_add(more), max))
            }
        }
    }

    /// Gives some of it back.
    pub(crate) fn shrink(&mut self, less: u64) {
        let less = less.min(self.bytes);
        self.bytes -= less;
        self.shared.used.fetch_sub(less, Ordering::Relaxed);
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.shared.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_holds_much_ends_before_who_holds_little() {
        const MIB: u64 = 1024 * 1024;
        let shared = SharedMemory::unbounded();
        shared.bound(256 * MIB);
        let (mut large, mut second, mut small) = (shared.open(), shared.open(), shared.open());
        assert_eq!(large.grow(129 * MIB).unwrap_err().code, ErrorCode::LimitMemory);
        large.grow(100 * MIB).expect("less than is free then");
        second.grow(70 * MIB).expect("less than is free then");
        assert!(second.grow(16 * MIB).is_err() && large.grow(1).is_err());
        small.grow(16 * MIB).expect("a smaller one has room");
        drop(large);
        second.grow(16 * MIB).expect("what was dropped is free");
        drop((second, small));
        assert_eq!(shared.used.load(Ordering::Relaxed), 0);
    }
}
