//! What a member says of itself to one that only checks whether it is reached.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::{DecodeError, Digest, decode, encode};

/// What a member says of itself to one that probes it. Nothing of it is believed for more than a check.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ProbeWord {
    /// Its clock, milliseconds since the epoch.
    pub time_ms: u64,
    /// The release that it runs.
    pub release: String,
    /// Hash of its guest.
    pub guest: Digest,
    /// Whether it is a node that runs, and not one that only checks.
    pub running: bool,
}

impl ProbeWord {
    /// Longest word, in bytes.
    pub const BYTES_MAX: usize = 512;
    /// Longest name of a release, in bytes.
    const RELEASE_BYTES_MAX: usize = 64;

    /// The word's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads a word.
    ///
    /// # Errors
    /// [`DecodeError`] for what is none, also for a release with other letters than names of releases have.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let word: ProbeWord = decode(bytes, Self::BYTES_MAX)?;
        let plain = word.release.len() <= Self::RELEASE_BYTES_MAX
            && word.release.chars().all(|letter| letter.is_ascii_graphic());
        if plain { Ok(word) } else { Err(DecodeError::Malformed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_read_back_and_its_release_is_a_name() {
        let word =
            ProbeWord { time_ms: 7, release: "0.1.0".to_owned(), guest: Digest([3; 32]), running: true };
        assert_eq!(ProbeWord::from_bytes(&word.to_bytes()).unwrap(), word);
        for release in ["0.1\n", "\u{202e}", &"1".repeat(65)] {
            let word = ProbeWord { release: release.to_owned(), ..word.clone() };
            assert!(ProbeWord::from_bytes(&word.to_bytes()).is_err(), "{release:?}");
        }
        assert!(ProbeWord::from_bytes(&[]).is_err());
        assert!(ProbeWord::from_bytes(&word.to_bytes()[1..]).is_err());
    }
}
