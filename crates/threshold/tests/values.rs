//! Threshold values from real shares: any t members, one value; liars named; nothing else accepted.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a panic is the report")]

use std::collections::BTreeMap;

use proptest::prelude::*;
use quorate_threshold::value::{self, Partial, Value, ValueKey};
use quorate_threshold::{
    BlsRoot, Decrypt, Dkg, DkgInput, KeySetShares, Misuse, Outcome, Params, PartyIndex, Random, Session,
    SixRoots,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

const MESSAGE: &[u8] = b"an identity";

fn party(index: u8) -> PartyIndex {
    PartyIndex::new(index).unwrap()
}

fn committee(threshold: u8, share_count: u8) -> BTreeMap<PartyIndex, KeySetShares> {
    let params = Params::new(threshold, share_count).unwrap();
    let mut rng = ChaCha20Rng::seed_from_u64(5);
    let (mut drivers, mut flight, mut outputs) = (BTreeMap::new(), Vec::new(), BTreeMap::new());
    for me in params.parties() {
        let input = DkgInput { params, me, session: [3; 32] };
        let (driver, messages) = Dkg::<SixRoots>::start(input, &mut rng).unwrap();
        flight.extend(messages.into_iter().map(|message| (me, message)));
        drivers.insert(me, driver);
    }
    while let Some((from, message)) = flight.pop() {
        let step = drivers.get_mut(&message.to).unwrap().receive(from, &message.payload).unwrap();
        flight.extend(step.messages.into_iter().map(|next| (message.to, next)));
        match step.outcome {
            Some(Outcome::Done(output)) => drop(outputs.insert(message.to, output)),
            Some(Outcome::Failed(failure)) => panic!("{failure}"),
            None => {}
        }
    }
    outputs
}

type Partials = BTreeMap<PartyIndex, Partial>;

fn partials<R: BlsRoot>(all: &BTreeMap<PartyIndex, KeySetShares>, message: &[u8], who: &[u8]) -> Partials {
    who.iter().map(|index| (party(*index), all[&party(*index)].of::<R>().partial(message).unwrap())).collect()
}

/// Every choice of `size` members out of `count`.
fn choices(count: u8, size: usize) -> Vec<Vec<u8>> {
    (0u32..1 << count)
        .filter(|set| set.count_ones() as usize == size)
        .map(|set| (1..=count).filter(|index| set >> (index - 1) & 1 == 1).collect())
        .collect()
}

#[test]
fn any_t_members_make_one_value_and_fewer_make_none() {
    for (threshold, share_count) in [(2, 3), (3, 5), (4, 7)] {
        let all = committee(threshold, share_count);
        let params = Params::new(threshold, share_count).unwrap();
        let key = all[&party(1)].of::<Random>().value_key();
        let mut values = Vec::new();
        for who in choices(share_count, usize::from(threshold)) {
            let value = value::combine(params, &partials::<Random>(&all, MESSAGE, &who)).unwrap();
            assert!(key.verify(MESSAGE, &value), "{who:?}");
            values.push(value);
        }
        assert!(values.iter().all(|value| *value == values[0]));
        let root = all[&party(1)].of::<Random>().root_public_key();
        assert_eq!(value::verify(&root, MESSAGE, &values[0].to_bytes()), Ok(true));
        assert_eq!(value::verify(&root, b"another", &values[0].to_bytes()), Ok(false));
        // One fewer is refused, and as a committee of a smaller threshold they make something else.
        for who in choices(share_count, usize::from(threshold) - 1) {
            let some = partials::<Random>(&all, MESSAGE, &who);
            assert_eq!(value::combine(params, &some), Err(Misuse::SignerSet));
            assert_eq!(all[&party(1)].of::<Random>().value(MESSAGE, &some).unwrap_err(), Misuse::SignerSet);
            if let Ok(smaller) = Params::new(threshold - 1, share_count) {
                assert!(!key.verify(MESSAGE, &value::combine(smaller, &some).unwrap()), "{who:?}");
            } else {
                let lone = Value::from_bytes(&some.values().next().unwrap().to_bytes()).unwrap();
                assert!(!key.verify(MESSAGE, &lone), "{who:?}");
            }
        }
        let more: Vec<u8> = (1..=threshold + 1).collect();
        assert_eq!(value::combine(params, &partials::<Random>(&all, MESSAGE, &more)), Err(Misuse::SignerSet));
    }
}

#[test]
fn a_partial_verifies_for_its_member_and_identity_only() {
    let all = committee(2, 3);
    let share = all[&party(1)].of::<Random>();
    for index in 1..=3 {
        let partial = all[&party(index)].of::<Random>().partial(MESSAGE).unwrap();
        assert_eq!(Partial::from_bytes(&partial.to_bytes()).unwrap(), partial);
        for from in 1..=3 {
            assert_eq!(share.verify_partial(party(from), MESSAGE, &partial), from == index);
        }
        assert!(!share.verify_partial(party(index), b"another", &partial));
        assert!(!share.verify_partial(party(4), MESSAGE, &partial));
    }
}

#[test]
fn a_partial_and_a_value_of_one_purpose_are_no_other() {
    let all = committee(2, 3);
    let me = &all[&party(1)];
    fn accepted<Made: BlsRoot, Under: BlsRoot>(
        all: &BTreeMap<PartyIndex, KeySetShares>,
        me: &KeySetShares,
    ) -> bool {
        let some = partials::<Made>(all, MESSAGE, &[2, 3]);
        let value = value::combine(me.params(), &some).unwrap();
        let alone = me.of::<Under>().verify_partial(party(2), MESSAGE, &some[&party(2)]);
        let whole = me.of::<Under>().value_key().verify(MESSAGE, &value);
        let optimistic = me.of::<Under>().value(MESSAGE, &some).unwrap();
        assert_eq!(optimistic.value.is_some(), whole);
        assert_eq!(optimistic.culprits.is_empty(), whole);
        assert_eq!(alone, whole);
        whole
    }
    assert!(accepted::<Decrypt, Decrypt>(&all, me));
    assert!(accepted::<Session, Session>(&all, me));
    assert!(accepted::<Random, Random>(&all, me));
    assert!(!accepted::<Decrypt, Session>(&all, me));
    assert!(!accepted::<Decrypt, Random>(&all, me));
    assert!(!accepted::<Session, Decrypt>(&all, me));
    assert!(!accepted::<Session, Random>(&all, me));
    assert!(!accepted::<Random, Decrypt>(&all, me));
    assert!(!accepted::<Random, Session>(&all, me));
}

#[test]
fn liars_are_named_and_the_good_ones_go_on() {
    let all = committee(3, 5);
    let share = all[&party(1)].of::<Random>();
    let good = partials::<Random>(&all, MESSAGE, &[1, 2, 3, 4, 5]);
    let expected = share.value(MESSAGE, &good).unwrap().value.unwrap();

    // Of the first three, one lies: the others make the value.
    let mut some = good.clone();
    some.insert(party(2), all[&party(2)].of::<Random>().partial(b"another").unwrap());
    let combined = share.value(MESSAGE, &some).unwrap();
    assert_eq!(combined.value, Some(expected));
    assert_eq!(combined.culprits, [party(2)]);
    assert_eq!(combined.good, [1, 3, 4, 5].map(party));

    // Three lie, with another's partial, another purpose's, and another identity's: no value.
    some.insert(party(4), good[&party(5)]);
    some.insert(party(5), all[&party(5)].of::<Session>().partial(MESSAGE).unwrap());
    let combined = share.value(MESSAGE, &some).unwrap();
    assert_eq!(combined.value, None);
    assert_eq!(combined.culprits, [2, 4, 5].map(party));
    assert_eq!(combined.good, [1, 3].map(party));

    // A liar outside the first t costs nothing, and is not looked for.
    let mut some = good.clone();
    some.insert(party(5), good[&party(1)]);
    let combined = share.value(MESSAGE, &some).unwrap();
    assert_eq!((combined.value, combined.culprits), (Some(expected), Vec::new()));
}

#[test]
fn partials_that_cancel_each_other_are_found() {
    let params = Params::new(2, 3).unwrap();
    let all = committee(2, 3);
    let one = all[&party(1)].of::<Random>().partial(MESSAGE).unwrap();
    let minus = Partial::from_bytes(&negated(&one.to_bytes())).unwrap();
    // Members 1 and 2 weigh 2 and −1: 2·P − P is P, and 2·P − (−P) is 3·P.
    let same = value::combine(params, &BTreeMap::from([(party(1), one), (party(2), one)])).unwrap();
    assert_eq!(same.to_bytes(), one.to_bytes());
    let three = value::combine(params, &BTreeMap::from([(party(1), one), (party(2), minus)])).unwrap();
    assert_ne!(three.to_bytes(), one.to_bytes());
    // Members 1 and 3 weigh 3/2 and −1/2: 3/2·P − 1/2·3·P is the identity.
    let three = Partial::from_bytes(&three.to_bytes()).unwrap();
    let some = BTreeMap::from([(party(1), one), (party(3), three)]);
    assert_eq!(value::combine(params, &some), Err(Misuse::Value));
    let combined = all[&party(2)].of::<Random>().value(MESSAGE, &some).unwrap();
    assert_eq!((combined.value, combined.culprits), (None, vec![party(3)]));
}

/// The point with the other y.
fn negated(bytes: &[u8; 96]) -> [u8; 96] {
    let mut bytes = *bytes;
    bytes[0] ^= 0x20;
    bytes
}

#[test]
fn refuses_bytes_that_are_no_point_of_the_subgroup() {
    let all = committee(2, 3);
    let good = all[&party(1)].of::<Random>().partial(MESSAGE).unwrap().to_bytes();
    let prime = hex::decode(
        "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab",
    )
    .unwrap();
    let mut refused: Vec<(&str, Vec<u8>)> = vec![
        ("nothing", Vec::new()),
        ("short", good[..95].to_vec()),
        ("long", [&good[..], &[0]].concat()),
        ("the identity", [&[0xc0][..], &[0; 95]].concat()),
        ("the identity with a sign", [&[0xe0][..], &[0; 95]].concat()),
        ("zeros", vec![0; 96]),
        ("ones", vec![0xff; 96]),
        ("not compressed", [&[good[0] & 0x7f][..], &good[1..]].concat()),
        ("an identity with an x", [&[good[0] | 0x40][..], &good[1..]].concat()),
        ("x = p", [&[prime[0] | 0x80][..], &prime[1..], &[0; 48]].concat()),
        ("x = p in the other half", [&[0x80][..], &[0; 47], &prime].concat()),
    ];
    // Small x: off the curve, or on it and outside the subgroup, which has a tiny part of the curve.
    refused.extend((0..32).map(|x| ("small x", [&[0x80][..], &[0; 94], &[x]].concat())));
    for (name, bytes) in refused {
        assert_eq!(Partial::from_bytes(&bytes), Err(Misuse::Value), "{name}");
        assert_eq!(Value::from_bytes(&bytes), Err(Misuse::Value), "{name}");
    }
    let root = all[&party(1)].of::<Random>().root_public_key();
    assert_eq!(value::verify(&root, MESSAGE, &good[..95]), Err(Misuse::Value));
    assert_eq!(value::verify(&root[..47], MESSAGE, &good), Err(Misuse::PublicKey));
    assert_eq!(ValueKey::from_bytes(&[0; 48]).unwrap_err(), Misuse::PublicKey);
}

#[test]
fn verifies_the_published_signature_of_the_scheme() {
    // Of the test vectors of Ethereum's consensus layer, which signs with this ciphersuite.
    let key =
        "a491d1b0ecd9bb917989f0e74f0dea0422eac4a873e5e2644f368dffb9a6e20fd6e10c1b77654d067c0618f6e5a7f79a";
    let signature = "b6ed936746e01f8ecf281f020953fbf1f01debd5657c4a383940b020b26507f6076334f91e2366c96e9ab279fb515809\
                     0352ea1c5b0c9274504f4f0e7053af24802e51e4568d164fe986834f41e55c8e850ce1f98458c0cfc9ab380b55285a55";
    let (key, signature) = (hex::decode(key).unwrap(), hex::decode(signature).unwrap());
    assert_eq!(value::verify(&key, &[0; 32], &signature), Ok(true));
    assert_eq!(value::verify(&key, &[1; 32], &signature), Ok(false));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn no_flipped_bit_gives_another_partial_that_verifies(at in 0usize..96, bit in 0u8..8) {
        let all = committee(2, 3);
        let share = all[&party(1)].of::<Random>();
        let mut bytes = share.partial(MESSAGE).unwrap().to_bytes();
        bytes[at] ^= 1 << bit;
        if let Ok(partial) = Partial::from_bytes(&bytes) {
            prop_assert!(!share.verify_partial(party(1), MESSAGE, &partial));
            prop_assert_eq!(partial.to_bytes(), bytes);
        }
    }
}
