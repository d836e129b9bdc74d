//! Scalars and points of secp256k1 in their one accepted encoding.

use k256::elliptic_curve::ff::PrimeField;
use k256::elliptic_curve::sec1::ToSec1Point;
use k256::{AffinePoint, FieldBytes, ProjectivePoint, PublicKey, Scalar};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

/// Length of a compressed point.
pub(crate) const POINT_LEN: usize = 33;
/// Length of a scalar.
pub(crate) const SCALAR_LEN: usize = 32;

/// A compressed, finite point on the curve; nothing else is accepted.
pub(crate) fn point_from_bytes(bytes: &[u8]) -> Option<PublicKey> {
    // SEC1 knows more forms of 33 bytes (the compact one, tag 5); exactly two tags are ours.
    if bytes.len() != POINT_LEN || !matches!(bytes[0], 2 | 3) {
        return None;
    }
    PublicKey::from_sec1_bytes(bytes).ok()
}

/// A point that is not the point at infinity.
pub(crate) fn finite(point: ProjectivePoint) -> Option<PublicKey> {
    PublicKey::from_affine(point.to_affine()).ok()
}

pub(crate) fn point_to_bytes(point: &PublicKey) -> [u8; POINT_LEN] {
    affine_to_bytes(point.as_affine())
}

pub(crate) fn affine_to_bytes(point: &AffinePoint) -> [u8; POINT_LEN] {
    let mut bytes = [0; POINT_LEN];
    let encoded = point.to_sec1_point(true);
    // The point at infinity encodes to one byte and stays all zero here, which no decoder accepts.
    if encoded.as_bytes().len() == POINT_LEN {
        bytes.copy_from_slice(encoded.as_bytes());
    }
    bytes
}

/// A reduced big-endian scalar; zero is accepted, the group order and above are not.
pub(crate) fn scalar_from_bytes(bytes: &[u8]) -> Option<Scalar> {
    let bytes: [u8; SCALAR_LEN] = bytes.try_into().ok()?;
    Scalar::from_repr(FieldBytes::from(bytes)).into_option()
}

pub(crate) fn scalar_to_bytes(scalar: &Scalar) -> [u8; SCALAR_LEN] {
    scalar.to_repr().into()
}

/// 48 big-endian bytes modulo the group order. The bias is below 2^-128.
pub(crate) fn scalar_from_wide(bytes: &[u8; 48]) -> Scalar {
    // Two halves of 24 bytes are each below the order: high · 2^192 + low.
    let half = |part: &[u8]| {
        let mut padded = [0u8; SCALAR_LEN];
        padded[8..].copy_from_slice(part);
        Scalar::from_repr(FieldBytes::from(padded)).into_option().unwrap_or(Scalar::ZERO)
    };
    let mut shift = [0u8; SCALAR_LEN];
    shift[7] = 1;
    let shift = Scalar::from_repr(FieldBytes::from(shift)).into_option().unwrap_or(Scalar::ZERO);
    half(&bytes[..24]) * shift + half(&bytes[24..])
}

/// A uniform scalar.
pub(crate) fn scalar_random(rng: &mut dyn CryptoRng) -> Scalar {
    let mut wide = Zeroizing::new([0u8; 48]);
    rng.fill_bytes(wide.as_mut_slice());
    scalar_from_wide(&wide)
}

/// The value at `x` of the polynomial with these coefficients, constant term first.
pub(crate) fn evaluate(coefficients: &[Scalar], x: u8) -> Scalar {
    let x = Scalar::from(u64::from(x));
    coefficients.iter().rev().fold(Scalar::ZERO, |value, coefficient| value * x + coefficient)
}

/// The same in the exponent.
pub(crate) fn evaluate_points(coefficients: &[PublicKey], x: u8) -> ProjectivePoint {
    let x = Scalar::from(u64::from(x));
    coefficients
        .iter()
        .rev()
        .fold(ProjectivePoint::IDENTITY, |value, coefficient| value * x + coefficient.to_projective())
}
