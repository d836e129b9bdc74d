//! Numbers of operations: equal on all nodes, whatever order parallel child runs go in.

use std::fmt;

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

const INDEX_BITS: u32 = 10;
const CHILD_BITS: u32 = 4;
/// Depth of child runs below the run that the caller asked for.
const DEPTH_MAX: u32 = 5;

/// Place of a run in the tree of an execution's runs: 0 is the run that the caller asked for, and the
/// k-th child of a run (k from 1 to 15) has sixteen times its parent's lane, plus k.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, BorshSerialize)]
pub struct Lane(u32);

impl Lane {
    /// The run that the caller asked for.
    pub const ROOT: Lane = Lane(0);

    /// From the number, if it is of a lane that can be.
    #[must_use]
    pub fn from_u32(number: u32) -> Option<Self> {
        (number < 1 << (CHILD_BITS * DEPTH_MAX)).then_some(Lane(number))
    }

    /// The lane of this run's k-th child; none below the greatest depth, or if k is not 1 to 15.
    #[must_use]
    pub fn child(self, k: u32) -> Option<Lane> {
        let fits = (1..1 << CHILD_BITS).contains(&k) && self.depth() < DEPTH_MAX;
        fits.then_some(Lane(self.0 << CHILD_BITS | k))
    }

    /// How many parents the run has.
    #[must_use]
    pub fn depth(self) -> u32 {
        (u32::BITS - self.0.leading_zeros()).div_ceil(CHILD_BITS)
    }

    /// The operation of this run with an index.
    #[must_use]
    pub fn operation(self, index: u32) -> Option<OperationNumber> {
        (index < 1 << INDEX_BITS).then_some(OperationNumber(self.0 << INDEX_BITS | index))
    }

    /// Whether the run is the other one, or was started by it, or by a run that it started.
    #[must_use]
    pub fn is_within(self, other: Lane) -> bool {
        let levels = self.depth().saturating_sub(other.depth());
        self.0 >> (levels * CHILD_BITS) == other.0
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0
    }
}

impl BorshDeserialize for Lane {
    fn deserialize_reader<R: std::io::Read>(reader: &mut R) -> std::io::Result<Self> {
        Lane::from_u32(u32::deserialize_reader(reader)?).ok_or_else(|| std::io::ErrorKind::InvalidData.into())
    }
}

impl Serialize for Lane {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.0)
    }
}

impl<'de> Deserialize<'de> for Lane {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Lane::from_u32(<u32 as Deserialize>::deserialize(deserializer)?)
            .ok_or_else(|| D::Error::custom("no run has this lane"))
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::LowerHex::fmt(&self.0, f)
    }
}

/// Which operation of an execution: the lane of the run that asked, and the how-many-eth of that run's
/// operations it is, from 0. As a number it is `lane << 10 | index`.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize)]
pub struct OperationNumber(u32);

impl OperationNumber {
    /// The first operation of the run that the caller asked for.
    pub const FIRST: OperationNumber = OperationNumber(0);

    /// From the number, if it is of a lane that can be.
    #[must_use]
    pub fn from_u32(number: u32) -> Option<Self> {
        Lane::from_u32(number >> INDEX_BITS).map(|_| OperationNumber(number))
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0
    }

    /// The run that asked.
    #[must_use]
    pub fn lane(self) -> Lane {
        Lane(self.0 >> INDEX_BITS)
    }

    /// The place among the run's operations, from 0.
    #[must_use]
    pub fn index(self) -> u32 {
        self.0 & ((1 << INDEX_BITS) - 1)
    }
}

impl fmt::Display for OperationNumber {
    /// The index; before it the lane, unless it is the root's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.lane() != Lane::ROOT {
            write!(f, "{}:", self.lane())?;
        }
        write!(f, "{}", self.index())
    }
}

impl fmt::Debug for OperationNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl BorshDeserialize for OperationNumber {
    fn deserialize_reader<R: std::io::Read>(reader: &mut R) -> std::io::Result<Self> {
        OperationNumber::from_u32(u32::deserialize_reader(reader)?)
            .ok_or_else(|| std::io::ErrorKind::InvalidData.into())
    }
}

impl Serialize for OperationNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.0)
    }
}

impl<'de> Deserialize<'de> for OperationNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        OperationNumber::from_u32(<u32 as Deserialize>::deserialize(deserializer)?)
            .ok_or_else(|| D::Error::custom("no operation has this number"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_and_indexes_make_one_number_each() {
        let mut lane = Lane::ROOT;
        for depth in 1..=DEPTH_MAX {
            assert_eq!(lane.child(0), None);
            assert_eq!(lane.child(16), None);
            lane = lane.child(15).unwrap();
            assert_eq!(lane.depth(), depth);
            let operation = lane.operation(1_023).unwrap();
            assert_eq!((operation.lane(), operation.index()), (lane, 1_023));
            assert_eq!(OperationNumber::from_u32(operation.get()), Some(operation));
        }
        assert_eq!(lane.child(1), None, "there is no sixth level");
        assert_eq!(Lane::ROOT.operation(1_024), None);
        let child = Lane::ROOT.child(2).unwrap();
        let grandchild = child.child(1).unwrap();
        assert!(grandchild.is_within(child) && child.is_within(child) && child.is_within(Lane::ROOT));
        assert!(!child.is_within(grandchild) && !grandchild.is_within(Lane::ROOT.child(1).unwrap()));
        assert_eq!(Lane::ROOT.operation(3).unwrap().get(), 3);
        assert_eq!(Lane::ROOT.child(2).unwrap().operation(1).unwrap().to_string(), "2:1");
    }

    #[test]
    fn refuses_numbers_of_no_lane() {
        assert_eq!(OperationNumber::from_u32(1 << 30), None);
        assert!(borsh::from_slice::<OperationNumber>(&(1u32 << 30).to_le_bytes()).is_err());
        assert!(serde_json::from_str::<OperationNumber>("4294967295").is_err());
    }
}
