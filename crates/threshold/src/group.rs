//! The groups of the roots: scalars and points in their one accepted encoding each.

use core::fmt;

use rand_core::CryptoRng;
use zeroize::{Zeroize, Zeroizing};

pub(crate) mod bls12381;
pub(crate) mod ed25519;
pub(crate) mod p256;
pub(crate) mod secp256k1;

/// Length of a scalar, in every group.
pub(crate) const SCALAR_LEN: usize = 32;

/// A group of prime order with a generator. Implemented in this crate only.
pub trait Group: Copy + Send + Sync + 'static {
    /// A number modulo the order.
    type Scalar: Copy + PartialEq + Zeroize + Send + Sync + 'static;
    /// A point, the identity among them.
    type Point: Copy + PartialEq + Send + Sync + 'static;
    /// A compressed point.
    type Encoded: Copy + AsRef<[u8]> + PartialEq + Eq + fmt::Debug + Send + Sync + 'static;
    /// Length of a compressed point.
    const POINT_LEN: usize;

    /// The number zero.
    fn zero() -> Self::Scalar {
        Self::scalar_from_u64(0)
    }
    /// A reduced scalar; zero is accepted, the order and above are not.
    fn scalar_from_bytes(bytes: &[u8; SCALAR_LEN]) -> Option<Self::Scalar>;
    /// The one encoding of a scalar.
    fn scalar_to_bytes(scalar: &Self::Scalar) -> [u8; SCALAR_LEN];
    /// A number.
    fn scalar_from_u64(number: u64) -> Self::Scalar;
    /// Sum.
    fn add(a: &Self::Scalar, b: &Self::Scalar) -> Self::Scalar;
    /// Product.
    fn multiply(a: &Self::Scalar, b: &Self::Scalar) -> Self::Scalar;

    /// The identity.
    fn identity() -> Self::Point;
    /// The generator, times a secret, in constant time.
    fn generate(scalar: &Self::Scalar) -> Self::Point;
    /// A point, times a scalar.
    fn times(point: &Self::Point, scalar: &Self::Scalar) -> Self::Point;
    /// Sum of any two points, equal ones too.
    fn sum(a: &Self::Point, b: &Self::Point) -> Self::Point;
    /// The encoding; what it gives for the identity is accepted by no decoder.
    fn encode(point: &Self::Point) -> Self::Encoded;
    /// A point of the prime-order subgroup from its one encoding; the identity is refused.
    fn decode(bytes: &[u8]) -> Option<(Self::Point, Self::Encoded)>;
}

#[cfg(test)]
pub(crate) mod tests;

