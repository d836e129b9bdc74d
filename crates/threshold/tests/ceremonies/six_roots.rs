//! One ceremony for all roots: its outputs, one named spoiling of each part, and purposes that never mix.

use std::collections::BTreeMap;

use proptest::prelude::*;
use quorate_threshold::{
    Check, Decrypt, DkgRounds, KeySetShares, Misuse, Outgoing, Params, PartyIndex, Purpose, Random, Root,
    RootShare, Session, SignEd25519, SignP256, SignSecp256k1, SixRoots, value,
};

use crate::support::{Ends, Started, honestly, parties, party, run, start_dkg};

const HEADER: usize = 3;
const REVEAL: u8 = 2;
const SHARE: u8 = 4;
const SCALAR: usize = 32;
const SALT: usize = 32;

fn started(threshold: u8, share_count: u8, session: u8) -> Vec<Started<DkgRounds<SixRoots>>> {
    start_dkg(Params::new(threshold, share_count).unwrap(), [session; 32], 7)
}

fn made(threshold: u8, share_count: u8) -> Vec<KeySetShares> {
    honestly(started(threshold, share_count, 1)).into_values().collect()
}

/// Where the package of each purpose begins in the reveal of a committee with t = 2.
fn packages() -> BTreeMap<Purpose, (usize, usize)> {
    let mut at = HEADER;
    Purpose::ALL
        .into_iter()
        .map(|purpose| {
            let length = 3 * purpose.public_key_len() + SCALAR + SALT;
            at += length;
            (purpose, (at - length, length))
        })
        .collect()
}

/// Party 1 spoils every message of `round` to party 2.
fn spoil(round: u8, change: impl Fn(&mut Vec<u8>)) -> Ends<KeySetShares> {
    let (_, ends) = run(started(2, 3, 1), |from, mut message| {
        if from == party(1) && message.to == party(2) && message.round == round {
            change(&mut message.payload);
        }
        vec![message]
    });
    ends
}

fn verdict(ends: &Ends<KeySetShares>, checks: &[Check], what: &str) {
    let failure = ends[&party(2)].as_ref().expect_err(what);
    assert_eq!(failure.culprits(), parties(&[1]), "{what}");
    assert!(failure.check().is_some_and(|check| checks.contains(&check)), "{what}: {failure}");
}

#[test]
fn every_member_ends_with_the_same_six_roots() {
    for (threshold, share_count) in [(2, 3), (3, 5), (4, 7)] {
        let all = made(threshold, share_count);
        assert_eq!(all.len(), usize::from(share_count));
        let roots = all[0].roots();
        assert_eq!(roots.each_ref().map(|root| root.purpose), Purpose::ALL);
        for (at, root) in roots.iter().enumerate() {
            assert_eq!(root.public_key.len(), root.purpose.public_key_len());
            root.purpose.check_public_key(&root.public_key).unwrap();
            for other in &roots[at + 1..] {
                assert_ne!(root.public_key, other.public_key);
                assert_ne!(root.public_digest, other.public_digest);
            }
        }
        for (index, shares) in (1..).zip(&all) {
            assert_eq!((shares.me(), shares.params()), (party(index), all[0].params()));
            assert_eq!(shares.session(), &[1; 32]);
            assert_eq!(shares.roots(), roots);
        }
    }
}

/// Keys, digests and stored bytes of a ceremony with fixed entropy: what is stored stays readable, and
/// what is hashed stays as it is.
#[test]
fn fixed_entropy_gives_the_published_roots() {
    use sha2::{Digest as _, Sha256};
    let ceremonies: Vec<serde_json::Value> = [(2, 3), (3, 5)]
        .into_iter()
        .map(|(threshold, share_count)| {
            let all = made(threshold, share_count);
            let roots: Vec<_> = all[0]
                .roots()
                .iter()
                .map(|root| {
                    serde_json::json!({
                        "purpose": root.purpose.name(),
                        "public_key": hex::encode(&root.public_key),
                        "public_digest": hex::encode(root.public_digest),
                    })
                })
                .collect();
            let record = hex::encode(Sha256::digest(all[0].to_secret_bytes().as_slice()));
            let value = value::combine(all[0].params(), &partials(&all, threshold)).unwrap();
            serde_json::json!({
                "threshold": threshold,
                "share_count": share_count,
                "roots": roots,
                "sha256_of_first_record": record,
                "value_of_abc": hex::encode(value.to_bytes()),
            })
        })
        .collect();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/roots.json");
    let about = "Session 01 x 32, entropy ChaCha20 seeded with 7 (seed_from_u64). The value is random's of the bytes abc.";
    let found = serde_json::json!({ "about": about, "ceremonies": ceremonies });
    if std::env::var_os("UPDATE_VECTORS").is_some() {
        std::fs::write(file, format!("{found:#}\n")).unwrap();
    }
    let expected: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(found, expected, "UPDATE_VECTORS=1 writes it anew");
}

