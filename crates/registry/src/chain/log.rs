//! The block log: the ordered list of blocks on disk, and nothing else. State is a replay of it, and the whole of it is
//! read only where there is no state yet.
//!
//! A record is: body length (u32), the first four bytes of SHA-256 over that length, body, 16 bytes of SHA-256 over
//! the domain, the checksum before and the body. A block counts only once its record is synced, so a record that was
//! not written to its end, the last in the file, is a block that was never announced and is cut off. Damage to a whole
//! record is reported, never cut, also to the last one: it would silently take finalized blocks back.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, BufReader, Read, Seek as _, SeekFrom, Write as _},
    path::Path,
};

use alloy_primitives::{B256, Bytes};
use sha2::{Digest, Sha256};

use super::{
    genesis::{BLOCK_BYTES_MAX, BLOCK_TXS_MAX},
    store::LogMark,
};
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
    mark: LogMark,
}

/// A log that nobody else has open, and that is of the chain that is meant. Nothing of it has been read.
pub(crate) struct LockedLog {
    file: File,
    length: u64,
    begin: LogMark,
}

impl LockedLog {
    /// Opens or creates a log.
    pub(crate) fn open(path: &Path, genesis: B256) -> Result<Self, ChainError> {
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
        let length = file.metadata().map_err(ChainError::io("read the block log"))?.len();
        if length < HEADER_BYTES as u64 {
            // A file without a whole header never held a block.
            create(&mut file, path, genesis)?;
            return Ok(Self { file, length: HEADER_BYTES as u64, begin: first_mark(genesis) });
        }
        let begin = read_header(&mut file, genesis)?;
        Ok(Self { file, length, begin })
    }

    /// Hands every whole block after a mark to `each`, in order, with the mark behind it. The default mark is the
    /// beginning; another one is where the record of block `head` ends.
    pub(crate) fn read(
        self,
        (head, after): (u64, LogMark),
        mut each: impl FnMut(StoredBlock, LogMark) -> Result<(), ChainError>,
    ) -> Result<BlockLog, ChainError> {
        let Self { mut file, length, begin } = self;
        if length < after.end {
            return Err(ChainError::ShortLog { head, expected: after.end, found: length });
        }
        let mark = if after == LogMark::default() { begin } else { after };
        let reader = file.try_clone().map_err(ChainError::io("read the block log"))?;
        let mut records = Records::new(reader, mark, length)?;
        while let Some(body) = records.next()? {
            let block = decode_body(&body).ok_or(ChainError::CorruptLog(records.before.end))?;
            each(block, records.mark)?;
        }
        let mark = records.mark;
        if mark.end < length {
            file.set_len(mark.end).map_err(ChainError::io("cut the torn end of the block log"))?;
            file.sync_all().map_err(ChainError::io("sync the block log"))?;
        }
        file.seek(SeekFrom::Start(mark.end)).map_err(ChainError::io("seek in the block log"))?;
        Ok(BlockLog { file, mark })
    }
}

impl BlockLog {
    /// Opens or creates the log, as [`LockedLog::open`] and [`LockedLog::read`].
    #[cfg(test)]
    pub(crate) fn open(
        path: &Path,
        genesis: B256,
        after: (u64, LogMark),
        each: impl FnMut(StoredBlock, LogMark) -> Result<(), ChainError>,
    ) -> Result<Self, ChainError> {
        LockedLog::open(path, genesis)?.read(after, each)
    }

    /// Reads the records from the beginning up to a mark, and says which one is damaged if one is. It takes no lock: the
    /// log only grows.
    pub(crate) fn check(path: &Path, genesis: B256, until: LogMark) -> Result<(), ChainError> {
        let mut file = File::open(path).map_err(ChainError::io("read the block log"))?;
        let begin = read_header(&mut file, genesis)?;
        let mut records = Records::new(file, begin, until.end)?;
        while records.next()?.is_some() {}
        // A cut or a record of another history: what is there does not lead to where the state is.
        if records.mark != until && until != LogMark::default() {
            return Err(ChainError::CorruptLog(records.before.end));
        }
        Ok(())
    }

    /// Where the log ends.
    pub(crate) fn mark(&self) -> LogMark {
        self.mark
    }

    /// Appends a block and waits until it is on disk. After an error the log takes nothing more: what the disk
    /// holds is only known again after reopening it.
    pub(crate) fn append(&mut self, block: &StoredBlock) -> Result<(), ChainError> {
        let body = encode_body(block);
        let length = u32::try_from(body.len())
            .ok()
            .filter(|_| body.len() <= BODY_BYTES_MAX)
            .ok_or(ChainError::CorruptLog(self.mark.end))?
            .to_be_bytes();
        let checksum = next_checksum(&self.mark.checksum, &body);
        let mut record = Vec::with_capacity(8 + body.len() + CHECKSUM_BYTES);
        record.extend_from_slice(&length);
        record.extend_from_slice(&length_check(length));
        record.extend_from_slice(&body);
        record.extend_from_slice(&checksum);
        self.file.write_all(&record).map_err(ChainError::io("append to the block log"))?;
        self.file.sync_data().map_err(ChainError::io("sync the block log"))?;
        self.mark = LogMark { end: self.mark.end + record.len() as u64, checksum };
        Ok(())
    }
}

