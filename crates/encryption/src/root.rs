//! The curve: the root's key, identities as points, values, and the pairing.
//!
//! All that passes between `blst`, which decodes and pairs, and `blstrs`, which computes, is here.

use blst::{blst_fp12, blst_p1_affine, blst_p2_affine, min_pk};
use blstrs::{G1Affine, G1Projective, G2Affine, G2Projective, Scalar};
use sha2::{Digest as _, Sha256};
use zeroize::{DefaultIsZeroes, Zeroize as _, Zeroizing};

/// Length of a root's public key: a compressed point of G1.
pub const ROOT_KEY_LEN: usize = 48;

/// Length of a value: a compressed point of G2.
pub const VALUE_LEN: usize = 96;

/// The domain-separation tag by which identities are hashed to G2 (IETF, proof-of-possession scheme).
pub const DST: &[u8] = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";

/// Bytes of one coordinate pair of the target group.
const PAIR_LEN: usize = 96;

/// Bytes that are no public key of a root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a public key of BLS12-381: 48 bytes, in the subgroup, not the identity")]
pub struct BadRootKey;

/// The public key of the network's `decrypt` root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RootKey(pub(crate) Point);

impl RootKey {
    /// Reads a compressed point of G1.
    ///
    /// # Errors
    ///
    /// [`BadRootKey`] unless it is in the prime-order subgroup and not the identity.
    pub fn from_bytes(bytes: &[u8; ROOT_KEY_LEN]) -> Result<Self, BadRootKey> {
        Point::decode(bytes).map(Self).ok_or(BadRootKey)
    }

    /// The 48 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; ROOT_KEY_LEN] {
        self.0.bytes
    }
}

/// A point of G1 in its one encoding: in the prime-order subgroup, and not the identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Point {
    point: G1Affine,
    bytes: [u8; ROOT_KEY_LEN],
}

impl Point {
    pub(crate) fn decode(bytes: &[u8; ROOT_KEY_LEN]) -> Option<Self> {
        let key = min_pk::PublicKey::uncompress(bytes).ok()?;
        key.validate().ok()?;
        let mut point = G1Affine::default();
        let decoded: &blst_p1_affine = (&key).into();
        *point.as_mut() = *decoded;
        Some(Self { point, bytes: *bytes })
    }

    /// The generator times `scalar`, in constant time; `None` for zero.
    pub(crate) fn generate(scalar: &Secret) -> Option<Self> {
        let bytes = Zeroizing::new(scalar.0.to_bytes_be());
        let mut key = min_pk::SecretKey::from_bytes(bytes.as_slice()).ok()?;
        let point = key.sk_to_pk().compress();
        key.zeroize();
        Self::decode(&point)
    }

    pub(crate) fn bytes(&self) -> &[u8; ROOT_KEY_LEN] {
        &self.bytes
    }
}

/// A secret number modulo the order; can be wiped, which the library's own cannot.
#[derive(Clone, Copy, Default)]
pub(crate) struct Secret(Scalar);

impl DefaultIsZeroes for Secret {}

impl Secret {
    /// The number of these bytes, big-endian, modulo the order.
    pub(crate) fn reduce(bytes: &[u8; 48]) -> Zeroizing<Self> {
        // Digits of 128 bits are below the order, so each is its own scalar.
        let shift = Scalar::from(1 << 32);
        let shift = shift * shift * shift * shift;
        let mut sum = Zeroizing::new(Self::default());
        let mut digit = Zeroizing::new([0; 32]);
        for sixteen in bytes.as_chunks::<16>().0 {
            digit[16..].copy_from_slice(sixteen);
            let number = Scalar::from_bytes_be(&digit).into_option().unwrap_or_default();
            *sum = Self(sum.0 * shift + number);
        }
        sum
    }
}

/// An element of the target group that can be wiped.
#[derive(Clone, Copy, Default)]
struct Target(blst_fp12);

impl DefaultIsZeroes for Target {}

/// SHA-256 of e(`root`, H(`identity`)) to the power of `scalar`: what an encryptor computes.
pub(crate) fn mask_of_identity(root: &RootKey, identity: &[u8], scalar: &Secret) -> Zeroizing<[u8; 32]> {
    let hashed = G2Affine::from(G2Projective::hash_to_curve(identity, DST, &[]));
    // The root is of prime order and the scalar is not zero, so this is not the identity.
    let point = G1Affine::from(&(G1Projective::from(root.0.point) * scalar.0));
    mask(point.as_ref(), hashed.as_ref())
}

/// SHA-256 of e(`point`, `value`): what an opener computes; `None` unless the value is of the subgroup
/// and not the identity.
pub(crate) fn mask_of_value(point: &Point, value: &[u8; VALUE_LEN]) -> Option<Zeroizing<[u8; 32]>> {
    let value = min_pk::Signature::uncompress(value).ok()?;
    value.validate(true).ok()?;
    Some(mask(point.point.as_ref(), (&value).into()))
}

/// SHA-256 over the twelve coordinates, the halves of the tower one after the other.
fn mask(p: &blst_p1_affine, q: &blst_p2_affine) -> Zeroizing<[u8; 32]> {
    let target = Zeroizing::new(Target(blst_fp12::miller_loop(q, p).final_exp()));
    let interleaved = Zeroizing::new(target.0.to_bendian());
    let pairs = interleaved.as_chunks::<PAIR_LEN>().0;
    let mut hash = Sha256::new();
    // The library writes c0.c0, c1.c0, c0.c1, …; the format has c0.c0, c0.c1, c0.c2, c1.c0, ….
    for pair in [0, 2, 4, 1, 3, 5] {
        hash.update(pairs[pair]);
    }
    Zeroizing::new(hash.finalize().into())
}