fn partials(all: &[KeySetShares], threshold: u8) -> BTreeMap<PartyIndex, value::Partial> {
    all.iter()
        .take(threshold.into())
        .map(|shares| (shares.me(), shares.of::<Random>().partial(b"abc").unwrap()))
        .collect()
}

#[test]
fn a_flipped_bit_of_any_package_names_the_dealer() {
    for (purpose, (at, length)) in packages() {
        let point = purpose.public_key_len();
        // Coefficients, proof point, proof scalar, salt: their first and last bytes.
        let fields =
            [(0, point), (point, point), (2 * point, point), (3 * point, SCALAR), (3 * point + SCALAR, SALT)];
        for position in fields.iter().flat_map(|(from, long)| [*from, from + long - 1]) {
            assert!(position < length);
            let ends = spoil(REVEAL, |payload| payload[at + position] ^= 1);
            verdict(&ends, &[Check::Encoding, Check::RevealCommitment], &format!("{purpose} {position}"));
        }
    }
}

#[test]
fn a_share_that_is_off_the_polynomial_of_its_root_names_the_dealer() {
    for (place, purpose) in Purpose::ALL.into_iter().enumerate() {
        let share = HEADER + place * SCALAR..HEADER + (place + 1) * SCALAR;
        let change = |change: &dyn Fn(&mut [u8])| spoil(SHARE, |payload| change(&mut payload[share.clone()]));
        // The byte that weighs little in either order of bytes.
        verdict(&change(&|share| share[16] ^= 1), &[Check::DealtShare], purpose.name());
        verdict(&change(&|share| share.fill(0)), &[Check::DealtShare], purpose.name());
        verdict(&change(&|share| share.fill(0xff)), &[Check::Encoding], purpose.name());
    }
}

#[test]
fn a_part_too_many_or_too_few_names_the_dealer() {
    for round in 1..=SHARE {
        verdict(&spoil(round, |payload| payload.push(0)), &[Check::Length], "longer");
        verdict(&spoil(round, |payload| payload.truncate(payload.len() - 1)), &[Check::Length], "shorter");
    }
    for (purpose, (at, length)) in packages() {
        let without = spoil(REVEAL, |payload| {
            payload.drain(at..at + length);
        });
        verdict(&without, &[Check::Length], purpose.name());
        let twice = spoil(REVEAL, |payload| {
            let part = payload[at..at + length].to_vec();
            payload.splice(at..at, part);
        });
        verdict(&twice, &[Check::Length], purpose.name());
    }
    for place in 0..Purpose::ALL.len() {
        let at = HEADER + place * SCALAR;
        verdict(
            &spoil(SHARE, |payload| {
                payload.drain(at..at + SCALAR);
            }),
            &[Check::Length],
            "a share less",
        );
    }
}

#[test]
fn parts_in_another_order_name_the_dealer() {
    for (first, (at, long)) in packages() {
        for (second, (other, length)) in packages().split_off(&first).into_iter().skip(1) {
            let what = format!("{first} and {second}");
            let ends = spoil(REVEAL, |payload| {
                let (a, b) = (payload[at..at + long].to_vec(), payload[other..other + length].to_vec());
                payload.splice(other..other + length, a);
                payload.splice(at..at + long, b);
            });
            verdict(&ends, &[Check::Encoding, Check::RevealCommitment], &what);
            let places = [first, second].map(|purpose| usize::from(purpose.number() - 1));
            let ends = spoil(SHARE, |payload| {
                for byte in 0..SCALAR {
                    payload.swap(HEADER + places[0] * SCALAR + byte, HEADER + places[1] * SCALAR + byte);
                }
            });
            verdict(&ends, &[Check::Encoding, Check::DealtShare], &what);
        }
    }
}

