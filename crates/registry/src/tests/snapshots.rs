//! Snapshots: what they give, and what is refused of those that somebody else has made.

use std::{io::Cursor, path::Path, time::Instant};

use alloy_consensus::Header;
use alloy_primitives::{B256, U256, keccak256};

use super::harness::Harness;
use crate::{
    chain::{
        BlockId, LogMark, genesis_hash,
        ledger::{BlockMeta, Ledger, LedgerWriter, genesis_meta, header_after},
        snapshot::{
            SnapshotError, load, of_ledger,
            rows::{HeaderRow, Row, read_head, write_head},
        },
        state::Account,
        trie::{NodeChanges, SortedTrie, TrieId},
    },
    encode,
    subject::DEFAULT_KEY_SET_ID,
};

/// A chain of some blocks.
fn source() -> Ledger {
    let mut harness = Harness::with_root();
    let nft = harness.contracts.pkp_nft;
    for sender in 0..6 {
        harness.send(50 + sender, Some(nft), encode::mint_next(DEFAULT_KEY_SET_ID)).unwrap();
    }
    harness.view.read().unwrap().ledger.clone().unwrap()
}

fn id(ledger: &Ledger, number: u64) -> BlockId {
    BlockId { number, hash: ledger.meta(number).unwrap().unwrap().hash }
}

fn taken(source: &Ledger, number: u64, path: &Path) -> Result<LedgerWriter, SnapshotError> {
    let scratch = path.with_extension("scratch");
    let named = (path, id(source, number));
    let taken = LedgerWriter::of_snapshot(source.genesis().clone(), Some(&scratch), named);
    assert_eq!(scratch.exists(), taken.is_ok(), "nothing is left of what was refused");
    taken
}

#[tokio::test]
async fn a_snapshot_of_any_kept_block_goes_on_to_the_same_head() {
    let (source, folder) = (source(), tempfile::tempdir().unwrap());
    for number in [0, 1, 5, source.head() - 4, source.head() - 1, source.head()] {
        let path = folder.path().join(format!("snapshot-{number}"));
        let collected = of_ledger(&source, number, &path).await.unwrap();
        assert_eq!(collected.block, id(&source, number));
        assert_eq!(collected.state_root, source.meta(number).unwrap().unwrap().state_root);
        assert_eq!(collected.bytes, std::fs::metadata(&path).unwrap().len());
        let mut books = taken(&source, number, &path).unwrap();
        assert!(books.is_sound());
        for older in 0..=number {
            assert_eq!(books.ledger().meta(older).unwrap(), source.meta(older).unwrap());
        }
        for next in number + 1..=source.head() {
            let block = source.block(next).unwrap().unwrap();
            let raw: Vec<_> = block.txs.iter().map(|tx| tx.tx.raw.clone()).collect();
            let executed = books.tip().replay(block.header.timestamp, &raw).unwrap();
            assert_eq!(books.commit(executed, LogMark::default()).unwrap().hash, block.hash);
        }
        assert!(books.is_sound());
    }
}

/// What somebody does to the rows of a snapshot.
type Spoil<'a> = &'a dyn Fn(&mut Vec<Row>);

/// The rows of a snapshot.
fn rows(bytes: &[u8]) -> Vec<Row> {
    let mut input = Cursor::new(bytes);
    read_head(&mut input).unwrap();
    let mut rows = Vec::new();
    while rows.last() != Some(&Row::End) {
        rows.push(Row::read(&mut input).unwrap());
    }
    assert_eq!(input.position(), bytes.len() as u64);
    rows
}

fn bytes(source: &Ledger, number: u64, rows: &[Row]) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_head(&mut bytes, source.genesis_hash(), id(source, number)).unwrap();
    rows.iter().for_each(|row| row.write(&mut bytes));
    bytes
}

