//! State on disk: where a start goes on, and what it throws away.

use std::path::Path;

use alloy_primitives::{Bytes, U256};

use super::harness::{Harness, key};
use crate::{
    chain::{
        LogMark,
        ledger::{Block, Keep, Ledger, LedgerWriter},
    },
    encode,
    error::ReadError,
    subject::DEFAULT_KEY_SET_ID,
};

const SECRET: [u8; 32] = [7; 32];

/// A chain of some blocks, to be replayed.
pub(super) fn source() -> Ledger {
    let mut harness = Harness::with_root();
    let nft = harness.contracts.pkp_nft;
    for sender in 0..6 {
        harness.send(50 + sender, Some(nft), encode::mint_next(DEFAULT_KEY_SET_ID)).unwrap();
    }
    harness.view.read().unwrap().ledger.clone().unwrap()
}

fn block(source: &Ledger, number: u64) -> std::sync::Arc<Block> {
    source.block(number).unwrap().unwrap()
}

pub(super) fn replay(books: &mut LedgerWriter, source: &Ledger, until: u64) {
    for number in books.ledger().head() + 1..=until {
        let block = block(source, number);
        let raw: Vec<Bytes> = block.txs.iter().map(|tx| tx.tx.raw.clone()).collect();
        let executed = books.ledger().replay(block.header.timestamp, &raw).unwrap();
        assert_eq!(
            books.commit(executed, LogMark { end: number, checksum: [1; 16] }).unwrap().hash,
            block.hash
        );
    }
}

fn open(source: &Ledger, path: &Path, secret: [u8; 32]) -> LedgerWriter {
    LedgerWriter::open(source.genesis().clone(), Keep::Hashes, path, &secret).unwrap()
}

#[test]
fn blocks_that_are_written_together_leave_what_single_ones_leave() {
    let (source, folder) = (source(), tempfile::tempdir().unwrap());
    let (single, together) = (folder.path().join("single.redb"), folder.path().join("together.redb"));
    let mut books = open(&source, &single, SECRET);
    replay(&mut books, &source, source.head());
    drop(books);
    let mut books = open(&source, &together, SECRET);
    for number in 1..=source.head() {
        let block = block(&source, number);
        let raw: Vec<Bytes> = block.txs.iter().map(|tx| tx.tx.raw.clone()).collect();
        let executed = books.tip().replay(block.header.timestamp, &raw).unwrap();
        books.gather(executed, LogMark { end: number, checksum: [1; 16] }).unwrap();
        // Some pieces of one, some of more; what is not written, no reader sees.
        if number % 5 < 2 {
            books.settle().unwrap();
            assert!(books.is_sound());
        }
        assert_eq!(books.tip().head(), number);
        assert!(number % 5 < 2 || books.ledger().head() < number);
    }
    books.settle().unwrap();
    assert!(books.is_sound());
    drop(books);
    let (single, together) = (open(&source, &single, SECRET), open(&source, &together, SECRET));
    assert_eq!((single.ledger().head(), together.ledger().head()), (source.head(), source.head()));
    assert_eq!(single.log(), together.log());
    let account = crate::chain::address_of(key(50).verifying_key());
    for number in 0..=source.head() {
        let read = |books: &LedgerWriter| {
            let ledger = books.ledger();
            (ledger.meta(number).unwrap(), ledger.account(account, number).unwrap())
        };
        assert_eq!(read(&single), read(&together), "block {number}");
    }
}

#[test]
fn what_was_gathered_and_not_written_was_never_there() {
    let (source, folder) = (source(), tempfile::tempdir().unwrap());
    let path = folder.path().join("state.redb");
    let mut books = open(&source, &path, SECRET);
    replay(&mut books, &source, 3);
    for number in 4..=6 {
        let block = block(&source, number);
        let raw: Vec<Bytes> = block.txs.iter().map(|tx| tx.tx.raw.clone()).collect();
        let executed = books.tip().replay(block.header.timestamp, &raw).unwrap();
        books.gather(executed, LogMark { end: number, checksum: [1; 16] }).unwrap();
    }
    books.sync().unwrap();
    drop(books);
    let mut books = open(&source, &path, SECRET);
    assert_eq!((books.ledger().head(), books.log().end), (3, 3));
    replay(&mut books, &source, source.head());
}

#[test]
fn a_start_goes_on_where_the_state_was_left() {
    let (source, folder) = (source(), tempfile::tempdir().unwrap());
    let path = folder.path().join("state.redb");
    let mut books = open(&source, &path, SECRET);
    replay(&mut books, &source, source.head() - 2);
    books.sync().unwrap();
    replay(&mut books, &source, source.head() - 1);
    drop(books);
    let mut books = open(&source, &path, SECRET);
    let head = books.ledger().head();
    assert!((source.head() - 2..source.head()).contains(&head), "what was synced is there: {head}");
    assert_eq!(books.log(), LogMark { end: head, checksum: [1; 16] });
    replay(&mut books, &source, source.head());
    // What was before is there as well.
    let minter = crate::chain::address_of(key(55).verifying_key());
    let nonce = |number| books.ledger().account(minter, number).unwrap().1;
    assert_eq!((nonce(source.head() - 1), nonce(source.head())), (0, 1));
    assert_eq!(books.ledger().head_meta(), source.head_meta());
}

