//! Public keys of other people's systems, checked when they are read.

use std::ops::RangeInclusive;

use ed25519_dalek::VerifyingKey as Ed25519Key;
use p256::ecdsa::{Signature as P256Signature, VerifyingKey as P256Key, signature::Verifier as _};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};

/// A public key that is sound, and has one form only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verifier {
    /// ECDSA on P-256 with SHA-256: `ES256`.
    P256(P256Key),
    /// Ed25519, verified strictly: `EdDSA`.
    Ed25519(Ed25519Key),
    /// RSASSA-PKCS1-v1_5 with SHA-256: `RS256`. Both numbers big-endian, without leading zeros.
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
}

/// How the two numbers of an ECDSA signature are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EcdsaForm {
    /// DER, as WebAuthn has it.
    Der,
    /// Two times 32 bytes, as JWS has it.
    Fixed,
}

impl Verifier {
    /// A point of P-256. `None` if the coordinates are too large, or not on the curve.
    pub(crate) fn p256(x: &[u8; 32], y: &[u8; 32]) -> Option<Self> {
        let mut sec1 = [4u8; 65];
        sec1[1..33].copy_from_slice(x);
        sec1[33..].copy_from_slice(y);
        P256Key::from_sec1_bytes(&sec1).ok().map(Verifier::P256)
    }

    /// A point of the prime-order group. `None` for points with a part of small order, under which a signature can
    /// fit several messages or keys, and for a second encoding of a point.
    pub(crate) fn ed25519(bytes: &[u8; 32]) -> Option<Self> {
        let key = Ed25519Key::from_bytes(bytes).ok()?;
        let point = key.to_edwards();
        let sound = !key.is_weak() && point.is_torsion_free() && point.compress().as_bytes() == bytes;
        sound.then_some(Verifier::Ed25519(key))
    }

    /// An odd modulus of so many bits. `None` also for an exponent that is not one of `exponents`, and for a number
    /// with leading zeros.
    pub(crate) fn rsa(
        modulus: &[u8],
        exponent: &[u8],
        bits: RangeInclusive<usize>,
        exponents: &[&[u8]],
    ) -> Option<Self> {
        let (first, last) = (*modulus.first()?, *modulus.last()?);
        let length = modulus.len() * 8 - first.leading_zeros() as usize;
        let sound = first != 0 && last % 2 == 1 && bits.contains(&length) && exponents.contains(&exponent);
        sound.then(|| Verifier::Rsa { modulus: modulus.to_vec(), exponent: exponent.to_vec() })
    }

    /// Whether the key signed the message. Of an ECDSA signature both values of s are good: neither standard asks for
    /// the lower one, and authenticators give either.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8], form: EcdsaForm) -> bool {
        match self {
            Verifier::P256(key) => {
                let fixed = match form {
                    EcdsaForm::Der => fixed_of_der(signature),
                    EcdsaForm::Fixed => signature.try_into().ok(),
                };
                fixed
                    .and_then(|fixed: [u8; 64]| P256Signature::from_slice(&fixed).ok())
                    .is_some_and(|signature| key.verify(message, &signature).is_ok())
            }
            Verifier::Ed25519(key) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok()),
            Verifier::Rsa { modulus, exponent } => RsaPublicKeyComponents { n: modulus, e: exponent }
                .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
                .is_ok(),
        }
    }
}

/// The two numbers of `Ecdsa-Sig-Value` (RFC 3279) in their one encoding.
fn fixed_of_der(der: &[u8]) -> Option<[u8; 64]> {
    let [0x30, length, rest @ ..] = der else { return None };
    // Two numbers have at most 70 bytes, so that the length is one byte.
    if usize::from(*length) != rest.len() {
        return None;
    }
    let mut fixed = [0u8; 64];
    let (r, s) = fixed.split_at_mut(32);
    let rest = read_integer(rest, r)?;
    let rest = read_integer(rest, s)?;
    rest.is_empty().then_some(fixed)
}

