//! What one execution may use at most.

use borsh::{BorshDeserialize, BorshSerialize};

/// Largest source text of an action: the bound of the networks whose actions must run unchanged.
pub const CODE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Largest JSON text of an execution's parameters.
pub(crate) const PARAMS_BYTES_MAX: usize = 1024 * 1024;
/// Largest JSON text that describes the caller.
pub(crate) const AUTH_BYTES_MAX: usize = 256 * 1024;
/// Largest body that an action may send with one `fetch`.
pub const FETCH_BODY_BYTES_MAX: usize = 1024 * 1024;
/// Largest body that a `fetch` may be answered with.
pub const REPLY_BODY_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Largest address of a `fetch`, in bytes.
pub(crate) const URL_BYTES_MAX: usize = 8 * 1024;
/// Most headers of a request or an answer.
pub(crate) const HEADERS_MAX: usize = 100;
/// Largest sum of the bytes of all headers of a request or an answer.
pub(crate) const HEADERS_BYTES_MAX: usize = 32 * 1024;
/// Largest name of a signature, in bytes (128 characters of at most four bytes each).
pub(crate) const SIG_NAME_BYTES_MAX: usize = 512;
/// Largest description of a failure; longer ones are cut, which the description shows.
pub(crate) const FAILURE_BYTES_MAX: usize = 8 * 1024;
/// Largest code of an error that a host call is answered with.
pub(crate) const ERROR_CODE_BYTES_MAX: usize = 64;
/// Most executions that one worker holds at a time, running and suspended.
pub(crate) const EXECUTIONS_PER_WORKER_MAX: u32 = 1024;
/// The largest linear memory that any limit may allow: the size of a slot of the instance pool.
pub(crate) const MEMORY_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// The limits of one execution. Exceeding one ends the execution with the code of that limit; nothing is
/// ever cut short in silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ActionLimits {
    /// Time from start to end in milliseconds, host calls included.
    pub wall_ms: u32,
    /// Work of the processor, in units that are equal on all nodes (about one for each wasm instruction).
    pub fuel: u64,
    /// Linear memory of the instance in bytes.
    pub memory_bytes: u64,
    /// Length of the response in bytes.
    pub response_bytes: u32,
    /// Length of everything written to the console in bytes.
    pub logs_bytes: u32,
    /// Number of calls of `fetch`.
    pub fetches: u32,
    /// Number of signatures asked for.
    pub signatures: u32,
    /// Number of host calls of all kinds.
    pub host_calls: u32,
    /// Number of host calls that may be open at the same time.
    pub pending_calls: u32,
}

impl Default for ActionLimits {
    fn default() -> Self {
        Self {
            wall_ms: 30_000,
            // Five seconds on a present core (measured: 3.5 to 5.5 units a nanosecond), well below the wall
            // limit also on a slow one, so that a loop ends with the same code on every node.
            fuel: 20_000_000_000,
            memory_bytes: 128 * 1024 * 1024,
            response_bytes: 100 * 1024,
            logs_bytes: 100 * 1024,
            fetches: 50,
            signatures: 10,
            host_calls: 100,
            pending_calls: 50,
        }
    }
}

const _: () = assert!(MEMORY_BYTES_MAX >= 128 * 1024 * 1024, "the default memory limit fits a slot");
