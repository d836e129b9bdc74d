//! Who takes part: indices and the numbers t and n.

use core::fmt;

use crate::Misuse;

/// The largest committee. Messages of key generation grow with n and its work with n·t, and the
/// pairwise set-up with n², so a bound is needed; 32 is far above any committee planned.
pub const PARTIES_MAX: u8 = 32;

/// A member of the committee, counted from 1.
///
/// It is also the point at which the member's share is the value of the secret polynomial. Index 0
/// would be the key itself, which is why it cannot be made.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartyIndex(u8);

impl PartyIndex {
    /// Makes an index.
    ///
    /// # Errors
    ///
    /// [`Misuse::PartyIndex`] unless `1 <= index <= PARTIES_MAX`.
    pub fn new(index: u8) -> Result<Self, Misuse> {
        if index == 0 || index > PARTIES_MAX { Err(Misuse::PartyIndex) } else { Ok(Self(index)) }
    }

    /// The number, from 1.
    #[must_use]
    pub fn get(self) -> u8 {
        self.0
    }
}

impl fmt::Debug for PartyIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "P{}", self.0)
    }
}

impl fmt::Display for PartyIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// How many members there are and how many of them act together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Params {
    threshold: u8,
    share_count: u8,
}

impl Params {
    /// Any `threshold` of `share_count` members act; one fewer learn nothing.
    ///
    /// # Errors
    ///
    /// [`Misuse::Params`] unless `2 <= threshold <= share_count <= PARTIES_MAX`.
    pub fn new(threshold: u8, share_count: u8) -> Result<Self, Misuse> {
        if threshold < 2 || threshold > share_count || share_count > PARTIES_MAX {
            return Err(Misuse::Params);
        }
        Ok(Self { threshold, share_count })
    }

    /// How many members act together (t).
    #[must_use]
    pub fn threshold(self) -> u8 {
        self.threshold
    }

    /// How many members there are (n).
    #[must_use]
    pub fn share_count(self) -> u8 {
        self.share_count
    }

    /// Every member, ascending.
    pub fn parties(self) -> impl Iterator<Item = PartyIndex> {
        (1..=self.share_count).map(PartyIndex)
    }

    /// Whether the index belongs to this committee.
    #[must_use]
    pub fn contains(self, party: PartyIndex) -> bool {
        party.0 <= self.share_count
    }
}
