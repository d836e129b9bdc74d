//! The roots of a key set: one public key for each purpose, made in one founding.

use std::fmt;

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use crate::{ParseIdError, PublicKey};

/// What a root is for. A share, a message or a value of one purpose is never one of another.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    BorshSerialize,
    BorshDeserialize,
    Serialize,
    Deserialize,
)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum Purpose {
    /// Signatures over secp256k1.
    #[serde(rename = "sign/secp256k1")]
    SignSecp256k1 = 1,
    /// Signatures over P-256.
    #[serde(rename = "sign/p256")]
    SignP256 = 2,
    /// Signatures over Ed25519.
    #[serde(rename = "sign/ed25519")]
    SignEd25519 = 3,
    /// Decryption, over BLS12-381.
    #[serde(rename = "decrypt")]
    Decrypt = 4,
    /// Grants of sessions, over BLS12-381.
    #[serde(rename = "session")]
    Session = 5,
    /// Agreed randomness, over BLS12-381.
    #[serde(rename = "random")]
    Random = 6,
}

impl Purpose {
    /// All purposes, in the order in which roots are listed everywhere.
    pub const ALL: [Purpose; 6] = [
        Purpose::SignSecp256k1,
        Purpose::SignP256,
        Purpose::SignEd25519,
        Purpose::Decrypt,
        Purpose::Session,
        Purpose::Random,
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Purpose::SignSecp256k1 => "sign/secp256k1",
            Purpose::SignP256 => "sign/p256",
            Purpose::SignEd25519 => "sign/ed25519",
            Purpose::Decrypt => "decrypt",
            Purpose::Session => "session",
            Purpose::Random => "random",
        }
    }

    /// The registry's key type: upstream's numbers, and our own for `session` and `random`.
    #[must_use]
    pub fn key_type(self) -> u64 {
        match self {
            Purpose::Decrypt => 1,
            Purpose::SignSecp256k1 => 2,
            Purpose::SignP256 => 3,
            Purpose::SignEd25519 => 5,
            Purpose::Session => 65_537,
            Purpose::Random => 65_538,
        }
    }

    /// The curve, by the name that RFC 9591, SEC 2 or RFC 9380 gives it.
    #[must_use]
    pub fn curve(self) -> &'static str {
        match self {
            Purpose::SignSecp256k1 => "secp256k1",
            Purpose::SignP256 => "P-256",
            Purpose::SignEd25519 => "Ed25519",
            Purpose::Decrypt | Purpose::Session | Purpose::Random => "BLS12-381 G1",
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The six root public keys of a key set, in their curves' compressed forms.
///
/// Only lengths are checked here, and the point of the secp256k1 root; a certificate says that all members hold shares
/// of exactly these.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct RootKeys {
    /// SEC1, 33 bytes.
    pub sign_secp256k1: PublicKey,
    /// SEC1, 33 bytes.
    pub sign_p256: [u8; 33],
    /// RFC 8032, 32 bytes.
    pub sign_ed25519: [u8; 32],
    /// Compressed G1, 48 bytes.
    pub decrypt: [u8; 48],
    /// Compressed G1, 48 bytes.
    pub session: [u8; 48],
    /// Compressed G1, 48 bytes.
    pub random: [u8; 48],
}

impl RootKeys {
    /// From one key for each purpose, in the order of [`Purpose::ALL`].
    ///
    /// # Errors
    /// [`ParseIdError`] for a missing key, one of another length, or a secp256k1 key that is no point.
    pub fn from_list<'a>(keys: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, ParseIdError> {
        let mut keys = keys.into_iter();
        let mut next = || keys.next().ok_or(ParseIdError { expected: "one root for each of six purposes" });
        let roots = RootKeys {
            sign_secp256k1: PublicKey::from_sec1(next()?)?,
            sign_p256: exact(next()?)?,
            sign_ed25519: exact(next()?)?,
            decrypt: exact(next()?)?,
            session: exact(next()?)?,
            random: exact(next()?)?,
        };
        match next() {
            Ok(_) => Err(ParseIdError { expected: "no more roots than purposes" }),
            Err(_) => Ok(roots),
        }
    }

    /// The key of a purpose.
    #[must_use]
    pub fn get(&self, purpose: Purpose) -> &[u8] {
        match purpose {
            Purpose::SignSecp256k1 => self.sign_secp256k1.as_bytes(),
            Purpose::SignP256 => &self.sign_p256,
            Purpose::SignEd25519 => &self.sign_ed25519,
            Purpose::Decrypt => &self.decrypt,
            Purpose::Session => &self.session,
            Purpose::Random => &self.random,
        }
    }

    /// Purposes and keys, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Purpose, &[u8])> {
        Purpose::ALL.into_iter().map(|purpose| (purpose, self.get(purpose)))
    }

    /// The first purpose whose keys differ.
    #[must_use]
    pub fn first_difference(&self, other: &RootKeys) -> Option<Purpose> {
        Purpose::ALL.into_iter().find(|purpose| self.get(*purpose) != other.get(*purpose))
    }
}