/// Reads a positive DER integer of at most 32 bytes into its end of `number`.
fn read_integer<'a>(bytes: &'a [u8], number: &mut [u8]) -> Option<&'a [u8]> {
    let [0x02, length, rest @ ..] = bytes else { return None };
    let (value, rest) = rest.split_at_checked(usize::from(*length))?;
    let magnitude = match value {
        // The zero is there because the number would else be negative.
        [0, magnitude @ ..] if magnitude.first().is_some_and(|first| *first >= 0x80) => magnitude,
        [1..0x80, ..] => value,
        _ => return None,
    };
    let start = number.len().checked_sub(magnitude.len())?;
    number[start..].copy_from_slice(magnitude);
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_der_signature_has_one_form() {
        let good = [0x30, 7, 2, 1, 1, 2, 2, 0, 0x80];
        let fixed = fixed_of_der(&good).unwrap();
        assert_eq!((fixed[31], fixed[63]), (1, 0x80));
        let bad: [&[u8]; 12] = [
            &[],
            &[0x30, 0],
            &[0x31, 7, 2, 1, 1, 2, 2, 0, 0x80],
            &[0x30, 0x81, 7, 2, 1, 1, 2, 2, 0, 0x80],
            &[0x30, 8, 2, 1, 1, 2, 2, 0, 0x80],
            &[0x30, 8, 2, 1, 1, 2, 2, 0, 0x80, 0],
            &[0x30, 7, 2, 1, 1, 2, 2, 0, 0x80, 0],
            &[0x30, 6, 2, 1, 1, 2, 1, 0x80],
            &[0x30, 8, 2, 2, 0, 1, 2, 2, 0, 0x80],
            &[0x30, 6, 2, 1, 1, 2, 1, 0],
            &[0x30, 5, 2, 0, 2, 1, 1],
            &[0x30, 7, 2, 1, 1, 2, 5, 0, 0x80],
        ];
        for der in bad {
            assert_eq!(fixed_of_der(der), None, "{der:?}");
        }
        let long = [&[0x30, 38, 2, 33][..], &[1; 33], &[2, 1, 1]].concat();
        assert_eq!(fixed_of_der(&long), None);
    }

    /// RFC 8032, section 7.1, test 1; the same point with a part of small order; the neutral element; a second
    /// encoding of it.
    #[test]
    fn an_ed25519_key_is_of_prime_order_and_has_one_encoding() {
        let key = |text: &str| {
            let bytes = hex::decode(text).unwrap();
            Verifier::ed25519(&bytes.try_into().unwrap())
        };
        let good = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
        assert!(key(good).is_some());
        // −P + (0, −1), where (0, −1) has order 2, is P with y negated.
        let mut turned: [u8; 32] = hex::decode(good).unwrap().try_into().unwrap();
        let p = hex::decode("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f").unwrap();
        let sign = turned[31] & 0x80;
        turned[31] &= 0x7f;
        let mut borrow = 0i16;
        for (byte, of_p) in turned.iter_mut().zip(&p) {
            let difference = i16::from(*of_p) - i16::from(*byte) - borrow;
            borrow = i16::from(difference < 0);
            *byte = difference.rem_euclid(256).try_into().unwrap();
        }
        turned[31] |= sign;
        let point = Ed25519Key::from_bytes(&turned).unwrap();
        assert!(!point.is_weak());
        assert_eq!(Verifier::ed25519(&turned), None);
        for weak in [
            "0100000000000000000000000000000000000000000000000000000000000000",
            "0000000000000000000000000000000000000000000000000000000000000000",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ] {
            assert_eq!(key(weak), None, "{weak}");
        }
    }

    #[test]
    fn an_rsa_modulus_has_its_bits_and_no_more() {
        let modulus = |first: u8, bytes: usize, last: u8| {
            let mut modulus = vec![7u8; bytes];
            modulus[0] = first;
            modulus[bytes - 1] = last;
            modulus
        };
        let read =
            |modulus: &[u8]| Verifier::rsa(modulus, &[1, 0, 1], 2_048..=4_096, &[&[1, 0, 1]]).is_some();
        assert!(read(&modulus(0x80, 256, 1)) && read(&modulus(0xff, 512, 3)) && read(&modulus(1, 257, 1)));
        assert!(!read(&modulus(0x7f, 256, 1)) && !read(&modulus(1, 513, 1)) && !read(&modulus(0x80, 256, 2)));
        assert!(!read(&modulus(0, 257, 1)) && !read(&[]));
        let exponent = |e: &[u8]| Verifier::rsa(&modulus(0x80, 256, 1), e, 2_048..=4_096, &[&[1, 0, 1]]);
        assert!(exponent(&[3]).is_none() && exponent(&[0, 1, 0, 1]).is_none() && exponent(&[]).is_none());
    }
}
