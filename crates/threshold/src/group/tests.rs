//! Each group's one encoding, and what its decoders refuse.

use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use super::bls12381::Bls12381;
use super::ed25519::Ed25519;
use super::p256::P256;
use super::secp256k1::Secp256k1;
use super::*;

/// What tests know of a group beside its operations.
pub(crate) trait Samples: Group {
    /// The order, big-endian.
    const ORDER: &'static str;
    /// The generator's encoding, from the group's standard.
    const GENERATOR: &'static str;
    /// Whether scalars are encoded little-endian.
    const LITTLE_ENDIAN: bool = false;

    /// Encodings of the right length that no decoder may accept, with what they are.
    fn refused_points() -> Vec<(&'static str, Vec<u8>)>;

    /// A scalar's encoding from big-endian digits.
    fn scalar(digits: &str) -> [u8; SCALAR_LEN] {
        let mut bytes: [u8; SCALAR_LEN] = hex::decode(digits).unwrap().try_into().unwrap();
        if Self::LITTLE_ENDIAN {
            bytes.reverse();
        }
        bytes
    }

    /// Encodings that are no reduced scalars.
    fn refused_scalars() -> Vec<[u8; SCALAR_LEN]> {
        let order = Self::scalar(Self::ORDER);
        let mut above = order;
        above[if Self::LITTLE_ENDIAN { 0 } else { SCALAR_LEN - 1 }] += 1;
        vec![order, above, [0xff; SCALAR_LEN]]
    }

    /// The greatest scalar.
    fn minus_one() -> Self::Scalar {
        let mut bytes = Self::scalar(Self::ORDER);
        bytes[if Self::LITTLE_ENDIAN { 0 } else { SCALAR_LEN - 1 }] -= 1;
        Self::scalar_from_bytes(&bytes).unwrap()
    }
}

fn sec1_points(prime: &str, off_curve: u8) -> Vec<(&'static str, Vec<u8>)> {
    let with = |tag: u8, x: &[u8]| [&[tag], x].concat();
    let mut x = [0; 32];
    x[31] = off_curve;
    let prime = hex::decode(prime).unwrap();
    let mut above = prime.clone();
    for byte in above.iter_mut().rev() {
        *byte = byte.wrapping_add(1);
        if *byte != 0 {
            break;
        }
    }
    let mut points = vec![
        ("zeros", vec![0; 33]),
        ("an x off the curve", with(2, &x)),
        ("x = p", with(2, &prime)),
        ("x = p + 1", with(3, &above)),
        ("ones", vec![0xff; 33]),
    ];
    points.extend([0, 1, 4, 5, 6, 7, 0x82].map(|tag| ("another tag", with(tag, &[7; 32]))));
    points
}

impl Samples for Secp256k1 {
    const ORDER: &'static str = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    const GENERATOR: &'static str = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

    fn refused_points() -> Vec<(&'static str, Vec<u8>)> {
        sec1_points("fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f", 5)
    }
}

impl Samples for P256 {
    const ORDER: &'static str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    const GENERATOR: &'static str = "036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";

    fn refused_points() -> Vec<(&'static str, Vec<u8>)> {
        sec1_points("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff", 1)
    }
}

impl Samples for Ed25519 {
    const ORDER: &'static str = "1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed";
    const GENERATOR: &'static str = "5866666666666666666666666666666666666666666666666666666666666666";
    const LITTLE_ENDIAN: bool = true;

    fn refused_points() -> Vec<(&'static str, Vec<u8>)> {
        let mut points: Vec<(&'static str, Vec<u8>)> =
            vec![("an y off the curve", [&[2][..], &[0; 31]].concat()), ("ones", vec![0xff; 32])];
        for torsion in EIGHT_TORSION {
            points.push(("of small order", Self::encode(&torsion).to_vec()));
            if torsion != Self::identity() {
                let outside = ED25519_BASEPOINT_POINT + torsion;
                points.push(("outside the subgroup", Self::encode(&outside).to_vec()));
            }
        }
        // x = 0 has no sign.
        for (y, sign) in [(1, 0x80), (0xec, 0xff)] {
            let mut bytes = if y == 1 { [0; 32] } else { [0xff; 32] };
            (bytes[0], bytes[31]) = (y, sign);
            points.push(("a sign of x = 0", bytes.to_vec()));
        }
        // y = p … p + 18 have 255 bits: each is a second encoding, if any.
        for low in 0xed..=0xff {
            for high in [0x7f, 0xff] {
                let mut bytes = [0xff; 32];
                (bytes[0], bytes[31]) = (low, high);
                points.push(("an y that is not reduced", bytes.to_vec()));
            }
        }
        points
    }
}

impl Samples for Bls12381 {
    const ORDER: &'static str = "73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001";
    const GENERATOR: &'static str = "97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac58\
                                     6c55e83ff97a1aeffb3af00adb22c6bb";

