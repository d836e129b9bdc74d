//! The one binary encoding: a version byte, then Borsh.
//!
//! Borsh is deterministic and has one encoding for each value, so what is decoded can be hashed by
//! encoding it again. Trailing bytes, unknown variants and other versions are refused.

use borsh::{BorshDeserialize, BorshSerialize};

/// The first byte of every frame between our processes.
pub const ENCODING_VERSION: u8 = 1;

/// Why bytes are not a value of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The first byte names another version.
    #[error("encoding version {0:?} is not supported")]
    Version(Option<u8>),
    /// The frame is longer than its kind may be.
    #[error("{length} bytes, where at most {limit} are allowed")]
    TooLong {
        /// Length of the frame.
        length: usize,
        /// The most that is allowed.
        limit: usize,
    },
    /// The body is not one value of the type, from its first byte to its last.
    #[error("malformed body")]
    Malformed,
}

/// Writes a value: the version byte, then its body.
///
/// # Panics
/// Never in practice: writing to memory fails only for collections longer than `u32::MAX`.
#[must_use]
pub fn encode<T: BorshSerialize>(value: &T) -> Vec<u8> {
    let mut bytes = vec![ENCODING_VERSION];
    value.serialize(&mut bytes).expect("memory writes do not fail");
    bytes
}

/// Reads a value of at most `limit` bytes.
///
/// # Errors
/// [`DecodeError`] if the frame is too long, of another version, or not exactly one value.
pub fn decode<T: BorshDeserialize>(bytes: &[u8], limit: usize) -> Result<T, DecodeError> {
    if bytes.len() > limit {
        return Err(DecodeError::TooLong { length: bytes.len(), limit });
    }
    match bytes.split_first() {
        Some((&ENCODING_VERSION, body)) => T::try_from_slice(body).map_err(|_| DecodeError::Malformed),
        other => Err(DecodeError::Version(other.map(|(version, _)| *version))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_trailing_bytes_other_versions_and_long_frames() {
        let bytes = encode(&(7u8, vec![1u8, 2, 3]));
        assert_eq!(decode::<(u8, Vec<u8>)>(&bytes, 64), Ok((7, vec![1, 2, 3])));
        let mut longer = bytes.clone();
        longer.push(0);
        assert_eq!(decode::<(u8, Vec<u8>)>(&longer, 64), Err(DecodeError::Malformed));
        let mut other = bytes.clone();
        other[0] = 9;
        assert_eq!(decode::<(u8, Vec<u8>)>(&other, 64), Err(DecodeError::Version(Some(9))));
        assert!(matches!(decode::<(u8, Vec<u8>)>(&bytes, 3), Err(DecodeError::TooLong { .. })));
        assert_eq!(decode::<u8>(&[], 3), Err(DecodeError::Version(None)));
    }
}
