//! No bytes make a check panic, and no single changed byte goes unseen.

use proptest::prelude::*;
use quorate_auth::oidc::{SigningKeys, read_token, verify_token};

use crate::tokens::{CLAIMS, HEADER, NONCE, encode, header_of, issuer, keys, signed};

fn accepts(token: &str) -> bool {
    read_token(token).and_then(|token| verify_token(&token, &issuer(), &keys(&[]), NONCE)).is_ok()
}

proptest! {
    #[test]
    fn random_texts_are_no_tokens(text in ".{0,300}", parts: [Vec<u8>; 3]) {
        prop_assert!(!accepts(&text));
        let token = parts.map(encode).join(".");
        prop_assert!(!accepts(&token));
    }

    #[test]
    fn random_texts_in_a_token_are_no_claims(header in "\\{.{0,100}\\}", claims: Vec<u8>) {
        prop_assert!(!accepts(&signed(HEADER, &claims, "p256-1")));
        prop_assert!(!accepts(&signed(header, CLAIMS, "p256-1")));
    }

    #[test]
    fn random_bytes_are_no_set_of_keys(bytes: Vec<u8>) {
        prop_assert!(SigningKeys::parse(&bytes).is_err());
    }

    #[test]
    fn one_changed_byte_of_a_token_is_refused(which in 0usize..3, place: prop::sample::Index, byte in 0u8..128) {
        let (algorithm, key) = [("RS256", "rsa-1"), ("ES256", "p256-1"), ("EdDSA", "ed25519-1")][which];
        let token = signed(header_of(algorithm, key), CLAIMS, key);
        let mut bytes = token.clone().into_bytes();
        let place = place.index(bytes.len());
        prop_assume!(bytes[place] != byte);
        bytes[place] = byte;
        prop_assert!(accepts(&token));
        prop_assert!(!accepts(&String::from_utf8(bytes).unwrap()));
    }
}

proptest! {
    #[test]
    fn random_bytes_are_no_assertion(which in 0usize..4, bytes: Vec<u8>, challenge: [u8; 32]) {
        let mut parts = crate::assertions::good("p256-1");
        match which {
            0 => parts.cose_key = bytes.clone(),
            1 => parts.authenticator_data = bytes.clone(),
            2 => parts.client_data = bytes.clone(),
            _ => parts.signature = bytes.clone(),
        }
        prop_assert!(parts.verify().is_err());
        parts.rp_id = String::from_utf8_lossy(&bytes).into_owned();
        prop_assert!(parts.verify().is_err());
        prop_assert_ne!(challenge, crate::assertions::CHALLENGE);
    }

    #[test]
    fn one_changed_byte_of_an_assertion_is_refused(which in 0usize..3, place: prop::sample::Index, byte: u8) {
        let good = crate::assertions::good(["p256-1", "ed25519-1", "rsa-1"][which]);
        prop_assert!(good.verify().is_ok());
        let mut changed = good;
        let parts = [
            &mut changed.cose_key,
            &mut changed.authenticator_data,
            &mut changed.client_data,
            &mut changed.signature,
        ];
        let total = parts.iter().map(|part| part.len()).sum();
        let mut place = place.index(total);
        for part in parts {
            if place < part.len() {
                prop_assume!(part[place] != byte);
                part[place] = byte;
                break;
            }
            place -= part.len();
        }
        prop_assert!(changed.verify().is_err());
    }
}
