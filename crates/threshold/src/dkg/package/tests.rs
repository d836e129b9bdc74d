//! The proof of a package in each group. Its encoding is tested in `group::tests`, point by point.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use super::*;
use crate::group::bls12381::Bls12381;
use crate::group::ed25519::Ed25519;
use crate::group::p256::P256;
use crate::group::secp256k1::Secp256k1;
use crate::group::tests::Samples;

const CONTEXT: [u8; 32] = [1; 32];

fn made<G: Group>() -> (Params, PartyIndex, Package<G>) {
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let polynomial = [group::scalar_random::<G>(&mut rng), group::scalar_random::<G>(&mut rng)];
    let dealer = PartyIndex::new(1).unwrap();
    let package = Package::make(&CONTEXT, dealer, &polynomial, &mut rng).unwrap();
    (Params::new(2, 3).unwrap(), dealer, package)
}

fn holds_for_one_dealer_in_one_context<G: Samples>() {
    let (_, dealer, package) = made::<G>();
    assert!(package.proves_possession(&CONTEXT, dealer));
    assert!(!package.proves_possession(&CONTEXT, PartyIndex::new(2).unwrap()));
    assert!(!package.proves_possession(&[2; 32], dealer));
    // A rogue key: the constant term cancels another one's, the proof is copied.
    let mut rogue = package.clone();
    let negated = G::times(package.coefficients[0].point(), &G::minus_one());
    rogue.coefficients[0] = Element::of(negated).unwrap();
    assert!(Element::<G>::of(G::sum(&negated, package.coefficients[0].point())).is_none());
    assert!(!rogue.proves_possession(&CONTEXT, dealer));
}

#[test]
fn the_proof_holds_for_one_dealer_in_one_session_and_purpose() {
    holds_for_one_dealer_in_one_context::<Secp256k1>();
    holds_for_one_dealer_in_one_context::<P256>();
    holds_for_one_dealer_in_one_context::<Ed25519>();
    holds_for_one_dealer_in_one_context::<Bls12381>();
}

fn decodes_only_as_it_was_encoded<G: Samples>() {
    let (params, _, package) = made::<G>();
    let bytes = package.encode();
    assert_eq!(Package::<G>::decode(params, &bytes).unwrap().encode(), bytes);
    assert!(Package::<G>::decode(Params::new(3, 3).unwrap(), &bytes).is_none());
    let refused = |at: usize, part: &[u8]| {
        let mut spoiled = bytes.clone();
        spoiled[at..at + part.len()].copy_from_slice(part);
        assert!(Package::<G>::decode(params, &spoiled).is_none(), "{part:?} at {at}");
    };
    for at in [0, G::POINT_LEN, 2 * G::POINT_LEN] {
        for (name, point) in G::refused_points() {
            assert_eq!(point.len(), G::POINT_LEN, "{name}");
            refused(at, &point);
        }
    }
    for scalar in G::refused_scalars() {
        refused(3 * G::POINT_LEN, &scalar);
    }
}

#[test]
fn refuses_all_but_the_one_encoding() {
    decodes_only_as_it_was_encoded::<Secp256k1>();
    decodes_only_as_it_was_encoded::<P256>();
    decodes_only_as_it_was_encoded::<Ed25519>();
    decodes_only_as_it_was_encoded::<Bls12381>();
}
