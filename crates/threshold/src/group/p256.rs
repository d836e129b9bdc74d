//! P-256: points compressed, 33 bytes with tags 2 and 3; scalars big-endian.

use p256::elliptic_curve::Group as _;
use p256::elliptic_curve::ff::PrimeField;
use p256::elliptic_curve::sec1::ToSec1Point;
use p256::{FieldBytes, ProjectivePoint, PublicKey, Scalar};

use super::{Group, SCALAR_LEN};

const POINT_LEN: usize = 33;

/// The group.
#[derive(Clone, Copy, Debug)]
pub struct P256;

super::sec1_group!(P256);
