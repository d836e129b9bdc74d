//! Key generation without disturbance, and what its output is.

use k256::elliptic_curve::ff::PrimeField;
use k256::elliptic_curve::sec1::ToSec1Point;
use k256::{ProjectivePoint, PublicKey, Scalar};
use quorate_threshold::{
    Dkg, DkgInput, Misuse, PARTIES_MAX, Params, PartyIndex, RootShare as AnyShare, SignSecp256k1,
};

use crate::support::{honestly, party, rng, start_dkg};

type RootShare = AnyShare<SignSecp256k1>;

fn shares(threshold: u8, share_count: u8) -> Vec<RootShare> {
    let params = Params::new(threshold, share_count).unwrap();
    honestly(start_dkg::<SignSecp256k1>(params, [1; 32], 7)).into_values().collect()
}

/// The secret scalar, from the stored form.
fn scalar(share: &RootShare) -> Scalar {
    let bytes: [u8; 32] = share.to_secret_bytes()[37..69].try_into().unwrap();
    Scalar::from_repr(bytes.into()).unwrap()
}

fn interpolate(shares: &[&RootShare]) -> [u8; 33] {
    let x = |share: &RootShare| Scalar::from(u64::from(share.me().get()));
    let secret: Scalar = shares
        .iter()
        .map(|share| {
            let others = shares.iter().filter(|other| other.me() != share.me());
            let lambda: Scalar =
                others.map(|other| x(other) * (x(other) - x(share)).invert().unwrap()).product();
            lambda * scalar(share)
        })
        .sum();
    let key = PublicKey::from_affine(ProjectivePoint::mul_by_generator(&secret).to_affine()).unwrap();
    key.to_sec1_point(true).as_bytes().try_into().unwrap()
}

#[test]
fn all_members_end_with_one_public_view() {
    for (threshold, share_count) in [(2, 2), (2, 3), (3, 5), (5, 5)] {
        let shares = shares(threshold, share_count);
        assert_eq!(shares.len(), usize::from(share_count));
        for share in &shares {
            assert_eq!(share.public_digest(), shares[0].public_digest());
            assert_eq!(share.root_public_key(), shares[0].root_public_key());
            for other in &shares {
                assert_eq!(other.public_share(share.me()), share.public_share(share.me()));
            }
        }
    }
}

#[test]
fn threshold_shares_interpolate_the_key_and_one_fewer_do_not() {
    let shares = shares(3, 5);
    let root = shares[0].root_public_key();
    for a in 0..5 {
        for b in a + 1..5 {
            assert_ne!(interpolate(&[&shares[a], &shares[b]]), root);
            for c in b + 1..5 {
                assert_eq!(interpolate(&[&shares[a], &shares[b], &shares[c]]), root);
            }
        }
    }
}

#[test]
fn sessions_and_entropy_change_the_key() {
    let params = Params::new(2, 3).unwrap();
    let root = |session, seed| {
        honestly(start_dkg::<SignSecp256k1>(params, session, seed))
            .remove(&party(1))
            .unwrap()
            .root_public_key()
    };
    assert_ne!(root([1; 32], 7), root([1; 32], 8));
    assert_eq!(root([1; 32], 7), root([1; 32], 7));
}

#[test]
fn a_stored_share_comes_back_and_a_damaged_one_is_refused() {
    let share = shares(2, 3).remove(1);
    let bytes = share.to_secret_bytes();
    let again = RootShare::from_secret_bytes(&bytes).unwrap();
    assert_eq!(again.public_digest(), share.public_digest());
    assert_eq!(*again.to_secret_bytes(), *bytes);

    for position in 0..bytes.len() {
        let mut damaged = bytes.to_vec();
        damaged[position] ^= 1;
        assert!(RootShare::from_secret_bytes(&damaged).is_err(), "byte {position}");
    }
    assert!(RootShare::from_secret_bytes(&bytes[..bytes.len() - 1]).is_err());
    assert!(RootShare::from_secret_bytes(&[&bytes[..], &[0]].concat()).is_err());
    assert!(RootShare::from_secret_bytes(&[]).is_err());
}

#[test]
fn refuses_impossible_committees_and_indices() {
    for (threshold, share_count) in [(0, 3), (1, 3), (4, 3), (2, PARTIES_MAX + 1)] {
        assert_eq!(Params::new(threshold, share_count), Err(Misuse::Params));
    }
    assert_eq!(PartyIndex::new(0), Err(Misuse::PartyIndex));
    assert_eq!(PartyIndex::new(PARTIES_MAX + 1), Err(Misuse::PartyIndex));
    let input = DkgInput { params: Params::new(2, 3).unwrap(), me: party(4), session: [0; 32] };
    assert_eq!(Dkg::<SignSecp256k1>::start(input, &mut rng(1)).unwrap_err(), Misuse::NotTakingPart);
}

#[test]
fn shows_no_secret_when_printed() {
    let share = shares(2, 3).remove(0);
    let printed = format!("{share:?} {:?}", start_dkg::<SignSecp256k1>(share.params(), [1; 32], 7));
    let digits = hex::encode(&share.to_secret_bytes()[37..69]);
    assert!(!printed.contains(&digits) && !printed.contains("payload:"), "{printed}");
}

#[test]
fn refuses_a_dead_source_of_entropy() {
    struct Zeros;
    impl rand_core::TryRng for Zeros {
        type Error = core::convert::Infallible;
        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            Ok(0)
        }
        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            Ok(0)
        }
        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
            bytes.fill(0);
            Ok(())
        }
    }
    impl rand_core::TryCryptoRng for Zeros {}
    let input = DkgInput { params: Params::new(2, 3).unwrap(), me: party(1), session: [0; 32] };
    assert_eq!(Dkg::<SignSecp256k1>::start(input, &mut Zeros).unwrap_err(), Misuse::Entropy);
}