#[test]
fn a_state_of_somebody_else_or_with_a_changed_value_is_made_anew() {
    let (source, folder) = (source(), tempfile::tempdir().unwrap());
    let path = folder.path().join("state.redb");
    let filled = |secret| {
        let _ = std::fs::remove_file(&path);
        let mut books = open(&source, &path, secret);
        replay(&mut books, &source, source.head());
        books.sync().unwrap();
    };
    filled(SECRET);
    assert_eq!(open(&source, &path, SECRET).ledger().head(), source.head());
    assert_eq!(open(&source, &path, [8; 32]).ledger().head(), 0, "under another secret");

    let tamper = |change: &dyn Fn(&redb::WriteTransaction)| {
        filled(SECRET);
        let database = redb::Database::open(&path).unwrap();
        let transaction = database.begin_write().unwrap();
        change(&transaction);
        transaction.commit().unwrap();
        drop(database);
        open(&source, &path, SECRET).ledger().head()
    };
    type Rows<const N: usize> = redb::TableDefinition<'static, &'static [u8; N], &'static [u8]>;
    let slots: Rows<64> = redb::TableDefinition::new("slots");
    let accounts: Rows<32> = redb::TableDefinition::new("accounts");
    assert_eq!(tamper(&|_| {}), source.head(), "written again as it was");
    use redb::{ReadableDatabase as _, ReadableTable as _};
    let first = |transaction: &redb::WriteTransaction| {
        *transaction.open_table(slots).unwrap().first().unwrap().unwrap().0.value()
    };
    let word = U256::from(12_345).to_be_bytes::<32>();
    assert_eq!(
        tamper(&|transaction| {
            let key = first(transaction);
            transaction.open_table(slots).unwrap().insert(&key, word.as_slice()).unwrap();
        }),
        0,
        "another value"
    );
    assert_eq!(
        tamper(&|transaction| {
            let key = first(transaction);
            transaction.open_table(slots).unwrap().remove(&key).unwrap();
        }),
        0,
        "a slot less"
    );
    assert_eq!(
        tamper(&|transaction| {
            transaction.open_table(slots).unwrap().insert(&[9; 64], word.as_slice()).unwrap();
        }),
        0,
        "a slot more"
    );
    assert_eq!(
        tamper(&|transaction| {
            let mut table = transaction.open_table(accounts).unwrap();
            let key = *table.first().unwrap().unwrap().0.value();
            table.insert(&key, [1; 104].as_slice()).unwrap();
        }),
        0,
        "an account's money"
    );
    let _ = redb::Database::open(&path).unwrap().begin_read().unwrap();
}

#[test]
fn a_file_with_a_flipped_bit_goes_on_or_is_made_anew_and_never_reads_wrong() {
    let (source, folder) = (source(), tempfile::tempdir().unwrap());
    let path = folder.path().join("state.redb");
    let mut books = open(&source, &path, SECRET);
    replay(&mut books, &source, source.head());
    books.sync().unwrap();
    drop(books);
    let whole = std::fs::read(&path).unwrap();
    let (mut kept, mut made_anew) = (0, 0);
    for place in (0..whole.len()).step_by(whole.len() / 150) {
        let mut bytes = whole.clone();
        bytes[place] ^= 1 << (place % 8);
        std::fs::write(&path, &bytes).unwrap();
        let mut books = open(&source, &path, SECRET);
        match books.ledger().head() {
            0 => made_anew += 1,
            _ => kept += 1,
        }
        replay(&mut books, &source, source.head());
        assert_eq!(books.ledger().head_meta(), source.head_meta(), "byte {place}");
        let minted = crate::chain::address_of(key(52).verifying_key());
        assert_eq!(books.ledger().account(minted, source.head()), source.account(minted, source.head()));
    }
    assert!(made_anew > 0, "some bytes count: {kept} kept");
    for length in [0, 1, 4096, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&path, &whole[..length]).unwrap();
        replay(&mut open(&source, &path, SECRET), &source, source.head());
    }
}

#[test]
fn history_is_readable_for_a_while_and_then_says_so() {
    let mut harness = Harness::deployed();
    let first = harness.view.read().unwrap().ledger.clone().unwrap().head();
    // The harness's clock ticks a second a block, so that blocks count.
    for _ in 0..1_100 {
        harness.send(60, Some(harness.address(61)), Bytes::new()).unwrap();
    }
    let ledger = harness.view.read().unwrap().ledger.clone().unwrap();
    let sender = harness.address(60);
    assert!(matches!(ledger.account(sender, first), Err(ReadError::Pruned(_))));
    let back = ledger.head() - 1_000;
    assert_eq!(ledger.account(sender, back).unwrap().1, back - first);
}
