//! What one execution may use at most, and how its host calls are counted.

mod counts;
mod memory;

use quorate_wire::limits;
pub use quorate_wire::{ActionLimits, Usage};

pub(crate) use counts::{Counts, LimitHit, open_bytes, over};
pub(crate) use memory::{Charge, INSTANCE_BYTES, SharedMemory};

/// Largest source text that fits between node and worker; what may run is less: [`quorate_wire::limits::CODE_BYTES_MAX`].
pub const CODE_FRAME_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Largest JSON text of an execution's parameters.
pub(crate) const PARAMS_BYTES_MAX: usize = 1024 * 1024;
/// Largest JSON text that describes the caller.
pub(crate) const AUTH_BYTES_MAX: usize = 256 * 1024;
/// Largest body that an action may send with one `fetch`.
pub const FETCH_BODY_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of all host calls that are open at the same time: of one execution, and of one with its child actions. A
/// call that waits for its answer is kept on every node. Eight of the largest bodies.
pub(crate) const OPEN_CALLS_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// Largest body that a `fetch` may be answered with.
pub const REPLY_BODY_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Largest address of a `fetch`, in bytes.
pub(crate) const URL_BYTES_MAX: usize = 8 * 1024;
/// Most headers of a request or an answer.
pub(crate) const HEADERS_MAX: usize = 100;
/// Largest sum of the bytes of all headers of a request or an answer.
pub(crate) const HEADERS_BYTES_MAX: usize = 32 * 1024;
/// Largest name of a signature that a worker may send: a longer one than allowed gets its code, not a dead worker.
pub(crate) const SIG_NAME_FRAME_BYTES_MAX: usize = 512;
/// Largest text or bytes that are signed without being hashed by the action.
pub const SIGN_MESSAGE_BYTES_MAX: usize = 256 * 1024;
/// Largest text that may be a CID.
pub(crate) const CID_BYTES_MAX: usize = 128;
/// Largest name of a claimed key.
pub const KEY_ID_BYTES_MAX: usize = 256;
/// The longest pause that an action can ask for, in milliseconds; its limit of time in all is shorter.
pub(crate) const PAUSE_MS_MAX: u32 = 600_000;
/// Largest name of a `runOnce` or a `broadcastAndCollect`.
pub const COLLECT_NAME_BYTES_MAX: usize = 128;
/// Largest value of one node that `broadcastAndCollect` takes: the values of a whole committee fit into one
/// answer, even if every byte of them is escaped.
pub const COLLECT_VALUE_BYTES_MAX: usize = 32 * 1024;
/// Largest value of `runOnce`.
pub const RUN_ONCE_VALUE_BYTES_MAX: usize = 100 * 1024;
/// Largest id of an auth method.
pub(crate) const AUTH_METHOD_ID_BYTES_MAX: usize = 1024;
/// Most scopes that are asked for at once.
pub(crate) const SCOPES_MAX: u32 = 256;
/// Largest name of a chain.
pub(crate) const CHAIN_NAME_BYTES_MAX: usize = 64;
/// Largest data of a call of a contract: that of the largest transaction that nodes of Ethereum pass on.
pub(crate) const CALL_DATA_BYTES_MAX: usize = 128 * 1024;
/// Largest JSON text that a call is answered with; one node's value in it has far less.
pub const VALUE_FRAME_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Largest description of a failure; longer ones are cut, which the description shows.
pub(crate) const FAILURE_BYTES_MAX: usize = 8 * 1024;
/// Largest code of an error that a host call is answered with.
pub(crate) const ERROR_CODE_BYTES_MAX: usize = 64;
/// Most executions that one worker holds at a time, running and suspended.
pub(crate) const EXECUTIONS_PER_WORKER_MAX: u32 = 1024;
/// The largest linear memory that any limit may allow: the size of a slot of the instance pool.
pub(crate) const MEMORY_BYTES_MAX: u64 = quorate_wire::limits::ACTION_MEMORY_BYTES_MAX;

const _: () = {
    assert!(
        ((FETCH_BODY_BYTES_MAX + URL_BYTES_MAX + 2 * HEADERS_BYTES_MAX) as u64) < OPEN_CALLS_BYTES_MAX,
        "the largest call is one that may be made"
    );
    assert!(MEMORY_BYTES_MAX >= 128 * 1024 * 1024, "the default memory limit fits a slot");
    assert!(limits::CODE_BYTES_MAX <= CODE_FRAME_BYTES_MAX, "an action's source fits its frame");
    assert!(limits::REQUEST_BYTES_MAX <= PARAMS_BYTES_MAX, "parameters fit their frame");
    assert!(
        limits::SIGNATURE_NAME_BYTES_MAX <= SIG_NAME_FRAME_BYTES_MAX,
        "a signature's name fits its frame"
    );
    assert!(limits::VALUE_BYTES_MAX <= COLLECT_VALUE_BYTES_MAX, "a value that nodes agree on fits its frame");
    assert!(limits::LEADER_VALUE_BYTES_MAX <= RUN_ONCE_VALUE_BYTES_MAX, "a leader's value fits its frame");
    // One character takes six bytes of JSON at most, and `{"node":NN,"value":""},` is 23 more.
    let committee = limits::COMMITTEE_MAX as usize;
    assert!(
        (COLLECT_VALUE_BYTES_MAX * 6 + 23) * committee + 2 <= VALUE_FRAME_BYTES_MAX,
        "a whole committee's values"
    );
};
