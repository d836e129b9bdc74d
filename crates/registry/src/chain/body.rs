//! Whole blocks as they are stored, and what they are found by.

use std::collections::BTreeSet;

use alloy_consensus::Header;
use alloy_primitives::{Address, B256, Bytes, Log, keccak256};
use alloy_rlp::{BufMut as _, Decodable as _};
use alloy_trie::root::ordered_trie_root_with_encoder;
use borsh::{BorshDeserialize, BorshSerialize};
use sha2::{Digest as _, Sha256};

pub(crate) use super::store::LogTag;
use super::{
    ledger::{Block, IncludedTx},
    store::{Indexed, StoreError},
    tx::DecodedTx,
};

/// In whose place every block with a log stands.
pub(crate) const ANY_LOG: LogTag = [0; 16];
/// Bytes of SHA-256 that end a body.
const CHECKSUM_BYTES: usize = 16;

#[derive(BorshSerialize, BorshDeserialize)]
struct StoredBody {
    header: Vec<u8>,
    txs: Vec<StoredTx>,
}

#[derive(BorshSerialize, BorshDeserialize)]
struct StoredTx {
    raw: Vec<u8>,
    from: [u8; 20],
    success: bool,
    gas_used: u64,
    created: Option<[u8; 20]>,
    logs: Vec<StoredLog>,
}

#[derive(BorshSerialize, BorshDeserialize)]
struct StoredLog {
    address: [u8; 20],
    topics: Vec<[u8; 32]>,
    data: Vec<u8>,
}

/// An address or a topic of a log, shortened: of another length, or of another kind, it is another one.
pub(crate) fn log_tag(value: &[u8]) -> LogTag {
    let mut tag = [0; 16];
    tag.copy_from_slice(&keccak256(value)[..16]);
    tag
}

/// A block with what it is found by.
pub(crate) fn indexed(block: &Block) -> Indexed {
    let mut logs = BTreeSet::new();
    for log in block.txs.iter().flat_map(|tx| &tx.logs) {
        logs.insert(ANY_LOG);
        logs.insert(log_tag(log.address.as_slice()));
        logs.extend(log.topics().iter().map(|topic| log_tag(topic.as_slice())));
    }
    Indexed {
        body: encode(block),
        txs: block.txs.iter().map(|tx| tx.tx.hash).collect(),
        logs: logs.into_iter().collect(),
    }
}

fn encode(block: &Block) -> Vec<u8> {
    let log = |log: &Log| StoredLog {
        address: log.address.into_array(),
        topics: log.topics().iter().map(|topic| topic.0).collect(),
        data: log.data.data.to_vec(),
    };
    let tx = |included: &IncludedTx| StoredTx {
        raw: included.tx.raw.to_vec(),
        from: included.tx.from.into_array(),
        success: included.success,
        gas_used: included.gas_used,
        created: included.created.map(Address::into_array),
        logs: included.logs.iter().map(log).collect(),
    };
    let stored =
        StoredBody { header: alloy_rlp::encode(&block.header), txs: block.txs.iter().map(tx).collect() };
    let mut bytes = borsh::to_vec(&stored).unwrap_or_default();
    let checksum = checksum(&bytes);
    bytes.extend_from_slice(&checksum);
    bytes
}

/// What ends a body. The database does not look for damage when it reads, and a flipped bit that goes on to those who
/// follow the chain is signed, and to them a lie.
fn checksum(body: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let mut short = [0; CHECKSUM_BYTES];
    short.copy_from_slice(&Sha256::digest(body)[..CHECKSUM_BYTES]);
    short
}

/// The raw transactions of a block as it was stored, compared with its hash: whoever signs them signs no damage.
pub(crate) fn raw(bytes: &[u8], hash: B256) -> Result<(Header, Vec<Bytes>), StoreError> {
    let (header, stored) = read(bytes)?;
    let raw: Vec<Bytes> = stored.txs.into_iter().map(|tx| tx.raw.into()).collect();
    let root = ordered_trie_root_with_encoder(&raw, |tx, out| out.put_slice(tx));
    if header.hash_slow() != hash || header.transactions_root != root {
        return Err(StoreError::Damaged("bodies"));
    }
    Ok((header, raw))
}

/// The header of a block as it was stored.
pub(crate) fn header(bytes: &[u8]) -> Result<Header, StoreError> {
    Ok(read(bytes)?.0)
}

fn read(bytes: &[u8]) -> Result<(Header, StoredBody), StoreError> {
    let damaged = || StoreError::Damaged("bodies");
    let (bytes, found) = bytes.split_last_chunk().ok_or_else(damaged)?;
    if *found != checksum(bytes) {
        return Err(damaged());
    }
    let stored: StoredBody = borsh::from_slice(bytes).map_err(|_| damaged())?;
    let header = Header::decode(&mut stored.header.as_slice()).map_err(|_| damaged())?;
    Ok((header, stored))
}

/// A block as it was stored.
pub(crate) fn decode(bytes: &[u8]) -> Result<Block, StoreError> {
    let damaged = StoreError::Damaged("bodies");
    let (header, stored) = read(bytes)?;
    let (mut cumulative_gas, mut first_log) = (0, 0);
    let mut txs = Vec::with_capacity(stored.txs.len());
    for tx in stored.txs {
        let from = Address::from(tx.from);
        let logs: Vec<Log> = tx
            .logs
            .into_iter()
            .map(|log| {
                let topics = log.topics.into_iter().map(B256::from).collect();
                Log::new(log.address.into(), topics, log.data.into())
            })
            .collect::<Option<_>>()
            .ok_or_else(|| damaged.clone())?;
        cumulative_gas += tx.gas_used;
        let count = logs.len() as u64;
        txs.push(IncludedTx {
            tx: DecodedTx::stored(&Bytes::from(tx.raw), from).ok_or_else(|| damaged.clone())?,
            success: tx.success,
            gas_used: tx.gas_used,
            cumulative_gas,
            bloom: logs.iter().collect(),
            logs,
            first_log,
            created: tx.created.map(Address::from),
        });
        first_log += count;
    }
    Ok(Block { hash: header.hash_slow(), header, txs })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_written_as_they_were() {
        let log = StoredLog { address: [5; 20], topics: vec![[6; 32], [7; 32]], data: vec![8, 9] };
        let first = StoredTx {
            raw: vec![1, 2, 3],
            from: [4; 20],
            success: true,
            gas_used: 21_000,
            created: Some([10; 20]),
            logs: vec![log],
        };
        let second = StoredTx {
            raw: Vec::new(),
            from: [11; 20],
            success: false,
            gas_used: u64::MAX,
            created: None,
            logs: Vec::new(),
        };
        let body = StoredBody { header: vec![0xc0], txs: vec![first, second] };
        let found = alloy_primitives::hex::encode(Sha256::digest(borsh::to_vec(&body).unwrap()));
        assert_eq!(
            found, "9b374285fd1e2a08d1e6551fceee2c60ba6e78396b27a5c0dc84380da5f22caf",
            "blocks of before are read no more"
        );
    }
}
