//! The block log: the ordered list of blocks on disk, and nothing else. State is a replay of it.
//!
//! A record is: body length (u32), the first four bytes of SHA-256 over that length, body, 16 bytes of SHA-256 over
//! the domain, the checksum before and the body. A block counts only once its record is synced, so a record that was
//! not written to its end, the last in the file, is a block that was never announced and is cut off. Damage to a whole
//! record is reported, never cut, also to the last one: it would silently take finalized blocks back.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    path::Path,
};

use alloy_primitives::{B256, Bytes};
use sha2::{Digest, Sha256};

use super::genesis::{BLOCK_BYTES_MAX, BLOCK_TXS_MAX};
use crate::error::ChainError;

const MAGIC: &[u8; 16] = b"quorate/chain/1\n";
const DOMAIN: &[u8] = b"quorate/chain-log/v1";
const HEADER_BYTES: usize = 48;
const CHECKSUM_BYTES: usize = 16;
/// Number, time, hash and count in front of the transactions.
const BODY_HEAD_BYTES: usize = 8 + 8 + 32 + 4;
const BODY_BYTES_MAX: usize = BODY_HEAD_BYTES + BLOCK_TXS_MAX * 4 + BLOCK_BYTES_MAX;

/// A stored block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredBlock {
    pub(crate) number: u64,
    pub(crate) timestamp: u64,
    pub(crate) hash: B256,
    pub(crate) txs: Vec<Bytes>,
}

/// The open log. Holds an exclusive lock on its file.
pub(crate) struct BlockLog {
    file: File,
    end: u64,
    checksum: [u8; CHECKSUM_BYTES],
}

impl BlockLog {
    /// Opens or creates the log and hands every whole block to `each`, in order.
    pub(crate) fn open(
        path: &Path,
        genesis: B256,
        mut each: impl FnMut(StoredBlock) -> Result<(), ChainError>,
    ) -> Result<Self, ChainError> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(ChainError::io("open the block log"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(ChainError::Locked),
            Err(TryLockError::Error(source)) => return Err(ChainError::io("lock the block log")(source)),
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(ChainError::io("read the block log"))?;
        if bytes.len() < HEADER_BYTES {
            // A file without a whole header never held a block.
            return Self::create(file, path, genesis);
        }
        if bytes[..16] != MAGIC[..] {
            return Err(ChainError::CorruptLog(0));
        }
        let found = B256::from_slice(&bytes[16..HEADER_BYTES]);
        if found != genesis {
            return Err(ChainError::OtherChain { expected: genesis, found });
        }
        let mut log = Self { file, end: HEADER_BYTES as u64, checksum: first_checksum(genesis) };
        let mut at = HEADER_BYTES;
        while at < bytes.len() {
            match read_record(&bytes[at..], &log.checksum) {
                Record::Whole { body, checksum, length } => {
                    let block = decode_body(body).ok_or(ChainError::CorruptLog(log.end))?;
                    each(block)?;
                    log.checksum = checksum;
                    at += length;
                    log.end = at as u64;
                }
                Record::Torn => break,
                Record::Damaged => return Err(ChainError::CorruptLog(log.end)),
            }
        }
        if log.end < bytes.len() as u64 {
            log.file.set_len(log.end).map_err(ChainError::io("cut the torn end of the block log"))?;
            log.file.sync_all().map_err(ChainError::io("sync the block log"))?;
        }
        log.file.seek(SeekFrom::Start(log.end)).map_err(ChainError::io("seek in the block log"))?;
        Ok(log)
    }

    fn create(mut file: File, path: &Path, genesis: B256) -> Result<Self, ChainError> {
        file.set_len(0).map_err(ChainError::io("create the block log"))?;
        file.seek(SeekFrom::Start(0)).map_err(ChainError::io("create the block log"))?;
        let mut header = MAGIC.to_vec();
        header.extend_from_slice(genesis.as_slice());
        file.write_all(&header).map_err(ChainError::io("create the block log"))?;
        file.sync_all().map_err(ChainError::io("sync the block log"))?;
        // The name of a new file is durable only with its folder.
        if let Some(parent) = path.parent()
            && let Ok(folder) = File::open(parent)
        {
            folder.sync_all().map_err(ChainError::io("sync the chain's folder"))?;
        }
        Ok(Self { file, end: HEADER_BYTES as u64, checksum: first_checksum(genesis) })
    }

    /// Appends a block and waits until it is on disk. After an error the log takes nothing more: what the disk
    /// holds is only known again after reopening it.
    pub(crate) fn append(&mut self, block: &StoredBlock) -> Result<(), ChainError> {
        let body = encode_body(block);
        let length = u32::try_from(body.len())
            .ok()
            .filter(|_| body.len() <= BODY_BYTES_MAX)
            .ok_or(ChainError::CorruptLog(self.end))?
            .to_be_bytes();
        let checksum = next_checksum(&self.checksum, &body);
        let mut record = Vec::with_capacity(8 + body.len() + CHECKSUM_BYTES);
        record.extend_from_slice(&length);
        record.extend_from_slice(&length_check(length));
        record.extend_from_slice(&body);
        record.extend_from_slice(&checksum);
        self.file.write_all(&record).map_err(ChainError::io("append to the block log"))?;
        self.file.sync_data().map_err(ChainError::io("sync the block log"))?;
        self.end += record.len() as u64;
        self.checksum = checksum;
        Ok(())
    }
}

enum Record<'a> {
    Whole { body: &'a [u8], checksum: [u8; CHECKSUM_BYTES], length: usize },
    Torn,
    Damaged,
}

fn read_record<'a>(bytes: &'a [u8], before: &[u8; CHECKSUM_BYTES]) -> Record<'a> {
    // A file that grew but was not written yet ends in zeros; no record begins with eight of them.
    if bytes.len() < 8 || bytes.iter().all(|byte| *byte == 0) {
        return Record::Torn;
    }
    let mut length = [0; 4];
    length.copy_from_slice(&bytes[..4]);
    if bytes[4..8] != length_check(length) {
        return Record::Damaged;
    }
    let Some(body_length) =
        usize::try_from(u32::from_be_bytes(length)).ok().filter(|length| *length <= BODY_BYTES_MAX)
    else {
        return Record::Damaged;
    };
    let total = 8 + body_length + CHECKSUM_BYTES;
    if bytes.len() < total {
        return Record::Torn;
    }
    let body = &bytes[8..8 + body_length];
    let checksum = next_checksum(before, body);
    let found = &bytes[8 + body_length..total];
    if *found != checksum {
        // The checksum is written last. Where the file grew and its end was not written, there are zeros.
        let unwritten = bytes.len() == total && found.iter().all(|byte| *byte == 0);
        return if unwritten { Record::Torn } else { Record::Damaged };
    }
    Record::Whole { body, checksum, length: total }
}

