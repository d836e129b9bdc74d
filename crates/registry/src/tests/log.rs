//! The block log: what it survives and what it reports.

use alloy_primitives::{B256, Bytes};

use crate::{
    chain::{
        LogMark,
        log::{BlockLog, StoredBlock},
    },
    error::ChainError,
};

const BEGINNING: (u64, LogMark) = (0, LogMark { end: 0, checksum: [0; 16] });

fn block(number: u64) -> StoredBlock {
    StoredBlock {
        number,
        timestamp: number * 10,
        hash: B256::repeat_byte(u8::try_from(number).unwrap()),
        txs: vec![Bytes::from(vec![1, 2, 3]), Bytes::from(vec![u8::try_from(number).unwrap(); 100])],
    }
}

fn read(path: &std::path::Path) -> Result<Vec<StoredBlock>, ChainError> {
    let mut blocks = Vec::new();
    BlockLog::open(path, B256::ZERO, BEGINNING, |block, _| {
        blocks.push(block);
        Ok(())
    })?;
    Ok(blocks)
}

fn written(folder: &std::path::Path) -> std::path::PathBuf {
    let path = folder.join("blocks.log");
    let mut log = BlockLog::open(&path, B256::ZERO, BEGINNING, |_, _| Ok(())).unwrap();
    for number in 1..=3 {
        log.append(&block(number)).unwrap();
    }
    path
}

#[test]
fn cuts_a_torn_end_at_any_byte_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path());
    let whole = std::fs::read(&path).unwrap();
    let two = {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("two.log");
        let mut log = BlockLog::open(&path, B256::ZERO, BEGINNING, |_, _| Ok(())).unwrap();
        log.append(&block(1)).unwrap();
        log.append(&block(2)).unwrap();
        drop(log);
        std::fs::read(&path).unwrap().len()
    };
    for length in two..whole.len() {
        std::fs::write(&path, &whole[..length]).unwrap();
        assert_eq!(read(&path).unwrap(), [block(1), block(2)], "cut at {length}");
    }
    // Space that was allocated and never written is torn as well.
    let mut zeros = whole[..two].to_vec();
    zeros.resize(whole.len(), 0);
    std::fs::write(&path, &zeros).unwrap();
    assert_eq!(read(&path).unwrap(), [block(1), block(2)]);
    // So is a record of which only the beginning was written.
    let mut unwritten = whole.clone();
    unwritten[two + 40..].fill(0);
    std::fs::write(&path, &unwritten).unwrap();
    assert_eq!(read(&path).unwrap(), [block(1), block(2)]);
    let mut log = BlockLog::open(&path, B256::ZERO, BEGINNING, |_, _| Ok(())).unwrap();
    log.append(&block(3)).unwrap();
    drop(log);
    assert_eq!(std::fs::read(&path).unwrap(), whole);
}

#[test]
fn reports_damage_of_any_whole_record_and_never_cuts_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path());
    let whole = std::fs::read(&path).unwrap();
    // The last one as well: it was synced, so its block was announced.
    for at in 48..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x40;
        std::fs::write(&path, &damaged).unwrap();
        assert!(matches!(read(&path), Err(ChainError::CorruptLog(_))), "byte {at}");
        assert_eq!(std::fs::read(&path).unwrap().len(), whole.len());
    }
}

#[test]
fn refuses_the_log_of_another_chain_and_a_second_user() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path());
    let other = BlockLog::open(&path, B256::repeat_byte(1), BEGINNING, |_, _| Ok(()));
    assert!(matches!(other, Err(ChainError::OtherChain { .. })));
    let _first = BlockLog::open(&path, B256::ZERO, BEGINNING, |_, _| Ok(())).unwrap();
    assert!(matches!(BlockLog::open(&path, B256::ZERO, BEGINNING, |_, _| Ok(())), Err(ChainError::Locked)));
}
