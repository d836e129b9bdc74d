//! A base in memory and in files, and a store on one.

use std::{collections::BTreeMap, sync::mpsc::sync_channel};

use alloy_primitives::keccak256;

use super::*;
use crate::chain::{
    store::{Batch, Changed, Changes, Checkpoint, Fill, LogMark, Pending, Store, Sum},
    trie::{NodeChanges, SortedTrie, update},
};

/// Slots of one account, some of them in a file.
fn base_of(keys: &BTreeMap<B256, U256>, path: Option<&Path>) -> Base {
    let (mut metas, mut state) = begin(path).unwrap();
    metas.push(&meta(0)).unwrap();
    for (key, word) in keys {
        state.slot(*key, *word).unwrap();
    }
    state.account(account(), Account::with_balance(U256::ONE)).unwrap();
    Base::new(metas, state).unwrap()
}

fn account() -> B256 {
    B256::repeat_byte(0xaa)
}

fn meta(number: u8) -> BlockMeta {
    let [hash, state_root] = [number, 100 + number].map(B256::repeat_byte);
    BlockMeta { hash, timestamp: number.into(), state_root, base_fee: 7, excess_gas: 0 }
}

fn within(slot: B256) -> SlotKey {
    let mut key = [0; 64];
    key[..32].copy_from_slice(account().as_slice());
    key[32..].copy_from_slice(slot.as_slice());
    key
}

