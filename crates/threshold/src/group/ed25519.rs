//! The prime-order subgroup of edwards25519: points compressed, 32 bytes; scalars little-endian, as in
//! RFC 8032.

use curve25519_dalek::edwards::CompressedEdwardsY;
use curve25519_dalek::traits::Identity;
use curve25519_dalek::{EdwardsPoint, Scalar};

use super::{Group, SCALAR_LEN};

/// The group.
#[derive(Clone, Copy, Debug)]
pub struct Ed25519;

impl Group for Ed25519 {
    type Scalar = Scalar;
    type Point = EdwardsPoint;
    type Encoded = [u8; 32];
    const POINT_LEN: usize = 32;

    fn scalar_from_bytes(bytes: &[u8; SCALAR_LEN]) -> Option<Scalar> {
        Scalar::from_canonical_bytes(*bytes).into_option()
    }

    fn scalar_to_bytes(scalar: &Scalar) -> [u8; SCALAR_LEN] {
        scalar.to_bytes()
    }

    fn scalar_from_u64(number: u64) -> Scalar {
        Scalar::from(number)
    }

    fn add(a: &Scalar, b: &Scalar) -> Scalar {
        a + b
    }

    fn multiply(a: &Scalar, b: &Scalar) -> Scalar {
        a * b
    }

    fn identity() -> EdwardsPoint {
        EdwardsPoint::identity()
    }

    fn generate(scalar: &Scalar) -> EdwardsPoint {
        EdwardsPoint::mul_base(scalar)
    }

    fn times(point: &EdwardsPoint, scalar: &Scalar) -> EdwardsPoint {
        point * scalar
    }

    fn sum(a: &EdwardsPoint, b: &EdwardsPoint) -> EdwardsPoint {
        a + b
    }

    fn encode(point: &EdwardsPoint) -> [u8; 32] {
        point.compress().to_bytes()
    }

    fn decode(bytes: &[u8]) -> Option<(EdwardsPoint, [u8; 32])> {
        let encoded: [u8; 32] = bytes.try_into().ok()?;
        let point = CompressedEdwardsY(encoded).decompress()?;
        // The library reads a y that is not reduced, and a sign of x = 0; neither is our encoding.
        let canonical = point.compress().to_bytes() == encoded;
        (canonical && point.is_torsion_free() && point != EdwardsPoint::identity())
            .then_some((point, encoded))
    }
}
