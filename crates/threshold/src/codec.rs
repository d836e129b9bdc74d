//! The binary form of the ECDSA crate's structures, in one place.

use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::Bug;

/// Encodes; `capacity` is the final size, so that no copy of a secret is left behind by growing.
pub(crate) fn encode<T: Serialize>(value: &T, capacity: usize) -> Result<Zeroizing<Vec<u8>>, Bug> {
    let buffer = Vec::with_capacity(capacity);
    postcard::to_extend(value, buffer)
        .map(Zeroizing::new)
        .map_err(|_| Bug("a structure of the ECDSA crate has no encoding"))
}

/// Decodes all of `bytes`; trailing bytes are refused. Lengths are bounded by the caller.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Some(value),
        _ => None,
    }
}