/// Every root but `R` itself refuses its bytes.
fn is_no_other<R: Root>(all: &KeySetShares) {
    let bytes = all.of::<R>().to_secret_bytes();
    let as_each: [(Purpose, Result<(), Misuse>); 6] = [
        (Purpose::SignSecp256k1, RootShare::<SignSecp256k1>::from_secret_bytes(&bytes).map(drop)),
        (Purpose::SignP256, RootShare::<SignP256>::from_secret_bytes(&bytes).map(drop)),
        (Purpose::SignEd25519, RootShare::<SignEd25519>::from_secret_bytes(&bytes).map(drop)),
        (Purpose::Decrypt, RootShare::<Decrypt>::from_secret_bytes(&bytes).map(drop)),
        (Purpose::Session, RootShare::<Session>::from_secret_bytes(&bytes).map(drop)),
        (Purpose::Random, RootShare::<Random>::from_secret_bytes(&bytes).map(drop)),
    ];
    for (purpose, read) in as_each {
        let expected = if purpose == R::PURPOSE { Ok(()) } else { Err(Misuse::Stored("another purpose")) };
        assert_eq!(read, expected, "{} as {purpose}", R::PURPOSE);
    }
    // Even with the purpose's number changed, the digest is of the purpose that it was made for.
    for purpose in Purpose::ALL.into_iter().filter(|purpose| *purpose != R::PURPOSE) {
        let mut changed = bytes.to_vec();
        changed[1] = purpose.number();
        let read = match purpose {
            Purpose::SignSecp256k1 => RootShare::<SignSecp256k1>::from_secret_bytes(&changed).map(drop),
            Purpose::SignP256 => RootShare::<SignP256>::from_secret_bytes(&changed).map(drop),
            Purpose::SignEd25519 => RootShare::<SignEd25519>::from_secret_bytes(&changed).map(drop),
            Purpose::Decrypt => RootShare::<Decrypt>::from_secret_bytes(&changed).map(drop),
            Purpose::Session => RootShare::<Session>::from_secret_bytes(&changed).map(drop),
            Purpose::Random => RootShare::<Random>::from_secret_bytes(&changed).map(drop),
        };
        assert!(read.is_err(), "{} renamed to {purpose}", R::PURPOSE);
    }
    assert!(KeySetShares::from_secret_bytes(&bytes).is_err());
}

#[test]
fn stored_bytes_of_one_purpose_are_no_other() {
    let all = made(2, 3).remove(1);
    is_no_other::<SignSecp256k1>(&all);
    is_no_other::<SignP256>(&all);
    is_no_other::<SignEd25519>(&all);
    is_no_other::<Decrypt>(&all);
    is_no_other::<Session>(&all);
    is_no_other::<Random>(&all);
}

#[test]
fn all_shares_come_back_from_one_record_and_no_other_bytes_do() {
    let all = made(2, 3).remove(1);
    let bytes = all.to_secret_bytes();
    let again = KeySetShares::from_secret_bytes(&bytes).unwrap();
    assert_eq!(again.roots(), all.roots());
    assert_eq!(*again.to_secret_bytes(), *bytes);
    for position in 0..bytes.len() {
        let mut damaged = bytes.to_vec();
        damaged[position] ^= 1;
        assert!(KeySetShares::from_secret_bytes(&damaged).is_err(), "byte {position}");
    }
    for length in 0..bytes.len() {
        assert!(KeySetShares::from_secret_bytes(&bytes[..length]).is_err(), "{length} bytes");
    }
    assert!(KeySetShares::from_secret_bytes(&[&bytes[..], &[0]].concat()).is_err());
    // A record of a release before had this version and no purpose.
    let mut before = bytes.to_vec();
    before[0] = 1;
    assert_eq!(KeySetShares::from_secret_bytes(&before).unwrap_err(), Misuse::Stored("unknown version"));
    assert!(RootShare::<SignSecp256k1>::from_secret_bytes(&before).is_err());
}

#[test]
fn a_record_with_a_share_of_another_ceremony_or_member_is_refused() {
    let other_ceremony = honestly(started(2, 3, 2)).remove(&party(2)).unwrap();
    let all = made(2, 3);
    for other in [other_ceremony.of::<Random>(), all[0].of::<Random>()] {
        let mut bytes = all[1].to_secret_bytes().to_vec();
        let record = other.to_secret_bytes();
        let at = bytes.len() - record.len();
        bytes[at..].copy_from_slice(&record);
        let refused = KeySetShares::from_secret_bytes(&bytes).unwrap_err();
        assert_eq!(refused, Misuse::Stored("shares of several ceremonies"));
    }
}

