//! Nothing but the container itself opens, whatever is changed in it.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use quorate_encryption::{CHUNK_BYTES, DST, FileKey, Header, Recipient, RootKey, open_bytes, seal_bytes};
use quorate_wire::{Digest, NetworkId};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};

mod edits;

/// A container, the value that opens it, its payload's key and where the payload begins.
struct Good {
    container: Vec<u8>,
    value: [u8; 96],
    key: FileKey,
    payload: usize,
}

static GOOD: LazyLock<Vec<Good>> = LazyLock::new(|| {
    let secret = blst::min_pk::SecretKey::key_gen(&[1; 32], &[]).unwrap();
    let root = RootKey::from_bytes(&secret.sk_to_pk().compress()).unwrap();
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let policy_hash = Digest([2; 32]);
    let recipient = Recipient { network: NetworkId([1; 32]), root, policy: "[]", policy_hash };
    let mut make = |length| {
        let container = seal_bytes(&recipient, &mut rng, &vec![7; length]).unwrap();
        let header = Header::read(&mut container.as_slice()).unwrap();
        let value = secret.sign(&header.identity(policy_hash).bytes(), DST, &[]).compress();
        let (key, payload) = (header.open(&value).unwrap(), header.to_bytes().len());
        Good { container, value, key, payload }
    };
    [0, 5, 300, CHUNK_BYTES, CHUNK_BYTES + 9].map(&mut make).into_iter().collect()
});

fuzz_target!(|script: &[u8]| {
    let Some((which, script)) = script.split_first() else { return };
    let good = &GOOD[usize::from(*which) % GOOD.len()];
    let bytes = edits::edited(&good.container, script);
    let same = bytes == good.container;
    match bytes.split_at_checked(good.payload) {
        // With the header as it was, the costly part is left out.
        Some((header, mut payload)) if header == &good.container[..good.payload] => {
            let mut written = Vec::new();
            let opened = good.key.decrypt(&mut payload, &mut written, |_| {});
            assert_eq!(opened.is_ok(), same, "only what was made opens");
            assert!(written.iter().all(|byte| *byte == 7), "only authentic bytes are written");
        }
        _ => assert!(open_bytes(&bytes, &good.value).is_err(), "a header is as it was made"),
    }
});
