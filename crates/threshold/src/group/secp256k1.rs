//! secp256k1: points compressed, 33 bytes with tags 2 and 3; scalars big-endian.

use k256::elliptic_curve::ff::PrimeField;
use k256::elliptic_curve::sec1::ToSec1Point;
use k256::{FieldBytes, ProjectivePoint, PublicKey, Scalar};

use super::{Group, SCALAR_LEN};

/// Length of a compressed point.
pub(crate) const POINT_LEN: usize = 33;

/// The group.
#[derive(Clone, Copy, Debug)]
pub struct Secp256k1;

super::sec1_group!(Secp256k1);

/// A point that is not the point at infinity.
pub(crate) fn finite(point: ProjectivePoint) -> Option<PublicKey> {
    PublicKey::from_affine(point.to_affine()).ok()
}
