//! Names of things: fixed-length values with one text form each.

use std::{fmt, num::NonZeroU8, str::FromStr};

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha3::{Digest as _, Keccak256};

/// A text that is not the canonical form of an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}")]
pub struct ParseIdError {
    /// What the text should have been.
    pub expected: &'static str,
}

/// Keccak-256, the hash of Ethereum addresses and of token ids.
#[must_use]
pub fn keccak256(bytes: &[u8]) -> [u8; 32] {
    Keccak256::digest(bytes).into()
}

macro_rules! fixed_bytes {
    ($(#[$doc:meta])* $name:ident, $length:literal, $prefix:literal, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
        pub struct $name(pub [u8; $length]);

        impl $name {
            /// The bytes.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; $length] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            /// Reads hexadecimal digits of exact length, with or without `0x`.
            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                let digits = text.strip_prefix("0x").unwrap_or(text);
                let mut bytes = [0u8; $length];
                hex::decode_to_slice(digits, &mut bytes).map_err(|_| ParseIdError { expected: $expected })?;
                Ok($name(bytes))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(D::Error::custom)
            }
        }
    };
}

fixed_bytes!(
    /// Hash of the network file: which network this is.
    NetworkId, 32, "", "64 hexadecimal digits"
);
fixed_bytes!(
    /// Hash of the bytes that a caller signed, bound to the network.
    RequestId, 32, "", "64 hexadecimal digits"
);
fixed_bytes!(
    /// A 32-byte hash or a message digest.
    Digest, 32, "0x", "64 hexadecimal digits"
);
fixed_bytes!(
    /// Public name of a PKP under its root, made by the registry.
    KeyId, 32, "0x", "64 hexadecimal digits"
);
fixed_bytes!(
    /// ERC-721 token id of a PKP: Keccak-256 of its uncompressed public key.
    TokenId, 32, "0x", "64 hexadecimal digits"
);
fixed_bytes!(
    /// Ethereum address.
    Address, 20, "0x", "40 hexadecimal digits"
);
fixed_bytes!(
    /// Ed25519 key with which a node signs statements.
    StatementKey, 32, "", "64 hexadecimal digits"
);
fixed_bytes!(
    /// Ed25519 key of a node's TLS certificate.
    TransportKey, 32, "", "64 hexadecimal digits"
);
fixed_bytes!(
    /// Ed25519 key of a caller's session.
    SessionKey, 32, "", "64 hexadecimal digits"
);

/// secp256k1 public key of a PKP or of a root, in SEC1 compressed form.
///
/// Parsing checks that it is a point of the curve; decoding from a frame does so as well.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize)]
pub struct PublicKey([u8; 33]);

impl PublicKey {
    /// Reads a SEC1 point, compressed (33 bytes) or uncompressed (65 bytes).
    ///
    /// # Errors
    /// [`ParseIdError`] for other lengths, points off the curve and the identity.
    pub fn from_sec1(bytes: &[u8]) -> Result<Self, ParseIdError> {
        let key = k256::PublicKey::from_sec1_bytes(bytes)
            .map_err(|_| ParseIdError { expected: "a secp256k1 public key in SEC1 form" })?;
        let point = k256::elliptic_curve::sec1::ToSec1Point::to_sec1_point(&key, true);
        let mut compressed = [0u8; 33];
        compressed.copy_from_slice(point.as_bytes());
        Ok(PublicKey(compressed))
    }

    /// The compressed form.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 33] {
        &self.0
    }

    /// The uncompressed form, `04 ‖ x ‖ y`.
    ///
    /// # Panics
    /// Never: every value was checked when it was made.
    #[must_use]
    pub fn uncompressed(&self) -> [u8; 65] {
        let key = k256::PublicKey::from_sec1_bytes(&self.0).expect("checked when made");
        let point = k256::elliptic_curve::sec1::ToSec1Point::to_sec1_point(&key, false);
        let mut bytes = [0u8; 65];
        bytes.copy_from_slice(point.as_bytes());
        bytes
    }

    /// The token that owns this key: Keccak-256 of the 65-byte form.
    #[must_use]
    pub fn token_id(&self) -> TokenId {
        TokenId(keccak256(&self.uncompressed()))
    }

    /// The Ethereum address of this key.
    #[must_use]
    pub fn address(&self) -> Address {
        let hash = keccak256(&self.uncompressed()[1..]);
        let mut address = [0u8; 20];
        address.copy_from_slice(&hash[12..]);
        Address(address)
    }
}

impl BorshDeserialize for PublicKey {
    fn deserialize_reader<R: std::io::Read>(reader: &mut R) -> std::io::Result<Self> {
        let bytes = <[u8; 33]>::deserialize_reader(reader)?;
        PublicKey::from_sec1(&bytes).map_err(|_| std::io::ErrorKind::InvalidData.into())
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", hex::encode(self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for PublicKey {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let bytes = hex::decode(text.strip_prefix("0x").unwrap_or(text))
            .map_err(|_| ParseIdError { expected: "a secp256k1 public key in SEC1 form" })?;
        PublicKey::from_sec1(&bytes)
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str> as Deserialize>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

/// Place of a node in the committee's order, from 1. It is also the node's Shamir abscissa.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeIndex(NonZeroU8);

impl NodeIndex {
    /// The index, unless it is 0.
    #[must_use]
    pub fn new(index: u8) -> Option<Self> {
        NonZeroU8::new(index).map(NodeIndex)
    }

    /// The number, from 1.
    #[must_use]
    pub fn get(self) -> u8 {
        self.0.get()
    }
}

impl fmt::Display for NodeIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for NodeIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "node {}", self.0)
    }
}

impl BorshSerialize for NodeIndex {
    fn serialize<W: std::io::Write>(&self, writer: &mut W) -> std::io::Result<()> {
        BorshSerialize::serialize(&self.get(), writer)
    }
}

impl BorshDeserialize for NodeIndex {
    fn deserialize_reader<R: std::io::Read>(reader: &mut R) -> std::io::Result<Self> {
        NodeIndex::new(u8::deserialize_reader(reader)?).ok_or_else(|| std::io::ErrorKind::InvalidData.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_key_forms_agree_with_known_values() {
        // The generator point: its address is the well-known one of private key 1.
        let key: PublicKey =
            "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798".parse().unwrap();
        assert_eq!(key.address().to_string(), "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf");
        assert_eq!(PublicKey::from_sec1(&key.uncompressed()).unwrap(), key);
    }

    #[test]
    fn refuses_what_is_not_a_point() {
        assert!(PublicKey::from_sec1(&[0]).is_err());
        assert!(PublicKey::from_sec1(&[2; 32]).is_err());
        assert!(borsh::from_slice::<PublicKey>(&[0xff; 33]).is_err());
        assert!(borsh::from_slice::<NodeIndex>(&[0]).is_err());
    }
}