#[test]
fn a_public_key_is_checked_in_its_own_group() {
    let roots = made(2, 3).remove(0).roots();
    for root in &roots {
        let checks = |bytes: &[u8]| root.purpose.check_public_key(bytes);
        assert_eq!(checks(&root.public_key), Ok(()));
        assert_eq!(checks(&root.public_key[1..]), Err(Misuse::PublicKey));
        assert_eq!(checks(&[&root.public_key[..], &[0]].concat()), Err(Misuse::PublicKey));
        for byte in [0, 0xff] {
            assert_eq!(checks(&vec![byte; root.public_key.len()]), Err(Misuse::PublicKey));
        }
        assert_eq!(Purpose::from_number(root.purpose.number()), Some(root.purpose));
        for other in &roots {
            if other.purpose.public_key_len() != root.purpose.public_key_len() {
                assert_eq!(checks(&other.public_key), Err(Misuse::PublicKey));
            }
        }
    }
    assert_eq!(Purpose::from_number(0), None);
    assert_eq!(Purpose::from_number(7), None);
    // The identities that can be written down.
    assert!(Purpose::SignEd25519.check_public_key(&[&[1][..], &[0; 31]].concat()).is_err());
    assert!(Purpose::Random.check_public_key(&[&[0xc0][..], &[0; 47]].concat()).is_err());
}

#[test]
fn messages_of_one_root_are_none_of_all_and_of_no_other() {
    let recorded = |from: PartyIndex, to: PartyIndex| {
        let mut recorded: BTreeMap<u8, Outgoing> = BTreeMap::new();
        let params = Params::new(2, 3).unwrap();
        let _ = run(start_dkg::<Decrypt>(params, [1; 32], 7), |sender, message| {
            if (sender, message.to) == (from, to) {
                recorded.insert(message.round, message.clone());
            }
            vec![message]
        });
        recorded
    };
    let messages = recorded(party(1), party(2));
    // The very same session, entropy and group, for another purpose: only the purpose differs.
    let params = Params::new(2, 3).unwrap();
    let (_, ends) = run(start_dkg::<Session>(params, [1; 32], 7), |from, mut message| {
        if from == party(1) && message.to == party(2) && message.round <= 2 {
            message.payload = messages[&message.round].payload.clone();
        }
        vec![message]
    });
    let failure = ends[&party(2)].as_ref().unwrap_err();
    assert_eq!((failure.culprits(), failure.check()), (&parties(&[1])[..], Some(Check::RevealCommitment)));
    let (_, ends) = run(started(2, 3, 1), |from, mut message| {
        if from == party(1) && message.to == party(2) {
            message.payload = messages[&message.round].payload.clone();
        }
        vec![message]
    });
    verdict(&ends, &[Check::Length], "a package of one root");
}

#[test]
fn shows_no_secret_when_printed() {
    let all = made(2, 3).remove(0);
    let printed = format!("{all:?} {:?} {:?}", all.of::<Random>(), started(2, 3, 1));
    let bytes = all.of::<Random>().to_secret_bytes();
    assert!(!printed.contains(&hex::encode(&bytes[37..69])) && !printed.contains("payload:"), "{printed}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_bytes_make_a_share(bytes in proptest::collection::vec(any::<u8>(), 0..1500), version in 0u8..5) {
        let mut bytes = bytes;
        for purpose in 0..8 {
            if let [first, second, ..] = bytes.as_mut_slice() {
                (*first, *second) = (version, purpose);
            }
            prop_assert!(KeySetShares::from_secret_bytes(&bytes).is_err());
            prop_assert!(RootShare::<SignEd25519>::from_secret_bytes(&bytes).is_err());
            prop_assert!(RootShare::<Random>::from_secret_bytes(&bytes).is_err());
        }
    }

    #[test]
    fn a_spoilt_byte_anywhere_names_its_sender(round in 1u8..=4, at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let ends = spoil(round, |payload| {
            let body = payload.len() - HEADER;
            payload[HEADER + at.index(body)] ^= 1 << bit;
        });
        if let Some(end) = ends.get(&party(2)) {
            let failure = end.as_ref().unwrap_err();
            // An echo may be about a third member, who is then named with its accuser.
            prop_assert!(failure.culprits().contains(&party(1)), "{failure}");
        }
    }
}