impl fmt::Debug for RootKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.iter().map(|(purpose, key)| (purpose.name(), hex::encode(key)));
        f.debug_map().entries(keys).finish()
    }
}

impl Serialize for RootKeys {
    /// An object with a member for each purpose: `0x` and lower-case hexadecimal digits.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(purpose, key)| (purpose, format!("0x{}", hex::encode(key)))))
    }
}

impl<'de> Deserialize<'de> for RootKeys {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let texts = <std::collections::BTreeMap<Purpose, String> as Deserialize>::deserialize(deserializer)?;
        let mut keys = Vec::with_capacity(texts.len());
        for text in texts.values() {
            let digits = text.strip_prefix("0x").ok_or_else(|| D::Error::custom("a key begins with 0x"))?;
            keys.push(hex::decode(digits).map_err(D::Error::custom)?);
        }
        RootKeys::from_list(keys.iter().map(Vec::as_slice)).map_err(D::Error::custom)
    }
}

fn exact<const N: usize>(bytes: &[u8]) -> Result<[u8; N], ParseIdError> {
    bytes.try_into().map_err(|_| ParseIdError { expected: "a root of its curve's length" })
}

#[cfg(test)]
mod tests {
    use super::*;

    const G: &str = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

    fn keys() -> Vec<Vec<u8>> {
        vec![hex::decode(G).unwrap(), vec![2; 33], vec![3; 32], vec![4; 48], vec![5; 48], vec![6; 48]]
    }

    fn parse(keys: &[Vec<u8>]) -> Result<RootKeys, ParseIdError> {
        RootKeys::from_list(keys.iter().map(Vec::as_slice))
    }

    #[test]
    fn every_root_has_its_place_and_length() {
        let roots = parse(&keys()).unwrap();
        assert_eq!(roots.iter().map(|(_, key)| key.to_vec()).collect::<Vec<_>>(), keys());
        for place in 0..6 {
            let mut short = keys();
            short[place].pop();
            assert!(parse(&short).is_err(), "{place}");
            let mut missing = keys();
            missing.remove(place);
            assert!(parse(&missing).is_err(), "{place}");
            let mut other = keys();
            other[place] = if place == 0 {
                hex::decode(G.replacen("02", "03", 1)).unwrap()
            } else {
                vec![9; other[place].len()]
            };
            assert_eq!(parse(&other).unwrap().first_difference(&roots), Some(Purpose::ALL[place]));
        }
        assert!(parse(&[keys(), vec![vec![7; 48]]].concat()).is_err());
    }

    #[test]
    fn the_text_form_is_read_back_and_names_every_purpose() {
        let roots = parse(&keys()).unwrap();
        let text = serde_json::to_string(&roots).unwrap();
        assert_eq!(serde_json::from_str::<RootKeys>(&text).unwrap(), roots);
        let mut last = 0;
        for purpose in Purpose::ALL {
            assert!(text[last..].contains(&format!("{:?}:", purpose.name())), "{purpose}");
            last = text.find(&format!("{:?}:", purpose.name())).unwrap();
        }
        assert!(serde_json::from_str::<RootKeys>(&text.replace("\"random\"", "\"chance\"")).is_err());
    }

    #[test]
    fn purposes_have_numbers_and_key_types_of_their_own() {
        for (a, b) in Purpose::ALL.iter().flat_map(|a| Purpose::ALL.iter().map(move |b| (a, b))) {
            assert_eq!(a == b, a.key_type() == b.key_type());
            assert_eq!(a == b, a.name() == b.name());
            assert_eq!(a == b, *a as u8 == *b as u8);
        }
    }
}