    fn refused_points() -> Vec<(&'static str, Vec<u8>)> {
        let generator = hex::decode(Self::GENERATOR).unwrap();
        let flagged = |first: u8| [&[first][..], &[0; 47]].concat();
        let with_flags = |flags: u8| {
            let mut bytes = generator.clone();
            bytes[0] = bytes[0] & 0x1f | flags;
            bytes
        };
        let mut prime = hex::decode(
            "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab",
        )
        .unwrap();
        prime[0] |= 0x80;
        let mut points = vec![
            ("the identity", flagged(0xc0)),
            ("the identity with a sign", flagged(0xe0)),
            ("the identity, not compressed", flagged(0x40)),
            ("zeros", flagged(0)),
            ("an identity with an x", with_flags(0xc0)),
            ("not compressed", with_flags(0)),
            ("x = p", prime.clone()),
            ("ones", vec![0xff; 48]),
        ];
        // Small x, in one encoding and in that of x + p: on the curve but outside the subgroup, or neither.
        for x in 0..=8 {
            let mut bytes = flagged(0x80);
            bytes[47] = x;
            points.push(("off the curve or outside the subgroup", bytes));
            let mut above = prime.clone();
            above[47] += x;
            points.push(("an x that is not reduced", above));
        }
        points
    }
}

fn has_one_encoding<G: Samples>() {
    let mut rng = ChaCha20Rng::seed_from_u64(9);
    let one = G::scalar_from_u64(1);
    let generator = hex::decode(G::GENERATOR).unwrap();
    assert!(G::generate(&one) == G::decode(&generator).unwrap().0);
    assert_eq!(G::encode(&G::generate(&one)).as_ref(), generator);
    for _ in 0..8 {
        let scalar = scalar_random::<G>(&mut rng);
        assert!(G::scalar_from_bytes(&G::scalar_to_bytes(&scalar)) == Some(scalar));
        let element = Element::<G>::of(G::generate(&scalar)).unwrap();
        assert_eq!(element.bytes().len(), G::POINT_LEN);
        let again = Element::<G>::decode(element.bytes()).unwrap();
        assert!(again.point() == element.point() && again.encoded() == element.encoded());
        assert!(Element::<G>::decode(&element.bytes()[1..]).is_none());
        assert!(Element::<G>::decode(&[element.bytes(), &[0]].concat()).is_none());
    }
    for (name, point) in G::refused_points() {
        assert!(Element::<G>::decode(&point).is_none(), "{name}: {}", hex::encode(&point));
    }
    for scalar in G::refused_scalars() {
        assert!(G::scalar_from_bytes(&scalar).is_none(), "{}", hex::encode(scalar));
    }
    assert!(Element::<G>::of(G::identity()).is_none());
    assert!(Element::<G>::decode(G::encode(&G::identity()).as_ref()).is_none());
}

fn computes<G: Samples>() {
    let mut rng = ChaCha20Rng::seed_from_u64(11);
    let [a, b] = [scalar_random::<G>(&mut rng), scalar_random::<G>(&mut rng)];
    let point = |scalar: &G::Scalar| G::generate(scalar);
    assert!(G::sum(&point(&a), &point(&b)) == point(&G::add(&a, &b)));
    assert!(G::sum(&point(&a), &point(&a)) == point(&G::add(&a, &a)));
    assert!(G::sum(&point(&a), &G::identity()) == point(&a));
    assert!(G::times(&point(&a), &b) == point(&G::multiply(&a, &b)));
    // One more than the greatest scalar is nothing, and so is the order as a wide number.
    assert!(G::add(&G::minus_one(), &G::scalar_from_u64(1)) == G::zero());
    assert!(G::sum(&point(&G::minus_one()), &point(&G::scalar_from_u64(1))) == G::identity());
    let order = hex::decode(G::ORDER).unwrap();
    assert!(scalar_from_wide::<G>(&order) == G::zero());
    assert!(scalar_from_wide::<G>(&[&[0; 15][..], &[7], &[0; 32]].concat()) != G::scalar_from_u64(7));
    // 2^256 three ways.
    let half = G::multiply(&G::scalar_from_u64(1 << 63), &G::scalar_from_u64(2));
    let whole = G::multiply(&G::multiply(&half, &half), &G::multiply(&half, &half));
    assert!(scalar_from_wide::<G>(&[&[1][..], &[0; 32]].concat()) == whole);
    for number in [0, 1, 2, 3, 5, 8, 31, 32, 255] {
        assert!(
            few_times::<G>(&point(&a), number) == G::times(&point(&a), &G::scalar_from_u64(number.into())),
            "{number}"
        );
    }
    let polynomial = [a, b, G::minus_one()];
    let commitments = polynomial.map(|secret| Element::<G>::of(point(&secret)).unwrap());
    for x in [1, 2, 17, 32] {
        assert!(point(&evaluate::<G>(&polynomial, x)) == evaluate_points(&commitments, x));
    }
}

#[test]
fn a_point_and_a_scalar_have_one_encoding_each() {
    has_one_encoding::<Secp256k1>();
    has_one_encoding::<P256>();
    has_one_encoding::<Ed25519>();
    has_one_encoding::<Bls12381>();
}

#[test]
fn sums_and_products_agree_with_points() {
    computes::<Secp256k1>();
    computes::<P256>();
    computes::<Ed25519>();
    computes::<Bls12381>();
}

#[test]
fn a_scalar_of_bls_can_be_wiped() {
    let mut scalar = Bls12381::minus_one();
    zeroize::Zeroize::zeroize(&mut scalar);
    assert!(scalar == Bls12381::zero());
}
