//! BLS12-381 with public keys in G1: points compressed, 48 bytes; scalars big-endian.
//!
//! All that passes between `blst`, which signs and verifies, and `blstrs`, which computes, is here.

use blst::min_pk;
use blstrs::{G1Affine, G1Projective};
use zeroize::{DefaultIsZeroes, Zeroizing};

use super::{Group, SCALAR_LEN};

const POINT_LEN: usize = 48;

/// The group.
#[derive(Clone, Copy, Debug)]
pub struct Bls12381;

/// A number modulo the order; can be wiped, which the library's own cannot.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Scalar(blstrs::Scalar);

impl DefaultIsZeroes for Scalar {}

impl core::fmt::Debug for Scalar {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Scalar")
    }
}

impl Group for Bls12381 {
    type Scalar = Scalar;
    type Point = G1Projective;
    type Encoded = [u8; POINT_LEN];
    const POINT_LEN: usize = POINT_LEN;

    fn zero() -> Scalar {
        Scalar::default()
    }

    fn scalar_from_bytes(bytes: &[u8; SCALAR_LEN]) -> Option<Scalar> {
        blstrs::Scalar::from_bytes_be(bytes).into_option().map(Scalar)
    }

    fn scalar_to_bytes(scalar: &Scalar) -> [u8; SCALAR_LEN] {
        scalar.0.to_bytes_be()
    }

    fn scalar_from_u64(number: u64) -> Scalar {
        Scalar(blstrs::Scalar::from(number))
    }

    fn add(a: &Scalar, b: &Scalar) -> Scalar {
        Scalar(a.0 + b.0)
    }

    fn multiply(a: &Scalar, b: &Scalar) -> Scalar {
        Scalar(a.0 * b.0)
    }

    fn identity() -> G1Projective {
        G1Affine::default().into()
    }

    fn generate(scalar: &Scalar) -> G1Projective {
        secret_key(scalar).map_or_else(Self::identity, |key| projective(&key.sk_to_pk()))
    }

    fn times(point: &G1Projective, scalar: &Scalar) -> G1Projective {
        point * scalar.0
    }

    fn sum(a: &G1Projective, b: &G1Projective) -> G1Projective {
        a + b
    }

    fn encode(point: &G1Projective) -> [u8; POINT_LEN] {
        point.to_compressed()
    }

    fn decode(bytes: &[u8]) -> Option<(G1Projective, [u8; POINT_LEN])> {
        let encoded: [u8; POINT_LEN] = bytes.try_into().ok()?;
        Some((projective(&public_key(&encoded)?), encoded))
    }
}

/// The key that signs; `None` for zero.
pub(crate) fn secret_key(scalar: &Scalar) -> Option<min_pk::SecretKey> {
    let bytes = Zeroizing::new(scalar.0.to_bytes_be());
    min_pk::SecretKey::from_bytes(bytes.as_slice()).ok()
}

/// The key that verifies: on the curve, in the subgroup, not the identity.
pub(crate) fn public_key(bytes: &[u8; POINT_LEN]) -> Option<min_pk::PublicKey> {
    let key = min_pk::PublicKey::uncompress(bytes).ok()?;
    key.validate().ok()?;
    Some(key)
}

/// The key that verifies, of a point.
pub(crate) fn key_of(point: &G1Projective) -> min_pk::PublicKey {
    (*G1Affine::from(point).as_ref()).into()
}

fn projective(key: &min_pk::PublicKey) -> G1Projective {
    let mut affine = G1Affine::default();
    let point: &blst::blst_p1_affine = key.into();
    *affine.as_mut() = *point;
    affine.into()
}
