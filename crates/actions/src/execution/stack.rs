//! Stacks of instances. Each instance runs on a stack of its own, which it keeps while it waits: what a deep call
//! has left behind on it would stay for as long.

use std::hint::black_box;

use rustix::mm::{Advice, madvise};

use crate::engine::STACK_BYTES;

/// The part of a stack that its next use needs anyway, and that the frames below a place may still use.
const KEPT_BYTES: usize = 64 * 1024;
/// What may lie above the first frame that notes where a stack begins.
const ABOVE_BYTES: usize = 64 * 1024;
/// The largest page of any system: to ask for the real one takes a call to the system that no worker makes.
const PAGE_BYTES_MAX: usize = 64 * 1024;

/// Where the stack of an instance begins, as the first thing noted it that ran there. It cannot be asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Top(usize);

impl Top {
    /// The stack of the code that calls this, which must be the first to do so.
    #[inline(never)]
    pub(crate) fn here() -> Self {
        Self(place())
    }

    /// Bytes between the beginning and the code that calls this.
    pub(crate) fn held_here(self) -> u64 {
        self.0.saturating_sub(place()) as u64
    }

    /// Gives back to the system what lies below the code that calls this.
    #[inline(never)]
    pub(crate) fn free_below_here(self) {
        let lowest = (self.0 + ABOVE_BYTES).saturating_sub(STACK_BYTES).next_multiple_of(PAGE_BYTES_MAX);
        let end = place().saturating_sub(KEPT_BYTES) / PAGE_BYTES_MAX * PAGE_BYTES_MAX;
        let Some(len) = end.checked_sub(lowest).filter(|len| *len > 0 && *len < STACK_BYTES) else { return };
        #[expect(unsafe_code, reason = "giving back pages of a stack has no safe form")]
        // SAFETY: the range is a part of the stack on which this runs: it begins above that stack's lowest byte,
        // since the top is at most `ABOVE_BYTES` above what was noted, and it ends far below the frames of this
        // function and of the one that it calls. Below the stack's last frame nothing lives.
        // A kernel that refuses leaves the bytes as they are.
        let _ = unsafe { madvise(std::ptr::with_exposed_provenance_mut(lowest), len, Advice::LinuxDontNeed) };
    }
}

/// About where the stack ends at the moment.
#[inline(always)]
fn place() -> usize {
    let mark = 0_u8;
    std::ptr::from_ref(black_box(&mark)).addr()
}
