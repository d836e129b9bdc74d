//! A set of keys is read or refused, and what is read has the bounds that it says.
#![no_main]

use std::{collections::BTreeSet, sync::LazyLock};

use libfuzzer_sys::fuzz_target;
use quorate_auth::oidc::{ALGORITHMS, SigningKeys};
use serde_json::Value;

mod edits;

const CORPUS: &str = include_str!("../../crates/auth/tests/corpus/tokens.json");

static GOOD: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let corpus: Value = serde_json::from_str(CORPUS).unwrap();
    corpus["jwks"].to_string().into_bytes()
});

fuzz_target!(|script: &[u8]| {
    let bytes = edits::edited(&GOOD, script);
    let Ok(keys) = SigningKeys::parse(&bytes) else { return };
    let kids: Vec<&str> = keys.kids().collect();
    assert!(kids.len() <= 64 && kids.iter().all(|kid| kid.len() <= 256));
    assert_eq!(kids.iter().collect::<BTreeSet<_>>().len(), kids.len(), "no kid is there twice");
    for kid in &kids {
        let fitting = ALGORITHMS.into_iter().filter(|algorithm| keys.find(Some(kid), *algorithm).is_ok());
        assert_eq!(fitting.count(), 1, "a key has one algorithm");
    }
    assert_eq!(SigningKeys::parse(&bytes).as_ref(), Ok(&keys));
});
