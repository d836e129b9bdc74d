//! What a start reads, printed by hand: `cargo test -p quorate-registry --lib store::figures -- --ignored --nocapture`.

use std::time::Instant;

use alloy_primitives::{B256, U256, keccak256};

use super::*;

/// Slots that a key has, and tags that its mint's logs have.
const SLOTS_OF_KEY: u64 = 12;
const TAGS_OF_KEY: u64 = 10;

fn meta(number: u64) -> BlockMeta {
    BlockMeta {
        hash: hashed(0, number),
        timestamp: number,
        state_root: B256::ZERO,
        base_fee: 0,
        excess_gas: 0,
    }
}

fn hashed(kind: u64, number: u64) -> B256 {
    keccak256([kind.to_be_bytes(), number.to_be_bytes()].concat())
}

/// One block with one key.
fn block(pending: &mut Pending, number: u64) {
    let slot = |place: u64| {
        let mut key = [7; 64];
        key[32..].copy_from_slice(hashed(1, number * SLOTS_OF_KEY + place).as_slice());
        (key, Changed { before: U256::ZERO, after: U256::from(number + 1) })
    };
    let changes = Changes { slots: (0..SLOTS_OF_KEY).map(slot).collect(), ..Changes::default() };
    let tag = |place: u64| {
        let mut tag = LogTag::default();
        // Half of them are the same in every block: contracts, kinds of events.
        let of = if place < TAGS_OF_KEY / 2 { place } else { number * TAGS_OF_KEY + place };
        tag.copy_from_slice(&hashed(2, of)[..16]);
        tag
    };
    let logs = (0..TAGS_OF_KEY).map(tag).collect();
    let indexed = Indexed { body: vec![1; 1_500], txs: vec![hashed(3, number)], logs };
    pending.add(number, meta(number), changes, Some(indexed));
}

#[test]
#[ignore = "prints figures and checks nothing"]
fn figures_of_a_start() {
    let keys: Vec<u64> = std::env::var("QUORATE_TEST_KEYS")
        .map_or(vec![1_000, 10_000, 100_000], |keys| vec![keys.parse().unwrap()]);
    for keys in keys {
        let (folder, key) = (tempfile::tempdir().unwrap(), SumKey::new(&[1; 32]));
        let path = folder.path().join("state.redb");
        let (store, _) = Store::open(&path, B256::ZERO, &key, 24 << 20).unwrap();
        let (mut sum, begun) = (Sum::default(), Instant::now());
        for first in (0..keys).step_by(256) {
            let (mut pending, end) = (Pending::default(), keys.min(first + 256));
            (first..end).for_each(|number| block(&mut pending, number));
            let checkpoint =
                Checkpoint { genesis: B256::ZERO, head: end - 1, oldest: end - 1, log: LogMark::default() };
            // What they were before is forgotten as in a chain that goes on.
            let forget =
                first.saturating_sub(1_024)..end.saturating_sub(1_024).max(first.saturating_sub(1_024));
            let batch =
                Batch { checkpoint, sum, pending: &pending, forget, durable: first % (256 * 64) == 0 };
            sum = store.write(&batch).unwrap();
        }
        store.sync().unwrap();
        drop(store);
        let bytes = std::fs::metadata(&path).unwrap().len();
        println!("{keys} keys: written in {:.2?}, {bytes} bytes", begun.elapsed());
        let begun = Instant::now();
        let (store, found) = Store::open(&path, B256::ZERO, &key, 24 << 20).unwrap();
        assert!(matches!(found, Found::Whole(..)));
        let opened = begun.elapsed();
        let begun = Instant::now();
        store.indexes(sum).unwrap().check().unwrap();
        let per_key = |time: std::time::Duration| time.as_secs_f64() * 1e6 / keys as f64;
        println!(
            "opened and compared in {opened:.2?}, {:.1} µs a key; indexes, beside that, in {:.2?}, {:.1} µs a key",
            per_key(opened),
            begun.elapsed(),
            per_key(begun.elapsed())
        );
    }
}
