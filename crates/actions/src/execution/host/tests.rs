//! The decoder of what a guest asks for, against whatever a guest may send.

mod javascript;

use proptest::prelude::*;

use super::{Host, bounded, decode_call, slice};
use crate::limits::{ActionLimits, LimitHit, SharedMemory};
use quorate_wire::{ErrorCode, FetchRequest, HostCall, HostReply, Recipient, Redirect, SignKey, SignMessage};

fn sign(to_sign: &str, public_key: &str, name: &str) -> Vec<u8> {
    serde_json::json!({ "name": name, "to_sign": to_sign, "public_key": public_key }).to_string().into_bytes()
}

#[test]
fn refuses_digests_keys_and_names_of_other_forms() {
    let (digest, key) = ("11".repeat(32), format!("02{}", "22".repeat(32)));
    for (kind, recipient) in [(0, Recipient::Caller), (1, Recipient::Action)] {
        let Some(HostCall::Sign(decoded)) = decode_call(kind, &sign(&digest, &key, "a"), b"") else {
            panic!("a call for a signature")
        };
        assert_eq!(decoded.recipient, recipient);
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

#[test]
fn a_call_counts_as_memory_of_the_worker_until_it_is_answered() {
    let shared = SharedMemory::unbounded();
    shared.bound(12 << 20);
    let mut host = Host::new(ActionLimits::default(), std::time::Instant::now());
    host.charged_to(shared.open());
    let mut fetch = || {
        let request = FetchRequest {
            method: "POST".to_owned(),
            url: "https://host.test".to_owned(),
            headers: Vec::new(),
            body: vec![0; 1 << 20],
            redirect: Redirect::Follow,
        };
        host.call((HostCall::Fetch(request), false), &mut 0)
    };
    // Whoever holds more than it leaves free gets no more.
    let fits = (0..).take_while(|_| fetch().is_ok()).count();
    assert_eq!(fits, 5);
    let end = fetch().unwrap_err();
    assert_eq!(end.downcast_ref::<LimitHit>().map(|hit| hit.code), Some(ErrorCode::LimitMemory));
    let failed = HostReply::Error { code: "fetch_failed".to_owned(), message: String::new() };
    for call in 0..5 {
        assert_eq!(host.answered(call, &failed, 0), Ok(0));
    }
    shared.open().grow(11 << 20).unwrap_err();
    shared.open().grow(4 << 20).expect("it holds nothing any more but what ended it");
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