#[tokio::test]
async fn hostile_snapshots_are_refused_with_a_sentence_and_leave_nothing() {
    let (source, folder) = (source(), tempfile::tempdir().unwrap());
    let (path, number) = (folder.path().join("snapshot"), source.head());
    of_ledger(&source, number, &path).await.unwrap();
    let honest = std::fs::read(&path).unwrap();
    let refused = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        taken(&source, number, &path).map(drop).unwrap_err().to_string()
    };
    for length in (0..honest.len()).step_by(honest.len() / 97).chain([honest.len() - 1]) {
        let text = refused(&honest[..length]);
        let cut = text == "the snapshot ends in the middle";
        assert!(cut || length < 19 && text.contains("no snapshot of a chain"), "{length}: {text}");
    }
    assert_eq!(refused(&honest.repeat(2)), "the snapshot goes on after its end");
    assert!(refused(&vec![0xa5; 10 << 20]).contains("no snapshot of a chain"));
    let noise: Vec<u8> =
        (0..10_u32 << 20).map(|place| (place.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    assert_eq!(
        refused(&[&honest[..91], &noise].concat()),
        "the snapshot is damaged: a row is of no known kind"
    );

    let honest = rows(&honest);
    let place = |wanted: fn(&Row) -> bool| honest.iter().position(wanted).unwrap();
    let header = place(|row| matches!(row, Row::Header(_)));
    let account = place(|row| matches!(row, Row::Account(..)));
    let slot = place(|row| matches!(row, Row::Slot(..)));
    let code = place(|row| matches!(row, Row::Code(_)));
    let spoiled = |spoil: Spoil<'_>| {
        let mut rows = honest.clone();
        spoil(&mut rows);
        refused(&bytes(&source, number, &rows))
    };
    let (slots, state) = ("an account's slots do not give the root", "the snapshot's state has the root");
    let cases: [(&str, Spoil<'_>); 15] = [
        (slots, &|rows| {
            let Row::Slot(_, word) = &mut rows[slot] else { unreachable!() };
            *word += U256::ONE;
        }),
        (slots, &|rows| drop(rows.remove(slot))),
        ("slots are not in order", &|rows| rows.insert(slot, rows[slot].clone())),
        (state, &|rows| {
            let Row::Account(_, found) = &mut rows[account] else { unreachable!() };
            found.balance += U256::ONE;
        }),
        (state, &|rows| {
            rows.insert(account, Row::Account(B256::with_last_byte(1), Account::with_balance(U256::MAX)));
        }),
        ("accounts are not in order", &|rows| rows.insert(account, rows[account].clone())),
        ("a code is not the one that accounts name", &|rows| {
            let Row::Code(code) = &mut rows[code] else { unreachable!() };
            code[0] ^= 1;
        }),
        ("a contract has no code", &|rows| {
            rows.truncate(rows.len() - 2);
            rows.push(Row::End);
        }),
        ("there is more than accounts name", &|rows| rows.insert(rows.len() - 1, rows[code].clone())),
        ("the snapshot's headers lead to the hash", &|rows| {
            let Row::Header(header) = &mut rows[header] else { unreachable!() };
            header.gas_used += 1;
        }),
        ("the snapshot's headers lead to the hash", &|rows| {
            // A state of somebody's own needs a root of its own in the last header.
            let last = rows.iter_mut().rev().find_map(|row| match row {
                Row::Header(header) => Some(header),
                _ => None,
            });
            last.unwrap().state_root = B256::repeat_byte(3);
        }),
        ("it has fewer headers than blocks", &|rows| drop(rows.remove(header))),
        ("it has more headers than blocks", &|rows| rows.insert(header, rows[header].clone())),
        ("there is more than accounts name", &|rows| rows.insert(rows.len() - 1, rows[account].clone())),
        (slots, &|rows| rows.insert(code, rows[slot].clone())),
    ];
    for (place, (sentence, spoil)) in cases.into_iter().enumerate() {
        let text = spoiled(spoil);
        assert!(text.contains(sentence), "{place}: {text}");
    }

    // A length that nothing has is refused before room is made for it.
    let mut whole = bytes(&source, number, &honest[..account]);
    whole.extend([4, 0xff, 0xff, 0xff, 0xff]);
    assert!(refused(&whole).contains("no possible length"));
    // A count of blocks that nothing has is not the block that was named.
    let mut whole = bytes(&source, number, &honest);
    whole[51..59].copy_from_slice(&u64::MAX.to_be_bytes());
    assert!(refused(&whole).contains("not the block that was named"));
    let mut whole = bytes(&source, number, &honest);
    whole[20] ^= 1;
    assert!(refused(&whole).contains("of another chain"));
    std::fs::write(&path, bytes(&source, number, &honest)).unwrap();
    taken(&source, number, &path).expect("the honest one is taken");
}

/// What a snapshot takes of a chain with 100,000 blocks and as many slots as 100,000 keys have, printed by hand.
#[test]
#[ignore = "prints figures and checks nothing"]
fn figures_of_a_large_snapshot() {
    const BLOCKS: u64 = 100_000;
    const SLOTS: u64 = 1_200_000;
    let (genesis, folder) = (source().genesis().clone(), tempfile::tempdir().unwrap());
    let (contract, mut nodes) = (B256::repeat_byte(7), NodeChanges::new());
    let mut slots: Vec<B256> = (0..SLOTS).map(|number| keccak256(number.to_be_bytes())).collect();
    slots.sort_unstable();
    let (mut storage, mut accounts) =
        (SortedTrie::new(TrieId::Storage(contract)), SortedTrie::new(TrieId::Accounts));
    let word = |slot: &B256| U256::from_be_bytes(keccak256(slot).0);
    for slot in &slots {
        assert!(storage.add(*slot, alloy_rlp::encode(word(slot)), &mut nodes));
        nodes.clear();
    }
    let account = Account { storage_root: storage.finish(&mut nodes), ..Account::with_balance(U256::ONE) };
    assert!(accounts.add(contract, account.to_rlp(), &mut nodes));
    let state_root = accounts.finish(&mut nodes);
    let (mut meta, mut rows) = (genesis_meta(&genesis), Vec::new());
    for number in 1..=BLOCKS {
        let (template, _) = header_after(&meta, number, number);
        let header = Header { state_root, ..template };
        rows.push(Row::Header(Box::new(HeaderRow::of(&header))));
        meta = BlockMeta { hash: header.hash_slow(), timestamp: number, state_root, ..meta };
    }
    rows.push(Row::Account(contract, account));
    rows.extend(slots.iter().map(|slot| Row::Slot(*slot, word(slot))));
    rows.push(Row::End);
    let block = BlockId { number: BLOCKS, hash: meta.hash };
    let mut bytes = Vec::new();
    write_head(&mut bytes, genesis_hash(&genesis), block).unwrap();
    rows.iter().for_each(|row| row.write(&mut bytes));
    let path = folder.path().join("snapshot");
    std::fs::write(&path, &bytes).unwrap();
    let start = Instant::now();
    load(&path, &genesis, Some(block), None).unwrap();
    println!("{} bytes, {BLOCKS} blocks, {SLOTS} slots: verified in {:.2?}", bytes.len(), start.elapsed());
    let start = Instant::now();
    LedgerWriter::of_snapshot(genesis, Some(&path.with_extension("scratch")), (&path, block)).unwrap();
    println!("and written in {:.2?}", start.elapsed());
}
