//! The operating system's entropy: the only source of randomness that a node hands to its engine.

use getrandom::SysRng;
use rand_core::{Rng as _, UnwrapErr};

/// The generator. It ends the process (by a panic that nothing catches in the engine's thread) if the
/// system has no entropy to give: a node without randomness must not sign.
pub(crate) fn system() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

/// Fills a buffer.
pub(crate) fn fill(bytes: &mut [u8]) {
    system().fill_bytes(bytes);
}

/// A number for jitter and ids.
pub(crate) fn number() -> u64 {
    system().next_u64()
}
