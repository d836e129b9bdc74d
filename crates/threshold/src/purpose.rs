//! What each root is for: a closed list, told apart by type, by stored byte and in every hash.

use core::fmt;

use crate::group::bls12381::Bls12381;
use crate::group::ed25519::Ed25519;
use crate::group::p256::P256;
use crate::group::secp256k1::Secp256k1;
use crate::group::{Element, Group};
use crate::{KeySetShares, Misuse, RootShare};

/// The purpose of a root. Each has a key of its own, in a group of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Purpose {
    /// ECDSA on secp256k1.
    SignSecp256k1 = 1,
    /// ECDSA on P-256.
    SignP256 = 2,
    /// Schnorr signatures on Ed25519's prime-order subgroup.
    SignEd25519 = 3,
    /// Threshold values that open ciphertexts, on BLS12-381.
    Decrypt = 4,
    /// Threshold values that open sessions, on BLS12-381.
    Session = 5,
    /// Threshold values that are random numbers, on BLS12-381.
    Random = 6,
}

impl Purpose {
    /// Every purpose, in the one order that messages, records and lists have.
    pub const ALL: [Self; 6] =
        [Self::SignSecp256k1, Self::SignP256, Self::SignEd25519, Self::Decrypt, Self::Session, Self::Random];

    /// The name in hashes, lists and sentences.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SignSecp256k1 => "sign/secp256k1",
            Self::SignP256 => "sign/p256",
            Self::SignEd25519 => "sign/ed25519",
            Self::Decrypt => "decrypt",
            Self::Session => "session",
            Self::Random => "random",
        }
    }

    /// The number in stored bytes, from 1.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The purpose of a stored number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.number() == number)
    }

    /// Length of the compressed public key.
    #[must_use]
    pub const fn public_key_len(self) -> usize {
        match self {
            Self::SignSecp256k1 => Secp256k1::POINT_LEN,
            Self::SignP256 => P256::POINT_LEN,
            Self::SignEd25519 => Ed25519::POINT_LEN,
            Self::Decrypt | Self::Session | Self::Random => Bls12381::POINT_LEN,
        }
    }

    /// Whether the bytes are the one encoding of a public key of this purpose: on the curve, in the
    /// prime-order subgroup, and not the identity.
    ///
    /// # Errors
    ///
    /// [`Misuse::PublicKey`] if they are not.
    pub fn check_public_key(self, bytes: &[u8]) -> Result<(), Misuse> {
        let found = match self {
            Self::SignSecp256k1 => Element::<Secp256k1>::decode(bytes).is_some(),
            Self::SignP256 => Element::<P256>::decode(bytes).is_some(),
            Self::SignEd25519 => Element::<Ed25519>::decode(bytes).is_some(),
            Self::Decrypt | Self::Session | Self::Random => Element::<Bls12381>::decode(bytes).is_some(),
        };
        if found { Ok(()) } else { Err(Misuse::PublicKey) }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A purpose as a type. Implemented for the six below only.
pub trait Root: sealed::Sealed + Copy + Send + Sync + 'static {
    /// Which purpose.
    const PURPOSE: Purpose;
    /// The group of its key.
    type Group: Group;

    /// The share of this purpose among all of a member's shares.
    fn share_of(shares: &KeySetShares) -> &RootShare<Self>;
}

/// A root of threshold values ([`crate::value`]), on BLS12-381 with public keys in G1.
pub trait BlsRoot: Root<Group = Bls12381> {}

mod sealed {
    pub trait Sealed {}
}

macro_rules! roots {
    ($($root:ident, $group:ty, $field:ident, $text:literal;)*) => {$(
        #[doc = $text]
        #[derive(Clone, Copy, Debug)]
        pub struct $root;
        impl sealed::Sealed for $root {}
        impl Root for $root {
            const PURPOSE: Purpose = Purpose::$root;
            type Group = $group;

            fn share_of(shares: &KeySetShares) -> &RootShare<Self> {
                &shares.$field
            }
        }
    )*};
}

roots! {
    SignSecp256k1, Secp256k1, sign_secp256k1, "The type of [`Purpose::SignSecp256k1`].";
    SignP256, P256, sign_p256, "The type of [`Purpose::SignP256`].";
    SignEd25519, Ed25519, sign_ed25519, "The type of [`Purpose::SignEd25519`].";
    Decrypt, Bls12381, decrypt, "The type of [`Purpose::Decrypt`].";
    Session, Bls12381, session, "The type of [`Purpose::Session`].";
    Random, Bls12381, random, "The type of [`Purpose::Random`].";
}

impl BlsRoot for Decrypt {}
impl BlsRoot for Session {}
impl BlsRoot for Random {}
