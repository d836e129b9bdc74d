//! What blocks, transactions and logs are found by, changed by somebody between two starts.

use std::path::Path;

use alloy_primitives::B256;
use redb::{ReadableTable as _, TableDefinition, WriteTransaction};
use sha2::{Digest as _, Sha256};

use super::state::{replay, source};
use crate::{
    chain::{
        body::{ANY_LOG, log_tag},
        ledger::{Keep, Ledger, LedgerWriter, NextLogs},
    },
    error::ReadError,
};

const BODIES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("bodies");
const HASHES: TableDefinition<'_, &[u8; 32], u64> = TableDefinition::new("block hashes");
const TXS: TableDefinition<'_, &[u8; 32], (u64, u32)> = TableDefinition::new("transactions");
const LOGS: TableDefinition<'_, &[u8; 24], ()> = TableDefinition::new("logs");

fn open(source: &Ledger, path: &Path) -> LedgerWriter {
    LedgerWriter::open(source.genesis().clone(), Keep::Everything, path, &[7; 32]).unwrap()
}

/// Whether a read says that the store is damaged.
fn is_told<T>(read: Result<T, ReadError>) -> bool {
    matches!(read, Err(ReadError::Store(crate::chain::StoreError::Damaged(_))))
}

/// The first block with a log, as the index has it.
fn first_log(ledger: &Ledger) -> Option<u64> {
    let until = std::time::Instant::now() + std::time::Duration::from_secs(60);
    match ledger.next_with_logs(&[vec![ANY_LOG]], (0, ledger.head()), until).unwrap() {
        NextLogs::In(number) => Some(number),
        _ => None,
    }
}

#[test]
fn rows_of_indexes_that_somebody_else_changed_are_found_after_the_start() {
    let (source, folder) = (source(), tempfile::tempdir().unwrap());
    let path = folder.path().join("state.redb");
    let head = source.head();
    // Written over several starts, and compared after each.
    for until in [head / 2, head] {
        let mut books = open(&source, &path);
        books.indexes().unwrap().check().unwrap();
        replay(&mut books, &source, until);
        books.indexes().unwrap().check().unwrap();
        books.sync().unwrap();
    }
    let whole = std::fs::read(&path).unwrap();
    let tampered = |change: &dyn Fn(&WriteTransaction)| {
        std::fs::write(&path, &whole).unwrap();
        let database = redb::Database::open(&path).unwrap();
        let transaction = database.begin_write().unwrap();
        change(&transaction);
        transaction.commit().unwrap();
        drop(database);
        let books = open(&source, &path);
        assert_eq!(books.ledger().head(), head, "no state is read from these rows");
        let checked = books.indexes().unwrap().check();
        (books, checked)
    };
    assert!(tampered(&|_| {}).1.is_ok(), "written again as it was");
    let block = source.block(head).unwrap().unwrap();
    let (hash, tx) = (block.hash, block.txs[0].tx.hash);
    let log = first_log(&source).unwrap();
    let row = |tag: [u8; 16], number: u64| {
        let mut row = [0; 24];
        row[..16].copy_from_slice(&tag);
        row[16..].copy_from_slice(&number.to_be_bytes());
        row
    };

    // A log that is hidden, or said to be where it is not.
    let (books, checked) = tampered(&|transaction| {
        transaction.open_table(LOGS).unwrap().remove(&row(ANY_LOG, log)).unwrap().unwrap();
    });
    assert!(checked.is_err() && first_log(books.ledger()) != Some(log));
    drop(books);
    assert!(
        tampered(&|transaction| {
            transaction.open_table(LOGS).unwrap().insert(&row(log_tag(b"other"), 0), ()).unwrap();
        })
        .1
        .is_err()
    );

    // A block and a transaction that are hidden, or lead to another place.
    assert!(
        tampered(&|transaction| drop(transaction.open_table(HASHES).unwrap().remove(&hash.0).unwrap()))
            .1
            .is_err()
    );
    assert!(
        tampered(&|transaction| drop(transaction.open_table(TXS).unwrap().remove(&tx.0).unwrap())).1.is_err()
    );
    let (books, checked) = tampered(&|transaction| {
        transaction.open_table(HASHES).unwrap().insert(&hash.0, head - 1).unwrap();
    });
    assert!(checked.is_err() && is_told(books.ledger().number_of(hash)));
    drop(books);
    let (books, checked) = tampered(&|transaction| {
        transaction.open_table(TXS).unwrap().insert(&tx.0, (head - 1, 0)).unwrap();
    });
    assert!(checked.is_err() && is_told(books.ledger().tx(tx)));
    drop(books);
    let (books, checked) = tampered(&|transaction| {
        transaction.open_table(TXS).unwrap().insert(&B256::repeat_byte(9).0, (head, 0)).unwrap();
    });
    assert!(checked.is_err() && is_told(books.ledger().tx(B256::repeat_byte(9))));
}

#[test]
fn a_body_that_somebody_else_wrote_is_found_by_whoever_reads_it() {
    let (source, folder) = (source(), tempfile::tempdir().unwrap());
    let path = folder.path().join("state.redb");
    let head = source.head();
    let mut books = open(&source, &path);
    replay(&mut books, &source, head);
    books.sync().unwrap();
    assert_eq!(books.ledger().block(head).unwrap().unwrap().hash, source.block(head).unwrap().unwrap().hash);
    drop(books);
    let whole = std::fs::read(&path).unwrap();
    let other = |transaction: &WriteTransaction, number: u64| {
        transaction.open_table(BODIES).unwrap().get(number).unwrap().unwrap().value().to_vec()
    };
    type Change<'a> = &'a dyn Fn(&WriteTransaction) -> Option<Vec<u8>>;
    let changes: [Change<'_>; 4] = [
        &|_| None,
        &|_| Some(Vec::new()),
        // Another block's, which this process wrote as well.
        &|transaction| Some(other(transaction, head - 1)),
        // Another amount of gas, say, with a checksum that anybody computes: it stands before the MAC.
        &|transaction| {
            let mut body = other(transaction, head);
            let end = body.len() - 32 - 16;
            body[end - 1] ^= 1;
            let checksum = Sha256::digest(&body[..end]);
            body[end..end + 16].copy_from_slice(&checksum[..16]);
            Some(body)
        },
    ];
    for (place, change) in changes.into_iter().enumerate() {
        std::fs::write(&path, &whole).unwrap();
        let database = redb::Database::open(&path).unwrap();
        let transaction = database.begin_write().unwrap();
        let body = change(&transaction);
        let mut bodies = transaction.open_table(BODIES).unwrap();
        match body {
            Some(body) => drop(bodies.insert(head, body.as_slice()).unwrap()),
            None => drop(bodies.remove(head).unwrap()),
        }
        drop(bodies);
        transaction.commit().unwrap();
        drop(database);
        let books = open(&source, &path);
        assert_eq!(books.ledger().head(), head);
        assert!(is_told(books.ledger().block(head)), "{place}");
        assert!(is_told(books.ledger().raw_block(head)), "{place}");
        assert!(!is_told(books.ledger().block(head - 1)), "{place}");
    }
}