/// Makes an empty log.
fn create(file: &mut File, path: &Path, genesis: B256) -> Result<(), ChainError> {
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
    Ok(())
}

/// The name of the chain that a log is of; it is left at its first record.
fn read_header(file: &mut File, genesis: B256) -> Result<LogMark, ChainError> {
    let mut header = [0; HEADER_BYTES];
    let read = file.seek(SeekFrom::Start(0)).and_then(|_| file.read_exact(&mut header));
    read.map_err(ChainError::io("read the block log"))?;
    if header[..16] != MAGIC[..] {
        return Err(ChainError::CorruptLog(0));
    }
    let found = B256::from_slice(&header[16..]);
    if found != genesis {
        return Err(ChainError::OtherChain { expected: genesis, found });
    }
    Ok(first_mark(genesis))
}

/// Reads one record after the other.
struct Records {
    reader: BufReader<File>,
    /// Behind the last record that was read…
    mark: LogMark,
    /// …and before it.
    before: LogMark,
    length: u64,
}

impl Records {
    fn new(mut file: File, mark: LogMark, length: u64) -> Result<Self, ChainError> {
        file.seek(SeekFrom::Start(mark.end)).map_err(ChainError::io("seek in the block log"))?;
        Ok(Self { reader: BufReader::with_capacity(256 << 10, file), mark, before: mark, length })
    }

    /// The body of the next record; none at the end, and where the last one was not written to its end.
    fn next(&mut self) -> Result<Option<Vec<u8>>, ChainError> {
        self.before = self.mark;
        let remaining = self.length.saturating_sub(self.mark.end);
        let read = read_record(&mut self.reader, remaining, &self.mark.checksum);
        match read.map_err(ChainError::io("read the block log"))? {
            Record::Whole { body, checksum, length } => {
                self.mark = LogMark { end: self.mark.end + length, checksum };
                Ok(Some(body))
            }
            Record::Torn => Ok(None),
            Record::Damaged => Err(ChainError::CorruptLog(self.mark.end)),
        }
    }
}

enum Record {
    Whole { body: Vec<u8>, checksum: [u8; CHECKSUM_BYTES], length: u64 },
    Torn,
    Damaged,
}

fn read_record(reader: &mut impl Read, remaining: u64, before: &[u8; CHECKSUM_BYTES]) -> io::Result<Record> {
    if remaining < 8 {
        return Ok(Record::Torn);
    }
    let (mut length, mut check) = ([0; 4], [0; 4]);
    reader.read_exact(&mut length)?;
    reader.read_exact(&mut check)?;
    // A file that grew but was not written yet ends in zeros; no record begins with eight of them.
    if length == [0; 4] && check == [0; 4] && only_zeros(&mut reader.take(remaining - 8))? {
        return Ok(Record::Torn);
    }
    if check != length_check(length) {
        return Ok(Record::Damaged);
    }
    let Some(body_length) =
        usize::try_from(u32::from_be_bytes(length)).ok().filter(|length| *length <= BODY_BYTES_MAX)
    else {
        return Ok(Record::Damaged);
    };
    let total = (8 + body_length + CHECKSUM_BYTES) as u64;
    if remaining < total {
        return Ok(Record::Torn);
    }
    let mut body = vec![0; body_length];
    reader.read_exact(&mut body)?;
    let mut found = [0; CHECKSUM_BYTES];
    reader.read_exact(&mut found)?;
    let checksum = next_checksum(before, &body);
    if found != checksum {
        // The checksum is written last. Where the file grew and its end was not written, there are zeros.
        let unwritten = remaining == total && found == [0; CHECKSUM_BYTES];
        return Ok(if unwritten { Record::Torn } else { Record::Damaged });
    }
    Ok(Record::Whole { body, checksum, length: total })
}

fn only_zeros(reader: &mut impl Read) -> io::Result<bool> {
    let mut piece = [0; 4096];
    loop {
        match reader.read(&mut piece)? {
            0 => return Ok(true),
            read if piece[..read].iter().any(|byte| *byte != 0) => return Ok(false),
            _ => {}
        }
    }
}

fn first_mark(genesis: B256) -> LogMark {
    LogMark { end: HEADER_BYTES as u64, checksum: first_checksum(genesis) }
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
