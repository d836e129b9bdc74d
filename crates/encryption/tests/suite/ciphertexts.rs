//! Lit's ciphertext.

use proptest::prelude::*;
use quorate_encryption::{
    Ciphertext, CiphertextError, MESSAGE_BYTES_MAX, OpenError, RootKey, TooLong, encrypt,
};

use crate::support::{LENGTHS, TestRoot, identity, message, rng};

#[test]
fn every_length_opens() {
    let root = TestRoot::new(1);
    let value = root.value(&identity(1));
    for length in (0..40).chain([126, 127, 128, 129, 16_383]).chain(LENGTHS) {
        let ciphertext = encrypt(&root.key(), &identity(1), &message(length), &mut rng(2)).unwrap();
        let bytes = ciphertext.to_bytes();
        let parsed = Ciphertext::parse(&bytes).unwrap();
        assert_eq!(parsed, ciphertext);
        assert_eq!(parsed.open(&value).unwrap().as_slice(), message(length));
        assert_eq!(Ciphertext::from_base64(&ciphertext.to_base64()).unwrap(), ciphertext);
        // What stands in it is as long as the published packages make it.
        let (prefix, inner) = (|n: usize| 1 + usize::from(n > 127) + usize::from(n > 16_383), length);
        let padded = (prefix(inner) + inner).max(32);
        assert_eq!(bytes.len(), 48 + 32 + prefix(padded) + padded + 1, "{length}");
    }
}

#[test]
fn another_identity_root_or_value_does_not_open() {
    let (root, other) = (TestRoot::new(1), TestRoot::new(2));
    let ciphertext = encrypt(&root.key(), &identity(1), b"message", &mut rng(3)).unwrap();
    let mut infinity = [0; 96];
    infinity[0] = 0xc0;
    let mut outside = root.value(&identity(1));
    outside[95] ^= 1;
    for value in [
        root.value(&identity(2)),
        other.value(&identity(1)),
        root.shares(&identity(1), 2, &[1])[&1],
        infinity,
        outside,
        [0; 96],
        [0xff; 96],
    ] {
        assert_eq!(ciphertext.open(&value), Err(OpenError));
    }
    assert!(ciphertext.open(&root.value(&identity(1))).is_ok());
}

#[test]
fn equal_messages_have_different_ciphertexts() {
    let root = TestRoot::new(1);
    let mut rng = rng(4);
    let mut next = || encrypt(&root.key(), &identity(1), b"message", &mut rng).unwrap().to_bytes();
    assert_ne!(next(), next());
}

#[test]
fn the_bound_of_messages_holds_both_ways() {
    let root = TestRoot::new(1);
    let longest = vec![5; MESSAGE_BYTES_MAX];
    let ciphertext = encrypt(&root.key(), &identity(1), &longest, &mut rng(5)).unwrap();
    let parsed = Ciphertext::parse(&ciphertext.to_bytes()).unwrap();
    assert!(parsed.open(&root.value(&identity(1))).unwrap().as_slice() == longest);
    let longer = vec![5; MESSAGE_BYTES_MAX + 1];
    assert_eq!(encrypt(&root.key(), &identity(1), &longer, &mut rng(5)), Err(TooLong));
    let mut bytes = ciphertext.to_bytes();
    // A length of one more, with a byte more.
    assert_eq!(bytes[80] & 0x7f, 0x04);
    bytes[80] += 1;
    bytes.insert(100, 0);
    assert_eq!(Ciphertext::parse(&bytes), Err(CiphertextError::Length));
    assert_eq!(Ciphertext::from_base64(&"A".repeat(30 << 20)), Err(CiphertextError::Length));
}

#[test]
fn other_forms_have_their_own_errors() {
    let root = TestRoot::new(1);
    let bytes = encrypt(&root.key(), &identity(1), b"message", &mut rng(6)).unwrap().to_bytes();
    for cut in 0..bytes.len() {
        assert_eq!(Ciphertext::parse(&bytes[..cut]), Err(CiphertextError::Truncated), "{cut}");
    }
    let with = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = bytes.clone();
        change(&mut bytes);
        Ciphertext::parse(&bytes)
    };
    assert_eq!(with(&|bytes| bytes.push(0)), Err(CiphertextError::Trailing));
    for scheme in [0, 1, 3, 0x82, 0xff] {
        assert_eq!(with(&|bytes| *bytes.last_mut().unwrap() = scheme), Err(CiphertextError::Scheme));
    }
    // The length 32 in two bytes, the length 31, and one without end.
    let long_form = |bytes: &mut Vec<u8>| drop(bytes.splice(80..81, [0xa0, 0x00]));
    assert_eq!(with(&long_form), Err(CiphertextError::Length));
    assert_eq!(with(&|bytes| bytes[80] = 31), Err(CiphertextError::Length));
    assert_eq!(with(&|bytes| bytes[80..90].fill(0xff)), Err(CiphertextError::Length));
    // The identity, no point at all, and a point of the curve outside the subgroup.
    let mut infinity = [0; 48];
    infinity[0] = 0xc0;
    for point in [infinity, [0; 48], [0xff; 48], outside_the_subgroup()] {
        assert_eq!(with(&|bytes| bytes[..48].copy_from_slice(&point)), Err(CiphertextError::Point));
        assert!(RootKey::from_bytes(&point).is_err());
    }
    for text in ["*", "AAA", "AAA=", "-_-_", " AAAA"] {
        let error = Ciphertext::from_base64(text).unwrap_err();
        assert!(matches!(error, CiphertextError::Base64 | CiphertextError::Truncated), "{text}: {error}");
    }
    assert_eq!(Ciphertext::from_base64("-_-_"), Err(CiphertextError::Base64));
}

/// The first point of the curve with a small x that is of no prime order.
fn outside_the_subgroup() -> [u8; 48] {
    (1..=255)
        .map(|x| {
            let mut bytes = [0; 48];
            (bytes[0], bytes[47]) = (0x80, x);
            bytes
        })
        .find(|bytes| blst::min_pk::PublicKey::uncompress(bytes).is_ok_and(|point| point.validate().is_err()))
        .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_message_opens(message in proptest::collection::vec(any::<u8>(), 0..300), seed in any::<u64>()) {
        let root = TestRoot::new(1);
        let ciphertext = encrypt(&root.key(), &identity(1), &message, &mut rng(seed)).unwrap();
        let opened = ciphertext.open(&root.value(&identity(1))).unwrap();
        prop_assert_eq!(opened.as_slice(), message.as_slice());
    }

    #[test]
    fn any_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Ciphertext::parse(&bytes).is_err());
    }
}