/// The group of one of RustCrypto's curves: `$group` with the names of that crate in scope.
macro_rules! sec1_group {
    ($group:ident) => {
        impl Group for $group {
            type Scalar = Scalar;
            type Point = ProjectivePoint;
            type Encoded = [u8; POINT_LEN];
            const POINT_LEN: usize = POINT_LEN;

            fn scalar_from_bytes(bytes: &[u8; SCALAR_LEN]) -> Option<Scalar> {
                Scalar::from_repr(FieldBytes::from(*bytes)).into_option()
            }

            fn scalar_to_bytes(scalar: &Scalar) -> [u8; SCALAR_LEN] {
                scalar.to_repr().into()
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

            fn identity() -> ProjectivePoint {
                ProjectivePoint::IDENTITY
            }

            fn generate(scalar: &Scalar) -> ProjectivePoint {
                ProjectivePoint::mul_by_generator(scalar)
            }

            fn times(point: &ProjectivePoint, scalar: &Scalar) -> ProjectivePoint {
                point * scalar
            }

            fn sum(a: &ProjectivePoint, b: &ProjectivePoint) -> ProjectivePoint {
                a + b
            }

            fn encode(point: &ProjectivePoint) -> [u8; POINT_LEN] {
                let encoded = point.to_affine().to_sec1_point(true);
                // The point at infinity has one byte and stays all zero here, which no decoder accepts.
                encoded.as_bytes().try_into().unwrap_or([0; POINT_LEN])
            }

            fn decode(bytes: &[u8]) -> Option<(ProjectivePoint, [u8; POINT_LEN])> {
                let encoded: [u8; POINT_LEN] = bytes.try_into().ok()?;
                // SEC1 knows more forms of 33 bytes (the compact one, tag 5); exactly two tags are ours.
                if !matches!(encoded[0], 2 | 3) {
                    return None;
                }
                Some((PublicKey::from_sec1_bytes(&encoded).ok()?.to_projective(), encoded))
            }
        }
    };
}
pub(crate) use sec1_group;

/// A point other than the identity, beside its encoding.
#[derive(Clone, Copy)]
pub(crate) struct Element<G: Group> {
    point: G::Point,
    encoded: G::Encoded,
}

impl<G: Group> Element<G> {
    /// 2.2: nothing but the one encoding of a point that may be used.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (point, encoded) = G::decode(bytes)?;
        Some(Self { point, encoded })
    }

    /// `None` for the identity. The point must be of the subgroup: sums and multiples of elements are.
    pub(crate) fn of(point: G::Point) -> Option<Self> {
        (point != G::identity()).then(|| Self { point, encoded: G::encode(&point) })
    }

    pub(crate) fn point(&self) -> &G::Point {
        &self.point
    }

    pub(crate) fn encoded(&self) -> &G::Encoded {
        &self.encoded
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.encoded.as_ref()
    }
}

/// A reduced scalar of exactly the right length.
pub(crate) fn scalar_from_bytes<G: Group>(bytes: &[u8]) -> Option<G::Scalar> {
    G::scalar_from_bytes(bytes.try_into().ok()?)
}

/// Big-endian bytes modulo the order. With 16 more than a scalar has, the bias is below 2^-124.
pub(crate) fn scalar_from_wide<G: Group>(bytes: &[u8]) -> G::Scalar {
    // Limbs of 32 bits, most significant first: value · 2^32 + limb.
    let shift = G::scalar_from_u64(1 << 32);
    bytes.rchunks(4).rev().fold(G::zero(), |value, limb| {
        let number = limb.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        G::add(&G::multiply(&value, &shift), &G::scalar_from_u64(number))
    })
}

/// A uniform scalar.
pub(crate) fn scalar_random<G: Group>(rng: &mut dyn CryptoRng) -> G::Scalar {
    let mut wide = Zeroizing::new([0u8; 48]);
    rng.fill_bytes(wide.as_mut_slice());
    scalar_from_wide::<G>(wide.as_slice())
}

/// The value at `x` of the polynomial with these coefficients, constant term first.
pub(crate) fn evaluate<G: Group>(coefficients: &[G::Scalar], x: u8) -> G::Scalar {
    let x = G::scalar_from_u64(u64::from(x));
    coefficients
        .iter()
        .rev()
        .fold(G::zero(), |value, coefficient| G::add(&G::multiply(&value, &x), coefficient))
}

/// The same in the exponent. All of it is public.
pub(crate) fn evaluate_points<G: Group>(coefficients: &[Element<G>], x: u8) -> G::Point {
    let mut ascending = coefficients.iter().rev();
    let Some(highest) = ascending.next() else { return G::identity() };
    ascending.fold(highest.point, |value, coefficient| G::sum(&few_times::<G>(&value, x), &coefficient.point))
}

/// A point, times a small public number: a handful of additions.
fn few_times<G: Group>(point: &G::Point, number: u8) -> G::Point {
    let mut bits = (0..8).rev().map(|bit| number >> bit & 1).skip_while(|bit| *bit == 0);
    let Some(_) = bits.next() else { return G::identity() };
    bits.fold(*point, |multiple, bit| {
        let doubled = G::sum(&multiple, &multiple);
        if bit == 1 { G::sum(&doubled, point) } else { doubled }
    })
}
