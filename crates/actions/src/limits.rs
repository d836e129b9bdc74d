//! What one execution may use at most, and how its host calls are counted.

mod counts;
mod memory;

use quorate_wire::limits;
pub use quorate_wire::{ActionLimits, Usage};

pub(crate) use counts::{Counts, LimitHit, open_bytes, over};
pub(crate) use memory::{Charge, INSTANCE_BYTES, SharedMemory};

/// Largest source text that fits between node and worker; what may run is less: [`quorate_wire::limits::CODE_BYTES_MAX`].
pub const CODE_FRAME_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Largest JSON text that describes the caller.
pub(crate) const AUTH_BYTES_MAX: usize = 256 * 1024;
/// Bytes of all host calls that are open at the same time: of one execution, and of one with its child actions. A
/// call that waits for its answer is kept on every node. Eight of the largest bodies.
pub(crate) const OPEN_CALLS_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// Most gas of a call on the registry's own chain.
pub const CALL_GAS_MAX: u64 = 3_000_000;
/// What the work behind one unit of gas costs an execution that has a node run a call, in fuel. The least that a
/// precompile is paid takes a processor 77 ns (measured: 0.23 s for three million), in which it does some 310 units.
pub const FUEL_PER_GAS: u64 = 320;
/// Most executions that one worker holds at a time, running and suspended.
pub(crate) const EXECUTIONS_PER_WORKER_MAX: u32 = 1024;
/// The largest linear memory that any limit may allow: the size of a slot of the instance pool.
pub(crate) const MEMORY_BYTES_MAX: u64 = quorate_wire::limits::ACTION_MEMORY_BYTES_MAX;

const _: () = {
    assert!(
        ((limits::FETCH_BODY_BYTES_MAX + limits::FETCH_URL_BYTES_MAX + 2 * limits::FETCH_HEADERS_BYTES_MAX)
            as u64)
            < OPEN_CALLS_BYTES_MAX,
        "the largest call is one that may be made"
    );
    assert!(MEMORY_BYTES_MAX >= 128 * 1024 * 1024, "the default memory limit fits a slot");
    assert!(limits::CODE_BYTES_MAX <= CODE_FRAME_BYTES_MAX, "an action's source fits its frame");
};
