//! The decoder of what a guest asks for, against whatever a guest may send.

use proptest::prelude::*;

use super::{bounded, decode_call, slice};
use crate::protocol::{HostCall, SignKey, SignMessage};

fn sign(to_sign: &str, public_key: &str, name: &str) -> Vec<u8> {
    serde_json::json!({ "name": name, "to_sign": to_sign, "public_key": public_key }).to_string().into_bytes()
}

#[test]
fn refuses_digests_keys_and_names_of_other_forms() {
    let (digest, key) = ("11".repeat(32), format!("02{}", "22".repeat(32)));
    for (kind, combine) in [(0, false), (1, true)] {
        let Some(HostCall::Sign(decoded)) = decode_call(kind, &sign(&digest, &key, "a"), b"") else {
            panic!("a call for a signature")
        };
        assert_eq!(decoded.combine, combine);
        assert_eq!(decoded.message, SignMessage::Digest([0x11; 32]));
        assert!(matches!(decoded.key, SignKey::Pkp(_)));
    }
    let long = "n".repeat(600);
    let wrong_first = format!("05{}", "22".repeat(32));
    let short_full = format!("04{}", "22".repeat(32));
    for (digest, key, name) in [
        ("11", key.as_str(), "a"),
        (&"11".repeat(33), &key, "a"),
        (&"zz".repeat(32), &key, "a"),
        (&digest, "", "a"),
        (&digest, &wrong_first, "a"),
        (&digest, &short_full, "a"),
        (&digest, &key, ""),
        (&digest, &key, &long),
    ] {
        assert_eq!(decode_call(0, &sign(digest, key, name), b""), None);
    }
    assert_eq!(decode_call(13, &sign(&digest, &key, "a"), b""), None, "no such kind");
}

#[test]
fn refuses_members_it_does_not_know() {
    let fetch = br#"{"method":"GET","url":"https://a","headers":[],"proxy":"b"}"#;
    assert_eq!(decode_call(2, fetch, b""), None);
}

#[test]
fn cuts_long_text_at_a_character() {
    assert_eq!(bounded("ééé".as_bytes(), 100), "ééé");
    assert_eq!(bounded("ééééé".as_bytes(), 8), "éé…");
}

proptest! {
    #[test]
    fn any_bytes_are_decoded_or_refused(kind in -1..15, meta in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode_call(kind, &meta, &[]);
    }

    #[test]
    fn a_guest_reads_and_writes_its_own_memory_only(at in any::<u32>(), len in any::<u32>()) {
        let data = [0; 4096];
        match slice(&data, at, len) {
            Ok(bytes) => prop_assert_eq!(bytes.len(), len as usize),
            Err(_) => prop_assert!(u64::from(at) + u64::from(len) > 4096),
        }
    }
}
