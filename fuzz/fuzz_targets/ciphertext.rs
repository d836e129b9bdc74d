//! Nothing but the ciphertext itself opens, whatever is changed in it.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use quorate_encryption::{Ciphertext, DST, RootKey, encrypt};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};

mod edits;

const IDENTITY: &[u8] = b"lit-accesscontrolcondition://a/b";
const LENGTHS: [usize; 4] = [0, 5, 31, 200];

/// Ciphertexts, and the value that opens them.
static GOOD: LazyLock<(Vec<Vec<u8>>, [u8; 96])> = LazyLock::new(|| {
    let secret = blst::min_pk::SecretKey::key_gen(&[1; 32], &[]).unwrap();
    let root = RootKey::from_bytes(&secret.sk_to_pk().compress()).unwrap();
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let mut make = |length| encrypt(&root, IDENTITY, &vec![7; length], &mut rng).unwrap().to_bytes();
    (LENGTHS.map(&mut make).to_vec(), secret.sign(IDENTITY, DST, &[]).compress())
});

fuzz_target!(|script: &[u8]| {
    let Some((which, script)) = script.split_first() else { return };
    let (good, value) = &*GOOD;
    let good = &good[usize::from(*which) % good.len()];
    let bytes = edits::edited(good, script);
    let Ok(ciphertext) = Ciphertext::parse(&bytes) else { return };
    assert_eq!(ciphertext.to_bytes(), bytes);
    let opened = ciphertext.open(value);
    assert_eq!(opened.is_ok(), bytes == *good, "only what was made opens");
});