#[test]
fn rows_are_found_whatever_their_keys_are() {
    let folder = tempfile::tempdir().unwrap();
    let shapes: [fn(u64) -> B256; 5] = [
        |number| keccak256(number.to_be_bytes()),
        |number| B256::left_padding_from(&number.to_be_bytes()),
        |number| B256::right_padding_from(&(u64::MAX - number).to_be_bytes()),
        |number| B256::right_padding_from(&(1_u64 << (number % 64)).to_be_bytes()) | B256::from(U256::from(number)),
        |number| if number % 2 == 0 { B256::with_last_byte(1) } else { B256::repeat_byte(0xff) } ^ B256::from(U256::from(number) << 40),
    ];
    for (place, shape) in shapes.into_iter().enumerate() {
        for count in [0, 1, 63, 64, 65, 5_000] {
            let keys: BTreeMap<_, _> =
                (0..count).map(|number| (shape(number), U256::from(number + 1))).collect();
            let path = (place % 2 == 0).then(|| folder.path().join("state"));
            let base = base_of(&keys, path.as_deref());
            assert!(base.is_sound().unwrap());
            let mut behind = None;
            for (key, word) in &keys {
                assert_eq!(base.slot(&within(*key)).unwrap(), *word);
                for near in [U256::from_be_bytes(key.0).wrapping_add(U256::ONE), !U256::from_be_bytes(key.0)]
                {
                    let near = B256::from(near);
                    let expected = keys.get(&near).copied().unwrap_or_default();
                    assert_eq!(base.slot(&within(near)).unwrap(), expected);
                }
                assert_eq!(base.next_slot(account(), behind).unwrap(), Some(*key));
                behind = Some(*key);
            }
            assert_eq!(base.next_slot(account(), behind).unwrap(), None);
            assert_eq!(base.slot(&[7; 64]).unwrap(), U256::ZERO);
        }
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the files have no names");
}

#[test]
fn a_base_that_was_changed_is_not_sound() {
    let keys = (0_u64..500).map(|number| (keccak256(number.to_be_bytes()), U256::from(number + 1))).collect();
    let mut base = base_of(&keys, None);
    assert!(base.is_sound().unwrap());
    let Place::Memory(bytes) = &mut base.slots.place else { panic!("it is in memory") };
    bytes[70] ^= 1;
    assert!(!base.is_sound().unwrap());
}

#[test]
fn what_is_gone_is_gone_on_a_base_and_is_still_there_before() {
    let keys: BTreeMap<_, _> =
        (0_u64..300).map(|number| (keccak256(number.to_be_bytes()), U256::from(number + 1))).collect();
    let mut store = Store::scratch(None, 1 << 20).unwrap();
    let genesis = B256::repeat_byte(9);
    let checkpoint = |head| Checkpoint { genesis, head, oldest: 0, log: LogMark::default() };
    let (fills, filling) = sync_channel(1);
    fills.send(Fill { end: Some(checkpoint(0)), ..Fill::default() }).unwrap();
    let sum = store.fill(filling).unwrap().unwrap();
    store.put_below(base_of(&keys, None));
    assert!(store.is_sound(genesis, sum));

    let write = |store: &Store, number: u8, sum: Sum, changes: Changes| {
        let mut pending = Pending::default();
        pending.add(number.into(), meta(number), changes, None);
        let checkpoint = checkpoint(number.into());
        let sum =
            store.write(&Batch { checkpoint, sum, pending: &pending, forget: 0..0, durable: false }).unwrap();
        assert!(store.is_sound(genesis, sum));
        assert!(!store.is_sound(genesis, Sum::default()));
        sum
    };
    let [gone, changed, new] = [keccak256(0_u64.to_be_bytes()), keccak256(1_u64.to_be_bytes()), B256::ZERO];
    let of = |before, after| Changed { before: U256::from(before), after: U256::from(after) };
    let slots = [(within(gone), of(1, 0)), (within(changed), of(2, 50)), (within(new), of(0, 60))].into();
    let changes = Changes { slots, ..Changes::default() };
    let sum = write(&store, 1, sum, changes);
    let other = B256::repeat_byte(0xbb);
    let rich = Account::with_balance(U256::MAX);
    let accounts = [
        (account(), Changed { before: Some(Account::with_balance(U256::ONE)), after: None }),
        (other, Changed { before: None, after: Some(rich) }),
    ]
    .into();
    let slots = [(within(gone), of(0, 3)), (within(new), of(60, 0))].into();
    write(&store, 2, sum, Changes { accounts, slots, ..Changes::default() });

    let now = store.snapshot().unwrap();
    let words = |block| [gone, changed, new].map(|slot| now.slot(&within(slot), block).unwrap());
    assert_eq!(words(Some(0)), [1, 2, 0].map(U256::from));
    assert_eq!(words(Some(1)), [0, 50, 60].map(U256::from));
    assert_eq!(words(None), [3, 50, 0].map(U256::from));
    assert_eq!(now.account(account(), Some(1)).unwrap(), Some(Account::with_balance(U256::ONE)));
    assert_eq!(now.account(account(), None).unwrap(), None);
    assert_eq!(now.next_account(None, None).unwrap(), Some((account(), None)));
    assert_eq!(now.next_account(Some(account()), None).unwrap(), Some((other, Some(rich))));
    assert_eq!(now.next_account(Some(other), None).unwrap(), None);
    assert_eq!([0, 1, 2, 3].map(|block| now.meta(block).unwrap().is_some()), [true, true, true, false]);
    for (block, expected) in [(Some(0), 300), (Some(1), 300), (None, 300)] {
        let mut found = BTreeMap::new();
        let whole = now.slots_behind(account(), None, block, |slot, word| found.insert(slot, word).is_none());
        assert_eq!((whole.unwrap(), found.len()), (None, expected));
        assert!(found.iter().all(|(slot, word)| now.slot(&within(*slot), block).unwrap() == *word));
    }
}

#[test]
fn updates_on_a_base_give_the_root_of_all_keys() {
    let hashed = |number: u64| keccak256(number.to_be_bytes());
    // Two thirds are together in few places, so that there are extensions above few keys and above many.
    let key = |number: u64| {
        let (mut key, near) = (hashed(number), number / 3 % 7);
        if !number.is_multiple_of(3) {
            key[..4].copy_from_slice(&hashed(near)[..4]);
            key[4] &= if near == 0 { 0x0f } else { 0xff };
        }
        key
    };
    let mut keys: BTreeMap<_, _> = (0..2_000).map(|number| (key(number), U256::from(number + 1))).collect();
    let trie = TrieId::Storage(account());
    let root_of = |keys: &BTreeMap<B256, U256>, left_out, nodes: &mut NodeChanges| {
        let mut whole = SortedTrie::without(trie, left_out);
        keys.iter().for_each(|(key, word)| assert!(whole.add(*key, alloy_rlp::encode(word), nodes)));
        whole.finish(nodes)
    };
    let (mut store, mut nodes) = (Store::scratch(None, 1 << 20).unwrap(), NodeChanges::new());
    let mut root = root_of(&keys, LEFT_OUT, &mut nodes);
    assert!(!nodes.is_empty() && nodes.len() < 100, "{} nodes are kept", nodes.len());
    let checkpoint = |head| Checkpoint { genesis: B256::ZERO, head, oldest: 0, log: LogMark::default() };
    let (fills, filling) = sync_channel(1);
    fills.send(Fill { nodes, end: Some(checkpoint(0)), ..Fill::default() }).unwrap();
    let mut sum = store.fill(filling).unwrap().unwrap();
    store.put_below(base_of(&keys, None));
    for number in 1_u8..25 {
        let mut changes = Changes::default();
        for draw in 0..60 {
            let draw = U256::from_be_bytes(hashed(u64::from(number) << 32 | draw).0);
            // Most are taken away, so that whole places get empty; some come, or are as they were.
            let key = key(draw.as_limbs()[0] % 2_400);
            let word = if draw.bit(255) && draw.bit(254) { draw >> 100 } else { U256::ZERO };
            let before = keys.get(&key).copied().unwrap_or_default();
            changes.slots.entry(within(key)).or_insert(Changed { before, after: word }).after = word;
            if word.is_zero() {
                keys.remove(&key)
            } else {
                keys.insert(key, word)
            };
        }
        if number == 20 {
            let first: Vec<_> = keys.iter().map(|(key, word)| (*key, *word)).take(keys.len() - 70).collect();
            for (key, before) in first {
                let slot = changes.slots.entry(within(key)).or_insert(Changed { before, after: before });
                slot.after = U256::ZERO;
                keys.remove(&key);
            }
        }
        let leaf = |after: U256| (!after.is_zero()).then(|| alloy_rlp::encode(after));
        let leaves =
            changes.slots.iter().map(|(key, slot)| (row_key(&key[32..]), leaf(slot.after))).collect();
        let now = store.snapshot().unwrap();
        for (key, slot) in &changes.slots {
            assert_eq!(now.slot(key, None).unwrap(), slot.before);
        }
        root = update(&now, trie, root, &leaves, &mut changes.nodes).unwrap();
        assert_eq!(root, root_of(&keys, 0, &mut NodeChanges::new()), "block {number}");
        let mut pending = Pending::default();
        pending.add(number.into(), meta(number), changes, None);
        let checkpoint = checkpoint(number.into());
        sum =
            store.write(&Batch { checkpoint, sum, pending: &pending, forget: 0..0, durable: false }).unwrap();
    }
    assert!(store.is_sound(B256::ZERO, sum));
}
