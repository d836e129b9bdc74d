//! How a thread that computes long steps back behind others.

use std::io;
use std::time::Duration;

/// The priority of a long execution's thread: beside one that has not stepped back, of this worker or of another,
/// it gets a tenth of the processor. Not the kernel's idle class: on a busy node that would be nothing.
const LATE_NICE: i32 = 15;
/// The slice of such a thread. A thread that wakes takes the processor at once from one whose slice is longer than
/// its own; with equal slices it often waits for the kernel's next tick, as low as the other's priority may be.
const LATE_SLICE: Duration = Duration::from_millis(20);

/// Gives this thread a low priority and long slices, for good: no process without rights can take it back.
/// Kernels before 6.12 know no slices of a thread's own, and set the priority alone.
///
/// # Errors
/// If the thread has a lower priority already, or the system does not allow the call.
pub fn step_back() -> io::Result<()> {
    let attributes = libc::sched_attr {
        size: u32::try_from(size_of::<libc::sched_attr>()).map_err(io::Error::other)?,
        sched_policy: libc::SCHED_OTHER.unsigned_abs(),
        sched_flags: 0,
        sched_nice: LATE_NICE,
        sched_priority: 0,
        sched_runtime: u64::try_from(LATE_SLICE.as_nanos()).map_err(io::Error::other)?,
        sched_deadline: 0,
        sched_period: 0,
    };
    #[expect(unsafe_code, reason = "setting a thread's slice has no safe form")]
    // SAFETY: the kernel reads as many bytes of the attributes as they say they have, and writes nothing.
    let done = unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0) };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(unsafe_code, reason = "asking for a thread's slice has no safe form")]
    fn a_thread_that_steps_back_has_the_low_priority_and_the_long_slice() {
        let before = rustix::process::getpriority_process(None);
        let attributes = std::thread::spawn(|| {
            step_back().unwrap();
            // SAFETY: all zeros are attributes.
            let mut attributes: libc::sched_attr = unsafe { std::mem::zeroed() };
            let size = size_of::<libc::sched_attr>();
            // SAFETY: the kernel writes at most as many bytes as it is told.
            let done = unsafe { libc::syscall(libc::SYS_sched_getattr, 0, &raw mut attributes, size, 0) };
            assert_eq!(done, 0);
            attributes
        });
        let attributes = attributes.join().unwrap();
        assert_eq!(attributes.sched_nice, LATE_NICE);
        // Zero on kernels without slices of a thread's own.
        let slice = Duration::from_nanos(attributes.sched_runtime);
        assert!(slice == LATE_SLICE || slice.is_zero(), "{slice:?}");
        assert_eq!(rustix::process::getpriority_process(None), before, "another thread's is as it was");
    }
}