fn first_checksum(genesis: B256) -> [u8; CHECKSUM_BYTES] {
    next_checksum(&[0; CHECKSUM_BYTES], genesis.as_slice())
}

fn next_checksum(before: &[u8; CHECKSUM_BYTES], body: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let mut hash = Sha256::new();
    hash.update(DOMAIN);
    hash.update(before);
    hash.update(body);
    let full: [u8; 32] = hash.finalize().into();
    let mut short = [0; CHECKSUM_BYTES];
    short.copy_from_slice(&full[..CHECKSUM_BYTES]);
    short
}

fn length_check(length: [u8; 4]) -> [u8; 4] {
    let full: [u8; 32] = Sha256::digest(length).into();
    [full[0], full[1], full[2], full[3]]
}

fn encode_body(block: &StoredBlock) -> Vec<u8> {
    let mut body =
        Vec::with_capacity(BODY_HEAD_BYTES + block.txs.iter().map(|tx| tx.len() + 4).sum::<usize>());
    body.extend_from_slice(&block.number.to_be_bytes());
    body.extend_from_slice(&block.timestamp.to_be_bytes());
    body.extend_from_slice(block.hash.as_slice());
    let length = |value: usize| u32::try_from(value).unwrap_or(u32::MAX).to_be_bytes();
    body.extend_from_slice(&length(block.txs.len()));
    for tx in &block.txs {
        body.extend_from_slice(&length(tx.len()));
        body.extend_from_slice(tx);
    }
    body
}

fn decode_body(body: &[u8]) -> Option<StoredBlock> {
    fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
        let (head, tail) = rest.split_first_chunk::<N>()?;
        *rest = tail;
        Some(*head)
    }
    let rest = &mut &*body;
    let number = u64::from_be_bytes(take(rest)?);
    let timestamp = u64::from_be_bytes(take(rest)?);
    let hash = B256::from(take::<32>(rest)?);
    let count = u32::from_be_bytes(take(rest)?);
    let mut txs = Vec::new();
    for _ in 0..count {
        let length = usize::try_from(u32::from_be_bytes(take(rest)?)).ok()?;
        let (tx, tail) = rest.split_at_checked(length)?;
        txs.push(Bytes::copy_from_slice(tx));
        *rest = tail;
    }
    rest.is_empty().then_some(StoredBlock { number, timestamp, hash, txs })
}
