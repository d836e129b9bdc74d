//! The generator of the ECDSA crate.

use crate::Misuse;

/// Seeds the generator of this thread anew, from which the ECDSA crate draws nonces and masks.
///
/// # Security
/// The crate takes no generator as an argument. Its own is one of this process, which the operating system seeds at the
/// first draw and after every 64 KiB: resumed from one snapshot of memory twice, a process would draw the same nonce
/// twice, for two messages, and so give the key away. Between start and end of an attempt such a snapshot holds
/// the nonce itself, against which nothing here helps.
///
/// # Errors
/// If the operating system gives nothing.
pub(crate) fn reseed() -> Result<(), Misuse> {
    rand::rng().reseed().map_err(|_| Misuse::Entropy)
}
